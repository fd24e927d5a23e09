package hdf5

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
)

// Chunk is one that is stored.
type Chunk struct {
	Coord []int  // in the grid of chunks, not in elements
	Addr  uint64 // in the file, from File.Base
	Size  int    // bytes stored
	Mask  uint32 // bit i is set if the filter i was left out
}

// errEnough stops a walk when no more chunks are wanted.
type errEnough struct{}

func (errEnough) Error() string { return "enough" }

// Chunks yields the chunks that are stored, in the order of the index, each with a Coord of its
// own. A chunk that is not among them has the fill value. Chunks outside of the dataset, which is
// smaller than it was, are left out.
func (d *Dataset) Chunks(ctx context.Context) iter.Seq2[Chunk, error] {
	return func(yield func(Chunk, error) bool) {
		l := d.Layout
		if l.Class != Chunked {
			yield(Chunk{}, fmt.Errorf("%w: only chunked datasets have chunks", ErrUnsupported))
			return
		}
		w := &chunkWalk{d: d, f: d.object.file, yield: yield}
		err := w.prepare()
		if err == nil && l.addr != undefined && d.Space.Len() > 0 {
			switch l.index {
			case indexTree1:
				err = w.tree1(ctx, l.addr, -1)
			case indexSingle:
				err = w.single()
			case indexImplicit:
				err = w.implicit()
			case indexFixed:
				err = w.fixed(ctx)
			case indexExtensible:
				err = w.extensible(ctx)
			case indexTree2:
				err = w.tree2(ctx)
			}
		}
		if err != nil && !errors.Is(err, errEnough{}) {
			yield(Chunk{}, fmt.Errorf("the index of chunks: %w", err))
		}
	}
}

// chunkWalk reads one index.
type chunkWalk struct {
	d     *Dataset
	f     *File
	yield func(Chunk, error) bool
	grid  []int // chunks along each dimension now
	most  []int // and at most; -1: without bound
	bytes int   // of a chunk without filters
	nodes int   // read so far, of a tree
	given int64 // chunks so far
}

func (w *chunkWalk) prepare() error {
	l, s := w.d.Layout, w.d.Space
	if len(l.Chunk) != len(s.Shape) || len(l.Chunk) == 0 {
		return fmt.Errorf("%w: chunks of %d dimensions in a dataset of %d", ErrCorrupt, len(l.Chunk), len(s.Shape))
	}
	w.bytes = l.elementSize
	for i, n := range l.Chunk {
		w.bytes *= n // cursor.chunkShape has looked that it does not overflow
		w.grid = append(w.grid, ceil(s.Shape[i], n))
		if s.Max[i] < 0 {
			w.most = append(w.most, -1)
		} else {
			w.most = append(w.most, ceil(s.Max[i], n))
		}
	}
	return nil
}

func ceil(n, by int) int {
	if n == 0 {
		return 0
	}
	return (n-1)/by + 1
}

// give yields a chunk whose Coord may be used again.
func (w *chunkWalk) give(c Chunk) error {
	if w.given++; w.given > w.f.src.Size() {
		return fmt.Errorf("%w: more chunks than the file has room for", ErrCorrupt)
	}
	if c.Addr == undefined {
		return nil
	}
	for i, at := range c.Coord {
		if at < 0 || at >= w.grid[i] {
			return nil
		}
	}
	if err := w.f.within(c.Addr, 0); err != nil {
		return err
	}
	if size := w.f.src.Size() - w.f.base; c.Size < 0 || int64(c.Size) > size-int64(c.Addr) {
		return fmt.Errorf("%w: the chunk %v has %d bytes at address %d, beyond the file's end", ErrCorrupt, c.Coord, c.Size, c.Addr)
	}
	c.Coord = slices.Clone(c.Coord)
	if !w.yield(c, nil) {
		return errEnough{}
	}
	return nil
}

func (w *chunkWalk) single() error {
	l := w.d.Layout
	c := Chunk{Coord: make([]int, len(w.grid)), Addr: l.addr, Size: w.bytes}
	if l.filtered {
		c.Size, c.Mask = l.single.Size, l.single.Mask
	}
	return w.give(c)
}

// coord works out the place of a chunk from its number, in C order of a grid, or of what the
// grid may grow to.
func coord(number int, grid, into []int) {
	for i := len(grid) - 1; i >= 0; i-- {
		if i == 0 || grid[i] < 0 { // the slowest may be without bound
			into[i] = number
			return
		}
		into[i], number = number%grid[i], number/grid[i]
	}
}

// implicit chunks lie one after the other (section VII.C, "Implicit").
func (w *chunkWalk) implicit() error {
	at := make([]int, len(w.grid))
	total := 1
	for _, n := range w.most {
		if n < 0 || n > 0 && total > mostChunks/n {
			return fmt.Errorf("%w: an implicit index of %v chunks", ErrCorrupt, w.most)
		}
		total *= n
	}
	if err := w.f.within(w.d.Layout.addr, 0); err != nil {
		return err
	}
	if size := w.f.src.Size() - w.f.base - int64(w.d.Layout.addr); int64(total) > size/int64(w.bytes) {
		return fmt.Errorf("%w: %d chunks of %d bytes are beyond its end", ErrCorrupt, total, w.bytes)
	}
	for number := range total {
		coord(number, w.most, at)
		if err := w.give(Chunk{Coord: at, Addr: w.d.Layout.addr + uint64(number)*uint64(w.bytes), Size: w.bytes}); err != nil {
			return err
		}
	}
	return nil
}

// mostChunks bounds the chunks of a dataset.
const mostChunks = 1 << 40

// tree1 walks a B-tree of version 1 (section III.A.1), of which this node has to be at a level; -1 is any.
func (w *chunkWalk) tree1(ctx context.Context, addr uint64, level int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if w.nodes++; int64(w.nodes) > w.f.src.Size()/24+1 {
		return fmt.Errorf("%w: the nodes of a B-tree are part of each other", ErrCorrupt)
	}
	o := w.f.sizes.offset
	c, err := w.f.structure(ctx, addr, 8+2*o, "TREE")
	if err != nil {
		return err
	}
	kind, at, n := c.u8(), c.u8(), c.u16()
	if kind != 1 || level >= 0 && at != level {
		return fmt.Errorf("%w: a node of a B-tree of type %d and level %d, where 1 and %d belong", ErrCorrupt, kind, at, level)
	}
	rank := len(w.grid)
	key := 8 + 8*(rank+1)
	head := 8 + 2*o
	if c, err = w.f.structure(ctx, addr, head+n*(key+o)+key, "TREE"); err != nil {
		return err
	}
	c.at = head
	if at > 0 {
		w.f.aheadOf(ctx, c, n, key, key+o, head+64*(key+o)+key)
	}
	place := make([]int, rank)
	for range n {
		chunk := Chunk{Coord: place, Size: c.u32(), Mask: uint32(c.u32())}
		for i := range rank {
			off := c.number(8)
			if extent := uint64(w.d.Layout.Chunk[i]); off%extent == 0 {
				place[i] = int(min(off/extent, 1<<62))
			} else {
				c.fail("a chunk at element %d where chunks have %d", off, extent)
			}
		}
		c.skip(8)
		chunk.Addr = c.address()
		if c.err != nil {
			return c.err
		}
		if at > 0 {
			err = w.tree1(ctx, chunk.Addr, at-1)
		} else {
			err = w.give(chunk)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// tree2 walks a B-tree of version 2 (records of type 10 and 11).
func (w *chunkWalk) tree2(ctx context.Context) error {
	kind, size := 10, 0
	if w.filtered() {
		kind, size = 11, w.sizeWidth()
	}
	place := make([]int, len(w.grid))
	for record, err := range w.f.records(ctx, w.d.Layout.addr, kind) {
		if err != nil {
			return err
		}
		c := w.f.cursor(record)
		chunk := Chunk{Coord: place, Addr: c.address(), Size: w.bytes}
		if kind == 11 {
			chunk.Size, chunk.Mask = int(c.number(size)), uint32(c.u32())
		}
		for i := range place {
			place[i] = int(min(c.number(8), 1<<62))
		}
		if c.err != nil {
			return c.err
		}
		if err := w.give(chunk); err != nil {
			return err
		}
	}
	return nil
}

func (w *chunkWalk) filtered() bool { return len(w.d.Filters) > 0 }

// sizeWidth is the number of bytes in which sizes of filtered chunks are stored.
func (w *chunkWalk) sizeWidth() int {
	if w.d.Layout.wide {
		return w.f.sizes.length
	}
	return min(1+(bitLen(w.bytes)-1+8)/8, 8)
}
