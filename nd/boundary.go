package nd

import (
	"fmt"
	"iter"
	"slices"
	"strings"
)

// Boundary says what lies beyond the edges of an array, with the names and
// meanings of scipy.ndimage.
type Boundary uint8

// The boundaries, with what they make of a b c d.
const (
	Reflect  Boundary = iota // d c b a | a b c d | d c b a
	Constant                 // k k k k | a b c d | k k k k
	Nearest                  // a a a a | a b c d | d d d d
	Mirror                   //   d c b | a b c d | c b a
	Wrap                     // a b c d | a b c d | a b c d
)

var boundaryNames = [...]string{"reflect", "constant", "nearest", "mirror", "wrap"}

// String returns the boundary's name in scipy.ndimage: "reflect".
func (m Boundary) String() string {
	if int(m) < len(boundaryNames) {
		return boundaryNames[m]
	}
	return fmt.Sprintf("Boundary(%d)", uint8(m))
}

// ParseBoundary returns the boundary of that name.
func ParseBoundary(name string) (Boundary, error) {
	if i := slices.Index(boundaryNames[:], name); i >= 0 {
		return Boundary(i), nil
	}
	return 0, fmt.Errorf("unknown boundary %q (known: %s)", name, strings.Join(boundaryNames[:], ", "))
}

// Extend returns which index of an axis of length n stands at index i, which may
// lie outside, however far. It returns -1 for Constant's value, and if n is 0.
func (m Boundary) Extend(i, n int) int {
	return m.run(i, n).Start
}

// Run is a part of an extended axis whose values lie evenly along the axis:
// Count values from index Start on, each Step (1, -1, or 0: the same) further.
// Start is -1 where they are the constant of [Constant].
type Run struct {
	Start, Step, Count int
}

// Runs cuts the extended indices from lo up to hi of an axis of length n into
// runs, in order. What lies inside the axis is one run.
func (m Boundary) Runs(lo, hi, n int) iter.Seq[Run] {
	return func(yield func(Run) bool) {
		for i := lo; i < hi; {
			r := m.run(i, n)
			r.Count = min(r.Count, hi-i)
			if !yield(r) {
				return
			}
			i += r.Count
		}
	}
}

// run returns the run that begins at i. It is not clipped at the end.
func (m Boundary) run(i, n int) Run {
	const endless = int(^uint(0) >> 1)
	switch {
	case i >= 0 && i < n:
		return Run{i, 1, n - i}
	case n == 0, m == Constant:
		if i < 0 && n > 0 {
			return Run{-1, 0, -i}
		}
		return Run{-1, 0, endless}
	case n == 1, m == Nearest:
		if i < 0 {
			return Run{0, 0, -i}
		}
		return Run{n - 1, 0, endless}
	}
	period := n // of runs; every other one of Reflect and Mirror is reversed
	if m == Mirror {
		period = n - 1
	}
	q, s := i/period, i%period
	if s < 0 {
		q, s = q-1, s+period
	}
	if m != Wrap && q%2 != 0 {
		return Run{n - 1 - s, -1, period - s}
	}
	return Run{s, 1, period - s}
}
