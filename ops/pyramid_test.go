package ops_test

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/ops"
)

// TestPyramid has a pyramid checked by the models of OME-Zarr and its levels read
// by zarr-python.
func TestPyramid(t *testing.T) {
	ctx, dir := t.Context(), filepath.Join(t.TempDir(), "pool")
	c, err := dosna.Open(ctx, dir, &dosna.Options{Mode: dosna.Create})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	src, err := c.CreateDataset(ctx, "raw", dosna.DatasetSpec{Shape: []int{2, 9, 50, 61}, Type: dtype.Uint16, Chunks: []int{1, 4, 16, 16}, Shards: []int{1, 8, 32, 32}})
	if err != nil {
		t.Fatal(err)
	}
	data := make([]uint16, src.Size())
	for i := range data {
		data[i] = uint16(i * 7)
	}
	if err := dosna.Write(ctx, src, nd.Sel(), data); err != nil {
		t.Fatal(err)
	}
	g, err := ops.BuildPyramid(ctx, src, c, "deep/image", ops.PyramidOptions{Levels: 4, Scale: []float64{1, 2, 0.5, 0.5}, Unit: "micrometer"})
	if err != nil {
		t.Fatal(err)
	}
	if g.Path() != "/deep/image" {
		t.Errorf("the group is %s", g.Path())
	}
	labels, err := ops.BuildPyramid(ctx, src, c, "labels", ops.PyramidOptions{Levels: 2, Method: ops.ReduceNearest, Axes: []string{"t", "z", "y", "x"}})
	if err != nil {
		t.Fatal(err)
	}
	if text, err := json.Marshal(labels.Attrs()["ome"]); err != nil || strings.Contains(string(text), "translation\"") {
		t.Errorf("nearest moves elements: %s, %v", text, err)
	}
	const source = `
import json, sys, numpy as np, zarr
from ome_zarr_models.v05.image import Image
raw = zarr.open_array(sys.argv[1] + "/raw", mode="r")[:]
for path in ("deep/image", "labels"):
    group = zarr.open_group(sys.argv[1] + "/" + path, mode="r")
    image, = Image.from_zarr(group).attributes.ome.multiscales
    want = raw
    for level, d in enumerate(image.datasets):
        a = group[d.path]
        assert list(a.metadata.dimension_names) == [x.name for x in image.axes], a.metadata
        if level and path == "labels":
            want = want[:, ::2, ::2, ::2]
        elif level:
            odd = [(0, n % 2 if i else 0) for i, n in enumerate(want.shape)]
            x = np.pad(want.astype(float), odd, constant_values=np.nan)
            n0, n1, n2, n3 = x.shape
            want = np.rint(np.nanmean(x.reshape(n0, n1 // 2, 2, n2 // 2, 2, n3 // 2, 2), axis=(2, 4, 6))).astype("u2")
        assert a.dtype == want.dtype and np.array_equal(a[:], want), (path, level)
json.dump([[t.model_dump() for t in d.coordinateTransformations] for d in Image.from_zarr(zarr.open_group(sys.argv[1] + "/deep/image", mode="r")).attributes.ome.multiscales[0].datasets][:3], sys.stdout)`
	var got, want any
	if err := json.Unmarshal(testenv.RunPython(t, []string{"numpy", "zarr", "ome_zarr_models"}, source, dir), &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(`[[{"type": "scale", "scale": [1, 2, 0.5, 0.5]}],
		[{"type": "scale", "scale": [1, 4, 1, 1]}, {"type": "translation", "translation": [0, 1, 0.25, 0.25]}],
		[{"type": "scale", "scale": [1, 8, 2, 2]}, {"type": "translation", "translation": [0, 3, 0.75, 0.75]}]]`), &want); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// What cannot be made says so, and leaves nothing.
func TestPyramidErrors(t *testing.T) {
	ctx, dir := t.Context(), filepath.Join(t.TempDir(), "pool")
	c, err := dosna.Open(ctx, dir, &dosna.Options{Mode: dosna.Create})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	d, err := c.CreateDataset(ctx, "raw", dosna.DatasetSpec{Shape: []int{5, 40, 30}, Type: dtype.Uint8, Chunks: []int{5, 8, 8}})
	if err != nil {
		t.Fatal(err)
	}
	if err := dosna.Write(ctx, d, nd.Sel(), []uint8{3}); err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]ops.PyramidOptions{
		"lacks names":          {Axes: []string{"y", "x"}},
		"order":                {Axes: []string{"y", "t", "x"}},
		"twice":                {Axes: []string{"x", "y", "x"}},
		"one axis of space":    {Axes: []string{"t", "c", "x"}},
		"nothing left":         {Levels: 20},
		"negative":             {Levels: -1},
		"scale":                {Scale: []float64{1, 2}},
		"scale is not a size":  {Scale: []float64{1, 2, 0}},
		"method is not in use": {Method: "median"},
	} {
		if _, err := ops.BuildPyramid(ctx, d, c, "image", o); !errors.Is(err, dosna.ErrInvalid) {
			t.Errorf("%s: got error %v", name, err)
		}
	}
	stopped, cancel := context.WithCancel(ctx)
	defer cancel()
	one := d.With(dosna.Options{Progress: func(int, int) { cancel() }})
	if _, err := ops.BuildPyramid(stopped, one, c, "image", ops.PyramidOptions{Levels: 3}); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v", err)
	}
	root, err := c.Root(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if names, err := root.Names(ctx); err != nil || len(names) != 1 {
		t.Errorf("left over: %v, %v", names, err)
	}
}

// TestPyramidReaders has the reader of ome-zarr, which napari's plugin is made of,
// and TensorStore open pyramids, whose levels are what scikit-image and SciPy make
// of the level before.
func TestPyramidReaders(t *testing.T) {
	ctx, dir := t.Context(), filepath.Join(t.TempDir(), "pool")
	c, err := dosna.Open(ctx, dir, &dosna.Options{Mode: dosna.Create})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	src, err := c.CreateDataset(ctx, "raw", dosna.DatasetSpec{Shape: []int{2, 12, 40, 64}, Type: dtype.Int16, Chunks: []int{1, 8, 16, 16}})
	if err != nil {
		t.Fatal(err)
	}
	data := make([]int16, src.Size())
	for i := range data {
		data[i] = int16(i*i>>5)%7 - 3
	}
	if err := dosna.Write(ctx, src, nd.Sel(), data); err != nil {
		t.Fatal(err)
	}
	for _, how := range ops.Reductions {
		o := ops.PyramidOptions{Levels: 3, Method: how, Axes: []string{"c", "z", "y", "x"}, Scale: []float64{1, 2, 0.5, 0.5}, Unit: "micrometer"}
		if _, err := ops.BuildPyramid(ctx, src, c, string(how), o); err != nil {
			t.Fatal(err)
		}
	}
	const reader = `
import sys, numpy as np, scipy.stats
from skimage.measure import block_reduce
from skimage.transform import downscale_local_mean
from ome_zarr.io import parse_url
from ome_zarr.reader import Multiscales, Reader
def mode(block, axis):
    return scipy.stats.mode(block.reshape(block.shape[:4] + (-1,)), axis=-1).mode
smaller = {
    "mean": lambda a: np.rint(downscale_local_mean(a, (1, 2, 2, 2))),
    "nearest": lambda a: a[:, ::2, ::2, ::2],
    "mode": lambda a: block_reduce(a, (1, 2, 2, 2), mode),
    "max": lambda a: block_reduce(a, (1, 2, 2, 2), np.max),
}
for how, reduce in smaller.items():
    location = parse_url(sys.argv[1] + "/" + how)
    assert location.fmt.version == "0.5", location.fmt
    image, = Reader(location)()
    assert any(isinstance(s, Multiscales) for s in image.specs), image.specs
    assert [a["name"] for a in image.metadata["axes"]] == list("czyx"), image.metadata
    assert image.metadata["coordinateTransformations"][1][0]["scale"] == [1, 4, 1, 1], image.metadata
    levels = [np.asarray(a) for a in image.data]
    assert [a.shape for a in levels] == [(2, 12, 40, 64), (2, 6, 20, 32), (2, 3, 10, 16)]
    for a, b in zip(levels, levels[1:]):
        assert b.dtype == "i2" and np.array_equal(b, reduce(a)), how
print("right")`
	if out := testenv.RunPython(t, []string{"numpy", "scipy", "zarr", "ome_zarr"}, reader, dir); string(out) != "right\n" {
		t.Errorf("ome-zarr: got %q", out)
	}
	const levels = `
import json, sys, numpy as np, tensorstore as ts
for how in ("mean", "nearest", "mode", "max"):
    group = json.load(open(f"{sys.argv[1]}/{how}/zarr.json"))
    image, = group["attributes"]["ome"]["multiscales"]
    want = None
    for level in image["datasets"]:
        a = ts.open({"driver": "zarr3", "kvstore": {"driver": "file", "path": f"{sys.argv[1]}/{how}/{level['path']}/"}}, open=True).result()
        assert list(a.domain.labels) == [x["name"] for x in image["axes"]], a.domain
        if want is not None and how != "mean":
            want = want[:, ::2, ::2, ::2] if how == "nearest" else ts.downsample(before, [1, 2, 2, 2], how).read().result()
            assert np.array_equal(a.read().result(), want), how
        elif want is not None:
            assert np.array_equal(a.read().result(), ts.downsample(before, [1, 2, 2, 2], "mean").read().result())
        want, before = a.read().result(), a
print("right")`
	if out := testenv.RunPython(t, []string{"numpy", "tensorstore"}, levels, dir); string(out) != "right\n" {
		t.Errorf("TensorStore: got %q", out)
	}
}
