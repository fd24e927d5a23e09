package lock

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/dosna/dosna/store"
)

// Acquire gets a lease on a key, under which nothing else may be stored, and which
// others call by the same name. The lease has to be released. It ends with ctx too.
//
// While others have it Acquire waits, as the options say, and then fails with a
// [HeldError]. Whoever holds a shared lease and asks for an exclusive one waits for
// itself.
func Acquire(ctx context.Context, s store.Store, key string, o *Options) (*Lease, error) {
	opts, err := o.orDefault()
	if err != nil {
		return nil, fmt.Errorf("lock %q: %w", key, err)
	}
	at, err := open(s, key)
	if err != nil {
		return nil, err
	}
	a := &acquisition{object: at, o: opts, me: opts.claim(), seen: observer{}, sent: map[uint64]time.Duration{}}
	a.began = opts.now()
	l, err := a.run(ctx)
	if err != nil {
		a.withdraw(ctx)
		return nil, err
	}
	if opts.Exists == nil {
		return l, nil
	}
	if err = opts.Exists(); err != nil {
		l.end(ErrReleased)
		<-l.done
		a.withdraw(ctx)
		a.discard(ctx)
		return nil, err
	}
	return l, nil
}

// grant is a lease that has been granted: the claim in a record, and when the
// request was sent by which it came there.
type grant struct {
	record
	version store.Version
	claim   Claim
	sent    time.Duration
}

// acquisition is an Acquire under way.
type acquisition struct {
	object
	o     Options
	me    Claim
	began time.Duration
	seen  observer

	stored bool          // a claim may have been stored
	beaten time.Duration // when the claim that waits was last stored
	ahead  int           // how many waited before it
	moved  time.Duration // when somebody of them had his turn
	// sent is when each try to be granted the lease was sent, by its beat. The one
	// that succeeded counts, which is not the last where replies are late or lost.
	sent map[uint64]time.Duration
}

func (a *acquisition) run(ctx context.Context) (*Lease, error) {
	for failed := 0; ; {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		g, wait, err := a.try(ctx)
		switch {
		case g != nil:
			return newLease(ctx, a, g), nil
		case err == nil && wait:
			failed = 0
			if a.o.Wait > 0 && a.o.now()-a.began >= a.o.Wait {
				return nil, a.held(ctx)
			}
			look := min(max((a.o.now()-a.moved)/4, time.Millisecond), a.o.TTL/8, time.Second)
			look = look/2 + rand.N(look)
			if a.o.Wait > 0 {
				look = min(look, a.o.Wait-(a.o.now()-a.began))
			}
			if err := pause(ctx, look); err != nil {
				return nil, err
			}
		case err == nil:
			failed = 0
		case errors.Is(err, store.ErrConflict) && failed < maxTries, doubtful(ctx, err) && failed < 20:
			if a.o.Wait > 0 && a.o.now()-a.began >= a.o.Wait {
				return nil, err
			}
			if err := pause(ctx, backoff(failed, min(a.o.TTL/8, time.Second))); err != nil {
				return nil, err
			}
			failed++
		default:
			return nil, err
		}
	}
}

// try does the next step. It returns what was granted, or whether others are to be
// waited for.
func (a *acquisition) try(ctx context.Context) (g *grant, wait bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, a.o.TTL/2)
	defer cancel()
	r, v, err := a.load(ctx)
	if err != nil {
		return nil, false, err
	}
	now := a.o.now()
	a.seen.saw(r, now)
	if i := indexOf(r.Holders, a.me.ID); i >= 0 { // by a try of which it was not known
		return a.granted(ctx, r, v, r.Holders[i])
	}
	if v == "" && a.o.Exists != nil {
		if err := a.o.Exists(); err != nil {
			return nil, false, err
		}
	}
	next := r.next(a.me.ID)
	cleared := next.drop(func(c Claim) bool { return c.ID != a.me.ID && a.seen.left(c, now) <= 0 })
	queued := indexOf(next.Waiting, a.me.ID)
	if queued != a.ahead {
		a.ahead, a.moved = queued, now
	}
	a.me.Beat++
	a.me.Renewed = time.Now().UTC().Truncate(time.Millisecond)
	switch {
	case next.grants(a.me):
		next.drop(func(c Claim) bool { return c.ID == a.me.ID })
		c := a.me
		c.Fence, c.Since = next.Revision, c.Renewed
		next.Holders = append(next.Holders, c)
		a.stored = true
		a.sent[c.Beat] = now
		v, err := a.swap(ctx, v, next)
		if err != nil {
			return nil, false, err
		}
		return a.granted(ctx, next, v, c)
	case a.o.Wait < 0:
		return nil, false, a.error(r)
	case queued < 0:
		next.Waiting = append(next.Waiting, a.me)
	case cleared || now-a.beaten >= a.o.TTL/4:
		next.Waiting[queued] = a.me
	default:
		return nil, true, nil
	}
	a.stored = true
	if _, err = a.swap(ctx, v, next); err == nil {
		a.beaten = now
	}
	return nil, err == nil, err
}

// granted returns the claim that is a holder's in a record, or renews it if it is not
// known to be young enough.
func (a *acquisition) granted(ctx context.Context, r record, v store.Version, c Claim) (*grant, bool, error) {
	if c.Broken != "" {
		return nil, false, a.errorf("lock", fmt.Errorf("%w: broken by %s", ErrLost, c.Broken))
	}
	sent, ok := a.sent[c.Beat]
	if ok && a.o.now() < sent+lasts(a.o.TTL) {
		return &grant{r, v, c, sent}, false, nil
	}
	next := r.next(a.me.ID)
	a.me.Beat++
	c.Beat = a.me.Beat
	next.Holders[indexOf(next.Holders, c.ID)] = c
	a.sent[c.Beat] = a.o.now()
	_, err := a.swap(ctx, v, next)
	return nil, false, err
}

// withdraw removes the claim of an Acquire that has failed. If it cannot be reached, others
// wait for its time to live.
func (a *acquisition) withdraw(ctx context.Context) {
	if !a.stored {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), min(a.o.TTL, 5*time.Second))
	defer cancel()
	_ = a.remove(ctx, a.me.ID)
}

// discard removes a record of which nobody has a claim, as what it is on is gone.
// Where the store does not promise to remove that and no more, it stays.
func (a *acquisition) discard(ctx context.Context) {
	if !a.s.Guarantees().DeleteIfMatch {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), min(a.o.TTL, 5*time.Second))
	defer cancel()
	if r, v, err := a.load(ctx); err == nil && v != "" && len(r.Holders)+len(r.Waiting) == 0 {
		_ = a.s.Delete(ctx, a.key, store.Cond{IfMatch: v})
	}
}

// remove removes a claim.
func (o object) remove(ctx context.Context, id string) error {
	return o.change(ctx, id, func(r *record) bool { return r.drop(func(c Claim) bool { return c.ID == id }) })
}

// held is the error of a lease that was waited for in vain.
func (a *acquisition) held(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, a.o.TTL/2)
	defer cancel()
	r, _, err := a.load(ctx)
	if err != nil {
		return err
	}
	a.seen.saw(r, a.o.now())
	return a.error(r)
}

func (a *acquisition) error(r record) error {
	r = r.next("")
	r.drop(func(c Claim) bool { return c.ID == a.me.ID })
	e := &HeldError{Key: a.key, Store: store.Name(a.s), State: r.state(), Free: a.seen.free(r, a.o.now())}
	if len(r.Holders)+len(r.Waiting) == 0 {
		return a.errorf("lock", fmt.Errorf("%w until a moment ago, and it was waited for too long", ErrHeld))
	}
	return e
}
