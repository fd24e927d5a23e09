package enginetest

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/dosna/dosna/engine"
)

// ErrDied is what the collectives of a rank fail with that died by its [Faults].
var ErrDied = errors.New("this rank has died")

// Faults are what goes wrong with a Comm; the zero value is nothing.
type Faults struct {
	// Jitter delays the beginning and the end of each collective by up to so
	// much, at random, so that ranks come and go in ever different orders.
	Jitter time.Duration
	// Die is the number of the collective, counted from 1, before which the rank
	// dies: that one and all later ones fail with ErrDied, and Abort does
	// nothing, as if the process were gone. Zero is never.
	Die int
	// Fail is the number of the collective whose reply is lost: it takes place,
	// and fails with Err all the same. Zero is none.
	Fail int
	Err  error
}

// WithFaults returns a Comm like c, with faults.
func WithFaults(c engine.Comm, f Faults) engine.Comm { return &faulty{Comm: c, faults: f} }

type faulty struct {
	engine.Comm
	faults Faults
	calls  atomic.Int64
	dead   atomic.Bool
}

// call is one collective, done by do.
func (f *faulty) call(ctx context.Context, do func() error) error {
	n := int(f.calls.Add(1))
	if f.faults.Die > 0 && n >= f.faults.Die {
		f.dead.Store(true)
		return ErrDied
	}
	if err := f.pause(ctx); err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	if n == f.faults.Fail {
		return f.faults.Err
	}
	return f.pause(ctx)
}

func (f *faulty) pause(ctx context.Context) error {
	if f.faults.Jitter <= 0 {
		return nil
	}
	select {
	case <-time.After(rand.N(f.faults.Jitter)):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (f *faulty) Barrier(ctx context.Context) error {
	return f.call(ctx, func() error { return f.Comm.Barrier(ctx) })
}

func (f *faulty) Bcast(ctx context.Context, data []byte, root int) (got []byte, err error) {
	err = f.call(ctx, func() error {
		got, err = f.Comm.Bcast(ctx, data, root)
		return err
	})
	return got, err
}

func (f *faulty) AllGather(ctx context.Context, data []byte) (all [][]byte, err error) {
	err = f.call(ctx, func() error {
		all, err = f.Comm.AllGather(ctx, data)
		return err
	})
	return all, err
}

func (f *faulty) Abort(err error) error {
	if f.dead.Load() {
		return err
	}
	return f.Comm.Abort(err)
}
