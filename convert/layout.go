package convert

import (
	"errors"
	"fmt"
	"slices"

	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
)

// Layout says how a file holds the elements of an array: packed, in the order
// of one axis varying fastest and in one byte order.
type Layout struct {
	Shape   []int
	Type    dtype.Type
	Order   dtype.Order
	Fortran bool // the first axis varies fastest, not the last
}

// bytes returns the size of all elements, which fits an int.
func (l Layout) bytes() (int, error) {
	if l.Type == (dtype.Type{}) {
		return 0, errors.New("the element type is missing")
	}
	if l.Type.Variable() {
		return 0, fmt.Errorf("elements of %s have no fixed size", l.Type)
	}
	n, ok := nd.Size(append(slices.Clone(l.Shape), l.Type.Size()))
	if !ok {
		return 0, fmt.Errorf("shape %v of %s is not one that a file can have", l.Shape, l.Type)
	}
	return n, nil
}

// fileOrder returns lengths, one for each axis, in the order in which the axes
// vary in the file, slowest first.
func (l Layout) fileOrder(lengths []int) []int {
	lengths = slices.Clone(lengths)
	if l.Fortran {
		slices.Reverse(lengths)
	}
	return lengths
}

func (l Layout) fileBox(b nd.Box) nd.Box {
	return nd.Box{Start: l.fileOrder(b.Start), Shape: l.fileOrder(b.Shape)}
}

// fileGrid returns a grid over the array with its axes in file order.
func (l Layout) fileGrid(g nd.Grid) nd.Grid {
	perm := make([]int, g.NDim())
	for i := range perm {
		perm[i] = i
	}
	return g.Transpose(l.fileOrder(perm))
}

// fileView returns a view of the array with its axes in file order; it is its
// own inverse.
func (l Layout) fileView(v nd.View) nd.View {
	v.Shape, v.Strides = l.fileOrder(v.Shape), l.fileOrder(v.Strides)
	return v
}
