package convert

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/render"
)

// TestNPYTypes takes texts, bytes, times and structs from NumPy, prints them as it
// does, and gives them back.
func TestNPYTypes(t *testing.T) {
	dir := t.TempDir()
	out := testenv.RunPython(t, []string{"numpy"}, `
import json, sys, numpy as np
in_ = np.dtype([("a", ">f8"), ("t", "<M8[s]")])
st = np.zeros(4, np.dtype([("x", "<i4"), ("né", "<U2"), ("in", in_), ("m", "<f4", (2,))]))
st["x"], st["né"], st["in"]["a"] = [1, -20, 3, 4], ["a", "", "b'c", "é"], [0.5, 1, 100, -2]
arrays = {
    "U": np.array([["a", "it's"], ["é\n", ""]]), "bigU": np.array(["ab", "日本"], ">U2"), "S": np.array([b"a", b"b'\x00c", b"\xff"]),
    "V": np.frombuffer(b"abc\x00\xff\x01", "V3"), "M": np.array(["2020-01-01", "NaT", "1969-12-31"], "<M8[D]"),
    "Mns": np.array(["2020-01-01T00:00:00.000000001"], ">M8[ns]"), "m": np.array([1, -200, "NaT"], "m8[10s]"),
    "aligned": np.array([(1, 2.5), (3, 4)], np.dtype([("a", "u1"), ("b", "<f8")], align=True)),
    "fortran": np.array([["a", "b"], ["c", "d"]], order="F"), "scalar": np.array("text"), "struct": st,
}
texts = {}
for name, a in arrays.items():
    np.save(f"{sys.argv[1]}/{name}.npy", a)
    texts[name] = str(a) if name not in ("struct", "aligned") else ""
print(json.dumps(texts))`, dir)
	var want map[string]string
	if err := json.Unmarshal(out, &want); err != nil {
		t.Fatal(err)
	}
	c := openMem(t)
	for name, text := range want {
		f, err := Open(filepath.Join(dir, name+".npy"), nil)
		if err != nil {
			t.Fatal(err)
		}
		d, err := Import(t.Context(), c, name, dosna.DatasetSpec{}, f, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := Print(t.Context(), &b, d, nd.Selection{}, &render.TextOptions{}); err != nil {
			t.Fatal(err)
		}
		if text != "" && b.String() != text+"\n" {
			t.Errorf("%s is printed as\n%s, by NumPy as\n%s", name, b.String(), text)
		}
		if err := ExportFile(t.Context(), d, nd.Selection{}, filepath.Join(dir, name+"_back.npy"), nil); err != nil {
			t.Fatal(err)
		}
		if k := d.Type().Kind(); k != dtype.FixedText && k != dtype.FixedBytes {
			continue
		}
		if f, err = Open(filepath.Join(dir, name+".npy"), nil); err != nil {
			t.Fatal(err)
		}
		typ := dtype.String
		if d.Type().Kind() == dtype.FixedBytes {
			typ = dtype.ByteStrings
		}
		any, err := Import(t.Context(), c, "any "+name, dosna.DatasetSpec{Type: typ}, f, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		b.Reset()
		if err := Print(t.Context(), &b, any, nd.Selection{}, nil); err != nil || b.String() != text+"\n" {
			t.Errorf("%s of any length is printed as\n%s, %v", name, b.String(), err)
		}
		if err := ExportFile(t.Context(), any, nd.Selection{}, filepath.Join(dir, "no.npy"), nil); err == nil {
			t.Errorf("%s is written to NumPy's format", any.Type())
		}
		if _, err := os.Stat(filepath.Join(dir, "no.npy")); err == nil {
			t.Error("a file is left")
		}
	}
	testenv.RunPython(t, []string{"numpy"}, `
import pathlib, sys, numpy as np
def flat(a):
    if a.dtype.names is None:
        return [a.astype(a.dtype.newbyteorder("<")).tobytes()]
    return [x for n in a.dtype.names for x in flat(a[n])]
n = 0
for path in pathlib.Path(sys.argv[1]).glob("*_back.npy"):
    back, a = np.load(path), np.load(str(path).replace("_back", ""))
    assert back.shape == a.shape, path
    if a.dtype.names is None:
        assert back.dtype == a.dtype.newbyteorder("="), (path, back.dtype)
        assert back.tobytes() == a.astype(back.dtype).tobytes(), path
    elif path.name.startswith("struct"):
        assert back.dtype.names == a.dtype.names, back.dtype
        for k in ("x", "né"):
            assert (back[k] == a[k]).all(), path
        assert (back["in"]["a"] == a["in"]["a"]).all() and (back["m"]["1"] == a["m"][:, 1]).all(), path
    else:
        assert (back["a"] == a["a"]).all() and (back["b"] == a["b"]).all(), path
    n += 1
assert n == 11, n`, dir)
}
