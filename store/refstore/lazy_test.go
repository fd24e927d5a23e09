package refstore_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/filestore"
	"github.com/dosna/dosna/store/memstore"
	"github.com/dosna/dosna/store/refstore"
)

const (
	zarray = `{"zarr_format":2,"shape":[70,30],"chunks":[10,10],"dtype":"<f4","compressor":null,"fill_value":0,"order":"C","filters":null}`
	scalar = `{"zarr_format":2,"shape":[],"chunks":[],"dtype":"<f4","compressor":null,"fill_value":0,"order":"C","filters":null}`
)

// sample is references to two arrays, with gaps, to the object "source" of 1000
// bytes.
func sample(t testing.TB) *refstore.Manifest {
	t.Helper()
	var b refstore.Builder
	s, other := b.AddSource(refstore.Source{URL: "source", Size: -1}), b.AddSource(refstore.Source{URL: "other", Size: -1})
	err := errors.Join(b.AddInline(".zgroup", []byte(`{"zarr_format":2}`)), b.AddInline("g/.zgroup", []byte(`{"zarr_format":2}`)), b.AddInline("g/a/.zattrs", []byte(`{}`)),
		b.AddInline("g/a/.zarray", []byte(zarray)), b.AddInline("s/.zarray", []byte(scalar)), b.AddRange("s/0", other, 0, 0), b.AddInline("g/a/6.2", []byte{0, 255}), b.AddInline("g/a/6.1", nil))
	for i := range 21 {
		if i%4 != 1 && i != 20 && i != 19 && (i < 8 || i >= 12) { // with four to a file, none is in the third
			err = errors.Join(err, b.AddRange(fmt.Sprintf("g/a/%d.%d", i/3, i%3), s, int64(i), int64(i)+1))
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Manifest()
}

func sampleSources(t testing.TB) *memstore.Store {
	t.Helper()
	below := memstore.New()
	for _, key := range []string{"source", "other"} {
		if _, err := below.Put(context.Background(), key, [][]byte{bytes.Repeat([]byte("0123456789"), 100)}, store.Cond{}); err != nil {
			t.Fatal(err)
		}
	}
	return below
}

// contents is what a store holds, by key.
func contents(t testing.TB, s store.Store, o store.ListOptions) map[string]string {
	t.Helper()
	out := map[string]string{}
	for info, err := range s.List(context.Background(), o) {
		if err != nil {
			t.Fatal(err)
		}
		if _, twice := out[info.Key]; twice {
			t.Errorf("%q is listed twice", info.Key)
		}
		out[info.Key] = "folder"
		if !info.Dir {
			got, _, err := s.Get(context.Background(), info.Key, store.GetOptions{}, nil)
			if err != nil {
				t.Fatal(err)
			}
			out[info.Key] = string(got)
		}
	}
	return out
}

// TestParquet: references through Parquet files are those that were written.
func TestParquet(t *testing.T) {
	for _, size := range []int{0, 1, 4, 21, 100} {
		m, below, home := sample(t), sampleSources(t), memstore.New()
		if err := refstore.WriteParquet(t.Context(), home, "refs.parq/", m, size); err != nil {
			t.Fatal(err)
		}
		s, err := refstore.OpenParquet(t.Context(), "refs", home, "refs.parq/", sources{below})
		if err != nil {
			t.Fatal(err)
		}
		plain := refstore.Open("plain", m, sources{below})
		for _, prefix := range []string{"", "g/", "g/a/", "s/", "x/", "g/a/0/"} {
			for _, after := range []string{"", "g/a/", "g/a/3.1", "t"} {
				for _, shallow := range []bool{false, true} {
					o := store.ListOptions{Prefix: prefix, After: after, Shallow: shallow}
					got, want := contents(t, s, o), contents(t, plain, o)
					if fmt.Sprint(got) != fmt.Sprint(want) {
						t.Errorf("%d rows to a file, %+v: %q, want %q", size, o, got, want)
					}
				}
			}
		}
		for _, key := range []string{"g/a/0.1", "g/a/2.2", "g/a/6.3", "g/a/7.0", "g/a/0", "g/a/0.0.0", "g/a/00.0", "g/a/+0.0", "g/a/-1.0", "g/a/", "none", "g/none/0", ".zarray", "0", "s/1"} {
			if _, err := s.Stat(t.Context(), key); err == nil || !errors.Is(err, store.ErrNotExist) && key != "g/a/" {
				t.Errorf("%s: %v", key, err)
			}
		}
		keys, err := home.Stat(t.Context(), "refs.parq/g/a/refs.2.parq")
		if size == 4 && !errors.Is(err, store.ErrNotExist) {
			t.Errorf("a file of no references: %+v, %v", keys, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if _, err := s.Stat(t.Context(), "g/a/0.0"); !errors.Is(err, store.ErrClosed) {
			t.Error(err)
		}
	}
}

// TestParquetReplaced: references that were replaced since they were opened, or
// damaged, are an error and never an absent key.
func TestParquetReplaced(t *testing.T) {
	open := func() (*refstore.Store, *memstore.Store) {
		home := memstore.New()
		if err := refstore.WriteParquet(t.Context(), home, "", sample(t), 4); err != nil {
			t.Fatal(err)
		}
		s, err := refstore.OpenParquet(t.Context(), "refs", home, "", sources{sampleSources(t)})
		if err != nil {
			t.Fatal(err)
		}
		return s, home
	}
	for what, change := range map[string]func(home *memstore.Store) error{
		"since they were opened": func(home *memstore.Store) error {
			time.Sleep(time.Millisecond)
			return refstore.WriteParquet(t.Context(), home, "", sample(t), 4)
		},
		"they were replaced": func(home *memstore.Store) error { return home.Delete(t.Context(), ".zmetadata", store.Cond{}) },
		"Parquet": func(home *memstore.Store) error {
			return second(home.Put(t.Context(), "g/a/refs.0.parq", [][]byte{[]byte("PAR1")}, store.Cond{}))
		},
		"rows": func(home *memstore.Store) error {
			other := memstore.New()
			if err := refstore.WriteParquet(t.Context(), other, "", sample(t), 1); err != nil {
				return err
			}
			data, _, err := other.Get(t.Context(), "g/a/refs.0.parq", store.GetOptions{}, nil)
			return errors.Join(err, second(home.Put(t.Context(), "g/a/refs.0.parq", [][]byte{data}, store.Cond{})))
		},
	} {
		s, home := open()
		if err := change(home); err != nil {
			t.Fatal(err)
		}
		_, _, err := s.Get(t.Context(), "g/a/0.1", store.GetOptions{}, nil)
		if err == nil || errors.Is(err, store.ErrNotExist) || !strings.Contains(err.Error(), what) || !strings.Contains(err.Error(), "refs.0.parq") {
			t.Errorf("%s: %v", what, err)
		}
	}
	s, _ := open()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Stat(ctx, "g/a/0.0"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func second[A any](_ A, err error) error { return err }

// TestWriteParquetRefuses what has no place in that form.
func TestWriteParquetRefuses(t *testing.T) {
	for key, add := range map[string]func(b *refstore.Builder, key string) error{
		"x/0.0":       func(b *refstore.Builder, key string) error { return b.AddInline(key, nil) },
		"a/9.0":       func(b *refstore.Builder, key string) error { return b.AddInline(key, nil) },
		"a/zarr.json": func(b *refstore.Builder, key string) error { return b.AddInline(key, []byte("{}")) },
		"a/.zattrs":   func(b *refstore.Builder, key string) error { return b.AddInline(key, []byte("{")) },
		"b/.zarray": func(b *refstore.Builder, key string) error {
			return b.AddInline(key, []byte(`{"shape":[1],"chunks":[0]}`))
		},
		"a/0.0": func(b *refstore.Builder, key string) error {
			return b.AddRange(key, b.AddSource(refstore.Source{URL: "u"}), 5, 0)
		},
	} {
		var b refstore.Builder
		if err := errors.Join(b.AddInline("a/.zarray", []byte(zarray)), add(&b, key)); err != nil {
			t.Fatal(err)
		}
		if err := refstore.WriteParquet(t.Context(), memstore.New(), "", b.Manifest(), 0); !errors.Is(err, store.ErrInvalid) || !strings.Contains(err.Error(), key) {
			t.Errorf("%s: %v", key, err)
		}
	}
}

func TestOpenParquetErrors(t *testing.T) {
	array := func(members string) string { return `{"record_size": 5, "metadata": {"a/.zarray": {` + members + `}}}` }
	for text, says := range map[string]string{
		``: "JSON", `[]`: "zmetadata", `{}`: "record_size", `{"metadata": {}}`: "record_size", `{"metadata": {}, "record_size": -1}`: "record_size",
		`{"metadata": {}, "record_size": 100000000}`: "record_size", `{"record_size": 5}`: "record_size", `{"record_size": 5, "metadata": {"../x": {}}}`: `".."`,
		`{"record_size": 5, "metadata": {".zarray": {}}}`: "root", array(`"shape": [1], "chunks": []`): "dimensions", array(`"shape": [1], "chunks": [0]`): "shape",
		array(`"shape": [-1], "chunks": [1]`): "shape", array(`"shape": "x"`): "shape", array(`"shape": [1], "chunks": [1], "dimension_separator": "/"`): "dots",
		array(`"shape": [1000000000, 1000000000, 1000000000], "chunks": [1, 1, 1]`): "chunks",
	} {
		home := memstore.New()
		home.Put(t.Context(), ".zmetadata", [][]byte{[]byte(text)}, store.Cond{})
		if _, err := refstore.OpenParquet(t.Context(), "refs", home, "", sources{home}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v; want an error of %q", text, err, says)
		}
	}
	if _, err := refstore.OpenParquet(t.Context(), "refs", memstore.New(), "x/", sources{}); !errors.Is(err, store.ErrNotExist) {
		t.Error(err)
	}
}

// TestKerchunk reads what kerchunk wrote, see testdata/make.py: the same
// references as JSON and as Parquet files.
func TestKerchunk(t *testing.T) {
	text, err := os.ReadFile("testdata/kerchunk.json")
	if err != nil {
		t.Fatal(err)
	}
	m, err := refstore.ParseJSON(t.Context(), bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	below := memstore.New()
	for i, key := range []string{"data.bin", "other.bin"} {
		if _, err := below.Put(t.Context(), key, [][]byte{bytes.Repeat([]byte("0123456789"), 10+i)}, store.Cond{}); err != nil {
			t.Fatal(err)
		}
	}
	home, err := filestore.Open("testdata", store.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer home.Close()
	s, err := refstore.OpenParquet(t.Context(), "refs", home, "kerchunk.parq/", sources{below})
	if err != nil {
		t.Fatal(err)
	}
	got, want := contents(t, s, store.ListOptions{}), contents(t, refstore.Open("json", m, sources{below}), store.ListOptions{})
	for key := range want {
		if strings.HasPrefix(key[strings.LastIndexByte(key, '/')+1:], ".z") { // JSON, in which kerchunk sets spaces as it likes
			var a, b any
			if err := errors.Join(json.Unmarshal([]byte(got[key]), &a), json.Unmarshal([]byte(want[key]), &b)); err != nil {
				t.Errorf("%s: %v", key, err)
			}
			got[key], want[key] = fmt.Sprint(a), fmt.Sprint(b)
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) || len(want) < 15 {
		t.Errorf("%q\nwant\n%q", got, want)
	}
}

func FuzzOpenParquet(f *testing.F) {
	home := memstore.New()
	if err := refstore.WriteParquet(context.Background(), home, "", sample(f), 4); err != nil {
		f.Fatal(err)
	}
	meta, _, err := home.Get(context.Background(), ".zmetadata", store.GetOptions{}, nil)
	if err != nil {
		f.Fatal(err)
	}
	record, _, err := home.Get(context.Background(), "g/a/refs.0.parq", store.GetOptions{}, nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(meta, record)
	below := sampleSources(f)
	f.Fuzz(func(t *testing.T, meta, record []byte) {
		home := memstore.New()
		home.Put(t.Context(), ".zmetadata", [][]byte{meta}, store.Cond{})
		home.Put(t.Context(), "g/a/refs.0.parq", [][]byte{record}, store.Cond{})
		s, err := refstore.OpenParquet(t.Context(), "refs", home, "", sources{below})
		if err != nil {
			return
		}
		for _, key := range []string{".zgroup", "g/a/0.0", "g/a/0.1", "g/a/1.0", "g/a/0"} {
			r, _, err := s.OpenReader(t.Context(), key, store.GetOptions{})
			if err == nil {
				_, err = io.Copy(io.Discard, r)
				r.Close()
			}
			_ = err
		}
		n := 0
		for _, err := range s.List(t.Context(), store.ListOptions{Prefix: "g/"}) {
			if n++; err != nil || n > 1000 {
				break
			}
		}
	})
}
