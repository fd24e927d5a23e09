package dosna

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/internal/bufpool"
	"github.com/dosna/dosna/internal/slots"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
)

// object is one state of a stored object, as a codec.Source: the first read finds
// out which, a version or that there is none, and every later one that finds
// another fails with a conflict.
type object struct {
	d   *Dataset
	key string

	mu      sync.Mutex
	known   bool // something has been read
	absent  bool
	changed bool // a read has found another state
	version store.Version

	asking   sync.Mutex // held while the store is asked for the state
	believed bool       // the store was not asked for it

	often bool // it is read more than once: what all reads need is read first
	once  sync.Once
	ready codec.Source
	err   error
}

func (d *Dataset) object(key string) *object { return &object{d: d, key: key} }

// saw notes what a read has found, and returns its error.
func (o *object) saw(v store.Version, err error) error {
	absent := errors.Is(err, ErrNotExist)
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case errors.Is(err, ErrConflict):
		o.changed = true
	case err != nil && !absent:
	case !o.known:
		o.known, o.absent, o.version = true, absent, v
	case o.absent != absent || o.version != v:
		o.changed = true
		return &store.Error{Op: "get", Store: o.d.c.url, Key: o.key, Err: ErrConflict}
	}
	return err
}

// is returns what the reads have found.
func (o *object) is() (v store.Version, absent, changed bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.version, o.absent, o.changed
}

// source returns what the object is to be read through.
func (o *object) source(ctx context.Context) (codec.Source, error) {
	if !o.often {
		return o, nil
	}
	defer slots.Leave(ctx).Return()
	o.once.Do(func() { o.ready, o.err = o.d.prepare(ctx, o) })
	return o.ready, o.err
}

func (o *object) cond() store.Cond {
	if !o.d.c.store.Guarantees().GetIfMatch {
		return store.Cond{}
	}
	v, _, _ := o.is()
	return store.Cond{IfMatch: v}
}

// ReadAll implements codec.Source.
func (o *object) ReadAll(ctx context.Context, dst []byte, limit int) ([]byte, error) {
	wait := o.d.c.o.Profile.begin()
	out, info, err := o.d.c.store.Get(ctx, o.key, store.GetOptions{Cond: o.cond(), Max: int64(limit)}, dst)
	wait.waited()
	if errors.Is(err, store.ErrTooLarge) {
		err = fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return out, o.saw(info.Version, err)
}

// ReadSpans implements codec.Source.
func (o *object) ReadSpans(ctx context.Context, spans []nd.Span) error {
	wait := o.d.c.o.Profile.begin()
	err := o.readSpans(ctx, spans)
	wait.waited()
	return err
}

func (o *object) readSpans(ctx context.Context, spans []nd.Span) error {
	info, err := store.GetRanges(ctx, o.d.c.store, o.key, o.cond(), spans)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = fmt.Errorf("%w: %w", ErrCorrupt, err)
		if !o.d.c.store.Guarantees().GetIfMatch { // it may be another object that is shorter
			now, again := o.d.c.store.Stat(ctx, o.key)
			if again = o.saw(now.Version, again); again != nil {
				return again
			}
		}
	}
	if _, raw := o.d.chain.Layout(); raw && err == nil && info.Size != int64(o.d.chain.MaxStored()) {
		err = fmt.Errorf("%w: it has %d bytes, and should have %d", ErrCorrupt, info.Size, o.d.chain.MaxStored())
		err = &store.Error{Op: "decode", Store: o.d.c.url, Key: o.key, Err: err}
	}
	return o.saw(info.Version, err)
}

// look finds out which state the object is in, if no read has.
func (o *object) look(ctx context.Context) error {
	o.mu.Lock()
	known := o.known
	o.mu.Unlock()
	if known {
		return nil
	}
	info, err := o.d.c.store.Stat(ctx, o.key)
	if err = o.saw(info.Version, err); errors.Is(err, ErrNotExist) {
		return nil
	}
	return err
}

// damage is an error of a codec as one of this package, without saying twice that
// something is damaged.
type damage struct{ error }

func (d damage) Is(target error) bool { return target == ErrCorrupt }
func (d damage) Unwrap() error        { return d.error }

// fault adds the key to what went wrong with an object's bytes.
func (d *Dataset) fault(key string, err error) error {
	if errors.Is(err, codec.ErrCorrupt) {
		if !errors.Is(err, ErrCorrupt) {
			err = damage{err}
		}
		return &store.Error{Op: "decode", Store: d.c.url, Key: key, Err: err}
	}
	return err
}

// readBox reads a box of one state of an object; fill, if that is that there is
// none.
func (d *Dataset) readBox(ctx context.Context, o *object, box nd.Box, dst nd.View) error {
	work := d.c.o.Profile.begin()
	src, err := o.source(ctx)
	if err == nil {
		err = d.chain.Read(ctx, src, box, dst)
	}
	work.decoded()
	if err == nil {
		return nil
	}
	if _, absent, changed := o.is(); absent && !changed {
		nd.Fill(dst, d.chain.Fill())
		return nil
	}
	return d.fault(o.key, err)
}

// writeObject stores a whole object, the leading corner of which is v; beyond
// that it is fill. One that is all fill is removed.
func (d *Dataset) writeObject(ctx context.Context, key string, v nd.View) error {
	work := d.c.o.Profile.begin()
	p, err := d.chain.Patch(ctx, nil, nd.Full(v.Shape), v)
	work.encoded()
	if err != nil {
		return d.fault(key, err)
	}
	defer p.Release()
	if p.Parts == nil {
		return d.removeObject(ctx, key)
	}
	return d.c.replace(ctx, key, p.Parts)
}

// encoded calls use with the encoded form of an object, the leading corner of
// which is v.
func (d *Dataset) encoded(key string, v nd.View, use func(object []byte) error) error {
	buf := d.objectBuffer()
	defer bufpool.Put(buf)
	work := d.c.o.Profile.begin()
	out, err := d.chain.Encode((*buf)[:0], v)
	work.encoded()
	*buf = out[:0]
	if err != nil {
		return d.fault(key, err)
	}
	return use(out)
}

// objectBuffer lends a buffer with as much room as encoders ask for: one that had
// to grow would not come back to be used again.
func (d *Dataset) objectBuffer() *[]byte {
	most := 1 << 26
	if d.doc.Type.Variable() { // of which encoders do not know how much they need
		most = 1 << 20
	}
	return bufpool.Get(min(d.chain.MaxStored(), most))
}
