package nd

import (
	"fmt"
	"math"
	"slices"
)

// NewRectilinear returns a grid whose cells have the lengths that edges lists
// along each axis, one after the other from the array's beginning. Where an
// axis has a nil list, or edges is nil, all cells have the length in chunk.
//
// A list has to reach the end of its axis; cells behind that are not of the
// grid. It is not kept.
func NewRectilinear(shape, chunk []int, edges [][]int) (Grid, error) {
	if edges != nil && len(edges) != len(shape) {
		return Grid{}, fmt.Errorf("lists of chunk lengths along %d axes where the array's shape %v has %d", len(edges), shape, len(shape))
	}
	chunk = slices.Clone(chunk)
	for axis, list := range edges {
		if list == nil || axis >= len(chunk) {
			continue
		}
		if chunk[axis] = 1; len(list) > 0 {
			chunk[axis] = slices.Max(list)
		}
	}
	g, err := NewGrid(shape, chunk)
	if err != nil {
		return Grid{}, err
	}
	for axis, list := range edges {
		if list == nil {
			continue
		}
		if err := g.vary(axis, list); err != nil {
			return Grid{}, err
		}
	}
	return g, nil
}

// vary gives the cells along an axis the lengths of a list, unless they all have
// the same.
func (g *Grid) vary(axis int, list []int) error {
	sum, count := 0, 0
	for i, n := range list {
		if n < 1 {
			return fmt.Errorf("chunk %d has the length %d along axis %d; it must be at least 1", i, n, axis)
		}
		if n > math.MaxInt-sum {
			return fmt.Errorf("the chunk lengths along axis %d add up to more than 63 bits hold", axis)
		}
		if sum < g.shape[axis] {
			count++
		}
		sum += n
	}
	if sum < g.shape[axis] {
		return fmt.Errorf("the chunk lengths along axis %d add up to %d where the array's length is %d", axis, sum, g.shape[axis])
	}
	if len(list) == 0 || slices.Min(list) == g.chunk[axis] {
		return nil
	}
	bounds := make([]int, count+1)
	for i, n := range list[:count] {
		bounds[i+1] = bounds[i] + n
	}
	g.set(axis, bounds)
	return nil
}

// set gives an axis the bounds of its cells.
func (g *Grid) set(axis int, bounds []int) {
	if g.bounds == nil {
		g.bounds = make([][]int, len(g.shape))
	}
	g.bounds[axis], g.counts[axis] = bounds, len(bounds)-1
}

// search is Find where axes differ.
func (g *Grid) search(axis, i int) int {
	if g.bounds[axis] == nil {
		return i / g.chunk[axis]
	}
	c, found := slices.BinarySearch(g.bounds[axis], i)
	if !found {
		c--
	}
	return c
}

// varies reports whether the cells along an axis have several lengths.
func (g *Grid) varies(axis int) bool { return g.bounds != nil && g.bounds[axis] != nil }

// Merge returns a grid over the same array whose cells are made of whole cells
// of g: along each axis of as many neighbours as are together no longer than
// most says, and of one at least.
func (g Grid) Merge(most []int) Grid {
	m := Grid{shape: g.shape, chunk: slices.Clone(g.chunk), counts: slices.Clone(g.counts)}
	for axis, n := range g.shape {
		if g.varies(axis) {
			m.join(axis, g.bounds[axis], most[axis])
			continue
		}
		m.chunk[axis] *= max(most[axis]/g.chunk[axis], 1)
		if n > 0 {
			m.counts[axis] = (n-1)/m.chunk[axis] + 1
		}
	}
	return m
}

// join gives an axis cells made of those between bounds.
func (g *Grid) join(axis int, bounds []int, most int) {
	joined := []int{0}
	for _, end := range bounds[1:] {
		if last := len(joined) - 1; last > 0 && end-joined[last-1] <= most {
			joined[last] = end
		} else {
			joined = append(joined, end)
		}
	}
	for i, begin := range joined[:len(joined)-1] {
		g.chunk[axis] = max(g.chunk[axis], joined[i+1]-begin)
	}
	g.set(axis, joined)
}

// Transpose returns the grid over an array whose axis i is axis perm[i] of g's.
func (g Grid) Transpose(perm []int) Grid {
	pick := func(list []int) []int {
		out := make([]int, len(perm))
		for i, axis := range perm {
			out[i] = list[axis]
		}
		return out
	}
	t := Grid{shape: pick(g.shape), chunk: pick(g.chunk), counts: pick(g.counts)}
	for i, axis := range perm {
		if g.varies(axis) {
			t.set(i, g.bounds[axis])
		}
	}
	return t
}

// Equal reports whether two grids have the same cells, stored in the same shapes.
func (g Grid) Equal(o Grid) bool {
	if !slices.Equal(g.shape, o.shape) {
		return false
	}
	for axis := range g.shape {
		switch a, b := g.varies(axis), o.varies(axis); {
		case a != b:
			return false
		case a && !slices.Equal(g.bounds[axis], o.bounds[axis]), !a && g.chunk[axis] != o.chunk[axis]:
			return false
		}
	}
	return true
}
