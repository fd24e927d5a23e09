package nd

import (
	"fmt"
	"slices"
)

// Pieces are the parts into which a grid cuts a region: one for each cell that
// holds a selected element, without repetition, in C order of the cells where
// no points are selected. It keeps what is touched along each axis; the product
// of the axes is computed piece by piece. It is safe for concurrent use.
type Pieces struct {
	region *Region
	grid   Grid
	splits []split // one for each free axis
	points *points // nil if the region has none
	n      int
}

// Pieces returns the pieces of the region by the cells of g, which must be a
// grid over the shape that the selection was resolved for. It panics if g is
// another array's.
func (r *Region) Pieces(g Grid) *Pieces {
	if !slices.Equal(r.array, g.shape) {
		panic(fmt.Sprintf("nd: region of an array of shape %v cut by the grid of an array of shape %v", r.array, g.shape))
	}
	p := &Pieces{region: r, grid: g}
	if r.size == 0 {
		return p
	}
	counts := make([]int, 0, len(r.free)+1)
	for _, axis := range r.free {
		s := newSplit(&r.axes[axis], &p.grid, axis)
		p.splits = append(p.splits, s)
		counts = append(counts, s.count)
	}
	if r.joint != nil {
		p.points = r.joint.points(&p.grid)
		counts = append(counts, p.points.len())
	}
	p.n = saturatedSize(counts)
	return p
}

// Len returns the number of pieces, or math.MaxInt if there are more.
func (p *Pieces) Len() int { return p.n }

// At returns piece i, 0 ≤ i < Len. The piece is the caller's.
func (p *Pieces) At(i int) Piece {
	ndim := len(p.region.axes)
	mem := make([]int, 3*ndim)
	q := Piece{
		Cell:   mem[:ndim:ndim],
		Box:    Box{mem[ndim : 2*ndim : 2*ndim], mem[2*ndim:]},
		pieces: p,
		cuts:   make([]cut, len(p.splits)),
	}
	for j := len(p.splits) - 1; j >= 0; j-- {
		s := &p.splits[j]
		axis := p.region.free[j]
		q.cuts[j], q.Cell[axis] = s.at(i % s.count)
		q.Box.Start[axis], q.Box.Shape[axis] = q.cuts[j].start, q.cuts[j].extent
		i /= s.count
	}
	if p.points != nil {
		q.group = p.points.groups[i]
		at := p.points.at(i)
		for j, l := range p.region.joint.lists {
			q.Cell[l.axis], q.Box.Start[l.axis], q.Box.Shape[l.axis] = at[3*j], at[3*j+1], at[3*j+2]
		}
	}
	return q
}
