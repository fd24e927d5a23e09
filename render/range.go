package render

import (
	"fmt"
	"math"
	"slices"
)

// Range says which numbers are drawn with the ends of a colormap. The zero value
// takes the smallest and the largest number of the picture. Numbers beyond the
// range, and infinities, have the colours of its ends.
type Range struct {
	kind      rangeKind
	low, high float64
}

type rangeKind uint8

const (
	minMax rangeKind = iota
	percentiles
	given
)

// Between is the range from low to high.
func Between(low, high float64) Range { return Range{given, low, high} }

// Percentiles is the range from one percentile of the picture's numbers to
// another, such as 1 and 99, as numpy.percentile finds them: a few outliers then
// do not make all else look the same.
func Percentiles(low, high float64) Range { return Range{percentiles, low, high} }

func (r Range) check() error {
	switch {
	case r.kind == percentiles && !(r.low >= 0 && r.low <= r.high && r.high <= 100):
		return fmt.Errorf("percentiles %v and %v: want two of 0 to 100, the lower one first", r.low, r.high)
	case r.kind == given && (!(r.low <= r.high) || math.IsInf(r.low, 0) || math.IsInf(r.high, 0)):
		return fmt.Errorf("a range from %v to %v: want two numbers, the lower one first", r.low, r.high)
	}
	return nil
}

// of returns the range for a picture's numbers.
func (r Range) of(values []float64) (low, high float64) {
	if r.kind == given {
		return r.low, r.high
	}
	finite := make([]float64, 0, len(values))
	for _, x := range values {
		if !math.IsNaN(x) && !math.IsInf(x, 0) {
			finite = append(finite, x)
		}
	}
	if len(finite) == 0 {
		return 0, 0
	}
	if r.kind == minMax {
		return slices.Min(finite), slices.Max(finite)
	}
	slices.Sort(finite)
	return percentile(finite, r.low), percentile(finite, r.high)
}

// percentile interpolates linearly between sorted numbers.
func percentile(sorted []float64, percent float64) float64 {
	at := percent / 100 * float64(len(sorted)-1)
	i := min(int(at), len(sorted)-1)
	if i == len(sorted)-1 {
		return sorted[i]
	}
	part := at - float64(i)
	return sorted[i]*(1-part) + sorted[i+1]*part
}
