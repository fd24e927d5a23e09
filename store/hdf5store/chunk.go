package hdf5store

import (
	"context"
	"encoding/binary"
	"fmt"
	"iter"
	"math"
	"slices"

	"github.com/dosna/dosna/hdf5"
	"github.com/dosna/dosna/hdf5/filter"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/present"
)

// mostChunk bounds the bytes of a chunk that is made in memory.
const mostChunk = 1 << 30

// Rank implements present.Array.
func (a *array) Rank() int { return len(a.grid) }

// Chunk implements present.Array.
func (a *array) Chunk(ctx context.Context, coord []int) (present.Object, error) {
	for i, at := range coord {
		if at < 0 || at >= a.grid[i] {
			return present.Object{}, store.ErrNotExist
		}
	}
	coord = coord[:len(a.shape)] // array types are one chunk
	o, stored, err := a.place(ctx, coord)
	if err == nil && o.Size < 0 {
		coord = slices.Clone(coord)
		o.Make = func(ctx context.Context) ([]byte, error) {
			data, err := a.made(ctx, coord, stored)
			return data, damaged(err)
		}
	}
	return o, damaged(err)
}

// toMake returns the object of a chunk that has to be made.
func (a *array) toMake() present.Object { return present.Object{File: a.t.src, Size: -1} }

// place returns where a chunk within the grid is, or that it has to be made, of what is stored.
func (a *array) place(ctx context.Context, coord []int) (o present.Object, stored hdf5.Chunk, err error) {
	if a.d.Space.Null {
		return o, stored, store.ErrNotExist
	}
	switch a.d.Layout.Class {
	case hdf5.Chunked:
		index, err := a.d.Index(ctx)
		if err != nil {
			return o, stored, err
		}
		var ok bool
		if stored, ok = index.Find(coord); !ok {
			return o, stored, store.ErrNotExist
		}
		if a.there && (len(a.d.Filters) == 0 || stored.Mask == 0 && !a.d.Plain(coord)) {
			return present.Object{File: a.t.src, Off: a.d.Base() + int64(stored.Addr), Size: int64(stored.Size)}, stored, nil
		}
	case hdf5.Contiguous:
		if a.d.Layout.Addr == hdf5.Undefined && len(a.d.Files) == 0 {
			return o, stored, store.ErrNotExist
		}
		start := make([]int, len(coord))
		for i, at := range coord {
			start[i] = at * a.chunk[i]
		}
		o, ok, err := a.run(ctx, a.d, start, a.chunk)
		if ok || err != nil {
			return o, stored, err
		}
	case hdf5.Virtual:
		o, err := a.tile(ctx, coord)
		return o, stored, err
	}
	return a.toMake(), stored, nil
}

// made makes a chunk of what is in the file.
func (a *array) made(ctx context.Context, coord []int, stored hdf5.Chunk) ([]byte, error) {
	if a.piped && stored.Size > 0 {
		mask := stored.Mask
		if a.d.Plain(coord) {
			mask = filter.Unfiltered
		}
		out := filter.AppendMask(nil, mask)
		at := len(out)
		out = append(out, make([]byte, stored.Size)...)
		return out, a.t.src.ReadAt(ctx, out[at:], a.d.Base()+int64(stored.Addr))
	}
	whole := nd.Box{Start: make([]int, len(coord)), Shape: a.chunk}
	for i, at := range coord {
		whole.Start[i] = at * a.chunk[i]
	}
	box, _ := whole.Intersect(nd.Full(a.shape))
	if len(coord) == 0 {
		box = whole
	}
	item := a.d.Type.Size
	if n, ok := nd.Size(whole.Shape); !ok || item > 0 && n > mostChunk/item {
		return nil, fmt.Errorf("%w: chunks of shape %v with elements of %d bytes: at most %d bytes are made at once", hdf5.ErrUnsupported, whole.Shape, item, mostChunk)
	}
	raw := make([]byte, whole.Size()*item)
	if box.Equal(whole) {
		if err := a.d.Read(ctx, box, raw); err != nil {
			return nil, err
		}
	} else {
		part := make([]byte, box.Size()*item)
		if err := a.d.Read(ctx, box, part); err != nil {
			return nil, err
		}
		all := nd.NewView(raw, whole.Shape, item)
		nd.Fill(all, a.d.FillValue())
		nd.Copy(all.Sub(box.Sub(whole.Start)), nd.NewView(part, box.Shape, item))
	}
	switch {
	case a.e.Texts:
		texts, err := a.t.file.Texts(ctx, a.e, raw)
		if err != nil {
			return nil, err
		}
		return vlen(texts)
	case a.piped:
		return append(filter.AppendMask(nil, filter.Unfiltered), raw...), nil
	case a.there && len(a.filters) > 0: // only a filter is missing, or it is of several chunks
		return filter.Encode(a.filters, raw)
	case a.there: // the edge of what is there
		return raw, nil
	}
	n, _ := nd.Size(a.e.Shape)
	out := make([]byte, whole.Size()*n*a.e.Type.Size())
	a.e.Convert(out, raw)
	return out, nil
}

// vlen writes texts as the codec vlen-utf8 does: their number, and each behind its length, in 32 bits.
func vlen(texts []string) ([]byte, error) {
	total := 4
	for _, t := range texts {
		total += 4 + len(t)
	}
	if total > mostChunk || len(texts) > math.MaxUint32 {
		return nil, fmt.Errorf("%w: texts of %d bytes in a chunk: at most %d are made at once", hdf5.ErrUnsupported, total, mostChunk)
	}
	out := binary.LittleEndian.AppendUint32(make([]byte, 0, total), uint32(len(texts)))
	for _, t := range texts {
		out = binary.LittleEndian.AppendUint32(out, uint32(len(t)))
		out = append(out, t...)
	}
	return out, nil
}

// Chunks implements present.Array. How large a chunk is that has to be made is found out by making it.
func (a *array) Chunks(ctx context.Context) iter.Seq2[present.Listed, error] {
	return func(yield func(present.Listed, error) bool) {
		more := make([]int, len(a.grid)-len(a.shape))
		give := func(coord []int) bool {
			return yield(present.Listed{Coord: coord, Info: store.Info{Size: -1}}, nil)
		}
		switch {
		case a.d.Space.Null, a.d.Layout.Class == hdf5.Contiguous && a.d.Layout.Addr == hdf5.Undefined && len(a.d.Files) == 0,
			slices.Contains(a.grid, 0):
			return
		case a.d.Layout.Class == hdf5.Chunked:
			index, err := a.d.Index(ctx)
			if err != nil {
				yield(present.Listed{}, damaged(err))
				return
			}
			for c := range index.All() {
				if !give(append(c.Coord, more...)) {
					return
				}
			}
			return
		}
		at := make([]int, len(a.grid))
		for {
			if !give(at) {
				return
			}
			i := len(at) - 1
			for ; i >= 0; i-- {
				if at[i]++; at[i] < a.grid[i] {
					break
				}
				at[i] = 0
			}
			if i < 0 {
				return
			}
		}
	}
}
