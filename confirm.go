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
	last   atomic.Pointer[sighting]
	at     atomic.Int64  // when, in nanoseconds; 0: look again
	recent time.Duration // how long ago a look may be that a writer relies on
	turn   turn          // of who looks for others, too
}

func newSightings(c *Connection) *sightings {
	s := &sightings{recent: recent, turn: newTurn()}
	if c.store.Guarantees().Remote {
		s.recent = recentFar
	}
	return s
}

// fresh reports whether the last look will do for a writer.
func (s *sightings) fresh() bool { return time.Now().UnixNano()-s.at.Load() < int64(s.recent) }

func (s *sightings) saw(v store.Version, shape []int) *sighting {
	last := &sighting{v, shape}
	s.last.Store(last)
	s.at.Store(time.Now().UnixNano())
	return last
}

// These are how long ago a look at the document may be that a writer relies on. What
// happened since is found out afterwards, and undone.
const (
	recent    = 100 * time.Millisecond
	recentFar = time.Second // behind a network, where a look takes long
)

// writable is an error if the elements cannot be changed.
func (d *Dataset) writable() error {
	err := d.c.o.writable()
	if err == nil && d.doc.References != "" {
		err = errReferenced
	}
	return err
}

// toWrite begins a call that writes, and returns the dataset to do it with: of one
// shape, with a log of what is stored. The call ends with wrote. written tells
// whether all that the call writes lies within a shape; nil means that it is as
// large as the dataset.
func (d *Dataset) toWrite(ctx context.Context, written func(shape []int) bool) (*Dataset, error) {
	if d.field != nil {
		return nil, fmt.Errorf("%w: a field has no chunks of its own; write to it through its dataset", ErrInvalid)
	}
	if err := d.writable(); err != nil {
		return nil, err
	}
	w, c := *d, *d.c
	w.c = &c
	if written == nil {
		written = func(shape []int) bool { return within(w.doc.Shape, shape) }
	}
	c.log = &journal{check: w.present, confirm: w.confirm, written: written}
	return &w, nil
}

// present is an error if the dataset was not there a short while ago.
func (d *Dataset) present(ctx context.Context) error {
	if d.seen.fresh() {
		return nil
	}
	if err := d.seen.turn.lock(ctx); err != nil {
		return err
	}
	defer d.seen.turn.unlock()
	if d.seen.fresh() {
		return nil // somebody else has looked
	}
	_, err := d.sight(ctx)
	return d.gone(err)
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
	if d.c.log.len() > 0 || errors.Is(err, ErrCorrupt) { // which may be another dataset's
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
			if d.grid.Contains(cell) != nil {
				return true
			}
			for i, start := range d.grid.Cell(cell).Start {
				if start >= s.shape[i] {
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
		_, err = d.c.putIfMatch(ctx, keyOf(d.path, d.doc), [][]byte{raw}, v, true)
	}
	if errors.Is(err, ErrConflict) || errors.Is(err, ErrUnknownOutcome) {
		return ctx.Err() == nil, err
	}
	return false, err
}

// withdraw removes what was stored in vain, from cells of which is tells so, or if
// that is nil, as the dataset has gone, from all. Where the store does not promise to
// remove that and no more, it stays.
func (d *Dataset) withdraw(ctx context.Context, stored []stamp, is func(cell []int) bool) error {
	d.seen.at.Store(0)
	if !d.c.store.Guarantees().DeleteIfMatch {
		return nil
	}
	e := engine.New(nil, d.c.concurrency())
	return e.Run(ctx, len(stored), engine.RunOptions{}, func(ctx context.Context, i int) error {
		name, ok := strings.CutPrefix(stored[i].key, d.prefix)
		cell, chunk := d.doc.Keys.Coords(name, d.NDim())
		switch {
		case !ok || !chunk || is != nil && (stored[i].version == "" || !is(cell)):
			return nil
		case is != nil:
			_, err := d.removeIf(ctx, stored[i].key, stored[i].version)
			return err
		}
		return d.withdrawGone(ctx, stored[i])
	})
}

// withdrawGone removes an object that was stored when the dataset had gone. If it
// was there before, who deletes the dataset finds it. And if the dataset is back,
// having moved to and fro, nobody else's changes must be removed with it.
func (d *Dataset) withdrawGone(ctx context.Context, s stamp) error {
	if s.cond.IfMatch != "" {
		return nil
	}
	if s.cond == (store.Cond{}) {
		if _, err := d.sight(ctx); !isNotExist(err) {
			return err
		}
	}
	if s.version != "" {
		if removed, err := d.removeIf(ctx, s.key, s.version); removed || err != nil {
			return err
		}
	}
	for range maxTries { // others have changed it, and rely on who made it
		info, err := d.c.store.Stat(ctx, s.key)
		if isNotExist(err) {
			return nil
		}
		if err != nil {
			return err
		}
		doc, _, err := d.c.loadAny(ctx, d.path)
		if err == nil && !doc.Head().Deleting || err != nil && !isNotExist(err) {
			return err
		}
		if removed, err := d.removeIf(ctx, s.key, info.Version); removed || err != nil {
			return err
		}
	}
	return nil
}

// removeIf removes an object if it is in that version.
func (d *Dataset) removeIf(ctx context.Context, key string, v store.Version) (removed bool, err error) {
	defer d.c.forget(key)
	err = d.c.certain(ctx, func() error { return d.c.guarded(ctx).Delete(ctx, key, store.Cond{IfMatch: v}) })
	if errors.Is(err, ErrConflict) {
		return false, nil
	}
	return err == nil, err
}

// sight returns what the document is. While its version stays the same, a look at
// that is enough.
func (d *Dataset) sight(ctx context.Context) (*sighting, error) {
	last := d.seen.last.Load()
	if last != nil && last.version != "" {
		info, err := d.c.store.Stat(ctx, keyOf(d.path, d.doc))
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
	return a.Type == b.Type && sameGrid(a, b) && slices.Equal(a.Fill, b.Fill) &&
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
