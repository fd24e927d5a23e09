package ops

import (
	"math"
	"math/big"

	"github.com/dosna/dosna/dtype"
)

// tally takes the statistics that one reading is enough for.
type tally interface {
	add(block []byte) // packed, aligned elements, at most lineLength
	merge(o tally)    // of the same type of elements
	moments() moments
	nans() int
	// extremes returns the smallest and largest element as bytes, unless there
	// are no numbers.
	extremes() (lo, hi []byte, ok bool)
}

func newTally(t dtype.Type) tally {
	switch {
	case t.Size() <= 2:
		return newTable(t)
	case t.Kind() == dtype.Float:
		return &floatTally{t: t, load: loaderOf(t), lo: math.Inf(1), hi: math.Inf(-1)}
	case t == dtype.Uint64:
		return &intTally[uint64]{t: t, load: loaderAs[uint64](t)}
	}
	return &intTally[int64]{t: t, load: loaderAs[int64](t)}
}

// intTally is for integers of 32 and 64 bits.
type intTally[W int64 | uint64] struct {
	t      dtype.Type
	load   func([]W, []byte)
	sums   intSums
	lo, hi W
	line   [lineLength]W
}

func (t *intTally[W]) add(block []byte) {
	line := t.line[:len(block)/t.t.Size()]
	if len(line) == 0 {
		return
	}
	t.load(line, block)
	if t.sums.n == 0 {
		t.lo, t.hi = line[0], line[0]
	}
	lo, hi := t.lo, t.hi
	for _, x := range line {
		lo, hi = min(lo, x), max(hi, x)
	}
	t.lo, t.hi = lo, hi
	switch line := any(line).(type) {
	case []int64:
		t.sums.addSigned(line)
	case []uint64:
		t.sums.addUnsigned(line)
	}
}

func (t *intTally[W]) merge(other tally) {
	o := other.(*intTally[W])
	switch {
	case o.sums.n == 0:
		return
	case t.sums.n == 0:
		t.lo, t.hi = o.lo, o.hi
	}
	t.lo, t.hi = min(t.lo, o.lo), max(t.hi, o.hi)
	t.sums.merge(&o.sums)
}

func (t *intTally[W]) moments() moments { return t.sums.moments() }
func (t *intTally[W]) nans() int        { return 0 }

func (t *intTally[W]) extremes() (lo, hi []byte, ok bool) {
	both := make([]byte, 2*t.t.Size())
	storerOfInts[W](t.t, true)(both, []W{t.lo, t.hi})
	return both[:t.t.Size()], both[t.t.Size():], t.sums.n > 0
}

// floatTally is for float32 and float64.
type floatTally struct {
	t      dtype.Type
	load   loader
	sums   floatSums
	lo, hi float64
	line   [lineLength]float64
}

func (t *floatTally) add(block []byte) {
	line := t.line[:len(block)/t.t.Size()]
	t.load(line, block)
	if t.t == dtype.Float32 {
		t.sums.addSingles(dtype.Slice[float32](block))
	} else {
		t.sums.add(line)
	}
	lo, hi := t.lo, t.hi
	for _, x := range line { // comparisons with NaN are false
		if x < lo {
			lo = x
		}
		if x > hi {
			hi = x
		}
	}
	t.lo, t.hi = lo, hi
}

func (t *floatTally) merge(other tally) {
	o := other.(*floatTally)
	t.lo, t.hi = min(t.lo, o.lo), max(t.hi, o.hi)
	t.sums.merge(&o.sums)
}

func (t *floatTally) moments() moments { return t.sums.moments() }
func (t *floatTally) nans() int        { return t.sums.nans }

func (t *floatTally) extremes() (lo, hi []byte, ok bool) {
	both := make([]byte, 2*t.t.Size())
	storerOf(t.t, false)(both, []float64{t.lo, t.hi})
	return both[:t.t.Size()], both[t.t.Size():], t.sums.n > t.sums.nans
}

// table counts how often each element occurs, for types of up to 16 bits. All
// statistics follow from that.
type table struct {
	t      dtype.Type
	counts []int // by key
	total  int
}

func newTable(t dtype.Type) *table {
	return &table{t: t, counts: make([]int, 1<<(8*t.Size()))}
}

func (t *table) add(block []byte) {
	t.total += len(block) / t.t.Size()
	counts := t.counts
	if t.t.Size() == 1 {
		for _, u := range block {
			counts[u]++
		}
		return
	}
	for _, u := range dtype.Slice[uint16](block) {
		counts[u]++
	}
}

func (t *table) merge(other tally) {
	o := other.(*table)
	t.total += o.total
	for i, n := range o.counts {
		t.counts[i] += n
	}
}

// each calls f for every number that occurs, in ascending order, with its bytes
// and how often it does, until f returns false.
func (t *table) each(f func(elem []byte, n int) bool) {
	k := keysOf(t.t)
	for key := k.lo; key <= k.hi; key++ {
		if n := t.counts[k.unflip(key)]; n > 0 && !f(k.element(key), n) {
			return
		}
	}
}

func (t *table) moments() moments {
	m := moments{sum: new(big.Int), squares: new(big.Int)}
	if t.t == dtype.Float16 {
		m.scale = 24 // the smallest is 2^-24
	}
	t.each(func(elem []byte, n int) bool {
		m.n += n
		x := valueOf(t.t, elem)
		switch {
		case x > 1e6:
			m.plusInf = true
		case x < -1e6:
			m.minusInf = true
		default:
			v := big.NewInt(int64(x * float64(int(1)<<m.scale)))
			times := big.NewInt(int64(n))
			m.sum.Add(m.sum, times.Mul(times, v))
			m.squares.Add(m.squares, times.Mul(times, v))
		}
		return true
	})
	return m
}

func (t *table) nans() int {
	numbers := 0
	t.each(func(_ []byte, n int) bool {
		numbers += n
		return true
	})
	return t.total - numbers
}

func (t *table) extremes() (lo, hi []byte, ok bool) {
	t.each(func(elem []byte, _ int) bool {
		if lo == nil {
			lo = elem
		}
		hi = elem
		return true
	})
	return lo, hi, lo != nil
}

// at returns the number of that rank, counted from 0.
func (t *table) at(rank int) (x, off float64) {
	t.each(func(elem []byte, n int) bool {
		x = valueOf(t.t, elem)
		rank -= n
		return rank >= 0
	})
	return x, 0
}
