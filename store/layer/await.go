package layer

import (
	"context"

	"golang.org/x/sync/semaphore"

	"github.com/dosna/dosna/internal/slots"
	"github.com/dosna/dosna/store"
)

// Await returns s, with no more than so many operations under way at a time, for
// tasks that share the places of [slots.Slots]: a task leaves its place until its
// operation has ended. Streams and listings count as [Limit] says.
func Await(s store.Store, requests int) store.Store {
	return &awaiting{guarded{s, &waiter{semaphore.NewWeighted(int64(max(requests, 1)))}}, max(requests, 1)}
}

type awaiting struct {
	guarded
	requests int
}

// Guarantees are those of the store below, and the number of operations.
func (a *awaiting) Guarantees() store.Guarantees {
	g := a.below.Guarantees()
	g.Concurrency = a.requests
	return g
}

type waiter struct{ free *semaphore.Weighted }

func (w *waiter) begin(ctx context.Context, op op, _, _ int64) (ticket, error) {
	t := ticket{op: op, place: slots.Leave(ctx)}
	if err := w.free.Acquire(ctx, 1); err != nil {
		t.place.Return()
		return t, err
	}
	return t, nil
}

func (w *waiter) end(t ticket, _ int64, _ error) {
	w.free.Release(1)
	t.place.Return()
}
