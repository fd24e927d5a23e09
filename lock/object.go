package lock

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/dosna/dosna/store"
)

// object is where a record is stored.
type object struct {
	s   store.Store
	key string
}

// open checks that a store can keep leases.
func open(s store.Store, key string) (object, error) {
	o := object{s, key}
	if err := store.CheckKey(key); err != nil {
		return o, err
	}
	if g := s.Guarantees(); !g.PutIfAbsent || !g.PutIfMatch {
		return o, o.errorf("lock", fmt.Errorf("%w: the store has no conditional writes, by which leases are kept", errors.ErrUnsupported))
	}
	return o, nil
}

func (o object) errorf(op string, err error) error {
	return &store.Error{Op: op, Store: store.Name(o.s), Key: o.key, Err: err}
}

// load reads the record; where there is none the version is "".
func (o object) load(ctx context.Context) (record, store.Version, error) {
	raw, info, err := o.s.Get(ctx, o.key, store.GetOptions{Max: maxRecord}, nil)
	switch {
	case errors.Is(err, store.ErrNotExist):
		return record{Format: recordFormat}, "", nil
	case errors.Is(err, store.ErrTooLarge):
		return record{}, "", fmt.Errorf("%w: %w", store.ErrCorrupt, err)
	case err != nil:
		return record{}, "", err
	}
	r, err := parse(raw)
	if err != nil {
		return r, info.Version, o.errorf("read the lock", err)
	}
	return r, info.Version, nil
}

// swap stores a record in the place of the version that was read. It is ErrConflict
// if that is not there any more.
func (o object) swap(ctx context.Context, v store.Version, r record) (store.Version, error) {
	if n := len(r.Holders) + len(r.Waiting); n > maxClaims {
		return "", o.errorf("lock", fmt.Errorf("%w: %d hold or wait, and more are not kept", store.ErrTooLarge, maxClaims))
	}
	raw, err := r.encode()
	if err != nil {
		return "", err
	}
	v, err = o.s.Put(store.Durably(ctx), o.key, [][]byte{raw}, store.Cond{IfMatch: v, IfAbsent: v == ""})
	if errors.Is(err, store.ErrExist) {
		err = fmt.Errorf("%w: %w", store.ErrConflict, err)
	}
	return v, err
}

// doubtful reports whether an operation that failed may have been done, or may be
// done when it is asked for again.
func doubtful(ctx context.Context, err error) bool {
	return errors.Is(err, store.ErrUnknownOutcome) || errors.Is(err, store.ErrTemporary) ||
		ctx.Err() == nil && (errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)) // of the request
}

// change replaces the record by what edit makes of it, again if somebody else has
// changed it meanwhile; edit returns false if there is nothing to be changed.
func (o object) change(ctx context.Context, by string, edit func(r *record) bool) error {
	for n := 0; ; n++ {
		r, v, err := o.load(ctx)
		if err == nil {
			next := r.next(by)
			if !edit(&next) {
				return nil
			}
			_, err = o.swap(ctx, v, next)
		}
		if err == nil || !errors.Is(err, store.ErrConflict) && !doubtful(ctx, err) || n == maxTries {
			return err
		}
		if err := pause(ctx, backoff(n, time.Second)); err != nil {
			return err
		}
	}
}

// maxTries is how often in a row something is tried that others, or faults, keep
// from being done.
const maxTries = 100

// backoff returns how long to wait after n tries, at random, so that those who met
// do not meet again.
func backoff(n int, most time.Duration) time.Duration {
	d := min(time.Millisecond<<min(n, 20), most)
	return d/2 + rand.N(d)
}

// pause waits, and returns why ctx is done if it is.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
