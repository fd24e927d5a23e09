package convert

import (
	"iter"
	"slices"

	"github.com/dosna/dosna/nd"
)

// partGoal is how large parts should be, if stored objects do not make them
// larger: enough for each call to keep all workers busy.
const partGoal = 16 << 20

// runs cuts an array into boxes that are runs of consecutive elements, in order,
// none larger than limit bytes. Where it can, it cuts between cells: their
// shape is cell, and along axis they are counted from -phase[axis].
func runs(shape []int, item, limit int, cell, phase []int) iter.Seq[nd.Box] {
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
		if goal := (partGoal/row/cell[axis] + 1) * cell[axis]; goal < most {
			most = goal
		}
		at := make([]int, len(shape))
		for {
			b := nd.Box{Start: slices.Clone(at), Shape: slices.Clone(shape)}
			for i := range axis {
				b.Shape[i] = 1
			}
			b.Shape[axis] = stretch(at[axis], shape[axis], most, cell[axis], phase[axis])
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

// stretch returns how far to go from position at of an axis of length n: at most
// so far, and to the end of a cell if one is within reach.
func stretch(at, n, most, cell, phase int) int {
	end := min(n-at, most) + at
	if end == n {
		return n - at
	}
	if whole := (end+phase)/cell*cell - phase; whole > at {
		return whole - at
	}
	return end - at
}

// blocks cuts an array into boxes of whole cells, no larger than limit bytes
// unless a cell is. They are as long as can be along the last axes.
func blocks(shape []int, item, limit int, cell []int) iter.Seq[nd.Box] {
	return func(yield func(nd.Box) bool) {
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
		g, err := nd.NewGrid(shape, block)
		if err != nil { // an axis has no length
			return
		}
		for i := range g.Len() {
			if !yield(g.Cell(g.Coords(i, nil))) {
				return
			}
		}
	}
}
