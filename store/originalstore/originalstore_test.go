package originalstore_test

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/memstore"
	"github.com/dosna/dosna/store/originalstore"
)

// bucket is one in memory.
type bucket map[string]object

type object struct {
	body []byte
	meta map[string]string
}

func (b bucket) String() string { return "bucket" }
func (b bucket) Close() error   { return nil }
func (b bucket) Guarantees() store.Guarantees {
	return store.Guarantees{Shared: true, ListSorted: true}
}
func (o object) info(key string) store.Info {
	return store.Info{Key: key, Size: int64(len(o.body)), Version: "1"}
}
func (b bucket) put(key, body string, m ...string) {
	meta := map[string]string{}
	for i := 0; i < len(m); i += 2 {
		meta[m[i]] = m[i+1]
	}
	b[key] = object{[]byte(body), meta}
}

func (b bucket) Object(_ context.Context, key string, most int64) ([]byte, map[string]string, error) {
	o, ok := b[key]
	if !ok {
		return nil, nil, store.ErrNotExist
	}
	if int64(len(o.body)) > most {
		return nil, nil, store.ErrTooLarge
	}
	return o.body, o.meta, nil
}

func (b bucket) Stat(_ context.Context, key string) (store.Info, error) {
	o, ok := b[key]
	if !ok {
		return store.Info{}, store.ErrNotExist
	}
	return o.info(key), nil
}

func (b bucket) Get(_ context.Context, key string, o store.GetOptions, dst []byte) ([]byte, store.Info, error) {
	found, ok := b[key]
	if !ok {
		return dst, store.Info{}, store.ErrNotExist
	}
	info := found.info(key)
	off, n, err := o.In(info.Size, info.Version)
	if err != nil {
		return dst, store.Info{}, err
	}
	return append(dst, found.body[off:off+n]...), info, nil
}

func (b bucket) List(_ context.Context, prefix string, shallow bool) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		last := ""
		for _, key := range slices.Sorted(maps.Keys(b)) {
			rest, ok := strings.CutPrefix(key, prefix)
			if !ok {
				continue
			}
			info := b[key].info(key)
			if i := strings.IndexByte(rest, '/'); shallow && i >= 0 {
				if info = (store.Info{Key: prefix + rest[:i+1], Dir: true}); info.Key == last {
					continue
				}
				last = info.Key
			}
			if !yield(info, nil) {
				return
			}
		}
	}
}

func (b bucket) group(key string, links ...string) {
	var text strings.Builder
	for _, l := range links {
		fmt.Fprintf(&text, "%q: {'name': '%s->%s', 'source': %q, 'target': %q}, ", l, key, l, key, l)
	}
	b.put(key, "DosNa Group", "name", key, "attrs", "{'unit': 'mm', 'key': ('1', 2.5)}", "absolute-path", key, "datasets", "{}", "links", "{"+text.String()+"}", "parent", "/")
}

// dataset stores 5 x 3 elements, the numbers from 0 on, in chunks of 2 x 2, but for
// the last.
func (b bucket) dataset(key, dtype, fill string) {
	b.put(key, "DosNa Dataset", "shape", "5::3", "dtype", dtype, "fillvalue", fill, "chunk-grid", "3::2", "chunk-size", "2::2")
	for i := range 3 {
		for j := range 2 {
			if i == 2 && j == 1 {
				continue
			}
			var body []byte
			for y := range 2 {
				for x := range 2 {
					v := (2*i+y)*3 + 2*j + x
					switch dtype {
					case "<f4":
						body = binary.LittleEndian.AppendUint32(body, math.Float32bits(float32(v)))
					case ">i2":
						body = binary.BigEndian.AppendUint16(body, uint16(v))
					}
				}
			}
			b.put(fmt.Sprintf("%s/%d.%d", key, i, j), string(body))
		}
	}
}

func sample() bucket {
	b := bucket{}
	b.group("/", "/A", "/B")
	b.group("/A", "/A/C", "/B", "/gone/D")
	b.group("/A/C")
	b.group("/B")
	b.dataset("raw", "<f4", "0.5")
	b.dataset("x/y", ">i2", "7.0")
	b.dataset("/A/C/d", ">i2", "-1")
	b.put("/A/notes.txt", "hello world") // as long as a group's signature
	b.put("/A/C/d/readme", "x")
	return b
}

func keys(t *testing.T, s store.Store, o store.ListOptions) []string {
	t.Helper()
	var got []string
	for info, err := range s.List(t.Context(), o) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, info.Key)
		if info.Dir {
			continue
		}
		stat, err := s.Stat(t.Context(), info.Key)
		raw, full, err2 := s.Get(t.Context(), info.Key, store.GetOptions{}, []byte("x"))
		if err := cmp.Or(err, err2); err != nil || stat != info || full != info || int64(len(raw)) != info.Size+1 {
			t.Errorf("%s: listed as %v, stat %v, got %d bytes and %v: %v", info.Key, info, stat, len(raw), full, err)
		}
	}
	return got
}

func TestList(t *testing.T) {
	s := originalstore.New(sample())
	want := strings.Fields(`.zattrs .zgroup A/.zattrs A/.zgroup A/B/.zattrs A/B/.zgroup A/C/.zattrs A/C/.zgroup
		A/C/d/.zarray A/C/d/0.0 A/C/d/0.1 A/C/d/1.0 A/C/d/1.1 A/C/d/2.0 A/D/.zattrs A/D/.zgroup B/.zattrs B/.zgroup
		raw/.zarray raw/0.0 raw/0.1 raw/1.0 raw/1.1 raw/2.0 x/.zgroup x/y/.zarray x/y/0.0 x/y/0.1 x/y/1.0 x/y/1.1 x/y/2.0`)
	if got := keys(t, s, store.ListOptions{}); !slices.Equal(got, want) {
		t.Errorf("all: %q, want %q", got, want)
	}
	for after := range want {
		if got := keys(t, s, store.ListOptions{After: want[after]}); !slices.Equal(got, want[after+1:]) {
			t.Errorf("after %s: %q", want[after], got)
		}
	}
	for prefix, want := range map[string]string{
		"": ".zattrs .zgroup A/ B/ raw/ x/", "A/": "A/.zattrs A/.zgroup A/B/ A/C/ A/D/ A/notes.txt/", "x/": "x/.zgroup x/y/",
		"A/C/d/": "A/C/d/.zarray A/C/d/0.0 A/C/d/0.1 A/C/d/1.0 A/C/d/1.1 A/C/d/2.0", "A/B/": "A/B/.zattrs A/B/.zgroup", "none/": "", "A/notes.txt/": "",
	} {
		if got := strings.Join(keys(t, s, store.ListOptions{Prefix: prefix, Shallow: true}), " "); got != want {
			t.Errorf("in %q: %q, want %q", prefix, got, want)
		}
	}
	for _, key := range []string{"raw", "raw/0", "raw/2.1", "raw/.zattrs", "x/.zattrs", "A/notes.txt", "A/notes.txt/.zgroup", "A/C/d/readme", "none/.zgroup", "none/0.0", "A/0.0"} {
		if _, err := s.Stat(t.Context(), key); !errors.Is(err, store.ErrNotExist) {
			t.Errorf("stat %s: %v", key, err)
		}
	}
}

func open(t *testing.T, s store.Store) *dosna.Connection {
	t.Helper()
	c, err := dosna.OpenStore(t.Context(), s, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func sel(t *testing.T, text string) nd.Selection {
	t.Helper()
	s, err := nd.ParseSelection(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestRead(t *testing.T) {
	c := open(t, originalstore.New(sample()))
	for path, fill := range map[string]float64{"raw": 0.5, "x/y": 7, "A/C/d": -1} {
		d, err := c.OpenDataset(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]float64, 15)
		raw := make([]byte, 15*d.Type().Size())
		if err := d.ReadRaw(t.Context(), sel(t, "..."), raw); err != nil {
			t.Fatal(err)
		}
		for i := range got {
			if d.Type().Size() == 4 {
				got[i] = float64(math.Float32frombits(binary.NativeEndian.Uint32(raw[4*i:])))
			} else {
				got[i] = float64(int16(binary.NativeEndian.Uint16(raw[2*i:])))
			}
			want := float64(i)
			if i == 14 {
				want = fill
			}
			if got[i] != want {
				t.Errorf("%s: element %d is %v, want %v", path, i, got[i], want)
			}
		}
	}
	g, err := c.OpenGroup(t.Context(), "A")
	if err != nil {
		t.Fatal(err)
	}
	if text := fmt.Sprint(g.Attrs()); !strings.Contains(text, "mm") {
		t.Errorf("its attributes are %s", text)
	}
}

func TestBad(t *testing.T) {
	whole := []string{"shape", "5::3", "dtype", "<f4", "fillvalue", "0", "chunk-grid", "3::2", "chunk-size", "2::2"}
	for i, change := range []struct{ name, value, says string }{
		{"shape", "", "shape"}, {"shape", "5:3", "shape"}, {"shape", "-5::3", "shape"}, {"shape", "5", "dimensions"}, {"chunk-size", "x", "chunk-size"},
		{"dtype", "", "dtype"}, {"fillvalue", "(", "fill value"},
	} {
		b := sample()
		meta := slices.Clone(whole)
		meta[slices.Index(meta, change.name)+1] = change.value
		b.put("/bad", "DosNa Dataset", meta...)
		s := originalstore.New(b)
		_, err := s.Stat(t.Context(), "bad/.zarray")
		if !errors.Is(err, store.ErrCorrupt) || !strings.Contains(err.Error(), change.says) {
			t.Errorf("case %d: %v", i, err)
		}
	}
	b := sample()
	b.group("/raw")
	if _, err := originalstore.New(b).Stat(t.Context(), "raw/.zarray"); !errors.Is(err, store.ErrCorrupt) || !strings.Contains(err.Error(), `"/raw" and "raw"`) {
		t.Errorf("two nodes of one name: %v", err)
	}
	b = sample()
	b.put("/A", "DosNa Group", "attrs", "{not Python", "links", "{}")
	if raw, _, err := originalstore.New(b).Get(t.Context(), "A/.zattrs", store.GetOptions{}, nil); err != nil || string(raw) != `{"attrs":"{not Python"}`+"\n" {
		t.Errorf("attributes that cannot be read: %s, %v", raw, err)
	}
	s := originalstore.New(sample())
	if _, err := s.Put(t.Context(), "x", nil, store.Cond{}); !errors.Is(err, store.ErrPermission) {
		t.Errorf("put: %v", err)
	}
	if err := s.Delete(t.Context(), "x", store.Cond{}); !errors.Is(err, store.ErrPermission) {
		t.Errorf("delete: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := s.Stat(t.Context(), ".zgroup"); !errors.Is(err, store.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

func TestHolds(t *testing.T) {
	for want, b := range map[bool]bucket{true: sample(), false: {"zarr.json": {}}} {
		if got, err := originalstore.Holds(t.Context(), b); got != want || err != nil {
			t.Errorf("%v: %v", got, err)
		}
	}
}

// TestCopy moves a tree to Zarr v3.
func TestCopy(t *testing.T) {
	from := open(t, originalstore.New(sample()))
	to, err := dosna.OpenStore(t.Context(), memstore.New(), &dosna.Options{Mode: dosna.Create})
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	root, err := from.Root(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := dosna.Copy(t.Context(), root, to, "/", &dosna.CopyOptions{Format: 3}); err != nil {
		t.Fatal(err)
	}
	want := "A A/B A/C A/C/d A/D B raw x x/y"
	var got []string
	again, err := to.Root(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for n, err := range again.Walk(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, strings.TrimPrefix(n.Path(), "/"))
	}
	if text := strings.Join(got, " "); text != want {
		t.Errorf("copied %q, want %q", text, want)
	}
	d, err := to.OpenDataset(t.Context(), "A/C/d")
	if err != nil {
		t.Fatal(err)
	}
	part := make([]int16, 3)
	if err := dosna.Read(t.Context(), d, sel(t, "1:4, 2"), part); err != nil || !slices.Equal(part, []int16{5, 8, 11}) {
		t.Errorf("the copy has %v, %v", part, err)
	}
}
