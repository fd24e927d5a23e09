package dosna

import (
	"context"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/dosna/dosna/engine"
)

// crew are the workers of a call. Those for whom it has no more tasks help with the
// parts of the tasks still at work, such as the inner chunks of a shard, so that
// one large object keeps all of them busy, and no more than there are.
type crew struct {
	workers int64
	left    atomic.Int64 // tasks that have not ended
	helping atomic.Int64
	profile *Profile
}

func newCrew(workers, tasks int) *crew {
	c := &crew{workers: int64(workers)}
	c.left.Store(int64(tasks))
	return c
}

// hire reports whether a worker is free, who then is not until helping is lowered.
func (c *crew) hire() bool {
	if c.helping.Add(1)+c.left.Load() <= c.workers {
		return true
	}
	c.helping.Add(-1)
	return false
}

// run is a codec.Parallel for the tasks of the call. It works on the parts itself,
// and whenever somebody is free, another does too.
func (c *crew) run(ctx context.Context, n int, part func(ctx context.Context, i int) error) error {
	s := &shift{n: int64(n), part: part}
	defer func() { // also after a panic
		s.next.Store(s.n)
		s.group.Wait()
	}()
	for s.next.Load() < s.n {
		for s.next.Load()+1 < s.n && c.hire() {
			s.group.Go(func() {
				defer c.helping.Add(-1)
				work := c.profile.begin()
				s.help(ctx)
				work.helped()
			})
		}
		if !s.one(ctx) {
			break
		}
	}
	idle := c.profile.begin()
	s.group.Wait()
	idle.waited()
	if s.panic != nil {
		panic(s.panic)
	}
	return s.err
}

// shift is one call of run.
type shift struct {
	n     int64
	part  func(ctx context.Context, i int) error
	next  atomic.Int64
	group sync.WaitGroup

	once  sync.Once
	err   error
	panic *engine.Panic
}

// one works on the next part; false if there is none, or something has failed.
func (s *shift) one(ctx context.Context) bool {
	i := s.next.Add(1) - 1
	if i >= s.n {
		return false
	}
	err := context.Cause(ctx)
	if err == nil {
		err = s.part(ctx, int(i))
	}
	if err != nil {
		s.fail(func() { s.err = err })
	}
	return err == nil
}

// fail keeps parts from being begun, and notes why if nothing has before.
func (s *shift) fail(note func()) {
	s.once.Do(note)
	s.next.Store(s.n)
}

// help works on parts until there are none. What it panics with is for run's
// caller.
func (s *shift) help(ctx context.Context) {
	returned := false
	defer func() {
		if returned {
			return
		}
		v := recover()
		if v == nil {
			v = "a part of a task called runtime.Goexit"
		}
		s.fail(func() { s.panic = &engine.Panic{Value: v, Stack: debug.Stack()} })
	}()
	for s.one(ctx) {
	}
	returned = true
}
