package nd

import "math"

// Piece is the part of a region inside one cell of a grid. Box bounds the
// selected elements in coordinates of the array; it lies inside the cell and,
// with steps or lists, may hold elements that are not selected.
//
// Views named canon are of the whole result in canonical layout
// (Region.Canonical); views named box have the shape of Box.
type Piece struct {
	Cell []int
	Box  Box

	pieces *Pieces
	cuts   []cut // one for each free axis
	group  group // of points, if the region has them
}

// Count returns the number of elements of the result inside the piece, or
// math.MaxInt if there are more. An element counts as often as lists repeat it.
func (p Piece) Count() int {
	n := 1
	if p.pieces.points != nil {
		n = p.group.hi - p.group.lo
	}
	for i := range p.cuts {
		if n > math.MaxInt/p.cuts[i].n {
			return math.MaxInt
		}
		n *= p.cuts[i].n
	}
	return n
}

// Covers reports whether the piece selects every element of the cell that lies
// in the array, so that a write need not read what the cell held.
func (p Piece) Covers() bool {
	g := &p.pieces.grid
	for i, axis := range p.pieces.region.free {
		if _, n := g.extent(axis, p.Cell[axis]); p.cuts[i].distinct != n {
			return false
		}
	}
	points := p.pieces.points
	return points == nil || points.covers(g, p.group, p.Box, p.Cell)
}

// Direct returns the part of canon that the piece fills, laid out as Box: axes
// that the result reverses are reversed back. It is false where the elements
// of Box and those of the result are not the same, because of a step, of a
// list with gaps or repetitions, or of several points: then Gather and Scatter
// serve.
func (p Piece) Direct(canon View) (View, bool) {
	ndim := len(p.Cell)
	mem := make([]int, 2*ndim)
	v := View{Data: canon.Data, Off: canon.Off, Item: canon.Item, Shape: mem[:ndim:ndim], Strides: mem[ndim:]}
	dim := 0
	if points := p.pieces.points; points != nil {
		if p.group.hi-p.group.lo != 1 {
			return View{}, false
		}
		v.Off += points.order[p.group.lo] * canon.Strides[0]
		for _, axis := range points.axes {
			v.Shape[axis] = 1
		}
		dim = 1
	}
	for i, axis := range p.pieces.region.free {
		q := &p.cuts[i]
		if q.entries != nil || q.step != 1 {
			return View{}, false
		}
		stride := canon.Strides[dim+i]
		v.Off += q.pos * stride
		v.Shape[axis], v.Strides[axis] = q.n, q.posStep*stride
	}
	return v, true
}

// Gather copies the piece's elements from box to where they belong in canon:
// the way of a read. The views must not overlap.
func (p Piece) Gather(canon, box View) {
	t := p.transfer(canon, box)
	t.run(canon, box, true)
}

// Scatter copies the piece's elements from canon to where they belong in box
// and leaves the others: the way of a write. Where lists repeat an element its
// last value stays, as in NumPy. The views must not overlap.
func (p Piece) Scatter(box, canon View) {
	t := p.transfer(canon, box)
	t.run(canon, box, false)
}
