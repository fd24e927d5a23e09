package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"testing"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/memstore"
)

func TestRangeIn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.Int64Range(0, 20).Draw(t, "size")
		r := store.Range{Off: rapid.Int64().Draw(t, "off"), Len: rapid.Int64Min(0).Draw(t, "len")}
		if rapid.Bool().Draw(t, "near") {
			r = store.Range{Off: rapid.Int64Range(-25, 25).Draw(t, "off"), Len: rapid.Int64Range(0, 25).Draw(t, "len")}
		}
		off, n, err := r.In(size)
		if r.Off > size {
			if !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Fatalf("%+v of %d bytes: %v", r, size, err)
			}
			return
		}
		if err != nil || off < 0 || n < 0 || off+n > size {
			t.Fatalf("%+v of %d bytes is %d at %d, %v", r, size, n, off, err)
		}
		if r.Off >= 0 && off != r.Off || r.Off < 0 && off != max(0, size+r.Off) {
			t.Fatalf("%+v of %d bytes begins at %d", r, size, off)
		}
		if r.Len == 0 && off+n != size || r.Len > 0 && n != min(r.Len, size-off) {
			t.Fatalf("%+v of %d bytes from %d has %d", r, size, off, n)
		}
	})
}

func TestSpanIn(t *testing.T) {
	for _, c := range []struct {
		off     int64
		n       int
		size    int64
		want    int64
		outside bool
	}{
		{0, 0, 0, 0, false}, {0, 10, 10, 0, false}, {10, 0, 10, 10, false}, {-3, 3, 10, 7, false}, {-3, 1, 10, 7, false}, {-10, 10, 10, 0, false},
		{0, 11, 10, 0, true}, {11, 0, 10, 0, true}, {-11, 1, 10, 0, true}, {-3, 4, 10, 0, true}, {-1 << 63, 1, 10, 0, true}, {1<<63 - 1, 1, 10, 0, true},
	} {
		off, err := store.SpanIn(nd.Span{Off: c.off, Dst: make([]byte, c.n)}, c.size)
		if c.outside != errors.Is(err, io.ErrUnexpectedEOF) || err == nil && off != c.want {
			t.Errorf("%d bytes at %d of %d: %d, %v", c.n, c.off, c.size, off, err)
		}
	}
}

func TestError(t *testing.T) {
	err := error(&store.Error{Op: "get", Store: "/tmp/pool", Key: "a/b", Err: fmt.Errorf("why: %w", store.ErrConflict)})
	if got, want := err.Error(), `get "a/b" in /tmp/pool: why: the object is not in the expected version`; got != want {
		t.Errorf("the error reads %s, want %s", got, want)
	}
	if !errors.Is(err, store.ErrConflict) {
		t.Error("the error does not wrap its cause")
	}
	if got, want := (&store.Error{Op: "sync", Store: "s", Err: io.EOF}).Error(), "sync s: EOF"; got != want {
		t.Errorf("the error reads %s, want %s", got, want)
	}
}

// unsorted is a store without optional operations that promises no order.
type unsorted struct{ store.Store }

func (u unsorted) Guarantees() store.Guarantees { return store.Guarantees{} }

func (u unsorted) List(ctx context.Context, o store.ListOptions) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		var all []store.Info
		for info, err := range u.Store.List(ctx, o) {
			if err != nil {
				yield(info, err)
				return
			}
			all = append(all, info)
		}
		for i := range all {
			if !yield(all[len(all)-1-i], nil) {
				return
			}
		}
	}
}

// TestFallbacks does what needs several batches, on a store without order.
func TestFallbacks(t *testing.T) {
	defer goleak.VerifyNone(t)
	ctx := t.Context()
	for _, s := range []store.Store{unsorted{memstore.New()}, struct{ store.Store }{memstore.New()}} {
		for i := range 2300 {
			if _, err := s.Put(ctx, fmt.Sprintf("a/%d", i), [][]byte{fmt.Append(nil, i)}, store.Cond{}); err != nil {
				t.Fatal(err)
			}
		}
		// What was copied by an earlier try, and what differs, is there already.
		if _, err := store.Copy(ctx, s, "a/7", "b/7", store.Cond{}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Put(ctx, "b/8", [][]byte{[]byte("9")}, store.Cond{}); err != nil {
			t.Fatal(err)
		}
		if err := store.Rename(ctx, s, "a/", "b/"); !errors.Is(err, store.ErrExist) {
			t.Errorf("rename over what differs: %v", err)
		}
		if n := count(t, s, "a/"); n != 2300 {
			t.Errorf("a refused rename left %d of 2300 objects", n)
		}
		if err := s.Delete(ctx, "b/8", store.Cond{}); err != nil {
			t.Fatal(err)
		}
		if err := store.Rename(ctx, s, "a/", "b/"); err != nil {
			t.Fatal(err)
		}
		if a, b := count(t, s, "a/"), count(t, s, "b/"); a != 0 || b != 2300 {
			t.Errorf("after the rename there are %d and %d objects", a, b)
		}
		if got, _, err := s.Get(ctx, "b/2299", store.GetOptions{}, nil); err != nil || string(got) != "2299" {
			t.Errorf("b/2299 is %q, %v", got, err)
		}
		if err := store.DeletePrefix(ctx, s, "b/"); err != nil || count(t, s, "") != 0 {
			t.Errorf("after all was deleted there are %d objects, %v", count(t, s, ""), err)
		}
	}
}

func count(t *testing.T, s store.Store, prefix string) int {
	t.Helper()
	n := 0
	for _, err := range s.List(t.Context(), store.ListOptions{Prefix: prefix}) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

// small is a store of small objects.
type small struct{ store.Store }

func (s small) Guarantees() store.Guarantees { return store.Guarantees{MaxObject: 1000} }

func TestWriterBound(t *testing.T) {
	s := small{memstore.New()}
	w, err := store.OpenWriter(t.Context(), s, "x", store.Cond{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if _, err := w.Write(make([]byte, 1000)); err != nil {
		t.Error(err)
	}
	if _, err := w.Write([]byte{1}); !errors.Is(err, store.ErrTooLarge) {
		t.Errorf("a write beyond MaxObject: %v", err)
	}
	if _, err := w.Commit(); !errors.Is(err, store.ErrTooLarge) {
		t.Errorf("commit after a failed write: %v", err)
	}
}

// TestGetRangesInPlace shows that the fallback reads to where spans are, and
// that a store which hands out other memory is no danger.
func TestGetRangesInPlace(t *testing.T) {
	m := memstore.New()
	data := []byte("0123456789")
	if _, err := m.Put(t.Context(), "x", [][]byte{data}, store.Cond{}); err != nil {
		t.Fatal(err)
	}
	for _, s := range []store.Store{struct{ store.Store }{m}, elsewhere{m}} {
		dst := bytes.Repeat([]byte{'-'}, 10)
		spans := []nd.Span{{Off: 7, Dst: dst[0:3]}, {Off: -10, Dst: dst[4:6]}}
		if _, err := store.GetRanges(t.Context(), s, "x", store.Cond{}, spans); err != nil || string(dst) != "789-01----" {
			t.Errorf("the spans are %q, %v", dst, err)
		}
	}
}

type elsewhere struct{ store.Store }

func (e elsewhere) Get(ctx context.Context, key string, o store.GetOptions, dst []byte) ([]byte, store.Info, error) {
	return e.Store.Get(ctx, key, o, bytes.Clone(dst))
}
