package ops

import (
	"context"
	"fmt"
	"slices"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/engine"
	"github.com/dosna/dosna/internal/bufpool"
	"github.com/dosna/dosna/nd"
)

// Downsample fills dst, of the same type, with src made smaller by the factors;
// dst's shape is that of [Reducer.Shape]. Each stored object of dst is written
// once, and each worker holds one with the chunks of src that one chunk of it is
// made of.
//
// On an engine of several ranks each does its share, and all have to call
// Downsample.
func Downsample(ctx context.Context, dst, src *dosna.Dataset, factors []int, how Reduction) error {
	r, err := NewReducer(src.Type(), factors, how)
	switch {
	case err != nil:
	case len(factors) != src.NDim():
		err = fmt.Errorf("%d factors for %d axes", len(factors), src.NDim())
	case dst.Type() != src.Type() || !slices.Equal(dst.Shape(), r.Shape(src.Shape())):
		err = fmt.Errorf("%s %v, where %s %v is due", dst.Type(), dst.Shape(), src.Type(), r.Shape(src.Shape()))
	}
	if err != nil {
		return fmt.Errorf("downsample %s into %s: %w: %w", src, dst, dosna.ErrInvalid, err)
	}
	o := src.Connection().Options()
	serial := o
	serial.Engine, serial.Progress = engine.CPU(), nil
	s := &sampling{r, dst.With(serial), src.With(serial)}
	grid := dst.Grid()
	tick := progress(o, grid.Len())
	return s.src.Run(ctx, o.Engine, grid.Len(), 2*blockBytes(dst, dst.Type().Size()), func(ctx context.Context, i int) error {
		defer tick()
		return s.fill(ctx, grid.Cell(grid.Coords(i, nil)))
	}, s.dst)
}

type sampling struct {
	*Reducer
	dst, src *dosna.Dataset
}

// fill makes one stored object of dst, chunk by chunk.
func (s *sampling) fill(ctx context.Context, cell nd.Box) error {
	item := s.t.Size()
	buf := bufpool.Get(cell.Size() * item)
	defer bufpool.Put(buf)
	out := nd.NewView(*buf, cell.Shape, item)
	chunks, err := nd.NewGrid(cell.Shape, s.dst.Chunks())
	if err != nil {
		return err
	}
	for i := range chunks.Len() {
		part := chunks.Cell(chunks.Coords(i, nil))
		if err := s.reduceBox(ctx, part.Shift(cell.Start), out.Sub(part)); err != nil {
			return err
		}
	}
	return s.dst.WriteBox(ctx, cell, out)
}

// reduceBox computes a box of dst.
func (s *sampling) reduceBox(ctx context.Context, box nd.Box, dst nd.View) error {
	shape := s.src.Shape()
	from := nd.Box{Start: slices.Clone(box.Start), Shape: slices.Clone(box.Shape)}
	for i, f := range s.factors {
		from.Start[i] *= f
		from.Shape[i] = min(from.Shape[i]*f, shape[i]-from.Start[i])
	}
	buf := bufpool.Get(from.Size() * dst.Item)
	defer bufpool.Put(buf)
	in := nd.NewView(*buf, from.Shape, dst.Item)
	if err := s.src.ReadBox(ctx, from, in); err != nil {
		return err
	}
	return s.Reduce(dst, in)
}
