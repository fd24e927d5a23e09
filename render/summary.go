package render

import (
	"iter"
	"slices"

	"github.com/dosna/dosna/nd"
)

// Summary says which elements of an array its text shows: all, or those in its
// corners.
type Summary struct {
	Shape []int // of the elements shown, closed up
	array []int
}

// Corner is a part of an array that is shown, and its place among all that is.
type Corner struct{ From, To nd.Box }

// Summary returns what Text shows of an array of the given shape. Axes are cut
// only if the array has more than Threshold elements.
func (o *TextOptions) Summary(shape []int) Summary {
	f := o.filled()
	s := Summary{slices.Clone(shape), shape}
	if n, ok := nd.Size(shape); ok && n <= f.Threshold {
		return s
	}
	for axis, n := range shape {
		if f.Edge < n-f.Edge {
			s.Shape[axis] = 2 * f.Edge
		}
	}
	return s
}

// Corners yields the parts of the array that are shown: one if it is shown
// whole, twice as many for each axis that is cut.
func (s Summary) Corners() iter.Seq[Corner] {
	return func(yield func(Corner) bool) {
		c := Corner{nd.Full(slices.Clone(s.Shape)), nd.Full(slices.Clone(s.Shape))}
		s.corners(c, 0, yield)
	}
}

// corners yields those that lie in c along the axes before axis.
func (s Summary) corners(c Corner, axis int, yield func(Corner) bool) bool {
	if axis == len(s.Shape) {
		return yield(Corner{cloneBox(c.From), cloneBox(c.To)})
	}
	if s.Shape[axis] == s.array[axis] {
		return s.corners(c, axis+1, yield)
	}
	edge := s.Shape[axis] / 2
	c.From.Shape[axis], c.To.Shape[axis] = edge, edge
	for i, start := range [2]int{0, s.array[axis] - edge} {
		c.From.Start[axis], c.To.Start[axis] = start, i*edge
		if !s.corners(c, axis+1, yield) {
			return false
		}
	}
	return true
}

// gather returns what is shown of the whole array v.
func (s Summary) gather(v nd.View) nd.View {
	shown := nd.NewView(make([]byte, nd.Box{Shape: s.Shape}.Size()*v.Item), s.Shape, v.Item)
	for c := range s.Corners() {
		nd.Copy(shown.Sub(c.To), v.Sub(c.From))
	}
	return shown
}

func cloneBox(b nd.Box) nd.Box {
	return nd.Box{Start: slices.Clone(b.Start), Shape: slices.Clone(b.Shape)}
}
