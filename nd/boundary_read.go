package nd

import (
	"fmt"
	"slices"
)

// Read fills dst with the box of an array of the given shape, extended beyond
// its edges as m says; value is the element that [Constant] puts there. The box
// may lie anywhere, and dst has its shape.
//
// The array is read through read, which fills its view, possibly reversed, with
// a box inside the array. What lies beyond the edges is copied within dst where
// it can be: if the box contains all that it mirrors, read is called once.
func (m Boundary) Read(dst View, box Box, shape []int, value []byte, read func(b Box, dst View) error) error {
	if box.Empty() {
		return nil
	}
	if m != Constant && slices.Contains(shape, 0) {
		return fmt.Errorf("extend an array of shape %v by %s: it has no elements", shape, m)
	}
	e := extension{dst: dst, value: value, read: read, axes: make([]extent, len(shape))}
	for axis, n := range shape {
		e.axes[axis] = m.extent(box.Start[axis], box.Stop(axis), n)
	}
	if err := e.readParts(newBox(len(shape)), dst, 0); err != nil {
		return err
	}
	for axis := range shape {
		e.fill(axis)
	}
	return nil
}

// extension is one Read.
type extension struct {
	dst   View
	value []byte
	read  func(b Box, dst View) error
	axes  []extent
}

// extent is how one axis is filled: some parts are read, and the others are then
// copied from those.
type extent struct {
	read, copied []part
	lo, hi       int // bounds of the parts that are read, along dst
}

// part is a run and where along dst it lies. Once it is copied from another part
// of dst, its Start is there.
type part struct {
	at int
	Run
}

func (m Boundary) extent(lo, hi, n int) extent {
	var x extent
	inside := part{max(0, -lo), Run{max(0, lo), 1, min(hi, n) - max(0, lo)}}
	if inside.Count > 0 { // first, so that all else is copied from it where it can be
		x.read = append(x.read, inside)
	}
	at := 0
	for r := range m.Runs(lo, hi, n) {
		if at != inside.at || inside.Count <= 0 {
			x.add(part{at, r})
		}
		at += r.Count
	}
	for i, p := range x.read {
		if i == 0 {
			x.lo = p.at
		}
		x.lo, x.hi = min(x.lo, p.at), max(x.hi, p.at+p.Count)
	}
	return x
}

// add enters a part outside the array.
func (x *extent) add(p part) {
	if p.Start < 0 {
		x.copied = append(x.copied, p)
		return
	}
	for _, from := range x.read {
		if r, ok := from.find(p.Run); ok {
			x.copied = append(x.copied, part{p.at, r})
			return
		}
	}
	if p.Step == 0 { // read it once
		if p.Count > 1 {
			x.copied = append(x.copied, part{p.at + 1, Run{p.at, 0, p.Count - 1}})
		}
		p.Step, p.Count = 1, 1
	}
	x.read = append(x.read, p)
}

// find returns where along dst the values of r are, if p has them all.
func (p part) find(r Run) (Run, bool) {
	first := (r.Start - p.Start) * p.Step
	last := first + (r.Count-1)*r.Step*p.Step
	if min(first, last) < 0 || max(first, last) >= p.Count {
		return Run{}, false
	}
	return Run{p.at + first, r.Step * p.Step, r.Count}, true
}

// readParts reads every combination of the axes' parts.
func (e *extension) readParts(b Box, dst View, axis int) error {
	if axis == len(e.axes) {
		return e.read(Box{slices.Clone(b.Start), slices.Clone(b.Shape)}, dst)
	}
	for _, p := range e.axes[axis].read {
		b.Start[axis], b.Shape[axis] = p.Start, p.Count
		first := p.at
		if p.Step < 0 {
			b.Start[axis] -= p.Count - 1
			first += p.Count - 1
		}
		if err := e.readParts(b, dst.Step(axis, first, p.Step, p.Count), axis+1); err != nil {
			return err
		}
	}
	return nil
}

// fill copies the parts of one axis that were not read. The axes before it are
// complete, those after it only within their bounds.
func (e *extension) fill(axis int) {
	v := e.dst
	for later := axis + 1; later < len(e.axes); later++ {
		x := e.axes[later]
		v = v.Step(later, x.lo, 1, x.hi-x.lo)
	}
	for _, p := range e.axes[axis].copied {
		to := v.Step(axis, p.at, 1, p.Count)
		if p.Start < 0 {
			Fill(to, e.value)
		} else {
			Copy(to, v.Step(axis, p.Start, p.Step, p.Count))
		}
	}
}
