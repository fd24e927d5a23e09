package dosna

import (
	"context"
	"fmt"
	"slices"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/bufpool"
	"github.com/dosna/dosna/internal/slots"
	"github.com/dosna/dosna/nd"
)

// Array is anything that boxes of elements can be read from, by several
// goroutines at a time: a Dataset, an array in a file, one in memory.
type Array interface {
	Shape() []int
	Type() dtype.Type
	// ReadBox fills dst, which has the box's shape.
	ReadBox(ctx context.Context, box nd.Box, dst nd.View) error
}

// BlockArray is an Array of elements that may have any length, for which ReadBox is of
// no use.
type BlockArray interface {
	Array
	// ReadBlock reads a selection (a box, where it is called here).
	ReadBlock(ctx context.Context, sel nd.Selection) (codec.Block, error)
}

// InMemory makes an Array of elements in C order, which it does not copy.
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

// Load fills the whole dataset from an array of the same shape and type (a BlockArray
// where elements have any length), one
// stored object at a time on each worker. On an engine of several ranks each
// does its share, and all have to call Load.
func (d *Dataset) Load(ctx context.Context, from Array) error {
	d = d.now()
	if from.Type() != d.Type() {
		return d.errorf("load", fmt.Errorf("%w: the source has elements of %s, and the dataset of %s", ErrInvalid, from.Type(), d.Type()))
	}
	if !slices.Equal(from.Shape(), d.doc.Shape) {
		return d.errorf("load", fmt.Errorf("%w: the source has the shape %v, and the dataset %v", ErrInvalid, from.Shape(), d.doc.Shape))
	}
	blocks, _ := from.(BlockArray)
	if d.doc.Type.Variable() && blocks == nil {
		return d.errorf("load", fmt.Errorf("%w: the source cannot give elements of any length", ErrInvalid))
	}
	if d.field != nil {
		return d.loadField(ctx, from)
	}
	d, err := d.toWrite(ctx, nil)
	if err != nil {
		return d.errorf("load", err)
	}
	stored, decoded := d.holds()
	source := d.c
	if other, ok := from.(*Dataset); ok {
		source = other.c
	}
	err = d.c.run(ctx, d.c.o.engine(), d.grid.Len(), stored+decoded, func(ctx context.Context, i int) error {
		k := d.chunk(d.grid.Coords(i, nil))
		d, err := d.at(k.coords)
		if err != nil {
			return err
		}
		if m, ok := from.(memory); ok {
			return d.writeCell(ctx, k.key, m.v.Sub(k.box))
		}
		if d.doc.Type.Variable() {
			return d.loadBlock(ctx, blocks, k)
		}
		v, buf, err := hold(k.box.Shape, d.item())
		if err != nil {
			return err
		}
		defer bufpool.Put(buf)
		if err := from.ReadBox(foreign(ctx, from), k.box, v); err != nil {
			return err
		}
		return d.writeCell(ctx, k.key, v)
	}, source)
	if err = d.wrote(ctx, err); err != nil {
		return d.errorf("load", err)
	}
	return nil
}

// foreign is the context for reading from an array, which may wait as it likes if it
// is not one of ours.
func foreign(ctx context.Context, from Array) context.Context {
	if _, ok := from.(*Dataset); ok {
		return ctx
	}
	return slots.Keep(ctx)
}

// loadBlock fills an object with elements of any length.
func (d *Dataset) loadBlock(ctx context.Context, from BlockArray, k *Chunk) error {
	b, err := from.ReadBlock(foreign(ctx, from), nd.BoxSelection(k.box))
	if err == nil {
		err = d.checkBlock(b, k.box.Size())
	}
	if err != nil {
		return err
	}
	a := codec.NewArena()
	handles, err := a.Handles(b)
	if err != nil {
		return err
	}
	v := nd.NewView(handles, nil, codec.HandleSize)
	if len(b.Ends) > 1 {
		v = nd.NewView(handles, k.box.Shape, codec.HandleSize)
	}
	if v, err = v.Broadcast(k.box.Shape); err != nil {
		return err
	}
	return d.in(a).writeCell(ctx, k.key, v)
}

// loadField fills one field of all elements.
func (d *Dataset) loadField(ctx context.Context, from Array) error {
	err := d.Apply(ctx, func(ctx context.Context, b Block) error { return from.ReadBox(ctx, b.Box, b.Out) })
	if err != nil {
		return d.errorf("load", err)
	}
	return nil
}
