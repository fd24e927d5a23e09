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

// points enumerates and groups the points. Neighbours in the same cell are
// sorted as one run, which makes masks cheap.
func (j *joint) points(g Grid) *points {
	p := &points{}
	for _, l := range j.lists {
		p.axes = append(p.axes, l.axis)
		p.columns = append(p.columns, l.expand(j.shape))
	}
	runs, cells := p.runs(g)
	k := len(p.axes)
	at := func(run int) []int { return cells[run*k : (run+1)*k] }
	sorted := make([]int, len(runs))
	for i := range sorted {
		sorted[i] = i
	}
	slices.SortFunc(sorted, func(a, b int) int {
		return cmp.Or(slices.Compare(at(a), at(b)), a-b)
	})
	p.order = make([]int, 0, len(p.columns[0]))
	for i, run := range sorted {
		if i == 0 || !slices.Equal(at(run), at(sorted[i-1])) {
			p.groups = append(p.groups, group{lo: len(p.order)})
			for a, c := range at(run) {
				first := p.columns[a][runs[run].lo]
				p.bounds = append(p.bounds, c, first, first)
			}
		}
		for point := runs[run].lo; point < runs[run].hi; point++ {
			p.order = append(p.order, point)
		}
		p.groups[len(p.groups)-1].hi = len(p.order)
		p.stretch(p.bounds[len(p.bounds)-3*k:], runs[run])
	}
	for i := 2; i < len(p.bounds); i += 3 {
		p.bounds[i] -= p.bounds[i-1] - 1
	}
	return p
}

// expand returns the list broadcast to shape, in C order.
func (l jointList) expand(shape []int) []int {
	out := make([]int, 0, saturatedSize(shape))
	at, from := make([]int, len(shape)), 0
	for len(out) < cap(out) {
		out = append(out, l.values[from])
		for i := len(at) - 1; i >= 0; i-- {
			at[i]++
			from += l.strides[i]
			if at[i] < shape[i] {
				break
			}
			from -= at[i] * l.strides[i]
			at[i] = 0
		}
	}
	return out
}

// runs cuts the points into runs of neighbours in one cell, and returns the
// cell of each as one coordinate per axis.
func (p *points) runs(g Grid) (runs []group, cells []int) {
	k := len(p.axes)
	for point := range p.columns[0] {
		same := len(runs) > 0
		for a, axis := range p.axes {
			if !same {
				break
			}
			start, n := g.extent(axis, cells[len(cells)-k+a])
			c := p.columns[a][point]
			same = c >= start && c-start < n
		}
		if same {
			runs[len(runs)-1].hi++
			continue
		}
		runs = append(runs, group{point, point + 1})
		for a, axis := range p.axes {
			cells = append(cells, g.Find(axis, p.columns[a][point]))
		}
	}
	return runs, cells
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
func (p *points) covers(g Grid, gr group, box Box, cell []int) bool {
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
