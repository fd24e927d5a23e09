package dosna

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/internal/bufpool"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
)

// object is one version of a stored object, as a codec.Source: the version is
// that which the first read meets, and all further reads fail with a conflict if
// the object has changed since.
type object struct {
	d   *Dataset
	key string

	mu      sync.Mutex
	version store.Version
}

func (d *Dataset) object(key string) *object { return &object{d: d, key: key} }

// pin notes the version of the first read, and checks that of every other one.
func (o *object) pin(v store.Version) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.version == "" {
		o.version = v
	}
	if o.version != v {
		return &store.Error{Op: "get", Store: o.d.c.url, Key: o.key, Err: store.ErrConflict}
	}
	return nil
}

func (o *object) pinned() store.Version {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.version
}

func (o *object) cond() store.Cond {
	if !o.d.c.store.Guarantees().GetIfMatch {
		return store.Cond{}
	}
	return store.Cond{IfMatch: o.pinned()}
}

// ReadAll implements codec.Source.
func (o *object) ReadAll(ctx context.Context, dst []byte, limit int) ([]byte, error) {
	out, info, err := o.d.c.store.Get(ctx, o.key, store.GetOptions{Cond: o.cond(), Max: int64(limit)}, dst)
	if errors.Is(err, store.ErrTooLarge) {
		err = fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if err == nil {
		err = o.pin(info.Version)
	}
	return out, err
}

// ReadSpans implements codec.Source.
func (o *object) ReadSpans(ctx context.Context, spans []nd.Span) error {
	info, err := store.GetRanges(ctx, o.d.c.store, o.key, o.cond(), spans)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if err == nil {
		err = o.pin(info.Version)
	}
	return err
}

// fault adds the key to what went wrong with an object's bytes.
func (d *Dataset) fault(key string, err error) error {
	if errors.Is(err, codec.ErrCorrupt) {
		if !errors.Is(err, ErrCorrupt) {
			err = fmt.Errorf("%w: %w", ErrCorrupt, err)
		}
		return &store.Error{Op: "decode", Store: d.c.url, Key: key, Err: err}
	}
	return err
}

// maxRereads bounds how often a read starts again because the object changed
// while several ranges of it were being read.
const maxRereads = 100

// readObject reads a box, in coordinates of the object, into dst. An absent
// object reads as fill, and is reported.
func (d *Dataset) readObject(ctx context.Context, key string, src codec.Source, box nd.Box, dst nd.View) (found bool, err error) {
	for range maxRereads {
		err = d.chain.Read(ctx, src, box, dst)
		switch {
		case err == nil:
			return true, nil
		case errors.Is(err, ErrNotExist):
			nd.Fill(dst, d.doc.Fill)
			return false, nil
		case !errors.Is(err, store.ErrConflict):
			return true, d.fault(key, err)
		}
		src = d.object(key)
	}
	return true, err
}

// writeObject stores a whole object, the leading corner of which is v; beyond
// that it is fill.
func (d *Dataset) writeObject(ctx context.Context, key string, v nd.View) error {
	if d.chain.IsFill(v) {
		return d.c.store.Delete(ctx, key, store.Cond{})
	}
	buf := bufpool.Get(min(d.chain.MaxStored(), 1<<26)) // as much as encoders ask for, so that it comes back to be used again
	defer bufpool.Put(buf)
	out, err := d.chain.Encode((*buf)[:0], v)
	*buf = out[:0]
	if err != nil {
		return d.fault(key, err)
	}
	_, err = d.c.store.Put(ctx, key, [][]byte{out}, store.Cond{})
	return err
}

// writeCell stores the object of a cell of the grid, v being the part of it
// inside the array. Where the array's edge cuts the cell, somebody may have
// moved the edge and written behind it: that stays.
func (d *Dataset) writeCell(ctx context.Context, key string, v nd.View) error {
	if slices.Equal(v.Shape, d.doc.Chunks) {
		return d.writeObject(ctx, key, v)
	}
	box := nd.Full(v.Shape)
	return d.change(ctx, key, func(codec.Source) (nd.Box, nd.View, error) { return box, v, nil })
}

// change replaces a part of a stored object by what a function makes of it: the
// function is given the object as it is (nil if absent) and returns the box to
// replace and its new elements. It is called again if somebody else changed the
// object meanwhile.
func (d *Dataset) change(ctx context.Context, key string, part func(old codec.Source) (nd.Box, nd.View, error)) error {
	defer d.c.locks.lock(key)()
	return d.c.retry(ctx, key, func() error {
		info, err := d.c.store.Stat(ctx, key)
		if err != nil && !errors.Is(err, ErrNotExist) {
			return err
		}
		var old codec.Source
		if err == nil {
			o := d.object(key)
			o.version = info.Version
			old = o
		}
		box, v, err := part(old)
		if err != nil {
			return gone(err)
		}
		p, err := d.chain.Patch(ctx, old, box, v)
		if err != nil {
			return gone(d.fault(key, err))
		}
		defer p.Release()
		switch {
		case p.Parts != nil:
			return d.c.putIfMatch(ctx, key, p.Parts, info.Version)
		case old == nil:
			return nil
		default:
			return d.deleteIfMatch(ctx, key, info.Version)
		}
	})
}

// gone: an object that vanished between two looks at it has changed.
func gone(err error) error {
	if errors.Is(err, ErrNotExist) {
		return fmt.Errorf("%w: %w", store.ErrConflict, err)
	}
	return err
}

// deleteIfMatch removes an object that has become all fill; where that cannot be
// done safely it is stored.
func (d *Dataset) deleteIfMatch(ctx context.Context, key string, v store.Version) error {
	if d.c.store.Guarantees().DeleteIfMatch {
		return d.c.store.Delete(ctx, key, store.Cond{IfMatch: v})
	}
	buf := bufpool.Get(0)
	defer bufpool.Put(buf)
	shape := d.doc.Chunks
	out, err := d.chain.Encode((*buf)[:0], nd.View{
		Data: d.doc.Fill, Shape: shape, Strides: make([]int, len(shape)), Item: d.doc.Type.Size(),
	})
	*buf = out[:0]
	if err != nil {
		return err
	}
	return d.c.putIfMatch(ctx, key, [][]byte{out}, v)
}
