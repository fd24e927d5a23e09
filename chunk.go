package dosna

import (
	"context"
	"fmt"
	"slices"

	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
)

// Chunk is one stored object of a dataset: a chunk, or a shard of chunks. It is of
// the shape that the dataset had when the value was made.
type Chunk struct {
	d      *Dataset
	coords []int
	box    nd.Box
	key    string
}

// Chunk returns the chunk at coordinates of the grid, stored or not.
func (d *Dataset) Chunk(coords ...int) (*Chunk, error) {
	d = d.now()
	if err := d.grid.Contains(coords); err != nil {
		return nil, d.errorf("chunk of", fmt.Errorf("%w: %w", ErrInvalid, err))
	}
	return d.chunk(slices.Clone(coords)), nil
}

func (d *Dataset) chunk(coords []int) *Chunk {
	return &Chunk{d, coords, d.grid.Cell(coords), d.key(coords)}
}

// Coords returns the chunk's coordinates in the grid.
func (k *Chunk) Coords() []int { return slices.Clone(k.coords) }

// Box returns the part of the array that the chunk holds; at the edges of the
// array it is smaller than other chunks.
func (k *Chunk) Box() nd.Box {
	return nd.Box{Start: slices.Clone(k.box.Start), Shape: slices.Clone(k.box.Shape)}
}

// Key returns the key of the stored object.
func (k *Chunk) Key() string { return k.key }

// Stat tells the size in bytes of the stored object, and when it was stored. One
// that is not stored is ErrNotExist.
func (k *Chunk) Stat(ctx context.Context) (store.Info, error) { return k.d.c.store.Stat(ctx, k.key) }

// Exists reports whether the chunk is stored; one that is not is all fill.
func (k *Chunk) Exists(ctx context.Context) (bool, error) {
	_, err := k.Stat(ctx)
	if err != nil && !isNotExist(err) {
		return false, err
	}
	return err == nil, nil
}

// Read reads the chunk into memory of its box's shape.
func (k *Chunk) Read(ctx context.Context, dst nd.View) error { return k.d.ReadBox(ctx, k.box, dst) }

// Write assigns the elements of a view, which is broadcast, to the whole chunk.
func (k *Chunk) Write(ctx context.Context, src nd.View) error { return k.d.WriteBox(ctx, k.box, src) }

// Create stores the chunk, with the elements of a view which is broadcast. One
// that is stored already is ErrExist, though one that is all fill is not stored.
func (k *Chunk) Create(ctx context.Context, src nd.View) error {
	err := k.d.checkView(src)
	if err == nil {
		src, err = src.Broadcast(k.box.Shape)
	}
	var d *Dataset
	if err == nil {
		d, err = k.d.toWrite(ctx, k.within)
	}
	if err == nil {
		err = d.wrote(ctx, d.createObject(ctx, k, src))
	}
	if err != nil {
		return k.errorf("create", err)
	}
	return nil
}

// createObject stores an object where there is none.
func (d *Dataset) createObject(ctx context.Context, k *Chunk, v nd.View) error {
	d, err := d.at(k.coords)
	if err != nil {
		return err
	}
	work := d.c.o.Profile.begin()
	p, err := d.chain.Patch(ctx, nil, nd.Full(k.box.Shape), v)
	work.encoded()
	if err != nil {
		return err
	}
	defer p.Release()
	if p.Parts != nil {
		_, err = d.c.createObject(ctx, k.key, p.Parts)
		return err
	}
	there, err := k.Exists(ctx)
	if there {
		err = ErrExist
	}
	return err
}

func (k *Chunk) within(shape []int) bool {
	for i, n := range shape {
		if k.box.Stop(i) > n {
			return false
		}
	}
	return true
}

func (k *Chunk) errorf(verb string, err error) error {
	return k.d.errorf(fmt.Sprintf("%s chunk %v of", verb, k.coords), err)
}

// Delete removes the chunk, which then is all fill.
func (k *Chunk) Delete(ctx context.Context) error {
	err := k.d.writable()
	if err == nil {
		var d *Dataset
		if d, err = k.d.at(k.coords); err == nil {
			err = d.removeObject(ctx, k.key)
		}
	}
	if err == nil {
		err = k.d.c.durable(ctx)
	}
	if err != nil {
		return k.errorf("delete", err)
	}
	return nil
}

// Verify reads the stored object and checks that all of it decodes; one that is
// not stored is right.
func (k *Chunk) Verify(ctx context.Context) error {
	d, err := k.d.at(k.coords)
	if err != nil {
		return k.errorf("verify", err)
	}
	return d.c.retry(ctx, k.key, func() (again bool, err error) {
		o := d.object(k.key)
		work := d.c.o.Profile.begin()
		err = d.checked.Check(ctx, o)
		work.decoded()
		_, absent, changed := o.is()
		if err == nil || absent && !changed {
			return false, nil
		}
		return changed, d.fault(k.key, err)
	})
}

// SameStored reports whether two chunks, perhaps of different datasets, are stored
// as the same bytes, and these as the same elements: of one type, in chunks of one
// shape, by the same codecs. Nothing is decoded, and no checksum looked at.
func (k *Chunk) SameStored(ctx context.Context, o *Chunk) (bool, error) {
	if !sameLayout(k.d.doc, o.d.doc) {
		return false, nil
	}
	if !slices.Equal(k.d.grid.CellShape(k.coords), o.d.grid.CellShape(o.coords)) {
		return false, nil
	}
	same, err := k.d.sameObject(ctx, k.key, o.d, o.key)
	switch {
	case isNotExist(err):
		return false, nil
	case err != nil:
		return false, k.errorf("compare", err)
	}
	return same, nil
}
