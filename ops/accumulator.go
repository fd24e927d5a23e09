package ops

import (
	"errors"
	"fmt"
	"math"

	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
)

// Accumulator takes statistics of elements that it is given in blocks, in memory
// that does not grow with their number. Some statistics need several readings of
// the same elements:
//
//	a, err := NewAccumulator(t, options)
//	for more := true; more; more, err = a.Next() {
//		… a.Add(block) for all blocks
//	}
//	stats, err := a.Stats()
//
// The result does not depend on how elements are cut into blocks nor on their
// order. One goroutine at a time may use an accumulator; several work with one
// Fork each, which they Merge when they are done.
type Accumulator struct {
	t        dtype.Type
	o        StatsOptions
	tally    tally
	sketch   *sketch
	selector *selector
	bins     *bins // of this reading
	binned   *bins // of an earlier one

	again     bool // the first reading is over
	selecting bool // the selector needs this reading, which is not the first

	line   []float64
	packed []byte
}

// NewAccumulator returns an accumulator for elements of a real type.
func NewAccumulator(t dtype.Type, o StatsOptions) (*Accumulator, error) {
	if err := o.check(t); err != nil {
		return nil, err
	}
	a := &Accumulator{t: t, o: o, tally: newTally(t)}
	if _, ok := a.tally.(*table); ok {
		return a, nil // all else is taken from it
	}
	switch {
	case len(o.Percentiles) == 0:
	case o.Exact:
		a.selector = newSelector(t)
	default:
		a.sketch = newSketch(t)
	}
	a.bins = o.bins()
	return a, nil
}

// Fork returns an accumulator that has seen nothing in this reading.
func (a *Accumulator) Fork() *Accumulator {
	f := &Accumulator{t: a.t, o: a.o, again: a.again, selecting: a.selecting}
	if !a.again {
		f.tally = newTally(a.t)
		if a.sketch != nil {
			f.sketch = newSketch(a.t)
		}
	}
	if a.selector != nil && (a.selecting || !a.again) {
		f.selector = a.selector.empty()
	}
	if a.bins != nil {
		f.bins = a.bins.empty()
	}
	return f
}

// Merge adds what f, a fork of a in the same reading, has seen.
func (a *Accumulator) Merge(f *Accumulator) {
	if !a.again {
		a.tally.merge(f.tally)
		if a.sketch != nil {
			a.sketch.merge(f.sketch)
		}
	}
	if f.selector != nil {
		a.selector.merge(f.selector)
	}
	if a.bins != nil {
		a.bins.merge(f.bins)
	}
}

// Add adds a block of elements.
func (a *Accumulator) Add(v nd.View) error {
	if err := v.Check(); err != nil {
		return fmt.Errorf("statistics: %w", err)
	}
	if v.Item != a.t.Size() {
		return fmt.Errorf("statistics of %s: elements of %d bytes", a.t, v.Item)
	}
	data, ok := v.Contiguous()
	if !ok || !aligned(data, a.t) {
		a.packed = grow(a.packed, v.Size()*v.Item)
		nd.Copy(nd.NewView(a.packed, v.Shape, v.Item), v)
		data = a.packed
	}
	for size := lineLength * a.t.Size(); len(data) > 0; data = data[min(size, len(data)):] {
		a.add(data[:min(size, len(data))])
	}
	return nil
}

func (a *Accumulator) add(block []byte) {
	if !a.again {
		a.tally.add(block)
	}
	if a.selector != nil && (a.selecting || !a.again) {
		a.selector.add(block)
	}
	sketching := a.sketch != nil && !a.again
	if !sketching && a.bins == nil {
		return
	}
	a.line = grow(a.line, len(block)/a.t.Size())
	loaderOf(a.t)(a.line, block)
	if sketching {
		a.sketch.add(a.line)
	}
	if a.bins != nil {
		a.bins.add(a.line)
	}
}

// Next ends a reading. If it returns true, all elements are to be added again.
func (a *Accumulator) Next() (more bool, err error) {
	if a.bins != nil {
		a.binned, a.bins = a.bins, nil
	}
	if !a.again {
		a.again = true
		a.selecting = a.selector != nil
		if a.selecting {
			a.selector.want(ranks(a.o.Percentiles, a.tally.moments().n))
		}
		if a.binned == nil {
			if err := a.bin(); err != nil {
				return false, err
			}
		}
	}
	if a.selecting {
		if a.selecting, err = a.selector.next(); err != nil {
			return false, err
		}
	}
	return a.selecting || a.bins != nil, nil
}

// bin makes the histogram after the first reading, or the bins for the next one.
func (a *Accumulator) bin() error {
	b := a.o.bins()
	if b == nil {
		if a.o.Bins == 0 {
			return nil
		}
		lo, hi := 0.0, 1.0
		if first, last, ok := a.tally.extremes(); ok {
			lo, hi = valueOf(a.t, first), valueOf(a.t, last)
		}
		if math.IsInf(hi-lo, 0) || math.IsNaN(hi-lo) {
			return fmt.Errorf("statistics: a histogram of numbers from %v to %v; give it a finite range", lo, hi)
		}
		b = uniformBins(a.o.Bins, lo, hi)
	}
	t, ok := a.tally.(*table)
	if !ok {
		a.bins = b
		return nil
	}
	t.each(func(elem []byte, n int) bool {
		b.count(valueOf(a.t, elem), n)
		return true
	})
	a.binned = b
	return nil
}

// bins returns the bins that are known beforehand, or nil.
func (o StatsOptions) bins() *bins {
	switch {
	case o.Edges != nil:
		return newBins(o.Edges)
	case o.Range != nil:
		return uniformBins(o.Bins, o.Range[0], o.Range[1])
	}
	return nil
}

// valueOf returns the value of an element.
func valueOf(t dtype.Type, elem []byte) float64 {
	var x [1]float64
	loaderOf(t)(x[:], elem)
	return x[0]
}

// Stats returns the statistics, after Next has returned false.
func (a *Accumulator) Stats() (Statistics, error) {
	if !a.again || a.selecting || a.bins != nil {
		return Statistics{}, errors.New("statistics: the elements are to be added again, see Accumulator.Next")
	}
	m := a.tally.moments()
	s := Statistics{Count: m.n, NaNs: a.tally.nans(), Mean: m.mean(), Std: m.std()}
	lo, hi, ok := a.tally.extremes()
	if ok {
		s.Min, s.Max = a.t.Value(lo), a.t.Value(hi)
	}
	var r ranked
	switch t, isTable := a.tally.(*table); {
	case isTable:
		r = t
	case a.selector != nil:
		r = a.selector
	case a.sketch != nil:
		if ok {
			a.sketch.lo, a.sketch.hi = valueOf(a.t, lo), valueOf(a.t, hi)
		}
		r = a.sketch
	}
	for _, p := range a.o.Percentiles {
		s.Percentiles = append(s.Percentiles, percentile(r, p, m.n))
	}
	if a.binned != nil {
		s.Histogram = a.binned.histogram()
		if s.Histogram.total() != s.Count {
			return Statistics{}, errChanged
		}
	}
	return s, nil
}

var errChanged = errors.New("statistics: the data changed while it was read several times; take them again")
