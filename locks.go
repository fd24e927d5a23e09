package dosna

import (
	"context"
	"sync"

	"github.com/dosna/dosna/internal/slots"
)

// turn is a lock which is waited for no longer than a context lasts.
type turn chan struct{}

func newTurn() turn { return make(turn, 1) }

func (t turn) lock(ctx context.Context) error {
	select {
	case t <- struct{}{}:
		return nil
	default:
	}
	defer slots.Leave(ctx).Return()
	select {
	case t <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (t turn) unlock() { <-t }

// locks keep this process's changes to one key of a store from racing each other
// in vain. Each key has a lock of its own, so that who holds one may go on to
// lock others without meeting himself.
type locks struct {
	mu   sync.Mutex
	keys map[string]*keyLock
	free []*keyLock // to be used again
}

type keyLock struct {
	turn
	key   string
	users int // those who have it, and those who wait
}

// freeLocks is how many locks are kept to be used again.
const freeLocks = 64

func newLocks() *locks { return &locks{keys: map[string]*keyLock{}} }

// lock locks a key, until unlock.
func (l *locks) lock(ctx context.Context, key string) (*keyLock, error) {
	k := l.join(key)
	if err := k.turn.lock(ctx); err != nil {
		l.leave(k)
		return nil, err
	}
	return k, nil
}

func (l *locks) unlock(k *keyLock) {
	k.turn.unlock()
	l.leave(k)
}

func (l *locks) join(key string) *keyLock {
	l.mu.Lock()
	defer l.mu.Unlock()
	k := l.keys[key]
	if k == nil {
		if n := len(l.free); n > 0 {
			k, l.free = l.free[n-1], l.free[:n-1]
		} else {
			k = &keyLock{turn: newTurn()}
		}
		k.key = key
		l.keys[key] = k
	}
	k.users++
	return k
}

func (l *locks) leave(k *keyLock) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if k.users--; k.users > 0 {
		return
	}
	delete(l.keys, k.key)
	if len(l.free) < freeLocks {
		l.free = append(l.free, k)
	}
}
