package dosna_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/engine"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/nd"
)

// cacheLayouts are datasets that a cache treats differently.
var cacheLayouts = map[string]dosna.DatasetSpec{
	"raw":     {Codec: "none", Checksum: "none"},
	"default": {},
	"shards":  {Shards: []int{8, 9}},
	"big":     {Order: dtype.Big, Shards: []int{4, 3}, Checksum: "none"},
}

// TestCacheGivesWhatIsStored reads and writes at random through two connections
// that share a cache, and writes through a third that does not know of it: every
// read gives what a read without a cache does, and the budget is kept.
func TestCacheGivesWhatIsStored(t *testing.T) {
	dir := testenv.ScratchDir(t)
	rounds := 12
	if testing.Short() || testenv.Race {
		rounds = 4
	}
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		cache := dosna.NewCache(rapid.SampledFrom([]int{1000, 4000, 20_000, 1 << 20}).Draw(t, "budget"))
		believing := rapid.Bool().Draw(t, "believing")
		if believing {
			cache.MaxAge = time.Hour
		}
		var own, others []*dosna.Connection
		o := dosna.Options{Mode: dosna.Create, Engine: engine.Threads(rapid.IntRange(1, 3).Draw(t, "workers"))}
		for i := range 3 {
			if i < 2 {
				o.Cache = cache
			} else {
				o.Cache = nil
			}
			c, err := dosna.Open(ctx, fmt.Sprintf("%s/%d", dir, n), &o)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if i < 2 {
				own = append(own, c)
			} else {
				others = append(others, c)
			}
		}
		writers := own
		if !believing {
			writers = append(slices.Clone(own), others...)
		}
		names := slices.Sorted(maps.Keys(cacheLayouts))
		shape := []int{9, 10}
		for _, name := range names {
			spec := cacheLayouts[name]
			spec.Shape, spec.Chunks, spec.Type, spec.Fill = shape, []int{4, 3}, dtype.Uint16, 1
			if _, err := own[0].CreateDataset(ctx, name, spec); err != nil {
				t.Fatal(err)
			}
		}
		opened := map[*dosna.Connection]map[string]*dosna.Dataset{}
		for _, c := range append(own, others...) {
			opened[c] = map[string]*dosna.Dataset{}
			for _, name := range names {
				d, err := c.OpenDataset(ctx, name)
				if err != nil {
					t.Fatal(err)
				}
				opened[c][name] = d
			}
		}
		for range rounds {
			name := rapid.SampledFrom(names).Draw(t, "dataset")
			sel := nd.BoxSelection(box(t, shape))
			if rapid.Bool().Draw(t, "fancy") {
				sel = fancy(t, shape)
			}
			r, err := sel.Resolve(shape)
			if err != nil {
				t.Fatal(err)
			}
			if rapid.IntRange(0, 2).Draw(t, "write") == 0 {
				d := opened[rapid.SampledFrom(writers).Draw(t, "writer")][name]
				if err := d.WriteView(ctx, sel, values(t, d.Type(), r.Shape)); err != nil {
					t.Fatal(err)
				}
			}
			got, want := make([]byte, r.Size()*2), make([]byte, r.Size()*2)
			if err := opened[others[0]][name].ReadRaw(ctx, sel, want); err != nil {
				t.Fatal(err)
			}
			if err := opened[rapid.SampledFrom(own).Draw(t, "reader")][name].ReadRaw(ctx, sel, got); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Fatalf("%s of %s reads\n% x, want\n% x", sel, name, got, want)
			}
			if s := cache.Stats(); s.Bytes > s.Limit || s.Bytes < 0 {
				t.Fatalf("%d bytes in a cache of %d", s.Bytes, s.Limit)
			}
		}
		cache.Clear()
		if s := cache.Stats(); s.Bytes != 0 {
			t.Fatalf("%d bytes in an empty cache", s.Bytes)
		}
	})
}

// TestCacheUnderManyReaders lets goroutines read boxes through a cache for a few of
// the chunks, while others replace chunks: each chunk is always of one value, and
// never older than what the reader has seen before.
func TestCacheUnderManyReaders(t *testing.T) {
	for _, shards := range [][]int{nil, {16, 16}} {
		cache := dosna.NewCache(8 << 10)
		c, err := dosna.Open(ctx, testenv.ScratchDir(t)+"/pool", &dosna.Options{Mode: dosna.Create, Cache: cache, Engine: engine.Threads(2)})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		d, err := c.CreateDataset(ctx, "x", dosna.DatasetSpec{Shape: []int{32, 32}, Type: dtype.Uint32, Chunks: []int{8, 8}, Shards: shards})
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		stop := make(chan struct{})
		writer := d.With(dosna.Options{Cache: dosna.NewCache(0)}) // which the cache does not know of
		for w := range 2 {
			wg.Go(func() {
				for v := uint32(1); ; v++ {
					for k := w; k < 16; k += 2 {
						select {
						case <-stop:
							return
						default:
						}
						b := nd.Box{Start: []int{k / 4 * 8, k % 4 * 8}, Shape: []int{8, 8}}
						if err := dosna.Write(ctx, writer, nd.BoxSelection(b), []uint32{v}); err != nil {
							t.Error(err)
							return
						}
					}
				}
			})
		}
		var readers sync.WaitGroup
		for seed := range 4 {
			readers.Go(func() {
				rng := rand.New(rand.NewPCG(uint64(seed), 1))
				var last [16]uint32
				for range 150 {
					b := nd.Box{Start: []int{rng.IntN(24), rng.IntN(24)}, Shape: []int{8, 8}}
					got, err := dosna.ReadAll[uint32](ctx, d, nd.BoxSelection(b))
					if err != nil {
						t.Error(err)
						return
					}
					var now [16]uint32
					for i, v := range got {
						k := (b.Start[0]+i/8)/8*4 + (b.Start[1]+i%8)/8
						if now[k] != 0 && now[k] != v+1 {
							t.Errorf("chunk %d has %d and %d", k, now[k]-1, v)
							return
						}
						now[k] = v + 1
						if v < last[k] {
							t.Errorf("chunk %d has %d after %d", k, v, last[k])
							return
						}
						last[k] = v
					}
					if s := cache.Stats(); s.Bytes > s.Limit {
						t.Errorf("%d bytes in a cache of %d", s.Bytes, s.Limit)
						return
					}
				}
			})
		}
		readers.Wait()
		close(stop)
		wg.Wait()
		cache.Clear()
		if s := cache.Stats(); s.Bytes != 0 {
			t.Errorf("%d bytes in an empty cache", s.Bytes)
		}
	}
}

// TestCacheAsksForVersionsOnly counts what a store is asked for.
func TestCacheAsksForVersionsOnly(t *testing.T) {
	h, c, direct := two(t, dosna.Options{})
	w := bytesDataset(t, direct, "x", []int{8, 8}, []int{4, 4})
	write(t, w, ":", 3)
	cache := dosna.NewCache(1 << 20)
	d := dataset(t, c, "x").With(dosna.Options{Cache: cache})
	for _, step := range []struct {
		sel                     string
		gets, stats             int
		hits, misses, evictions int64
	}{
		{"2, :", 2, 2, 0, 2, 0},
		{"2, :", 0, 2, 2, 2, 0},
		{"0:4, ::-2", 0, 2, 4, 2, 0},
		{"5, 5", 1, 1, 4, 3, 0},
		{":, :", 1, 4, 7, 4, 0},
	} {
		h.reset()
		read(t, d, step.sel)
		if gets, stats := h.count("get x/c"), h.count("stat x/c"); gets != step.gets || stats != step.stats {
			t.Errorf("%s: %d gets and %d stats, want %d and %d", step.sel, gets, stats, step.gets, step.stats)
		}
		if s := cache.Stats(); s.Hits != step.hits || s.Misses != step.misses || s.Evictions != step.evictions {
			t.Errorf("%s: %+v, want %d hits, %d misses, %d evictions", step.sel, s, step.hits, step.misses, step.evictions)
		}
	}
	write(t, w, "2, 2", 9)
	if got := read(t, d, "2, :3"); !slices.Equal(got, []uint8{3, 3, 9}) {
		t.Errorf("read %v after another connection has written", got)
	}
}

// inBubble makes a dataset x in chunks of four bytes for a test with a clock of its own. It is not
// compressed: zstd in Go has channels that no bubble may share.
func inBubble(t *testing.T, c *dosna.Connection, shape []int) *dosna.Dataset {
	t.Helper()
	d, err := c.CreateDataset(ctx, "x", dosna.DatasetSpec{Shape: shape, Type: dtype.Uint8, Chunks: []int{4}, Codec: "none"})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestCacheBelievesForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, c, direct := two(t, dosna.Options{Engine: engine.CPU()})
		w := inBubble(t, direct, []int{8})
		write(t, w, ":4", 3)
		cache := dosna.NewCache(1 << 20)
		cache.MaxAge = time.Minute
		d := dataset(t, c, "x").With(dosna.Options{Cache: cache})
		expect := func(want ...uint8) {
			t.Helper()
			if got := read(t, d, "3:5"); !slices.Equal(got, want) {
				t.Errorf("read %v, want %v", got, want)
			}
		}
		expect(3, 0)
		h.reset()
		write(t, w, ":", 4)
		time.Sleep(59 * time.Second)
		expect(3, 0)
		if n := len(h.ops); n != 0 {
			t.Errorf("the store was asked: %v", h.ops)
		}
		time.Sleep(2 * time.Second)
		expect(4, 4)
		write(t, d, ":", 5)
		expect(5, 5)
		if err := d.Clear(ctx); err != nil {
			t.Fatal(err)
		}
		expect(0, 0)
	})
}

// TestCacheDecodesOnceForMany lets many want a chunk at the same time.
func TestCacheDecodesOnceForMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, c, direct := two(t, dosna.Options{})
		w := inBubble(t, direct, []int{4})
		write(t, w, ":", 3)
		d := dataset(t, c, "x").With(dosna.Options{Cache: dosna.NewCache(1 << 20)})
		h.atOnce = true
		fail := errors.New("this time not")
		tries := 0
		h.before = func(op, key string) error {
			if op == "get" && key == "x/c/0" {
				time.Sleep(time.Second)
				if tries++; tries == 1 {
					return fail
				}
			}
			return nil
		}
		h.reset()
		var wg sync.WaitGroup
		var mu sync.Mutex
		failed := 0
		for range 20 {
			wg.Go(func() {
				got, err := dosna.ReadAll[uint8](ctx, d, nd.Selection{})
				mu.Lock()
				defer mu.Unlock()
				if errors.Is(err, fail) {
					failed++
				} else if err != nil || got[0] != 3 {
					t.Errorf("read %v, %v", got, err)
				}
			})
		}
		wg.Add(1)
		go func() { // who does not wait for the others
			defer wg.Done()
			time.Sleep(100 * time.Millisecond)
			ctx, cancel := context.WithTimeout(ctx, time.Millisecond)
			defer cancel()
			if _, err := dosna.ReadAll[uint8](ctx, d, nd.Selection{}); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("read with a deadline: %v", err)
			}
		}()
		wg.Wait()
		if n := h.count("get x/c"); n != 2 || failed != 1 {
			t.Errorf("%d gets and %d failures, want one of each and one more get", n, failed)
		}
	})
}
