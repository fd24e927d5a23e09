package nd

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
)

// Grid says how an array is cut into cells: chunks, shards or the parts of a
// shard. Cells are named by one coordinate per axis. The cells at an array's
// far edges may reach beyond it.
//
// Along each axis cells have one length, but for the axes of a rectilinear grid
// whose cells were given a length each.
//
// An axis of length 0 has no cells, and an array without axes has exactly one.
// The zero value is the grid of an array without axes.
type Grid struct {
	shape, chunk, counts []int   // chunk: the longest cell along each axis
	bounds               [][]int // where cells begin, and the last one ends, along an axis where they differ; nil if there is none
}

// NewGrid returns the regular grid of cells of shape chunk over an array.
func NewGrid(shape, chunk []int) (Grid, error) {
	if len(shape) != len(chunk) {
		return Grid{}, fmt.Errorf("chunk shape %v has %d dimensions where the array's shape %v has %d", chunk, len(chunk), shape, len(shape))
	}
	counts := make([]int, len(shape))
	for i, n := range shape {
		if n < 0 {
			return Grid{}, fmt.Errorf("array shape %v has the negative length %d along axis %d", shape, n, i)
		}
		if chunk[i] < 1 {
			return Grid{}, fmt.Errorf("chunk shape %v has the length %d along axis %d; it must be at least 1", chunk, chunk[i], i)
		}
		if n > 0 {
			counts[i] = (n-1)/chunk[i] + 1
		}
	}
	return Grid{shape: slices.Clone(shape), chunk: slices.Clone(chunk), counts: counts}, nil
}

// Shape returns the array's shape. The slice is the grid's own.
func (g Grid) Shape() []int { return g.shape }

// NDim returns the number of axes.
func (g Grid) NDim() int { return len(g.shape) }

// Counts returns the number of cells along each axis. The slice is the grid's
// own.
func (g Grid) Counts() []int { return g.counts }

// Len returns the number of cells, or math.MaxInt if there are more.
func (g Grid) Len() int { return saturatedSize(g.counts) }

// Cell returns the part of the array inside the cell at coords, which must be
// of the grid (see Contains).
func (g Grid) Cell(coords []int) Box {
	b := newBox(len(coords))
	for i, c := range coords {
		b.Start[i], b.Shape[i] = g.extent(i, c)
	}
	return b
}

// Local returns a box of the array in coordinates of the cell at coords.
func (g Grid) Local(coords []int, b Box) Box {
	start := slices.Clone(b.Start)
	for i, c := range coords {
		start[i] -= g.begin(i, c)
	}
	return Box{start, b.Shape}
}

// CellShape returns the shape of the cell at coords, including what reaches
// beyond the array: the shape in which the cell is stored.
func (g Grid) CellShape(coords []int) []int {
	shape := slices.Clone(g.chunk)
	for i, b := range g.bounds {
		if b != nil {
			shape[i] = b[coords[i]+1] - b[coords[i]]
		}
	}
	return shape
}

// Largest returns the shape that holds any cell, including what reaches beyond
// the array: the longest length along each axis. That of a regular grid is the
// shape of every cell.
func (g Grid) Largest() []int { return slices.Clone(g.chunk) }

// Regular reports whether all cells have the same shape.
func (g Grid) Regular() bool { return g.bounds == nil }

// Find returns the coordinate along axis of the cell that holds index i.
func (g Grid) Find(axis, i int) int { return g.find(axis, i) }

// Floor returns where the cell begins that holds index i along axis.
func (g Grid) Floor(axis, i int) int { return g.begin(axis, g.find(axis, i)) }

// find is Find. It and those below, which are called for every piece, do not copy the
// grid.
func (g *Grid) find(axis, i int) int {
	if g.bounds == nil {
		return i / g.chunk[axis]
	}
	return g.search(axis, i)
}

// begin returns where cell c begins along axis.
func (g *Grid) begin(axis, c int) int {
	if g.bounds != nil && g.bounds[axis] != nil {
		return g.bounds[axis][c]
	}
	return c * g.chunk[axis]
}

// extent returns where cell c begins along axis and its length in the array.
func (g *Grid) extent(axis, c int) (start, n int) {
	if g.bounds != nil && g.bounds[axis] != nil {
		b := g.bounds[axis]
		return b[c], min(b[c+1], g.shape[axis]) - b[c]
	}
	start = c * g.chunk[axis]
	return start, min(g.chunk[axis], g.shape[axis]-start)
}

// Coords appends to dst[:0] the coordinates of the cell that is flat-th in C
// order, 0 ≤ flat < Len.
func (g Grid) Coords(flat int, dst []int) []int {
	dst = append(dst[:0], g.counts...)
	for i := len(dst) - 1; i >= 0; i-- {
		flat, dst[i] = flat/g.counts[i], flat%g.counts[i]
	}
	return dst
}

// Flat is the inverse of Coords. It is meaningful where Len is below
// math.MaxInt.
func (g Grid) Flat(coords []int) int {
	flat := 0
	for i, c := range coords {
		flat = flat*g.counts[i] + c
	}
	return flat
}

// Contains returns nil if coords name a cell of the grid, and otherwise why not.
func (g Grid) Contains(coords []int) error {
	if len(coords) != len(g.counts) {
		return fmt.Errorf("chunk %v has %d coordinates where the array has %d dimensions", coords, len(coords), len(g.counts))
	}
	for i, c := range coords {
		if c < 0 || c >= g.counts[i] {
			return fmt.Errorf("chunk %v lies outside the grid: axis %d has %d chunks, numbered from 0", coords, i, g.counts[i])
		}
	}
	return nil
}

// saturatedSize returns the product of lengths that are not negative, or
// math.MaxInt if it is larger.
func saturatedSize(shape []int) int {
	if slices.Contains(shape, 0) {
		return 0
	}
	n := uint64(1)
	for _, s := range shape {
		hi, lo := bits.Mul64(n, uint64(s))
		if hi != 0 || lo > math.MaxInt {
			return math.MaxInt
		}
		n = lo
	}
	return int(n)
}
