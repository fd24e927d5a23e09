package interop

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/nd"
)

// zarrTypes has zarr-python write or read arrays in dir, and returns their shapes
// and elements.
func zarrTypes(t *testing.T, verb, dir string) map[string][2]any {
	t.Helper()
	source, err := os.ReadFile("peertypes.py")
	if err != nil {
		t.Fatal(err)
	}
	var out map[string][2]any
	if err := json.Unmarshal(testenv.RunPython(t, []string{"numpy", "zarr"}, string(source), verb, dir), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// described returns a dataset as peertypes.py does.
func described(t *testing.T, d *dosna.Dataset) [2]any {
	t.Helper()
	b, err := d.ReadBlock(t.Context(), nd.Selection{})
	if err != nil {
		t.Fatal(err)
	}
	var list []any
	size := d.Type().Size()
	for i := range d.Size() {
		var elem []byte
		if d.Type().Variable() {
			elem = b.At(i)
		} else if elem = b.Data[i*size : (i+1)*size]; dtype.Native == dtype.Big {
			d.Type().Swap(elem)
		}
		list = append(list, hex.EncodeToString(elem))
	}
	var shape []any
	for _, n := range d.Shape() {
		shape = append(shape, float64(n))
	}
	return [2]any{shape, list}
}

// TestTypesOfZarrPython reads texts, bytes, times and structs that zarr-python wrote.
func TestTypesOfZarrPython(t *testing.T) {
	dir := t.TempDir()
	written := zarrTypes(t, "write", dir)
	if len(written) != 55 {
		t.Errorf("zarr-python wrote %d arrays", len(written))
	}
	for name, want := range written {
		c, err := dosna.Open(t.Context(), filepath.Join(dir, name), nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		d, err := c.OpenDataset(t.Context(), "")
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else {
			if got := described(t, d); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s: read\n%v, want\n%v", name, got, want)
			}
			if _, err := d.Verify(t.Context(), func(f dosna.Fault) { t.Errorf("%s: %s: %v", name, f.Key, f.Err) }); err != nil {
				t.Error(err)
			}
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestTypesForZarrPython has zarr-python read what is written here.
func TestTypesForZarrPython(t *testing.T) {
	dir := t.TempDir()
	want := map[string][2]any{}
	shape := []int{7, 5}
	for _, name := range []string{"string", "bytes", "U4", "S6", "V3", "datetime64[ns]", "timedelta64[10s]", `[["x", "<i4"], ["name", "<U2"], ["in", [["a", "<f8"], ["t", "<M8[s]"]]]]`, "M8[D]", "U1"} {
		typ, _, err := dtype.ParseType(name)
		if err != nil {
			t.Fatal(err)
		}
		for i, spec := range []dosna.DatasetSpec{
			{Chunks: []int{3, 2}, Codec: "none", Checksum: "none"},
			{Chunks: []int{3, 2}},
			{Chunks: []int{4, 5}, Codec: "gzip:1", Checksum: "none"},
			{Chunks: []int{4, 4}, Codec: "blosc:lz4:5:noshuffle"},
			{Chunks: []int{3, 2}, Shards: []int{6, 4}},
			{Chunks: []int{3, 2}, Order: dtype.Big, Fill: "fill"},
		} {
			if spec.Order == dtype.Big && typ.Kind() == dtype.Struct {
				continue // zarr-python takes structs for little-endian, whatever the codec says
			}
			if spec.Shards != nil && (typ.Kind() == dtype.Raw || typ.Kind() == dtype.Struct) {
				continue // it has no shards of them
			}
			if spec.Shape, spec.Type = shape, typ; spec.Fill != nil {
				switch typ.Kind() {
				case dtype.Text, dtype.ByteString, dtype.FixedText, dtype.FixedBytes:
					if typ.Size() > 0 && typ.Size() < 6 {
						spec.Fill = "f"
					}
				default:
					spec.Fill = nil
				}
			}
			key := fmt.Sprintf("%s %d", strings.Map(func(r rune) rune {
				if strings.ContainsRune(`[]{}"<, `, r) {
					return '_'
				}
				return r
			}, name), i)
			c, err := dosna.Open(t.Context(), filepath.Join(dir, key), &dosna.Options{Mode: dosna.Create})
			if err != nil {
				t.Fatal(err)
			}
			d, err := c.CreateDataset(t.Context(), "/", spec)
			if err != nil {
				t.Fatal(err)
			}
			// the last row stays fill
			if err := d.WriteBlock(t.Context(), nd.Sel(nd.Range(0, 6)), someElements(t, typ, 30)); err != nil {
				t.Fatal(err)
			}
			want[key] = described(t, d)
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	got := zarrTypes(t, "read", dir)
	for name, w := range want {
		if fmt.Sprint(got[name]) != fmt.Sprint(w) {
			t.Errorf("%s: zarr-python reads\n%v, want\n%v", name, got[name], w)
		}
	}
}

// someElements returns n elements of a type.
func someElements(t *testing.T, typ dtype.Type, n int) codec.Block {
	t.Helper()
	var list [][]byte
	for i := range n {
		var v any = strings.Repeat("日本 x", i%4)[:]
		switch typ.Kind() {
		case dtype.ByteString:
			v = []byte{byte(i), 0xff, 0}[:i%4%3]
		case dtype.FixedText:
			v = string([]rune("日本語ñ")[:i%(typ.Size()/4+1)])
		case dtype.FixedBytes:
			v = strings.Repeat("é", i%4)
		case dtype.Raw:
			v = []byte{byte(i), 0, 1}
		case dtype.Datetime, dtype.Timedelta:
			v = int64(i)*1000 - 5000
		case dtype.Struct:
			elem := make([]byte, typ.Size())
			copy(elem, []byte{byte(i), 1, 0, 0, 'a', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, byte(i), 0x40})
			v = elem
		}
		elem, err := typ.Encode(v)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, slices.Clone(elem))
	}
	b := codec.Join(list)
	if !typ.Variable() {
		b.Ends = nil
	}
	return b
}

// TestXarrayTexts: texts and times of xarray, and what is appended to them.
func TestXarrayTexts(t *testing.T) {
	t.Parallel()
	ctx, dir := t.Context(), filepath.Join(t.TempDir(), "store")
	testenv.RunPython(t, []string{"numpy", "zarr", "xarray"}, `
import sys, numpy as np, warnings, xarray
warnings.simplefilter("ignore")
ds = xarray.Dataset(
    {"name": ("x", np.array(["a", "", "é", "long " * 20], dtype=object)), "fixed": ("x", np.array(["ab", "c", "", "def"]))},
    coords={"time": ("x", np.array(["2020-01-01", "2020-01-03", "2021-01-01", "1999-12-31"], "M8[ns]"))})
ds.to_zarr(sys.argv[1], zarr_format=3, mode="w")`, dir)
	c, err := dosna.Open(ctx, dir, &dosna.Options{Mode: dosna.ReadWrite})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for name, want := range map[string][]string{"name": {"a", "", "é", strings.Repeat("long ", 20)}, "fixed": {"ab", "c", "", "def"}} {
		d, err := c.OpenDataset(ctx, name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := dosna.ReadText[string](ctx, d, nd.Selection{})
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		var more codec.Block
		if d.Type().Variable() {
			more = codec.Join([]string{"ñ"})
		} else if more.Data, err = d.Type().Encode("ñ"); err != nil {
			t.Fatal(err)
		}
		if _, err := d.AppendBlock(ctx, 0, []int{1}, more); err != nil {
			t.Fatal(err)
		}
	}
	times, err := c.OpenDataset(ctx, "time")
	if err != nil {
		t.Fatal(err)
	}
	days, err := dosna.ReadAll[int64](ctx, times, nd.Selection{})
	if err != nil || len(days) != 4 {
		t.Fatalf("%v, %v", days, err)
	}
	if _, err := times.AppendBlock(ctx, 0, []int{1}, codec.Block{Data: dtype.Bytes(days[:1])}); err != nil {
		t.Fatal(err)
	}
	out := testenv.RunPython(t, []string{"numpy", "zarr", "xarray"}, `
import json, sys, xarray
ds = xarray.open_zarr(sys.argv[1], consolidated=False)
print(json.dumps({"name": ds["name"].values.tolist(), "fixed": ds["fixed"].values.tolist(), "last": str(ds["time"].values[-1])[:10]}))`, dir)
	compare(t, out, map[string]any{
		"name": []any{"a", "", "é", strings.Repeat("long ", 20), "ñ"}, "fixed": []any{"ab", "c", "", "def", "ñ"}, "last": "2020-01-01",
	})
}

// TestTypesOfTensorStore writes narrow numbers and bfloat16 for TensorStore, which
// changes a part of a chunk, and reads what it stored.
func TestTypesOfTensorStore(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	for _, name := range []string{"bfloat16", "int4", "int2", "float4_e2m1fn", "float8_e3m4", "float8_e4m3fn", "float8_e4m3fnuz", "float8_e4m3b11fnuz", "float8_e5m2", "float8_e5m2fnuz"} {
		typ, _, err := dtype.ParseType(name)
		if err != nil {
			t.Fatal(err)
		}
		dir := filepath.Join(t.TempDir(), name)
		c, err := dosna.Open(ctx, dir, &dosna.Options{Mode: dosna.Create})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		d, err := c.CreateDataset(ctx, "/", dosna.DatasetSpec{Shape: []int{6}, Type: typ, Chunks: []int{4}})
		if err != nil {
			t.Fatal(err)
		}
		var raw []byte
		for _, v := range []int{0, 1, 1, 0, 1, 0} {
			elem, err := typ.Encode(v)
			if err != nil {
				t.Fatal(err)
			}
			raw = append(raw, elem...)
		}
		if err := d.WriteRaw(ctx, nd.Selection{}, raw); err != nil {
			t.Fatal(err)
		}
		out := testenv.RunPython(t, []string{"numpy", "tensorstore"}, `
import json, sys, numpy as np, tensorstore as ts
a = ts.open({"driver": "zarr3", "kvstore": {"driver": "file", "path": sys.argv[1]}}).result()
was = a.read().result().astype(float).tolist()
a[3:5].write(np.array([-1, 1]).astype(a.dtype.numpy_dtype)).result()
print(json.dumps({"type": a.dtype.name, "was": was}))`, dir)
		compare(t, out, map[string]any{"type": name, "was": []any{0.0, 1.0, 1.0, 0.0, 1.0, 0.0}})
		elem := make([]byte, typ.Size())
		if err := d.ReadRaw(ctx, nd.Sel(nd.At(3)), elem); err != nil || strings.TrimSuffix(typ.Format(elem), ".0") != "-1" {
			t.Errorf("%s: %s, %v; want -1", name, typ.Format(elem), err)
		}
	}
}
