package ops

import (
	"math"

	"github.com/dosna/dosna/dtype"
)

// sketch is a histogram of floats by their sign, their exponent and the first
// sketchBits bits after it: every bin is at most 2^-sketchBits of its numbers
// wide. Bins exist where there are numbers.
type sketch struct {
	pages  [1 << 12]*[1 << sketchBits]int // by sign and exponent
	zeros  int                            // counted apart, since they are common and are to stay exact
	whole  bool                           // the numbers are integers
	lo, hi float64                        // of all numbers
}

const sketchBits = 10

func (s *sketch) add(line []float64) {
	for _, x := range line {
		if x != x {
			continue
		}
		if x == 0 {
			s.zeros++
			continue
		}
		u := math.Float64bits(x)
		page := s.pages[u>>mantissaBits]
		if page == nil {
			page = new([1 << sketchBits]int)
			s.pages[u>>mantissaBits] = page
		}
		page[u>>(mantissaBits-sketchBits)&(1<<sketchBits-1)]++
	}
}

func (s *sketch) merge(o *sketch) {
	s.zeros += o.zeros
	for i, theirs := range o.pages {
		switch {
		case theirs == nil:
		case s.pages[i] == nil:
			page := *theirs
			s.pages[i] = &page
		default:
			for k, n := range theirs {
				s.pages[i][k] += n
			}
		}
	}
}

// at returns the middle of the bin with the number of that rank, and how far the
// number may be off.
func (s *sketch) at(rank int) (x, off float64) {
	const half = len(s.pages) / 2
	for i := range s.pages {
		if i == half {
			if rank -= s.zeros; rank < 0 {
				return 0, 0
			}
		}
		p := i - half // the positive ones come last
		if i < half {
			p = len(s.pages) - 1 - i
		}
		if s.pages[p] == nil {
			continue
		}
		for k := range s.pages[p] {
			slot := k
			if i < half {
				slot = 1<<sketchBits - 1 - k
			}
			if rank -= s.pages[p][slot]; rank < 0 {
				return s.middle(uint64(p)<<sketchBits | uint64(slot))
			}
		}
	}
	return math.NaN(), 0
}

func (s *sketch) middle(bin uint64) (x, off float64) {
	const rest = mantissaBits - sketchBits
	a, b := math.Float64frombits(bin<<rest), math.Float64frombits((bin+1)<<rest-1)
	if math.IsInf(a, 0) {
		return a, 0
	}
	a, b = min(a, b), max(a, b)
	if s.whole {
		a, b = math.Ceil(a), math.Floor(b)
	}
	a, b = max(a, s.lo), min(b, s.hi)
	if a >= b {
		return a, s.rounding(a)
	}
	off = (b - a) / 2
	return a + off, off + s.rounding(b)
}

// rounding is how far an integer may have been moved when it became a float64,
// and what the middle of a bin may be off for having been rounded.
func (s *sketch) rounding(x float64) float64 {
	if x = math.Abs(x); s.whole && x < 1<<mantissaBits {
		return 0
	}
	return x / (1 << mantissaBits)
}

// newSketch returns a sketch for elements of a type.
func newSketch(t dtype.Type) *sketch { return &sketch{whole: t.Kind() != dtype.Float} }
