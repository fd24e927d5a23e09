package hdf5_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/dosna/dosna/hdf5"
	"github.com/dosna/dosna/nd"
)

// explore reads all that there is in a file, up to a megabyte of each dataset, and returns how many objects that was.
func explore(ctx context.Context, src hdf5.Source) (int, error) {
	none := func(context.Context, string) (hdf5.Source, error) { return nil, os.ErrNotExist }
	f, err := hdf5.OpenBeside(ctx, src, none)
	if err != nil {
		return 0, err
	}
	root, err := f.Root(ctx)
	if err != nil {
		return 0, err
	}
	var first error
	note := func(err error) {
		if first == nil {
			first = err
		}
	}
	seen := map[uint64]bool{root.Addr(): true}
	queue := []*hdf5.Object{root}
	for ; len(queue) > 0; queue = queue[1:] {
		o := queue[0]
		note(attributes(ctx, f, o))
		switch o.Kind() {
		case hdf5.Group:
			for l, err := range o.Links(ctx) {
				if note(err); err != nil {
					break
				}
				to, err := o.Follow(ctx, l)
				if err != nil {
					if !errors.Is(err, os.ErrNotExist) {
						note(err)
					}
					continue
				}
				if !seen[to.Addr()] {
					seen[to.Addr()] = true
					queue = append(queue, to)
				}
			}
		case hdf5.Data:
			note(elements(ctx, f, o))
		case hdf5.NamedType:
			_, err := o.Type(ctx)
			note(err)
		}
	}
	return len(seen), first
}

func attributes(ctx context.Context, f *hdf5.File, o *hdf5.Object) error {
	list, err := o.Attributes(ctx)
	for _, a := range list {
		_, e := a.Value(ctx, f)
		err = errors.Join(err, e)
	}
	return err
}

func elements(ctx context.Context, f *hdf5.File, o *hdf5.Object) error {
	d, err := o.Dataset(ctx)
	if err != nil {
		return err
	}
	e, err := d.Type.Elements()
	if err != nil {
		return err
	}
	if d.Layout.Class == hdf5.Chunked {
		if _, err := d.Index(ctx); err != nil {
			return err
		}
	}
	if d.Type.Size == 0 || d.Space.Len() > 1<<20/d.Type.Size {
		return nil
	}
	data := make([]byte, d.Space.Len()*d.Type.Size)
	if err := d.Read(ctx, nd.Full(d.Space.Shape), data); err != nil {
		return err
	}
	if e.Texts {
		_, err = f.Texts(ctx, e, data)
		return err
	}
	e.Convert(make([]byte, d.Space.Len()*nd.Full(e.Shape).Size()*e.Type.Size()), data)
	return nil
}

// survive reads a damaged file: an error, or values, in little time and memory.
func survive(t *testing.T, data []byte, what any) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := explore(ctx, memory(data))
	runtime.ReadMemStats(&after)
	if ctx.Err() != nil {
		t.Errorf("%v: it does not end: %v", what, err)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > 256<<20 {
		t.Errorf("%v: %d bytes of memory for a file of %d", what, took, len(data))
	}
}

func small(t testing.TB, libver string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "small-"+libver+".h5"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestSmall(t *testing.T) {
	for _, libver := range []string{"earliest", "latest"} {
		if n, err := explore(t.Context(), memory(small(t, libver))); n != 8 || err != nil {
			t.Errorf("%s: %d objects, %v", libver, n, err)
		}
	}
}

// Every byte of the first 4 KiB, altered in turn.
func TestAltered(t *testing.T) {
	for _, libver := range []string{"earliest", "latest"} {
		data := small(t, libver)
		for at := range min(len(data), 4096) {
			for _, by := range []byte{0xff, 1} {
				bad := bytes.Clone(data)
				bad[at] ^= by
				survive(t, bad, at)
			}
		}
	}
}

// Cut at every 500th byte, a file has lost something, and says so.
func TestCut(t *testing.T) {
	all := map[string][]byte{"earliest": small(t, "earliest"), "latest": small(t, "latest")}
	for name, data := range all {
		for n := 0; n < len(data); n += 500 {
			survive(t, data[:n], name)
			if _, err := hdf5.Open(t.Context(), memory(data[:n])); err == nil {
				t.Errorf("%s: %d of %d bytes open", name, n, len(data))
			}
		}
	}
}

// Larger files of all kinds, damaged here and there.
func TestDamagedFixtures(t *testing.T) {
	dir := valuesIn(t)
	names, err := filepath.Glob(filepath.Join(dir, "*.*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil || strings.HasSuffix(name, ".json") || strings.HasSuffix(name, ".raw") || len(data) > 200_000 {
			continue
		}
		step := max(len(data)/60, 1)
		for at := 9; at < len(data); at += step {
			bad := bytes.Clone(data)
			bad[at] ^= 0x55
			survive(t, bad, name)
			survive(t, data[:at], name)
		}
	}
}

// Chunks of every filter, damaged, are errors or as many bytes.
func TestDamagedChunks(t *testing.T) {
	dir := valuesIn(t)
	for _, name := range []string{"filters-latest.h5", "scaled-latest.h5"} {
		f := beside(t, filepath.Join(dir, name))
		root, err := f.Root(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for l, err := range root.Links(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			o, err := root.Follow(t.Context(), l)
			if err != nil {
				t.Fatal(err)
			}
			d, err := o.Dataset(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for c, err := range d.Chunks(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				data := make([]byte, c.Size)
				if err := f.ReadAt(t.Context(), data, c.Addr); err != nil {
					t.Fatal(err)
				}
				plain, err := d.Decode(nil, data, c)
				if err != nil {
					t.Fatalf("%s: %v", l.Name, err)
				}
				for i := range 40 {
					bad := bytes.Clone(data)
					if i%2 == 0 {
						bad = bad[:len(bad)*i/40]
					} else {
						bad[i*7919%min(len(bad), 200)] ^= byte(7 * i)
					}
					if out, err := d.Decode(nil, bad, c); err == nil && len(out) != len(plain) {
						t.Errorf("%s: %d bytes, want %d", l.Name, len(out), len(plain))
					}
				}
				break
			}
		}
	}
}

func FuzzOpen(f *testing.F) {
	f.Add(small(f, "earliest"))
	f.Add(small(f, "latest"))
	f.Fuzz(func(t *testing.T, data []byte) { survive(t, data, "fuzzed") })
}
