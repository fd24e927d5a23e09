// Package slots lets more tasks be under way than may compute at a time: a task
// has a place while it computes, and leaves it while it waits for a network or
// for another task.
//
// The place travels with the task's context. Whoever waits under such a context
// calls [Leave] before and [Place.Return] after, and must not hold, while it
// returns, what a task that has a place may wait for without leaving it.
package slots

import (
	"context"
	"sync"

	"golang.org/x/sync/semaphore"
)

// Slots are the places of a call. They are safe for concurrent use.
type Slots struct {
	free   *semaphore.Weighted
	bytes  *semaphore.Weighted
	budget int64
}

// New returns n places, and a budget of bytes that tasks within tasks may hold.
func New(n int, budget int64) *Slots {
	budget = max(budget, 1)
	return &Slots{free: semaphore.NewWeighted(int64(max(n, 1))), bytes: semaphore.NewWeighted(budget), budget: budget}
}

// Hold takes so many bytes of the budget, all of it if they are more, and waits
// until there are as many. They are given back by the function returned.
func (s *Slots) Hold(ctx context.Context, bytes int) (free func(), err error) {
	n := min(max(int64(bytes), 1), s.budget)
	if s.bytes.Acquire(ctx, n) != nil {
		return nil, context.Cause(ctx)
	}
	return func() { s.bytes.Release(n) }, nil
}

// Place is a task's; nil is that of a task which needs none.
type Place struct {
	slots *Slots

	mu   sync.Mutex
	away int // those of the task's goroutines that wait
}

type placeKey struct{}

// Of returns the places of which the task of a context has one, or nil.
func Of(ctx context.Context) *Slots {
	if p, _ := ctx.Value(placeKey{}).(*Place); p != nil {
		return p.slots
	}
	return nil
}

// Enter waits for a place, and returns the context of the task that has it until
// the place is ended.
func (s *Slots) Enter(ctx context.Context) (context.Context, *Place, error) {
	if s.free.Acquire(ctx, 1) != nil {
		return ctx, nil, context.Cause(ctx)
	}
	p := &Place{slots: s}
	return context.WithValue(ctx, placeKey{}, p), p, nil
}

// End gives the place up for good.
func (p *Place) End() { p.slots.free.Release(1) }

// Keep returns a context for code that may wait as it likes, in which nothing
// leaves the task's place.
func Keep(ctx context.Context) context.Context {
	if Of(ctx) == nil {
		return ctx
	}
	return context.WithValue(ctx, placeKey{}, (*Place)(nil))
}

// Leave lets another task compute while the one of a context waits. It returns
// what is to be told when the wait is over, nil if the task has no place.
func Leave(ctx context.Context) *Place {
	p, _ := ctx.Value(placeKey{}).(*Place)
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.away++; p.away == 1 {
		p.slots.free.Release(1)
	}
	return p
}

// Return waits until the task may compute again, if none of its goroutines waits any
// more. It does so even if the task is cancelled, which does not take long: those
// who have a place compute.
func (p *Place) Return() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.away == 1 {
		_ = p.slots.free.Acquire(context.Background(), 1) // which is never done
	}
	p.away--
}
