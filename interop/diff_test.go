package interop

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/ops"
)

// diffZarr has zarr-python write two trees, in both formats and in different layouts,
// and NumPy say where their arrays differ.
const diffZarr = `
import json, sys, warnings
import numpy as np, zarr
warnings.simplefilter("ignore")
rng = np.random.default_rng(4)
a = zarr.create_group(sys.argv[1] + "/a", zarr_format=3, attributes={"n": 1, "x": 0.1})
b = zarr.create_group(sys.argv[1] + "/b", zarr_format=2, attributes={"n": 1.0, "x": 0.1})
out = {}
for name in "u1 i2 <f4 >f8 c16 b1 i8 U3".split():
    shape = (20, 31, 7)
    x = rng.integers(0, 100, shape)
    x = x.astype(str).astype("U3") if name == "U3" else x.astype(name)
    y = x.copy()
    y[rng.random(shape) < 0.001] = 77 if name != "U3" else "77"
    if x.dtype.kind in "fc":
        x[3, 3, 3] = y[3, 3, 3] = np.nan
        y[4, 4, 4] = np.nan
    key = name.strip("<>")
    a.create_array(key, shape=shape, dtype=x.dtype, chunks=(5, 31, 7), shards=(10, 31, 7))[:] = x
    b.create_array(key, shape=shape, dtype=y.dtype, chunks=(8, 8, 7), order="F")[:] = y
    for rtol in (0, 0.1):
        if x.dtype.kind in "fcui":
            wide = "c16" if x.dtype.kind == "c" else "f8"
            far = ~np.isclose(x.astype(wide), y.astype(wide), rtol=rtol, atol=0, equal_nan=True)
        else:
            far = x != y
        out[f"/{key} {rtol}"] = [int(far.sum()), [int(i) for i in (np.argwhere(far)[0] if far.any() else [])]]
print(json.dumps(out))
`

func TestDiffOfZarrPython(t *testing.T) {
	t.Parallel()
	ctx, dir := t.Context(), t.TempDir()
	var want map[string][]any
	if err := json.Unmarshal(testenv.RunPython(t, []string{"numpy", "zarr"}, diffZarr, dir), &want); err != nil {
		t.Fatal(err)
	}
	var roots []dosna.Node
	for _, name := range []string{"a", "b"} {
		c, err := dosna.Open(ctx, filepath.Join(dir, name), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		g, err := c.Root(ctx)
		if err != nil {
			t.Fatal(err)
		}
		roots = append(roots, g)
	}
	for _, rtol := range []float64{0, 0.1} {
		found := map[string][]any{}
		sum, err := ops.Diff(ctx, roots[0], roots[1], ops.DiffOptions{Rel: rtol, Report: func(d ops.Difference) {
			if d.Kind != ops.DiffValues {
				t.Errorf("%s differs: %s %s and %s", d.Path, d.Kind, d.A, d.B)
				return
			}
			var at []any
			for _, i := range d.Values.First {
				at = append(at, float64(i))
			}
			found[fmt.Sprint(d.Path, " ", rtol)] = []any{float64(d.Values.Count), at}
		}})
		if err != nil || sum.Datasets != 8 {
			t.Fatalf("%+v, %v", sum, err)
		}
		for name, w := range want {
			if !strings.HasSuffix(name, fmt.Sprint(" ", rtol)) {
				continue
			}
			if w[0] == 0.0 {
				w = nil
			}
			if !reflect.DeepEqual(found[name], w) {
				t.Errorf("%s: %v, and NumPy says %v", name, found[name], w)
			}
		}
	}
}
