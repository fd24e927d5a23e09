package dosna_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/memstore"
)

// FuzzDocument opens whatever a document says, and makes the calls of
// TestHostileShapes on what comes of it, with an object in the place of its first
// chunk.
func FuzzDocument(f *testing.F) {
	for _, doc := range goodDocuments {
		f.Add(doc, []byte{1, 2, 3})
	}
	for _, doc := range hostileArrays {
		f.Add(doc, hostileObjects["zstd"])
	}
	calls := []string{"info", "list", "read one", "verify", "write one", "resize", "grow", "delete"}
	f.Fuzz(func(t *testing.T, doc string, object []byte) {
		for _, call := range calls {
			s := memstore.New()
			c := open(t, s, dosna.Options{})
			if _, err := s.Put(ctx, "x/zarr.json", [][]byte{[]byte(doc)}, store.Cond{}); err != nil {
				t.Fatal(err)
			}
			n, err := c.Open(ctx, "x")
			if err != nil {
				if !strings.Contains(err.Error(), "x") {
					t.Errorf("the error names nothing: %v", err)
				}
				return
			}
			d, ok := n.(*dosna.Dataset)
			if !ok || d.Type().Size() != 1 || d.NDim() == 0 {
				return
			}
			if k, err := d.Chunk(make([]int, d.NDim())...); err == nil {
				if _, err := s.Put(ctx, k.Key(), [][]byte{object}, store.Cond{}); err != nil {
					t.Fatal(err)
				}
			}
			short, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
			err = hostileCalls[call](short, c, d)
			cancel()
			if err != nil && errors.Is(err, dosna.ErrNotExist) {
				t.Errorf("%s: %v", call, err)
			}
		}
	})
}

// FuzzPath: a path either leads to a node of that name, or is an error; never to
// anything outside the tree.
func FuzzPath(f *testing.F) {
	for _, s := range []string{"", "/", "a", "a/b", "/a/", "..", "a/../b", "a//b", ".", "zarr.json", "__a", "a\x00", "\xff", "c/0", strings.Repeat("a/", 513), "//", "///a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, path string) {
		s := memstore.New()
		c := open(t, s, dosna.Options{})
		g, err := c.CreateGroup(ctx, path, nil)
		if err != nil {
			if !errors.Is(err, dosna.ErrInvalid) && !errors.Is(err, dosna.ErrExist) {
				t.Errorf("%q: %v", path, err)
			}
			return
		}
		if want := "/" + strings.Trim(path, "/"); g.Path() != want {
			t.Errorf("%q became %q", path, g.Path())
		}
		for info, err := range s.List(ctx, store.ListOptions{}) {
			if err != nil {
				t.Fatal(err)
			}
			if store.CheckKey(info.Key) != nil || !strings.HasSuffix(info.Key, "zarr.json") {
				t.Errorf("%q made the object %q", path, info.Key)
			}
		}
		if n, err := c.Open(ctx, path); err != nil || n.Path() != g.Path() {
			t.Errorf("%q cannot be opened: %v", path, err)
		}
	})
}

// FuzzGuessChunks: accesses as people write them, and any shape.
func FuzzGuessChunks(f *testing.F) {
	for _, s := range []string{"", "boxes", "planes:0", "lines:-1", "planes:", "planes:99", "lines:9223372036854775808", "x", "planes:1:2"} {
		f.Add(s, 512, 1<<40, 4)
	}
	f.Fuzz(func(t *testing.T, access string, a, b, item int) {
		if item < 1 || item > 16 {
			return
		}
		shape := []int{a, b}
		chunks, err := dosna.GuessChunks(shape, item, access)
		if err != nil {
			return
		}
		if len(chunks) != 2 || slices.Min(chunks) < 1 {
			t.Errorf("chunks %v for %v and %q", chunks, shape, access)
		}
		if n, ok := nd.Size(chunks); !ok || n > 1<<40 {
			t.Errorf("chunks of %v for %v and %q", chunks, shape, access)
		}
	})
}
