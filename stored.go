package dosna

import (
	"context"
	"errors"
	"iter"
	"sync"

	"github.com/dosna/dosna/engine"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/zarr"
)

// found is a stored object of a dataset in a listing.
type found struct {
	store.Info
	coords []int // in the grid, or outside
}

// list yields the stored objects, in no particular order, including those outside
// the shape.
func (d *Dataset) list(ctx context.Context) iter.Seq2[found, error] {
	return func(yield func(found, error) bool) {
		for info, err := range d.c.store.List(ctx, store.ListOptions{Prefix: d.prefix}) {
			if err != nil {
				yield(found{}, err)
				return
			}
			coords, ok := d.doc.Keys.Coords(info.Key[len(d.prefix):], d.NDim())
			if name := info.Key[len(d.prefix):]; name == zarr.LockKey {
				continue
			}
			if !ok { // nothing of ours, but it may be what our objects lie behind
				if _, err := d.c.store.Stat(ctx, info.Key); err != nil && !isNotExist(err) {
					yield(found{}, err)
					return
				}
				continue
			}
			if !yield(found{info, coords}, nil) {
				return
			}
		}
	}
}

func (d *Dataset) inGrid(coords []int) bool { return d.grid.Contains(coords) == nil }

// StoredChunks yields the chunks that are stored, in no particular order. An
// error ends it, with a nil chunk.
func (d *Dataset) StoredChunks(ctx context.Context) iter.Seq2[*Chunk, error] {
	d = d.now()
	return func(yield func(*Chunk, error) bool) {
		for f, err := range d.list(ctx) {
			if err != nil {
				yield(nil, d.errorf("list the chunks of", err))
				return
			}
			if d.inGrid(f.coords) && !yield(d.chunk(f.coords), nil) {
				return
			}
		}
	}
}

// listed is how many chunks are taken from a listing before they are worked on.
const listed = 10_000

// eachStored calls f for the stored chunks inside the shape, on the workers of
// this process; share, if not nil, tells which. However many there are, it holds
// no more than a batch of them.
func (d *Dataset) eachStored(ctx context.Context, share func(coords []int) bool, f func(ctx context.Context, k *Chunk) error, with ...*Connection) error {
	m := d.c.o.meter()
	stored, decoded := d.holds()
	quiet := *d.c
	quiet.o.Progress = nil // but for the meter
	var batch []*Chunk
	flush := func() error {
		m.expect(len(batch))
		err := quiet.run(ctx, d.c.o.local(), len(batch), stored+decoded, func(ctx context.Context, i int) error {
			err := f(ctx, batch[i])
			if err == nil {
				m.tick()
			}
			return err
		}, with...)
		batch = batch[:0]
		return err
	}
	for k, err := range d.list(ctx) {
		if err != nil {
			return err
		}
		if !d.inGrid(k.coords) || share != nil && !share(k.coords) {
			continue
		}
		if batch = append(batch, d.chunk(k.coords)); len(batch) == listed {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// eachCell calls f for the chunks inside the shape, stored or not, as eachStored does.
func (d *Dataset) eachCell(ctx context.Context, share func(coords []int) bool, f func(ctx context.Context, k *Chunk) error, with ...*Connection) error {
	stored, decoded := d.holds()
	return d.c.run(ctx, d.c.o.local(), d.grid.Len(), stored+decoded, func(ctx context.Context, i int) error {
		coords := d.grid.Coords(i, nil)
		if share != nil && !share(coords) {
			return nil
		}
		return f(ctx, d.chunk(coords))
	}, with...)
}

// Clear removes all chunks: every element is the fill value then. What is written
// at the same time may stay.
func (d *Dataset) Clear(ctx context.Context) error {
	d = d.now()
	err := d.writable()
	if err == nil {
		_, err = d.c.sweep(ctx, d.prefix, nil, func(name string) bool {
			_, ok := d.doc.Keys.Coords(name, d.NDim())
			return ok
		})
	}
	if err == nil {
		err = d.c.durable(ctx)
	}
	if err != nil {
		return d.errorf("clear", err)
	}
	return nil
}

// Delete removes the dataset.
func (d *Dataset) Delete(ctx context.Context) error {
	return d.Connection().deleteFrom(ctx, "", d.path)
}

// Usage is what a dataset occupies.
type Usage struct {
	Objects int   // stored
	Stored  int64 // bytes of them
	Cells   int   // objects that there would be if none were all fill
}

// Usage lists the stored objects and adds up their sizes. In a store that cannot list
// it is errors.ErrUnsupported: see Probe.
func (d *Dataset) Usage(ctx context.Context) (Usage, error) {
	d = d.now()
	u := Usage{Cells: d.grid.Len()}
	for f, err := range d.list(ctx) {
		if err != nil {
			return u, d.errorf("list", err)
		}
		u.Objects++
		u.Stored += f.Size
	}
	return u, nil
}

// Probe is Usage for stores that cannot list: it asks for every object that there may
// be.
func (d *Dataset) Probe(ctx context.Context) (Usage, error) {
	d = d.now()
	u := Usage{Cells: d.grid.Len()}
	var mu sync.Mutex
	err := d.c.o.run(ctx, engine.New(nil, d.c.concurrency()), u.Cells, func(ctx context.Context, i int) error {
		info, err := d.chunk(d.grid.Coords(i, nil)).Stat(ctx)
		if isNotExist(err) {
			return nil
		}
		mu.Lock()
		defer mu.Unlock()
		u.Objects++
		u.Stored += info.Size
		return err
	})
	if err != nil {
		return u, d.errorf("ask for the chunks of", err)
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
// for what kept Verify from looking. It returns the number of objects checked. In a
// store that cannot list, every object that there may be is asked for.
func (d *Dataset) Verify(ctx context.Context, report func(Fault)) (int, error) {
	d = d.now()
	n := 0
	var mu sync.Mutex
	one := func(ctx context.Context, k *Chunk) error {
		err := k.Verify(ctx)
		if err != nil && ctx.Err() != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		n++
		if err != nil {
			report(Fault{k.key, err})
		}
		return nil
	}
	err := d.eachStored(ctx, nil, one)
	if errors.Is(err, errors.ErrUnsupported) {
		err = d.eachCell(ctx, nil, func(ctx context.Context, k *Chunk) error {
			if _, err := k.Stat(ctx); isNotExist(err) {
				return nil
			}
			return one(ctx, k) // which finds what else there is to say
		})
	}
	if err != nil {
		return n, d.errorf("verify", err)
	}
	return n, nil
}
