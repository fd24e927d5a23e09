package interop

import (
	"encoding/json"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/zarr"
)

// TestXarrayAndDask: xarray opens a group of datasets with dimension names as a
// Dataset, finds its coordinates, and Dask computes over it, chunk by chunk.
func TestXarrayAndDask(t *testing.T) {
	t.Parallel()
	ctx, dir := t.Context(), t.TempDir()
	c := create(t, dir)
	g, err := c.CreateGroup(ctx, "scan", dosna.Attributes{"title": "a scan", "angles": []any{0.5, 1.5}})
	if err != nil {
		t.Fatal(err)
	}
	field := make([]float32, 30*40*50)
	for i := range field {
		field[i] = float32(i%977) / 8
	}
	field[12345] = float32(math.NaN())
	for _, v := range []struct {
		name   string
		spec   dosna.DatasetSpec
		values []float32
	}{
		{"field", dosna.DatasetSpec{Shape: []int{30, 40, 50}, Chunks: []int{8, 16, 20}, DimensionNames: []string{"z", "y", "x"}, Attrs: dosna.Attributes{"units": "K"}}, field},
		{"sharded", dosna.DatasetSpec{Shape: []int{30, 40, 50}, Chunks: []int{8, 8, 10}, Shards: []int{16, 16, 20}, DimensionNames: []string{"z", "y", "x"}}, field},
		{"x", dosna.DatasetSpec{Shape: []int{50}, DimensionNames: []string{"x"}, Attrs: dosna.Attributes{"units": "m"}}, field[:50]},
		{"empty", dosna.DatasetSpec{Shape: []int{30, 0}, DimensionNames: []string{"z", "none"}}, nil},
	} {
		v.spec.Type = dtype.Float32
		d, err := g.CreateDataset(ctx, v.name, v.spec)
		if err != nil {
			t.Fatal(err)
		}
		if err := dosna.Write(ctx, d, nd.Selection{}, v.values); err != nil {
			t.Fatal(err)
		}
	}
	out := testenv.RunPython(t, []string{"numpy", "zarr", "xarray", "dask"}, `
import json, sys, dask.array, numpy, xarray
ds = xarray.open_zarr(sys.argv[1] + "/scan", consolidated=False, chunks={})
lazy = dask.array.from_zarr(sys.argv[1], component="scan/sharded")
print(json.dumps({
    "sizes": dict(ds.sizes),
    "coords": list(ds.coords),
    "title": ds.attrs,
    "units": ds["field"].attrs["units"],
    "blocks": ds["field"].data.numblocks,
    "lazy": type(ds["field"].data).__module__ + " " + type(lazy).__module__,
    "sum": float(ds["field"].sum(skipna=True, dtype="f8").compute()),
    "where": ds["field"].isel(x=3).sel().mean("z", skipna=True).values.shape,
    "at x": float(ds["field"].isel(z=29, y=39).sel(x=float(ds["x"][7]))),
    "same": bool(dask.array.isclose(lazy, ds["field"].data, equal_nan=True).all().compute()),
    "chunks": [c[0] for c in lazy.chunks],
    "gradient": float(numpy.nansum(dask.array.map_overlap(lambda b: b - numpy.roll(b, 1, 0), lazy, depth={0: 1}, boundary="none").compute()[1:, 0, 0])),
}))`, dir)
	sum := 0.0
	for _, f := range field {
		if f == f {
			sum += float64(f)
		}
	}
	want := map[string]any{
		"sizes": map[string]any{"z": 30.0, "y": 40.0, "x": 50.0, "none": 0.0}, "coords": []any{"x"},
		"title": map[string]any{"title": "a scan", "angles": []any{0.5, 1.5}}, "units": "K",
		"blocks": []any{4.0, 3.0, 3.0}, "lazy": "dask.array.core dask.array.core",
		"sum": sum, "where": []any{40.0}, "at x": float64(field[29*2000+39*50+7]), "same": true,
		"chunks": []any{8.0, 8.0, 10.0}, "gradient": float64(field[29*2000] - field[0]),
	}
	compare(t, out, want)
}

// TestXarrayWrites: what xarray writes, with its consolidated metadata and NaN
// in attributes, opens here; a change of attributes and an append made here are
// seen by xarray, and what else it wrote is still there.
func TestXarrayWrites(t *testing.T) {
	t.Parallel()
	ctx, dir := t.Context(), filepath.Join(t.TempDir(), "store")
	testenv.RunPython(t, []string{"numpy", "zarr", "xarray"}, `
import sys, numpy, warnings, xarray
warnings.simplefilter("ignore")
ds = xarray.Dataset(
    {"t": (("time", "y"), numpy.arange(12.).reshape(3, 4), {"valid_min": float("-inf")}), "n": ((), numpy.int16(-5))},
    coords={"time": [10, 20, 30]}, attrs={"missing": float("nan"), "history": "made by xarray"})
ds.to_zarr(sys.argv[1], zarr_format=3, mode="w")`, dir)
	c, err := dosna.Open(ctx, dir, &dosna.Options{Mode: dosna.ReadWrite})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	root, err := c.Root(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if got := root.Attrs()["missing"]; got != zarr.NaN {
		t.Errorf("attribute missing is %#v", got)
	}
	d, err := c.OpenDataset(ctx, "t")
	if err != nil {
		t.Fatal(err)
	}
	got, err := dosna.ReadAll[float64](ctx, d, nd.Selection{})
	if err != nil || len(got) != 12 || got[11] != 11 {
		t.Errorf("t is %v %v", got, err)
	}
	if names := d.DimensionNames(); strings.Join(names, " ") != "time y" {
		t.Errorf("dimension names %q", names)
	}
	if d.Attrs()["valid_min"] != zarr.NegInfinity {
		t.Errorf("attributes %#v", d.Attrs())
	}
	err = d.UpdateAttrs(ctx, func(a dosna.Attributes) error { a["units"] = "K"; return nil })
	if err != nil {
		t.Fatal(err)
	}
	n, err := c.OpenDataset(ctx, "n")
	if err != nil {
		t.Fatal(err)
	}
	if v, err := dosna.ReadAll[int16](ctx, n, nd.Selection{}); err != nil || len(v) != 1 || v[0] != -5 {
		t.Errorf("n is %v %v", v, err)
	}
	for _, name := range []string{"t", "time"} {
		d, err := c.OpenDataset(ctx, name)
		if err != nil {
			t.Fatal(err)
		}
		more := nd.NewView(dtype.Bytes([]float64{12, 13, 14, 15}), []int{1, 4}, 8)
		if name == "time" {
			more = nd.NewView(dtype.Bytes([]int64{40}), []int{1}, 8)
		}
		if _, err := d.Append(ctx, 0, more); err != nil {
			t.Fatal(err)
		}
	}
	out := testenv.RunPython(t, []string{"numpy", "zarr", "xarray"}, `
import json, sys, xarray
ds = xarray.open_zarr(sys.argv[1], chunks=None)
print(json.dumps({"time": ds["time"].values.tolist(), "last": ds["t"].sel(time=40).values.tolist(), "first": ds["t"].values[0].tolist(),
    "n": int(ds["n"]), "units": ds["t"].attrs["units"], "nan": repr(ds.attrs["missing"]), "inf": repr(ds["t"].attrs["valid_min"])}))`, dir)
	compare(t, out, map[string]any{
		"time": []any{10.0, 20.0, 30.0, 40.0}, "last": []any{12.0, 13.0, 14.0, 15.0}, "first": []any{0.0, 1.0, 2.0, 3.0},
		"n": -5.0, "units": "K", "nan": "nan", "inf": "-inf",
	})
}

// TestTree: zarr-python sees the groups that we make, and we see its own, also
// after it has consolidated them, and an array that is the root itself.
func TestTree(t *testing.T) {
	t.Parallel()
	ctx, dir, single := t.Context(), t.TempDir(), t.TempDir()
	c := create(t, dir)
	if _, err := c.CreateGroup(ctx, "a/b", dosna.Attributes{"n": 5}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.CreateDataset(ctx, "a/b/data", dosna.DatasetSpec{Shape: []int{2, 3}, Type: dtype.Int32}); err != nil {
		t.Fatal(err)
	}
	out := testenv.RunPython(t, []string{"numpy", "zarr"}, `
import json, sys, warnings, zarr
warnings.simplefilter("ignore")
g = zarr.open_group(sys.argv[1], mode="r+")
names = sorted(name for name, _ in g.members(max_depth=None))
g.create_array("a/theirs", shape=(4,), dtype="u2", fill_value=9)
zarr.consolidate_metadata(sys.argv[1])
zarr.create_array(sys.argv[2], shape=(5,), dtype="f4")[:] = range(5)
print(json.dumps({"names": names, "n": g["a/b"].attrs["n"], "shape": g["a/b/data"].shape}))`, dir, single)
	compare(t, out, map[string]any{"names": []any{"a", "a/b", "a/b/data"}, "n": 5.0, "shape": []any{2.0, 3.0}})
	root, err := c.Root(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for n, err := range root.Walk(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, n.Path())
	}
	if got := strings.Join(paths, " "); !strings.HasSuffix(got, "/a /a/b /a/b/data /a/theirs") {
		t.Errorf("walked %s", got)
	}
	d, err := c.OpenDataset(ctx, "a/theirs")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := dosna.ReadAll[uint16](ctx, d, nd.Selection{}); err != nil || len(got) != 4 || got[3] != 9 {
		t.Errorf("a/theirs is %v %v", got, err)
	}
	s, err := dosna.Open(ctx, single, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if d, err = s.OpenDataset(ctx, ""); err != nil {
		t.Fatal(err)
	}
	if got, err := dosna.ReadAll[float32](ctx, d, nd.Selection{}); err != nil || len(got) != 5 || got[4] != 4 {
		t.Errorf("the array at the root is %v %v", got, err)
	}
}

// TestDeletingIsRefused: nobody reads fill values out of a dataset that is half
// deleted.
func TestDeletingIsRefused(t *testing.T) {
	t.Parallel()
	ctx, dir := t.Context(), t.TempDir()
	c := create(t, dir)
	d, err := c.CreateDataset(ctx, "whole", dosna.DatasetSpec{Shape: []int{3}, Type: dtype.Uint8})
	if err != nil {
		t.Fatal(err)
	}
	if err := dosna.Write(ctx, d, nd.Selection{}, []uint8{1, 2, 3}); err != nil {
		t.Fatal(err)
	}
	if err := copyMarked(dir, "whole", "marked"); err != nil {
		t.Fatal(err)
	}
	out := testenv.RunPython(t, []string{"numpy", "zarr", "zarrs", "tensorstore"}, `
import json, sys, tensorstore, zarr
def ts(path): return tensorstore.open({"driver": "zarr3", "kvstore": {"driver": "file", "path": path}}).result().read().result()
def py(path): return zarr.open_array(path, mode="r")[...]
result = {}
for name in "whole", "marked":
    for peer, read in ("tensorstore", ts), ("zarr-python", py):
        try: result[peer + " " + name] = read(sys.argv[1] + "/" + name).tolist()
        except Exception as e: result[peer + " " + name] = "dosna.deleting" in str(e)
print(json.dumps(result))`, dir)
	whole := []any{1.0, 2.0, 3.0}
	compare(t, out, map[string]any{"tensorstore whole": whole, "zarr-python whole": whole, "tensorstore marked": true, "zarr-python marked": true})
}

// TestCutIsRead: a dataset that has been made shorter carries a mark of ours, which
// does not keep others from reading it, nor from growing it again over fill.
func TestCutIsRead(t *testing.T) {
	t.Parallel()
	ctx, dir := t.Context(), t.TempDir()
	c := create(t, dir)
	d, err := c.CreateDataset(ctx, "x", dosna.DatasetSpec{Shape: []int{7}, Type: dtype.Uint8, Chunks: []int{2}})
	if err != nil {
		t.Fatal(err)
	}
	if err := dosna.Write(ctx, d, nd.Selection{}, []uint8{1, 2, 3, 4, 5, 6, 7}); err != nil {
		t.Fatal(err)
	}
	if err := d.Resize(ctx, []int{3}); err != nil {
		t.Fatal(err)
	}
	out := testenv.RunPython(t, []string{"numpy", "zarr", "zarrs", "tensorstore"}, `
import json, sys, tensorstore, zarr
path = sys.argv[1] + "/x"
spec = {"driver": "zarr3", "kvstore": {"driver": "file", "path": path}}
result = {"tensorstore": tensorstore.open(spec).result().read().result().tolist()}
a = zarr.open_array(path)
result["zarr-python"] = a[...].tolist()
zarr.config.set({"codec_pipeline.path": "zarrs.ZarrsCodecPipeline"})
result["zarrs"] = zarr.open_array(path, mode="r")[...].tolist()
a.resize((6,))
result["grown"] = a[...].tolist()
print(json.dumps(result))`, dir)
	cut := []any{1.0, 2.0, 3.0}
	compare(t, out, map[string]any{"tensorstore": cut, "zarr-python": cut, "zarrs": cut, "grown": []any{1.0, 2.0, 3.0, 0.0, 0.0, 0.0}})
}

func compare(t testing.TB, out []byte, want map[string]any) {
	t.Helper()
	var got map[string]any
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	for name := range want {
		w, _ := json.Marshal(want[name])
		if g, _ := json.Marshal(got[name]); string(g) != string(w) {
			t.Errorf("%s: got %s, want %s", name, g, w)
		}
	}
	if len(got) != len(want) {
		t.Errorf("got %d values, want %d: %s", len(got), len(want), out)
	}
}
