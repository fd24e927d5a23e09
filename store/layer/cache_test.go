package layer_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/layer"
	"github.com/dosna/dosna/store/memstore"
	"github.com/dosna/dosna/store/storetest"
)

// under returns a cache, what reaches the store below it, and that store.
func under(o layer.CacheOptions) (*layer.Cached, *layer.Meter, *memstore.Store) {
	below := memstore.New()
	m := layer.Metrics(below)
	return layer.Cache(m, o), m, below
}

// asked returns how often the store was asked, and how many bytes it returned.
func asked(m *layer.Meter) (n, received int64) {
	for _, o := range m.Snapshot() {
		n += o.Count
		received += o.Received
	}
	return n, received
}

// TestCacheAsks counts what reaches the store: once read, an object costs one
// question each time, and no bytes.
func TestCacheAsks(t *testing.T) {
	c, m, below := under(layer.CacheOptions{Bytes: 1 << 20})
	put(t, below, "a/x", strings.Repeat("x", 1000))
	get(t, c, "a/x")
	n0, _ := asked(m)
	for range 5 {
		if got := get(t, c, "a/x"); len(got) != 1000 {
			t.Fatalf("%d bytes", len(got))
		}
		part, _, err := c.Get(t.Context(), "a/x", store.GetOptions{Range: store.Range{Off: -10}}, []byte("head"))
		if err != nil || string(part) != "headxxxxxxxxxx" {
			t.Fatalf("%q, %v", part, err)
		}
		dst := make([]byte, 30)
		if _, err := store.GetRanges(t.Context(), c, "a/x", store.Cond{}, []nd.Span{{Off: 5, Dst: dst[:10]}, {Off: -20, Dst: dst[10:]}}); err != nil || string(dst) != strings.Repeat("x", 30) {
			t.Fatalf("%q, %v", dst, err)
		}
	}
	n, received := asked(m)
	if n-n0 != 15 || received != 1000 {
		t.Errorf("15 reads of what is in the cache asked %d times, and %d bytes were received in all", n-n0, received)
	}
	if s := c.Stats(); s.Misses != 1 || s.Hits < 15 || s.Objects != 1 || s.Bytes < 1000 {
		t.Errorf("the cache says %+v", s)
	}
	put(t, below, "a/x", "changed") // by somebody else
	if got := get(t, c, "a/x"); got != "changed" {
		t.Errorf("after a change by others: %q", got)
	}
	if err := below.Delete(t.Context(), "a/x", store.Cond{}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Get(t.Context(), "a/x", store.GetOptions{}, nil); !errors.Is(err, store.ErrNotExist) {
		t.Errorf("after a deletion by others: %v", err)
	}
}

// TestCacheRanges: pieces of one object come together, those that are missing
// are read, and prove that the others are of the same version.
func TestCacheRanges(t *testing.T) {
	c, m, below := under(layer.CacheOptions{Bytes: 1 << 20})
	data := strings.Repeat("0123456789", 100)
	put(t, below, "x", data)
	read := func(offs ...int64) {
		t.Helper()
		dst := make([]byte, 10*len(offs))
		var spans []nd.Span
		var want strings.Builder
		for i, off := range offs {
			spans = append(spans, nd.Span{Off: off, Dst: dst[10*i : 10*i+10]})
			want.WriteString(data[off : off+10])
		}
		if _, err := store.GetRanges(t.Context(), c, "x", store.Cond{}, spans); err != nil || string(dst) != want.String() {
			t.Errorf("%q, %v, want %q", dst, err, want.String())
		}
	}
	for _, step := range []struct {
		offs            []int64
		asked, received int64
	}{
		{[]int64{3, 100}, 1, 20},
		{[]int64{100, 3}, 1, 0},
		{[]int64{3, 200, 100}, 1, 10},
		{[]int64{4}, 1, 10}, // beyond a piece
	} {
		n0, r0 := asked(m)
		read(step.offs...)
		if n, r := asked(m); n-n0 != step.asked || r-r0 != step.received {
			t.Errorf("ranges at %v asked %d times and received %d bytes, want %d and %d", step.offs, n-n0, r-r0, step.asked, step.received)
		}
	}
	data = strings.Repeat("abcdefghij", 100)
	put(t, below, "x", data) // by somebody else
	read(3, 300)
	put(t, below, "x", strings.ToUpper(data))
	data = strings.ToUpper(data)
	read(3)
}

func TestCacheBelieves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, m, below := under(layer.CacheOptions{Bytes: 1 << 20, Believe: time.Minute})
		if g := layer.Cache(sharing{below}, layer.CacheOptions{Believe: 1}).Guarantees(); g.Shared {
			t.Error("it promises that changes by others are seen at once")
		}
		put(t, below, "x", "old")
		get(t, c, "x")
		if _, err := c.Stat(t.Context(), "y"); !errors.Is(err, store.ErrNotExist) {
			t.Error(err)
		}
		put(t, below, "x", "new")
		put(t, below, "y", "new")
		n0, _ := asked(m)
		time.Sleep(59 * time.Second)
		for range 3 {
			info, err := c.Stat(t.Context(), "x")
			if got := get(t, c, "x"); got != "old" || err != nil || info.Size != 3 {
				t.Errorf("within the time it is %q, %+v, %v", got, info, err)
			}
			if _, _, err := c.Get(t.Context(), "y", store.GetOptions{}, nil); !errors.Is(err, store.ErrNotExist) {
				t.Errorf("what was absent: %v", err)
			}
		}
		if n, _ := asked(m); n != n0 {
			t.Errorf("the store was asked %d times", n-n0)
		}
		time.Sleep(2 * time.Second)
		if x, y := get(t, c, "x"), get(t, c, "y"); x != "new" || y != "new" {
			t.Errorf("after the time: %q, %q", x, y)
		}

		// What goes through the cache is never out of date, and a conflict
		// proves that something is.
		v := put(t, c, "x", "mine")
		if got := get(t, c, "x"); got != "mine" {
			t.Errorf("after a put: %q", got)
		}
		v2 := put(t, below, "x", "theirs")
		if got := get(t, c, "x"); got != "mine" {
			t.Errorf("within the time: %q", got)
		}
		if got, _, err := c.Get(t.Context(), "x", store.GetOptions{Cond: store.Cond{IfMatch: v2}}, nil); err != nil || string(got) != "theirs" {
			t.Errorf("get of the version that another has put: %q, %v", got, err)
		}
		put(t, below, "x", "again")
		if _, err := c.Put(t.Context(), "x", nil, store.Cond{IfMatch: v}); !errors.Is(err, store.ErrConflict) {
			t.Error(err)
		}
		if got := get(t, c, "x"); got != "again" {
			t.Errorf("after a conflict: %q", got)
		}
	})
}

// sharing says that other processes see the same.
type sharing struct{ store.Store }

func (s sharing) Guarantees() store.Guarantees { return store.Guarantees{Shared: true} }

// TestCacheBudget does random things, many at a time, and looks at the size all
// the while.
func TestCacheBudget(t *testing.T) {
	for _, budget := range []int64{-1, 0, 100, 5000, 40_000, 300_000} {
		c, _, _ := under(layer.CacheOptions{Bytes: budget, Believe: time.Duration(budget%7) * time.Second})
		var wg sync.WaitGroup
		for w := range 8 {
			wg.Go(func() {
				r := rand.New(rand.NewPCG(uint64(w), uint64(budget)))
				for range 400 {
					key := fmt.Sprint("k/", r.IntN(40))
					var err error
					switch r.IntN(8) {
					case 0, 1:
						_, err = c.Put(t.Context(), key, [][]byte{make([]byte, r.IntN(1<<r.IntN(15)))}, store.Cond{})
					case 2:
						err = c.Delete(t.Context(), key, store.Cond{})
					case 3:
						_, err = c.Stat(t.Context(), key)
					case 4:
						off := int64(r.IntN(50))
						_, err = store.GetRanges(t.Context(), c, key, store.Cond{}, []nd.Span{{Off: off, Dst: make([]byte, r.IntN(9))}, {Off: -9, Dst: make([]byte, 9)}})
						if err != nil && !errors.Is(err, store.ErrNotExist) {
							err = nil // it is too short
						}
					default:
						_, _, err = c.Get(t.Context(), key, store.GetOptions{Range: store.Range{Off: -int64(r.IntN(2000))}}, nil)
					}
					if err != nil && !errors.Is(err, store.ErrNotExist) {
						t.Error(err)
						return
					}
					if s := c.Stats(); s.Bytes > max(budget, 0) || s.Bytes < 0 {
						t.Errorf("with a budget of %d the cache holds %+v", budget, s)
						return
					}
				}
			})
		}
		wg.Wait()
		if err := store.DeletePrefix(t.Context(), c, ""); err != nil {
			t.Fatal(err)
		}
		if s := c.Stats(); s.Bytes != 0 || s.Objects != 0 {
			t.Errorf("with nothing to hold, the cache holds %+v", s)
		}
	}
}

// TestCacheKeepsUsed: what is used stays, what is not makes room.
func TestCacheKeepsUsed(t *testing.T) {
	c, m, below := under(layer.CacheOptions{Bytes: 20_000})
	for i := range 100 {
		put(t, below, fmt.Sprint(i), strings.Repeat("x", 1000))
	}
	for i := range 100 {
		get(t, c, fmt.Sprint(i))
		get(t, c, "0")
	}
	if _, received := asked(m); received != 100*1000 {
		t.Errorf("received %d bytes: the object that is used all the time was read again", received)
	}
}

// TestCacheSingleFlight: many who ask at once for the same are answered by two
// requests at most: that of the first, and one for all who came while it ran.
func TestCacheSingleFlight(t *testing.T) {
	for _, key := range []string{"here", "absent"} {
		for _, cancelled := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				below := memstore.New()
				put(t, below, "here", strings.Repeat("x", 1000))
				m := layer.Metrics(storetest.NewFaults(below, storetest.Plan(storetest.Rule{Fault: storetest.Fault{Delay: time.Second}})))
				c := layer.Cache(m, layer.CacheOptions{Bytes: 1 << 20})
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				var wg sync.WaitGroup
				start := time.Now()
				for i := range 50 {
					wg.Go(func() {
						own := t.Context()
						if i == 0 && cancelled {
							own = ctx
						}
						got, _, err := c.Get(own, key, store.GetOptions{}, nil)
						switch {
						case i == 0 && cancelled:
							if !errors.Is(err, context.Canceled) {
								t.Errorf("cancelled: %v", err)
							}
						case key == "absent":
							if !errors.Is(err, store.ErrNotExist) {
								t.Errorf("absent: %v", err)
							}
						case err != nil || len(got) != 1000:
							t.Errorf("%d bytes, %v", len(got), err)
						}
					})
					if i == 0 {
						synctest.Wait() // it is the one that reads
					}
				}
				synctest.Wait()
				cancel()
				wg.Wait()
				n, received := asked(m)
				if n > 2 || key == "here" && received != 1000 || time.Since(start) > 2*time.Second {
					t.Errorf("50 reads of what is %s (first cancelled: %v) asked %d times, received %d bytes and took %v", key, cancelled, n, received, time.Since(start))
				}
			})
		}
	}
}

// TestCacheSeesWhatCameBefore: who asks after a change is not given what
// somebody is reading from before it.
func TestCacheSeesWhatCameBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		below := memstore.New()
		put(t, below, "x", "old")
		f := storetest.NewFaults(below, nil)
		c := layer.Cache(f, layer.CacheOptions{Bytes: 1 << 20, Believe: time.Hour})
		reading := make(chan struct{})
		f.SetPlan(storetest.Plan(storetest.Rule{Op: "Get", Times: 1, Fault: storetest.Fault{After: func() { <-reading }}}))
		var wg sync.WaitGroup
		wg.Go(func() {
			if got := get(t, c, "x"); got != "old" {
				t.Errorf("who asked before: %q", got)
			}
		})
		synctest.Wait()
		put(t, c, "x", "new")
		wg.Go(func() {
			if got := get(t, c, "x"); got != "new" {
				t.Errorf("who asked after the put: %q", got)
			}
		})
		synctest.Wait()
		close(reading)
		wg.Wait()
		if got := get(t, c, "x"); got != "new" {
			t.Errorf("what was read before the put was kept: %q", got)
		}
	})
}

// TestCacheWithoutGetIfMatch runs the suite over stores that promise less, one
// of which has no versions at all.
func TestCacheWithoutGetIfMatch(t *testing.T) {
	for name, less := range map[string]func(store.Store) store.Store{
		"no get if match": func(s store.Store) store.Store { return unmatched{s} },
		"no versions":     func(s store.Store) store.Store { return unversioned{s} },
	} {
		t.Run(name, func(t *testing.T) {
			storetest.Run(t, func(t *testing.T) store.Store {
				return layer.Cache(less(storetest.Bare(memstore.New())), layer.CacheOptions{Bytes: 1 << 20})
			})
		})
	}
	c := layer.Cache(unversioned{memstore.New()}, layer.CacheOptions{Bytes: 1 << 20})
	put(t, c, "x", "data")
	get(t, c, "x")
	if s := c.Stats(); s.Objects != 0 {
		t.Errorf("it keeps what has no version: %+v", s)
	}
}

type unmatched struct{ store.Store }

func (u unmatched) Guarantees() store.Guarantees {
	g := u.Store.Guarantees()
	g.GetIfMatch = false
	return g
}

// unversioned is a store whose objects have no versions.
type unversioned struct{ store.Store }

func (u unversioned) Guarantees() store.Guarantees {
	return store.Guarantees{PutIfAbsent: true, ListSorted: true}
}

func (u unversioned) Get(ctx context.Context, key string, o store.GetOptions, dst []byte) ([]byte, store.Info, error) {
	got, info, err := u.Store.Get(ctx, key, o, dst)
	info.Version = ""
	return got, info, err
}

func (u unversioned) Stat(ctx context.Context, key string) (store.Info, error) {
	info, err := u.Store.Stat(ctx, key)
	info.Version = ""
	return info, err
}

func (u unversioned) List(ctx context.Context, o store.ListOptions) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		for info, err := range u.Store.List(ctx, o) {
			info.Version = ""
			if !yield(info, err) {
				return
			}
		}
	}
}

func (u unversioned) Put(ctx context.Context, key string, parts [][]byte, c store.Cond) (store.Version, error) {
	_, err := u.Store.Put(ctx, key, parts, c)
	return "", err
}

func BenchmarkCacheGet(b *testing.B) {
	c := layer.Cache(memstore.New(), layer.CacheOptions{Bytes: 1 << 24, Believe: time.Hour})
	data := make([]byte, 1<<16)
	if _, err := c.Put(b.Context(), "x", [][]byte{data}, store.Cond{}); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := c.Get(b.Context(), "x", store.GetOptions{}, data[:0]); err != nil {
			b.Fatal(err)
		}
	}
}
