package layer

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/dosna/dosna/store"
)

// LimitOptions are the bounds of [Limit]; the zero value sets none.
type LimitOptions struct {
	Ops            int     // operations under way at a time
	Bytes          int64   // bytes being read or written at a time; what is larger goes alone
	OpsPerSecond   float64 // operations begun
	BytesPerSecond float64 // bytes read and written
}

// Limit returns s with bounds on how much is asked of it at a time and in how
// much time, whoever asks. Operations that must wait do so in the order in which
// they came, and stop waiting when their context ends. What was idle before is
// not made up for, except for a tenth of a second's worth.
//
// An open stream counts only while one of its calls is under way, and a listing
// until its first entry, and once more for each thousand; so code that holds one
// open and uses the store meanwhile, as List allows, waits for nobody. How many
// bytes a read will return is not always known before: then it counts as much as
// reads before it did, and what it was in truth afterwards, so that the bounds on
// bytes hold on average.
func Limit(s store.Store, o LimitOptions) store.Store {
	l := &limiter{o: o, rates: [2]rate{{perSecond: o.OpsPerSecond}, {perSecond: o.BytesPerSecond}}}
	if o.Ops > 0 {
		l.slots = semaphore.NewWeighted(int64(o.Ops))
	}
	if o.Bytes > 0 {
		l.bytes = semaphore.NewWeighted(o.Bytes)
	}
	return &limited{guarded{s, l}, o}
}

type limited struct {
	guarded
	o LimitOptions
}

// Guarantees are those of the store below, with no more Concurrency than has
// any use.
func (l *limited) Guarantees() store.Guarantees {
	g := l.below.Guarantees()
	if l.o.Ops > 0 && (g.Concurrency == 0 || g.Concurrency > l.o.Ops) {
		g.Concurrency = l.o.Ops
	}
	return g
}

type limiter struct {
	o       LimitOptions
	slots   *semaphore.Weighted // nil: no bound
	bytes   *semaphore.Weighted
	rates   [2]rate      // of operations, of bytes
	typical atomic.Int64 // bytes that a read returns, by those before
}

func (l *limiter) begin(ctx context.Context, op op, given, expected int64) (ticket, error) {
	if expected < 0 {
		expected = l.typical.Load()
	}
	t := ticket{op: op, given: given, taken: given + expected}
	err := l.rates[0].wait(ctx, 1)
	if err != nil {
		return t, err
	}
	if err = l.rates[1].wait(ctx, t.taken); err != nil {
		l.rates[0].correct(-1)
		return t, err
	}
	if l.slots != nil {
		err = l.slots.Acquire(ctx, 1)
	}
	if l.bytes != nil && err == nil {
		if err = l.bytes.Acquire(ctx, min(t.taken, l.o.Bytes)); err != nil && l.slots != nil {
			l.slots.Release(1)
		}
	}
	if err != nil {
		l.rates[0].correct(-1)
		l.rates[1].correct(-t.taken)
	}
	return t, err
}

func (l *limiter) end(t ticket, got int64, err error) {
	if l.bytes != nil {
		l.bytes.Release(min(t.taken, l.o.Bytes))
	}
	if l.slots != nil {
		l.slots.Release(1)
	}
	l.rates[1].correct(t.given + got - t.taken)
	switch {
	case err == nil && t.op == opGet:
		l.typical.Store((3*l.typical.Load() + got) / 4)
	case errors.Is(err, errors.ErrUnsupported):
		l.rates[0].correct(-1)
	}
}

// rate spreads amounts over time: each is given a beginning, the next one when
// this one's time is over.
type rate struct {
	perSecond float64 // 0: no bound

	mu   sync.Mutex
	next time.Time // when what comes next may begin
}

// burst is how much time may be made up for.
const burst = 100 * time.Millisecond

func (r *rate) time(amount int64) time.Duration {
	const most = float64(100 * 365 * 24 * time.Hour)
	return time.Duration(min(float64(amount)/r.perSecond*float64(time.Second), most))
}

// wait returns when so much may begin.
func (r *rate) wait(ctx context.Context, amount int64) error {
	if r.perSecond <= 0 {
		return nil
	}
	r.mu.Lock()
	now := time.Now()
	if earliest := now.Add(-burst); r.next.Before(earliest) {
		r.next = earliest
	}
	begin := r.next
	r.next = r.next.Add(r.time(amount))
	r.mu.Unlock()
	if d := begin.Sub(now); d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			r.correct(-amount)
			return ctx.Err()
		}
	}
	return nil
}

// correct counts what an operation was more, or less, than it was taken for.
func (r *rate) correct(amount int64) {
	if r.perSecond <= 0 || amount == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.next = r.next.Add(r.time(amount))
}
