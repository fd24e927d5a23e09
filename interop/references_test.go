package interop

import (
	"errors"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/nd"
)

// readReferences opens the references sys.argv[1] with fsspec, and through it with
// zarr-python and xarray, and prints sums of what is there.
const readReferences = `
import sys, warnings
import fsspec, numpy as np, xarray, zarr
warnings.simplefilter('ignore')
fs = fsspec.filesystem('reference', fo=sys.argv[1], remote_protocol='file', asynchronous=True, remote_options={'asynchronous': True})
store = zarr.storage.FsspecStore(fs, read_only=True, path='')
group = zarr.open_group(store, mode='r')
weights = np.arange(40 * 30 * 20).reshape(40, 30, 20)
for path in 'raw', 'sharded', 'empty':
    a = group[path]
    print(path, a.dtype, int((a[:].astype('i8') * weights).sum()), int(a[17:30, ::2, 3].astype('i8').sum()), a.attrs['voxel_um'])
ds = xarray.open_dataset(store, engine='zarr', consolidated=True, chunks=None)
print(sorted(ds), ds['raw'].dims, int(ds['raw'].isel(z=3).astype('i8').sum()))
`

// TestOurReferences has references to a tree of ours, of both formats, read by
// fsspec, zarr-python, xarray and ourselves.
func TestOurReferences(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	elements := make([]int16, 40*30*20)
	weighed, part, plane := int64(0), int64(0), int64(0)
	for i := range elements {
		elements[i] = int16(i*7919%30011 - 9000)
		weighed += int64(elements[i]) * int64(i)
		z, y, x := i/600, i/20%30, i%20
		if z >= 17 && z < 30 && y%2 == 0 && x == 3 {
			part += int64(elements[i])
		}
		if z == 3 {
			plane += int64(elements[i])
		}
	}
	for _, format := range []int{2, 3} {
		dir := t.TempDir()
		c, err := dosna.Open(ctx, filepath.Join(dir, "pool"), &dosna.Options{Mode: dosna.Create, Format: format})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		for name, shards := range map[string][]int{"raw": nil, "sharded": {32, 16, 16}, "empty": nil} {
			s := dosna.DatasetSpec{
				Shape: []int{40, 30, 20}, Chunks: []int{16, 16, 16}, Type: dtype.Int16, DimensionNames: []string{"z", "y", "x"},
				Attrs: dosna.Attributes{"voxel_um": 0.65},
			}
			if format == 3 {
				s.Shards = shards
			}
			d, err := c.CreateDataset(ctx, "/scan/"+name, s)
			if err == nil && name != "empty" {
				err = dosna.Write(ctx, d, nd.Selection{}, elements)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		scan, err := c.OpenGroup(ctx, "/scan")
		if err == nil {
			err = scan.Consolidate(ctx) // by which zarr-python finds what it does not list
		}
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, "refs.json")
		if done, err := dosna.WriteReferences(ctx, scan, file, nil); err != nil || done.Objects < 10 || done.Inline < 4 {
			t.Fatalf("%+v, %v", done, err)
		}
		got := string(testenv.RunPython(t, []string{"numpy", "zarr", "xarray"}, readReferences, file))
		sum := func(x int64) string { return " " + strconv.FormatInt(x, 10) }
		want := "raw int16" + sum(weighed) + sum(part) + " 0.65\nsharded int16" + sum(weighed) + sum(part) +
			" 0.65\nempty int16 0 0 0.65\n['empty', 'raw', 'sharded'] ('z', 'y', 'x')" + sum(plane) + "\n"
		if got != want {
			t.Errorf("format %d: by references there is\n%s\nwant\n%s", format, got, want)
		}
		files := []string{file}
		if format == 2 {
			files = append(files, filepath.Join(dir, "refs.parq"))
			if _, err := dosna.WriteReferences(ctx, scan, files[1], nil); err != nil {
				t.Fatal(err)
			}
		} else if _, err := dosna.WriteReferences(ctx, scan, filepath.Join(dir, "refs.parq"), nil); !errors.Is(err, dosna.ErrInvalid) {
			t.Errorf("Parquet files of Zarr v3: %v", err)
		}
		for _, file := range files {
			checkReferences(t, file, elements)
		}
	}
}

// checkReferences reads by references ourselves.
func checkReferences(t *testing.T, file string, elements []int16) {
	t.Helper()
	ctx := t.Context()
	r, err := dosna.Open(ctx, file, nil)
	if err != nil {
		t.Error(err)
		return
	}
	defer r.Close()
	for _, name := range []string{"raw", "sharded"} {
		d, err := r.OpenDataset(ctx, name)
		back := make([]int16, len(elements))
		if err == nil {
			err = dosna.Read(ctx, d, nd.Selection{}, back)
		}
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		for i := range back {
			if back[i] != elements[i] {
				t.Errorf("%s: element %d of %s is %d, want %d", file, i, name, back[i], elements[i])
				break
			}
		}
	}
	if _, err := r.Open(ctx, "none"); err == nil || !strings.Contains(err.Error(), "no such node") {
		t.Errorf("%s: %v", file, err)
	}
}

// TestVirtualiZarr reads testdata/virtualizarr.json, which VirtualiZarr 2.5.1 has
// written of the netCDF file beside it; only the file's path was made relative.
func TestVirtualiZarr(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c, err := dosna.Open(ctx, filepath.Join("testdata", "virtualizarr.json"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	raw, err := c.OpenDataset(ctx, "raw")
	got := make([]float32, 40*30*20)
	if err == nil {
		err = dosna.Read(ctx, raw, nd.Selection{}, got)
	}
	if err != nil {
		t.Fatal(err)
	}
	for i, x := range got {
		if x != float32(i%100) {
			t.Fatalf("element %d is %v", i, x)
		}
	}
	days, err := c.OpenDataset(ctx, "t")
	counts := make([]int64, 40)
	if err == nil {
		err = dosna.Read(ctx, days, nd.Selection{}, counts)
	}
	if err != nil || counts[39] != 39 {
		t.Errorf("%v, %v", counts, err)
	}
	if n, err := raw.Verify(ctx, func(f dosna.Fault) { t.Error(f) }); n != 12 || err != nil {
		t.Errorf("%d objects, %v", n, err)
	}
}
