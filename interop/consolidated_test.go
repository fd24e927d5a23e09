package interop

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/nd"
)

// writeConsolidated makes a tree of the format sys.argv[2], and consolidates it.
const writeConsolidated = `
import sys, warnings
import numpy as np, zarr
warnings.simplefilter('ignore')
old = zarr.__version__.startswith('2.')
kw = {} if old else {'zarr_format': int(sys.argv[2])}
g = zarr.open_group(sys.argv[1], mode='w', **kw)
g.attrs['title'] = 'a tree'
sub = g.create_group('sub')
sub.attrs['n'] = 5
for group, name in (g, 'a'), (sub, 'b'):
    a = group.create_dataset(name, shape=(6, 4), chunks=(4, 4), dtype='i4') if old else group.create_array(name, shape=(6, 4), chunks=(4, 4), dtype='i4')
    a[...] = np.arange(24).reshape(6, 4)
    a.attrs['is'] = name
zarr.consolidate_metadata(sys.argv[1], **({} if old else {'zarr_format': int(sys.argv[2])}))
`

// readConsolidated prints what the consolidated metadata of a tree say.
const readConsolidated = `
import json, sys, zarr
old = zarr.__version__.startswith('2.')
g = zarr.open_consolidated(sys.argv[1], mode='r') if old else zarr.open_group(sys.argv[1], mode='r', zarr_format=int(sys.argv[2]), use_consolidated=True)
if old:
    members = []
    g.visititems(lambda name, node: members.append((name, node)))
else:
    members = g.members(max_depth=None)
print(json.dumps({name: [list(getattr(node, 'shape', [])), dict(node.attrs)] for name, node in members}))
`

func runIn(t testing.TB, python, source string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), python, append([]string{"-c", source}, args...)...)
	out, err := cmd.Output()
	if err != nil {
		text := ""
		if e, ok := errors.AsType[*exec.ExitError](err); ok {
			text = string(e.Stderr)
		}
		t.Fatalf("python program: %v\n%s%s", err, out, text)
	}
	return out
}

// members lists what is below the root as readConsolidated does.
func members(ctx context.Context, t testing.TB, c *dosna.Connection) map[string]any {
	t.Helper()
	root, err := c.Root(ctx)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]any{}
	for n, err := range root.Walk(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		shape := []int{}
		if d, ok := n.(*dosna.Dataset); ok {
			shape = d.Shape()
		}
		all[strings.TrimPrefix(n.Path(), "/")] = []any{shape, n.Attrs()}
	}
	return all
}

func sameJSON(t testing.TB, a, b any) bool {
	t.Helper()
	texts := []string{}
	for _, v := range []any{a, b} {
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(raw))
	}
	return texts[0] == texts[1]
}

// TestConsolidated: trees that zarr-python has consolidated are walked through a web
// server, and what is changed and consolidated here zarr-python finds so.
func TestConsolidated(t *testing.T) {
	t.Parallel()
	for _, p := range []struct {
		name   string
		python func(t testing.TB) string
		format int
	}{
		{"zarr 2.18", testenv.Zarr2, 2},
		{"zarr 3, v2", func(t testing.TB) string { return testenv.Python(t, "zarr") }, 2},
		{"zarr 3", func(t testing.TB) string { return testenv.Python(t, "zarr") }, 3},
	} {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			ctx, dir, python := t.Context(), t.TempDir(), p.python(t)
			tree, format := filepath.Join(dir, "tree"), fmt.Sprint(p.format)
			runIn(t, python, writeConsolidated, tree, format)
			server := httptest.NewServer(http.FileServer(http.Dir(dir)))
			defer server.Close()
			check := func(what string) {
				t.Helper()
				web, err := dosna.Open(ctx, server.URL+"/tree", nil)
				if err != nil {
					t.Fatal(err)
				}
				defer web.Close()
				local, err := dosna.Open(ctx, tree, nil)
				if err != nil {
					t.Fatal(err)
				}
				defer local.Close()
				there := members(ctx, t, local)
				if got := members(ctx, t, web); !sameJSON(t, got, there) {
					t.Errorf("%s: through a web server: %v, want %v", what, got, there)
				}
				var theirs map[string]any
				if err := json.Unmarshal(runIn(t, python, readConsolidated, tree, format), &theirs); err != nil {
					t.Fatal(err)
				}
				if !sameJSON(t, theirs, there) {
					t.Errorf("%s: zarr-python finds %v, want %v", what, theirs, there)
				}
				d, err := web.OpenDataset(ctx, "sub/b")
				if err != nil {
					t.Fatal(err)
				}
				if got, err := dosna.ReadAll[int32](ctx, d, nd.Selection{}); err != nil || len(got) < 24 || got[23] != 23 {
					t.Errorf("%s: sub/b is %v %v", what, got, err)
				}
			}
			check("as it was written")
			c, err := dosna.Open(ctx, tree, &dosna.Options{Mode: dosna.ReadWrite})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			d, err := c.OpenDataset(ctx, "sub/b")
			if err != nil {
				t.Fatal(err)
			}
			if err := d.UpdateAttrs(ctx, func(a dosna.Attributes) error { a["new"] = []any{1, "x"}; return nil }); err != nil {
				t.Fatal(err)
			}
			if err := d.Resize(ctx, []int{8, 4}); err != nil {
				t.Fatal(err)
			}
			if _, err := c.CreateGroup(ctx, "more/groups", dosna.Attributes{"a": 1}); err != nil {
				t.Fatal(err)
			}
			if err := c.Delete(ctx, "a"); err != nil {
				t.Fatal(err)
			}
			root, err := c.Root(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if err := root.UpdateAttrs(ctx, func(a dosna.Attributes) error { a["changed"] = true; return nil }); err != nil {
				t.Fatal(err)
			}
			check("changed")
			if err := root.Consolidate(ctx); err != nil {
				t.Fatal(err)
			}
			check("consolidated here")
		})
	}
}

// TestXarrayFormats: what xarray encodes (times as numbers, scale and offset, a fill
// value apart from Zarr's) opens here in both formats with the names of the axes, and
// what is appended here xarray reads.
func TestXarrayFormats(t *testing.T) {
	t.Parallel()
	for _, format := range []int{2, 3} {
		t.Run(fmt.Sprint("v", format), func(t *testing.T) {
			t.Parallel()
			ctx, dir := t.Context(), filepath.Join(t.TempDir(), "store")
			testenv.RunPython(t, []string{"numpy", "zarr", "xarray"}, `
import sys, numpy as np, warnings, xarray
warnings.simplefilter("ignore")
ds = xarray.Dataset(
    {"t": (("time", "x"), np.array([[0.5, 1.5, np.nan], [2.5, 3.0, 4.0]])), "s": ((), 5)},
    coords={"time": np.array(["2020-01-01", "2020-01-03"], "M8[ns]"), "name": ("x", np.array(["a", "bc", "é"], "U2"))})
ds.t.encoding = {"dtype": "i2", "scale_factor": 0.5, "add_offset": 1.0, "_FillValue": -9999}
ds.to_zarr(sys.argv[1], zarr_format=int(sys.argv[2]), mode="w", consolidated=True)`, dir, fmt.Sprint(format))
			c, err := dosna.Open(ctx, dir, &dosna.Options{Mode: dosna.ReadWrite})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			d, err := c.OpenDataset(ctx, "t")
			if err != nil {
				t.Fatal(err)
			}
			got, err := dosna.ReadAll[int16](ctx, d, nd.Selection{})
			if err != nil || !slices.Equal(got, []int16{-1, 1, -9999, 3, 4, 6}) {
				t.Errorf("t is %v %v", got, err)
			}
			if names := d.DimensionNames(); !slices.Equal(names, []string{"time", "x"}) || d.Format() != format {
				t.Errorf("Zarr v%d, axes %q", d.Format(), names)
			}
			times, err := c.OpenDataset(ctx, "time")
			if err != nil {
				t.Fatal(err)
			}
			if units := fmt.Sprint(times.Attrs()["units"]); !strings.HasPrefix(units, "days since 2020-01-01") {
				t.Errorf("attributes of time: %v", times.Attrs())
			}
			if s, err := c.OpenDataset(ctx, "s"); err != nil || len(s.DimensionNames()) != 0 || len(s.Attrs()) != 0 {
				t.Errorf("s: %v %v", s, err)
			}
			days := []int64{9}
			if _, err := times.Append(ctx, 0, nd.View{Data: bytesOf(days), Shape: []int{1}, Strides: []int{8}, Item: 8}); err != nil {
				t.Fatal(err)
			}
			if _, err := d.Append(ctx, 0, nd.View{Data: bytesOf([]int16{-3, -9999, 8}), Shape: []int{1, 3}, Strides: []int{6, 2}, Item: 2}); err != nil {
				t.Fatal(err)
			}
			if err := d.UpdateAttrs(ctx, func(a dosna.Attributes) error { a["units"] = "K"; return nil }); err != nil {
				t.Fatal(err)
			}
			root, err := c.Root(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if err := root.Consolidate(ctx); err != nil {
				t.Fatal(err)
			}
			out := testenv.RunPython(t, []string{"numpy", "zarr", "xarray"}, `
import json, sys, xarray
ds = xarray.open_zarr(sys.argv[1], consolidated=True)
print(json.dumps({
    "last": str(ds.time.values[-1])[:10], "t": ds.t.values[-1].astype(str).tolist(), "names": ds.name.values.tolist(),
    "units": ds.t.attrs["units"], "s": int(ds.s), "sizes": dict(ds.sizes),
}))`, dir)
			compare(t, out, map[string]any{
				"last": "2020-01-10", "t": []any{"-0.5", "nan", "5.0"}, "names": []any{"a", "bc", "é"},
				"units": "K", "s": 5.0, "sizes": map[string]any{"time": 3.0, "x": 3.0},
			})
		})
	}
}

// bytesOf returns numbers as they lie in memory.
func bytesOf[T int16 | int64](numbers []T) []byte {
	var out bytes.Buffer
	_ = binary.Write(&out, binary.NativeEndian, numbers)
	return out.Bytes()
}
