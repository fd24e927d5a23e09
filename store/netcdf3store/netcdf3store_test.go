package netcdf3store_test

import (
	"bytes"
	_ "embed"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/filestore"
	"github.com/dosna/dosna/store/memstore"
	"github.com/dosna/dosna/store/netcdf3store"
	"github.com/dosna/dosna/store/present"
)

var (
	scratch string
	once    sync.Once
	made    bool
)

func TestMain(m *testing.M) {
	code := 1
	defer func() { os.Exit(code) }()
	var err error
	if scratch, err = os.MkdirTemp("", "netcdf3store"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	defer os.RemoveAll(scratch)
	code = m.Run()
}

//go:embed testdata/fixtures.py
var fixturesProgram string

// want is what netCDF4 reads in a file.
type want struct {
	Attrs     map[string]any
	Format    string
	Variables map[string]struct {
		Shape []int
		Dims  []string
		Type  string
		Data  []byte
		Attrs map[string]any
	}
}

// fixtures returns the directory of the files of fixtures.py, and what is in them.
func fixtures(t *testing.T) (string, map[string]want) {
	t.Helper()
	packages := []string{"netCDF4", "numpy", "scipy", "xarray"}
	testenv.Python(t, packages...)
	once.Do(func() {
		testenv.RunPython(t, packages, fixturesProgram, scratch)
		made = true
	})
	if !made {
		t.Fatal("there are no fixtures")
	}
	raw, err := os.ReadFile(filepath.Join(scratch, "values.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]want
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	return scratch, all
}

// Every variable of every file is read through the API as netCDF4 reads it.
func TestTrees(t *testing.T) {
	dir, all := fixtures(t)
	variables := 0
	for name, w := range all {
		t.Run(name, func(t *testing.T) {
			c, err := dosna.Open(t.Context(), filepath.Join(dir, name), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			root, err := c.OpenGroup(t.Context(), "")
			if err != nil {
				t.Fatal(err)
			}
			sameAttributes(t, "the root", root.Attrs(), w.Attrs)
			format := map[string]string{"NETCDF3_CLASSIC": "CDF-1", "NETCDF3_64BIT_OFFSET": "CDF-2", "NETCDF3_64BIT_DATA": "CDF-5"}[w.Format]
			ours, _ := root.Attrs()["dosna"].(map[string]any)["netcdf"].(map[string]any)
			if ours["format"] != format {
				t.Errorf("%v, want the format %s", ours, format)
			}
			found := 0
			for n, err := range root.Walk(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				if _, ok := n.(*dosna.Dataset); ok {
					found++
				}
			}
			if found != len(w.Variables) {
				t.Errorf("%d datasets, want %d", found, len(w.Variables))
			}
			for path, v := range w.Variables {
				d, err := c.OpenDataset(t.Context(), present.Segment(path))
				if err != nil {
					t.Errorf("%s: %v", path, err)
					continue
				}
				variables++
				got := make([]byte, d.Bytes())
				if err := d.ReadRaw(t.Context(), nd.Sel(nd.Ellipsis()), got); err != nil {
					t.Errorf("%s: %v", path, err)
				}
				if !bytes.Equal(got, v.Data) || !slices.Equal(d.Shape(), v.Shape) || d.Type().NumPy(dtype.Little) != v.Type {
					t.Errorf("%s: %s %v of %d bytes, want %s %v of %d", path, d.Type().NumPy(dtype.Little), d.Shape(), len(got), v.Type, v.Shape, len(v.Data))
				}
				if len(v.Dims) > 0 && !slices.Equal(d.DimensionNames(), v.Dims) {
					t.Errorf("%s: dimensions %q, want %q", path, d.DimensionNames(), v.Dims)
				}
				if v.Type == "|S1" {
					delete(v.Attrs, "_FillValue") // see TestFill
				}
				sameAttributes(t, path, d.Attrs(), v.Attrs)
			}
		})
	}
	if variables < 150 {
		t.Errorf("only %d variables", variables)
	}
}

// sameAttributes compares attributes: ours are as Zarr has _FillValue, and under dosna what netCDF alone has.
func sameAttributes(t *testing.T, path string, got, want map[string]any) {
	t.Helper()
	raw, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	var have map[string]any
	if err := json.Unmarshal(raw, &have); err != nil {
		t.Fatal(err)
	}
	dosnas, _ := have["dosna"].(map[string]any)
	ours, _ := dosnas["netcdf"].(map[string]any)
	delete(have, "dosna")
	if theirs, ok := ours["attributes"].(map[string]any); ok {
		have["dosna"] = theirs["dosna"]
	}
	if fill, ok := have["_FillValue"].(string); ok {
		var b []byte
		if err := json.Unmarshal([]byte(`"`+fill+`"`), &b); err != nil {
			t.Fatal(err)
		}
		x := math.Float64frombits(binary.LittleEndian.Uint64(b))
		if have["_FillValue"] = x; math.IsNaN(x) {
			have["_FillValue"] = "NaN"
		}
	}
	for name, w := range want {
		if !reflect.DeepEqual(have[name], w) {
			t.Errorf("%s: the attribute %s is %v, want %v", path, name, have[name], w)
		}
	}
	if len(have) != len(want) {
		t.Errorf("%s: attributes %v, want %v", path, have, want)
	}
}

// A _FillValue is the fill value, and else that is zero.
func TestFill(t *testing.T) {
	dir, _ := fixtures(t)
	for file, all := range map[string]map[string]string{
		"types-1.nc": {"f4_time_x": "42.0", "i2_time_x": "42", "S1_time_x": `"Kg=="`, "i2_x": "0"},
		"types-5.nc": {"u8_time_x": "42"},
	} {
		c, err := dosna.Open(t.Context(), filepath.Join(dir, file), nil)
		if err != nil {
			t.Fatal(err)
		}
		for path, fill := range all {
			d, err := c.OpenDataset(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			if got := string(d.Type().FormatFill(d.Fill())); got != fill {
				t.Errorf("%s in %s: %s, want %s", path, file, got, fill)
			}
		}
		c.Close()
	}
}

// A file that is still being written to says nothing of its records: those are there whose bytes are.
func TestStreaming(t *testing.T) {
	dir, all := fixtures(t)
	for _, name := range []string{"types-1.nc", "types-2.nc", "types-5.nc", "single-i2-5-1.nc", "single-S1-5-2.nc", "single-u1-5-5.nc"} {
		raw, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		for i := range 4 {
			raw[4+i] = 0xff
			if raw[3] == 5 {
				raw[8+i] = 0xff
			}
		}
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, raw, 0o666); err != nil {
			t.Fatal(err)
		}
		c, err := dosna.Open(t.Context(), file, nil)
		if err != nil {
			t.Fatal(err)
		}
		for path, v := range all[name].Variables {
			d, err := c.OpenDataset(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			got := make([]byte, d.Bytes())
			if err := d.ReadRaw(t.Context(), nd.Sel(nd.Ellipsis()), got); err != nil || !bytes.Equal(got, v.Data) {
				t.Errorf("%s in %s: %v: %d bytes, want %d, %v", path, name, d.Shape(), len(got), len(v.Data), err)
			}
		}
		c.Close()
	}
}

func open(t *testing.T, dir, name string) *present.Store {
	t.Helper()
	below, err := filestore.Open(dir, store.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := netcdf3store.Open(t.Context(), below, name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// Where chunks are located, there are their bytes; a record is one chunk.
func TestLocations(t *testing.T) {
	dir, _ := fixtures(t)
	for name, least := range map[string]int{"types-1.nc": 100, "types-5.nc": 200, "large-2.nc": 6, "xarray-scipy-1.nc": 10, "small-records-1.nc": 0} {
		raw, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		s := open(t, dir, name)
		there := 0
		for l, err := range s.Locate(t.Context(), "") {
			if err != nil {
				t.Fatal(err)
			}
			data, _, err := s.Get(t.Context(), l.Key, store.GetOptions{}, nil)
			if err != nil || int64(len(data)) != l.Size {
				t.Errorf("%s: %d bytes, want %d: %v", l.Key, len(data), l.Size, err)
			}
			if l.Source == "" {
				continue
			}
			there++
			if l.Source != name || l.Whole != int64(len(raw)) || !bytes.Equal(raw[l.Range.Off:l.Range.Off+l.Range.Len], data) {
				t.Errorf("%s is not at %+v", l.Key, l)
			}
		}
		if there < least {
			t.Errorf("%s: only %d objects are parts of it", name, there)
		}
	}
	s := open(t, dir, "large-2.nc")
	for key, size := range map[string]int64{"other/c/1/0": 2 * 709, "records/c/1/0/0": 8 * 709, "line/c/0": 4 * 100_000} {
		if i, err := s.Stat(t.Context(), key); err != nil || i.Size < size {
			t.Errorf("%s: %+v, %v", key, i, err)
		}
	}
	for _, key := range []string{"other/c/2/0", "other/c/0", "none/c/0", "other/c/0/0/0", "other/c/00/0", "x", "c/0", "zarr.json/zarr.json"} {
		if _, err := s.Stat(t.Context(), key); !errors.Is(err, store.ErrNotExist) {
			t.Errorf("%s: %v", key, err)
		}
	}
}

func TestReadOnly(t *testing.T) {
	dir, _ := fixtures(t)
	s := open(t, dir, "none-1.nc")
	if _, err := s.Put(t.Context(), "x", nil, store.Cond{}); !errors.Is(err, store.ErrPermission) || !strings.Contains(err.Error(), "dosna cp") {
		t.Errorf("put: %v", err)
	}
	if err := s.Delete(t.Context(), "x", store.Cond{}); !errors.Is(err, store.ErrPermission) {
		t.Errorf("delete: %v", err)
	}
	if _, err := s.OpenWriter(t.Context(), "x", store.Cond{}); !errors.Is(err, store.ErrPermission) {
		t.Errorf("write: %v", err)
	}
	if g := s.Guarantees(); !g.ReadOnly || !g.GetIfMatch {
		t.Errorf("%+v", g)
	}
	s.Close()
	if _, err := s.Stat(t.Context(), "zarr.json"); !errors.Is(err, store.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

func small(t *testing.T, version int) []byte {
	t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("../../netcdf3/testdata/small-%d.nc", version))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// A file that is replaced is an error, not other data.
func TestChanged(t *testing.T) {
	below := memstore.New()
	put := func() {
		if _, err := below.Put(t.Context(), "x.nc", [][]byte{small(t, 1)}, store.Cond{}); err != nil {
			t.Fatal(err)
		}
	}
	put()
	s, err := netcdf3store.Open(t.Context(), below, "x.nc")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Get(t.Context(), "grid/c/0/0", store.GetOptions{}, nil); err != nil {
		t.Fatal(err)
	}
	put()
	for _, key := range []string{"grid/c/0/0", "time/c/0"} {
		if _, _, err := s.Get(t.Context(), key, store.GetOptions{}, nil); err == nil || !strings.Contains(err.Error(), "changed") {
			t.Errorf("%s after a change: %v", key, err)
		}
	}
}

// Damaged files are errors, or trees; never more.
func TestDamaged(t *testing.T) {
	for _, version := range []int{1, 2, 5} {
		data := small(t, version)
		objects := func(data []byte) (n int, err error) {
			below := memstore.New()
			if _, err := below.Put(t.Context(), "x.nc", [][]byte{data}, store.Cond{}); err != nil {
				t.Fatal(err)
			}
			s, err := netcdf3store.Open(t.Context(), below, "x.nc")
			if err != nil {
				return 0, err
			}
			for i, err := range s.List(t.Context(), store.ListOptions{}) {
				if err != nil {
					return n, err
				}
				if i.Size > 1<<20 {
					t.Errorf("an object of %d bytes in a file of %d", i.Size, len(data))
				}
				if _, _, err := s.Get(t.Context(), i.Key, store.GetOptions{}, nil); err != nil {
					return n, err
				}
				n++
			}
			return n, nil
		}
		whole, err := objects(data)
		if err != nil || whole < 20 {
			t.Errorf("CDF-%d: %d objects, %v", version, whole, err)
		}
		for at := range data {
			for _, by := range []byte{0xff, 1} {
				bad := bytes.Clone(data)
				bad[at] ^= by
				if _, err := objects(bad); err != nil && !errors.Is(err, store.ErrCorrupt) && !errors.Is(err, netcdf3store.ErrNotNetCDF3) {
					t.Errorf("CDF-%d: byte %d: %v", version, at, err)
				}
			}
			if _, err := objects(data[:at]); err == nil && at < len(data)-3 {
				t.Errorf("CDF-%d: %d of %d bytes open", version, at, len(data))
			}
		}
	}
}

// Over the web, by byte ranges; and what is no such file is said.
func TestWeb(t *testing.T) {
	dir, all := fixtures(t)
	var mu sync.Mutex
	asked := 0
	files := http.FileServer(http.Dir(dir))
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked++
		mu.Unlock()
		files.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	for name, most := range map[string]int{"types-1.nc": 5, "types-5.nc": 5, "xarray-netcdf4-2.nc": 5, "small-records-2.nc": 20} {
		asked = 0
		c, err := dosna.Open(t.Context(), srv.URL+"/"+name, nil)
		if err != nil {
			t.Fatal(err)
		}
		for path, v := range all[name].Variables {
			d, err := c.OpenDataset(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			got := make([]byte, d.Bytes())
			if err := d.ReadRaw(t.Context(), nd.Sel(nd.Ellipsis()), got); err != nil || !bytes.Equal(got, v.Data) {
				t.Errorf("%s in %s: %v", path, name, err)
			}
		}
		c.Close()
		if asked > most {
			t.Errorf("%s: %d requests", name, asked)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "bad.nc"), []byte("text"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{filepath.Join(dir, "bad.nc"), srv.URL + "/bad.nc"} {
		if _, err := dosna.Open(t.Context(), address, nil); err == nil || !strings.Contains(err.Error(), "nor a netCDF classic file") {
			t.Errorf("%s: %v", address, err)
		}
	}
}
