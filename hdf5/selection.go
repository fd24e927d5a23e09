package hdf5

import (
	"fmt"
	"math"
	"slices"
	"sort"
)

// axis is what a selection has along a dimension: count blocks, stride elements from the beginning of one to that
// of the next.
type axis struct {
	start, stride, count, block int // count or block is unlimited if it is -1
}

// len is the number of elements.
func (a axis) len() int { return a.count * a.block }

// at returns an element's coordinate.
func (a axis) at(i int) int { return a.start + i/a.block*a.stride + i%a.block }

// within returns which of the elements, from and up to but not including to, have coordinates from low up to but not including high.
func (a axis) within(low, high int) (from, to int) {
	n := a.len()
	return sort.Search(n, func(i int) bool { return a.at(i) >= low }), sort.Search(n, func(i int) bool { return a.at(i) >= high })
}

// first returns the axis with its first n elements, or those of the whole blocks among them.
func (a axis) first(n int) axis {
	if n < a.len() {
		if a.count == 1 {
			a.block = n
		} else {
			a.count = n / a.block
		}
	}
	if a.block == 0 {
		a.count, a.block = 0, 1
	}
	return a
}

// unlimited tells whether the axis goes on as long as there is something.
func (a axis) unlimited() bool { return a.count < 0 || a.block < 0 }

// cut returns the axis up to an extent.
func (a axis) cut(extent int) axis {
	switch {
	case a.block < 0:
		a.count, a.block = 1, max(extent-a.start, 0)
		if a.block == 0 {
			a.count, a.block = 0, 1
		}
	case a.count < 0:
		a.count = 0
		if extent > a.start {
			a.count = ceil(extent-a.start, a.stride)
		}
	}
	return a
}

// selection is a set of elements, in an order (the H5Sselect encodings; section VII, "Reserved: dataspace encoding").
type selection struct {
	all    bool
	axes   []axis // a product of axes; nil if there are points
	points []int  // coordinates, one element after the other
	rank   int
}

// mostPoints bounds the elements of a selection that is no product of axes.
const mostPoints = 1 << 20

// selection reads an encoded one.
func (c *cursor) selection() selection {
	kind, version := c.u32(), c.u32()
	switch kind {
	case 0, 3:
		if version != 1 {
			c.unknown("version %d of a selection", version)
		}
		c.skip(8)
		return selection{all: kind == 3}
	case 1:
		return c.pointSelection(version)
	case 2:
		return c.slabSelection(version)
	}
	c.unknown("a selection of type %d", kind)
	return selection{}
}

// dims reads a selection's rank.
func (c *cursor) dims() int {
	n := c.u32()
	if n < 1 || n > mostDims {
		c.fail("a selection of %d dimensions", n)
		return 0
	}
	return n
}

func (c *cursor) pointSelection(version int) selection {
	width := 4
	switch version {
	case 1:
		c.skip(8)
	case 2:
		width = c.u8()
	default:
		c.unknown("version %d of a selection of points", version)
	}
	s := selection{rank: c.dims()}
	n := int(min(c.number(min(width, 8)), mostPoints+1))
	if c.err == nil && n > c.rest()/(width*s.rank) {
		c.fail("a selection of %d points", n)
	}
	if c.err != nil {
		return s
	}
	for range n * s.rank {
		s.points = append(s.points, int(min(c.number(width), math.MaxInt32<<16)))
	}
	return s
}

func (c *cursor) slabSelection(version int) selection {
	width, regular := 4, false
	switch version {
	case 1:
		c.skip(8)
	case 2:
		width, regular = 8, c.u8()&1 != 0
		c.skip(4)
	case 3:
		regular, width = c.u8()&1 != 0, c.u8()
	default:
		c.unknown("version %d of a selection of hyperslabs", version)
	}
	if width != 2 && width != 4 && width != 8 {
		c.fail("a selection with numbers of %d bytes", width)
		return selection{}
	}
	s := selection{rank: c.dims()}
	number := func() int {
		v := c.number(width)
		if v == math.MaxUint64>>(64-8*width) {
			return -1
		}
		if v > 1<<47 {
			c.fail("a selection of %d elements", v)
		}
		return int(min(v, 1<<47))
	}
	if regular {
		for range s.rank {
			a := axis{number(), number(), number(), number()}
			if c.err == nil && (a.start < 0 || a.stride < 1 || a.block == 0 || a.count > 1 && a.stride < a.block || a.block > 0 && a.count > (1<<47)/a.block) {
				c.fail("a selection from %d in steps of %d, %d times %d elements", a.start, a.stride, a.count, a.block)
			}
			s.axes = append(s.axes, a)
		}
		return s
	}
	n := number()
	if c.err == nil && (n < 0 || n > c.rest()/(2*s.rank*width)) {
		c.fail("a selection of %d blocks", n)
	}
	if c.err != nil {
		return s
	}
	var boxes [][]int
	for range n {
		var box []int
		for range 2 * s.rank {
			box = append(box, number())
		}
		boxes = append(boxes, box)
	}
	s.fromBoxes(c, boxes)
	return s
}

// fromBoxes makes a selection of boxes, each of which is its first coordinates and its last.
func (s *selection) fromBoxes(c *cursor, boxes [][]int) {
	total := 0
	for _, box := range boxes {
		n := 1
		for i := range s.rank {
			extent := box[s.rank+i] - box[i] + 1
			if extent < 1 || box[i] < 0 {
				c.fail("a block from %v to %v", box[:s.rank], box[s.rank:])
				return
			}
			n = min(n*min(extent, 1<<30), 1<<31)
		}
		total += n
		if len(boxes) == 1 {
			for i := range s.rank {
				s.axes = append(s.axes, axis{box[i], 1, 1, box[s.rank+i] - box[i] + 1})
			}
			return
		}
	}
	if total > mostPoints {
		c.unknown("a selection of %d blocks with %d elements", len(boxes), total)
		return
	}
	var points [][]int
	for _, box := range boxes {
		at := slices.Clone(box[:s.rank])
		for i := 0; i >= 0; {
			points = append(points, slices.Clone(at))
			for i = s.rank - 1; i >= 0; i-- {
				if at[i]++; at[i] <= box[s.rank+i] {
					break
				}
				at[i] = box[i]
			}
		}
	}
	slices.SortFunc(points, slices.Compare)
	points = slices.CompactFunc(points, slices.Equal)
	for _, p := range points {
		s.points = append(s.points, p...)
	}
}

// in returns the selection in an extent of that shape.
func (s selection) in(shape []int) (selection, error) {
	if s.all {
		s.all, s.rank = false, len(shape)
		for _, n := range shape {
			s.axes = append(s.axes, axis{0, 1, min(n, 1), max(n, 1)})
		}
		return s, nil
	}
	if s.rank != len(shape) && s.rank > 0 {
		return s, fmt.Errorf("%w: a selection of %d dimensions in %d", ErrCorrupt, s.rank, len(shape))
	}
	s.axes = slices.Clone(s.axes)
	for i, a := range s.axes {
		s.axes[i] = a.cut(shape[i])
	}
	return s, nil
}

// len is the number of elements.
func (s selection) len() int {
	if s.axes == nil {
		if s.rank == 0 {
			return 0
		}
		return len(s.points) / s.rank
	}
	n := 1
	for _, a := range s.axes {
		if a.len() > 0 && n > (1<<56)/a.len() {
			return 1 << 56
		}
		n *= a.len()
	}
	return n
}

// coord puts the place of the element number k in into.
func (s selection) coord(k int, into []int) {
	if s.axes == nil {
		copy(into, s.points[k*s.rank:])
		return
	}
	for i := len(s.axes) - 1; i >= 0; i-- {
		n := s.axes[i].len()
		into[i] = s.axes[i].at(k % n)
		k /= n
	}
}
