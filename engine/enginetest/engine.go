// Package enginetest checks that a [engine.Comm], and an [engine.Engine] on it,
// keep what package engine promises. It is for anybody's:
//
//	func TestEngine(t *testing.T) {
//		enginetest.Run(t, func(*testing.T) *engine.Engine { return mine.Engine() })
//	}
//
//	func TestComm(t *testing.T) {
//		enginetest.RunComm(t, func(t *testing.T, size int) []engine.Comm { return mine.Connect(t, size) })
//	}
//
// Where ranks are processes, each calls [CheckComm] and [CheckEngine], which need no
// testing.T, so that a program can do it on the machines where it is to run. Every
// task fails in turn, and cancels its run in turn; tasks are slow, do not hear that
// they are cancelled, panic, and run tasks of their own; ranks come in any order
// ([Faults] make them), lose a reply, die, and abort. Nothing may hang, and no
// goroutine may be left.
package enginetest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/dosna/dosna/engine"
)

// Run tests the engines that newEngine makes.
func Run(t *testing.T, newEngine func(t *testing.T) *engine.Engine) {
	for _, c := range checks() {
		t.Run(c.name, func(t *testing.T) {
			if err := c.check(t.Context(), newEngine(t)); err != nil {
				t.Error(err)
			}
		})
	}
}

// CheckEngine runs all checks and returns the first fault it finds. If e has
// several ranks, all must call it.
func CheckEngine(ctx context.Context, e *engine.Engine) error {
	for _, c := range checks() {
		if err := c.check(ctx, e); err != nil {
			return fmt.Errorf("%s: %s: %w", e.Name(), c.name, err)
		}
	}
	return nil
}

// check is one promise. Where an engine has several ranks, all make the same checks.
type check struct {
	name  string
	check func(ctx context.Context, e *engine.Engine) error
}

func checks() []check { return append(slices.Clone(basics), troubles...) }

// basics are what an engine does.
var basics = []check{
	{"every task once", checkEveryTaskOnce},
	{"units stay together", checkUnits},
	{"order of one worker", checkOrder},
	{"workers run at once", checkConcurrency},
	{"first error", checkFirstError},
	{"error on one rank", checkRankError},
	{"many tasks", checkManyTasks},
	{"negative", checkNegative},
}

// tasks runs n tasks and returns which ones ran on this rank, in order.
func tasks(ctx context.Context, e *engine.Engine, n int, o engine.RunOptions) ([]int, error) {
	var mu sync.Mutex
	var mine []int
	err := e.Run(ctx, n, o, func(_ context.Context, i int) error {
		mu.Lock()
		defer mu.Unlock()
		mine = append(mine, i)
		return nil
	})
	return mine, err
}

var layouts = []struct {
	n int
	o engine.RunOptions
}{
	{0, engine.RunOptions{}},
	{1, engine.RunOptions{}},
	{2, engine.RunOptions{Contiguous: true}},
	{101, engine.RunOptions{}},
	{101, engine.RunOptions{Unit: 4}},
	{101, engine.RunOptions{Unit: 4, Contiguous: true}},
	{101, engine.RunOptions{Unit: 60}},
	{101, engine.RunOptions{Unit: 1000, Contiguous: true}},
	{100, engine.RunOptions{Contiguous: true}},
}

func checkEveryTaskOnce(ctx context.Context, e *engine.Engine) error {
	for _, l := range layouts {
		mine, err := tasks(ctx, e, l.n, l.o)
		if err != nil {
			return err
		}
		data := make([]byte, 8*len(mine))
		for k, i := range mine {
			binary.LittleEndian.PutUint64(data[8*k:], uint64(i))
		}
		all, err := e.Comm().AllGather(ctx, data)
		if err != nil {
			return err
		}
		counts := make([]int, l.n)
		for _, part := range all {
			for ; len(part) > 0; part = part[8:] {
				i := binary.LittleEndian.Uint64(part)
				if i >= uint64(l.n) {
					return fmt.Errorf("%+v: task %d of %d ran", l.o, i, l.n)
				}
				counts[i]++
			}
		}
		for i, c := range counts {
			if c != 1 {
				return fmt.Errorf("%+v: task %d of %d ran %d times", l.o, i, l.n, c)
			}
		}
	}
	return nil
}

func checkUnits(ctx context.Context, e *engine.Engine) error {
	for _, l := range layouts {
		mine, err := tasks(ctx, e, l.n, l.o)
		if err != nil {
			return err
		}
		slices.Sort(mine)
		unit := max(l.o.Unit, 1)
		ran := make(map[int]int)
		for _, i := range mine {
			ran[i/unit]++
		}
		for u, got := range ran {
			if want := min(unit, l.n-u*unit); got != want {
				return fmt.Errorf("%+v: rank %d ran %d of the %d tasks of unit %d", l.o, e.Comm().Rank(), got, want, u)
			}
		}
		if k := len(mine); l.o.Contiguous && k > 0 && mine[k-1]-mine[0] != k-1 {
			return fmt.Errorf("%+v: rank %d ran %d tasks from %d to %d", l.o, e.Comm().Rank(), k, mine[0], mine[k-1])
		}
	}
	return nil
}

func checkOrder(ctx context.Context, e *engine.Engine) error {
	mine, err := tasks(ctx, e, 50, engine.RunOptions{Unit: 3})
	if err != nil {
		return err
	}
	if e.Workers() == 1 && !slices.IsSorted(mine) {
		return fmt.Errorf("one worker ran the tasks in the order %v", mine)
	}
	return nil
}

// checkConcurrency lets every task wait until all workers are inside one.
func checkConcurrency(ctx context.Context, e *engine.Engine) error {
	var inside atomic.Int64
	full := make(chan struct{})
	n := e.Workers() * e.Comm().Size()
	return e.Run(ctx, n, engine.RunOptions{Contiguous: true}, func(ctx context.Context, _ int) error {
		if inside.Add(1) == int64(e.Workers()) {
			close(full)
		}
		select {
		case <-full:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
}

func checkFirstError(ctx context.Context, e *engine.Engine) error {
	first := errors.New("task 0 failed")
	failed := make(chan struct{})
	var ran, inside atomic.Int64
	err := e.Run(ctx, 1000*e.Comm().Size(), engine.RunOptions{Contiguous: true}, func(ctx context.Context, i int) error {
		inside.Add(1)
		defer inside.Add(-1)
		if ran.Add(1) == 1 {
			close(failed)
			return first
		}
		<-ctx.Done()
		if context.Cause(ctx) != first {
			return fmt.Errorf("a task was cancelled because of %v", context.Cause(ctx))
		}
		return errors.New("a later error")
	})
	if inside.Load() != 0 {
		return errors.New("Run returned before its tasks")
	}
	if got := ran.Load(); got > int64(e.Workers()) {
		return fmt.Errorf("%d tasks ran on %d workers though the first failed", got, e.Workers())
	}
	// all ranks fail: rank 0's error is everyone's
	var remote *engine.RankError
	if e.Comm().Rank() == 0 && err == first || errors.As(err, &remote) && remote.Rank == 0 && remote.Text == first.Error() {
		return nil
	}
	return fmt.Errorf("Run returned %v", err)
}

func checkRankError(ctx context.Context, e *engine.Engine) error {
	last := e.Comm().Size() - 1
	cause := errors.New("only here")
	err := e.Run(ctx, last+1, engine.RunOptions{}, func(_ context.Context, i int) error {
		if i == last {
			return cause
		}
		return nil
	})
	if e.Comm().Rank() == last {
		if err != cause {
			return fmt.Errorf("Run returned %v on the rank that failed", err)
		}
		return nil
	}
	var remote *engine.RankError
	if !errors.As(err, &remote) || remote.Rank != last || remote.Text != cause.Error() {
		return fmt.Errorf("Run returned %v where rank %d failed", err, last)
	}
	return nil
}

func wantCause(e *engine.Engine, err, cause error) error {
	var remote *engine.RankError
	if err == cause || e.Comm().Rank() > 0 && errors.As(err, &remote) && remote.Text == cause.Error() {
		return nil
	}
	return fmt.Errorf("Run returned %v, want %v", err, cause)
}

// checkManyTasks shows that tasks are counted, not listed: a million million of
// them, of which one ends the run.
func checkManyTasks(ctx context.Context, e *engine.Engine) error {
	stop := errors.New("far enough")
	var ran atomic.Int64
	for _, n := range []int{1_000_000_000_000, int(^uint(0) >> 1)} {
		ran.Store(0)
		err := e.Run(ctx, n, engine.RunOptions{Contiguous: true, Unit: 7}, func(_ context.Context, i int) error {
			if i < 0 || i >= n {
				return fmt.Errorf("task %d of %d", i, n)
			}
			if ran.Add(1) >= 1000 {
				return stop
			}
			return nil
		})
		if err := wantCause(e, err, stop); err != nil {
			return err
		}
	}
	return nil
}

func checkNegative(ctx context.Context, e *engine.Engine) error {
	if _, err := tasks(ctx, e, -1, engine.RunOptions{}); err == nil {
		return errors.New("ran -1 tasks")
	}
	return nil
}
