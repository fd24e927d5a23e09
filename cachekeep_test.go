package dosna_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/memstore"
)

// TestWithKeepsTheCache tells which options of With go with a cache, and which
// without.
func TestWithKeepsTheCache(t *testing.T) {
	cache, other := dosna.NewCache(1<<20), dosna.NewCache(1<<20)
	d := bytesDataset(t, create(t, "mem://"), "x", []int{4}, []int{4})
	write(t, d, ":", 3)
	with := d.With(dosna.Options{Cache: cache})
	for i, d := range []*dosna.Dataset{with, with.With(dosna.Options{Verify: dosna.VerifyLazy}), with.With(dosna.Options{Cache: other}), with.With(dosna.Options{Cache: dosna.NewCache(0)})} {
		read(t, d, ":")
		if got, want := cache.Stats().Hits+cache.Stats().Misses, int64(min(i+1, 2)); got != want {
			t.Errorf("dataset %d: %d uses of the cache, want %d", i, got, want)
		}
	}
	if s := other.Stats(); s.Misses != 1 {
		t.Errorf("the other cache: %+v", s)
	}
}

func TestWhatIsNotCached(t *testing.T) {
	cache := dosna.NewCache(20_000)
	c := create(t, testenv.ScratchDir(t)+"/pool").With(dosna.Options{Cache: cache})
	d := bytesDataset(t, c, "x", []int{100, 4000}, []int{1, 4000})
	write(t, d, ":", 3)
	read(t, d, ":") // far more than it holds
	if s := cache.Stats(); s.Bytes != 0 || s.Misses != 0 {
		t.Errorf("a large read has left %+v", s)
	}
	for i := range 100 {
		read(t, d, fmt.Sprint(i))
	}
	if s := cache.Stats(); s.Misses != 100 || s.Evictions < 90 || s.Bytes > s.Limit {
		t.Errorf("small reads have left %+v", s)
	}
	before := cache.Stats()
	read(t, d, ":")
	if s := cache.Stats(); s.Hits == before.Hits || s.Bytes != before.Bytes {
		t.Errorf("a large read has made %+v of %+v", s, before)
	}
	d = bytesDataset(t, c, "bad", []int{4}, []int{4})
	write(t, d, ":", 3)
	damage(t, c.URL()+"/bad/c/0")
	for range 2 {
		if _, err := dosna.ReadAll[uint8](ctx, d, nd.Selection{}); !errors.Is(err, dosna.ErrCorrupt) {
			t.Errorf("read a damaged chunk: %v", err)
		}
	}
}

// versionless is a store without versions.
type versionless struct{ *hooked }

func (v versionless) Get(ctx context.Context, key string, o store.GetOptions, dst []byte) ([]byte, store.Info, error) {
	out, info, err := v.hooked.Get(ctx, key, o, dst)
	info.Version = ""
	return out, info, err
}

func (v versionless) Stat(ctx context.Context, key string) (store.Info, error) {
	info, err := v.hooked.Stat(ctx, key)
	info.Version = ""
	return info, err
}

func TestCacheNeedsVersions(t *testing.T) {
	below := memstore.New()
	w := bytesDataset(t, open(t, below, dosna.Options{}), "x", []int{8, 8}, []int{4, 4})
	cache := dosna.NewCache(1 << 20)
	s := versionless{&hooked{Store: below, promises: &store.Guarantees{}}}
	d := dataset(t, open(t, s, dosna.Options{Cache: cache}), "x")
	for v := range uint8(3) {
		write(t, w, "1:7, 1:7", v)
		if got := read(t, d, "2, 2:6:2"); !slices.Equal(got, []uint8{v, v}) {
			t.Errorf("read %v, want %d", got, v)
		}
	}
	if s := cache.Stats(); s.Bytes != 0 {
		t.Errorf("kept %+v", s)
	}
}
