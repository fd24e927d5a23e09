package dosna_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/engine"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/memstore"
)

// farStore is a store behind a network of its own: requests take their time, and are
// counted while they are under way.
type farStore struct {
	store.Store
	pause         time.Duration // of each request
	now, most     atomic.Int64
	asked, broken atomic.Int64 // the Get with this number fails
	block         chan struct{}
	name          string

	want int64 // requests for chunks wait until so many are under way, once
	met  atomic.Bool
}

var errFar = errors.New("the line is cut")

func far() *farStore {
	return &farStore{Store: memstore.New(), pause: 200 * time.Microsecond, name: "far://" + rand.Text()}
}

func (f *farStore) String() string { return f.name }

func (f *farStore) Guarantees() store.Guarantees {
	g := f.Store.Guarantees()
	g.Remote, g.Concurrency = true, 32
	return g
}

func (f *farStore) under(ctx context.Context, key string) (func(), error) {
	if !strings.Contains(key, "/c/") {
		return func() {}, nil
	}
	now := f.now.Add(1)
	for most := f.most.Load(); now > most && !f.most.CompareAndSwap(most, now); most = f.most.Load() {
	}
	done := func() { f.now.Add(-1) }
	if f.block != nil {
		select {
		case <-f.block:
		case <-ctx.Done():
			return done, ctx.Err()
		}
	}
	for begin := time.Now(); f.want > 0 && !f.met.Load(); time.Sleep(100 * time.Microsecond) {
		if f.now.Load() >= f.want {
			f.met.Store(true)
		}
		if time.Since(begin) > 20*time.Second {
			return done, fmt.Errorf("%d requests are under way, not %d", f.now.Load(), f.want)
		}
	}
	time.Sleep(f.pause)
	return done, nil
}

func (f *farStore) Get(ctx context.Context, key string, o store.GetOptions, dst []byte) ([]byte, store.Info, error) {
	done, err := f.under(ctx, key)
	defer done()
	if n := f.asked.Add(1); err == nil && n == f.broken.Load() {
		err = errFar
	}
	if err != nil {
		return dst, store.Info{}, err
	}
	return f.Store.Get(ctx, key, o, dst)
}

func (f *farStore) Put(ctx context.Context, key string, parts [][]byte, c store.Cond) (store.Version, error) {
	done, err := f.under(ctx, key)
	defer done()
	if err != nil {
		return "", err
	}
	return f.Store.Put(ctx, key, parts, c)
}

// farDataset returns a dataset of 128 chunks, or of 8 shards of 16, and its values.
func farDataset(t *testing.T, f *farStore, o dosna.Options, sharded bool) (*dosna.Dataset, []int32) {
	t.Helper()
	o.Mode = dosna.Create
	c, err := dosna.OpenStore(t.Context(), f, &o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	spec := dosna.DatasetSpec{Shape: []int{64, 64, 32}, Type: dtype.Int32, Chunks: []int{8, 8, 16}}
	if sharded {
		spec.Shards = []int{32, 32, 16}
	}
	d, err := c.CreateDataset(t.Context(), "x", spec)
	if err != nil {
		t.Fatal(err)
	}
	values := make([]int32, 64*64*32)
	for i := range values {
		values[i] = int32(i + 1)
	}
	return d, values
}

func same(t *testing.T, what string, got, want []int32) {
	t.Helper()
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("%s: element %d is %d instead of %d", what, i, got[i], want[i])
		}
	}
}

// TestRequestsAtATime shows that as many requests are under way as are worth it or
// allowed, of every call, and no more.
func TestRequestsAtATime(t *testing.T) {
	for _, c := range []struct {
		name string
		o    dosna.Options
		want int64
	}{
		{"as many as are worth it", dosna.Options{Engine: engine.Threads(2)}, 32},
		{"one worker", dosna.Options{Engine: engine.CPU()}, 32},
		{"five", dosna.Options{Engine: engine.Threads(2), Requests: 5}, 5},
		{"one", dosna.Options{Engine: engine.Threads(2), Requests: 1}, 1},
		{"few bytes", dosna.Options{Engine: engine.Threads(2), InFlight: 1}, 2},
		{"cached", dosna.Options{Engine: engine.CPU(), Cache: dosna.NewCache(1 << 20)}, 32},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := far()
			d, values := farDataset(t, f, c.o, false)
			check := func(what string, err error) {
				t.Helper()
				if err != nil {
					t.Fatalf("%s: %v", what, err)
				}
				if most := f.most.Swap(0); most != c.want {
					t.Errorf("%s: %d requests at a time, want %d", what, most, c.want)
				}
				f.met.Store(false)
			}
			f.most.Store(0)
			f.want = c.want
			check("write", dosna.Write(t.Context(), d, nd.Sel(), values))
			got, err := dosna.ReadAll[int32](t.Context(), d, nd.Sel())
			check("read", err)
			same(t, "read", got, values)
			check("change", dosna.Write(t.Context(), d, nd.Sel(nd.Range(1, 63), nd.Range(1, 63), nd.Range(1, 31)), []int32{7}))
			check("apply", d.Apply(t.Context(), func(_ context.Context, b dosna.Block) error { return nil }))
			_, err = d.Verify(t.Context(), func(f dosna.Fault) { t.Error(f) })
			check("verify", err)
			if now := f.now.Load(); now != 0 {
				t.Errorf("%d requests are under way after the calls", now)
			}
		})
	}
}

// TestFarShards shows that inner chunks, caches and halos work with tasks that leave
// their places, on one worker too.
func TestFarShards(t *testing.T) {
	for _, workers := range []int{1, 3} {
		for _, cache := range []*dosna.Cache{nil, dosna.NewCache(4 << 20)} {
			f := far()
			f.pause = 100 * time.Microsecond
			d, values := farDataset(t, f, dosna.Options{Engine: engine.Threads(workers), Cache: cache}, true)
			if err := dosna.Write(t.Context(), d, nd.Sel(), values); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				got, err := dosna.ReadAll[int32](t.Context(), d, nd.Sel())
				if err != nil {
					t.Fatal(err)
				}
				same(t, "shards", got, values)
				if _, err := dosna.ReadAll[int32](t.Context(), d, nd.Sel(nd.Range(3, 60), nd.List(1, 40, 63), nd.Range(0, 32))); err != nil {
					t.Fatal(err)
				}
			}
			twice, _ := farDataset(t, far(), dosna.Options{}, false)
			var now atomic.Int64
			err := d.Map(t.Context(), twice, dosna.MapOptions{Halo: []int{1, 1, 1}}, func(ctx context.Context, b dosna.Block) error {
				if n := now.Add(1); n > int64(workers) {
					t.Errorf("%d calls at a time on %d workers", n, workers)
				}
				defer now.Add(-1)
				runtime.Gosched()
				nd.Copy(b.Out, b.In.Sub(nd.Box{Start: b.Halo, Shape: b.Box.Shape}))
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			got, err := dosna.ReadAll[int32](t.Context(), twice, nd.Sel())
			if err != nil {
				t.Fatal(err)
			}
			same(t, "map", got, values)
			loaded, _ := farDataset(t, far(), dosna.Options{Engine: engine.CPU()}, false)
			if err := loaded.Load(t.Context(), d); err != nil {
				t.Fatal(err)
			}
			if got, err = dosna.ReadAll[int32](t.Context(), loaded, nd.Sel()); err != nil {
				t.Fatal(err)
			}
			same(t, "load", got, values)
		}
	}
}

// TestFarFails shows that after an error no further requests are made but those begun, and that
// a call which is cancelled while the store does not answer ends.
func TestFarFails(t *testing.T) {
	f := far()
	d, values := farDataset(t, f, dosna.Options{Engine: engine.Threads(2), Requests: 4}, false)
	if err := dosna.Write(t.Context(), d, nd.Sel(), values); err != nil {
		t.Fatal(err)
	}
	f.asked.Store(0)
	f.broken.Store(5)
	if _, err := dosna.ReadAll[int32](t.Context(), d, nd.Sel()); !errors.Is(err, errFar) {
		t.Errorf("a read over a cut line: %v", err)
	}
	if n := f.asked.Load(); n > 5+2*4 {
		t.Errorf("%d requests, though the fifth failed and 4 are allowed at a time", n)
	}
	f.block = make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	if _, err := dosna.ReadAll[int32](ctx, d, nd.Sel()); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled read: %v", err)
	}
	if n := f.now.Load(); n != 0 {
		t.Errorf("%d requests are under way after the call", n)
	}
}
