// Package locktest checks that leases hold on a store: of a backend that promises
// conditional writes, beside what package storetest checks.
//
//	func TestLeases(t *testing.T) {
//		locktest.Run(t, func(t *testing.T) store.Store { return memstore.New() })
//	}
package locktest

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/dosna/dosna/lock"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/layer"
)

const (
	key     = ".dosna-lock"
	content = "c/0"
	ttl     = 2 * time.Second // long enough for a store that is far away, and short enough to wait for
)

// Run checks leases on stores that open returns, each empty, or at least without anything under
// "locktest/". It skips a store that does not promise what they need.
func Run(t *testing.T, open func(t *testing.T) store.Store) {
	for _, c := range []struct {
		name  string
		check func(t *testing.T, s store.Store)
	}{
		{"Count", count}, {"Shared", shared}, {"Takeover", takeover}, {"Break", broken},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t)
			if g := s.Guarantees(); !g.PutIfAbsent || !g.PutIfMatch {
				t.Skip("the store has no conditional writes, and so no leases")
			}
			t.Parallel()
			c.check(t, layer.Prefix(s, "locktest/"+c.name+"/"))
		})
	}
}

func acquire(t *testing.T, s store.Store, o lock.Options) *lock.Lease {
	t.Helper()
	l, err := lock.Acquire(t.Context(), s, key, &o)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func release(t *testing.T, leases ...*lock.Lease) {
	t.Helper()
	for _, l := range leases {
		if err := l.Release(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	}
}

// add adds one to a number that is stored, without any condition.
func add(ctx context.Context, s store.Store) error {
	text, _, err := s.Get(ctx, content, store.GetOptions{}, nil)
	n := 0
	if err == nil {
		n, err = strconv.Atoi(string(text))
	} else if errors.Is(err, store.ErrNotExist) {
		err = nil
	}
	if err == nil {
		_, err = s.Put(ctx, content, [][]byte{[]byte(strconv.Itoa(n + 1))}, store.Cond{})
	}
	return err
}

// count has several count at a time in one object.
func count(t *testing.T, s store.Store) {
	const workers, times = 6, 4
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for range times {
				l, err := lock.Acquire(t.Context(), s, key, nil)
				if err == nil {
					err = errors.Join(add(l.Context(), s), l.Err(), l.Release(t.Context()))
				}
				if err != nil && !errors.Is(err, lock.ErrReleased) {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if text, _, err := s.Get(t.Context(), content, store.GetOptions{}, nil); err != nil || string(text) != strconv.Itoa(workers*times) {
		t.Errorf("%d were counted under leases, and the count is %q, %v", workers*times, text, err)
	}
}

func shared(t *testing.T, s store.Store) {
	a, b := acquire(t, s, lock.Options{Shared: true}), acquire(t, s, lock.Options{Shared: true})
	if _, err := lock.Acquire(t.Context(), s, key, &lock.Options{Wait: -1}); !errors.Is(err, lock.ErrHeld) {
		t.Errorf("an exclusive lease beside shared ones: %v", err)
	}
	state, err := lock.Inspect(t.Context(), s, key)
	if err != nil || len(state.Holders) != 2 || len(state.Waiting) != 0 {
		t.Errorf("%+v, %v", state, err)
	}
	release(t, a, b)
	l := acquire(t, s, lock.Options{Wait: -1})
	if _, err := lock.Acquire(t.Context(), s, key, &lock.Options{Wait: -1, Shared: true}); !errors.Is(err, lock.ErrHeld) {
		t.Errorf("a shared lease beside an exclusive one: %v", err)
	}
	release(t, l)
}

// takeover has a holder die that writes late.
func takeover(t *testing.T, s store.Store) {
	ctx, die := context.WithCancel(t.Context())
	old, err := lock.Acquire(ctx, s, key, &lock.Options{TTL: ttl})
	if err != nil {
		t.Fatal(err)
	}
	if err := add(ctx, lock.Guard(old.Context(), s)); err != nil {
		t.Fatal(err)
	}
	seen, err := s.Stat(ctx, content)
	if err != nil {
		t.Fatal(err)
	}
	die()
	l := acquire(t, s, lock.Options{})
	if old.Err() == nil || l.Fence() <= old.Fence() {
		t.Errorf("taken over from a holder of whom %v, fencing number %d after %d", old.Err(), l.Fence(), old.Fence())
	}
	if err := add(l.Context(), lock.Guard(l.Context(), s)); err != nil {
		t.Error(err)
	}
	late := context.WithoutCancel(old.Context())
	if _, err := lock.Guard(late, s).Put(late, content, nil, store.Cond{}); err == nil {
		t.Error("who has lost a lease stores under it")
	}
	if _, err := s.Put(t.Context(), content, nil, store.Cond{IfMatch: seen.Version}); !errors.Is(err, store.ErrConflict) {
		t.Errorf("a put that arrives when a successor has stored: %v", err)
	}
	if text, _, err := s.Get(t.Context(), content, store.GetOptions{}, nil); err != nil || string(text) != "2" {
		t.Errorf("%q, %v", text, err)
	}
	release(t, old, l)
}

func broken(t *testing.T, s store.Store) {
	l := acquire(t, s, lock.Options{TTL: ttl})
	if holders, err := lock.Break(t.Context(), s, key, false); err != nil || len(holders) != 1 {
		t.Errorf("%v, %v", holders, err)
	}
	<-l.Context().Done()
	if !errors.Is(l.Err(), lock.ErrLost) {
		t.Error(l.Err())
	}
	release(t, l)
	release(t, acquire(t, s, lock.Options{}))
}
