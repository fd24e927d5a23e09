package dosna

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dosna/dosna/engine"
)

// partsAtOnce runs n parts of one task on a crew whose other tasks have not ended,
// and returns how many were at work at once, at most. The first parts wait for each
// other, as many as want.
func partsAtOnce(t *testing.T, workers, tasks, n, want int) int {
	t.Helper()
	c := newCrew(workers, tasks)
	var now, most, done atomic.Int64
	together := make(chan struct{})
	err := c.run(t.Context(), n, func(context.Context, int) error {
		defer now.Add(-1)
		k := now.Add(1)
		for m := most.Load(); k > m && !most.CompareAndSwap(m, k); m = most.Load() {
		}
		done.Add(1)
		if k == int64(want) && most.Load() == k {
			select {
			case <-together:
			default:
				close(together)
			}
		}
		select {
		case <-together:
			return nil
		case <-time.After(10 * time.Second):
			return errors.New("there are too few at work")
		}
	})
	if err != nil || done.Load() != int64(n) {
		t.Errorf("%d tasks of %d workers: %d of %d parts done: %v", tasks, workers, done.Load(), n, err)
	}
	return int(most.Load())
}

func TestCrewUsesWhoIsFree(t *testing.T) {
	for _, c := range []struct{ workers, tasks, n, want int }{
		{4, 1, 40, 4}, {4, 3, 40, 2}, {4, 4, 40, 1}, {4, 100, 40, 1}, {1, 1, 40, 1}, {8, 1, 1, 1},
	} {
		if got := partsAtOnce(t, c.workers, c.tasks, c.n, c.want); got != c.want {
			t.Errorf("%d tasks of %d workers: %d parts at once, want %d", c.tasks, c.workers, got, c.want)
		}
	}
	if got := partsAtOnce(t, 4, 1, 0, 0); got != 0 {
		t.Errorf("%d parts of none", got)
	}
}

// A worker whose task ends while another is at work on many parts helps it.
func TestCrewHelpsLate(t *testing.T) {
	c := newCrew(2, 2)
	helped := make(chan struct{})
	err := c.run(t.Context(), 1000, func(ctx context.Context, i int) error {
		switch {
		case i == 3:
			c.left.Add(-1) // the other task ends
		case i == 500:
			select {
			case <-helped:
			case <-time.After(10 * time.Second):
				return errors.New("nobody helps")
			}
		case i == 501:
			close(helped)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestCrewStopsAtAnError(t *testing.T) {
	bad := errors.New("bad")
	var begun atomic.Int64
	err := newCrew(4, 1).run(t.Context(), 100_000, func(_ context.Context, i int) error {
		begun.Add(1)
		if i == 10 {
			return bad
		}
		return nil
	})
	if !errors.Is(err, bad) || begun.Load() == 100_000 {
		t.Errorf("%v, after %d parts", err, begun.Load())
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(bad)
	if err := newCrew(4, 1).run(ctx, 10, func(context.Context, int) error { return nil }); !errors.Is(err, bad) {
		t.Errorf("with a cancelled ctx: %v", err)
	}
}

func TestCrewPassesPanicsOn(t *testing.T) {
	for _, workers := range []int{1, 4} {
		func() {
			defer func() {
				v := recover()
				if p, ok := v.(*engine.Panic); ok {
					v = p.Value
				}
				if v != "explode" {
					t.Errorf("%d workers: recovered %v", workers, v)
				}
			}()
			_ = newCrew(workers, 1).run(t.Context(), 100, func(_ context.Context, i int) error {
				if i == 7 {
					panic("explode")
				}
				return nil
			})
		}()
	}
}
