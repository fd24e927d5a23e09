package hdf5

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
)

// Index is where the chunks of a dataset lie, for finding them by their place. It does not change and may be used by
// many goroutines; it needs 24 bytes for each chunk that is stored.
type Index struct {
	grid   []int
	chunks []indexed // by number
}

type indexed struct {
	number uint64 // in C order of the grid
	addr   uint64
	size   uint32
	mask   uint32
}

// mostIndexed bounds the chunks of an index: it is in memory as a whole.
const mostIndexed = 1 << 27

// Index reads the index of a chunked dataset, once.
func (d *Dataset) Index(ctx context.Context) (*Index, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.index != nil {
		return d.index, nil
	}
	x := &Index{}
	for i, n := range d.Layout.Chunk {
		x.grid = append(x.grid, ceil(d.Space.Shape[i], n))
	}
	if d.Space.Len() > 0 {
		for c, err := range d.Chunks(ctx) {
			switch {
			case err != nil:
				return nil, d.object.wrap(err)
			case len(x.chunks) >= mostIndexed:
				return nil, d.object.wrap(fmt.Errorf("%w: more than %d chunks", ErrUnsupported, mostIndexed))
			case c.Size >= 1<<32:
				return nil, d.object.wrap(fmt.Errorf("%w: a chunk of %d bytes", ErrUnsupported, c.Size))
			}
			x.chunks = append(x.chunks, indexed{x.number(c.Coord), c.Addr, uint32(c.Size), c.Mask})
		}
	}
	slices.SortStableFunc(x.chunks, func(a, b indexed) int { return cmp.Compare(a.number, b.number) })
	for i := 1; i < len(x.chunks); i++ {
		if x.chunks[i].number == x.chunks[i-1].number {
			return nil, d.object.wrap(fmt.Errorf("%w: the chunk %v is stored twice", ErrCorrupt, x.coord(x.chunks[i].number)))
		}
	}
	d.index = x
	return x, nil
}

func (x *Index) number(coord []int) uint64 {
	n := uint64(0)
	for i, at := range coord {
		n = n*uint64(x.grid[i]) + uint64(at)
	}
	return n
}

func (x *Index) coord(number uint64) []int {
	out := make([]int, len(x.grid))
	coord(int(number), x.grid, out)
	return out
}

// Len is the number of chunks that are stored.
func (x *Index) Len() int { return len(x.chunks) }

// Grid is the number of chunks along each dimension. It is not to be changed.
func (x *Index) Grid() []int { return x.grid }

// Find returns the chunk at a place in the grid, if it is stored.
func (x *Index) Find(coord []int) (Chunk, bool) {
	if len(coord) != len(x.grid) {
		return Chunk{}, false
	}
	for i, at := range coord {
		if at < 0 || at >= x.grid[i] {
			return Chunk{}, false
		}
	}
	i, ok := slices.BinarySearchFunc(x.chunks, x.number(coord), func(c indexed, n uint64) int { return cmp.Compare(c.number, n) })
	if !ok {
		return Chunk{}, false
	}
	return x.chunks[i].chunk(coord), true
}

func (c indexed) chunk(coord []int) Chunk {
	return Chunk{Coord: coord, Addr: c.addr, Size: int(c.size), Mask: c.mask}
}

// All yields the chunks that are stored, in C order of the grid.
func (x *Index) All() iter.Seq[Chunk] {
	return func(yield func(Chunk) bool) {
		for _, c := range x.chunks {
			if !yield(c.chunk(x.coord(c.number))) {
				return
			}
		}
	}
}
