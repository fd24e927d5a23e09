package nd

import (
	"cmp"
	"slices"
)

// split is what one axis contributes to the pieces: which of its cells are
// touched, and the part of the selection inside each. A range is computed on
// demand, a list is sorted once.
type split struct {
	count int // touched cells
	pick  *axisPick
	grid  *Grid
	axis  int
	cells []int // the touched cells, where they do not follow from their number
	cuts  []cut // of a list: the part in each of cells
}

// cut is the selection along one axis inside one cell: the positions start,
// start+step, … of the array are those pos, pos+posStep, … of the canonical
// dimension; or, if entries is set, as its pairs say.
type cut struct {
	start, extent int // the array's positions lie in [start, start+extent)
	step, n       int
	pos, posStep  int
	entries       []entry // sorted by index, then pos
	distinct      int     // different positions of the array
}

// entry pairs a position along an axis of the array with one along a dimension
// of the canonical layout.
type entry struct{ index, pos int }

func newSplit(pick *axisPick, g *Grid, axis int) split {
	s := split{pick: pick, grid: g, axis: axis}
	switch {
	case pick.list != nil:
		s.sortList()
	case g.varies(axis) && pick.step > 1:
		s.visit()
	case pick.step <= g.chunk[axis]:
		s.count = g.find(axis, pick.start+(pick.n-1)*pick.step) - g.find(axis, pick.start) + 1
	default:
		s.count = pick.n // no two in one cell
	}
	return s
}

// at returns the k-th touched cell and the part inside it.
func (s *split) at(k int) (cut, int) {
	if s.cuts != nil {
		return s.cuts[k], s.cells[k]
	}
	p := s.pick
	cell, first, last := 0, k, k
	if s.cells == nil && p.step > s.grid.chunk[s.axis] {
		cell = s.grid.find(s.axis, p.start+k*p.step)
	} else {
		if s.cells != nil {
			cell = s.cells[k]
		} else {
			cell = s.grid.find(s.axis, p.start) + k
		}
		start, n := s.grid.extent(s.axis, cell)
		first = 0
		if start > p.start {
			first = (start-p.start-1)/p.step + 1
		}
		last = min(p.n-1, (start+n-1-p.start)/p.step)
	}
	q := cut{start: p.start + first*p.step, step: p.step, n: last - first + 1, pos: first, posStep: 1}
	if p.flip {
		q.pos, q.posStep = p.n-1-first, -1
	}
	q.finish()
	return q, cell
}

// visit lists the cells that a range with steps touches, where some are longer than
// a step and some shorter.
func (s *split) visit() {
	p := s.pick
	for k := 0; k < p.n; {
		cell := s.grid.find(s.axis, p.start+k*p.step)
		s.cells = append(s.cells, cell)
		start, n := s.grid.extent(s.axis, cell)
		k = (start+n-1-p.start)/p.step + 1
	}
	s.count = len(s.cells)
}

// finish derives the other fields of an evenly spaced part.
func (q *cut) finish() {
	if q.n == 1 {
		q.step, q.posStep = 1, 1
	}
	q.extent, q.distinct = (q.n-1)*q.step+1, q.n
}

// sortList groups a list's positions by cell. Equal positions keep their order,
// so that the last assignment to an element wins.
func (s *split) sortList() {
	entries := make([]entry, len(s.pick.list))
	for pos, index := range s.pick.list {
		entries[pos] = entry{index, pos}
	}
	slices.SortFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.index, b.index), cmp.Compare(a.pos, b.pos))
	})
	for len(entries) > 0 {
		cell := s.grid.find(s.axis, entries[0].index)
		n := 1
		for n < len(entries) && s.grid.find(s.axis, entries[n].index) == cell {
			n++
		}
		s.cells = append(s.cells, cell)
		s.cuts = append(s.cuts, newCut(entries[:n:n]))
		entries = entries[n:]
	}
	s.count = len(s.cuts)
}

// newCut returns the part of sorted entries, evenly spaced if they are.
func newCut(e []entry) cut {
	q := cut{start: e[0].index, step: 1, n: len(e), pos: e[0].pos, posStep: 1}
	if len(e) > 1 {
		q.step, q.posStep = e[1].index-e[0].index, e[1].pos-e[0].pos
	}
	even, distinct := true, 1
	for i := 1; i < len(e); i++ {
		step := e[i].index - e[i-1].index
		if step != 0 {
			distinct++
		}
		even = even && step != 0 && step == q.step && e[i].pos-e[i-1].pos == q.posStep
	}
	if even {
		q.finish()
		return q
	}
	q.entries, q.distinct, q.extent = e, distinct, e[len(e)-1].index-e[0].index+1
	return q
}
