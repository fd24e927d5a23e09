package dosna

import (
	"context"
	"errors"
	"fmt"

	"github.com/dosna/dosna/lock"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/zarr"
)

// LockOptions modify how a lease is got, and how long it lives without being renewed;
// nil is an exclusive one, for which is waited as long as the context lasts.
type LockOptions = lock.Options

// Errors of leases.
var (
	ErrHeld = lock.ErrHeld // others hold it, or wait for it: a *lock.HeldError says who
	ErrLost = lock.ErrLost // it ended before it was released
)

// WithLock calls f while this process, and nobody else who asks for a lease on the
// same node, holds one: an exclusive one, or with others a shared one. The context of f ends when
// the lease does, because it cannot be renewed in time or somebody broke it; WithLock then returns an
// ErrLost, whatever f does.
//
// What is changed under that context, in any tree, is refused from then on. Until then it is changed under
// conditions, so that even a request which arrives much later does not replace what a
// successor has stored; see package lock for what holds. That costs one more small request for
// each stored object that is written whole.
//
// Leases keep those apart who ask for them. They do not keep others from
// changing the node, and are on this node alone: a group's says nothing of what is in it, unless
// all agree on that. They need a store with conditional writes, and a connection that may write.
func WithLock(ctx context.Context, n Node, o *LockOptions, f func(ctx context.Context) error) error {
	l, err := n.Lock(ctx, o)
	if err != nil {
		return err
	}
	defer func() { // what cannot be released ends by itself
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleaning)
		defer cancel()
		_ = l.Release(ctx)
	}()
	err = f(l.Context())
	if lost := l.Err(); lost != nil && !errors.Is(err, lost) {
		err = errors.Join(lost, err)
	}
	return err
}

// Lock gets a lease on the node at a path.
func (c *Connection) Lock(ctx context.Context, path string, o *LockOptions) (*lock.Lease, error) {
	n, err := c.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	return n.Lock(ctx, o)
}

// Lock implements Node.
func (h *handle) Lock(ctx context.Context, o *LockOptions) (*lock.Lease, error) {
	if err := h.c.o.writable(); err != nil {
		return nil, fmt.Errorf("lock %s in %s: %w", nodeName(h.path), h.c.url, err)
	}
	var own LockOptions
	if o != nil {
		own = *o
	}
	asked := own.Exists
	own.Exists = func() error {
		_, _, err := h.c.load(ctx, h.path)
		if err == nil && asked != nil {
			err = asked()
		}
		return err
	}
	return lock.Acquire(ctx, h.c.store, h.lockKey(), &own)
}

// LockState implements Node.
func (h *handle) LockState(ctx context.Context) (lock.State, error) {
	return lock.Inspect(ctx, h.c.store, h.lockKey())
}

// BreakLock implements Node.
func (h *handle) BreakLock(ctx context.Context, now bool) ([]lock.Claim, error) {
	if err := h.c.o.writable(); err != nil {
		return nil, fmt.Errorf("break the lock of %s in %s: %w", nodeName(h.path), h.c.url, err)
	}
	return lock.Break(ctx, h.c.store, h.lockKey(), now)
}

func (h *handle) lockKey() string { return join(h.path, zarr.LockKey) }

// guarded is the store through which objects are changed: under leases, if ctx has any.
func (c *Connection) guarded(ctx context.Context) store.Store { return lock.Guard(ctx, c.store) }
