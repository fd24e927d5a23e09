package enginetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/dosna/dosna/engine"
)

// runCommFaults tests engines over Comms with faults.
func runCommFaults(t *testing.T, connect func(t *testing.T, size int) []engine.Comm, size int) {
	t.Run("jitter", func(t *testing.T) {
		onAll(t, with(connect(t, size), func(int) Faults { return Faults{Jitter: time.Millisecond} }), func(c engine.Comm) error {
			if err := CheckComm(t.Context(), c); err != nil {
				return err
			}
			for _, c2 := range basics {
				if err := c2.check(t.Context(), engine.New(c, 2)); err != nil {
					return fmt.Errorf("%s: %w", c2.name, err)
				}
			}
			return nil
		})
	})
	if size == 1 {
		return
	}
	t.Run("lost reply", func(t *testing.T) {
		lost := errors.New("the reply was lost")
		for n := 1; n <= 3; n++ {
			endsOnAll(t, with(connect(t, size), func(rank int) Faults {
				if rank == size-1 {
					return Faults{Fail: n, Err: lost}
				}
				return Faults{}
			}))
		}
	})
	t.Run("death", func(t *testing.T) {
		for n := 1; n <= 3; n++ {
			endsOnAll(t, with(connect(t, size), func(rank int) Faults {
				if rank == size-1 {
					return Faults{Die: n}
				}
				return Faults{}
			}))
		}
	})
}

// with gives each rank its faults.
func with(comms []engine.Comm, faults func(rank int) Faults) []engine.Comm {
	out := make([]engine.Comm, len(comms))
	for rank, c := range comms {
		out[rank] = WithFaults(c, faults(rank))
	}
	return out
}

// endsOnAll runs tasks again and again until something fails, which must be seen by
// all ranks: what has died tells nobody, so that somebody has to (as mpirun does);
// any other failure the engine tells.
func endsOnAll(t *testing.T, comms []engine.Comm) {
	t.Helper()
	errs := make(chan error)
	for _, c := range comms {
		go func() {
			e := engine.New(c, 2)
			for range 10 {
				err := e.Run(t.Context(), 5*c.Size(), engine.RunOptions{}, func(context.Context, int) error { return nil })
				if err == nil {
					continue
				}
				if errors.Is(err, ErrDied) {
					for _, other := range comms {
						if other != c {
							_ = other.Abort(err)
							break
						}
					}
				}
				errs <- nil
				return
			}
			errs <- fmt.Errorf("rank %d saw no error", c.Rank())
		}()
	}
	for range comms {
		select {
		case err := <-errs:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(patience):
			t.Fatal("a rank waits for one that has failed")
		}
	}
}
