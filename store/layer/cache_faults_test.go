package layer_test

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/layer"
	"github.com/dosna/dosna/store/memstore"
	"github.com/dosna/dosna/store/storetest"
)

// TestCacheAlone compares a cache that believes itself with the plain store:
// where nobody else writes, both are the same.
func TestCacheAlone(t *testing.T) {
	for _, bytes := range []int64{3000, 1 << 20} {
		storetest.Compare(t, func(t *testing.T) store.Store { return memstore.New() }, func(s store.Store) store.Store {
			return layer.Cache(s, layer.CacheOptions{Bytes: bytes, Believe: time.Hour})
		}, false)
	}
}

// TestCacheFaults: whatever changes have come to, done or not, told or not, what
// is read afterwards is what the store holds.
func TestCacheFaults(t *testing.T) {
	for seed := range uint64(30) {
		below := memstore.New()
		f := storetest.NewFaults(below, nil)
		plan := storetest.Random(seed, 0.4, storetest.Lost(), storetest.Fail(store.ErrTemporary), storetest.DoneBut(store.ErrTemporary))
		c := layer.Cache(f, layer.CacheOptions{Bytes: 10_000, Believe: time.Duration(seed%2) * time.Hour})
		r := rand.New(rand.NewPCG(seed, 1))
		for i := range 200 {
			key := string(rune('a' + r.IntN(3)))
			cond := store.Cond{}
			if info, err := below.Stat(t.Context(), key); err == nil && r.IntN(2) == 0 {
				cond.IfMatch = info.Version
			}
			f.SetPlan(plan)
			if r.IntN(4) == 0 {
				_ = c.Delete(t.Context(), key, cond)
			} else {
				_, _ = c.Put(t.Context(), key, [][]byte{{byte(i)}}, cond)
			}
			f.SetPlan(nil)
			for range 2 {
				want, at, werr := below.Get(t.Context(), key, store.GetOptions{}, nil)
				got, info, err := c.Get(t.Context(), key, store.GetOptions{}, nil)
				if string(got) != string(want) || info != at || errors.Is(err, store.ErrNotExist) != errors.Is(werr, store.ErrNotExist) {
					t.Fatalf("seed %d, step %d: the cache has %q, %+v, %v, and the store %q, %+v, %v", seed, i, got, info, err, want, at, werr)
				}
			}
		}
	}
}
