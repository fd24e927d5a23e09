package convert

import (
	"iter"
	"math"
	"slices"

	"github.com/dosna/dosna/nd"
)

// partGoal is how large parts should be, if stored objects do not make them
// larger: enough for each call to keep all workers busy.
const partGoal = 16 << 20

// cuts tells where the cells of a grid end in a result: its dimension i is along axis[i] of
// the grid's array, from start[i] on, or if that is -1 has nothing to do with cells.
type cuts struct {
	grid        nd.Grid
	axis, start []int
}

// cutsOf is for results that are the array itself.
func cutsOf(g nd.Grid) cuts {
	c := cuts{g, make([]int, g.NDim()), make([]int, g.NDim())}
	for i := range c.axis {
		c.axis[i] = i
	}
	return c
}

// longest returns the length of the longest cell along dimension i.
func (c cuts) longest(i int) int {
	if c.axis[i] < 0 {
		return 1
	}
	return c.grid.Largest()[c.axis[i]]
}

// floor returns where the cell begins that position at of dimension i is in.
func (c cuts) floor(i, at int) int {
	if c.axis[i] < 0 {
		return at
	}
	return c.grid.Floor(c.axis[i], c.start[i]+at) - c.start[i]
}

// runs cuts an array into boxes that are runs of consecutive elements, in order,
// none larger than limit bytes. Where it can, it cuts between cells.
func runs(shape []int, item, limit int, c cuts) iter.Seq[nd.Box] {
	return func(yield func(nd.Box) bool) {
		if slices.Contains(shape, 0) {
			return
		}
		if len(shape) == 0 {
			yield(nd.Full(shape))
			return
		}
		axis, row := 0, item // row is the bytes of one position along axis
		for _, n := range shape[1:] {
			row *= n
		}
		for row > limit && axis < len(shape)-1 {
			axis++
			row /= shape[axis]
		}
		most := max(limit/row, 1)
		cell := c.longest(axis)
		if goal := (partGoal/row/cell + 1) * cell; goal < most {
			most = goal
		}
		at := make([]int, len(shape))
		for {
			b := nd.Box{Start: slices.Clone(at), Shape: slices.Clone(shape)}
			for i := range axis {
				b.Shape[i] = 1
			}
			b.Shape[axis] = c.stretch(axis, at[axis], shape[axis], most)
			if !yield(b) {
				return
			}
			at[axis] += b.Shape[axis]
			i := axis
			for ; i > 0 && at[i] == shape[i]; i-- {
				at[i] = 0
				at[i-1]++
			}
			if at[0] == shape[0] {
				return
			}
		}
	}
}

// stretch returns how far to go from position at of a dimension of length n: at most
// so far, and to the end of a cell if one is within reach.
func (c cuts) stretch(i, at, n, most int) int {
	end := min(n-at, most) + at
	if end == n {
		return n - at
	}
	if whole := c.floor(i, end); whole > at {
		return whole - at
	}
	return end - at
}

// blocks cuts an array into boxes of whole cells of a grid, no larger than limit bytes
// unless a cell is. They are as long as can be along the last axes.
func blocks(g nd.Grid, item, limit int) iter.Seq[nd.Box] {
	return func(yield func(nd.Box) bool) {
		shape, cell := g.Shape(), g.Largest()
		block := make([]int, len(shape))
		size := item
		for i, n := range shape {
			block[i] = min(cell[i], n)
			size *= max(block[i], 1)
		}
		for i := len(shape) - 1; i >= 0 && size > 0; i-- {
			if block[i] == 0 {
				return
			}
			part := size / block[i]
			if n := limit / part / cell[i] * cell[i]; n > block[i] {
				block[i] = min(n, shape[i])
			}
			size = part * block[i]
			if block[i] < shape[i] {
				break
			}
		}
		for i, n := range shape {
			if block[i] == n { // though its last cell reaches beyond
				block[i] = math.MaxInt
			}
		}
		g := g.Merge(block)
		for i := range g.Len() {
			if !yield(g.Cell(g.Coords(i, nil))) {
				return
			}
		}
	}
}
