package dosna

import (
	"context"
	"fmt"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/engine"
	"github.com/dosna/dosna/internal/bufpool"
	"github.com/dosna/dosna/nd"
)

// Write assigns values to a selection: as many as are selected, in C order of
// the selection's shape, or one for all of them. T is the dataset's element
// type. A selection that names an element several times gives it the last of
// its values.
func Write[T dtype.Element](ctx context.Context, d *Dataset, sel nd.Selection, values []T) error {
	if err := hasType[T](d); err != nil {
		return d.errorf("write", err)
	}
	return d.WriteRaw(ctx, sel, dtype.Bytes(values))
}

// WriteRaw assigns elements given as bytes in the machine's byte order: as many
// as are selected, or one for all of them.
func (d *Dataset) WriteRaw(ctx context.Context, sel nd.Selection, src []byte) error {
	d = d.now()
	r, err := sel.Resolve(d.doc.Shape)
	if err != nil {
		return d.errorf("write", err)
	}
	item := d.doc.Type.Size()
	v := nd.NewView(src, r.Shape, item)
	if len(src) == item {
		v = nd.NewView(src, nil, item)
	} else if len(src) != r.Size()*item {
		return d.errorf("write", fmt.Errorf("%w: %d bytes for a selection of shape %v, which has %d", ErrInvalid, len(src), r.Shape, r.Size()*item))
	}
	return d.writeRegion(ctx, r, v)
}

// WriteView assigns the elements of a view, which is broadcast to the
// selection's shape as NumPy does. They must not change meanwhile.
func (d *Dataset) WriteView(ctx context.Context, sel nd.Selection, src nd.View) error {
	d = d.now()
	r, err := sel.Resolve(d.doc.Shape)
	if err == nil {
		err = d.checkView(src)
	}
	if err != nil {
		return d.errorf("write", err)
	}
	return d.writeRegion(ctx, r, src)
}

// WriteBox assigns the elements of a view to a box.
func (d *Dataset) WriteBox(ctx context.Context, box nd.Box, src nd.View) error {
	return d.WriteView(ctx, nd.BoxSelection(box), src)
}

func (d *Dataset) writeRegion(ctx context.Context, r *nd.Region, src nd.View) error {
	if err := d.c.o.writable("write " + d.String()); err != nil {
		return err
	}
	v, err := src.Broadcast(r.Shape)
	if err != nil {
		return d.errorf("write", fmt.Errorf("%w: %w", ErrInvalid, err))
	}
	if r.Size() == 0 {
		return nil
	}
	canon, ok := r.Canonical(v)
	if !ok {
		buf := bufpool.Get(r.Size() * v.Item)
		defer bufpool.Put(buf)
		flat := nd.NewView(*buf, r.Shape, v.Item)
		nd.Copy(flat, v)
		return d.writeRegion(ctx, r, flat)
	}
	pieces := r.Pieces(d.grid)
	tick := d.c.o.meter(pieces.Len())
	err = d.c.o.local().Run(ctx, pieces.Len(), engine.RunOptions{}, func(ctx context.Context, i int) error {
		err := d.writePiece(ctx, pieces.At(i), canon)
		tick()
		return err
	})
	if err != nil {
		return d.errorf("write", err)
	}
	return d.c.durable(ctx)
}

// writePiece writes what a selection has in one stored object.
func (d *Dataset) writePiece(ctx context.Context, p nd.Piece, canon nd.View) error {
	key := d.key(p.Cell)
	box := p.Box.Sub(d.grid.Cell(p.Cell).Start)
	v, direct := p.Direct(canon)
	if !direct {
		buf := bufpool.Get(box.Size() * canon.Item)
		defer bufpool.Put(buf)
		v = nd.NewView(*buf, box.Shape, canon.Item)
	}
	if p.Covers() {
		if !direct {
			p.Scatter(v, canon)
		}
		return d.writeCell(ctx, key, v)
	}
	return d.change(ctx, key, func(old codec.Source) (nd.Box, nd.View, error) {
		if !direct { // the box has elements that are not selected
			if old == nil {
				nd.Fill(v, d.doc.Fill)
			} else if err := d.chain.Read(ctx, old, box, v); err != nil {
				return box, v, d.fault(key, err)
			}
			p.Scatter(v, canon)
		}
		return box, v, nil
	})
}
