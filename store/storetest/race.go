package storetest

import (
	"context"
	"maps"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/dosna/dosna/store"
)

// workers is how many goroutines hammer one promise, in all processes together.
const workers = 32

// race is a check in which many use the store at once: through one opening of
// it, through several, or in several processes.
type race struct {
	name  string
	light bool // it makes no more requests than others do
	needs func(store.Guarantees) bool

	// setup is called once, before; nil: there is nothing to do.
	setup func(ctx context.Context, s store.Store) error

	// work is what each of the workers does at the same time. It knows of
	// the others by what is stored alone; what it counts is added up.
	work func(ctx context.Context, s store.Store, worker int, t *tally) error

	// judge is called once, after, with the counts of all; nil: work itself
	// sees what is wrong.
	judge func(ctx context.Context, s store.Store, t *tally) error
}

// tally counts what happened.
type tally struct {
	mu sync.Mutex
	n  map[string]int
}

func newTally() *tally { return &tally{n: map[string]int{}} }

func (t *tally) add(what string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.n[what]++
}

func (t *tally) merge(n map[string]int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for what, n := range n {
		t.n[what] += n
	}
}

// sorted returns what was counted, in order.
func (t *tally) sorted() []string { return slices.Sorted(maps.Keys(t.n)) }

// check makes a Check of a race.
func (r race) check() Check {
	return Check{
		Area: "race", Name: r.name, Needs: r.needs, Heavy: !r.light,
		Run:    func(ctx context.Context, s store.Store) error { return r.run(ctx, []store.Store{s}) },
		Shared: r.run,
	}
}

// run races the workers, who share the handles evenly.
func (r race) run(ctx context.Context, handles []store.Store) error {
	t := newTally()
	return r.around(ctx, handles[0], t, func() error {
		return r.part(ctx, func(worker int) store.Store { return handles[worker*len(handles)/workers] }, t)
	})
}

// around does what comes before and after the work.
func (r race) around(ctx context.Context, s store.Store, t *tally, work func() error) error {
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

// part runs those workers at once for which handle returns a store.
func (r race) part(ctx context.Context, handle func(worker int) store.Store, t *tally) error {
	g, ctx := errgroup.WithContext(ctx)
	start := make(chan struct{})
	for i := range workers {
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
