package lock

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/dosna/dosna/store"
)

type ctxKey struct{}

// From returns the lease whose context ctx is, or derives from; nil if there is none.
func From(ctx context.Context) *Lease {
	l, _ := ctx.Value(ctxKey{}).(*Lease)
	return l
}

// Check is nil if all leases that ctx derives from are held at the moment when it is
// called, or there are none.
func Check(ctx context.Context) error {
	for l := From(ctx); l != nil; l = l.outer {
		if err := l.Err(); err != nil {
			return err
		}
	}
	return nil
}

// Guard returns the store through which objects are changed under ctx: s itself if it
// derives from no lease. Otherwise every change is conditional, as the package
// documentation says, is refused when a lease has ended, and is an ErrUnknownOutcome
// that is an [ErrLost] too if one has ended before the reply. Puts, deletions and copies that
// have no condition get one: the version that is there. Where the store does not
// promise conditional deletion, and in renaming folders, the look at the leases is all there is.
//
// It is for changes: it has no optional operations but Copy, and what it opens for
// reading it reads as s does.
func Guard(ctx context.Context, s store.Store) store.Store {
	if From(ctx) == nil {
		return s
	}
	return guarded{s}
}

type guarded struct{ store.Store }

func (g guarded) String() string { return store.Name(g.Store) }

// done is the error of a change of which err is the reply. One that was made counts if no
// lease has ended by now. Where an object is not as it was expected, somebody else has changed it,
// who may be a successor that somebody helped to the lease: whether it is still held is asked then,
// before anybody tries again.
func done(ctx context.Context, err error) error {
	if errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrExist) {
		for l := From(ctx); l != nil; l = l.outer {
			if lost := l.confirm(ctx); lost != nil {
				return lost
			}
		}
	}
	if err != nil {
		return err
	}
	if lost := Check(ctx); lost != nil {
		return fmt.Errorf("%w: %w", store.ErrUnknownOutcome, lost)
	}
	return nil
}

// unconditionally calls do with the condition that an object is as it is now, again if
// that has changed.
func (g guarded) unconditionally(ctx context.Context, key string, do func(c store.Cond) error) error {
	for n := 0; ; n++ {
		var c store.Cond
		info, err := g.Stat(ctx, key)
		switch {
		case errors.Is(err, store.ErrNotExist):
			c.IfAbsent = true
		case err != nil:
			return err
		default:
			c.IfMatch = info.Version
		}
		if err := Check(ctx); err != nil {
			return err
		}
		err = done(ctx, do(c))
		if !errors.Is(err, store.ErrConflict) && !(c.IfAbsent && errors.Is(err, store.ErrExist)) || n == maxTries {
			return err
		}
		if err := pause(ctx, backoff(n, 100*time.Millisecond)); err != nil {
			return err
		}
	}
}

func (g guarded) Put(ctx context.Context, key string, parts [][]byte, c store.Cond) (v store.Version, err error) {
	if c == (store.Cond{}) {
		err = g.unconditionally(ctx, key, func(c store.Cond) (err error) {
			v, err = g.Store.Put(ctx, key, parts, c)
			return err
		})
		return v, err
	}
	if err := Check(ctx); err != nil {
		return "", err
	}
	v, err = g.Store.Put(ctx, key, parts, c)
	return v, done(ctx, err)
}

func (g guarded) Delete(ctx context.Context, key string, c store.Cond) error {
	if c == (store.Cond{}) && g.Guarantees().DeleteIfMatch {
		return g.unconditionally(ctx, key, func(c store.Cond) error {
			if c.IfAbsent {
				return nil
			}
			return g.Store.Delete(ctx, key, c)
		})
	}
	if err := Check(ctx); err != nil {
		return err
	}
	return done(ctx, g.Store.Delete(ctx, key, c))
}

// Copy implements store.Copier.
func (g guarded) Copy(ctx context.Context, from, to string, c store.Cond) (v store.Version, err error) {
	if c == (store.Cond{}) {
		err = g.unconditionally(ctx, to, func(c store.Cond) (err error) {
			v, err = store.Copy(ctx, g.Store, from, to, c)
			return err
		})
		return v, err
	}
	if err := Check(ctx); err != nil {
		return "", err
	}
	v, err = store.Copy(ctx, g.Store, from, to, c)
	return v, done(ctx, err)
}

// Rename implements store.Renamer.
func (g guarded) Rename(ctx context.Context, from, to string) error {
	if err := Check(ctx); err != nil {
		return err
	}
	return done(ctx, store.Rename(ctx, g.Store, from, to))
}

// OpenReader implements store.Streamer.
func (g guarded) OpenReader(ctx context.Context, key string, o store.GetOptions) (r io.ReadCloser, info store.Info, err error) {
	return store.OpenReader(ctx, g.Store, key, o)
}

// OpenWriter implements store.Streamer. The condition is that the object is still as it
// was when the writer was opened.
func (g guarded) OpenWriter(ctx context.Context, key string, c store.Cond) (w store.Writer, err error) {
	open := func(c store.Cond) (err error) {
		w, err = store.OpenWriter(ctx, g.Store, key, c)
		return err
	}
	if c == (store.Cond{}) {
		err = g.unconditionally(ctx, key, open)
	} else if err = Check(ctx); err == nil {
		err = open(c)
	}
	if err != nil {
		if w != nil {
			err = errors.Join(err, w.Close())
		}
		return nil, err
	}
	return guardedWriter{w, ctx}, nil
}

type guardedWriter struct {
	store.Writer
	ctx context.Context
}

func (w guardedWriter) Commit() (store.Version, error) {
	if err := Check(w.ctx); err != nil {
		return "", err
	}
	v, err := w.Writer.Commit()
	return v, done(w.ctx, err)
}

// Locate implements store.Locator.
func (g guarded) Locate(ctx context.Context, prefix string) iter.Seq2[store.Location, error] {
	return store.Locate(ctx, g.Store, prefix)
}
