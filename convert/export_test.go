package convert

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/render"
)

func filled(t *testing.T, c *dosna.Connection, path string, spec dosna.DatasetSpec) *dosna.Dataset {
	t.Helper()
	d, err := c.CreateDataset(t.Context(), path, spec)
	if err != nil {
		t.Fatal(err)
	}
	n, _ := nd.Size(spec.Shape)
	if err := d.WriteRaw(t.Context(), nd.Sel(), numbered(t, spec.Type, n)); err != nil {
		t.Fatal(err)
	}
	return d
}

// Whatever is selected, in parts as small as can be, is written whole.
func TestExport(t *testing.T) {
	ctx, c := t.Context(), openMem(t)
	d := filled(t, c, "a", dosna.DatasetSpec{Shape: []int{9, 8, 7}, Type: dtype.Int32, Chunks: []int{4, 3, 2}, Codec: "none"})
	rng := rand.New(rand.NewPCG(4, 4))
	for _, text := range []string{
		"()", "3", "3, 4, 5", "2:7", "2:7, 3", ":, 2:5, ::-2", "::-1, ..., 3", "None, 1:8:3, :, None", "[1, 5, 5, -1]",
		"[0, 3, 2], :, [1, 2, 2]", "..., [True, False, True, True, False, False, False]", "5:5", "1:8, 1:7, 1:6", "1, :, 2:",
	} {
		sel, err := nd.ParseSelection(text)
		if err != nil {
			t.Fatal(err)
		}
		r, err := sel.Resolve(d.Shape())
		if err != nil {
			t.Fatal(err)
		}
		want := make([]byte, r.Size()*4)
		if err := d.ReadRaw(ctx, sel, want); err != nil {
			t.Fatal(err)
		}
		for range 5 {
			done := 0
			o := &Options{Memory: 8 + rng.IntN(1500)}
			var b bytes.Buffer
			if err := Export(ctx, d.With(dosna.Options{Progress: func(n, _ int) { done = n }}), sel, &b, NPY, o); err != nil {
				t.Fatal(err)
			}
			f, err := OpenNPY(text, &b)
			if err != nil {
				t.Fatal(err)
			}
			mustShape(t, f, r.Shape, dtype.Int32)
			got, err := readWhole(ctx, f)
			if err != nil {
				t.Fatal(err)
			}
			mustEqual(t, text, got, want)
			if done != len(want) {
				t.Fatalf("%s: %d of %d bytes reported", text, done, len(want))
			}
		}
	}
}

func TestExportFile(t *testing.T) {
	ctx, c, dir := t.Context(), openMem(t), t.TempDir()
	d := filled(t, c, "a", dosna.DatasetSpec{Shape: []int{3, 4}, Type: dtype.Uint8})
	for _, name := range []string{"a.npy", "a.npz", "a.raw", "a.json", "a.PNG"} {
		for range 2 { // the second time it is replaced
			if err := ExportFile(ctx, d, nd.Sel(), filepath.Join(dir, name), &Options{Name: "scan"}); err != nil {
				t.Fatal(err)
			}
		}
	}
	mustEqual(t, "raw", readFile(t, filepath.Join(dir, "a.raw")), []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11})
	if got, want := string(readFile(t, filepath.Join(dir, "a.json"))), "[[0, 1, 2, 3],\n [4, 5, 6, 7],\n [8, 9, 10, 11]]\n"; got != want {
		t.Errorf("json: got %q, want %q", got, want)
	}
	for _, name := range []string{"a.npy", "a.npz", "a.npz:scan"} {
		f, err := Open(filepath.Join(dir, name), nil)
		if err != nil {
			t.Fatal(err)
		}
		mustShape(t, f, []int{3, 4}, dtype.Uint8)
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	img, err := png.Decode(bytes.NewReader(readFile(t, filepath.Join(dir, "a.PNG"))))
	if err != nil || img.Bounds().Dx() != 4 || img.Bounds().Dy() != 3 {
		t.Fatalf("png: %v", err)
	}
	if grey, _, _, _ := img.At(3, 2).RGBA(); grey != 0xffff {
		t.Errorf("png: the largest number is drawn as %x", grey)
	}

	if err := ExportFile(ctx, d, nd.Sel(), filepath.Join(dir, "a.xyz"), nil); err == nil || !strings.Contains(err.Error(), ".npz") {
		t.Errorf("unknown ending: got error %v", err)
	}
	err = ExportFile(ctx, d, nd.Sel(nd.At(7)), filepath.Join(dir, "a.raw"), nil)
	if err == nil || !strings.Contains(err.Error(), "out of bounds") {
		t.Errorf("got error %v", err)
	}
	if err := ExportFile(ctx, d, nd.Sel(), filepath.Join(dir, "no", "a.raw"), nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got error %v", err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 5 {
		t.Errorf("files left over: %v", files)
	}
}

func TestJSON(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		shape []int
		t     dtype.Type
		data  []byte
		want  string
	}{
		{nil, dtype.Bool, []byte{1}, "true"},
		{[]int{0}, dtype.Bool, nil, "[]"},
		{[]int{2, 0, 3}, dtype.Bool, nil, "[[], []]"},
		{[]int{3}, dtype.Int64, dtype.Bytes([]int64{math.MinInt64, 0, math.MaxInt64}), "[-9223372036854775808, 0, 9223372036854775807]"},
		{[]int{6}, dtype.Float64, dtype.Bytes([]float64{nan, inf, -inf, 1, 1e300, 0.1}), `["NaN", "Infinity", "-Infinity", 1.0, 1e+300, 0.1]`},
		{[]int{2}, dtype.Float32, dtype.Bytes([]float32{0.1, -1e-9}), "[0.1, -1e-09]"},
		{[]int{1, 1}, dtype.Float16, dtype.Bytes([]dtype.Half{dtype.HalfOf(1.5)}), "[[1.5]]"},
		{[]int{1, 2}, dtype.Complex64, dtype.Bytes([]complex64{1 + 2i, complex(0, float32(inf))}), `[[[1.0, 2.0], [0.0, "Infinity"]]]`},
		{[]int{2, 2, 1}, dtype.Uint8, []byte{1, 2, 3, 4}, "[[[1],\n  [2]],\n [[3],\n  [4]]]"},
	} {
		var b bytes.Buffer
		w, err := NewWriter(&b, JSON, c.shape, c.t, "")
		if err != nil {
			t.Fatal(err)
		}
		for part := range slices.Chunk(c.data, c.t.Size()) {
			if _, err := w.Write(part); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if got := b.String(); got != c.want+"\n" || !json.Valid(b.Bytes()) {
			t.Errorf("%v of %s: got %s, want %s", c.shape, c.t, got, c.want)
		}
	}
	if _, err := NewWriter(&bytes.Buffer{}, JSON, []int{1 << 40, 0}, dtype.Bool, ""); err == nil {
		t.Error("a million million empty lists are written")
	}
}

func TestWriterErrors(t *testing.T) {
	w, err := NewWriter(&bytes.Buffer{}, Raw, []int{3}, dtype.Int16, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{1, 8} {
		if _, err := w.Write(make([]byte, n)); err == nil {
			t.Errorf("%d bytes are written", n)
		}
	}
	if _, err := w.Write(make([]byte, 4)); err != nil {
		t.Error(err)
	}
	if err := w.Close(); err == nil || !strings.Contains(err.Error(), "lacks 2 bytes") {
		t.Errorf("got error %v", err)
	}
	for _, f := range []Format{PNG, "tiff"} {
		if _, err := NewWriter(&bytes.Buffer{}, f, []int{3}, dtype.Int16, ""); err == nil {
			t.Errorf("%s is written", f)
		}
	}
}

// Of an array far larger than memory only the corners are read.
func TestPrint(t *testing.T) {
	ctx, c := t.Context(), openMem(t)
	const n = 1 << 29
	d, err := c.CreateDataset(ctx, "huge", dosna.DatasetSpec{Shape: []int{n, n}, Type: dtype.Float64, Chunks: []int{64, 64}, Fill: 1.5})
	if err != nil {
		t.Fatal(err)
	}
	if err := dosna.Write(ctx, d, nd.Sel(nd.At(-1), nd.At(-2)), []float64{-20}); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"()": `[[  1.5   1.5   1.5 ...   1.5   1.5   1.5]
 [  1.5   1.5   1.5 ...   1.5   1.5   1.5]
 [  1.5   1.5   1.5 ...   1.5   1.5   1.5]
 ...
 [  1.5   1.5   1.5 ...   1.5   1.5   1.5]
 [  1.5   1.5   1.5 ...   1.5   1.5   1.5]
 [  1.5   1.5   1.5 ...   1.5 -20.    1.5]]
`,
		"::-1, -2":             "[-20.    1.5   1.5 ...   1.5   1.5   1.5]\n",
		"[0, -1], -3:":         "[[  1.5   1.5   1.5]\n [  1.5 -20.    1.5]]\n",
		"-1, -2":               "-20.0\n",
		"3:3":                  "[]\n",
		"[0, -1, 5], [0,-2,3]": "[  1.5 -20.    1.5]\n",
	} {
		sel, err := nd.ParseSelection(text)
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		if err := Print(ctx, &b, d, sel, nil); err != nil {
			t.Fatal(err)
		}
		if b.String() != want {
			t.Errorf("%s: got\n%s\nwant\n%s", text, b.String(), want)
		}
	}
	err = Print(ctx, &strings.Builder{}, d, nd.Sel(), &render.TextOptions{Threshold: math.MaxInt, Edge: math.MaxInt})
	if err == nil || !strings.Contains(err.Error(), "select fewer") {
		t.Errorf("got error %v", err)
	}
}

func TestPicture(t *testing.T) {
	ctx, c := t.Context(), openMem(t)
	d := filled(t, c, "a", dosna.DatasetSpec{Shape: []int{3, 40, 50}, Type: dtype.Float32, Chunks: []int{2, 16, 16}})
	for text, want := range map[string]string{"1": "50×40", ":, 3": "50×3", "1, 2": "50×1", "0:1, 5:10, :": "50×5", "1, 2, 3": "1×1", ":1, :2, :1": "2×1"} {
		sel, err := nd.ParseSelection(text)
		if err != nil {
			t.Fatal(err)
		}
		img, err := Picture(ctx, d, sel, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%d×%d", img.Bounds().Dx(), img.Bounds().Dy()); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
	if _, err := Picture(ctx, d, nd.Sel(), nil); err == nil || !strings.Contains(err.Error(), "select a plane") {
		t.Errorf("got error %v", err)
	}
	if _, err := Picture(ctx, d, nd.Sel(nd.At(0)), &render.ImageOptions{Colormap: "no"}); err == nil {
		t.Error("an unknown colormap draws")
	}

	whole := make([]float32, 40*50)
	if err := dosna.Read(ctx, d, nd.Sel(nd.At(2)), whole); err != nil {
		t.Fatal(err)
	}
	o := &render.ImageOptions{Colormap: "viridis", Size: 33}
	want, err := o.Image(nd.NewView(dtype.Bytes(whole), []int{40, 50}, 4), dtype.Float32)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Picture(ctx, d, nd.Sel(nd.At(2)), o)
	if err != nil {
		t.Fatal(err)
	}
	for y := range want.Rect.Dy() {
		for x := range want.Rect.Dx() {
			if got.At(x, y) != want.At(x, y) {
				t.Fatalf("pixel %d,%d: got %v, want %v", x, y, got.At(x, y), want.At(x, y))
			}
		}
	}
}
