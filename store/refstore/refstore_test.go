package refstore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/memstore"
	"github.com/dosna/dosna/store/refstore"
	"github.com/dosna/dosna/store/storetest"
)

// sources are the objects of one store, by key.
type sources struct{ store.Store }

func (s sources) Find(_ context.Context, address string) (store.Store, string, error) {
	if strings.Contains(address, "://") {
		return nil, "", fmt.Errorf("%w: %s is not allowed", store.ErrPermission, address)
	}
	return s.Store, address, nil
}

// check makes the checks of all stores, where time is short not the long ones.
func check(t *testing.T, open func(t *testing.T) store.Store) {
	if !testing.Short() && !testenv.Race {
		storetest.Run(t, open)
		return
	}
	for _, c := range storetest.Checks() {
		s := open(t)
		if !c.Heavy && c.For(s.Guarantees()) {
			if err := c.Run(t.Context(), s); err != nil {
				t.Errorf("%s: %v", c, err)
			}
		}
		s.Close()
	}
}

// TestReads makes the checks of all stores, of which the reading is done through
// references of each kind.
func TestReads(t *testing.T) {
	for name, build := range map[string]func(b *refstore.Builder, below store.Store, members []member) error{
		"inline": func(b *refstore.Builder, _ store.Store, members []member) error {
			for _, m := range members {
				if err := b.AddInline(m.name, []byte(m.data)); err != nil {
					return err
				}
			}
			return nil
		},
		"ranges": func(b *refstore.Builder, below store.Store, members []member) error {
			var all bytes.Buffer
			source := b.AddSource(refstore.Source{URL: "all", Size: -1})
			for _, m := range members {
				all.WriteString("between")
				err := b.AddInline(m.name, nil)
				if len(m.data) > 0 {
					err = b.AddRange(m.name, source, int64(all.Len()), int64(len(m.data)))
				}
				if err != nil {
					return err
				}
				all.WriteString(m.data)
			}
			_, err := below.Put(context.Background(), "all", [][]byte{all.Bytes(), []byte("end")}, store.Cond{})
			return err
		},
		"wholes": func(b *refstore.Builder, below store.Store, members []member) error {
			for i, m := range members {
				key := fmt.Sprint(i)
				if _, err := below.Put(context.Background(), key, [][]byte{[]byte("head"), []byte(m.data)}, store.Cond{}); err != nil {
					return err
				}
				if err := b.AddRange(m.name, b.AddSource(refstore.Source{URL: key, Size: int64(len(m.data)) + 4}), 4, 0); err != nil {
					return err
				}
			}
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, func(t *testing.T) store.Store {
				return &hybrid{Store: memstore.New(), build: func(members []member) (*refstore.Store, error) {
					var b refstore.Builder
					below := memstore.New()
					if err := build(&b, below, members); err != nil {
						return nil, err
					}
					return refstore.Open("refs", b.Manifest(), sources{below}), nil
				}}
			})
		})
	}
}

// TestManifest compares a table with a map.
func TestManifest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b refstore.Builder
		want := map[string]refstore.Ref{}
		source := b.AddSource(refstore.Source{URL: "x", Size: -1})
		if again := b.AddSource(refstore.Source{URL: "x", Size: 5}); again != source {
			t.Fatalf("the same source is %d and %d", source, again)
		}
		for range rapid.IntRange(0, 200).Draw(t, "n") {
			key := rapid.StringMatching(`[ab]{1,3}(/[ab0-9]{1,3}){0,2}`).Draw(t, "key")
			if rapid.Bool().Draw(t, "inline") {
				data := rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(t, "data")
				if err := b.AddInline(key, data); err != nil {
					t.Fatal(err)
				}
				want[key] = refstore.Ref{Inline: data}
				continue
			}
			off := rapid.Int64Range(0, 1<<50).Draw(t, "off")
			n := rapid.SampledFrom([]int64{0, 1, 1 << 31, 1<<32 - 3, 1<<32 - 2, 1<<32 - 1, 1 << 32, 1 << 50}).Draw(t, "len")
			if err := b.AddRange(key, source, off, n); err != nil {
				t.Fatal(err)
			}
			want[key] = refstore.Ref{Source: &refstore.Source{URL: "x"}, Range: store.Range{Off: off, Len: n}}
		}
		m := b.Manifest()
		if m.Len() != len(want) {
			t.Fatalf("%d references, want %d", m.Len(), len(want))
		}
		last := ""
		for key, i := range m.All {
			w, ok := want[key]
			got := m.Ref(i)
			if !ok || key <= last || (got.Source == nil) != (w.Source == nil) || got.Range != w.Range || !bytes.Equal(got.Inline, w.Inline) {
				t.Fatalf("%q is %+v, want %+v", key, got, w)
			}
			if found, ok := m.Find(key); !ok || found != i {
				t.Fatalf("%q is at %d, and found at %d, %v", key, i, found, ok)
			}
			last = key
		}
		if _, ok := m.Find("c"); ok {
			t.Fatal("found what is not there")
		}
	})
}

func TestBuilderRefuses(t *testing.T) {
	var b refstore.Builder
	n := b.AddSource(refstore.Source{URL: "x"})
	for _, err := range []error{
		b.AddInline("", nil), b.AddInline("../x", nil), b.AddInline("/x", nil), b.AddRange("x", n+1, 0, 1), b.AddRange("x", -1, 0, 1),
		b.AddRange("x", n, -1, 1), b.AddRange("x", n, 1, -1), b.AddRange("x", n, 1<<62, 1<<62),
	} {
		if !errors.Is(err, store.ErrInvalid) {
			t.Error(err)
		}
	}
	if b.Len() != 0 {
		t.Error("something was added")
	}
}

// TestMemory: a million references need less than 30 MiB.
func TestMemory(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	m := million(t, 1_000_000)
	runtime.GC()
	runtime.ReadMemStats(&after)
	used := int64(after.HeapAlloc) - int64(before.HeapAlloc)
	t.Logf("%d references: %.1f MiB, %.1f by its own account", m.Len(), float64(used)/(1<<20), float64(m.Bytes())/(1<<20))
	if used > 30<<20 || m.Bytes() > 30<<20 {
		t.Errorf("%d MiB", used>>20)
	}
	for range 100 {
		i := rand.IntN(m.Len())
		if _, ok := m.Find(fmt.Sprintf("temperature/c/%d/%d/%d", i/10000, i/100%100, i%100)); !ok {
			t.Fatalf("chunk %d is missing", i)
		}
	}
}

func million(t testing.TB, n int) *refstore.Manifest {
	var b refstore.Builder
	for i := range n {
		source := b.AddSource(refstore.Source{URL: fmt.Sprintf("data/file%d.nc", i/10000), Size: -1})
		if err := b.AddRange(fmt.Sprintf("temperature/c/%d/%d/%d", i/10000, i/100%100, i%100), source, int64(i)*123_457, 100_000+int64(i%1000)); err != nil {
			t.Fatal(err)
		}
	}
	return b.Manifest()
}

func BenchmarkFind(b *testing.B) {
	m := million(b, 1_000_000)
	keys := make([]string, 1000)
	for i := range keys {
		n := rand.IntN(m.Len())
		keys[i] = fmt.Sprintf("temperature/c/%d/%d/%d", n/10000, n/100%100, n%100)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, ok := m.Find(keys[i%len(keys)]); !ok {
			b.Fatal("not found")
		}
	}
}

// open makes a store of references to the object "x" of 10 bytes.
func open(t *testing.T, s refstore.Source) (*refstore.Store, *memstore.Store) {
	t.Helper()
	below := memstore.New()
	if _, err := below.Put(t.Context(), "x", [][]byte{[]byte("0123456789")}, store.Cond{}); err != nil {
		t.Fatal(err)
	}
	s.URL = "x"
	var b refstore.Builder
	n := b.AddSource(s)
	far := b.AddSource(refstore.Source{URL: "http://elsewhere", Size: -1})
	if err := errors.Join(b.AddRange("part", n, 2, 5), b.AddRange("all", n, 0, 0), b.AddRange("rest", n, 8, 0), b.AddRange("beyond", n, 8, 5), b.AddRange("far", far, 0, 5)); err != nil {
		t.Fatal(err)
	}
	return refstore.Open("refs", b.Manifest(), sources{below}), below
}

// reads are the ways to read a key.
func reads(ctx context.Context, s store.Store, key string) map[string]error {
	_, _, get := s.Get(ctx, key, store.GetOptions{}, nil)
	_, stat := s.Stat(ctx, key)
	_, ranges := store.GetRanges(ctx, s, key, store.Cond{}, []nd.Span{{Off: 1, Dst: make([]byte, 1)}})
	r, _, reader := store.OpenReader(ctx, s, key, store.GetOptions{})
	if reader == nil {
		_, reader = io.ReadAll(r)
		r.Close()
	}
	return map[string]error{"get": get, "stat": stat, "ranges": ranges, "reader": reader}
}

// TestChanged: a source that is not what it was is an error which names it, and
// never other bytes or an absent object.
func TestChanged(t *testing.T) {
	ctx := t.Context()
	want := func(s store.Store, what string, keys ...string) {
		t.Helper()
		for _, key := range keys {
			for how, err := range reads(ctx, s, key) {
				if err == nil || errors.Is(err, store.ErrNotExist) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, store.ErrConflict) || !strings.Contains(err.Error(), what) || !strings.Contains(err.Error(), key) {
					t.Errorf("%s of %s: %v; want an error of %q", how, key, err, what)
				}
			}
		}
	}
	s, below := open(t, refstore.Source{Size: -1})
	for key, w := range map[string]string{"part": "23456", "all": "0123456789", "rest": "89"} {
		if got, info, err := s.Get(ctx, key, store.GetOptions{}, nil); err != nil || string(got) != w || info.Size != int64(len(w)) {
			t.Errorf("%s: %q, %+v, %v", key, got, info, err)
		}
	}
	want(s, "the source x has 10 bytes", "beyond")
	want(s, "http://elsewhere", "far")
	if _, err := s.Stat(ctx, "far"); !errors.Is(err, store.ErrPermission) {
		t.Error(err)
	}
	if _, err := s.Stat(ctx, "none"); !errors.Is(err, store.ErrNotExist) {
		t.Error(err)
	}

	below.Put(ctx, "x", [][]byte{[]byte("9876543210")}, store.Cond{})
	want(s, "source x was changed", "part", "all", "rest")
	below.Delete(ctx, "x", store.Cond{})
	want(s, "source x", "part", "all", "rest")

	s, _ = open(t, refstore.Source{Size: 9})
	want(s, "had 9 bytes, and has 10", "part", "all")
	s, _ = open(t, refstore.Source{Size: 10, Version: "other"})
	want(s, "was in version other", "part", "all")
	s, below = open(t, refstore.Source{Size: 10, ModTime: time.Unix(1, 0)})
	want(s, "was of 1970", "part", "all")
	below.Delete(ctx, "x", store.Cond{})
	want(s, "does not exist", "part", "all")

	for _, err := range s.List(ctx, store.ListOptions{Prefix: "nothing/"}) {
		t.Error(err)
	}
	s.Close()
	for how, err := range reads(ctx, s, "part") {
		if !errors.Is(err, store.ErrClosed) {
			t.Errorf("%s after close: %v", how, err)
		}
	}
}

// TestUnversioned: where sources have no versions their sizes and times are looked
// at.
func TestUnversioned(t *testing.T) {
	below := memstore.New()
	below.Put(t.Context(), "x", [][]byte{[]byte("0123456789")}, store.Cond{})
	var b refstore.Builder
	b.AddRange("part", b.AddSource(refstore.Source{URL: "x", Size: 10}), 2, 5)
	s := refstore.Open("refs", b.Manifest(), sources{bare{below}})
	if got, info, err := s.Get(t.Context(), "part", store.GetOptions{}, nil); err != nil || string(got) != "23456" || info.Version != "" {
		t.Fatalf("%q, %+v, %v", got, info, err)
	}
	time.Sleep(time.Millisecond)
	below.Put(t.Context(), "x", [][]byte{[]byte("9876543210")}, store.Cond{})
	for how, err := range reads(t.Context(), s, "part") {
		if err == nil || !strings.Contains(err.Error(), "was changed") {
			t.Errorf("%s: %v", how, err)
		}
	}
}

// bare has no versions, and nothing optional.
type bare struct{ store.Store }

func (b bare) Get(ctx context.Context, key string, o store.GetOptions, dst []byte) ([]byte, store.Info, error) {
	got, info, err := b.Store.Get(ctx, key, o, dst)
	info.Version = ""
	return got, info, err
}

func (b bare) Stat(ctx context.Context, key string) (store.Info, error) {
	info, err := b.Store.Stat(ctx, key)
	info.Version = ""
	return info, err
}

func TestWrites(t *testing.T) {
	s, _ := open(t, refstore.Source{Size: -1})
	_, err := s.Put(t.Context(), "x", nil, store.Cond{})
	_, werr := store.OpenWriter(t.Context(), s, "x", store.Cond{})
	for _, err := range []error{err, werr, s.Delete(t.Context(), "x", store.Cond{})} {
		if !errors.Is(err, store.ErrPermission) {
			t.Error(err)
		}
	}
}

// TestList: folders and what follows a key, as in a plain store.
func TestList(t *testing.T) {
	keys := []string{"a", "a/b", "a/c/d", "a-b", "a0", "b/1", "b/10", "b/2/x", "c"}
	plain := memstore.New()
	var b refstore.Builder
	for _, key := range slices.Backward(keys) {
		if key != "a" { // which a store of folders cannot have beside a/b
			plain.Put(t.Context(), key, nil, store.Cond{})
			b.AddInline(key, nil)
		}
	}
	s := refstore.Open("refs", b.Manifest(), sources{plain})
	for _, prefix := range []string{"", "a/", "a/c/", "b/", "x/", "0/"} {
		for _, after := range append([]string{"", "a/", "b/1", "a/zzz", "zzz"}, keys...) {
			for _, shallow := range []bool{false, true} {
				o := store.ListOptions{Prefix: prefix, After: after, Shallow: shallow}
				var got, want []string
				for info, err := range s.List(t.Context(), o) {
					got = append(got, fmt.Sprint(info.Key, info.Dir, err))
				}
				for info, err := range plain.List(t.Context(), o) {
					want = append(want, fmt.Sprint(info.Key, info.Dir, err))
				}
				if !slices.Equal(got, want) {
					t.Errorf("%+v: %q, want %q", o, got, want)
				}
			}
		}
	}
}
