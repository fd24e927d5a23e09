package dosna

import (
	"context"
	"sync/atomic"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/engine"
	"github.com/dosna/dosna/internal/slots"
)

// manyRequests is how many requests are under way at a time at a store behind a
// network that does not say how many are worth it.
const manyRequests = 32

// manyBytes is Options.InFlight where it is not given.
const manyBytes = 256 << 20

// requests is how many may be under way at a time.
func (c *Connection) requests() int {
	g := c.store.Guarantees()
	n := g.Concurrency
	if n <= 0 {
		n = manyRequests
	}
	if c.o.Requests > 0 {
		n = min(n, c.o.Requests)
	}
	return n
}

func (o Options) inFlight() int64 {
	if o.InFlight > 0 {
		return o.InFlight
	}
	return manyBytes
}

// unsized is what is expected of a stored object that has no bound.
const unsized = 8 << 20

// holds is how many bytes a task holds at most that works on one stored object,
// and how many if that is decoded, or was.
func (d *Dataset) holds() (stored, decoded int) {
	if d.doc.Type.Variable() {
		return unsized, unsized
	}
	decoded = d.item()
	for _, n := range d.stored() {
		if n > 0 && decoded > maxHeld/n {
			return d.chain.MaxStored(), maxHeld
		}
		decoded *= n
	}
	return d.chain.MaxStored(), decoded
}

// run runs the n tasks of a call, each of which holds so many bytes at most.
//
// Where the store, or one of those with which the call also works, is waited for,
// as many tasks are begun as requests are worth having under way, or as hold
// Options.InFlight bytes, but no fewer than there are workers. No more of them than
// these compute at a time: a task leaves its place while it waits, see
// [slots.Place]. A call within a task uses the places of the outer one.
func (c *Connection) run(ctx context.Context, e *engine.Engine, n, bytes int, task func(ctx context.Context, i int) error, with ...*Connection) error {
	requests := 0
	for _, c := range append(with, c) {
		if c.store.Guarantees().Remote {
			requests = max(requests, c.requests())
		}
	}
	if requests == 0 {
		return c.o.run(ctx, e, n, task)
	}
	bytes = max(bytes, 1)
	width := int(min(int64(requests), c.o.inFlight()/int64(bytes)))
	width = max(width, 1)
	s := slots.Of(ctx)
	inner := s != nil
	if !inner {
		width = max(width, e.Workers())
		s = slots.New(e.Workers(), c.o.inFlight())
	}
	w := &wide{slots: s, requests: int64(requests), profile: c.o.Profile}
	defer slots.Leave(ctx).Return()
	return c.o.metered(codec.WithParallel(slots.Keep(ctx), w.parts), engine.New(e.Comm(), width), n, func(ctx context.Context, i int) error {
		w.busy.Add(1)
		defer w.busy.Add(-1)
		if inner {
			free, err := s.Hold(ctx, bytes)
			if err != nil {
				return err
			}
			defer free()
		}
		ctx, place, err := s.Enter(ctx)
		if err != nil {
			return err
		}
		defer place.End()
		return task(ctx, i)
	})
}

// Run runs n tasks, which read or write parts of d, and of other datasets, as calls on datasets run theirs on chunks: on the
// workers of e or, if that is nil, as many as there are processors; and, where one of the datasets is behind a network, as many as
// requests are worth having under way, of which no more than there are workers compute at a time. For that tasks use the
// context that they are given. Each holds so many bytes at most: see [Options.InFlight]. The first error ends it.
func (d *Dataset) Run(ctx context.Context, e *engine.Engine, n, bytes int, task func(ctx context.Context, i int) error, others ...*Dataset) error {
	if e == nil {
		e = engine.Threads(0)
	}
	with := make([]*Connection, len(others))
	for i, o := range others {
		with[i] = o.c
	}
	return d.c.run(ctx, e, n, bytes, task, with...)
}

// wide is a call whose tasks wait.
type wide struct {
	slots    *slots.Slots
	requests int64
	busy     atomic.Int64 // tasks, and parts of them on goroutines of their own
	profile  *Profile
}

// parts is a codec.Parallel. Parts have places of their own.
func (w *wide) parts(ctx context.Context, n int, part func(ctx context.Context, i int) error) error {
	width := 1
	for int64(width) < int64(n) && w.busy.Add(1) <= w.requests {
		width++
	}
	if width < n {
		w.busy.Add(-1) // of the one that did not fit
	}
	defer w.busy.Add(int64(1 - width))
	defer slots.Leave(ctx).Return()
	idle := w.profile.begin()
	defer idle.waited()
	return engine.Threads(width).Run(slots.Keep(ctx), n, engine.RunOptions{}, func(ctx context.Context, i int) error {
		ctx, place, err := w.slots.Enter(ctx)
		if err != nil {
			return err
		}
		defer place.End()
		work := w.profile.begin()
		defer work.helped()
		return part(ctx, i)
	})
}

// serial runs tasks within a task: one after another, unless they are for a store that is
// waited for.
func (c *Connection) serial(ctx context.Context, n, bytes int, task func(ctx context.Context, i int) error) error {
	if n > 1 && c.store.Guarantees().Remote && slots.Of(ctx) != nil {
		quiet := *c
		quiet.o.Progress = nil
		return quiet.run(ctx, engine.CPU(), n, bytes, task)
	}
	for i := range n {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		if err := task(ctx, i); err != nil {
			return err
		}
	}
	return nil
}
