package ops

import (
	"fmt"
	"math"
	"sync"

	"github.com/dosna/dosna/dtype"
)

// Linear is a map of numbers: x to slope·(x - from) + to, and then to the
// nearest number between two limits, if there are any.
type Linear struct {
	from, slope, to float64
	limited         bool
	min, max        float64
}

// Line returns the map of x to slope·x + offset.
func Line(slope, offset float64) Linear { return Linear{slope: slope, to: offset} }

// RangeToRange returns the map that takes lo to lo2 and hi to hi2, and what is
// outside of lo…hi to the nearer of them. If lo equals hi, all that is not above
// goes to lo2. lo2 may be larger than hi2, which inverts.
func RangeToRange(lo, hi, lo2, hi2 float64) (Linear, error) {
	for _, x := range []float64{lo, hi, lo2, hi2, hi - lo, hi2 - lo2} {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return Linear{}, fmt.Errorf("map the range from %v to %v onto %v to %v: its ends and widths must be finite", lo, hi, lo2, hi2)
		}
	}
	l := Linear{from: lo, to: lo2, limited: true, min: min(lo2, hi2), max: max(lo2, hi2)}
	switch {
	case lo > hi:
		return Linear{}, fmt.Errorf("map the range from %v to %v onto %v to %v: it ends before it begins", lo, hi, lo2, hi2)
	default: // finite, so that lo itself goes to lo2
		l.slope = max(-math.MaxFloat64, min((hi2-lo2)/(hi-lo), math.MaxFloat64))
		if lo == hi {
			l.slope = math.Copysign(math.MaxFloat64, hi2-lo2)
		}
	}
	return l, nil
}

// At returns what x is mapped to. NaN stays NaN.
func (l Linear) At(x float64) float64 {
	y := float64(l.slope*(x-l.from)) + l.to
	if l.limited {
		switch {
		case y < l.min:
			return l.min
		case y > l.max:
			return l.max
		}
	}
	return y
}

// Rescale returns the function that maps real elements by l, computed with
// float64, and converts the results to another type as Cast does.
func Rescale(from, to dtype.Type, l Linear, o CastOptions) (Elementwise, error) {
	if !isReal(from) || !isReal(to) || to == dtype.Bool {
		return nil, fmt.Errorf("rescale %q to %q: both must be types of real numbers", from, to)
	}
	load, store := loaderOf(from), storerOf(to, !o.Truncate)
	pool := sync.Pool{New: func() any { return new([lineLength]float64) }}
	return onPacked(from, to, func(dst, src []byte) {
		buffer := pool.Get().(*[lineLength]float64)
		defer pool.Put(buffer)
		for len(src) > 0 {
			line := buffer[:min(lineLength, len(src)/from.Size())]
			load(line, src[:len(line)*from.Size()])
			for i, x := range line {
				line[i] = l.At(x)
			}
			store(dst[:len(line)*to.Size()], line)
			src, dst = src[len(line)*from.Size():], dst[len(line)*to.Size():]
		}
	}), nil
}

// isReal reports whether t is a type of real numbers or bool.
func isReal(t dtype.Type) bool { return t.Core() && t.Kind() != dtype.Complex }
