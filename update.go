package dosna

import (
	"context"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/internal/bufpool"
	"github.com/dosna/dosna/internal/slots"
	"github.com/dosna/dosna/nd"
)

// Update replaces the elements of a box by what f makes of them: increments, sums,
// whatever depends on the elements before. f is called for the part of the box in
// every stored object, by several goroutines at a time: In and Out are the same
// memory. If somebody else changes the object meanwhile, f is called again with the
// new content, so that no change by anybody is lost; what it does besides counts
// for nothing until Update returns.
//
// After an error some stored objects may have been changed, and others not. It is
// ErrUnknownOutcome where that cannot be told: a store's reply was lost, and to do
// it again might be to do it twice. f must not write to the object that it works
// on, which would wait for itself.
func (d *Dataset) Update(ctx context.Context, box nd.Box, f func(ctx context.Context, b Block) error) error {
	d = d.now()
	r, err := nd.BoxSelection(box).Resolve(d.doc.Shape)
	if err == nil {
		pieces := r.Pieces(d.grid)
		err = d.modify(ctx, pieces, func(shape []int) bool { return inside(pieces, shape) }, f)
	}
	if err != nil {
		return d.errorf("update", err)
	}
	return nil
}

// Apply replaces all elements by what f makes of them: Update of the whole dataset,
// stored or not. On an engine of several ranks each does its share, and all have to
// call Apply.
func (d *Dataset) Apply(ctx context.Context, f func(ctx context.Context, b Block) error) error {
	d = d.now()
	r, err := nd.BoxSelection(nd.Full(d.doc.Shape)).Resolve(d.doc.Shape)
	if err == nil {
		err = d.modify(ctx, r.Pieces(d.grid), nil, f)
	}
	if err != nil {
		return d.errorf("apply to", err)
	}
	return nil
}

func (d *Dataset) modify(ctx context.Context, pieces *nd.Pieces, written func(shape []int) bool, f func(ctx context.Context, b Block) error) error {
	if err := d.fixed(); err != nil {
		return err
	}
	part := d.field
	d, err := d.toWriteElements(ctx, written)
	if err != nil {
		return err
	}
	e := d.c.o.engine()
	if written != nil {
		e = d.c.o.local()
	}
	halo := make([]int, d.NDim())
	stored, decoded := d.holds()
	return d.wrote(ctx, d.c.run(ctx, e, pieces.Len(), 2*stored+decoded, func(ctx context.Context, i int) error {
		p := pieces.At(i)
		d, err := d.at(p.Cell)
		if err != nil {
			return err
		}
		key := d.key(p.Cell)
		local := d.grid.Local(p.Cell, p.Box)
		v, buf, err := hold(local.Shape, d.item())
		if err != nil {
			return err
		}
		defer bufpool.Put(buf)
		return d.change(ctx, key, edit{function: true, part: func(old codec.Source) (nd.Box, nd.View, error) {
			if err := d.was(ctx, old, local, v, key); err != nil {
				return local, v, err
			}
			if part == nil {
				return local, v, f(slots.Keep(ctx), Block{Box: p.Box, In: v, Out: v, Halo: halo})
			}
			one, buf, err := hold(local.Shape, part.Type.Size())
			if err != nil {
				return local, v, err
			}
			defer bufpool.Put(buf)
			nd.Copy(one, part.in(v))
			err = f(slots.Keep(ctx), Block{Box: p.Box, In: one, Out: one, Halo: halo})
			nd.Copy(part.in(v), one)
			return local, v, err
		}})
	}))
}
