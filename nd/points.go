package nd

import (
	"cmp"
	"slices"
)

// points are the joint lists of a region, grouped by cell.
type points struct {
	axes    []int   // the axes they have coordinates for
	columns [][]int // the coordinates of each point, axis by axis
	order   []int   // the points, group after group, in their order within one
	groups  []group
	bounds  []int // for each group and axis: cell, first coordinate, extent
}

// group is the range [lo, hi) of points.order that lies in one cell.
type group struct{ lo, hi int }

func (p *points) len() int { return len(p.groups) }

// at returns the cell, the first coordinate and the extent of group i along
// each of the axes.
func (p *points) at(i int) []int {
	n := 3 * len(p.axes)
	return p.bounds[i*n : (i+1)*n]
}

// run is a range of neighbouring points in one cell.
type run struct {
	group
	key   uint64 // of the cell; equal for equal cells
	coord int    // where runs.cells holds the cell's coordinates
}

// points enumerates and groups the points. Only runs of them are sorted, which
// makes masks cheap.
func (j *joint) points(g *Grid) *points {
	p := &points{}
	for _, l := range j.lists {
		p.axes = append(p.axes, l.axis)
		p.columns = append(p.columns, l.expand(j.shape))
	}
	k := len(p.axes)
	runs, cells := p.runs(g)
	at := func(r run) []int { return cells[r.coord : r.coord+k] }
	slices.SortFunc(runs, func(a, b run) int {
		if a.key != b.key {
			return cmp.Compare(a.key, b.key)
		}
		return cmp.Or(slices.Compare(at(a), at(b)), a.lo-b.lo)
	})
	p.order = make([]int, 0, len(p.columns[0]))
	for i, r := range runs {
		if i == 0 || !slices.Equal(at(r), at(runs[i-1])) {
			p.groups = append(p.groups, group{lo: len(p.order)})
			for a, c := range at(r) {
				first := p.columns[a][r.lo]
				p.bounds = append(p.bounds, c, first, first)
			}
		}
		for point := r.lo; point < r.hi; point++ {
			p.order = append(p.order, point)
		}
		p.groups[len(p.groups)-1].hi = len(p.order)
		p.stretch(p.bounds[len(p.bounds)-3*k:], r.group)
	}
	for i := 2; i < len(p.bounds); i += 3 {
		p.bounds[i] -= p.bounds[i-1] - 1
	}
	return p
}

// expand returns the list broadcast to shape, in C order.
func (l jointList) expand(shape []int) []int {
	n := saturatedSize(shape)
	if len(l.values) == n {
		return l.values
	}
	out := make([]int, n)
	at, from := make([]int, len(shape)), 0
	for i := range out {
		out[i] = l.values[from]
		moved := next(at, shape)
		for a := max(moved+1, 0); a < len(shape); a++ {
			from -= (shape[a] - 1) * l.strides[a]
		}
		if moved >= 0 {
			from += l.strides[moved]
		}
	}
	return out
}

// runs cuts the points into runs, and returns the coordinates of their cells
// along the axes.
func (p *points) runs(g *Grid) (runs []run, cells []int) {
	k := len(p.axes)
	few := min(len(p.columns[0]), 4<<10) // masks have many points in a few runs
	runs, cells = make([]run, 0, few), make([]int, 0, few*k)
	for point := range p.columns[0] {
		if len(runs) > 0 && p.inside(g, point, cells[len(cells)-k:]) {
			runs[len(runs)-1].hi++
			continue
		}
		r := run{group: group{point, point + 1}, coord: len(cells)}
		for a, axis := range p.axes {
			c := g.find(axis, p.columns[a][point])
			cells = append(cells, c)
			r.key = r.key*uint64(g.counts[axis]) + uint64(c) // may wrap around
		}
		runs = append(runs, r)
	}
	return runs, cells
}

// inside reports whether a point lies in a cell.
func (p *points) inside(g *Grid, point int, cell []int) bool {
	for a, axis := range p.axes {
		start, n := g.extent(axis, cell[a])
		if c := p.columns[a][point]; c < start || c-start >= n {
			return false
		}
	}
	return true
}

// stretch widens bounds, whose extents are still last coordinates, by a run.
func (p *points) stretch(bounds []int, run group) {
	for a, column := range p.columns {
		for _, c := range column[run.lo:run.hi] {
			bounds[3*a+1] = min(bounds[3*a+1], c)
			bounds[3*a+2] = max(bounds[3*a+2], c)
		}
	}
}

// covers reports whether the points of group i are all the coordinates of
// their cell.
func (p *points) covers(g *Grid, gr group, box Box, cell []int) bool {
	size := 1
	for _, axis := range p.axes {
		_, n := g.extent(axis, cell[axis])
		if n != box.Shape[axis] || size > (gr.hi-gr.lo)/n {
			return false
		}
		size *= n
	}
	seen, left := make([]bool, size), size
	for _, point := range p.order[gr.lo:gr.hi] {
		flat := 0
		for a, axis := range p.axes {
			flat = flat*box.Shape[axis] + p.columns[a][point] - box.Start[axis]
		}
		if !seen[flat] {
			seen[flat] = true
			left--
		}
	}
	return left == 0
}
