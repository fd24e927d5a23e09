package nd

import (
	"fmt"
	"slices"
)

// Part returns the selection, of an array of the given shape, of those elements
// that lie inside b of s's result, so that a result larger than memory can be
// had part by part. The result of Part has the shape of b, which must not be
// empty.
func (s Selection) Part(shape []int, b Box) (Selection, error) {
	r, err := s.Resolve(shape)
	if err != nil {
		return Selection{}, err
	}
	if len(b.Start) != len(r.Shape) || !Full(r.Shape).Contains(b) || slices.Min(append([]int{0}, b.Start...)) < 0 || slices.Min(append([]int{1}, b.Shape...)) < 1 {
		return Selection{}, fmt.Errorf("there is no part %s in a result of shape %s", b, tuple(r.Shape))
	}
	p := parter{Region: r, box: b}
	p.place(s)
	for _, x := range s.items {
		switch x.kind {
		case indexEllipsis:
			left := len(shape) - p.used(s)
			for range left {
				p.cutRange()
			}
			if left == 0 { // it may still stand between lists
				p.items = append(p.items, x)
			}
		case indexRange:
			p.cutRange()
		case indexInts:
			p.cutList(s, x.shape, x.ints)
		case indexMask:
			p.cutMask(s, x)
		default:
			p.items = append(p.items, x)
			p.axis += x.axes()
		}
	}
	for p.axis < len(shape) {
		p.cutRange()
	}
	return Selection{p.items, s.orthogonal}, nil
}

// parter rewrites the items of a resolved selection for a part of its result.
type parter struct {
	*Region
	box     Box
	items   []Index
	axis    int // of the array, that the next item is for
	at, dim int // where the common dimensions of joined lists begin in the result, and their number
}

// used returns how many axes the items other than the ellipsis consume.
func (p *parter) used(s Selection) int {
	n := 0
	for _, x := range s.items {
		n += x.axes()
	}
	return n
}

// place finds the dimensions of joined lists.
func (p *parter) place(s Selection) {
	if s.orthogonal {
		return
	}
	var lists []pendingList
	axis := 0
	for _, x := range s.items {
		switch {
		case x.kind == indexEllipsis:
			axis += len(p.array) - p.used(s)
		case x.kind == indexInts:
			lists = append(lists, pendingList{axis: axis, shape: x.shape})
		case x.kind == indexMask && len(x.shape) > 0: // its count is only known to differ from 1 where it matters
			lists = append(lists, pendingList{axis: axis, shape: []int{maskCount(x)}})
		case x.kind == indexMask:
			lists = append(lists, pendingList{axis: -1, shape: []int{1}})
		}
		axis += x.axes()
	}
	for _, l := range lists {
		p.dim = max(p.dim, len(l.shape))
	}
	for _, l := range lists {
		switch {
		case l.axis < 0:
		case p.joins(l.axis):
			p.at = p.joint.lo
		default:
			lo, _ := l.varies(p.dim)
			p.at = p.axes[l.axis].lo - lo
		}
	}
}

func maskCount(x Index) int {
	n := 0
	for _, b := range x.bools {
		if b {
			n++
		}
	}
	return n
}

// cutRange appends the part of an axis that has a dimension of its own.
func (p *parter) cutRange() {
	pick := p.axes[p.axis]
	lo, n := p.box.Start[pick.lo], p.box.Shape[pick.lo]
	first, step := pick.start+lo*pick.step, pick.step
	if pick.flip {
		first, step = pick.start+(pick.n-1-lo)*step, -step
	}
	stop := first + (n-1)*step + 1
	if pick.flip {
		if stop -= 2; stop < 0 {
			stop = None
		}
	}
	p.items = append(p.items, RangeStep(first, stop, step))
	p.axis++
}

// cutList appends the part of a list.
func (p *parter) cutList(s Selection, shape, values []int) {
	at, lead := p.at, p.dim-len(shape)
	if s.orthogonal {
		at, lead = p.axes[p.axis].lo, 0
	}
	b := Full(slices.Clone(shape))
	for i, n := range shape {
		if n != 1 {
			b.Start[i], b.Shape[i] = p.box.Start[at+lead+i], p.box.Shape[at+lead+i]
		}
	}
	p.items = append(p.items, Index{kind: indexInts, shape: b.Shape, ints: cutInts(shape, values, b)})
	p.axis++
}

func (p *parter) cutMask(s Selection, x Index) {
	if len(x.shape) == 0 {
		p.items = append(p.items, x)
		return
	}
	count := maskCount(x)
	for _, column := range nonzero(x.shape, x.bools, count) {
		p.cutList(s, []int{count}, column)
	}
}

// cutInts returns the values inside b of an array of the given shape.
func cutInts(shape, values []int, b Box) []int {
	cut := make([]int, 0, b.Size())
	at := make([]int, len(shape))
	for more := !b.Empty(); more; more = next(at, b.Shape) >= 0 {
		flat := 0
		for i, n := range shape {
			flat = flat*n + b.Start[i] + at[i]
		}
		cut = append(cut, values[flat])
	}
	return cut
}
