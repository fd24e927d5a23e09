package layer_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/layer"
	"github.com/dosna/dosna/store/memstore"
	"github.com/dosna/dosna/store/storetest"
)

// slow is a store whose operations take a second, and how many were under way at
// most.
func slow(most *atomic.Int64) store.Store {
	var now atomic.Int64
	return storetest.NewFaults(memstore.New(), storetest.Plan(storetest.Rule{Fault: storetest.Fault{
		Before: func(context.Context) error {
			n := now.Add(1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			time.Sleep(time.Second)
			return nil
		},
		After: func() { now.Add(-1) },
	}}))
}

// puts does n puts of so many bytes at once and returns how long that took.
func puts(t *testing.T, s store.Store, n, size int) time.Duration {
	t.Helper()
	start := time.Now()
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			if _, err := s.Put(t.Context(), fmt.Sprint(i), [][]byte{make([]byte, size)}, store.Cond{}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	return time.Since(start)
}

func TestLimit(t *testing.T) {
	for _, c := range []struct {
		o       layer.LimitOptions
		n, size int
		most    int64         // under way
		took    time.Duration // all
	}{
		{layer.LimitOptions{}, 20, 10, 20, time.Second},
		{layer.LimitOptions{Ops: 4}, 20, 10, 4, 5 * time.Second},
		{layer.LimitOptions{Bytes: 25}, 20, 10, 2, 10 * time.Second},
		{layer.LimitOptions{Bytes: 25}, 5, 1000, 1, 5 * time.Second}, // each larger than the bound
		{layer.LimitOptions{Ops: 3, Bytes: 1000}, 9, 10, 3, 3 * time.Second},
		{layer.LimitOptions{OpsPerSecond: 10}, 40, 10, 12, 4800 * time.Millisecond}, // the last begins after 39 tenths, less one, and takes a second
		{layer.LimitOptions{BytesPerSecond: 100}, 40, 10, 12, 4800 * time.Millisecond},
		{layer.LimitOptions{OpsPerSecond: 1000, BytesPerSecond: 100, Ops: 100}, 40, 10, 12, 4800 * time.Millisecond},
	} {
		synctest.Test(t, func(t *testing.T) {
			var most atomic.Int64
			took := puts(t, layer.Limit(slow(&most), c.o), c.n, c.size)
			if most.Load() > c.most || took != c.took {
				t.Errorf("%+v: %d puts of %d bytes took %v, want %v; %d were under way at once, want %d", c.o, c.n, c.size, took, c.took, most.Load(), c.most)
			}
		})
	}
}

// TestLimitReads: bytes of reads count too, though nobody knows before how many
// there will be.
func TestLimitReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		below := memstore.New()
		put(t, below, "x", string(make([]byte, 1000)))
		s := layer.Limit(below, layer.LimitOptions{BytesPerSecond: 10_000})
		for name, read := range map[string]func() error{
			"get": func() error { _, _, err := s.Get(t.Context(), "x", store.GetOptions{}, nil); return err },
			"get a range": func() error {
				_, _, err := s.Get(t.Context(), "x", store.GetOptions{Range: store.Range{Off: -1000}}, nil)
				return err
			},
			"stat and get": func() error {
				_, err := s.Stat(t.Context(), "x")
				if err == nil {
					_, _, err = s.Get(t.Context(), "x", store.GetOptions{Max: 1 << 40}, nil)
				}
				return err
			},
		} {
			start := time.Now()
			for range 100 {
				if err := read(); err != nil {
					t.Fatal(err)
				}
			}
			if took := time.Since(start); took < 9*time.Second || took > 11*time.Second {
				t.Errorf("%s: 100 kB at 10 kB/s took %v", name, took)
			}
			time.Sleep(time.Minute)
		}
	})
}

// TestLimitFair: who came first goes first, also where a large one waits for
// more room than a small one would need.
func TestLimitFair(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var order []string
		var mu sync.Mutex
		f := storetest.NewFaults(memstore.New(), func(op storetest.Op) storetest.Fault {
			return storetest.Fault{Delay: time.Second, After: func() {
				mu.Lock()
				defer mu.Unlock()
				order = append(order, op.Key)
			}}
		})
		s := layer.Limit(f, layer.LimitOptions{Bytes: 100})
		var wg sync.WaitGroup
		var want []string
		for i, size := range []int{60, 90, 20, 100, 10, 95, 50} {
			key := fmt.Sprint(i)
			want = append(want, key)
			wg.Go(func() { put(t, s, key, string(make([]byte, size))) })
			synctest.Wait()
			time.Sleep(time.Millisecond)
		}
		wg.Wait()
		if !slices.Equal(order, want) {
			t.Errorf("operations ended in the order %q", order)
		}
	})
}

func TestLimitObeysContext(t *testing.T) {
	for name, o := range map[string]layer.LimitOptions{
		"ops": {Ops: 1}, "bytes": {Bytes: 1}, "ops per second": {OpsPerSecond: 1e-6}, "bytes per second": {BytesPerSecond: 1e-6},
	} {
		synctest.Test(t, func(t *testing.T) {
			release := make(chan struct{})
			f := storetest.NewFaults(memstore.New(), storetest.Plan(storetest.Rule{Times: 1, Fault: storetest.Fault{Before: func(context.Context) error { <-release; return nil }}}))
			s := layer.Limit(f, o)
			go put(t, s, "first", "data")
			synctest.Wait()
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			for range 3 {
				_, err := s.Put(ctx, "second", [][]byte{[]byte("data")}, store.Cond{})
				var e *store.Error
				if !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &e) || f.Count(storetest.Rule{}) > 0 {
					t.Errorf("%s: waiting ended with %v", name, err)
				}
			}
			close(release)
			synctest.Wait()
			if o.Ops+int(o.Bytes) > 0 {
				put(t, s, "third", "data") // nothing is held by who gave up
			}
		})
	}
}

// TestLimitNested uses the store from within a listing and beside open streams,
// with room for one.
func TestLimitNested(t *testing.T) {
	ctx := t.Context()
	s := layer.Limit(memstore.New(), layer.LimitOptions{Ops: 1, Bytes: 1})
	put(t, s, "a", "data")
	put(t, s, "b", "data")
	for info, err := range s.List(ctx, store.ListOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		r, _, err := store.OpenReader(ctx, s, info.Key, store.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		w, err := store.OpenWriter(ctx, s, "w", store.Cond{})
		if err != nil {
			t.Fatal(err)
		}
		for range s.List(ctx, store.ListOptions{}) {
			break
		}
		if _, err := w.Write([]byte(get(t, s, info.Key))); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Commit(); err != nil {
			t.Fatal(err)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if g := s.Guarantees(); g.Concurrency != 1 {
		t.Errorf("with one at a time, %d are said to be worth having", g.Concurrency)
	}
}
