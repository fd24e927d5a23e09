package dosna

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/engine"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/zarr"
)

func isNotExist(err error) bool { return errors.Is(err, ErrNotExist) }

// Resize changes the lengths of the axes. What is cut off is gone: growing
// again shows fill values.
func (d *Dataset) Resize(ctx context.Context, shape []int) error {
	if len(shape) != d.NDim() {
		return d.errorf("resize", fmt.Errorf("%w: the shape %v has %d dimensions, and the dataset %d", ErrInvalid, shape, len(shape), d.NDim()))
	}
	_, err := d.reshape(ctx, func([]int) ([]int, error) { return slices.Clone(shape), nil })
	if err != nil {
		return d.errorf("resize", err)
	}
	return d.c.durable(ctx)
}

// Append makes room at the end of an axis and writes the values there, which
// have the dataset's shape in all other axes. It returns the index along the
// axis at which they begin. Several writers may append at the same time: each
// gets its own room.
func (d *Dataset) Append(ctx context.Context, axis int, values nd.View) (int, error) {
	if axis < -d.NDim() || axis >= d.NDim() {
		return 0, d.errorf("append to", fmt.Errorf("%w: there is no axis %d of %d", ErrInvalid, axis, d.NDim()))
	}
	if axis < 0 {
		axis += d.NDim()
	}
	if err := d.checkView(values); err != nil {
		return 0, d.errorf("append to", err)
	}
	if len(values.Shape) != d.NDim() {
		return 0, d.errorf("append to", fmt.Errorf("%w: values of shape %v have %d dimensions, and the dataset %d", ErrInvalid, values.Shape, len(values.Shape), d.NDim()))
	}
	old, err := d.reshape(ctx, func(shape []int) ([]int, error) {
		grown := slices.Clone(shape)
		for i, n := range values.Shape {
			if i != axis && n != shape[i] {
				return nil, fmt.Errorf("%w: values of shape %v do not fit behind shape %v along axis %d", ErrInvalid, values.Shape, shape, axis)
			}
		}
		grown[axis] += values.Shape[axis]
		return grown, nil
	})
	if err != nil {
		return 0, d.errorf("append to", err)
	}
	at := old[axis]
	box := nd.Box{Start: make([]int, d.NDim()), Shape: values.Shape}
	box.Start[axis] = at
	return at, d.WriteBox(ctx, box, values)
}

// reshape changes the stored shape by a function and returns the one before.
func (d *Dataset) reshape(ctx context.Context, change func(shape []int) ([]int, error)) ([]int, error) {
	var before []int
	var fresh *Dataset
	err := d.c.update(ctx, d.path, func(doc zarr.Document) error {
		a, ok := doc.(*zarr.Array)
		if !ok {
			return fmt.Errorf("%w: it has become a group", ErrInvalid)
		}
		before = slices.Clone(a.Shape)
		var err error
		a.Shape, err = change(a.Shape)
		if err == nil {
			err = a.Check()
		}
		return err
	}, func(doc zarr.Document) error {
		var err error
		if fresh, err = newDataset(d.handle, doc.(*zarr.Array)); err == nil {
			fresh.latest = d.latest
			d.latest.Store(fresh)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	for i, n := range fresh.doc.Shape {
		if n < before[i] {
			return before, fresh.cut(ctx)
		}
	}
	return before, nil
}

// cut removes what is stored outside the shape: whole objects, and the parts of
// those at the edges.
func (d *Dataset) cut(ctx context.Context) error {
	err := d.c.removeChunks(ctx, d.path, d.doc, func(coords []int) bool { return outside(d.grid, coords) })
	if err != nil {
		return err
	}
	var edges []*Chunk
	for k, err := range d.StoredChunks(ctx) {
		if err != nil {
			return err
		}
		if !slices.Equal(k.box.Shape, d.doc.Chunks) {
			edges = append(edges, k)
		}
	}
	return d.c.o.local().Run(ctx, len(edges), engine.RunOptions{}, func(ctx context.Context, i int) error {
		for axis, n := range edges[i].box.Shape {
			beyond := nd.Full(slices.Clone(d.doc.Chunks))
			beyond.Start[axis], beyond.Shape[axis] = n, beyond.Shape[axis]-n
			if beyond.Empty() {
				continue
			}
			fill := nd.View{Data: d.doc.Fill, Shape: beyond.Shape, Strides: make([]int, d.NDim()), Item: d.doc.Type.Size()}
			err := d.change(ctx, edges[i].key, func(codec.Source) (nd.Box, nd.View, error) { return beyond, fill, nil })
			if err != nil {
				return err
			}
		}
		return nil
	})
}
