package enginetest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/dosna/dosna/engine"
)

// troubles are checks of what an engine does when tasks do not do as they should.
var troubles = []check{
	{"failure of each task", checkEachFailure},
	{"cancelled before", checkCancelledBefore},
	{"cancelled within", checkCancelledWithin},
	{"cancelled at each task", checkEachCancel},
	{"cancelled from outside", checkCancelFromOutside},
	{"slow task", checkSlowTask},
	{"tasks that ignore their context", checkDeafTasks},
	{"runs one after another", checkManyRuns},
	{"runs within tasks", checkNested},
	{"panic", checkPanic},
	{"no goroutine left", checkGoroutines},
}

// fewTasks is how many tasks the checks run that try a fault at each.
const fewTasks = 23

// checkEachFailure lets every task fail in turn.
func checkEachFailure(ctx context.Context, e *engine.Engine) error {
	for bad := range fewTasks {
		cause := fmt.Errorf("task %d failed", bad)
		mine := false
		var inside atomic.Int64
		err := e.Run(ctx, fewTasks, engine.RunOptions{Unit: 2}, func(_ context.Context, i int) error {
			inside.Add(1)
			defer inside.Add(-1)
			if i != bad {
				return nil
			}
			mine = true
			return cause
		})
		if inside.Load() != 0 {
			return errors.New("Run returned before its tasks")
		}
		if mine && err == cause || !mine && isRemote(err, cause) {
			continue
		}
		return fmt.Errorf("rank %d: Run returned %v where task %d failed", e.Comm().Rank(), err, bad)
	}
	return nil
}

// checkEachCancel lets every task in turn cancel the run that it is of.
func checkEachCancel(ctx context.Context, e *engine.Engine) error {
	for at := range fewTasks {
		cause := fmt.Errorf("cancelled by task %d", at)
		caller, cancel := context.WithCancelCause(ctx)
		mine := false
		var ran atomic.Int64
		err := e.Run(caller, fewTasks*e.Comm().Size(), engine.RunOptions{Contiguous: true}, func(ctx context.Context, i int) error {
			if i%fewTasks == at {
				mine = true
				cancel(cause)
				if context.Cause(ctx) != cause {
					return fmt.Errorf("a task's ctx ended by %v", context.Cause(ctx))
				}
			}
			ran.Add(1)
			return nil
		})
		cancel(nil)
		switch {
		case !mine:
			return fmt.Errorf("no task %d on rank %d", at, e.Comm().Rank())
		case err == nil && ran.Load() < fewTasks:
			return fmt.Errorf("Run returned without an error after %d of %d tasks", ran.Load(), fewTasks)
		case err != nil && err != cause && !isRemote(err, cause): // this rank may have been through already
			return fmt.Errorf("Run returned %v, want %v", err, cause)
		}
	}
	return nil
}

// isRemote reports whether an error is another rank's.
func isRemote(err, cause error) bool {
	var remote *engine.RankError
	return errors.As(err, &remote) && remote.Text == cause.Error()
}

// checkCancelFromOutside cancels while all workers wait.
func checkCancelFromOutside(ctx context.Context, e *engine.Engine) error {
	cause := errors.New("cancelled from outside")
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var inside atomic.Int64
	err := e.Run(ctx, 1<<30, engine.RunOptions{}, func(ctx context.Context, _ int) error {
		if inside.Add(1) == int64(e.Workers()) {
			go cancel(cause)
		}
		defer inside.Add(-1)
		<-ctx.Done()
		return ctx.Err()
	})
	if n := inside.Load(); n != 0 {
		return fmt.Errorf("Run returned while %d tasks ran", n)
	}
	return wantCause(e, err, cause)
}

// checkSlowTask has a task that ends after all others of its rank: other workers do
// not wait for it.
func checkSlowTask(ctx context.Context, e *engine.Engine) error {
	if e.Workers() == 1 {
		return nil
	}
	var left atomic.Int64
	left.Store(fewTasks - 1)
	others := make(chan struct{})
	return e.Run(ctx, fewTasks*e.Comm().Size(), engine.RunOptions{Contiguous: true}, func(ctx context.Context, i int) error {
		if i%fewTasks > 0 {
			if left.Add(-1) == 0 {
				close(others)
			}
			return nil
		}
		select {
		case <-others:
			return nil
		case <-time.After(patience):
			return errors.New("one slow task keeps others from being run")
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
}

// patience is after how long something that should happen at once is missed.
const patience = 30 * time.Second

// checkDeafTasks has tasks that go on after another has failed: Run waits for them.
func checkDeafTasks(ctx context.Context, e *engine.Engine) error {
	cause := errors.New("the first one")
	var inside atomic.Int64
	err := e.Run(ctx, e.Workers()*e.Comm().Size(), engine.RunOptions{Contiguous: true}, func(ctx context.Context, i int) error {
		if i%e.Workers() == 0 {
			return cause
		}
		inside.Add(1)
		defer inside.Add(-1)
		time.Sleep(time.Millisecond)
		return nil
	})
	if inside.Load() != 0 {
		return errors.New("Run returned before its tasks")
	}
	return wantCause(e, err, cause)
}

// checkManyRuns lets runs follow each other at once, some of which fail.
func checkManyRuns(ctx context.Context, e *engine.Engine) error {
	cause := errors.New("every third")
	for k := range 200 {
		var ran atomic.Int64
		err := e.Run(ctx, k%7*e.Comm().Size(), engine.RunOptions{Contiguous: true}, func(context.Context, int) error {
			ran.Add(1)
			if k%3 == 0 {
				return cause
			}
			return nil
		})
		if k%3 == 0 && k%7 > 0 {
			if err := wantCause(e, err, cause); err != nil {
				return err
			}
		} else if err != nil || ran.Load() != int64(k%7) {
			return fmt.Errorf("run %d: %d tasks of %d, %v", k, ran.Load(), k%7, err)
		}
	}
	return nil
}

// checkNested lets tasks run tasks of their own on an engine of one rank.
func checkNested(ctx context.Context, e *engine.Engine) error {
	local := engine.Threads(e.Workers())
	var ran atomic.Int64
	err := e.Run(ctx, fewTasks*e.Comm().Size(), engine.RunOptions{Contiguous: true}, func(ctx context.Context, _ int) error {
		return local.Run(ctx, 5, engine.RunOptions{}, func(context.Context, int) error {
			ran.Add(1)
			return nil
		})
	})
	if err == nil && ran.Load() != 5*fewTasks {
		err = fmt.Errorf("%d tasks within tasks, want %d", ran.Load(), 5*fewTasks)
	}
	return err
}

// checkGoroutines counts goroutines, which tells something where no others come and
// go: with one rank in the process.
func checkGoroutines(ctx context.Context, e *engine.Engine) error {
	if e.Comm().Size() > 1 {
		return nil
	}
	before := runtime.NumGoroutine()
	stop := errors.New("stop")
	for k := range 20 {
		err := e.Run(ctx, 100, engine.RunOptions{}, func(_ context.Context, i int) error {
			if i == 10*k {
				return stop
			}
			return nil
		})
		if (err == stop) != (k < 10) {
			return fmt.Errorf("Run returned %v", err)
		}
	}
	for end := time.Now().Add(patience); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			return fmt.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
	}
	return nil
}

// checkPanic is for one rank: a panic ends the run of all (see RunComm).
func checkPanic(ctx context.Context, e *engine.Engine) (err error) {
	if e.Comm().Size() > 1 {
		return nil
	}
	cause := errors.New("out of cheese")
	var inside atomic.Int64
	defer func() {
		v := recover()
		if p, ok := v.(*engine.Panic); ok {
			v = p.Value
		}
		if v != cause {
			err = fmt.Errorf("recovered %v", v)
		}
		if inside.Load() != 0 {
			err = errors.New("Run panicked before its tasks had returned")
		}
	}()
	err = e.Run(ctx, 1000, engine.RunOptions{}, func(ctx context.Context, i int) error {
		if i == 0 {
			panic(cause)
		}
		inside.Add(1)
		defer inside.Add(-1)
		<-ctx.Done()
		return nil
	})
	return fmt.Errorf("Run returned %v though a task panicked", err)
}

func checkCancelledBefore(ctx context.Context, e *engine.Engine) error {
	cause := errors.New("cancelled before")
	ctx, cancel := context.WithCancelCause(ctx)
	cancel(cause)
	mine, err := tasks(ctx, e, 1<<40, engine.RunOptions{})
	if len(mine) > 0 {
		return fmt.Errorf("%d tasks ran", len(mine))
	}
	return wantCause(e, err, cause)
}

func checkCancelledWithin(ctx context.Context, e *engine.Engine) error {
	cause := errors.New("cancelled within")
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	err := e.Run(ctx, 1<<40, engine.RunOptions{}, func(ctx context.Context, _ int) error {
		cancel(cause)
		<-ctx.Done()
		return fmt.Errorf("wait: %w", ctx.Err())
	})
	return wantCause(e, err, cause)
}
