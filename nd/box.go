package nd

import (
	"fmt"
	"math/bits"
	"slices"
)

// Box is an axis-aligned region of an array: along axis i it holds the
// coordinates Start[i] up to but not including Start[i]+Shape[i].
type Box struct {
	Start, Shape []int
}

// Full returns the box of a whole array.
func Full(shape []int) Box {
	return Box{Start: make([]int, len(shape)), Shape: shape}
}

// Stop returns the first coordinate past the box along axis.
func (b Box) Stop(axis int) int { return b.Start[axis] + b.Shape[axis] }

// Size returns the number of elements. The box must be one whose size fits an
// int, as the boxes of a checked array's memory do.
func (b Box) Size() int {
	n := 1
	for _, s := range b.Shape {
		n *= s
	}
	return n
}

// Empty reports whether the box holds no element.
func (b Box) Empty() bool { return slices.Contains(b.Shape, 0) }

// Equal reports whether both boxes have the same start and shape.
func (b Box) Equal(o Box) bool {
	return slices.Equal(b.Start, o.Start) && slices.Equal(b.Shape, o.Shape)
}

// Contains reports whether o lies inside b.
func (b Box) Contains(o Box) bool {
	for i := range b.Start {
		if o.Start[i] < b.Start[i] || o.Stop(i) > b.Stop(i) {
			return false
		}
	}
	return true
}

// Intersect returns the common part of two boxes; false if there is none.
func (b Box) Intersect(o Box) (Box, bool) {
	r := newBox(len(b.Start))
	for i := range b.Start {
		r.Start[i] = max(b.Start[i], o.Start[i])
		r.Shape[i] = min(b.Stop(i), o.Stop(i)) - r.Start[i]
		if r.Shape[i] <= 0 {
			return Box{}, false
		}
	}
	return r, true
}

// Shift returns the box moved by the given distance along each axis.
func (b Box) Shift(by []int) Box {
	start := slices.Clone(b.Start)
	for i := range start {
		start[i] += by[i]
	}
	return Box{start, b.Shape}
}

// Sub returns the box in coordinates relative to origin.
func (b Box) Sub(origin []int) Box {
	start := slices.Clone(b.Start)
	for i := range start {
		start[i] -= origin[i]
	}
	return Box{start, b.Shape}
}

// String prints the box as a selection: "[0:4, 10:20]".
func (b Box) String() string {
	s := []byte{'['}
	for i := range b.Start {
		if i > 0 {
			s = append(s, ", "...)
		}
		s = fmt.Appendf(s, "%d:%d", b.Start[i], b.Stop(i))
	}
	return string(append(s, ']'))
}

func newBox(ndim int) Box {
	mem := make([]int, 2*ndim)
	return Box{mem[:ndim:ndim], mem[ndim:]}
}

// Size returns the number of elements of an array of the given shape; false if
// a length is negative or the product does not fit an int.
func Size(shape []int) (int, bool) {
	n, over := 1, false
	for _, s := range shape {
		if s < 0 {
			return 0, false
		}
		if s == 0 {
			return 0, !slices.ContainsFunc(shape, func(s int) bool { return s < 0 })
		}
		hi, lo := bits.Mul64(uint64(n), uint64(s))
		over = over || hi != 0 || int(lo) < 0
		n = int(lo)
	}
	if over {
		return 0, slices.Contains(shape, 0)
	}
	return n, true
}
