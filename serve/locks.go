package serve

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/lock"
)

// locks are the leases of a session, which end with it.
type locks struct {
	mu   sync.Mutex
	last uint64
	held map[uint64]lease
}

// lease is a lock that is held, in a tree that is given back after it.
type lease struct {
	*lock.Lease
	done func()
}

func (l *locks) add(one lease) uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held == nil {
		l.held = map[uint64]lease{}
	}
	l.last++
	l.held[l.last] = one
	return l.last
}

func (l *locks) get(id uint64) (lease, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if one, ok := l.held[id]; ok {
		return one, nil
	}
	return lease{}, fmt.Errorf("%w: the process has no lock %d", dosna.ErrLost, id)
}

func (l *locks) take(id uint64) (lease, error) {
	one, err := l.get(id)
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.held, id)
	return one, err
}

// releaseTime bounds the time for giving back the locks of a client that has gone.
// Those that cannot be given back end by themselves.
const releaseTime = 5 * time.Second

func (l *locks) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), releaseTime)
	defer cancel()
	for _, one := range l.held {
		_ = one.Release(ctx)
		one.done()
	}
	clear(l.held)
}

type lockArgs struct {
	Shared bool    `json:"shared"`
	TTL    float64 `json:"ttl"`  // in seconds; 0: as usual
	Wait   float64 `json:"wait"` // in seconds; negative: not at all; 0: as long as it takes
	Note   string  `json:"note"`
}

type lockAnswer struct {
	Lock  uint64 `json:"lock"`
	Fence uint64 `json:"fence"`
}

func acquire(ctx context.Context, k *call, a lockArgs) (any, error) {
	c, done, err := k.tree(ctx)
	if err != nil {
		return nil, err
	}
	seconds := func(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
	// The lease outlives the request, but what waits for it does not.
	held, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { cancel(context.Cause(ctx)) })
	defer stop()
	l, err := c.Lock(held, k.At.Path, &dosna.LockOptions{Shared: a.Shared, TTL: seconds(a.TTL), Wait: seconds(a.Wait), Note: a.Note})
	if err != nil {
		done()
		return nil, err
	}
	return lockAnswer{k.conn.session.locks.add(lease{l, done}), l.Fence()}, nil
}

func release(ctx context.Context, k *call, a lockAnswer) (any, error) {
	l, err := k.conn.session.locks.take(a.Lock)
	if err != nil {
		return nil, err
	}
	defer l.done()
	lost := l.Err()
	if err := l.Release(ctx); err != nil && lost == nil {
		return nil, err
	}
	return nil, lost
}
