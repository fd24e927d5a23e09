package dosna

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/dosna/dosna/engine"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
)

// Chunk is one stored object of a dataset: a chunk, or a shard of chunks.
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

// StoredChunks yields the chunks that are stored, in no particular order.
func (d *Dataset) StoredChunks(ctx context.Context) iter.Seq2[*Chunk, error] {
	d = d.now()
	return func(yield func(*Chunk, error) bool) {
		for coords, err := range d.c.chunkCoords(ctx, d.path, d.doc) {
			if err != nil {
				yield(nil, d.errorf("list the chunks of", err))
				return
			}
			if !outside(d.grid, coords) && !yield(d.chunk(coords), nil) {
				return
			}
		}
	}
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

// Stat tells the size in bytes of the stored object. One that is not stored is
// ErrNotExist.
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
// that is stored already is ErrExist.
func (k *Chunk) Create(ctx context.Context, src nd.View) error {
	if err := k.d.c.o.writable("create chunk " + k.key); err != nil {
		return err
	}
	switch ok, err := k.Exists(ctx); {
	case err != nil:
		return err
	case ok:
		return &store.Error{Op: "create chunk", Store: k.d.c.url, Key: k.key, Err: ErrExist}
	}
	return k.Write(ctx, src)
}

// Delete removes the chunk, which then is all fill.
func (k *Chunk) Delete(ctx context.Context) error {
	if err := k.d.c.o.writable("delete chunk " + k.key); err != nil {
		return err
	}
	if err := k.d.c.store.Delete(ctx, k.key, store.Cond{}); err != nil {
		return err
	}
	return k.d.c.durable(ctx)
}

// Verify reads the stored object and checks that all of it decodes; one that is
// not stored is right.
func (k *Chunk) Verify(ctx context.Context) error {
	err := k.d.chain.Check(ctx, k.d.object(k.key))
	if isNotExist(err) {
		return nil
	}
	return k.d.fault(k.key, err)
}

// Clear removes all chunks: every element is the fill value then.
func (d *Dataset) Clear(ctx context.Context) error {
	d = d.now()
	if err := d.c.o.writable("clear " + d.String()); err != nil {
		return err
	}
	if err := d.c.removeChunks(ctx, d.path, d.doc, nil); err != nil {
		return d.errorf("clear", err)
	}
	return d.c.durable(ctx)
}

// Delete removes the dataset.
func (d *Dataset) Delete(ctx context.Context) error { return d.c.deleteFrom(ctx, "", d.path) }

// Usage is what a dataset occupies.
type Usage struct {
	Objects int   // stored
	Stored  int64 // bytes of them
	Cells   int   // objects that there would be if none were all fill
}

// Usage lists the stored objects and adds up their sizes.
func (d *Dataset) Usage(ctx context.Context) (Usage, error) {
	d = d.now()
	u := Usage{Cells: d.grid.Len()}
	prefix := d.prefix
	for info, err := range d.c.store.List(ctx, store.ListOptions{Prefix: prefix}) {
		if err != nil {
			return u, d.errorf("list", err)
		}
		if _, ok := d.doc.Keys.Coords(info.Key[len(prefix):], d.NDim()); ok {
			u.Objects++
			u.Stored += info.Size
		}
	}
	return u, nil
}

// Fault is a stored object that is not right.
type Fault struct {
	Key string
	Err error
}

// Verify reads every stored object and checks that it decodes, with all
// checksums. The faults found are given to report, one at a time; the error is
// for what kept Verify from looking. It returns the number of objects checked.
func (d *Dataset) Verify(ctx context.Context, report func(Fault)) (int, error) {
	d = d.now()
	var chunks []*Chunk
	n := 0
	tell := make(chan Fault)
	told := make(chan struct{})
	go func() {
		defer close(told)
		for f := range tell {
			report(f)
		}
	}()
	flush := func() error {
		tick := d.c.o.meter(len(chunks))
		err := d.c.o.local().Run(ctx, len(chunks), engine.RunOptions{}, func(ctx context.Context, i int) error {
			defer tick()
			if err := chunks[i].Verify(ctx); err != nil {
				if ctx.Err() != nil {
					return err
				}
				tell <- Fault{chunks[i].key, err}
			}
			return nil
		})
		n += len(chunks)
		chunks = chunks[:0]
		return err
	}
	err := func() error {
		for k, err := range d.StoredChunks(ctx) {
			if err != nil {
				return err
			}
			if chunks = append(chunks, k); len(chunks) == verifyBatch {
				if err := flush(); err != nil {
					return err
				}
			}
		}
		return flush()
	}()
	close(tell)
	<-told
	if err != nil {
		return n, d.errorf("verify", err)
	}
	return n, nil
}

// verifyBatch is the number of chunks that Verify takes from the listing at a
// time.
const verifyBatch = 100_000
