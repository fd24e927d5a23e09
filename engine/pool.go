package engine

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// pool is one run of tasks on several workers, the caller's goroutine being one.
type pool struct {
	share
	task   func(ctx context.Context, i int) error
	caller context.Context
	ctx    context.Context
	cancel context.CancelCauseFunc
	next   atomic.Uint64 // unsigned: workers count past n, which may be MaxInt

	once   sync.Once
	err    error
	panic  *Panic
	goexit bool
}

func runPool(ctx context.Context, workers int, s share, task func(ctx context.Context, i int) error) error {
	p := &pool{share: s, task: task, caller: ctx}
	p.ctx, p.cancel = context.WithCancelCause(ctx)
	defer p.cancel(nil)
	var wg sync.WaitGroup
	for range workers - 1 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			p.work()
		}()
	}
	func() {
		defer wg.Wait()
		p.work()
	}()
	switch {
	case p.panic != nil:
		panic(p.panic)
	case p.goexit:
		runtime.Goexit()
	}
	return p.err
}

// work runs tasks until there are none or one has failed. It catches panics and,
// in goroutines of its own, runtime.Goexit, as testing's FailNow calls it.
func (p *pool) work() {
	returned := false
	defer func() {
		if returned {
			return
		}
		v := recover()
		p.fail(errors.New("a concurrent task panicked"), func() {
			if v == nil {
				p.goexit = true
				return
			}
			p.panic = panicOf(v)
		})
	}()
	for {
		k := p.next.Add(1) - 1
		if k >= uint64(p.n) {
			break
		}
		err := context.Cause(p.ctx)
		if err == nil {
			if err = p.task(p.ctx, p.index(int(k))); err != nil {
				err = causeOf(p.caller, err)
			}
		}
		if err != nil {
			p.fail(err, func() { p.err = err })
			break
		}
	}
	returned = true
}

// fail stops the run, and notes why if nothing has before.
func (p *pool) fail(cause error, note func()) {
	p.once.Do(note)
	p.cancel(cause)
}

// causeOf returns why ctx is done if err only reports that it is, else err.
func causeOf(ctx context.Context, err error) error {
	if done := ctx.Err(); done != nil && errors.Is(err, done) {
		return context.Cause(ctx)
	}
	return err
}

// Panic is what Run panics with if a task did while several workers ran: the
// caller's own stack does not show where.
type Panic struct {
	Value any
	Stack []byte
}

func panicOf(v any) *Panic {
	if p, ok := v.(*Panic); ok { // of a Run within the task
		return p
	}
	return &Panic{v, debug.Stack()}
}

// Error returns the value and the stack of the task that panicked.
func (p *Panic) Error() string {
	return fmt.Sprintf("%v\n\nthe task's stack:\n%s", p.Value, p.Stack)
}

// Unwrap returns the value if it is an error.
func (p *Panic) Unwrap() error {
	err, _ := p.Value.(error)
	return err
}
