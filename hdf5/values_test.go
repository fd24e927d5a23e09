package hdf5_test

import (
	"bytes"
	"context"
	"embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/dosna/dosna/hdf5"
	"github.com/dosna/dosna/nd"
)

//go:embed testdata/describe.py testdata/values.py testdata/indexes.py testdata/programs.py
var sources embed.FS

var values made

// valuesIn returns the directory of the files that h5py and other programs made, and what h5py reads in them.
func valuesIn(t testing.TB) string {
	t.Helper()
	var program []byte
	for _, name := range []string{"describe", "values", "indexes", "programs"} {
		part, err := sources.ReadFile("testdata/" + name + ".py")
		if err != nil {
			t.Fatal(err)
		}
		program = append(program, part...)
	}
	return values.in(t, string(program), "h5py", "hdf5plugin", "netCDF4", "numpy", "tables", "h5netcdf", "xarray")
}

// dataset is what values.py says of one, or of a group.
type dataset struct {
	Shape []int
	Data  *[]byte
	Texts []string
	JSON  []any
	Attrs map[string]any

	Type json.RawMessage // of Zarr
	More []int           // dimensions of array types

	Chunks [][]int // places, addresses, sizes and masks, sorted
}

// beside opens a file with those in its directory.
func beside(t testing.TB, path string) *hdf5.File {
	t.Helper()
	source := func(_ context.Context, name string) (hdf5.Source, error) {
		f, err := os.Open(filepath.Join(filepath.Dir(path), name))
		if err != nil {
			return nil, err
		}
		t.Cleanup(func() { f.Close() })
		info, err := f.Stat()
		if err != nil {
			return nil, err
		}
		return local{f, info.Size()}, nil
	}
	src, err := source(t.Context(), filepath.Base(path))
	if err != nil {
		t.Fatal(err)
	}
	f, err := hdf5.OpenBeside(t.Context(), src, source)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestValues(t *testing.T) {
	dir := valuesIn(t)
	raw, err := os.ReadFile(filepath.Join(dir, "values.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases map[string]map[string]dataset
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&cases); err != nil {
		t.Fatal(err)
	}
	n := 0
	for name, all := range cases {
		t.Run(name, func(t *testing.T) {
			f := beside(t, filepath.Join(dir, name))
			for path, want := range all {
				n++
				o, err := f.Lookup(t.Context(), path)
				if err != nil {
					t.Errorf("%s: %v", path, err)
					continue
				}
				compareAttributes(t, f, o, path, want.Attrs)
				if o.Kind() == hdf5.Data {
					compareValues(t, f, o, path, want)
				}
			}
		})
	}
	if n < 120 {
		t.Errorf("only %d cases", n)
	}
}

func compareAttributes(t *testing.T, f *hdf5.File, o *hdf5.Object, path string, want map[string]any) {
	t.Helper()
	list, err := o.Attributes(t.Context())
	if err != nil {
		t.Errorf("%s: %v", path, err)
	}
	got := map[string]any{}
	for _, a := range list {
		if got[a.Name], err = a.Value(t.Context(), f); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%s has %d attributes, want %d", path, len(got), len(want))
	}
	for name, v := range want {
		if !alike(got[name], v) {
			t.Errorf("%s: attribute %s is %v, want %v", path, name, got[name], v)
		}
	}
}

// alike compares values of JSON; "…" is like anything.
func alike(got, want any) bool {
	switch w := want.(type) {
	case string:
		return w == "…" || got == want
	case json.Number:
		g, ok := got.(json.Number)
		if !ok {
			return false
		}
		a, err := g.Float64()
		b, err2 := w.Float64()
		return g == w || err == nil && err2 == nil && a == b && (bytes.ContainsAny([]byte(g), ".e") || bytes.ContainsAny([]byte(w), ".e"))
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			return false
		}
		for i := range w {
			if !alike(g[i], w[i]) {
				return false
			}
		}
		return true
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok || len(g) != len(w) {
			return false
		}
		for k := range w {
			if !alike(g[k], w[k]) {
				return false
			}
		}
		return true
	}
	return reflect.DeepEqual(got, want)
}

func compareValues(t *testing.T, f *hdf5.File, o *hdf5.Object, path string, want dataset) {
	t.Helper()
	d, err := o.Dataset(t.Context())
	if err != nil {
		t.Errorf("%s: %v", path, err)
		return
	}
	if !same(d.Space.Shape, want.Shape) {
		t.Errorf("%s: shape %v, want %v", path, d.Space.Shape, want.Shape)
		return
	}
	if d.Layout.Class == hdf5.Chunked {
		index, err := d.Index(t.Context())
		if err != nil {
			t.Errorf("%s: %v", path, err)
			return
		}
		var chunks [][]int
		for c := range index.All() {
			chunks = append(chunks, append(c.Coord, int(c.Addr)+int(f.Base()), c.Size, int(c.Mask)))
			if same, ok := index.Find(c.Coord); !ok || same.Addr != c.Addr {
				t.Errorf("%s: the chunk %v is not found", path, c.Coord)
			}
		}
		if !reflect.DeepEqual(chunks, want.Chunks) && len(chunks)+len(want.Chunks) > 0 {
			t.Errorf("%s: chunks %v, want %v", path, chunks, want.Chunks)
		}
	}
	e, err := d.Type.Elements()
	if err != nil {
		t.Errorf("%s: %v", path, err)
		return
	}
	if !sameJSON(e.Type.JSON(), want.Type) || !same(e.Shape, want.More) {
		t.Errorf("%s: %v is %s %v, want %s %v", path, d.Type, e.Type.JSON(), e.Shape, want.Type, want.More)
	}
	data := make([]byte, d.Space.Len()*d.Type.Size)
	if err := d.Read(t.Context(), nd.Full(d.Space.Shape), data); err != nil {
		t.Errorf("%s: %v", path, err)
		return
	}
	parts(t, d, path, data)
	if !e.Texts {
		if want.Data == nil {
			t.Errorf("%s: elements are of %v, want texts", path, e.Type)
			return
		}
		n := nd.Full(e.Shape).Size()
		got := make([]byte, d.Space.Len()*n*e.Type.Size())
		e.Convert(got, data)
		if !bytes.Equal(got, *want.Data) && !nans(e, got, *want.Data) {
			t.Errorf("%s: %v of %v: %s, want %s", path, d.Type, e.Type, clip(got), clip(*want.Data))
		}
		if e.Direct && string(e.Order.String()) == "little" && !bytes.Equal(got, data) {
			t.Errorf("%s: %v is not direct", path, d.Type)
		}
		return
	}
	texts, err := f.Texts(t.Context(), e, data)
	if err != nil {
		t.Errorf("%s: %v", path, err)
		return
	}
	if want.JSON == nil {
		if fmt.Sprint(texts) != fmt.Sprint(want.Texts) {
			t.Errorf("%s: %q, want %q", path, texts, want.Texts)
		}
		return
	}
	for i, text := range texts {
		var v any
		dec := json.NewDecoder(bytes.NewReader([]byte(text)))
		dec.UseNumber()
		if dec.Decode(&v) != nil && text != "" {
			v = text // a path
		}
		if !alike(v, want.JSON[i]) {
			t.Errorf("%s: %s, want %v", path, text, want.JSON[i])
		}
	}
}

func sameJSON(a, b []byte) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}

func clip(b []byte) string { return base64.StdEncoding.EncodeToString(b[:min(len(b), 120)]) }

// nans tells whether floats differ in the bits of NaN only, which conversion may alter.
func nans(e *hdf5.Elements, a, b []byte) bool {
	n := e.Type.Size()
	if len(a) != len(b) || n == 0 {
		return false
	}
	for i := 0; i < len(a); i += n {
		if e.Type.Format(a[i:i+n]) != e.Type.Format(b[i:i+n]) {
			return false
		}
	}
	return true
}

// parts compares boxes with what was read whole.
func parts(t *testing.T, d *hdf5.Dataset, path string, all []byte) {
	t.Helper()
	shape := d.Space.Shape
	if len(all) == 0 || len(shape) == 0 {
		return
	}
	r := rand.New(rand.NewPCG(1, uint64(len(all))))
	for range 3 {
		box := nd.Box{}
		for _, n := range shape {
			from := r.IntN(n)
			box.Start, box.Shape = append(box.Start, from), append(box.Shape, 1+r.IntN(n-from))
		}
		got, want := make([]byte, box.Size()*d.Type.Size), make([]byte, box.Size()*d.Type.Size)
		nd.Copy(nd.NewView(want, box.Shape, d.Type.Size), nd.NewView(all, shape, d.Type.Size).Sub(box))
		if err := d.Read(t.Context(), box, got); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %v: %v", path, box, err)
		}
	}
}

// A file that is named and not there is missing, not damaged.
func TestWithoutOthers(t *testing.T) {
	dir := valuesIn(t)
	src, err := os.ReadFile(filepath.Join(dir, "virtual-latest.h5"))
	if err != nil {
		t.Fatal(err)
	}
	none := func(context.Context, string) (hdf5.Source, error) { return nil, fs.ErrNotExist }
	f, err := hdf5.OpenBeside(t.Context(), memory(src), none)
	if err != nil {
		t.Fatal(err)
	}
	o, err := f.Lookup(t.Context(), "stack")
	if err != nil {
		t.Fatal(err)
	}
	d, err := o.Dataset(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := make([]byte, d.Space.Len()*4)
	if err := d.Read(t.Context(), nd.Full(d.Space.Shape), got); err != nil || !bytes.Equal(got, bytes.Repeat([]byte{0xff}, len(got))) {
		t.Errorf("%v, %v", got[:8], err)
	}
}

// memory is a file in memory.
type memory []byte

func (m memory) Size() int64 { return int64(len(m)) }
func (m memory) ReadAt(_ context.Context, p []byte, off int64) error {
	copy(p, m[off:])
	return nil
}
