// Package elapsed tells how long this machine has been running: a clock that never
// goes back, that nobody sets, and that goes on, where the system has such a one,
// while the machine sleeps. The clock of package time stands still then.
package elapsed
