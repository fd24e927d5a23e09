package dosna

import (
	"context"
	"fmt"
	"slices"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/engine"
	"github.com/dosna/dosna/internal/bufpool"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
)

// Array is anything that boxes of elements can be read from, by several
// goroutines at a time: a Dataset, an array in a file, one in memory.
type Array interface {
	Shape() []int
	Type() dtype.Type
	// ReadBox fills dst, which has the box's shape.
	ReadBox(ctx context.Context, box nd.Box, dst nd.View) error
}

// InMemory makes an Array of elements in C order.
func InMemory[T dtype.Element](shape []int, elements []T) (Array, error) {
	n, ok := nd.Size(shape)
	if !ok || n != len(elements) {
		return nil, fmt.Errorf("%w: %d elements for an array of shape %v", ErrInvalid, len(elements), shape)
	}
	t := dtype.Of[T]()
	return memory{t, nd.NewView(dtype.Bytes(elements), slices.Clone(shape), t.Size())}, nil
}

type memory struct {
	t dtype.Type
	v nd.View
}

func (m memory) Shape() []int     { return slices.Clone(m.v.Shape) }
func (m memory) Type() dtype.Type { return m.t }

func (m memory) ReadBox(_ context.Context, box nd.Box, dst nd.View) error {
	nd.Copy(dst, m.v.Sub(box))
	return nil
}

// Load fills the whole dataset from an array of the same shape and type, one
// stored object at a time on each worker. On an engine of several ranks each
// does its share, and all have to call Load.
func (d *Dataset) Load(ctx context.Context, from Array) error {
	d = d.now()
	if err := d.c.o.writable("load " + d.String()); err != nil {
		return err
	}
	if from.Type() != d.doc.Type {
		return d.errorf("load", fmt.Errorf("%w: the source has elements of %s, and the dataset of %s", ErrInvalid, from.Type(), d.doc.Type))
	}
	if !slices.Equal(from.Shape(), d.doc.Shape) {
		return d.errorf("load", fmt.Errorf("%w: the source has the shape %v, and the dataset %v", ErrInvalid, from.Shape(), d.doc.Shape))
	}
	tick := d.c.o.meter(d.grid.Len())
	err := d.c.o.engine().Run(ctx, d.grid.Len(), engine.RunOptions{}, func(ctx context.Context, i int) error {
		defer tick()
		k := d.chunk(d.grid.Coords(i, nil))
		if m, ok := from.(memory); ok {
			return d.writeCell(ctx, k.key, m.v.Sub(k.box))
		}
		buf := bufpool.Get(k.box.Size() * d.doc.Type.Size())
		defer bufpool.Put(buf)
		v := nd.NewView(*buf, k.box.Shape, d.doc.Type.Size())
		if err := from.ReadBox(ctx, k.box, v); err != nil {
			return err
		}
		return d.writeCell(ctx, k.key, v)
	})
	if err != nil {
		return d.errorf("load", err)
	}
	return d.c.durable(ctx)
}

// Clone creates a dataset of the same shape, type, layout, fill value and
// attributes in the same tree, at a path relative to the connection's start,
// and copies the elements into it if data is true.
func (d *Dataset) Clone(ctx context.Context, path string, data bool) (*Dataset, error) {
	out, err := d.c.createDataset(ctx, d.c.start, path, d.Spec())
	if err != nil || !data {
		return out, err
	}
	return out, d.CopyTo(ctx, out)
}

// CopyTo copies all elements to a dataset of the same shape and type, in any
// store. Stored objects are copied as they are where both have the same layout
// and codecs, unless that would carry damage over: see Verify.
func (d *Dataset) CopyTo(ctx context.Context, dst *Dataset) error {
	d, dst = d.now(), dst.now()
	if !d.sameLayout(dst) {
		return dst.With(d.c.o).Load(ctx, d.serial())
	}
	if err := dst.c.o.writable("copy to " + dst.String()); err != nil {
		return err
	}
	if dst.path == d.path && dst.c.store == d.c.store {
		return d.errorf("copy", fmt.Errorf("%w: onto itself", ErrInvalid))
	}
	var chunks []*Chunk
	for k, err := range d.StoredChunks(ctx) {
		if err != nil {
			return err
		}
		chunks = append(chunks, k)
	}
	err := dst.c.removeChunks(ctx, dst.path, dst.doc, nil)
	if err != nil {
		return d.errorf("copy", err)
	}
	tick := d.c.o.meter(len(chunks))
	err = d.c.o.engine().Run(ctx, len(chunks), engine.RunOptions{}, func(ctx context.Context, i int) error {
		defer tick()
		return d.copyObject(ctx, chunks[i], dst)
	})
	if err != nil {
		return d.errorf("copy", err)
	}
	return dst.c.durable(ctx)
}

func (d *Dataset) copyObject(ctx context.Context, k *Chunk, dst *Dataset) error {
	to := dst.key(k.coords)
	if d.c.store == dst.c.store {
		_, err := store.Copy(ctx, d.c.store, k.key, to, store.Cond{})
		return err
	}
	buf := bufpool.Get(0)
	defer bufpool.Put(buf)
	out, _, err := d.c.store.Get(ctx, k.key, store.GetOptions{Max: int64(d.chain.MaxStored())}, (*buf)[:0])
	*buf = out[:0]
	if err != nil {
		return err
	}
	if d.Checked() && d.c.o.Verify == VerifyFull {
		if err := d.chain.Check(ctx, codec.Bytes(out)); err != nil {
			return d.fault(k.key, err)
		}
	}
	_, err = dst.c.store.Put(ctx, to, [][]byte{out}, store.Cond{})
	return err
}

func (d *Dataset) sameLayout(o *Dataset) bool {
	same := func(a, b codec.Spec) bool { return a.Name == b.Name && string(a.Config) == string(b.Config) }
	return slices.Equal(d.doc.Shape, o.doc.Shape) && slices.Equal(d.doc.Chunks, o.doc.Chunks) && d.doc.Type == o.doc.Type &&
		slices.Equal(d.doc.Fill, o.doc.Fill) && slices.EqualFunc(d.doc.Codecs, o.doc.Codecs, same)
}

// serial is the dataset as an Array whose boxes are read on the caller's
// goroutine.
func (d *Dataset) serial() Array { return serialArray{d} }

type serialArray struct{ *Dataset }

func (s serialArray) ReadBox(ctx context.Context, box nd.Box, dst nd.View) error {
	return s.readSerial(ctx, box, dst)
}
