package hdf5

import (
	"context"
	"fmt"

	"github.com/dosna/dosna/hdf5/filter"
	"github.com/dosna/dosna/internal/bufpool"
	"github.com/dosna/dosna/nd"
)

// Read fills dst with the elements of a box, in C order and as they are in the file: see [Elements] for
// what they are. What was never written has the fill value.
func (d *Dataset) Read(ctx context.Context, box nd.Box, dst []byte) error {
	if len(box.Start) != len(d.Space.Shape) || !nd.Full(d.Space.Shape).Contains(box) && !box.Empty() {
		return fmt.Errorf("the box %v is not in the shape %v", box, d.Space.Shape)
	}
	if n := min(box.Size(), d.Space.Len()) * d.Type.Size; n != len(dst) {
		return fmt.Errorf("%d bytes for %d of elements", len(dst), n)
	}
	if len(dst) == 0 {
		return ctx.Err()
	}
	return d.object.wrap(d.read(ctx, box, nd.NewView(dst, box.Shape, d.Type.Size)))
}

func (d *Dataset) read(ctx context.Context, box nd.Box, v nd.View) error {
	if d.Space.Null || v.Size() == 0 {
		return nil
	}
	switch d.Layout.Class {
	case Compact:
		nd.Copy(v, nd.NewView(d.Layout.Data, d.Space.Shape, d.Type.Size).Sub(box))
		return nil
	case Contiguous:
		return d.readContiguous(ctx, box, v)
	case Chunked:
		return d.readChunks(ctx, box, v)
	}
	return d.readVirtual(ctx, box, v)
}

// FillValue returns an element that was never written, as it is in the file.
func (d *Dataset) FillValue() []byte {
	if d.Fill.Value != nil {
		return d.Fill.Value
	}
	return make([]byte, d.Type.Size)
}

// readContiguous reads the runs of a box.
func (d *Dataset) readContiguous(ctx context.Context, box nd.Box, v nd.View) error {
	if d.Layout.Addr == undefined && len(d.Files) == 0 {
		nd.Fill(v, d.FillValue())
		return nil
	}
	mem, packed := v.Contiguous()
	if !packed {
		mem = make([]byte, v.Size()*v.Item)
	}
	// The innermost dimensions that are wanted whole make one run.
	shape := d.Space.Shape
	run, outer := d.Type.Size, len(shape)
	for outer > 0 {
		outer--
		run *= box.Shape[outer]
		if box.Shape[outer] != shape[outer] {
			break
		}
	}
	at := make([]int, outer)
	for rest := mem; len(rest) > 0; rest = rest[run:] {
		off := 0
		for i := range shape {
			off = off*shape[i] + box.Start[i]
			if i < outer {
				off += at[i]
			}
		}
		if err := d.bytesAt(ctx, int64(off)*int64(d.Type.Size), rest[:run]); err != nil {
			return err
		}
		for i := outer - 1; i >= 0; i-- {
			if at[i]++; at[i] < box.Shape[i] {
				break
			}
			at[i] = 0
		}
	}
	if !packed {
		nd.Copy(v, nd.NewView(mem, v.Shape, v.Item))
	}
	return nil
}

// bytesAt reads a run of a contiguous dataset.
func (d *Dataset) bytesAt(ctx context.Context, off int64, p []byte) error {
	f := d.object.file
	if len(d.Files) == 0 {
		return f.ReadAt(ctx, p, d.Layout.Addr+uint64(off))
	}
	for _, e := range d.Files {
		if e.Size >= 0 && off >= int64(e.Size) {
			off -= int64(e.Size)
			continue
		}
		n := len(p)
		if e.Size >= 0 {
			n = int(min(int64(n), int64(e.Size)-off))
		}
		if err := f.besideAt(ctx, e, off, p[:n]); err != nil {
			return err
		}
		if p, off = p[n:], 0; len(p) == 0 {
			return nil
		}
	}
	return fmt.Errorf("%w: the external files end before the elements", ErrCorrupt)
}

// ReadAt reads what lies at an address of the file.
func (f *File) ReadAt(ctx context.Context, p []byte, addr uint64) error {
	size := f.src.Size() - f.base
	if addr > uint64(size) || int64(len(p)) > size-int64(addr) {
		return fmt.Errorf("%w: %d bytes at address %d are beyond its end", ErrCorrupt, len(p), addr)
	}
	return f.src.ReadAt(ctx, p, f.base+int64(addr))
}

// readChunks reads the chunks that a box is in.
func (d *Dataset) readChunks(ctx context.Context, box nd.Box, v nd.View) error {
	index, err := d.Index(ctx)
	if err != nil {
		return err
	}
	chunk := d.Layout.Chunk
	rank := len(chunk)
	first, last := make([]int, rank), make([]int, rank)
	for i, n := range chunk {
		first[i], last[i] = box.Start[i]/n, (box.Stop(i)-1)/n
	}
	at := append([]int(nil), first...)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		whole := nd.Box{Start: make([]int, rank), Shape: chunk}
		for i := range rank {
			whole.Start[i] = at[i] * chunk[i]
		}
		part, _ := whole.Intersect(box)
		into := v.Sub(part.Sub(box.Start))
		if c, ok := index.Find(at); !ok {
			nd.Fill(into, d.FillValue())
		} else if err := d.chunkInto(ctx, c, part.Sub(whole.Start), into); err != nil {
			return fmt.Errorf("the chunk %v: %w", at, err)
		}
		i := rank - 1
		for ; i >= 0; i-- {
			if at[i]++; at[i] <= last[i] {
				break
			}
			at[i] = first[i]
		}
		if i < 0 {
			return nil
		}
	}
}

// mostChunk bounds the bytes of a chunk.
const mostChunk = 1 << 30

// chunkInto decodes a chunk and copies a box of it.
func (d *Dataset) chunkInto(ctx context.Context, c Chunk, box nd.Box, into nd.View) error {
	chunk := nd.Full(d.Layout.Chunk)
	size := chunk.Size() * d.Type.Size
	if size > mostChunk {
		return fmt.Errorf("%w: a chunk of %d bytes, more than %d", ErrUnsupported, size, mostChunk)
	}
	stored := bufpool.Get(c.Size)
	defer bufpool.Put(stored)
	if err := d.object.file.ReadAt(ctx, *stored, c.Addr); err != nil {
		return err
	}
	var memory []byte
	if size <= max(256*c.Size, 1<<20) { // else memory is taken as it is filled
		held := bufpool.Get(size)
		defer bufpool.Put(held)
		memory = *held
	}
	plain, err := d.Decode(memory, *stored, c)
	if err != nil {
		return err
	}
	nd.Copy(into, nd.NewView(plain, chunk.Shape, d.Type.Size).Sub(box))
	return nil
}

// Decode undoes the filters of a stored chunk, and returns its elements, all of them also where it reaches over an edge. They are
// in dst if that has room, or are stored itself.
func (d *Dataset) Decode(dst, stored []byte, c Chunk) ([]byte, error) {
	size := nd.Full(d.Layout.Chunk).Size() * d.Type.Size
	mask := c.Mask
	if d.Plain(c.Coord) {
		mask = ^uint32(0)
	}
	d.bind.Do(func() { d.pipeline = filter.Bind(d.Filters) })
	out, err := d.pipeline.Decode(dst, stored, mask, size)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return out, nil
}

// Plain tells whether a chunk is stored without filters because it reaches over an edge.
func (d *Dataset) Plain(coord []int) bool {
	if !d.Layout.PlainAt {
		return false
	}
	for i, at := range coord {
		if (at+1)*d.Layout.Chunk[i] > d.Space.Shape[i] {
			return true
		}
	}
	return false
}
