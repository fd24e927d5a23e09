package nd

import (
	"fmt"
	"slices"
	"strings"
)

// combine broadcasts the pending lists together and gives them their dimensions
// of the result: where the first of them stands if they are adjacent, else
// before all others.
func (rv *resolver) combine() error {
	if len(rv.lists) == 0 {
		return nil
	}
	shape, err := broadcastShape(rv.lists)
	if err != nil {
		return err
	}
	rv.Shape = slices.Insert(rv.Shape, rv.at, shape...)
	for i := range rv.axes {
		if p := &rv.axes[i]; p.hi > p.lo && p.lo >= rv.at {
			p.lo, p.hi = p.lo+len(shape), p.hi+len(shape)
		}
	}
	separate := rv.separate(len(shape))
	for _, l := range rv.lists {
		if l.axis < 0 {
			continue
		}
		if l.values, err = rv.positions(l); err != nil {
			return err
		}
		lo, hi := l.varies(len(shape))
		switch {
		case separate || lo == hi:
			p := listPick(l.values)
			p.lo, p.hi = rv.at+lo, rv.at+hi
			rv.axes[l.axis] = p
		default:
			rv.point(l, shape)
		}
	}
	return nil
}

// separate reports whether the lists vary along different dimensions of their
// common shape, as one list does and those of numpy.ix_ do. They then select
// an outer product, and no points need be enumerated.
func (rv *resolver) separate(ndim int) bool {
	taken := make([]bool, ndim)
	for _, l := range rv.lists {
		lo, hi := l.varies(ndim)
		if l.axis < 0 {
			continue
		}
		for i := lo; i < hi; i++ {
			if taken[i] {
				return false
			}
			taken[i] = true
		}
	}
	return true
}

// varies returns the range of dimensions, of the ndim that all lists have in
// common, outside which the list is of length 1.
func (l pendingList) varies(ndim int) (lo, hi int) {
	lead := ndim - len(l.shape)
	for i, n := range l.shape {
		if n == 1 {
			continue
		}
		if hi == 0 {
			lo = lead + i
		}
		hi = lead + i + 1
	}
	return lo, hi
}

// point adds a list to those that name points together.
func (rv *resolver) point(l pendingList, shape []int) {
	if rv.joint == nil {
		rv.joint = &joint{shape: shape, lo: rv.at, hi: rv.at + len(shape)}
	}
	strides := make([]int, len(shape))
	lead, stride := len(shape)-len(l.shape), 1
	for i := len(l.shape) - 1; i >= 0; i-- {
		if l.shape[i] != 1 {
			strides[lead+i] = stride
		}
		stride *= l.shape[i]
	}
	rv.joint.lists = append(rv.joint.lists, jointList{l.axis, l.values, strides})
}

// joins reports whether axis is one of those that name points.
func (r *Region) joins(axis int) bool {
	return r.joint != nil && slices.ContainsFunc(r.joint.lists, func(l jointList) bool { return l.axis == axis })
}

func broadcastShape(lists []pendingList) ([]int, error) {
	ndim := 0
	for _, l := range lists {
		ndim = max(ndim, len(l.shape))
	}
	shape := slices.Repeat([]int{1}, ndim)
	for _, l := range lists {
		lead := ndim - len(l.shape)
		for i, n := range l.shape {
			switch {
			case n == 1 || n == shape[lead+i]:
			case shape[lead+i] == 1:
				shape[lead+i] = n
			default:
				return nil, fmt.Errorf("shape mismatch: indexing arrays could not be broadcast together with shapes %s", listShapes(lists))
			}
		}
	}
	return shape, nil
}

func listShapes(lists []pendingList) string {
	var s []string
	for _, l := range lists {
		if l.shape != nil {
			s = append(s, strings.ReplaceAll(tuple(l.shape), " ", ""))
		}
	}
	return strings.Join(s, " ")
}
