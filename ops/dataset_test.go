package ops

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"
	"golang.org/x/sync/errgroup"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/engine"
	"github.com/dosna/dosna/engine/enginetest"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/nd"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t testing.TB, url string, o dosna.Options) *dosna.Connection {
	t.Helper()
	o.Mode = dosna.Create
	c, err := dosna.Open(t.Context(), url, &o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// dataset creates a dataset and fills it, unless data is nil.
func dataset(t testing.TB, c *dosna.Connection, path string, s dosna.DatasetSpec, data []byte) *dosna.Dataset {
	t.Helper()
	d, err := c.CreateDataset(t.Context(), path, s)
	if err != nil {
		t.Fatal(err)
	}
	if data != nil {
		if err := d.WriteView(t.Context(), nd.Selection{}, nd.NewView(data, s.Shape, s.Type.Size())); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

func readAll(t testing.TB, d *dosna.Dataset) []byte {
	t.Helper()
	data := make([]byte, d.Bytes())
	if err := d.ReadRaw(t.Context(), nd.Selection{}, data); err != nil {
		t.Fatal(err)
	}
	return data
}

func TestBlur(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 3))
	engines := []*engine.Engine{engine.CPU(), engine.Threads(3)}
	for i, c := range gaussianCases(t, golden(t, "gaussian.py", "1", "25")) {
		in, out := mustType(t, c.In), mustType(t, c.Out)
		m, err := nd.ParseBoundary(c.Mode)
		if err != nil {
			t.Fatal(err)
		}
		conn := open(t, "mem://", dosna.Options{Engine: engines[i%2]})
		src := dataset(t, conn, "a", dosna.DatasetSpec{Shape: c.Shape, Type: in, Chunks: randomChunk(rnd, c.Shape)}, c.Input)
		dst := dataset(t, conn, "b", dosna.DatasetSpec{Shape: c.Shape, Type: out, Chunks: randomChunk(rnd, c.Shape)}, nil)
		o := GaussianOptions{Sigma: c.Sigma, Order: c.Order, Truncate: c.Truncate, Boundary: m, Value: c.Cval}
		g, err := NewGaussian(in, out, len(c.Shape), o)
		if err != nil {
			t.Fatal(err)
		}
		want := c.filter(t, slices.Clone(c.Shape))
		for name, blur := range map[string]func() error{
			"Blur":      func() error { return Blur(t.Context(), dst, src, o) },
			"blurLines": func() error { return blurLines(t.Context(), dst, src, g, o) },
		} {
			if len(g.axes) == 0 && name == "blurLines" {
				continue
			}
			if err := blur(); err != nil {
				t.Fatal(err)
			}
			if got := readAll(t, dst); !bytes.Equal(got, want) {
				worst, differing := compare(out, got, want)
				t.Errorf("%s, %s to %s, %v, %+v: %.3g of the elements differ, by up to %.3g", name, in, out, c.Shape, o, differing, worst)
			}
		}
	}
}

// TestBlurOverRanks has several ranks share the work.
func TestBlurOverRanks(t *testing.T) {
	shape := []int{20, 30}
	numbers := make([]float32, 600)
	for i := range numbers {
		numbers[i] = rand.Float32()
	}
	conn := open(t, "mem://", dosna.Options{})
	src := dataset(t, conn, "a", dosna.DatasetSpec{Shape: shape, Type: dtype.Float32, Chunks: []int{7, 8}}, dtype.Bytes(numbers))
	dst := dataset(t, conn, "b", dosna.DatasetSpec{Shape: shape, Type: dtype.Float32, Chunks: []int{3, 9}}, nil)
	o := GaussianOptions{Sigma: []float64{1.5}}
	var g errgroup.Group
	for _, comm := range enginetest.Ranks(3) {
		g.Go(func() error {
			with := dosna.Options{Engine: engine.New(comm, 2)}
			return Blur(t.Context(), dst.With(with), src.With(with), o)
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	if want := filterChunks(t, dtype.Float32, dtype.Float32, dtype.Bytes(numbers), shape, shape, o); !bytes.Equal(readAll(t, dst), want) {
		t.Error("three ranks blur differently")
	}
}

// TestBlurWidely has a filter that is much wider than chunks.
func TestBlurWidely(t *testing.T) {
	shape := []int{21, 3, 25}
	numbers := make([]uint16, 21*3*25)
	for i := range numbers {
		numbers[i] = uint16(rand.IntN(5000))
	}
	progress := 0
	conn := open(t, "mem://", dosna.Options{Engine: engine.Threads(2), Progress: func(int, int) { progress++ }})
	for _, out := range []dtype.Type{dtype.Uint16, dtype.Float32, dtype.Float16} {
		src := dataset(t, conn, "a"+out.Name(), dosna.DatasetSpec{Shape: shape, Type: dtype.Uint16, Chunks: []int{7, 8, 5}}, dtype.Bytes(numbers))
		dst := dataset(t, conn, "b"+out.Name(), dosna.DatasetSpec{Shape: shape, Type: out, Chunks: []int{4, 9, 4}}, nil)
		o := GaussianOptions{Sigma: []float64{60, 0, 90}, Boundary: nd.Constant, Value: 40}
		g, err := NewGaussian(dtype.Uint16, out, 3, o)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := byLines(g, src, dst), out != dtype.Float16; got != want {
			t.Errorf("into %s: by lines %v, want %v", out, got, want)
		}
		progress = 0
		if err := Blur(t.Context(), dst, src, o); err != nil {
			t.Fatal(err)
		}
		if want := filterChunks(t, dtype.Uint16, out, dtype.Bytes(numbers), shape, shape, o); !bytes.Equal(readAll(t, dst), want) {
			t.Errorf("into %s: not the result of the whole array", out)
		}
		if progress == 0 {
			t.Error("no progress was told")
		}
	}
}

func TestWayToBlur(t *testing.T) {
	conn := open(t, "mem://", dosna.Options{})
	for i, c := range []struct {
		n, chunk int
		sigma    float64
		lines    bool
	}{
		{256, 64, 2, false}, {256, 8, 2, false}, {1024, 64, 8, false}, {1024, 64, 20, true}, {2048, 256, 20, false}, {64, 64, 50, true},
	} {
		cube := func(n int) []int { return []int{n, n, n} }
		d := dataset(t, conn, fmt.Sprint(i), dosna.DatasetSpec{Shape: cube(c.n), Type: dtype.Float32, Chunks: cube(c.chunk)}, nil)
		g, err := NewGaussian(dtype.Float32, dtype.Float32, 3, GaussianOptions{Sigma: []float64{c.sigma}})
		if err != nil {
			t.Fatal(err)
		}
		if got := byLines(g, d, d); got != c.lines {
			t.Errorf("%+v: by lines %v", c, got)
		}
	}
}

// TestBlurBrain blurs a real volume and compares with SciPy.
func TestBlurBrain(t *testing.T) {
	f, err := os.Open(testenv.Brain(t))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	nifti, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	shape := []int{189, 233, 197}
	voxels := nifti[len(nifti)-189*233*197:]
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "in"), voxels, 0o666); err != nil {
		t.Fatal(err)
	}
	testenv.RunPython(t, []string{"numpy", "scipy"}, `
import sys, numpy as np
from scipy.ndimage import gaussian_filter
a = np.fromfile(sys.argv[1] + "/in", "u1").reshape(189, 233, 197)
gaussian_filter(a, 2, output="f4").tofile(sys.argv[1] + "/out")
`, dir)
	want, err := os.ReadFile(filepath.Join(dir, "out"))
	if err != nil {
		t.Fatal(err)
	}
	conn := open(t, filepath.Join(dir, "pool"), dosna.Options{})
	src := dataset(t, conn, "brain", dosna.DatasetSpec{Shape: shape, Type: dtype.Uint8, Chunks: []int{64, 64, 64}}, voxels)
	dst := dataset(t, conn, "blurred", dosna.DatasetSpec{Shape: shape, Type: dtype.Float32, Chunks: []int{64, 64, 64}}, nil)
	if err := Blur(t.Context(), dst, src, GaussianOptions{Sigma: []float64{2}}); err != nil {
		t.Fatal(err)
	}
	got, expected := dtype.Slice[float32](readAll(t, dst)), dtype.Slice[float32](want)
	for i, x := range expected {
		if d := math.Abs(float64(got[i] - x)); d > 1e-6*math.Abs(float64(x)) {
			t.Fatalf("voxel %d: %v, and %v by SciPy", i, got[i], x)
		}
	}
}

func TestDatasetsRefuse(t *testing.T) {
	conn := open(t, "mem://", dosna.Options{})
	single := dataset(t, conn, "a", dosna.DatasetSpec{Shape: []int{4, 4}, Type: dtype.Float32}, nil)
	complexes := dataset(t, conn, "c", dosna.DatasetSpec{Shape: []int{4, 4}, Type: dtype.Complex64}, nil)
	smaller := dataset(t, conn, "s", dosna.DatasetSpec{Shape: []int{4}, Type: dtype.Float32}, nil)
	sigma := GaussianOptions{Sigma: []float64{1}}
	for _, c := range []struct {
		err  error
		want string
	}{
		{Blur(t.Context(), single, single, sigma), "itself"},
		{Blur(t.Context(), smaller, single, sigma), "shape"},
		{Blur(t.Context(), complexes, single, sigma), "both complex"},
		{Blur(t.Context(), smaller, single, GaussianOptions{}), "sigma"},
		{Convert(t.Context(), single, complexes, CastOptions{}), "imaginary"},
		{RescaleTo(t.Context(), single, complexes, Line(1, 0), CastOptions{}), "real"},
		{statsError(t, complexes, "..."), "real"},
		{statsError(t, single, "9"), "out of bounds"},
		{statsError(t, single, "[1, 1]"), "repeats elements"},
	} {
		if !errors.Is(c.err, dosna.ErrInvalid) && !strings.Contains(fmt.Sprint(c.err), "out of bounds") || !strings.Contains(fmt.Sprint(c.err), c.want) {
			t.Errorf("error %v, want ErrInvalid and %q", c.err, c.want)
		}
	}
}

func statsError(t *testing.T, d *dosna.Dataset, sel string) error {
	t.Helper()
	s, err := nd.ParseSelection(sel)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Stats(t.Context(), d, s, StatsOptions{})
	return err
}

func TestConvertDataset(t *testing.T) {
	shape := []int{9, 10, 11}
	numbers := make([]float64, 990)
	want := make([]uint8, 990)
	inverted := make([]uint8, 990)
	for i := range numbers {
		numbers[i] = rand.NormFloat64()*200 + 100
		want[i] = uint8(math.RoundToEven(min(max(numbers[i], 0), 255)))
		inverted[i] = uint8(math.RoundToEven(min(max(255-255*numbers[i]/200, 0), 255)))
	}
	conn := open(t, "mem://", dosna.Options{})
	src := dataset(t, conn, "a", dosna.DatasetSpec{Shape: shape, Type: dtype.Float64, Chunks: []int{4, 3, 7}}, dtype.Bytes(numbers))
	dst := dataset(t, conn, "b", dosna.DatasetSpec{Shape: shape, Type: dtype.Uint8, Chunks: []int{5, 5, 5}}, nil)
	if err := Convert(t.Context(), dst, src, CastOptions{}); err != nil {
		t.Fatal(err)
	}
	equal(t, "converted", readAll(t, dst), want)
	l, err := RangeToRange(0, 200, 255, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := RescaleTo(t.Context(), dst, src, l, CastOptions{}); err != nil {
		t.Fatal(err)
	}
	equal(t, "rescaled", readAll(t, dst), inverted)
}

func TestStatsOfSelections(t *testing.T) {
	shape := []int{13, 17, 11}
	numbers := make([]int32, 13*17*11)
	for i := range numbers {
		numbers[i] = rand.Int32N(2000) - 1000
	}
	progress := 0
	conn := open(t, "mem://", dosna.Options{Engine: engine.Threads(3), Progress: func(done, total int) { progress++ }})
	d := dataset(t, conn, "a", dosna.DatasetSpec{Shape: shape, Type: dtype.Int32, Chunks: []int{5, 4, 6}}, dtype.Bytes(numbers))
	o := StatsOptions{Percentiles: []float64{0, 12.5, 50, 100}, Exact: true, Bins: 7}
	for _, text := range []string{
		"...", "3:9, ::2, 1:", "::-1", "4", "2, 3, 4", "[1, 4, 12]", "[1, 4], [2, 3]", "oindex[[1, 4, 12], :, [0, 10]]", "5:5", "None, 2:3",
		"[True, False, True, False, False, False, False, False, False, False, False, False, True], 3:, ::5", "[[1, 2], [3, 4]], 0", "[12, 1], ..., ::-3",
	} {
		sel, err := nd.ParseSelection(text)
		if err != nil {
			t.Fatal(err)
		}
		elements, err := dosna.ReadAll[int32](t.Context(), d, sel)
		if err != nil {
			t.Fatal(err)
		}
		progress = 0
		got, err := Stats(t.Context(), d, sel, o)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if want := stats(t, o, elements...); describe(got) != describe(want) {
			t.Errorf("%s: %s, want %s", text, describe(got), describe(want))
		}
		if progress == 0 && len(elements) > 0 {
			t.Errorf("%s: no progress was told", text)
		}
	}
}

func TestStatsStopsWhenCancelled(t *testing.T) {
	conn := open(t, "mem://", dosna.Options{})
	d := dataset(t, conn, "a", dosna.DatasetSpec{Shape: []int{1 << 40}, Type: dtype.Float64, Chunks: []int{1 << 10}}, nil)
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("enough")
	d = d.With(dosna.Options{Progress: func(done, _ int) {
		if done == 10 {
			cancel(cause)
		}
	}})
	if _, err := Stats(ctx, d, nd.Selection{}, StatsOptions{}); !errors.Is(err, cause) {
		t.Errorf("error %v", err)
	}
}

// BenchmarkBlur filters a volume of 256³ float32 in chunks of 64³, as the
// Benchmark of the whole program does.
func BenchmarkBlur(b *testing.B) {
	const n = 256
	numbers := make([]float32, n*n*n)
	for i := range numbers {
		z, y, x := i/(n*n), i/n%n, i%n
		numbers[i] = float32(math.Sin(float64(z)/20)+math.Cos(float64(y)/15)*float64(x)/100) + float32(rand.IntN(16))/64
	}
	for _, codec := range []string{"none", "zstd:3"} {
		for _, url := range []string{"mem://", b.TempDir() + "/pool"} {
			store, _, _ := strings.Cut(url, "/")
			b.Run(fmt.Sprintf("store=%s/codec=%s", strings.TrimSuffix(store+"file:", ":")[:4], codec), func(b *testing.B) {
				conn := open(b, url, dosna.Options{})
				spec := dosna.DatasetSpec{Shape: []int{n, n, n}, Type: dtype.Float32, Chunks: []int{64, 64, 64}, Codec: codec}
				src := dataset(b, conn, codec+"/a", spec, dtype.Bytes(numbers))
				dst := dataset(b, conn, codec+"/b", spec, nil)
				b.SetBytes(4 * n * n * n)
				for b.Loop() {
					if err := Blur(b.Context(), dst, src, GaussianOptions{Sigma: []float64{2}}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
