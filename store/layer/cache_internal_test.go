package layer

import (
	"context"
	"errors"
	"testing"

	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/memstore"
	"github.com/dosna/dosna/store/storetest"
)

// TestCacheEnds shows that nothing is left of operations that have ended, in
// whatever way: a cache that lives long would grow by it.
func TestCacheEnds(t *testing.T) {
	ctx := t.Context()
	for _, plan := range []func(storetest.Op) storetest.Fault{
		nil,
		storetest.Random(1, 0.5, storetest.Fail(store.ErrTemporary), storetest.DoneBut(store.ErrCorrupt), storetest.Fail(context.Canceled), storetest.Fail(store.ErrNotExist)),
	} {
		c := Cache(storetest.NewFaults(memstore.New(), plan), CacheOptions{Bytes: 10_000})
		cancelled, cancel := context.WithCancel(ctx)
		cancel()
		for i := range 100 {
			if i%10 == 9 {
				ctx = cancelled
			} else {
				ctx = t.Context()
			}
			var errs []error
			note := func(err error) { errs = append(errs, err) }
			_, err := c.Put(ctx, "x", [][]byte{make([]byte, 100+i*60)}, store.Cond{})
			note(err)
			for _, o := range []store.GetOptions{{}, {Range: store.Range{Off: 5, Len: 9}}, {Range: store.Range{Off: 1 << 20}}, {Max: 10}, {Cond: store.Cond{IfMatch: "no"}}, {Cond: store.Cond{IfNoneMatch: "no"}}} {
				_, _, err = c.Get(ctx, "x", o, nil)
				note(err)
			}
			_, err = store.GetRanges(ctx, c, "x", store.Cond{}, []nd.Span{{Off: 7, Dst: make([]byte, 5)}, {Off: -4, Dst: make([]byte, 4)}})
			note(err)
			_, err = c.Stat(ctx, "y")
			note(err)
			note(c.Delete(ctx, "y", store.Cond{}))
			if errors.Join(errs...) == nil {
				t.Error("none of these failed")
			}
			if len(c.mem.watches) > 0 || len(c.flights.running) > 0 {
				t.Fatalf("%d watches and %d flights are left", len(c.mem.watches), len(c.flights.running))
			}
		}
		var used int64
		pieces := 0
		for _, o := range c.mem.objects {
			used += o.cost()
			pieces++
			for _, p := range o.pieces {
				used += p.cost()
				pieces++
			}
		}
		if used != c.mem.used || pieces != c.mem.recent.Len() {
			t.Errorf("the cache counts %d bytes of %d, and %d pieces of %d", c.mem.used, used, c.mem.recent.Len(), pieces)
		}
	}
}
