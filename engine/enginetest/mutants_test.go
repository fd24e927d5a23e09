package enginetest_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/dosna/dosna/engine"
	"github.com/dosna/dosna/engine/enginetest"
)

// broken is a Comm with a fault.
type broken struct {
	engine.Comm
	rank   func(int) int
	gather func(all [][]byte) [][]byte
	bcast  func(own, got []byte) []byte
}

func (b broken) Rank() int {
	if b.rank != nil {
		return b.rank(b.Comm.Rank())
	}
	return b.Comm.Rank()
}

func (b broken) AllGather(ctx context.Context, data []byte) ([][]byte, error) {
	all, err := b.Comm.AllGather(ctx, data)
	if err == nil && b.gather != nil {
		all = b.gather(all)
	}
	return all, err
}

func (b broken) Bcast(ctx context.Context, data []byte, root int) ([]byte, error) {
	got, err := b.Comm.Bcast(ctx, data, root)
	if err == nil && b.bcast != nil {
		got = b.bcast(data, got)
	}
	return got, err
}

// TestBrokenCommsAreFound tells each kind of mistake.
func TestBrokenCommsAreFound(t *testing.T) {
	for name, b := range map[string]broken{
		"a rank out of range":  {rank: func(rank int) int { return rank + 1 }},
		"parts in disorder":    {gather: func(all [][]byte) [][]byte { all[0], all[1] = all[1], all[0]; return all }},
		"a part is missing":    {gather: func(all [][]byte) [][]byte { return all[1:] }},
		"a part is cut":        {gather: func(all [][]byte) [][]byte { all[1] = all[1][:len(all[1])-1]; return all }},
		"all get the first":    {gather: func(all [][]byte) [][]byte { all[1] = all[0]; return all }},
		"no broadcast":         {bcast: func(own, _ []byte) []byte { return own }},
		"what is given is cut": {bcast: func(_, got []byte) []byte { return got[:len(got)/2] }},
	} {
		var g errgroup.Group
		for _, c := range enginetest.Ranks(3) {
			g.Go(func() error {
				b := b
				b.Comm = c
				err := enginetest.CheckComm(t.Context(), b)
				if err != nil {
					_ = c.Abort(err)
				}
				return err
			})
		}
		if g.Wait() == nil {
			t.Errorf("%s: not found", name)
		}
	}
}

func TestFaults(t *testing.T) {
	lost := errors.New("lost")
	c := enginetest.WithFaults(engine.Alone(), enginetest.Faults{Jitter: time.Microsecond, Fail: 2, Err: lost, Die: 4})
	for n, want := range []error{nil, lost, nil, enginetest.ErrDied, enginetest.ErrDied} {
		if err := c.Barrier(t.Context()); !errors.Is(err, want) || err != nil && want == nil {
			t.Errorf("call %d: %v, want %v", n+1, err, want)
		}
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(lost)
	c = enginetest.WithFaults(engine.Alone(), enginetest.Faults{Jitter: time.Hour})
	if _, err := c.AllGather(ctx, nil); !errors.Is(err, lost) {
		t.Errorf("delayed for an hour, cancelled: %v", err)
	}
}
