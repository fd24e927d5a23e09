package tiff

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/dosna/dosna/internal/testenv"
)

// writeAll writes files in many ways, each with its numbers beside it.
const writeAll = `
import json, os, sys, numpy as np, tifffile
from PIL import Image
out, names = sys.argv[1], []
rng = np.random.default_rng(1)
def numbers(shape, t):
    t = np.dtype(t)
    if t.kind == "b": return rng.integers(0, 2, shape).astype(t)
    if t.kind == "f": return np.cumsum(rng.standard_normal(shape), axis=-1).astype(t)
    return (np.arange(np.prod(shape)).reshape(shape) // 3 + rng.integers(0, 3, shape)).astype(t)
def keep(name, pages):
    path = os.path.join(out, name)
    np.ascontiguousarray(pages).tofile(path + ".raw")
    names.append({"name": name, "pages": len(pages), "shape": list(pages.shape[1:]), "kind": pages.dtype.kind, "bits": 1 if pages.dtype == bool else 8 * pages.dtype.itemsize})
for t in "u1 u2 u4 u8 i1 i2 i4 i8 f2 f4 f8".split():
    for order in "<>":
        for big in (False, True):
            for how, o in {"plain": {}, "strips": dict(rowsperstrip=3), "tiles": dict(tile=(16, 32)), "zip": dict(compression="zlib"),
                    "oldzip": dict(compression=32946, rowsperstrip=5), "tzip": dict(compression="zlib", tile=(32, 16)),
                    "pred": dict(compression="zlib", predictor=True), "tpred": dict(compression="zlib", predictor=True, tile=(16, 16))}.items():
                if "pred" in how and t[0] == "f" and order == ">" and not big: o = o
                a = numbers((2, 21, 37), t)
                name = f"{t}{'lb'[order == '>']}{int(big)}{how}.tif"
                try:
                    tifffile.imwrite(os.path.join(out, name), a, byteorder=order, bigtiff=big, photometric="minisblack", **o)
                except (ValueError, KeyError, NotImplementedError, ImportError) as e:
                    print(name, repr(e), file=sys.stderr); continue
                keep(name, a)
for planar in ("contig", "separate"):
    for s in (3, 4):
        for how, o in {"plain": {}, "tiles": dict(tile=(16, 16)), "pred": dict(compression="zlib", predictor=True, rowsperstrip=4)}.items():
            a = numbers((3, 21, 37, s), "u2")
            name = f"rgb{planar}{s}{how}.tif"
            with tifffile.TiffWriter(os.path.join(out, name)) as w:
                for page in a:
                    w.write(page if planar == "contig" else np.moveaxis(page, -1, 0), photometric="rgb", planarconfig=planar,
                        extrasamples=["unassalpha"] if s == 4 else None, **o)
            keep(name, a)
a = numbers((2, 21, 37), bool)
tifffile.imwrite(os.path.join(out, "bits.tif"), a, photometric="minisblack")
keep("bits.tif", a)
for t in ("u1", "u2", "f4"):
    a = numbers((7, 1, 1, 21, 37, 1), t)
    tifffile.imwrite(os.path.join(out, f"imagej{t}.tif"), a, imagej=True)
    keep(f"imagej{t}.tif", a[:, 0, 0, :, :, 0])
for t, mode in {"u1": "L", "u2": "I;16", "i4": "I", "f4": "F"}.items():
    for compression in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "zstd"):
        for predictor in (1, 3 if t == "f4" else 2):
            if predictor > 1 and compression in ("raw", "packbits"): continue
            a = numbers((1, 301, 437), t)
            name = f"pil{t}{compression}{predictor}.tif"
            Image.fromarray(a[0]).save(os.path.join(out, name), compression=compression, tiffinfo={317: predictor} if predictor > 1 else {})
            keep(name, a)
a = numbers((3, 50, 60, 3), "u1")
first, *rest = [Image.fromarray(x) for x in a]
first.save(os.path.join(out, "pilpages.tif"), save_all=True, append_images=rest, compression="tiff_lzw")
keep("pilpages.tif", a)
json.dump(names, sys.stdout)
`

var letters = map[Kind]string{Uint: "u", Int: "i", Float: "f"}

func TestReadsOthers(t *testing.T) {
	dir := t.TempDir()
	var cases []struct {
		Name        string
		Pages, Bits int
		Shape       []int
		Kind        string
	}
	out := testenv.RunPython(t, []string{"numpy", "tifffile", "PIL"}, writeAll, dir)
	if err := json.Unmarshal(out, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 330 {
		t.Errorf("only %d files were written", len(cases))
	}
	for _, c := range cases {
		file, err := os.ReadFile(filepath.Join(dir, c.Name))
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(filepath.Join(dir, c.Name+".raw"))
		if err != nil {
			t.Fatal(err)
		}
		f, err := Open(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		p := Page{Height: c.Shape[0], Width: c.Shape[1], Samples: 1, Bits: c.Bits}
		p.Kind = map[string]Kind{"u": Uint, "b": Uint, "i": Int, "f": Float}[c.Kind]
		if len(c.Shape) == 3 {
			p.Samples = c.Shape[2]
		}
		if f.Len() != c.Pages || f.Page(0) != p {
			t.Errorf("%s: %d pages of %s, want %d of %s", c.Name, f.Len(), f.Page(0), c.Pages, p)
			continue
		}
		got := make([]byte, len(want))
		for i := range f.Len() {
			if err := f.Read(i, got[i*p.Bytes():(i+1)*p.Bytes()]); err != nil {
				t.Errorf("%s: %v", c.Name, err)
			}
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s: numbers differ", c.Name)
		}
	}
}

// readAll prints, for each file, its numbers' type, shape and bytes as tifffile
// reads them, and compares with Pillow where that knows the type.
const readAll = `
import sys, numpy as np, tifffile
from PIL import Image
for path in sys.argv[1:]:
    with tifffile.TiffFile(path) as f:
        page, pages = f.pages[0], len(f.pages)
        t, shape = page.dtype, (pages, *page.shape)
        want = np.fromfile(path + ".raw", t).reshape(shape)
        others = page.compression == 50000 or page.predictor == 3
        if not others: # which needs another package
            assert np.array_equal(np.stack([p.asarray() for p in f.pages]), want), path
    samples = shape[3] if len(shape) > 3 else 1
    if t.str[1:] == "u1" or t.str[1:] in ("u2", "i4", "f4") and samples == 1:
        img = Image.open(path)
        assert img.n_frames == pages, path
        for i in range(pages):
            img.seek(i)
            assert np.array_equal(np.array(img), want[i]), (path, i)
    else:
        assert not others
    print(path.rsplit("/", 1)[-1], t.str[1:], *shape)
`

func TestOthersRead(t *testing.T) {
	dir := t.TempDir()
	var paths []string
	var want string
	for _, kind := range kinds {
		for i, o := range []WriteOptions{{}, {Big: true}, {Compression: Deflate}, {Compression: Deflate, Predictor: true}, {Compression: Zstd}, {Compression: Zstd, Predictor: true}} {
			for _, samples := range []int{1, 3, 4} {
				p, pages := kind, 1+i
				p.Height, p.Width, p.Samples = 210, 37*(1+i), samples
				if kind.Kind != Uint && samples > 1 || kind.Bits > 16 && samples > 1 || o.Compression == Zstd && kind.Bits != 8 && (kind != Page{Kind: Float, Bits: 32}) ||
					o.Compression == Zstd && kind.Kind == Int || o.Predictor && kind.Kind == Float && kind.Bits != 32 {
					continue
				}
				data := make([]byte, pages*p.Bytes())
				for j := range data {
					data[j] = byte(j/5) ^ byte(j)<<6
				}
				if p.Kind == Float { // not NaN, which is not equal to itself
					for j := p.ItemSize() - 1; j < len(data); j += p.ItemSize() {
						data[j] &= 0x3f
					}
				}
				name := fmt.Sprintf("%s%d-%d-%d.tif", p.Kind, p.Bits, samples, i)
				path := filepath.Join(dir, name)
				for path, b := range map[string][]byte{path: write(t, p, pages, &o, data, 5000), path + ".raw": data} {
					if err := os.WriteFile(path, b, 0o666); err != nil {
						t.Fatal(err)
					}
				}
				paths = append(paths, path)
				want += fmt.Sprintf("%s %s%d %d %d %d", name, letters[p.Kind], p.ItemSize(), pages, p.Height, p.Width)
				if samples > 1 {
					want += fmt.Sprint(" ", samples)
				}
				want += "\n"
			}
		}
	}
	got := string(testenv.RunPython(t, []string{"numpy", "tifffile", "PIL"}, readAll, paths...))
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
