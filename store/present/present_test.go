package present_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/memstore"
	"github.com/dosna/dosna/store/present"
)

// fake is a tree of a group with the array a, which has four chunks: one in the file, two that are made, one of them of unknown
// size, and one that was listed and is not there; with the group again, in which the same is; and with a name of nothing.
type fake struct {
	store.Store
	file *present.File
	made int
}

func (f *fake) String() string { return "fake" }
func (f *fake) Most() int64    { return 100 }

func (f *fake) Node(_ context.Context, path string) (*present.Node, error) {
	for path == "again" || strings.HasPrefix(path, "again/") {
		path = strings.TrimPrefix(strings.TrimPrefix(path, "again"), "/")
	}
	switch path {
	case "":
		return &present.Node{Document: []byte("group"), Names: []string{"a", "again", "nothing"}, Unsure: true}, nil
	case "a":
		return &present.Node{Document: []byte("array"), File: f.file, Array: f}, nil
	}
	return nil, store.ErrNotExist
}

func (f *fake) Rank() int { return 2 }

func (f *fake) Chunk(_ context.Context, coord []int) (present.Object, error) {
	made := func(context.Context) ([]byte, error) {
		f.made++
		return []byte("made"), nil
	}
	switch fmt.Sprint(coord) {
	case "[0 0]":
		return present.Object{File: f.file, Off: 3, Size: 4}, nil
	case "[0 1]":
		return present.Object{File: f.file, Size: 4, Make: made}, nil
	case "[10 0]":
		return present.Object{File: f.file, Size: -1, Make: made}, nil
	case "[10 1]":
		return present.Object{File: f.file, Size: 5, Make: made}, nil // other than it has
	}
	return present.Object{}, store.ErrNotExist
}

func (f *fake) Chunks(context.Context) iter.Seq2[present.Listed, error] {
	return func(yield func(present.Listed, error) bool) {
		for _, coord := range [][]int{{0, 0}, {0, 1}, {10, 0}, {10, 2}} {
			if !yield(present.Listed{Coord: coord, Info: store.Info{Size: []int64{4, -1}[coord[0]/10]}}, nil) {
				return
			}
		}
	}
}

func newFake(t *testing.T) (*present.Store, *fake) {
	t.Helper()
	below := memstore.New()
	if _, err := below.Put(t.Context(), "file", [][]byte{[]byte("0123456789")}, store.Cond{}); err != nil {
		t.Fatal(err)
	}
	file, err := present.OpenFile(t.Context(), below, "file", "there/file")
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{Store: below, file: file}
	return present.New(f, "it is a test"), f
}

func TestObjects(t *testing.T) {
	s, f := newFake(t)
	for key, want := range map[string]string{"zarr.json": "group", "a/zarr.json": "array", "a/c/0/0": "3456", "a/c/0/1": "made", "a/c/10/0": "made"} {
		got, info, err := s.Get(t.Context(), key, store.GetOptions{}, []byte("x"))
		if err != nil || string(got) != "x"+want || info.Size != int64(len(want)) || info.Version == "" || info.Key != key {
			t.Errorf("%s: %q, %+v, %v", key, got, info, err)
		}
		part := make([]byte, 2)
		if _, err := s.GetRanges(t.Context(), key, store.Cond{IfMatch: info.Version}, []nd.Span{{Off: -2, Dst: part}}); err != nil || string(part) != want[len(want)-2:] {
			t.Errorf("%s: %q, %v", key, part, err)
		}
		if _, err := s.GetRanges(t.Context(), key, store.Cond{IfMatch: "other"}, nil); !errors.Is(err, store.ErrConflict) {
			t.Errorf("%s in another version: %v", key, err)
		}
		if i, err := s.Stat(t.Context(), key); err != nil || i != info {
			t.Errorf("%s: %+v, want %+v, %v", key, i, info, err)
		}
	}
	if f.made != 2 {
		t.Errorf("two objects were made %d times", f.made)
	}
	if _, _, err := s.Get(t.Context(), "a/c/10/1", store.GetOptions{}, nil); !errors.Is(err, store.ErrCorrupt) {
		t.Errorf("a chunk of another size: %v", err)
	}
	for _, key := range []string{"a", "a/c/0", "a/c/0/2", "a/c/00/0", "a/c/0/0/0", "c/0/0", "nothing/zarr.json", "a/d/0/0"} {
		if _, err := s.Stat(t.Context(), key); !errors.Is(err, store.ErrNotExist) {
			t.Errorf("%s: %v", key, err)
		}
	}
}

func TestListings(t *testing.T) {
	s, _ := newFake(t)
	list := func(o store.ListOptions) string {
		t.Helper()
		var keys []string
		for i, err := range s.List(t.Context(), o) {
			if err != nil {
				t.Fatal(err)
			}
			keys = append(keys, fmt.Sprintf("%s:%d", i.Key, i.Size))
		}
		return strings.Join(keys, " ")
	}
	for _, c := range []struct {
		o    store.ListOptions
		want string
	}{
		{store.ListOptions{Shallow: true}, "zarr.json:5 a/:0 again/:0"},
		{store.ListOptions{Prefix: "a/"}, "a/zarr.json:5 a/c/0/0:4 a/c/0/1:4 a/c/10/0:4"},
		{store.ListOptions{Prefix: "a/", Shallow: true}, "a/zarr.json:5 a/c/:0"},
		{store.ListOptions{Prefix: "a/c/", Shallow: true}, "a/c/0/:0 a/c/10/:0"},
		{store.ListOptions{Prefix: "a/c/0/", Shallow: true}, "a/c/0/0:4 a/c/0/1:4"},
		{store.ListOptions{Prefix: "a/c/0/", After: "a/c/0/0"}, "a/c/0/1:4"},
		{store.ListOptions{Prefix: "b/"}, ""},
		{store.ListOptions{Prefix: "a/c/7/"}, ""},
	} {
		if got := list(c.o); got != c.want {
			t.Errorf("%+v: %s, want %s", c.o, got, c.want)
		}
	}
	// The group is in itself: that has an end, and is an error.
	n := 0
	var last error
	for _, err := range s.List(t.Context(), store.ListOptions{}) {
		if n++; err != nil {
			last = err
		}
	}
	if !errors.Is(last, store.ErrCorrupt) || n > 1000 {
		t.Errorf("%d objects, %v", n, last)
	}
	// Whoever has enough stops.
	for range s.List(t.Context(), store.ListOptions{}) {
		break
	}
}

func TestLocate(t *testing.T) {
	s, f := newFake(t)
	var got []string
	for l, err := range s.Locate(t.Context(), "a/") {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%s:%s:%s:%d:%d:%d", l.Key, l.Source, l.Of, l.Range.Off, l.Size, l.Whole))
	}
	want := "a/zarr.json:::0:5:-1 a/c/0/0:there/file::3:4:10 a/c/0/1::there/file:0:4:10 a/c/10/0::there/file:0:-1:10"
	if strings.Join(got, " ") != want || f.made != 0 {
		t.Errorf("%q, want %q; %d made", got, want, f.made)
	}
}

// Each piece is one run of bytes: behind the dimension that is cut are whole ones, and before it one place each.
func TestPieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shape := rapid.SliceOfN(rapid.IntRange(0, 40), 0, 4).Draw(t, "shape")
		most := rapid.IntRange(1, 300).Draw(t, "most")
		out := present.Pieces(shape, 8, most)
		if len(out) != len(shape) {
			t.Fatal(out)
		}
		cut := false
		for i := len(shape) - 1; i >= 0; i-- {
			n := max(shape[i], 1)
			if out[i] < 1 || out[i] > n || cut && out[i] != 1 {
				t.Fatalf("%v of %v", out, shape)
			}
			cut = cut || out[i] < n
		}
	})
	for _, c := range []struct{ shape, want []int }{
		{[]int{100, 10}, []int{10, 10}}, {[]int{97}, []int{97}}, {[]int{1000}, []int{100}}, {[]int{1009}, []int{100}}, {[]int{3, 1009}, []int{1, 1009}}, {nil, []int{}},
	} {
		if got := present.Pieces(c.shape, 8, 100); !slices.Equal(got, c.want) {
			t.Errorf("%v: %v, want %v", c.shape, got, c.want)
		}
	}
}

// Names become segments that are keys, and different ones of names that are.
func TestSegment(t *testing.T) {
	for name, want := range map[string]string{"a": "a", "a b": "a b", "#refs#": "%23refs%23", "a#b": "a#b", "a/b": "a%2Fb", "zarr.json": "zarr%2Ejson", "__x": "%5F_x", "..": "%2E%2E", "\xff": "%FF", "": ""} {
		if got := present.Segment(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
	if got := present.Segment(strings.Repeat("/", 300)); store.CheckKey(got) != nil {
		t.Errorf("a segment of %d bytes", len(got))
	}
}

// A file that is far away is not asked again for its beginning.
func TestFar(t *testing.T) {
	below := &far{Store: memstore.New()}
	if _, err := below.Put(t.Context(), "file", [][]byte{bytes.Repeat([]byte("0123456789"), 100_000)}, store.Cond{}); err != nil {
		t.Fatal(err)
	}
	f, err := present.OpenFile(t.Context(), below, "file", "file")
	if err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 5)
	for _, off := range []int64{0, 1000, 500_000} {
		if err := f.ReadAt(t.Context(), p, off); err != nil || string(p) != "01234" || below.asked != 0 {
			t.Errorf("at %d: %q, %v, asked %d times", off, p, err, below.asked)
		}
	}
	if err := f.ReadAt(t.Context(), p, 600_000); err != nil || string(p) != "01234" || below.asked != 1 || f.Size() != 1_000_000 || f.Ahead() == 0 {
		t.Errorf("%q, %v, asked %d times", p, err, below.asked)
	}
}

// far is a store that is far away, and counts reads of ranges.
type far struct {
	store.Store
	asked int
}

func (f *far) Guarantees() store.Guarantees {
	g := f.Store.Guarantees()
	g.Remote = true
	return g
}

func (f *far) GetRanges(ctx context.Context, key string, c store.Cond, spans []nd.Span) (store.Info, error) {
	f.asked++
	return store.GetRanges(ctx, f.Store, key, c, spans)
}
