package convert

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/nd"
)

// A dataset that becomes a stack, or a file of pages, comes back.
func TestPicturesRoundTrip(t *testing.T) {
	ctx, c := t.Context(), openMem(t)
	n := 0
	for _, typ := range []dtype.Type{dtype.Uint8, dtype.Uint16, dtype.Int8, dtype.Int32, dtype.Uint64, dtype.Float16, dtype.Float32, dtype.Float64} {
		for _, shape := range [][]int{{12, 20, 30}, {1, 20, 30}, {11, 20, 30, 3}, {3, 7, 5, 4}, {300, 40}} {
			for _, name := range []string{"a.tif", "s_%d.tif", "s%03d.png"} {
				grey := len(shape) < 4
				if !grey && typ.Kind() != dtype.Uint || strings.HasSuffix(name, "png") && (typ.Kind() != dtype.Uint || typ.Size() > 2) ||
					len(shape) == 2 && name != "a.tif" {
					continue
				}
				n++
				dir := filepath.Join(t.TempDir(), "x")
				if err := os.Mkdir(dir, 0o777); err != nil {
					t.Fatal(err)
				}
				chunks := slices.Repeat([]int{7}, len(shape))
				d := filled(t, c, fmt.Sprint("d", n), dosna.DatasetSpec{Shape: shape, Type: typ, Chunks: chunks, Codec: "none"})
				path := filepath.Join(dir, name)
				o := &Options{Memory: 20000, Compression: Compressions[n%3]}
				if err := ExportFile(ctx, d, nd.Sel(), path, o); err != nil {
					t.Fatal(err)
				}
				if IsStack(path) {
					path = []string{dir, filepath.Join(dir, "s*")}[n%2]
				}
				f, err := Open(path, nil)
				if err != nil {
					t.Fatal(err)
				}
				want := shape
				if name == "a.tif" && shape[0] == 1 {
					want = shape[1:]
				}
				mustShape(t, f, want, typ)
				for _, o := range []*Options{nil, {Memory: 5000}} {
					n++
					back, err := Import(ctx, c, fmt.Sprint("d", n), dosna.DatasetSpec{Chunks: []int{5, 6, 7, 2}[:len(want)], Codec: "none"}, f, o)
					if err != nil {
						t.Fatal(err)
					}
					a, b := make([]byte, d.Bytes()), make([]byte, d.Bytes())
					if err := back.ReadRaw(ctx, nd.Sel(), a); err != nil {
						t.Fatal(err)
					}
					if err := d.ReadRaw(ctx, nd.Sel(), b); err != nil {
						t.Fatal(err)
					}
					mustEqual(t, fmt.Sprint(typ, shape, name), a, b)
				}
				if err := f.Close(); err != nil {
					t.Error(err)
				}
			}
		}
	}
}

func TestCompareNatural(t *testing.T) {
	want := []string{"a", "a1", "a01", "a2b", "a2b3", "a10", "a010b", "a99999999999999999999998", "a99999999999999999999999", "b1", "b2-10", "b10-2"}
	got := slices.Clone(want)
	slices.Sort(got)
	slices.SortFunc(got, compareNatural)
	if i := slices.Index(got, "a01"); i != 1 && i != 2 {
		t.Errorf("got %q", got)
	}
	got = slices.DeleteFunc(got, func(s string) bool { return s == "a1" || s == "a01" })
	if !slices.Equal(got, slices.DeleteFunc(want, func(s string) bool { return s == "a1" || s == "a01" })) {
		t.Errorf("got %q", got)
	}
}

// writePicture writes a file by a function that is given its writer.
func writePicture(t *testing.T, path string, write func(w io.Writer) error) {
	t.Helper()
	if err := replaceFile(path, write); err != nil {
		t.Fatal(err)
	}
}

func TestPictureKinds(t *testing.T) {
	dir := t.TempDir()
	box := image.Rect(0, 0, 3, 2)
	grey, wide := image.NewGray(box), image.NewGray16(box)
	colours, alpha := image.NewNRGBA(box), image.NewNRGBA64(box)
	palette := image.NewPaletted(box, color.Palette{color.NRGBA{1, 2, 3, 255}, color.NRGBA{4, 5, 6, 255}})
	palette.SetColorIndex(1, 0, 1)
	grey.Pix[4], wide.Pix[2], wide.Pix[3] = 200, 0x12, 0x34
	for i := range colours.Pix {
		colours.Pix[i] = 255
	}
	colours.Pix[1] = 7
	alpha.Pix[7] = 9
	for name, c := range map[string]struct {
		img   image.Image
		shape []int
		t     dtype.Type
		at    int
		want  uint16
	}{
		"grey.png":    {grey, []int{2, 3}, dtype.Uint8, 4, 200},
		"wide.PNG":    {wide, []int{2, 3}, dtype.Uint16, 1, 0x1234},
		"rgb.png":     {colours, []int{2, 3, 3}, dtype.Uint8, 1, 7},
		"alpha.png":   {alpha, []int{2, 3, 4}, dtype.Uint16, 3, 9},
		"palette.png": {palette, []int{2, 3, 3}, dtype.Uint8, 4, 5},
	} {
		path := filepath.Join(dir, name)
		writePicture(t, path, func(w io.Writer) error { return png.Encode(w, c.img) })
		f, err := Open(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		mustShape(t, f, c.shape, c.t)
		got, err := readWhole(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		if e := c.t.Value(got[c.at*c.t.Size() : (c.at+1)*c.t.Size()]); fmt.Sprint(e) != fmt.Sprint(c.want) {
			t.Errorf("%s: got %v, want %v", name, e, c.want)
		}
	}
	for name, img := range map[string]image.Image{"grey.jpg": grey, "rgb.jpeg": colours} {
		path := filepath.Join(dir, name)
		writePicture(t, path, func(w io.Writer) error { return jpeg.Encode(w, img, nil) })
		f, err := Open(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if want := map[string]int{"grey.jpg": 2, "rgb.jpeg": 3}[name]; len(f.Shape()) != want {
			t.Errorf("%s: shape %v", name, f.Shape())
		}
		if _, err := readWhole(t.Context(), f); err != nil {
			t.Error(err)
		}
	}
}

// What does not fit in a stack is named.
func TestStackErrors(t *testing.T) {
	dir := t.TempDir()
	grey := func(w, h int) func(io.Writer) error {
		return func(out io.Writer) error { return png.Encode(out, image.NewGray(image.Rect(0, 0, w, h))) }
	}
	writePicture(t, filepath.Join(dir, "s1.png"), grey(3, 2))
	writePicture(t, filepath.Join(dir, "s2.png"), grey(3, 2))
	open := func(path string, want ...string) {
		t.Helper()
		f, err := Open(path, nil)
		if err == nil {
			_, err = readWhole(t.Context(), f)
		}
		for _, w := range want {
			if err == nil || !strings.Contains(err.Error(), w) {
				t.Errorf("%s: got error %v, want %s", path, err, w)
			}
		}
	}
	open(filepath.Join(dir, "x*"), "no file has such a name")
	open(filepath.Join(dir, "s[*"), "syntax error")
	open(t.TempDir(), "without pictures")
	writePicture(t, filepath.Join(dir, "s10.png"), grey(2, 3))
	open(dir, "s10.png is [3 2] of uint8", "s1.png [2 3] of uint8")
	writePicture(t, filepath.Join(dir, "s10.png"), func(w io.Writer) error { return png.Encode(w, image.NewGray16(image.Rect(0, 0, 3, 2))) })
	open(dir, "s10.png is [2 3] of uint16")
	writePicture(t, filepath.Join(dir, "s10.png"), func(w io.Writer) error { _, err := w.Write([]byte("no picture")); return err })
	open(dir, "s10.png", "not a PNG file")
	writePicture(t, filepath.Join(dir, "s10.tif"), func(w io.Writer) error { _, err := w.Write([]byte("no picture")); return err })
	open(filepath.Join(dir, "s10.tif"), "s10.tif", "neither II nor MM")
	open(filepath.Join(dir, "s11.tif"), "no such file")

	cut := readFile(t, filepath.Join(dir, "s1.png"))
	if err := os.WriteFile(filepath.Join(dir, "s10.png"), cut[:len(cut)-20], 0o666); err != nil {
		t.Fatal(err)
	}
	open(filepath.Join(dir, "*.png"), "s10.png", "EOF")
	f, err := Open(filepath.Join(dir, "s[12].png"), nil)
	if err != nil {
		t.Fatal(err)
	}
	writePicture(t, filepath.Join(dir, "s2.png"), grey(4, 2))
	if _, err := readWhole(t.Context(), f); err == nil || !strings.Contains(err.Error(), "s2.png is [2 4]") {
		t.Errorf("a file changed meanwhile: got error %v", err)
	}
}

func TestExportStackErrors(t *testing.T) {
	ctx, c, dir := t.Context(), openMem(t), t.TempDir()
	d := filled(t, c, "a", dosna.DatasetSpec{Shape: []int{3, 4, 5}, Type: dtype.Float32})
	for name, want := range map[string]string{
		"%d.png": "png pictures cannot hold float32", "%d.jpg": "jpeg pictures cannot hold", "%d.npy": "does not name a picture", "%dx%d.tif": "one %d",
	} {
		if err := ExportStack(ctx, d, nd.Sel(), filepath.Join(dir, name), nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got error %v", name, err)
		}
	}
	for _, l := range []Levels{{Bits: 7, High: 1}, {Bits: 8, Low: 2, High: 1}} {
		if err := ExportStack(ctx, d, nd.Sel(), filepath.Join(dir, "%d.png"), &Options{Levels: &l}); err == nil {
			t.Errorf("%v: no error", l)
		}
	}
	if err := ExportStack(ctx, d, nd.Sel(nd.At(0)), filepath.Join(dir, "%d.tif"), nil); err == nil || !strings.Contains(err.Error(), "shape [4 5]") {
		t.Errorf("got error %v", err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) > 0 {
		t.Errorf("left over: %v %v", files, err)
	}
}

func TestLevels(t *testing.T) {
	l := Levels{Bits: 8, Low: -1, High: 1}
	src := dtype.Bytes([]float32{-5, -1, 0, 0.5, 1, 9})
	dst := make([]byte, 6)
	l.apply(dst, src, dtype.Float32)
	mustEqual(t, "8 bits", dst, []byte{0, 0, 128, 191, 255, 255})
	l.Bits = 16
	wide := make([]byte, 12)
	l.apply(wide, src, dtype.Float32)
	if got := dtype.Slice[uint16](wide); !slices.Equal(got, []uint16{0, 0, 32768, 49151, 65535, 65535}) {
		t.Errorf("got %v", got)
	}
}

// TestPicturesForOthers has what is exported read by tifffile and Pillow.
func TestPicturesForOthers(t *testing.T) {
	ctx, c, dir := t.Context(), openMem(t), t.TempDir()
	d := filled(t, c, "a", dosna.DatasetSpec{Shape: []int{3, 40, 50}, Type: dtype.Uint16, Chunks: []int{2, 16, 16}})
	for _, name := range []string{"all.tif", "s%02d.tif", "s%02d.png"} {
		if err := ExportFile(ctx, d, nd.Sel(), filepath.Join(dir, name), &Options{Compression: "deflate"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := ExportFile(ctx, d, nd.Sel(), filepath.Join(dir, "l%d.jpg"), &Options{Levels: &Levels{8, 0, 99}}); err != nil {
		t.Fatal(err)
	}
	const source = `
import json, sys, numpy as np, tifffile
from PIL import Image
d = sys.argv[1]
want = (np.arange(6000) % 100).reshape(3, 40, 50)
assert (tifffile.imread(d + "/all.tif") == want).all()
for i in range(3):
    assert (tifffile.imread(f"{d}/s{i:02d}.tif") == want[i]).all()
    img = np.array(Image.open(f"{d}/s{i:02d}.png"))
    assert img.dtype.itemsize >= 2 and (img == want[i]).all()
    level = np.array(Image.open(f"{d}/l{i}.jpg")).astype(float)
    assert abs(level - want[i] / 99 * 255).mean() < 4, abs(level - want[i] / 99 * 255).mean()
json.dump("right", sys.stdout)`
	var got string
	if err := json.Unmarshal(testenv.RunPython(t, []string{"numpy", "tifffile", "PIL"}, source, dir), &got); err != nil || got != "right" {
		t.Errorf("got %q, %v", got, err)
	}
}

func FuzzPicture(f *testing.F) {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewNRGBA(image.Rect(0, 0, 4, 3))); err != nil {
		f.Fatal(err)
	}
	f.Add(slices.Clone(b.Bytes()), "x.png")
	b.Reset()
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 4, 3)), nil); err != nil {
		f.Fatal(err)
	}
	f.Add(slices.Clone(b.Bytes()), "x.jpg")
	f.Fuzz(func(t *testing.T, data []byte, name string) {
		if pictureKind(name) == "" || len(data) > 1<<16 {
			return
		}
		path := filepath.Join(t.TempDir(), "x"+filepath.Ext(name))
		if err := os.WriteFile(path, data, 0o666); err != nil {
			return // not a name
		}
		a, err := Open(path, nil)
		if err != nil {
			return
		}
		defer a.Close()
		if a.size < 1<<22 {
			_, _ = readWhole(t.Context(), a)
		}
	})
}

// What writePNG writes, image/png reads.
func TestWritePNG(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for n := range 200 {
		samples, typ := []int{1, 3, 4}[n%3], []dtype.Type{dtype.Uint8, dtype.Uint16}[n/3%2]
		shape := []int{1 + random.IntN(40), 1 + random.IntN(40), samples}
		if samples == 1 {
			shape = shape[:2]
		}
		elements := make([]byte, shape[0]*shape[1]*samples*typ.Size())
		row := shape[1] * samples * typ.Size()
		for i := range elements { // rows that different filters are best for
			switch i / row % 4 {
			case 0:
				elements[i] = byte(random.Uint32())
			case 1:
				elements[i] = byte(i * 3)
			case 2:
				elements[i] = elements[i-row] + byte(random.Uint32()%3)
			case 3:
				elements[i] = byte(i/row*20 + i%row*5 + int(random.Uint32()%2))
			}
		}
		var b bytes.Buffer
		if err := writePNG(&b, shape, typ, elements); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "x.png")
		if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
		f, err := Open(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		mustShape(t, f, shape, typ)
		back, err := readWhole(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		mustEqual(t, fmt.Sprint(typ, shape), back, elements)
	}
}

func BenchmarkWritePNG(b *testing.B) {
	shape := []int{1024, 1024}
	random := rand.New(rand.NewPCG(5, 6))
	elements := make([]uint16, 1<<20)
	for i := range elements {
		y, x := float64(i>>10), float64(i&1023)
		elements[i] = uint16(2000+1000*math.Sin(x/50)*math.Cos(y/70)) + uint16(random.IntN(64))
	}
	data := dtype.Bytes(elements)
	var out bytes.Buffer
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		out.Reset()
		if err := writePNG(&out, shape, dtype.Uint16, data); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(data))/float64(out.Len()), "ratio")
}

func TestNumbering(t *testing.T) {
	for names, want := range map[string]string{
		"":                         "",
		"a1":                       "",
		"a1 a2 a3":                 "",
		"a8 a9 a10 a11":            "",
		"a1 a2 a4":                 "a2 is followed by a4",
		"a09.png a10.png a12.png":  "a10.png is followed by a12.png",
		"a1.tif a3.tif b9.tif":     "a1.tif is followed by a3.tif",
		"t0_z0 t0_z1 t1_z0 t1_z1":  "",
		"t0_z0 t0_z1 t2_z0":        "",
		"left right":               "",
		"1 3 5 7 9 11":             "1 is followed by 3, 3 is followed by 5, 5 is followed by 7, and 2 gaps more",
		"a a2":                     "",
		"a99999999999999999999 a1": "",
		"x/1 y/3":                  "1 is followed by 3",
	} {
		if got := numbering(strings.Fields(names)); got != want {
			t.Errorf("%s: got %q, want %q", names, got, want)
		}
	}
}
