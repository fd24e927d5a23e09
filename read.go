package dosna

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/engine"
	"github.com/dosna/dosna/internal/bufpool"
	"github.com/dosna/dosna/nd"
)

// Read reads a selection into dst, whose length is the number of elements
// selected; they come in C order of the result's shape. T is the dataset's
// element type. After an error dst may have been filled in part.
func Read[T dtype.Element](ctx context.Context, d *Dataset, sel nd.Selection, dst []T) error {
	if err := hasType[T](d); err != nil {
		return d.errorf("read", err)
	}
	return d.ReadRaw(ctx, sel, dtype.Bytes(dst))
}

// ReadAll reads a selection into new memory.
func ReadAll[T dtype.Element](ctx context.Context, d *Dataset, sel nd.Selection) ([]T, error) {
	if err := hasType[T](d); err != nil {
		return nil, d.errorf("read", err)
	}
	d = d.now()
	r, err := sel.Resolve(d.doc.Shape)
	if err != nil {
		return nil, d.errorf("read", err)
	}
	dst := make([]T, r.Size())
	return dst, d.readRegion(ctx, r, nd.NewView(dtype.Bytes(dst), r.Shape, d.doc.Type.Size()))
}

func hasType[T dtype.Element](d *Dataset) error {
	if t := dtype.Of[T](); t != d.doc.Type {
		return fmt.Errorf("%w: its elements are %s, and the Go type is for %s", ErrInvalid, d.doc.Type, t)
	}
	return nil
}

// ReadRaw reads a selection into dst, whose length is the number of bytes of
// the elements selected, in the machine's byte order.
func (d *Dataset) ReadRaw(ctx context.Context, sel nd.Selection, dst []byte) error {
	d = d.now()
	r, err := sel.Resolve(d.doc.Shape)
	if err != nil {
		return d.errorf("read", err)
	}
	if want := r.Size() * d.doc.Type.Size(); len(dst) != want {
		return d.errorf("read", fmt.Errorf("%w: %d bytes of memory for a selection of shape %v, which has %d", ErrInvalid, len(dst), r.Shape, want))
	}
	return d.readRegion(ctx, r, nd.NewView(dst, r.Shape, d.doc.Type.Size()))
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
	if err := v.Check(); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if v.Item != d.doc.Type.Size() {
		return fmt.Errorf("%w: elements of %d bytes in memory, and of %d in the dataset", ErrInvalid, v.Item, d.doc.Type.Size())
	}
	return nil
}

func (d *Dataset) readRegion(ctx context.Context, r *nd.Region, dst nd.View) error {
	if r.Size() == 0 {
		return nil
	}
	canon, ok := r.Canonical(dst)
	if !ok { // axes of points that lie apart in dst
		buf := bufpool.Get(r.Size() * dst.Item)
		defer bufpool.Put(buf)
		flat := nd.NewView(*buf, r.Shape, dst.Item)
		if err := d.readRegion(ctx, r, flat); err != nil {
			return err
		}
		nd.Copy(dst, flat)
		return nil
	}
	e := d.c.o.local()
	job := d.plan(r, canon, e.Workers())
	tick := d.c.o.meter(job.tasks())
	err := e.Run(ctx, job.tasks(), engine.RunOptions{}, func(ctx context.Context, i int) error {
		err := job.task(ctx, i)
		tick()
		return err
	})
	if err != nil {
		return d.errorf("read", err)
	}
	return nil
}

// reading is a selection being read: a task for every stored object touched, or
// several tasks where objects are few and can be read in parts.
type reading struct {
	d       *Dataset
	pieces  *nd.Pieces
	canon   nd.View
	split   int
	sources []func(ctx context.Context) (codec.Source, error) // of each object, if it is split
}

func (d *Dataset) plan(r *nd.Region, canon nd.View, workers int) *reading {
	j := &reading{d: d, pieces: r.Pieces(d.grid), canon: canon, split: 1}
	n := j.pieces.Len()
	if n < 4*workers && workers > 1 && !slices.Equal(d.chain.Grain(), d.doc.Chunks) {
		j.split = (4*workers + n - 1) / n
		j.sources = make([]func(context.Context) (codec.Source, error), n)
		for i := range j.sources {
			j.sources[i] = d.shared(d.key(j.pieces.At(i).Cell))
		}
	}
	return j
}

func (j *reading) tasks() int {
	n := j.pieces.Len()
	if n > int(^uint(0)>>1)/j.split {
		return n
	}
	return n * j.split
}

// shared returns a source of an object that several tasks read parts of: what
// all of them need, such as the index of a shard, is read once.
func (d *Dataset) shared(key string) func(ctx context.Context) (codec.Source, error) {
	var mu sync.Mutex
	var ready codec.Source
	return func(ctx context.Context) (codec.Source, error) {
		mu.Lock()
		defer mu.Unlock()
		if ready != nil {
			return ready, nil
		}
		src, err := d.chain.Prepare(ctx, d.object(key))
		if err == nil {
			ready = src
		}
		return src, err
	}
}

func (j *reading) task(ctx context.Context, i int) error {
	d, p, part := j.d, j.pieces.At(i/j.split), i%j.split
	key := d.key(p.Cell)
	origin := d.grid.Cell(p.Cell).Start
	direct, ok := p.Direct(j.canon)
	if !ok {
		if part > 0 {
			return nil
		}
		buf := bufpool.Get(p.Box.Size() * j.canon.Item)
		defer bufpool.Put(buf)
		held := nd.NewView(*buf, p.Box.Shape, j.canon.Item)
		if _, err := d.readObject(ctx, key, d.object(key), p.Box.Sub(origin), held); err != nil {
			return err
		}
		p.Gather(j.canon, held)
		return nil
	}
	if j.split == 1 {
		_, err := d.readObject(ctx, key, d.object(key), p.Box.Sub(origin), direct)
		return err
	}
	box, ok := slice(p.Box.Sub(origin), d.chain.Grain(), part, j.split)
	if !ok {
		return nil
	}
	dst := direct.Sub(box.Sub(p.Box.Sub(origin).Start))
	src, err := j.sources[i/j.split](ctx)
	if err != nil { // readObject tells what an absent or changing object means
		src = d.object(key)
	}
	_, err = d.readObject(ctx, key, src, box, dst)
	return err
}

// slice cuts a box across the axis with the most grains into n runs of whole
// grains and returns one of them; false if there is nothing in it.
func slice(box nd.Box, grain []int, part, n int) (nd.Box, bool) {
	axis, most := -1, 0
	for i, g := range grain {
		if k := (box.Stop(i)-1)/g - box.Start[i]/g + 1; k > most {
			axis, most = i, k
		}
	}
	if axis < 0 || most == 1 {
		return box, part == 0
	}
	first := box.Start[axis] / grain[axis]
	lo := max((first+most*part/n)*grain[axis], box.Start[axis])
	hi := min((first+most*(part+1)/n)*grain[axis], box.Stop(axis))
	if lo >= hi {
		return box, false
	}
	cut := nd.Box{Start: slices.Clone(box.Start), Shape: slices.Clone(box.Shape)}
	cut.Start[axis], cut.Shape[axis] = lo, hi-lo
	return cut, true
}
