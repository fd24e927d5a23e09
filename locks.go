package dosna

import (
	"context"
	"sync"
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
}

type keyLock struct {
	turn
	users int // those who have it, and those who wait
}

func newLocks() *locks { return &locks{keys: map[string]*keyLock{}} }

// lock locks a key and returns the function that unlocks it.
func (l *locks) lock(ctx context.Context, key string) (unlock func(), err error) {
	l.mu.Lock()
	k := l.keys[key]
	if k == nil {
		k = &keyLock{turn: newTurn()}
		l.keys[key] = k
	}
	k.users++
	l.mu.Unlock()
	leave := func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if k.users--; k.users == 0 {
			delete(l.keys, key)
		}
	}
	if err := k.turn.lock(ctx); err != nil {
		leave()
		return nil, err
	}
	return func() {
		k.unlock()
		leave()
	}, nil
}
