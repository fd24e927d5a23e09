package hdf5

import "math"

// mostDims bounds the dimensions of a dataspace, as the library does.
const mostDims = 32

// Dataspace is the extent of a dataset or an attribute (section IV.A.2.b).
type Dataspace struct {
	Null  bool  // without elements; a scalar has one, and no dimensions
	Shape []int // elements
	Max   []int // what Shape may grow to; -1: without bound
}

// Len is the number of elements.
func (s Dataspace) Len() int {
	if s.Null {
		return 0
	}
	n := 1
	for _, d := range s.Shape {
		n *= d
	}
	return n
}

func (c *cursor) dataspace() Dataspace {
	var s Dataspace
	version := c.version("dataspace", 1, 2)
	rank := c.u8()
	flags := c.u8()
	if version == 1 {
		c.skip(5)
	} else {
		switch kind := c.u8(); kind {
		case 0, 1:
		case 2:
			s.Null = true
		default:
			c.unknown("a dataspace of type %d", kind)
		}
	}
	if rank > mostDims {
		c.fail("a dataspace of %d dimensions, more than %d", rank, mostDims)
		return s
	}
	total := 1
	for range rank {
		d := c.length()
		if d > 0 && total > math.MaxInt/d {
			c.fail("a dataspace of more than 2⁶³ elements")
		}
		total *= max(d, 1)
		s.Shape = append(s.Shape, d)
	}
	for i := range rank {
		limit := s.Shape[i]
		if flags&1 != 0 {
			switch v := c.number(c.sizes.length); {
			case v == 1<<(8*c.sizes.length)-1 || c.sizes.length == 8 && v == math.MaxUint64:
				limit = -1
			case v > math.MaxInt || int(v) < limit:
				c.fail("a dimension of %d elements, and no more than %d", limit, v)
			default:
				limit = int(v)
			}
		}
		s.Max = append(s.Max, limit)
	}
	return s
}
