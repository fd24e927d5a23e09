package hdf5store

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"

	"github.com/dosna/dosna/hdf5"
	"github.com/dosna/dosna/hdf5/filter"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
)

// mostChunk bounds the bytes of a chunk that is made in memory.
const mostChunk = 1 << 30

// chunk returns the chunk of an array at a place in its grid.
func (s *Store) chunk(ctx context.Context, n *node, key string, coord []int) (object, error) {
	for i, at := range coord {
		if at < 0 || at >= n.array.grid[i] {
			return object{}, store.ErrNotExist
		}
	}
	o, stored, err := s.place(ctx, n, coord)
	if err == nil && o.made {
		o, err = s.madeKept(ctx, n, key, coord, stored)
	}
	return o, err
}

// place returns where a chunk within the grid is, or that it has to be made, of what is stored.
func (s *Store) place(ctx context.Context, n *node, coord []int) (o object, stored hdf5.Chunk, err error) {
	a := n.array
	coord = coord[:len(a.shape)] // array types are one chunk
	if a.d.Space.Null {
		return object{}, stored, store.ErrNotExist
	}
	switch a.d.Layout.Class {
	case hdf5.Chunked:
		index, err := a.d.Index(ctx)
		if err != nil {
			return object{}, stored, err
		}
		var ok bool
		if stored, ok = index.Find(coord); !ok {
			return object{}, stored, store.ErrNotExist
		}
		if a.there && (len(a.d.Filters) == 0 || stored.Mask == 0 && !a.d.Plain(coord)) {
			return object{src: s.src, off: a.d.Base() + int64(stored.Addr), size: int64(stored.Size)}, stored, nil
		}
	case hdf5.Contiguous:
		if a.d.Layout.Addr == hdf5.Undefined && len(a.d.Files) == 0 {
			return object{}, stored, store.ErrNotExist
		}
		start := make([]int, len(coord))
		for i, at := range coord {
			start[i] = at * a.chunk[i]
		}
		o, ok, err := s.run(ctx, a, a.d, start, a.chunk)
		if ok || err != nil {
			return o, stored, err
		}
	case hdf5.Virtual:
		o, err := s.tile(ctx, a, coord)
		return o, stored, err
	}
	return object{made: true}, stored, nil
}

// madeKept makes a chunk, and keeps it for a while.
func (s *Store) madeKept(ctx context.Context, n *node, key string, coord []int, stored hdf5.Chunk) (object, error) {
	s.mu.Lock()
	data := s.kept.data[key]
	s.mu.Unlock()
	if data == nil {
		var err error
		if data, err = s.made(ctx, n.array, coord[:len(n.array.shape)], stored); err != nil {
			return object{}, err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.kept.add(key, data)
	}
	return object{data: data, size: int64(len(data))}, nil
}

// made makes a chunk of what is in the file.
func (s *Store) made(ctx context.Context, a *array, coord []int, stored hdf5.Chunk) ([]byte, error) {
	if a.piped && stored.Size > 0 {
		mask := stored.Mask
		if a.d.Plain(coord) {
			mask = filter.Unfiltered
		}
		out := filter.AppendMask(nil, mask)
		at := len(out)
		out = append(out, make([]byte, stored.Size)...)
		return out, s.src.ReadAt(ctx, out[at:], a.d.Base()+int64(stored.Addr))
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
		texts, err := s.file.Texts(ctx, a.e, raw)
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
