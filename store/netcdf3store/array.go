package netcdf3store

import (
	"context"
	"iter"

	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/netcdf3"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/present"
)

// array is how a variable is read. It implements present.Array.
type array struct {
	src    *present.File
	v      *netcdf3.Variable
	t      dtype.Type
	fill   []byte // an element, big-endian
	stride int64  // bytes from one place along the first dimension to the next
	chunk  []int
	grid   nd.Grid
}

// A record is a chunk, so that files put together along the unlimited dimension have chunks of one length. Others are of many records: of a
// variable that is in one piece, if records have less than ownRecord bytes; and of more than manyRecords records that have at most smallRecord bytes, of
// which a request, and a reference, for each would cost as much, unless they are more than mostSmall together.
const (
	ownRecord   = 64 << 10
	smallRecord = 512
	manyRecords = 10_000
	smallChunk  = 1 << 20
	mostSmall   = 32 << 20
)

func (t *tree) array(v *netcdf3.Variable) (*array, error) {
	a := &array{src: t.src, v: v, t: types[v.Type]}
	item := a.t.Size()
	a.fill = make([]byte, item)
	for _, at := range v.Attributes {
		if at.Name == fillName && at.Type == v.Type && len(at.Data) >= item {
			copy(a.fill, at.Data)
		}
	}
	most := present.PieceSize / item
	switch {
	case !v.Record:
		a.chunk = present.Pieces(v.Shape, item, most)
		if len(v.Shape) > 0 {
			a.stride = v.Bytes / int64(max(v.Shape[0], 1))
		}
	case t.file.RecordSize == v.Bytes && v.Bytes < ownRecord: // in one piece
		a.chunk = present.Pieces(v.Shape, item, most)
		a.stride = v.Bytes
	case v.Bytes <= smallRecord && v.Shape[0] > manyRecords && v.Bytes*int64(v.Shape[0]) <= mostSmall:
		a.chunk = append(present.Pieces(v.Shape[:1], int(v.Bytes), smallChunk/int(v.Bytes)), v.Shape[1:]...)
		a.stride = t.file.RecordSize
	default:
		a.chunk = append([]int{1}, present.Pieces(v.Shape[1:], item, most)...)
		a.stride = t.file.RecordSize
	}
	var err error
	a.grid, err = nd.NewGrid(v.Shape, a.chunk)
	return a, err
}

// Rank implements present.Array.
func (a *array) Rank() int { return len(a.v.Shape) }

// Chunk implements present.Array.
func (a *array) Chunk(_ context.Context, coord []int) (present.Object, error) {
	for i, n := range a.grid.Counts() {
		if coord[i] >= n {
			return present.Object{}, store.ErrNotExist
		}
	}
	whole, box := a.boxes(coord)
	o := present.Object{File: a.src, Size: a.size()}
	if off, rest := a.run(box); rest == 1 && box.Equal(whole) {
		o.Off = off
		return o, nil
	}
	o.Make = func(ctx context.Context) ([]byte, error) { return a.made(ctx, whole, box) }
	return o, nil
}

// size is the bytes of a chunk.
func (a *array) size() int64 { return int64(nd.Full(a.chunk).Size()) * int64(a.t.Size()) }

// boxes returns the box of a chunk, and the part of that in the array.
func (a *array) boxes(coord []int) (whole, box nd.Box) {
	whole = nd.Box{Start: make([]int, len(coord)), Shape: a.chunk}
	for i, at := range coord {
		whole.Start[i] = at * a.chunk[i]
	}
	if len(coord) == 0 {
		return whole, whole
	}
	box, _ = whole.Intersect(nd.Full(a.v.Shape))
	return whole, box
}

// run returns where a box begins in the file, and in how many runs of bytes it is, each stride behind the other.
func (a *array) run(box nd.Box) (off int64, runs int) {
	inner := int64(0)
	for i, at := range box.Start {
		if i > 0 {
			inner = inner*int64(a.v.Shape[i]) + int64(at)
		}
	}
	off = a.v.Begin + inner*int64(a.t.Size())
	runs = 1
	if len(box.Start) > 0 {
		off += int64(box.Start[0]) * a.stride
		if natural := int64(nd.Full(a.v.Shape[1:]).Size()) * int64(a.t.Size()); a.stride != natural {
			runs = box.Shape[0]
		}
	}
	return off, runs
}

// made makes a chunk: what is in the file of it, and the fill value elsewhere. Apart from the first dimension a box is in one piece.
func (a *array) made(ctx context.Context, whole, box nd.Box) ([]byte, error) {
	off, runs := a.run(box)
	item := a.t.Size()
	part := make([]byte, box.Size()*item)
	spans := make([]nd.Span, runs)
	n := len(part) / runs
	for i := range spans {
		spans[i] = nd.Span{Off: off + int64(i)*a.stride, Dst: part[i*n : (i+1)*n]}
	}
	if err := a.src.ReadSpans(ctx, spans); err != nil {
		return nil, err
	}
	if box.Equal(whole) {
		return part, nil
	}
	out := make([]byte, a.size())
	all := nd.NewView(out, whole.Shape, item)
	nd.Fill(all, a.fill)
	nd.Copy(all.Sub(box.Sub(whole.Start)), nd.NewView(part, box.Shape, item))
	return out, nil
}

// Chunks implements present.Array.
func (a *array) Chunks(_ context.Context) iter.Seq2[present.Listed, error] {
	return func(yield func(present.Listed, error) bool) {
		info := a.src.Info()
		info.Size = a.size()
		var coord []int
		for i := range a.grid.Len() {
			coord = a.grid.Coords(i, coord)
			if !yield(present.Listed{Coord: coord, Info: info}, nil) {
				return
			}
		}
	}
}
