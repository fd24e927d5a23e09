package hdf5store_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/hdf5"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/filestore"
	"github.com/dosna/dosna/store/hdf5store"
	"github.com/dosna/dosna/store/memstore"
	"github.com/dosna/dosna/store/present"
)

var (
	scratch string
	once    sync.Once
	files   string
)

func TestMain(m *testing.M) {
	code := 1
	defer func() { os.Exit(code) }()
	var err error
	if scratch, err = os.MkdirTemp("", "hdf5store"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	defer os.RemoveAll(scratch)
	code = m.Run()
}

// fixtures returns the directory of the files that are made by the programs of hdf5/testdata.
func fixtures(t *testing.T) string {
	t.Helper()
	packages := []string{"h5py", "hdf5plugin", "netCDF4", "numpy", "tables", "h5netcdf", "xarray"}
	testenv.Python(t, packages...)
	once.Do(func() {
		var source []byte
		for _, name := range []string{"describe", "values", "indexes", "programs"} {
			part, err := os.ReadFile("../../hdf5/testdata/" + name + ".py")
			if err != nil {
				t.Fatal(err)
			}
			source = append(source, part...)
		}
		testenv.RunPython(t, packages, string(source), scratch)
		files = scratch
	})
	if files == "" {
		t.Fatal("there are no fixtures")
	}
	return files
}

// want is what h5py reads of a dataset.
type want struct {
	Shape []int
	Data  *[]byte
	Texts []string
	JSON  []any
	Attrs map[string]any
}

// dimension tells whether netCDF-4 made a dataset for a dimension without a variable.
func (w want) dimension() bool {
	name, _ := w.Attrs["NAME"].(string)
	return strings.HasPrefix(name, "This is a netCDF dimension but not a netCDF variable.")
}

func cases(t *testing.T, dir string) map[string]map[string]want {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, "values.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]map[string]want
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// Every dataset of every file is read through the API as h5py reads it.
func TestTrees(t *testing.T) {
	dir := fixtures(t)
	n := 0
	defer func() {
		if n < 120 {
			t.Errorf("only %d datasets", n)
		}
	}()
	for name, all := range cases(t, dir) {
		t.Run(name, func(t *testing.T) {
			c, err := dosna.Open(t.Context(), filepath.Join(dir, name), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			for path, w := range all {
				if w.Shape == nil {
					continue
				}
				if w.dimension() {
					if _, err := c.Open(t.Context(), path); !errors.Is(err, store.ErrNotExist) {
						t.Errorf("%s, a dimension only: %v", path, err)
					}
					continue
				}
				d, err := c.OpenDataset(t.Context(), strings.NewReplacer("zarr.json", "zarr%2Ejson", "#refs#", "%23refs%23").Replace(path))
				if err != nil {
					t.Errorf("%s: %v", path, err)
					continue
				}
				compare(t, d, path, w)
				n++
			}
		})
	}
}

func compare(t *testing.T, d *dosna.Dataset, path string, w want) {
	t.Helper()
	if d.Type().Variable() {
		b, err := d.ReadBlock(t.Context(), nd.Sel(nd.Ellipsis()))
		if err != nil || w.Data != nil || len(b.Ends) != max(len(w.Texts), len(w.JSON)) {
			t.Errorf("%s: %d texts, want %d: %v", path, len(b.Ends), max(len(w.Texts), len(w.JSON)), err)
			return
		}
		begin := int64(0)
		for i, end := range b.Ends {
			if w.JSON == nil && string(b.Data[begin:end]) != w.Texts[i] {
				t.Errorf("%s: %q, want %q", path, b.Data[begin:end], w.Texts[i])
			}
			begin = end
		}
		return
	}
	got := make([]byte, d.Bytes())
	if err := d.ReadRaw(t.Context(), nd.Sel(nd.Ellipsis()), got); err != nil || w.Data == nil {
		t.Errorf("%s: %v", path, err)
		return
	}
	// The bits of NaN may be altered where numbers are converted.
	n := d.Type().Size()
	for i := 0; i < len(got); i += n {
		if len(got) != len(*w.Data) || !bytes.Equal(got[i:i+n], (*w.Data)[i:i+n]) && d.Type().Format(got[i:i+n]) != d.Type().Format((*w.Data)[i:i+n]) {
			t.Errorf("%s: %d bytes differ from %d", path, len(got), len(*w.Data))
			return
		}
	}
}

func open(t *testing.T, dir, name string) *present.Store {
	t.Helper()
	below, err := filestore.Open(dir, store.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := hdf5store.Open(t.Context(), below, name, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// Listings name what can be got, each once, with the right size; parts are those of the whole.
func TestListings(t *testing.T) {
	dir := fixtures(t)
	for name := range cases(t, dir) {
		s := open(t, dir, name)
		seen := map[string]bool{}
		for i, err := range s.List(t.Context(), store.ListOptions{}) {
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if seen[i.Key] {
				t.Errorf("%s: %s is listed twice", name, i.Key)
			}
			seen[i.Key] = true
			data, info, err := s.Get(t.Context(), i.Key, store.GetOptions{}, nil)
			if err != nil || int64(len(data)) != i.Size || info.Size != i.Size {
				t.Errorf("%s: %s: %d bytes, listed with %d: %v", name, i.Key, len(data), i.Size, err)
			}
			if len(data) > 3 {
				part := make([]byte, len(data)/2)
				if _, err := s.GetRanges(t.Context(), i.Key, store.Cond{}, []nd.Span{{Off: 1, Dst: part}}); err != nil || !bytes.Equal(part, data[1:1+len(part)]) {
					t.Errorf("%s: %s: a part: %v", name, i.Key, err)
				}
			}
		}
		// Folder by folder there is the same.
		var walk func(prefix string)
		found := map[string]bool{}
		walk = func(prefix string) {
			for i, err := range s.List(t.Context(), store.ListOptions{Prefix: prefix, Shallow: true}) {
				switch {
				case err != nil:
					t.Fatalf("%s: %v", name, err)
				case i.Dir:
					walk(i.Key)
				default:
					found[i.Key] = true
				}
			}
		}
		walk("")
		for key := range seen {
			if !found[key] {
				t.Errorf("%s: %s is in no folder", name, key)
			}
		}
		if len(found) != len(seen) {
			t.Errorf("%s: %d objects in folders, %d in all", name, len(found), len(seen))
		}
	}
}

func TestReadOnly(t *testing.T) {
	s := open(t, fixtures(t), "layouts-latest.h5")
	if _, err := s.Put(t.Context(), "x", nil, store.Cond{}); !errors.Is(err, store.ErrPermission) {
		t.Errorf("put: %v", err)
	}
	if err := s.Delete(t.Context(), "x", store.Cond{}); !errors.Is(err, store.ErrPermission) {
		t.Errorf("delete: %v", err)
	}
	for _, key := range []string{"none/zarr.json", "chunked/c/9/9", "chunked/c/0", "chunked/c/00/0", "chunked/d/0/0", "sparse/c/3/3", "x"} {
		if _, err := s.Stat(t.Context(), key); !errors.Is(err, store.ErrNotExist) {
			t.Errorf("%s: %v", key, err)
		}
	}
	if g := s.Guarantees(); !g.ReadOnly || !g.GetIfMatch {
		t.Errorf("%+v", g)
	}
	s.Close()
	if _, err := s.Stat(t.Context(), "zarr.json"); !errors.Is(err, store.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

// A file that is replaced is an error, not other data.
func TestChanged(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(fixtures(t), "layouts-latest.h5"))
	if err != nil {
		t.Fatal(err)
	}
	below := memstore.New()
	put := func() {
		if _, err := below.Put(t.Context(), "x.h5", [][]byte{raw}, store.Cond{}); err != nil {
			t.Fatal(err)
		}
	}
	put()
	s, err := hdf5store.Open(t.Context(), below, "x.h5", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Get(t.Context(), "gzip/c/0/0", store.GetOptions{}, nil); err != nil {
		t.Fatal(err)
	}
	put()
	if _, _, err := s.Get(t.Context(), "gzip/c/0/0", store.GetOptions{}, nil); err == nil || !strings.Contains(err.Error(), "changed") {
		t.Errorf("after a change: %v", err)
	}
}

// Over the web, by byte ranges; and what is wrong is said.
func TestWeb(t *testing.T) {
	dir := fixtures(t)
	srv := httptest.NewServer(http.FileServer(http.Dir(dir)))
	t.Cleanup(srv.Close)
	all := cases(t, dir)
	for _, name := range []string{"layouts-latest.h5", "netcdf.nc", "virtual-latest.h5"} {
		c, err := dosna.Open(t.Context(), srv.URL+"/"+name, nil)
		if err != nil {
			t.Fatal(err)
		}
		for path, w := range all[name] {
			if w.Shape == nil || w.dimension() {
				continue
			}
			d, err := c.OpenDataset(t.Context(), path)
			if err != nil {
				t.Errorf("%s: %v", path, err)
				continue
			}
			compare(t, d, path, w)
		}
		c.Close()
	}
	if err := os.WriteFile(filepath.Join(dir, "bad.h5"), []byte("text"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{filepath.Join(dir, "bad.h5"), srv.URL + "/bad.h5"} {
		if _, err := dosna.Open(t.Context(), address, nil); !errors.Is(err, hdf5.ErrNotHDF5) {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// Dimension scales are names of dimensions.
func TestNames(t *testing.T) {
	c, err := dosna.Open(t.Context(), filepath.Join(fixtures(t), "netcdf.nc"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for path, names := range map[string][]string{"temperature": {"time", "lat", "lon"}, "lat": {"lat"}, "model/run/names": {"n"}, "model/run/lonely": {"lon"}} {
		d, err := c.OpenDataset(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(d.DimensionNames(), names) {
			t.Errorf("%s: %q", path, d.DimensionNames())
		}
	}
}

// Damaged files are errors, or trees; never more.
func TestDamaged(t *testing.T) {
	for _, name := range []string{"small-earliest.h5", "small-latest.h5"} {
		data, err := os.ReadFile(filepath.Join("..", "..", "hdf5", "testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		objects := func(data []byte) (n int, err error) {
			below := memstore.New()
			if _, err := below.Put(t.Context(), "x.h5", [][]byte{data}, store.Cond{}); err != nil {
				t.Fatal(err)
			}
			s, err := hdf5store.Open(t.Context(), below, "x.h5", nil)
			if err != nil {
				return 0, err
			}
			for i, err := range s.List(t.Context(), store.ListOptions{}) {
				if err != nil {
					return n, err
				}
				if i.Size > 1<<20 {
					continue
				}
				if _, _, err := s.Get(t.Context(), i.Key, store.GetOptions{}, nil); err != nil {
					return n, err
				}
				n++
			}
			return n, nil
		}
		if n, err := objects(data); n != 18 || err != nil {
			t.Errorf("%s: %d objects, %v", name, n, err)
		}
		for at := 0; at < len(data); at += 3 {
			bad := bytes.Clone(data)
			bad[at] ^= 0xff
			if _, err := objects(bad); err != nil && !errors.Is(err, store.ErrCorrupt) && !errors.Is(err, hdf5.ErrUnsupported) && !errors.Is(err, hdf5.ErrNotHDF5) && !errors.Is(err, store.ErrPermission) {
				t.Errorf("%s: byte %d: %v", name, at, err)
			}
		}
	}
}
