package check

import (
	"context"
	"maps"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/dosna/dosna/store"
)

// Workers is how many goroutines hammer one promise, in all processes together.
const Workers = 32

// Race is a check in which many use the store at once: through one opening of
// it, through several, or in several processes.
type Race struct {
	name  string
	light bool // it makes no more requests than others do
	needs func(store.Guarantees) bool

	// setup is called once, before; nil: there is nothing to do.
	setup func(ctx context.Context, s store.Store) error

	// work is what each of the workers does at the same time. It knows of
	// the others by what is stored alone; what it counts is added up.
	work func(ctx context.Context, s store.Store, worker int, t *Tally) error

	// judge is called once, after, with the counts of all; nil: work itself
	// sees what is wrong.
	judge func(ctx context.Context, s store.Store, t *Tally) error
}

// Tally counts what happened.
type Tally struct {
	mu sync.Mutex
	n  map[string]int
}

// NewTally returns one of nothing.
func NewTally() *Tally { return &Tally{n: map[string]int{}} }

func (t *Tally) add(what string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.n[what]++
}

// Merge adds what others have counted.
func (t *Tally) Merge(n map[string]int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for what, n := range n {
		t.n[what] += n
	}
}

// Counts returns how often each thing happened. Nobody may be counting.
func (t *Tally) Counts() map[string]int { return t.n }

// sorted returns what was counted, in order.
func (t *Tally) sorted() []string { return slices.Sorted(maps.Keys(t.n)) }

// Name is the name of its check.
func (r Race) Name() string { return r.name }

// Check makes a Check of a race.
func (r Race) Check() Check {
	return Check{
		Area: "race", Name: r.name, Needs: r.needs, Heavy: !r.light,
		Run:    func(ctx context.Context, s store.Store) error { return r.run(ctx, []store.Store{s}) },
		Shared: r.run,
	}
}

// run races the workers, who share the handles evenly.
func (r Race) run(ctx context.Context, handles []store.Store) error {
	t := NewTally()
	return r.Around(ctx, handles[0], t, func() error {
		return r.Part(ctx, func(worker int) store.Store { return handles[worker*len(handles)/Workers] }, t)
	})
}

// Around does what comes before and after the work.
func (r Race) Around(ctx context.Context, s store.Store, t *Tally, work func() error) error {
	if r.setup != nil {
		if err := r.setup(ctx, s); err != nil {
			return err
		}
	}
	if err := work(); err != nil || r.judge == nil {
		return err
	}
	return r.judge(ctx, s, t)
}

// Part runs those workers at once for which handle returns a store.
func (r Race) Part(ctx context.Context, handle func(worker int) store.Store, t *Tally) error {
	g, ctx := errgroup.WithContext(ctx)
	start := make(chan struct{})
	for i := range Workers {
		if s := handle(i); s != nil {
			g.Go(func() error {
				<-start
				return r.work(ctx, s, i, t)
			})
		}
	}
	close(start)
	return g.Wait()
}
