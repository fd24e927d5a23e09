package lock

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/dosna/dosna/store"
)

// Lease is a lock that is held. Its methods may be called at the same time.
type Lease struct {
	object
	ttl   time.Duration
	now   func() time.Duration
	claim Claim
	outer *Lease // under which this one was acquired

	ctx    context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer
	done   chan struct{} // closed when it is renewed no more

	mu       sync.Mutex
	deadline time.Duration
	err      error

	// these belong to the one who renews
	record  record        // what is stored, as far as known, and
	version store.Version // of it; "": to be read
	beat    uint64        // that was sent last

	release sync.Once
	failed  error // to be released
}

// lasts is how long a lease is alive after a renewal was sent.
func lasts(ttl time.Duration) time.Duration { return ttl - ttl/4 }

// every is how long after a renewal the next one is due.
func every(ttl time.Duration) time.Duration { return ttl / 4 }

func newLease(ctx context.Context, a *acquisition, g *grant) *Lease {
	l := &Lease{
		object: a.object, ttl: a.o.TTL, now: a.o.now, claim: g.claim, outer: From(ctx), done: make(chan struct{}),
		deadline: g.sent + lasts(a.o.TTL), record: g.record, version: g.version, beat: g.claim.Beat,
	}
	inner, cancel := context.WithCancelCause(ctx)
	l.cancel = cancel
	l.ctx = context.WithValue(inner, ctxKey{}, l)
	l.mu.Lock()
	l.timer = time.AfterFunc(l.deadline-l.now(), l.expire)
	l.mu.Unlock()
	go l.keep(g.sent)
	return l
}

// Context returns the context of what is done under the lease. It derives from the
// one that the lease was acquired with, and ends with the lease; context.Cause says why.
// [Guard] keeps what is changed under it.
func (l *Lease) Context() context.Context { return l.ctx }

// Claim returns the entry by which others see the lease, as it was when it was granted.
func (l *Lease) Claim() Claim { return l.claim }

// Fence returns the fencing number, which is greater than that of all leases on the
// same key before.
func (l *Lease) Fence() uint64 { return l.claim.Fence }

// Err is nil as long as the lease is held, for certain, at the moment when it is called. It looks
// at the clock, where a context may learn a little later that its time is over.
func (l *Lease) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil && l.now() >= l.deadline {
		l.endLocked(fmt.Errorf("%w: it could not be renewed in time; the store was out of reach, or this process was stopped", ErrLost))
	}
	return l.err
}

// expire is called when the lease may have ended.
func (l *Lease) expire() {
	if l.Err() != nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.timer.Reset(max(l.deadline-l.now(), 0))
	}
}

func (l *Lease) end(why error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.endLocked(why)
	}
}

func (l *Lease) endLocked(why error) {
	l.err = l.errorf("hold the lock", why)
	if errors.Is(why, ErrReleased) {
		l.err = why
	}
	l.timer.Stop()
	l.cancel(l.err)
}

// extend lets the lease last longer, as a renewal that was sent at a time has
// succeeded. One that has ended stays so.
func (l *Lease) extend(sent time.Duration) {
	if l.Err() != nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.deadline = max(l.deadline, sent+lasts(l.ttl))
}

// keep renews the lease until it ends.
func (l *Lease) keep(sent time.Duration) {
	defer close(l.done)
	wait := every(l.ttl) - (l.now() - sent)
	for failed := 0; ; {
		if err := pause(l.ctx, wait); err != nil {
			l.end(err) // as the context has ended from which its own derives
			return
		}
		began := l.now()
		err := l.renew()
		if err == nil {
			wait, failed = every(l.ttl)-(l.now()-began), 0
			continue
		}
		if errors.Is(err, ErrLost) || errors.Is(err, store.ErrCorrupt) {
			l.end(err)
			return
		}
		wait = backoff(failed, l.ttl/20) // its time is over when the clock says so
		failed++
	}
}

// renew changes the claim, for others to see that it is alive.
func (l *Lease) renew() error {
	ctx, cancel := context.WithTimeout(l.ctx, every(l.ttl))
	defer cancel()
	if l.version == "" {
		r, v, err := l.load(ctx)
		if err != nil {
			return err
		}
		if v == "" {
			return fmt.Errorf("%w: the lock has been removed, with what it is on, as it seems", ErrLost)
		}
		l.record, l.version = r, v
	}
	i := indexOf(l.record.Holders, l.claim.ID)
	if i < 0 {
		return lostTo(l.record)
	}
	if by := l.record.Holders[i].Broken; by != "" {
		return brokenBy(by)
	}
	next := l.record.next(l.claim.ID)
	l.beat++
	next.Holders[i].Beat = l.beat
	next.Holders[i].Renewed = time.Now().UTC().Truncate(time.Millisecond)
	sent := l.now()
	v, err := l.swap(ctx, l.version, next)
	if err == nil {
		l.record, l.version = next, v
		l.extend(sent)
		return nil
	}
	l.version = ""
	if !doubtful(l.ctx, err) {
		return err
	}
	r, v, again := l.load(ctx)
	if again != nil || v == "" {
		return err
	}
	l.record, l.version = r, v
	if i := indexOf(r.Holders, l.claim.ID); i >= 0 && r.Holders[i].Beat == l.beat {
		l.extend(sent) // only the reply was lost
		return nil
	}
	return err
}

// confirm asks the store whether the lease is held.
func (l *Lease) confirm(ctx context.Context) error {
	r, _, err := l.load(ctx)
	if err != nil {
		return err
	}
	if i := indexOf(r.Holders, l.claim.ID); i < 0 {
		l.end(lostTo(r))
	} else if by := r.Holders[i].Broken; by != "" {
		l.end(brokenBy(by))
	}
	return l.Err()
}

// Release ends the lease, and its context, and lets others have it. Releasing again does
// nothing. After an error others have to wait for its time to live. That the lease
// was lost before is no error here: Err says so.
func (l *Lease) Release(ctx context.Context) error {
	l.end(ErrReleased)
	<-l.done
	l.release.Do(func() {
		if l.failed = l.remove(ctx, l.claim.ID); l.failed != nil {
			l.failed = fmt.Errorf("release the lock: %w; others wait for %v", l.failed, l.ttl)
		}
	})
	return l.failed
}
