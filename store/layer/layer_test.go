package layer_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/filestore"
	"github.com/dosna/dosna/store/layer"
	"github.com/dosna/dosna/store/memstore"
	"github.com/dosna/dosna/store/storetest"
)

func TestPrefix(t *testing.T) {
	wrap := func(s store.Store) store.Store { return layer.Prefix(s, "a/b/") }
	t.Run("mem", func(t *testing.T) {
		storetest.RunLayer(t, func(t *testing.T) store.Store { return memstore.New() }, wrap)
	})
	t.Run("file", func(t *testing.T) {
		if testing.Short() {
			return
		}
		storetest.Run(t, func(t *testing.T) store.Store {
			s, err := filestore.Open(t.TempDir(), store.OpenOptions{})
			if err != nil {
				t.Fatal(err)
			}
			return wrap(s)
		})
	})
}

// TestPrefixStaysInside shows that a prefixed store neither sees nor touches
// what lies beside its folder, nor the other way round.
func TestPrefixStaysInside(t *testing.T) {
	ctx := t.Context()
	below := memstore.New()
	outside := []string{"a!", "ab/x", "a0", "x", "zarr.json"}
	for _, key := range outside {
		if _, err := below.Put(ctx, key, nil, store.Cond{}); err != nil {
			t.Fatal(err)
		}
	}
	s := layer.Prefix(below, "a/")
	if _, err := s.Put(ctx, "x", [][]byte{[]byte("in")}, store.Cond{}); err != nil {
		t.Fatal(err)
	}
	if got, _, err := below.Get(ctx, "a/x", store.GetOptions{}, nil); err != nil || string(got) != "in" {
		t.Errorf("a/x below is %q, %v", got, err)
	}
	if got := keys(t, s); !slices.Equal(got, []string{"x"}) {
		t.Errorf("the folder lists %q", got)
	}
	for _, key := range []string{"../x", "/x", "../ab/x", ".."} {
		if _, _, err := s.Get(ctx, key, store.GetOptions{}, nil); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("get %q: %v", key, err)
		}
	}
	if err := store.DeletePrefix(ctx, s, ""); err != nil {
		t.Fatal(err)
	}
	if got := keys(t, below); len(got) != len(outside) {
		t.Errorf("after all in the folder was deleted the store lists %q", got)
	}
	_, err := s.Stat(ctx, "q")
	if !strings.Contains(err.Error(), `"q"`) || !strings.Contains(err.Error(), "mem://#/a") {
		t.Errorf("the error names another key or store: %v", err)
	}
}

func TestPrefixBad(t *testing.T) {
	for _, prefix := range []string{"a", "/", "a//", "../", "a/../", strings.Repeat("x", 300) + "/"} {
		s := layer.Prefix(memstore.New(), prefix)
		if _, err := s.Put(t.Context(), "x", nil, store.Cond{}); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("put below the prefix %q: %v", prefix, err)
		}
		for _, err := range s.List(t.Context(), store.ListOptions{}) {
			if !errors.Is(err, store.ErrInvalid) {
				t.Errorf("list below the prefix %q: %v", prefix, err)
			}
		}
	}
	s := memstore.New()
	if layer.Prefix(s, "") != store.Store(s) {
		t.Error("the empty prefix should change nothing")
	}
}

func keys(t *testing.T, s store.Store) []string {
	t.Helper()
	var out []string
	for info, err := range s.List(t.Context(), store.ListOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, info.Key)
	}
	return out
}

func TestReadOnly(t *testing.T) {
	ctx := t.Context()
	below := memstore.New()
	v, err := below.Put(ctx, "a/x", [][]byte{[]byte("data")}, store.Cond{})
	if err != nil {
		t.Fatal(err)
	}
	s := layer.ReadOnly(below)

	if err := storetest.Forwards(ctx, layer.ReadOnly); err != nil {
		t.Error(err)
	}
	got, info, err := s.Get(ctx, "a/x", store.GetOptions{}, nil)
	if err != nil || string(got) != "data" || info.Version != v {
		t.Errorf("get returned %q, %+v, %v", got, info, err)
	}
	dst := make([]byte, 2)
	if _, err := store.GetRanges(ctx, s, "a/x", store.Cond{}, []nd.Span{{Off: -2, Dst: dst}}); err != nil || string(dst) != "ta" {
		t.Errorf("get ranges returned %q, %v", dst, err)
	}
	if got := keys(t, s); !slices.Equal(got, []string{"a/x"}) {
		t.Errorf("list yielded %q", got)
	}
	if s.Guarantees() != below.Guarantees() {
		t.Error("the guarantees differ")
	}

	for what, try := range map[string]func(ctx context.Context) error{
		"put":              func(ctx context.Context) error { _, err := s.Put(ctx, "a/x", nil, store.Cond{}); return err },
		"delete":           func(ctx context.Context) error { return s.Delete(ctx, "a/x", store.Cond{}) },
		"write":            func(ctx context.Context) error { _, err := store.OpenWriter(ctx, s, "a/x", store.Cond{}); return err },
		"delete ":          func(ctx context.Context) error { return store.DeleteAll(ctx, s, []string{"a/x"}) },
		"delete all under": func(ctx context.Context) error { return store.DeletePrefix(ctx, s, "a/") },
		"copy to":          func(ctx context.Context) error { _, err := store.Copy(ctx, s, "a/x", "a/y", store.Cond{}); return err },
		"rename":           func(ctx context.Context) error { return store.Rename(ctx, s, "a/", "b/") },
	} {
		err := try(ctx)
		if !errors.Is(err, store.ErrPermission) || !strings.Contains(err.Error(), strings.TrimSpace(what)+` "a/`) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if got := keys(t, below); !slices.Equal(got, []string{"a/x"}) {
		t.Errorf("the store below lists %q", got)
	}
}
