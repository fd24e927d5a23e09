package engine

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// Engine is a number of workers on each rank of a Comm. It holds no resources
// and may be shared; several ranks must, however, call Run in the same order.
type Engine struct {
	comm    Comm
	workers int
}

// New returns an engine of the given number of workers on each rank of comm,
// which is [Alone] if nil. Zero or fewer workers mean as many as there are cores,
// and no more than GOMAXPROCS.
func New(comm Comm, workers int) *Engine {
	if comm == nil {
		comm = Alone()
	}
	if workers <= 0 {
		workers = cores()
	}
	return &Engine{comm, workers}
}

// CPU returns the engine that runs tasks in order on the caller's goroutine.
func CPU() *Engine { return New(nil, 1) }

// Threads returns an engine of n workers in this process; if n is zero or less,
// of as many as there are cores, and no more than GOMAXPROCS.
func Threads(n int) *Engine { return New(nil, n) }

// Parse returns the engine of that name: "cpu", "threads", or "threads:4" for a
// number of workers.
func Parse(name string) (*Engine, error) {
	switch kind, count, counted := strings.Cut(name, ":"); {
	case name == "cpu":
		return CPU(), nil
	case name == "threads":
		return Threads(0), nil
	case kind == "threads" && counted:
		n, err := strconv.ParseUint(count, 10, 16)
		if err != nil || n == 0 {
			return nil, fmt.Errorf("engine %q: %q is not a number of workers from 1 to 65535", name, count)
		}
		return Threads(int(n)), nil
	}
	return nil, fmt.Errorf("unknown engine %q (known: cpu, threads, threads:N)", name)
}

// Name returns the name that Parse reads, preceded by the number of ranks if
// there are several: "4 ranks of threads:8".
func (e *Engine) Name() string {
	name := "cpu"
	if e.workers > 1 {
		name = "threads:" + strconv.Itoa(e.workers)
	}
	if size := e.comm.Size(); size > 1 {
		name = fmt.Sprintf("%d ranks of %s", size, name)
	}
	return name
}

// String returns the name.
func (e *Engine) String() string { return e.Name() }

// Workers returns the number of tasks that this rank runs at once, at most.
func (e *Engine) Workers() int { return e.workers }

// Comm returns the ranks over which Run spreads tasks.
func (e *Engine) Comm() Comm { return e.comm }

// Run calls task once for each i from 0 to n-1, each on one rank, and returns
// when all have returned, here and on the other ranks. It costs the same memory
// however large n is. A rank starts its tasks in rising order; with one worker
// they run on the caller's goroutine.
//
// After an error no further task starts on that rank and the ctx of the running
// ones is cancelled with it as cause. Run returns the first error by time; later
// ones, which often only say that ctx was cancelled, are dropped. If ctx is done
// before all tasks have run, that is an error too: context.Cause(ctx). Other
// ranks learn of an error when they have finished their own tasks; then Run
// fails on all ranks, with the error itself where it arose and a [RankError]
// elsewhere, of the lowest rank that failed.
//
// A panic in a task is passed on to Run's caller once the other tasks have
// returned; if there are several ranks, it also aborts them.
//
// All ranks must call Run with the same n and o, and a task must not call Run on
// an engine of several ranks.
func (e *Engine) Run(ctx context.Context, n int, o RunOptions, task func(ctx context.Context, i int) error) error {
	if n < 0 {
		return fmt.Errorf("run %d tasks: the number is negative", n)
	}
	s := newShare(n, o, e.comm.Rank(), e.comm.Size())
	if e.comm.Size() == 1 {
		return e.runShare(ctx, s, task)
	}
	finished := false
	defer func() {
		if !finished {
			_ = e.comm.Abort(fmt.Errorf("a task panicked on rank %d", e.comm.Rank()))
		}
	}()
	err := e.runShare(ctx, s, task)
	finished = true
	return e.agree(ctx, n, err)
}

func (e *Engine) runShare(ctx context.Context, s share, task func(ctx context.Context, i int) error) error {
	if workers := min(e.workers, s.n); workers > 1 {
		return runPool(ctx, workers, s, task)
	}
	for k := range s.n {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := task(ctx, s.index(k)); err != nil {
			return causeOf(ctx, err)
		}
	}
	return nil
}
