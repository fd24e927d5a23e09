package interop

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/nd"
)

// rectilinearZarr makes zarr-python read and write rectilinear grids, which it does from
// version 3.2 on.
const rectilinearZarr = `
import json, sys, warnings
import numpy as np, zarr
warnings.simplefilter("ignore")
if "rectilinear_chunks" not in zarr.config.get("array"):
    print(json.dumps("zarr-python " + zarr.__version__ + " has no rectilinear grids; from 3.2 on it has"))
    sys.exit()
zarr.config.set({"array.rectilinear_chunks": True})
tree = sys.argv[1]
def ramp(*shape):
    return np.arange(np.prod(shape, dtype=int), dtype="i4").reshape(shape)
`

// runRectilinear runs a program after that, and skips the test where zarr-python is too
// old.
func runRectilinear(t *testing.T, program, tree string) []byte {
	t.Helper()
	out := testenv.RunPython(t, []string{"numpy", "zarr"}, rectilinearZarr+program, tree)
	var lacks string
	if json.Unmarshal(out, &lacks) == nil {
		testenv.Require(t, "rectilinear", false, lacks)
	}
	return out
}

// ramp32 is ramp of the programs.
func ramp32(n int) []int32 {
	v := make([]int32, n)
	for i := range v {
		v[i] = int32(i)
	}
	return v
}

// TestRectilinearOfZarrPython opens arrays that zarr-python has made, lengthened and cut,
// changes them, and has zarr-python read that.
func TestRectilinearOfZarrPython(t *testing.T) {
	t.Parallel()
	ctx, dir := t.Context(), t.TempDir()
	runRectilinear(t, `
zarr.create_group(tree)
for name, shape, kw in [
    ("plain", (60, 100), dict(chunks=[[10, 20, 30], [50, 50]])),
    ("runs", (33, 7), dict(chunks=[[10, 10, 10, 3], [1, 4, 2]], compressors=None, fill_value=-1)),
    ("shards", (60, 100), dict(chunks=(5, 10), shards=[[10, 20, 30], [50, 50]])),
    ("line", (12,), dict(chunks=[[1, 1, 1, 9]], filters=None)),
]:
    a = zarr.create_array(tree + "/" + name, shape=shape, dtype="i4", **kw)
    a[...] = ramp(*shape)
a = zarr.open_array(tree + "/plain")
a.append(np.full((25, 100), 7, "i4"))
a = zarr.open_array(tree + "/runs")
a.resize((14, 7))
print("{}")
`, dir)
	c, err := dosna.Open(ctx, dir, &dosna.Options{Mode: dosna.ReadWrite})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for name, want := range map[string]struct {
		edges  string
		values []int32
	}{
		"plain":  {"[[10 20 30 25] [50 50]]", append(ramp32(6000), slices.Repeat([]int32{7}, 2500)...)},
		"runs":   {"[[10 10 10 3] [1 4 2]]", ramp32(14 * 7)},
		"shards": {"[[10 20 30] [50 50]]", ramp32(6000)},
		"line":   {"[[1 1 1 9]]", ramp32(12)},
	} {
		d, err := c.OpenDataset(ctx, name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := dosna.ReadAll[int32](ctx, d, nd.Selection{})
		if fmt.Sprint(d.Edges()) != want.edges || err != nil || !slices.Equal(got, want.values) {
			t.Errorf("%s: edges %v, want %s; %v; %v", name, d.Edges(), want.edges, err, clip(got))
		}
		sel := nd.Sel(nd.RangeStep(3, nd.None, 4)) // parts of chunks
		if err := dosna.Write(ctx, d, sel, []int32{-5}); err != nil {
			t.Fatal(err)
		}
		shape := d.Shape()
		shape[0] = 2
		more := nd.View{Data: dtype.Bytes([]int32{9}), Shape: shape, Strides: make([]int, len(shape)), Item: 4}
		if _, err := d.Append(ctx, 0, more); err != nil {
			t.Fatal(err)
		}
	}
	out := runRectilinear(t, `
def check(name, a, edges):
    a[3::4] = -5
    a = np.concatenate([a, np.full((2,) + a.shape[1:], 9, "i4")])
    b = zarr.open_array(tree + "/" + name)
    np.testing.assert_array_equal(b[...], a, err_msg=name)
    got = json.loads(open(tree + "/" + name + "/zarr.json").read())["chunk_grid"]["configuration"]["chunk_shapes"]
    assert got == edges, (name, got)
check("plain", np.concatenate([ramp(60, 100), np.full((25, 100), 7, "i4")]), [[10, 20, 30, 25, 2], [50, 50]])
check("runs", ramp(14, 7), [[[10, 3], 3], [1, 4, 2]])
check("shards", ramp(60, 100), [[10, 20, 30, 5], [50, 50]])
check("line", ramp(12), [[[1, 3], 9, 2]])
print("{}")
`, dir)
	if strings.TrimSpace(string(out)) != "{}" {
		t.Errorf("printed %s", out)
	}
}

// TestRectilinearForZarrPython has zarr-python read what we have made, lengthened and
// cut, change it, and reads that.
func TestRectilinearForZarrPython(t *testing.T) {
	t.Parallel()
	ctx, dir := t.Context(), t.TempDir()
	c := create(t, dir)
	for name, s := range map[string]dosna.DatasetSpec{
		"plain":  {Shape: []int{60, 100}, Edges: [][]int{{10, 20, 30}, {50, 50}}},
		"mixed":  {Shape: []int{9, 10, 11}, Edges: [][]int{nil, {3, 4, 3}, nil}, Chunks: []int{2, 0, 5}, Codec: "none", Checksum: "none"},
		"beyond": {Shape: []int{10}, Edges: [][]int{{4, 8, 5, 5, 5, 5}}, Fill: 3},
		"shards": {Shape: []int{60, 100}, Edges: [][]int{{10, 20, 30}, nil}, Chunks: []int{5, 10}, Shards: []int{0, 30}},
		"grown":  {Shape: []int{4, 3}, Edges: [][]int{{1, 3}, {3}}},
		"cut":    {Shape: []int{20, 3}, Edges: [][]int{{6, 3, 11}, {2, 1}}},
	} {
		s.Type = dtype.Int32
		d, err := c.CreateDataset(ctx, name, s)
		if err != nil {
			t.Fatal(err)
		}
		if err := dosna.Write(ctx, d, nd.Selection{}, ramp32(d.Size())); err != nil {
			t.Fatal(err)
		}
		shape := d.Shape()
		switch name {
		case "grown":
			shape[0] = 12
		case "cut":
			shape[0] = 7
		}
		if err := d.Resize(ctx, shape); err != nil {
			t.Fatal(err)
		}
	}
	runRectilinear(t, `
want = {
    "plain": ramp(60, 100), "mixed": ramp(9, 10, 11), "beyond": ramp(10), "shards": ramp(60, 100),
    "grown": np.concatenate([ramp(4, 3), np.zeros((8, 3), "i4")]), "cut": ramp(20, 3)[:7],
}
for name, a in want.items():
    b = zarr.open_array(tree + "/" + name, mode="r+")
    np.testing.assert_array_equal(b[...], a, err_msg=name)
    b[1::3] = -8
    if name == "shards":
        try:
            b.append(np.full((2, 100), 9, "i4"))
            assert False, "a shard of two rows of chunks of five"
        except ValueError as e:
            assert "not divisible" in str(e), e
    b.append(np.full((5,) + a.shape[1:], 9, "i4"))
print("{}")
`, dir)
	for name, rows := range map[string]int{"plain": 60, "mixed": 9, "beyond": 10, "shards": 60, "grown": 12, "cut": 7} {
		d, err := c.OpenDataset(ctx, name)
		if err != nil {
			t.Fatal(err)
		}
		size := d.Size() / d.Shape()[0] // of a row
		want := ramp32(d.Size())
		for i := range want {
			switch row := i / size; {
			case row >= rows:
				want[i] = 9
			case row%3 == 1:
				want[i] = -8
			case name == "grown" && row >= 4:
				want[i] = 0
			}
		}
		got, err := dosna.ReadAll[int32](ctx, d, nd.Selection{})
		if err != nil || d.Shape()[0] != rows+5 || !slices.Equal(got, want) {
			t.Errorf("%s: shape %v, edges %v, %v; %v", name, d.Shape(), d.Edges(), err, clip(got))
		}
	}
}

func clip(v []int32) []int32 { return v[:min(len(v), 40)] }

// TestRectilinearStored reads what zarr-python 3.4.2 has stored in testdata/rectilinear:
// 7 rows of numbers from 0, all from the third row on then set to the fill value, 3
// rows of nines appended, and the last element set to 1.
func TestRectilinearStored(t *testing.T) {
	ctx := t.Context()
	c, err := dosna.Open(ctx, "testdata/rectilinear", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for name, edges := range map[string]string{"chunks": "[[1 2 2 2 3] [3 4]]", "shards": "[[3 2 2 3] [4 4]]"} {
		d, err := c.OpenDataset(ctx, name)
		if err != nil {
			t.Fatal(err)
		}
		row := d.Shape()[1]
		want := make([]uint8, 10*row)
		for i := range want {
			switch want[i] = uint8(i); {
			case i >= 7*row:
				want[i] = 9
			case i >= 3*row:
				want[i] = 200
			}
		}
		want[len(want)-1] = 1
		got, err := dosna.ReadAll[uint8](ctx, d, nd.Selection{})
		if fmt.Sprint(d.Edges()) != edges || err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: edges %v, %v; %v", name, d.Edges(), err, got)
		}
		if n, err := d.Verify(ctx, func(f dosna.Fault) { t.Error(f) }); n == 0 || err != nil {
			t.Errorf("%s: %d objects, %v", name, n, err)
		}
	}
}

// TestRectilinearIsRefused: TensorStore does not read these grids as something else.
func TestRectilinearIsRefused(t *testing.T) {
	t.Parallel()
	out := testenv.RunPython(t, []string{"tensorstore"}, `
import os, tensorstore
spec = {"driver": "zarr3", "kvstore": {"driver": "file", "path": os.path.abspath("testdata/rectilinear/chunks")}}
try:
    tensorstore.open(spec).result()
    print("opened")
except ValueError as e:
    print("chunk_grid" in str(e))
`)
	if got := strings.TrimSpace(string(out)); got != "True" {
		t.Errorf("TensorStore and a rectilinear grid: %s", got)
	}
}
