package dosna

import (
	"context"
	"fmt"
	"slices"

	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/engine"
	"github.com/dosna/dosna/internal/bufpool"
	"github.com/dosna/dosna/internal/prefault"
	"github.com/dosna/dosna/nd"
)

// Read reads a selection into dst, whose length is the number of elements
// selected; they come in C order of the result's shape. T is the dataset's
// element type (see dtype.Holds). After an error dst may have been filled in part.
func Read[T dtype.Element](ctx context.Context, d *Dataset, sel nd.Selection, dst []T) error {
	if err := hasType[T](d); err != nil {
		return d.errorf("read", err)
	}
	return d.ReadRaw(ctx, sel, dtype.Bytes(dst))
}

// maxResult is the size in bytes of results that no machine has the memory for.
const maxResult = 1 << 46

// ReadAll reads a selection into new memory, in C order of the result's shape.
func ReadAll[T dtype.Element](ctx context.Context, d *Dataset, sel nd.Selection) ([]T, error) {
	if err := hasType[T](d); err != nil {
		return nil, d.errorf("read", err)
	}
	d = d.now()
	r, err := sel.Resolve(d.doc.Shape)
	if err != nil {
		return nil, d.errorf("read", err)
	}
	if r.Size() > maxResult/d.item() {
		return nil, d.errorf("read", fmt.Errorf("%w: a selection of shape %v is too large for memory; read it in parts", ErrInvalid, r.Shape))
	}
	dst := make([]T, r.Size())
	raw := dtype.Bytes(dst)
	if err := d.prefault(ctx, raw); err != nil {
		return nil, d.errorf("read", err)
	}
	return dst, d.readRegion(ctx, r, nd.NewView(raw, r.Shape, d.item()))
}

// prefault has the workers ask for the pages of new memory, if it is large. Tasks
// that write to the same pages then find them.
func (d *Dataset) prefault(ctx context.Context, b []byte) error {
	n := prefault.Stretches(len(b))
	if n == 0 {
		return nil
	}
	return d.c.o.local().Run(ctx, n, engine.RunOptions{}, func(_ context.Context, i int) error {
		prefault.Stretch(b, i)
		return nil
	})
}

func hasType[T dtype.Element](d *Dataset) error {
	if !dtype.Holds[T](d.Type()) {
		if err := d.fixed(); err != nil {
			return err
		}
		return fmt.Errorf("%w: its elements are %s, and the Go type is for %s", ErrInvalid, d.Type(), dtype.Of[T]())
	}
	return nil
}

// ReadRaw reads a selection into dst, whose length is the number of bytes of
// the elements selected, in the machine's byte order.
func (d *Dataset) ReadRaw(ctx context.Context, sel nd.Selection, dst []byte) error {
	d = d.now()
	r, err := sel.Resolve(d.doc.Shape)
	if err == nil {
		err = d.fixed()
	}
	if err != nil {
		return d.errorf("read", err)
	}
	if item := d.item(); len(dst)%item != 0 || len(dst)/item != r.Size() {
		return d.errorf("read", fmt.Errorf("%w: %d bytes of memory for a selection of shape %v, which has %d elements of %d", ErrInvalid, len(dst), r.Shape, r.Size(), item))
	}
	return d.readRegion(ctx, r, nd.NewView(dst, r.Shape, d.item()))
}

// ReadView reads a selection into memory of any layout: dst has the result's
// shape.
func (d *Dataset) ReadView(ctx context.Context, sel nd.Selection, dst nd.View) error {
	d = d.now()
	r, err := sel.Resolve(d.doc.Shape)
	if err == nil {
		err = d.checkView(dst)
	}
	if err == nil && !slices.Equal(dst.Shape, r.Shape) {
		err = fmt.Errorf("%w: memory of shape %v for a selection of shape %v", ErrInvalid, dst.Shape, r.Shape)
	}
	if err != nil {
		return d.errorf("read", err)
	}
	return d.readRegion(ctx, r, dst)
}

// ReadBox reads a box into memory of its shape.
func (d *Dataset) ReadBox(ctx context.Context, box nd.Box, dst nd.View) error {
	return d.ReadView(ctx, nd.BoxSelection(box), dst)
}

func (d *Dataset) checkView(v nd.View) error {
	if err := d.fixed(); err != nil {
		return err
	}
	if err := v.Check(); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if v.Item != d.item() {
		return fmt.Errorf("%w: elements of %d bytes in memory, and of %d in the dataset", ErrInvalid, v.Item, d.item())
	}
	return nil
}

func (d *Dataset) readRegion(ctx context.Context, r *nd.Region, dst nd.View) error {
	if r.Size() == 0 {
		return nil
	}
	canon, ok := r.Canonical(dst)
	if !ok { // axes of points that lie apart in dst
		flat, buf, err := hold(r.Shape, dst.Item)
		if err != nil {
			return d.errorf("read", err)
		}
		defer bufpool.Put(buf)
		if err := d.readRegion(ctx, r, flat); err != nil {
			return err
		}
		nd.Copy(dst, flat)
		return nil
	}
	job := d.reading(r, canon)
	bytes, _ := d.holds()
	err := d.c.run(ctx, d.c.o.local(), job.pieces.Len(), bytes, job.task)
	if err == nil {
		err = job.settle(ctx)
	}
	if err != nil {
		return d.errorf("read", err)
	}
	return nil
}
