package dosna

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/engine"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/zarr"
)

// sighting is what the document was in one version.
type sighting struct {
	version store.Version
	shape   []int
}

// sightings are shared by the values of one dataset.
type sightings struct {
	last atomic.Pointer[sighting]
	at   atomic.Int64 // when, in nanoseconds; 0: look again
}

func (s *sightings) saw(v store.Version, shape []int) *sighting {
	last := &sighting{v, shape}
	s.last.Store(last)
	s.at.Store(time.Now().UnixNano())
	return last
}

// recent is how long ago a look at the document may be that a call relies on
// before it writes. What happened since is found out afterwards, and undone.
const recent = time.Second

// toWrite begins a call that writes, and returns the dataset to do it with: of one
// shape, with a log of what is stored. The call ends with wrote. written tells
// whether all that the call writes lies within a shape; nil means that it is as
// large as the dataset.
func (d *Dataset) toWrite(ctx context.Context, written func(shape []int) bool) (*Dataset, error) {
	if err := d.c.o.writable(); err != nil {
		return nil, err
	}
	if time.Now().UnixNano()-d.seen.at.Load() > int64(recent) {
		if _, err := d.sight(ctx); err != nil {
			return nil, d.gone(err)
		}
	}
	w, c := *d, *d.c
	w.c = &c
	if written == nil {
		written = func(shape []int) bool { return within(w.doc.Shape, shape) }
	}
	c.log = &journal{confirm: w.confirm, written: written}
	return &w, nil
}

func (d *Dataset) gone(err error) error {
	if errors.Is(err, ErrNotExist) {
		return fmt.Errorf("%w: %s was deleted, moved or replaced meanwhile", ErrNotExist, nodeName(d.path))
	}
	return err
}

// wrote ends a call that writes with its error. It is an error if what has been
// stored is not in the dataset, since that was deleted, moved, replaced or cut
// meanwhile; then it is removed again, or will be.
func (d *Dataset) wrote(ctx context.Context, err error) error {
	if err == nil {
		if err = d.confirm(ctx); err == nil {
			err = d.c.durable(ctx)
		}
		return err
	}
	if d.c.log.len() > 0 {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleaning)
		defer cancel()
		if lost := d.confirm(ctx); errors.Is(lost, ErrNotExist) {
			return lost // which may well be why
		}
	}
	return err
}

// cleaning is how long what was stored in vain is removed after a call was
// cancelled.
const cleaning = 10 * time.Second

// confirm sees to it that what has been stored since the last time is in the
// dataset.
func (d *Dataset) confirm(ctx context.Context) error {
	stored := d.c.log.take()
	for {
		s, err := d.sight(ctx)
		switch {
		case errors.Is(err, ErrNotExist):
			return errors.Join(d.gone(err), d.withdraw(ctx, stored, nil))
		case err != nil:
			d.c.log.give(stored)
			if ctx.Err() != nil {
				err = context.Cause(ctx)
			}
			return fmt.Errorf("%w: stored, but not known to be in %s: %w", ErrUnknownOutcome, nodeName(d.path), err)
		case within(d.doc.Shape, s.shape) || d.c.log.written(s.shape):
			return nil
		}
		again, err := d.warn(ctx, s)
		if again {
			continue
		}
		outside := func(cell []int) bool {
			for i, n := range s.shape {
				if cell[i]*d.doc.Chunks[i] >= n {
					return true
				}
			}
			return false
		}
		lost := fmt.Errorf("%w: %s was cut to the shape %v meanwhile, and what lay outside is lost", ErrConflict, nodeName(d.path), s.shape)
		return errors.Join(lost, err, d.withdraw(ctx, stored, outside))
	}
}

// warn marks a dataset as cut, whether it is or not: what has been stored lies
// outside its shape. Whoever grows it, or is about to, looks for that then. If the
// document is not as it was seen any more it is to be looked at again.
func (d *Dataset) warn(ctx context.Context, s *sighting) (again bool, err error) {
	if !d.c.keepsApart() {
		return false, nil // nobody else writes
	}
	doc, v, err := d.c.load(ctx, d.path)
	if err != nil || v != s.version {
		return true, nil
	}
	a, err := d.same(doc)
	if err != nil {
		return true, nil
	}
	markCut(a)
	raw, _, err := encode(a)
	if err == nil {
		_, err = d.c.putIfMatch(ctx, documentKey(d.path), [][]byte{raw}, v, true)
	}
	if errors.Is(err, ErrConflict) || errors.Is(err, ErrUnknownOutcome) {
		return ctx.Err() == nil, err
	}
	return false, err
}

// withdraw removes objects that are still as they were stored: all, or those in
// cells of which is tells so. Where the store does not promise to remove that and
// no more, they stay.
func (d *Dataset) withdraw(ctx context.Context, stored []stamp, is func(cell []int) bool) error {
	d.seen.at.Store(0)
	if !d.c.store.Guarantees().DeleteIfMatch {
		return nil
	}
	e := engine.New(nil, d.c.concurrency())
	return e.Run(ctx, len(stored), engine.RunOptions{}, func(ctx context.Context, i int) error {
		key, v := stored[i].key, stored[i].version
		name, ok := strings.CutPrefix(key, d.prefix)
		cell, chunk := d.doc.Keys.Coords(name, d.NDim())
		if !ok || !chunk || is != nil && (v == "" || !is(cell)) {
			return nil
		}
		if v == "" { // the reply was lost
			info, err := d.c.store.Stat(ctx, key)
			if isNotExist(err) {
				return nil
			}
			if err == nil {
				_, err = d.sight(ctx)
			}
			if !isNotExist(err) {
				return err // it is another dataset's perhaps
			}
			v = info.Version
		}
		err := d.c.certain(ctx, func() error { return d.c.store.Delete(ctx, key, store.Cond{IfMatch: v}) })
		if errors.Is(err, ErrConflict) {
			return nil // gone, or changed by somebody who takes care of it
		}
		return err
	})
}

// sight returns what the document is. While its version stays the same, a look at
// that is enough.
func (d *Dataset) sight(ctx context.Context) (*sighting, error) {
	last := d.seen.last.Load()
	if last != nil && last.version != "" {
		info, err := d.c.store.Stat(ctx, documentKey(d.path))
		if err == nil && info.Version == last.version {
			d.seen.at.Store(time.Now().UnixNano())
			return last, nil
		}
		if err != nil {
			return nil, err
		}
	}
	doc, v, err := d.c.load(ctx, d.path)
	if err != nil {
		return nil, err
	}
	a, err := d.same(doc)
	if err != nil {
		return nil, err
	}
	return d.seen.saw(v, a.Shape), nil
}

// same returns the document as that of this dataset. If another node has taken
// its place, this one does not exist any more.
func (d *Dataset) same(doc zarr.Document) (*zarr.Array, error) {
	if a, ok := doc.(*zarr.Array); ok && sameLayout(d.doc, a) && a.Keys == d.doc.Keys {
		return a, nil
	}
	return nil, fmt.Errorf("%w: another node has taken its place; open it anew", ErrNotExist)
}

// sameLayout reports whether stored objects of one array have the same meaning in
// the other, but for where the arrays end.
func sameLayout(a, b *zarr.Array) bool {
	return a.Type == b.Type && slices.Equal(a.Chunks, b.Chunks) && slices.Equal(a.Fill, b.Fill) &&
		slices.EqualFunc(a.Codecs, b.Codecs, sameSpec)
}

// within reports whether no length of a shape exceeds that of another.
func within(shape, other []int) bool {
	for i, n := range shape {
		if n > other[i] {
			return false
		}
	}
	return true
}

func sameSpec(a, b codec.Spec) bool {
	if a.Name != b.Name {
		return false
	}
	if string(a.Config) == string(b.Config) {
		return true
	}
	var x, y any // programs differ in how they lay out JSON
	return json.Unmarshal(a.Config, &x) == nil && json.Unmarshal(b.Config, &y) == nil && reflect.DeepEqual(x, y)
}
