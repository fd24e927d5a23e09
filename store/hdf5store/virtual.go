package hdf5store

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"github.com/dosna/dosna/hdf5"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/present"
)

// findLike looks, for a virtual dataset, at one that it has elements from: if these are the same, and its dimensions
// the last ones, chunks are cut as there, and are objects in that file.
func (a *array) findLike(ctx context.Context) error {
	if a.d.Layout.Class != hdf5.Virtual || !a.e.Direct || a.d.Space.Null {
		return nil
	}
	like, err := a.d.Like(ctx)
	if errors.Is(err, store.ErrPermission) { // which is said when it is read
		return nil
	}
	if err != nil || like == nil {
		return err
	}
	rank := len(like.Space.Shape)
	if c := like.Layout.Class; c != hdf5.Chunked && c != hdf5.Contiguous || rank > len(a.shape) || !a.alike(like) {
		return nil
	}
	a.like, a.filters = like, like.Filters
	return nil
}

// alike tells whether a dataset has the array's elements.
func (a *array) alike(d *hdf5.Dataset) bool {
	e, err := d.Type.Elements()
	return err == nil && e.Direct && e.Type == a.e.Type && e.Order == a.e.Order && slices.Equal(e.Shape, a.e.Shape) && d.Type.Size == a.d.Type.Size
}

// likeChunk is the shape of chunks.
func (a *array) likeChunk() []int {
	chunk := a.like.Layout.Chunk
	if a.like.Layout.Class == hdf5.Contiguous {
		chunk = pieces(a.like.Space.Shape, a.d.Type.Size, false)
	}
	out := slices.Repeat([]int{1}, len(a.shape)-len(chunk))
	return append(out, chunk...)
}

// isSame tells whether the chunks of a dataset are as those of the one that the array's are like.
func (a *array) isSame(d *hdf5.Dataset) bool {
	if d == a.like {
		return true
	}
	if same, ok := a.same.Load(d); ok {
		return same.(bool)
	}
	same := d.Layout.Class == a.like.Layout.Class && len(d.Space.Shape) == len(a.like.Space.Shape) && a.alike(d) &&
		slices.Equal(d.Layout.Chunk, a.like.Layout.Chunk) &&
		slices.EqualFunc(d.Filters, a.filters, func(x, y hdf5.Filter) bool { return x.ID == y.ID && slices.Equal(x.Values, y.Values) })
	a.same.Store(d, same)
	return same
}

// tile returns where a chunk of a virtual dataset is, or that it has to be made.
func (a *array) tile(ctx context.Context, coord []int) (present.Object, error) {
	box := nd.Box{Start: make([]int, len(coord)), Shape: a.chunk}
	for i, at := range coord {
		box.Start[i] = at * a.chunk[i]
	}
	box, _ = box.Intersect(nd.Full(a.shape))
	t, ok, err := a.d.Tile(ctx, box)
	switch {
	case err != nil:
		return present.Object{}, err
	case ok && t.Source == nil:
		return present.Object{}, store.ErrNotExist
	case !ok || a.like == nil || !a.there || !a.isSame(t.Source):
		return a.toMake(), nil
	}
	chunk := a.chunk[len(a.chunk)-len(t.Box.Start):]
	for i, n := range t.Box.Shape { // of the dimensions that both have
		if n != box.Shape[len(box.Shape)-len(t.Box.Shape)+i] {
			return a.toMake(), nil
		}
	}
	if t.Source.Layout.Class == hdf5.Contiguous {
		o, ok, err := a.run(ctx, t.Source, t.Box.Start, chunk)
		if err == nil && !ok {
			o = a.toMake()
		}
		return o, err
	}
	at := slices.Clone(t.Box.Start)
	for i, n := range chunk {
		if at[i]%n != 0 {
			return a.toMake(), nil
		}
		at[i] /= n
	}
	index, err := t.Source.Index(ctx)
	if err != nil {
		return present.Object{}, err
	}
	stored, ok := index.Find(at)
	src, isOurs := t.Source.Source().(*present.File)
	switch {
	case !ok && bytes.Equal(t.Source.FillValue(), a.d.FillValue()):
		return present.Object{}, store.ErrNotExist
	case !ok, !isOurs, stored.Size == 0, a.piped && len(a.filters) == 0, len(a.filters) > 0 && (stored.Mask != 0 || t.Source.Plain(at)):
		return a.toMake(), nil
	}
	return present.Object{File: src, Off: t.Source.Base() + int64(stored.Addr), Size: int64(stored.Size)}, nil
}

// run returns where a chunk of a contiguous dataset, or one with raw data in other files, is, if it is there whole.
func (a *array) run(ctx context.Context, d *hdf5.Dataset, start, chunk []int) (present.Object, bool, error) {
	if !a.there {
		return present.Object{}, false, nil
	}
	off, n, whole := 0, 1, true
	for i := len(start) - 1; i >= 0; i-- {
		if d.Space.Shape[i]-start[i] < chunk[i] || !whole && chunk[i] > 1 {
			return present.Object{}, false, nil
		}
		whole = whole && chunk[i] == d.Space.Shape[i]
		n *= chunk[i]
	}
	for i, at := range start {
		off = off*d.Space.Shape[i] + at
	}
	item := int64(d.Type.Size)
	src, at, ok, err := d.Bytes(ctx, int64(off)*item, int64(n)*item)
	if err != nil || !ok {
		return present.Object{}, false, err
	}
	file, ok := src.(*present.File)
	return present.Object{File: file, Off: at, Size: int64(n) * item}, ok, nil
}
