package slots_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/dosna/dosna/internal/slots"
)

// TestPlaces shows that no more tasks compute than there are places, however many wait.
func TestPlaces(t *testing.T) {
	s := slots.New(2, 1)
	var now, waiting atomic.Int64
	together := make(chan struct{})
	compute := func() {
		if n := now.Add(1); n > 2 {
			t.Errorf("%d compute", n)
		}
		now.Add(-1)
	}
	var g sync.WaitGroup
	for range 20 {
		g.Go(func() {
			ctx, p, err := s.Enter(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			defer p.End()
			compute()
			away, again := slots.Leave(ctx), slots.Leave(ctx)
			if waiting.Add(1) == 20 {
				close(together) // all have left
			}
			<-together
			away.Return()
			again.Return()
			compute()
		})
	}
	g.Wait()
}

func TestWithoutPlaces(t *testing.T) {
	slots.Leave(t.Context()).Return()
	s := slots.New(1, 10)
	ctx, p, err := s.Enter(t.Context())
	if err != nil || slots.Of(ctx) != s || slots.Of(slots.Keep(ctx)) != nil {
		t.Fatal("a place is not in its context, or in one that keeps it")
	}
	slots.Leave(slots.Keep(ctx)).Return()
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := s.Enter(cancelled); !errors.Is(err, context.Canceled) {
		t.Errorf("a second place of one: %v", err)
	}
	p.End()
	free, err := s.Hold(t.Context(), 1000) // more than there is: all of it
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Hold(cancelled, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("more than the budget: %v", err)
	}
	free()
	if free, err = s.Hold(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	free()
}
