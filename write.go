package dosna

import (
	"context"
	"fmt"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/bufpool"
	"github.com/dosna/dosna/nd"
)

// Write assigns values to a selection: as many as are selected, in C order of
// the selection's shape, or one for all of them. T is the dataset's element
// type. A selection that names an element several times gives it the last of
// its values. The values must not change meanwhile. After an error some stored
// objects may have been written to and others not; each is as it was or as it
// was to be.
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
	if err == nil {
		err = d.fixed()
	}
	if err != nil {
		return d.errorf("write", err)
	}
	item := d.item()
	v := nd.NewView(src, r.Shape, item)
	if len(src) == item {
		v = nd.NewView(src, nil, item)
	} else if len(src)%item != 0 || len(src)/item != r.Size() {
		return d.errorf("write", fmt.Errorf("%w: %d bytes for a selection of shape %v, which has %d elements of %d", ErrInvalid, len(src), r.Shape, r.Size(), item))
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
	v, err := src.Broadcast(r.Shape)
	if err != nil {
		return d.errorf("write", fmt.Errorf("%w: %w", ErrInvalid, err))
	}
	if r.Size() == 0 {
		return nil
	}
	canon, ok := r.Canonical(v)
	if !ok {
		flat, buf, err := hold(r.Shape, v.Item)
		if err != nil {
			return d.errorf("write", err)
		}
		defer bufpool.Put(buf)
		nd.Copy(flat, v)
		return d.writeRegion(ctx, r, flat)
	}
	pieces := r.Pieces(d.grid)
	w, err := d.toWriteElements(ctx, func(shape []int) bool { return inside(pieces, shape) })
	if err == nil {
		stored, decoded := w.holds()
		err = w.wrote(ctx, w.c.run(ctx, w.c.o.local(), pieces.Len(), 2*stored+decoded, func(ctx context.Context, i int) error {
			return w.writePiece(ctx, pieces.At(i), canon, d.field)
		}))
	}
	if err != nil {
		return d.errorf("write", err)
	}
	return nil
}

// inside reports whether pieces lie within a shape.
func inside(p *nd.Pieces, shape []int) bool {
	for i := range p.Len() {
		box := p.At(i).Box
		for axis, n := range shape {
			if box.Stop(axis) > n {
				return false
			}
		}
	}
	return true
}

// writePiece writes what a selection has in one stored object: elements, or a field of them.
func (d *Dataset) writePiece(ctx context.Context, p nd.Piece, canon nd.View, f *field) error {
	part, free := d.part()
	defer free()
	k, err := part.at(p.Cell)
	if err != nil {
		return err
	}
	key := k.key(p.Cell)
	box := k.grid.Local(p.Cell, p.Box)
	v, direct := p.Direct(canon)
	if direct = direct && f == nil; !direct {
		held, buf, err := hold(box.Shape, k.item())
		if err != nil {
			return err
		}
		defer bufpool.Put(buf)
		v = held
	}
	if p.Covers() && f == nil {
		if !direct {
			p.Scatter(v, canon)
		}
		return k.writeCell(ctx, key, v)
	}
	return k.change(ctx, key, edit{part: func(old codec.Source) (nd.Box, nd.View, error) {
		if !direct { // the box has elements that are not selected, or other fields
			if err := k.was(ctx, old, box, v, key); err != nil {
				return box, v, err
			}
			p.Scatter(f.in(v), canon)
		}
		return box, v, nil
	}})
}
