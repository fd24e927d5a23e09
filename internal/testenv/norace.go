//go:build !race

package testenv

// Race reports whether the race detector is on. Tests with heavy loads do less
// then, since it slows code about tenfold.
const Race = false
