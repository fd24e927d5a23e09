package layer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"time"

	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
)

// RetryOptions say how often, and how long, [Retry] tries; zero values mean what
// is said.
type RetryOptions struct {
	Attempts int           // tries of one operation in all; 0: as many as Total allows
	Base     time.Duration // longest pause after the first try, doubled after each; 0: 100 ms
	Pause    time.Duration // longest pause of all; 0: 5 s
	Total    time.Duration // time after the first failure in which a further try may begin; 0: 1 minute
	Retried  func()        // called before an operation is tried again; may be nil
}

// Retry returns s with operations tried again that failed with
// store.ErrTemporary, which says that nothing has happened; no other error is.
// Pauses between tries are chosen at random up to a bound that doubles (full
// jitter), and end with the operation's context. The error of the last try says
// how many there were.
//
// A change with a condition (IfMatch, IfAbsent) is never done twice, and its
// success is never reported as a conflict. One whose outcome is not known, by
// store.ErrUnknownOutcome, is not tried again, even if the error is
// ErrTemporary as well: whoever knows what the change is for can read what is
// there, and decide. Puts and Deletes without condition, as DeleteAll and
// DeletePrefix, leave the same behind however often they are done, and are tried
// again after any ErrTemporary.
//
// A listing that breaks off goes on after the last entry where listings are
// sorted; elsewhere it fails once an entry was yielded. A stream being read goes
// on where it was, in the same version, where GetIfMatch is promised. One being
// written is not tried again once it is open, for what was written is gone.
func Retry(s store.Store, o RetryOptions) store.Store {
	def := func(d *time.Duration, value time.Duration) {
		if *d <= 0 {
			*d = value
		}
	}
	if o.Attempts <= 0 {
		o.Attempts = math.MaxInt
	}
	def(&o.Base, 100*time.Millisecond)
	def(&o.Pause, 5*time.Second)
	def(&o.Total, time.Minute)
	return &retrying{s, o}
}

type retrying struct {
	below store.Store
	o     RetryOptions
}

func (r *retrying) String() string { return store.Name(r.below) }

func (r *retrying) Guarantees() store.Guarantees { return r.below.Guarantees() }

func (r *retrying) Close() error { return r.below.Close() }

// tries are those of one operation.
type tries struct {
	o     RetryOptions
	n     int // failed ones
	start time.Time
}

func (r *retrying) tries() *tries { return &tries{o: r.o} }

// again waits until the operation that failed with err may be tried again, and
// returns nil; or returns the error for the caller.
func (t *tries) again(ctx context.Context, err error) error {
	if !errors.Is(err, store.ErrTemporary) {
		return t.told(err)
	}
	if t.n++; t.n == 1 {
		t.start = time.Now() // the first try does not count: it may be long
	}
	if t.n >= t.o.Attempts {
		return t.told(err)
	}
	bound := t.o.Pause
	if shift := t.n - 1; shift < 30 && t.o.Base < bound>>shift {
		bound = t.o.Base << shift
	}
	pause := rand.N(bound + 1)
	if time.Since(t.start)+pause > t.o.Total {
		return t.told(err)
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		if t.o.Retried != nil {
			t.o.Retried()
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%w, before trying again what failed with: %w", ctx.Err(), err)
	}
}

// told is err, with how often the operation was tried.
func (t *tries) told(err error) error {
	if t.n == 0 || !errors.Is(err, store.ErrTemporary) {
		return err
	}
	return fmt.Errorf("%w (tried %d times)", err, t.n)
}

// do does an operation until it succeeds or must not be tried again.
func (r *retrying) do(ctx context.Context, f func() error) error {
	t := r.tries()
	for {
		err := f()
		if err == nil {
			return nil
		}
		if err := t.again(ctx, err); err != nil {
			return r.asStore(err)
		}
	}
}

// once is do for a change that must not be done twice: that it may have been done is
// for the caller to deal with.
func (r *retrying) once(ctx context.Context, conditional bool, f func() error) error {
	var unknown error
	err := r.do(ctx, func() error {
		err := f()
		if conditional && errors.Is(err, store.ErrUnknownOutcome) {
			unknown = err
			return nil
		}
		return err
	})
	return cmp.Or(unknown, err)
}

// asStore makes an error the store's, where it is not.
func (r *retrying) asStore(err error) error {
	var e *store.Error
	if errors.As(err, &e) {
		return err
	}
	return &store.Error{Op: "try again", Store: r.String(), Err: err}
}

func (r *retrying) Get(ctx context.Context, key string, o store.GetOptions, dst []byte) (got []byte, info store.Info, err error) {
	err = r.do(ctx, func() (err error) {
		got, info, err = r.below.Get(ctx, key, o, dst)
		return err
	})
	return got, info, err
}

func (r *retrying) Stat(ctx context.Context, key string) (info store.Info, err error) {
	err = r.do(ctx, func() (err error) {
		info, err = r.below.Stat(ctx, key)
		return err
	})
	return info, err
}

func (r *retrying) Put(ctx context.Context, key string, parts [][]byte, c store.Cond) (v store.Version, err error) {
	err = r.once(ctx, c != store.Cond{}, func() (err error) {
		v, err = r.below.Put(ctx, key, parts, c)
		return err
	})
	return v, err
}

func (r *retrying) Delete(ctx context.Context, key string, c store.Cond) error {
	return r.once(ctx, c != store.Cond{}, func() error { return r.below.Delete(ctx, key, c) })
}

func (r *retrying) List(ctx context.Context, o store.ListOptions) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		o := o // the sequence may be ranged over again
		sorted := r.below.Guarantees().ListSorted
		for t, any := r.tries(), false; ; {
			var fault error
			for info, err := range r.below.List(ctx, o) {
				if fault = err; err != nil {
					break
				}
				if !yield(info, nil) {
					return
				}
				any = true
				if sorted {
					o.After = info.Key
					t = r.tries()
				}
			}
			if fault == nil {
				return
			}
			if any && !sorted {
				yield(store.Info{}, fault)
				return
			}
			if err := t.again(ctx, fault); err != nil {
				yield(store.Info{}, r.asStore(err))
				return
			}
		}
	}
}

func (r *retrying) GetRanges(ctx context.Context, key string, c store.Cond, spans []nd.Span) (info store.Info, err error) {
	rg, ok := r.below.(store.RangeGetter)
	if !ok {
		return store.Info{}, errors.ErrUnsupported
	}
	err = r.do(ctx, func() (err error) {
		info, err = rg.GetRanges(ctx, key, c, spans)
		return err
	})
	return info, err
}

func (r *retrying) Sync(ctx context.Context) error {
	sy, ok := r.below.(store.Syncer)
	if !ok {
		return errors.ErrUnsupported
	}
	return r.do(ctx, func() error { return sy.Sync(ctx) })
}

func (r *retrying) DeleteAll(ctx context.Context, keys []string) error {
	b, ok := r.below.(store.BulkDeleter)
	if !ok {
		return errors.ErrUnsupported
	}
	return r.do(ctx, func() error { return b.DeleteAll(ctx, keys) })
}

func (r *retrying) DeletePrefix(ctx context.Context, prefix string) error {
	b, ok := r.below.(store.BulkDeleter)
	if !ok {
		return errors.ErrUnsupported
	}
	return r.do(ctx, func() error { return b.DeletePrefix(ctx, prefix) })
}

func (r *retrying) Copy(ctx context.Context, from, to string, c store.Cond) (v store.Version, err error) {
	cp, ok := r.below.(store.Copier)
	if !ok {
		return "", errors.ErrUnsupported
	}
	err = r.once(ctx, c != store.Cond{}, func() (err error) {
		v, err = cp.Copy(ctx, from, to, c)
		return err
	})
	return v, err
}

func (r *retrying) Rename(ctx context.Context, from, to string) error {
	rn, ok := r.below.(store.Renamer)
	if !ok {
		return errors.ErrUnsupported
	}
	return r.once(ctx, true, func() error { return rn.Rename(ctx, from, to) })
}

func (r *retrying) OpenWriter(ctx context.Context, key string, c store.Cond) (w store.Writer, err error) {
	st, ok := r.below.(store.Streamer)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	err = r.do(ctx, func() (err error) {
		w, err = st.OpenWriter(ctx, key, c)
		return err
	})
	return w, err
}

// Locate is not tried again: it reads through other stores, which do.
func (r *retrying) Locate(ctx context.Context, prefix string) iter.Seq2[store.Location, error] {
	return store.Locate(ctx, r.below, prefix)
}
