package ops

import (
	"bytes"
	"encoding/json"
	"flag"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/nd"
)

var update = flag.Bool("update", false, "rewrite the golden files from NumPy and SciPy")

// python runs testdata/script with args and returns what it prints.
func python(t *testing.T, script string, args ...string) []byte {
	t.Helper()
	source, err := os.ReadFile("testdata/" + script)
	if err != nil {
		t.Fatal(err)
	}
	return testenv.RunPython(t, []string{"numpy", "scipy"}, string(source), args...)
}

// count is a number of random cases, fewer under the race detector.
func count(n int) string {
	if testenv.Race {
		n /= 10
	}
	return strconv.Itoa(n)
}

// golden returns what script printed for args when the golden file was made.
func golden(t *testing.T, script string, args ...string) []byte {
	t.Helper()
	name := "testdata/" + strings.TrimSuffix(script, ".py") + ".json"
	if *update {
		if err := os.WriteFile(name, python(t, script, args...), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// gaussianCase is a line of testdata/gaussian.py.
type gaussianCase struct {
	In, Out        string
	Shape          []int
	Sigma          []float64
	Order          []int
	Mode           string
	Cval, Truncate float64
	Input, Output  []byte
}

func gaussianCases(t *testing.T, text []byte) []gaussianCase {
	t.Helper()
	var cases []gaussianCase
	for d := json.NewDecoder(bytes.NewReader(text)); d.More(); {
		var c gaussianCase
		if err := d.Decode(&c); err != nil {
			t.Fatal(err)
		}
		cases = append(cases, c)
	}
	return cases
}

// mustType returns the type of that name.
func mustType(t testing.TB, name string) dtype.Type {
	typ, err := dtype.ByName(name)
	if err != nil {
		t.Fatal(err)
	}
	return typ
}

// filter applies the case's filter to its input, cut into chunks.
func (c gaussianCase) filter(t testing.TB, chunk []int) []byte {
	in, out := mustType(t, c.In), mustType(t, c.Out)
	m, err := nd.ParseBoundary(c.Mode)
	if err != nil {
		t.Fatal(err)
	}
	o := GaussianOptions{Sigma: c.Sigma, Order: c.Order, Truncate: c.Truncate, Boundary: m, Value: c.Cval}
	return filterChunks(t, in, out, c.Input, c.Shape, chunk, o)
}

func filterChunks(t testing.TB, in, out dtype.Type, input []byte, shape, chunk []int, o GaussianOptions) []byte {
	t.Helper()
	g, err := NewGaussian(in, out, len(shape), o)
	if err != nil {
		t.Fatal(err)
	}
	size, _ := nd.Size(shape)
	value := in.Zero()
	if o.Boundary == nd.Constant && o.Value != nil {
		if value, err = in.Encode(o.Value); err != nil {
			t.Fatal(err)
		}
	}
	src := nd.NewView(input, shape, in.Size())
	dst := nd.NewView(make([]byte, size*out.Size()), shape, out.Size())
	grid, err := nd.NewGrid(shape, chunk)
	if err != nil {
		t.Fatal(err)
	}
	for i := range grid.Len() {
		box := grid.Cell(grid.Coords(i, nil))
		wide := nd.Box{Start: slices.Clone(box.Start), Shape: slices.Clone(box.Shape)}
		for axis, h := range g.Halo() {
			wide.Start[axis] -= h
			wide.Shape[axis] += 2 * h
		}
		block := nd.NewView(make([]byte, wide.Size()*in.Size()), wide.Shape, in.Size())
		err := o.Boundary.Read(block, wide, shape, value, func(b nd.Box, dst nd.View) error {
			nd.Copy(dst, src.Sub(b))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := g.Filter(dst.Sub(box), block, box, shape); err != nil {
			t.Fatal(err)
		}
	}
	return dst.Data
}

// floats returns elements of any type as numbers, complex ones as two.
func floats(t dtype.Type, data []byte) []float64 {
	if t.Kind() == dtype.Complex {
		t = realPart(t)
	}
	f := make([]float64, len(data)/t.Size())
	memory := make([]byte, (len(data)+7)&^7) // a multiple of 8 bytes is aligned
	copy(memory, data)
	loaderOf(t)(f, memory[:len(data)])
	return f
}

// compare returns the largest difference relative to the largest number, and
// the part of numbers that differ.
func compare(t dtype.Type, got, want []byte) (worst, differing float64) {
	g, w := floats(t, got), floats(t, want)
	largest, count := 0.0, 0
	for _, x := range w {
		if !math.IsInf(x, 0) && !math.IsNaN(x) {
			largest = max(largest, math.Abs(x))
		}
	}
	for i := range w {
		if g[i] == w[i] || math.IsNaN(g[i]) && math.IsNaN(w[i]) {
			continue
		}
		count++
		if d := math.Abs(g[i]-w[i]) / largest; !(d <= worst) {
			worst = d
		}
	}
	return worst, float64(count) / float64(max(len(w), 1))
}

// checkGaussian compares with SciPy: to the last bit, but for derivatives, whose
// weights SciPy computes in another order.
func checkGaussian(t *testing.T, c gaussianCase, chunk []int) {
	t.Helper()
	got := c.filter(t, chunk)
	out := mustType(t, c.Out)
	worst, differing := compare(out, got, c.Output)
	limit := 0.0
	if slices.ContainsFunc(c.Order, func(n int) bool { return n > 0 }) {
		limit = map[dtype.Type]float64{dtype.Float32: 1e-6, dtype.Complex64: 1e-6, dtype.Float64: 1e-11, dtype.Complex128: 1e-11}[out]
	}
	if !(worst <= limit) {
		c.Input, c.Output = nil, nil
		t.Errorf("%+v in chunks of %v: %.3g of the elements differ from SciPy's, by up to %.3g", c, chunk, differing, worst)
	}
}

func randomChunk(rnd *rand.Rand, shape []int) []int {
	chunk := make([]int, len(shape))
	for i, n := range shape {
		chunk[i] = 1 + rnd.IntN(n+2)
	}
	return chunk
}

func TestGaussianGolden(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	for _, c := range gaussianCases(t, golden(t, "gaussian.py", "1", "25")) {
		checkGaussian(t, c, slices.Clone(c.Shape))
		checkGaussian(t, c, randomChunk(rnd, c.Shape))
	}
}

func TestGaussianAsSciPy(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, c := range gaussianCases(t, python(t, "gaussian.py", "2", count(300))) {
		checkGaussian(t, c, slices.Clone(c.Shape))
		checkGaussian(t, c, randomChunk(rnd, c.Shape))
	}
}

// TestGaussianAsPlainSciPy compares with SciPy as installed, whose weights may
// differ from ours in the last bit.
func TestGaussianAsPlainSciPy(t *testing.T) {
	for _, c := range gaussianCases(t, python(t, "gaussian.py", "3", count(200), "plain")) {
		out := mustType(t, c.Out)
		worst, _ := compare(out, c.filter(t, slices.Clone(c.Shape)), c.Output)
		limit := 1e-13
		switch {
		case out == dtype.Float32 || out == dtype.Complex64:
			limit = 2e-7
		case out.Kind() != dtype.Float && out.Kind() != dtype.Complex:
			// 1 for each axis
			largest := slices.Max(append(floats(out, c.Output), 1))
			limit = float64(len(c.Shape)) / max(largest, -slices.Min(append(floats(out, c.Output), 0)))
		}
		if !(worst <= limit) {
			c.Input, c.Output = nil, nil
			t.Errorf("%+v: differs from SciPy by up to %.3g of the largest element", c, worst)
		}
	}
}

func TestGaussianHalf(t *testing.T) {
	shape := []int{9, 11}
	o := GaussianOptions{Sigma: []float64{1.2}, Boundary: nd.Nearest}
	half, single := make([]dtype.Half, 99), make([]float32, 99)
	for i := range half {
		half[i] = dtype.HalfOf(rand.NormFloat64())
		single[i] = half[i].Float32()
	}
	for i, f := range dtype.Slice[float32](filterChunks(t, dtype.Float32, dtype.Float32, dtype.Bytes(single), shape, []int{4, 3}, o)) {
		single[i] = f
		half[i], single[i] = dtype.HalfOf(float64(f)), half[i].Float32()
	}
	got := filterChunks(t, dtype.Float32, dtype.Float16, dtype.Bytes(single), shape, []int{9, 11}, o)
	in := make([]dtype.Half, 99)
	for i := range in {
		in[i] = dtype.HalfOf(float64(single[i]))
	}
	if !bytes.Equal(got, dtype.Bytes(half)) {
		t.Error("filtering float32 into float16 is not filtering float32 and rounding")
	}
	if got := filterChunks(t, dtype.Float16, dtype.Float16, dtype.Bytes(in), shape, []int{2, 8}, o); !bytes.Equal(got, dtype.Bytes(half)) {
		t.Error("filtering float16 is not filtering it as float32 and rounding")
	}
}

// TestGaussianViews filters views with gaps, reversed and misaligned memory.
func TestGaussianViews(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shape := rapid.SliceOfN(rapid.IntRange(1, 9), 1, 3).Draw(t, "shape")
		o := GaussianOptions{Sigma: []float64{rapid.SampledFrom([]float64{0, 0.3, 1}).Draw(t, "sigma")}}
		g, err := NewGaussian(dtype.Float32, dtype.Float32, len(shape), o)
		if err != nil {
			t.Fatal(err)
		}
		wide := slices.Clone(shape)
		for i, h := range g.Halo() {
			wide[i] += 2 * h
		}
		draw := func(shape []int, name string) nd.View {
			double := slices.Clone(shape)
			for i := range double {
				double[i] *= 2
			}
			n, _ := nd.Size(double)
			shift := rapid.SampledFrom([]int{0, 0, 4, 1}).Draw(t, name+" shift")
			v := nd.NewView(make([]byte, 4*n+shift), double, 4)
			v.Off = shift
			for i := range shape {
				if rapid.Bool().Draw(t, name+" reversed") {
					v = v.Flip(i)
				}
				v = v.Step(i, 0, rapid.IntRange(1, 2).Draw(t, name+" step"), shape[i])
			}
			return v
		}
		in, out := draw(wide, "in"), draw(shape, "out")
		n, _ := nd.Size(wide)
		numbers := make([]float32, n)
		for i := range numbers {
			numbers[i] = rand.Float32()
		}
		plain := nd.NewView(dtype.Bytes(numbers), wide, 4)
		nd.Copy(in, plain)
		m, _ := nd.Size(shape)
		want, got := nd.NewView(make([]byte, 4*m), shape, 4), nd.NewView(make([]byte, 4*m), shape, 4)
		if err := g.Filter(want, plain, nd.Box{}, nil); err != nil {
			t.Fatal(err)
		}
		if err := g.Filter(out, in, nd.Box{}, nil); err != nil {
			t.Fatal(err)
		}
		nd.Copy(got, out)
		if !bytes.Equal(got.Data, want.Data) {
			t.Fatal("the result depends on how elements lie in memory")
		}
	})
}

func TestGaussianRefuses(t *testing.T) {
	one := []float64{1}
	for _, c := range []struct {
		in, out dtype.Type
		o       GaussianOptions
		want    string
	}{
		{dtype.Type{}, dtype.Float32, GaussianOptions{Sigma: one}, "core specification"},
		{dtype.Complex64, dtype.Float32, GaussianOptions{Sigma: one}, "both complex"},
		{dtype.Float32, dtype.Complex64, GaussianOptions{Sigma: one}, "both complex"},
		{dtype.Bool, dtype.Bool, GaussianOptions{Sigma: one}, "into bool"},
		{dtype.Float32, dtype.Float32, GaussianOptions{}, "0 values of sigma for 2 axes"},
		{dtype.Float32, dtype.Float32, GaussianOptions{Sigma: []float64{1, 2, 3}}, "3 values of sigma"},
		{dtype.Float32, dtype.Float32, GaussianOptions{Sigma: one, Order: []int{1, 2, 3}}, "3 values of order"},
		{dtype.Float32, dtype.Float32, GaussianOptions{Sigma: []float64{-1}}, "sigma -1 along axis 0"},
		{dtype.Float32, dtype.Float32, GaussianOptions{Sigma: []float64{1, math.NaN()}}, "sigma NaN along axis 1"},
		{dtype.Float32, dtype.Float32, GaussianOptions{Sigma: []float64{math.Inf(1)}}, "sigma +Inf"},
		{dtype.Float32, dtype.Float32, GaussianOptions{Sigma: []float64{1e9}}, "radius"},
		{dtype.Float32, dtype.Float32, GaussianOptions{Sigma: one, Truncate: -1}, "truncate"},
		{dtype.Float32, dtype.Float32, GaussianOptions{Sigma: one, Truncate: math.NaN()}, "truncate"},
		{dtype.Float32, dtype.Float32, GaussianOptions{Sigma: one, Order: []int{-1}}, "order -1"},
		{dtype.Uint8, dtype.Uint8, GaussianOptions{Sigma: one, Boundary: nd.Constant, Value: 0.5}, "beyond the edges"},
		{dtype.Uint8, dtype.Uint8, GaussianOptions{Sigma: one, Boundary: nd.Constant, Value: 256}, "out of range"},
	} {
		if _, err := NewGaussian(c.in, c.out, 2, c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s to %s, %+v: error %v, want %q", c.in, c.out, c.o, err, c.want)
		}
	}
	g, err := NewGaussian(dtype.Float32, dtype.Float32, 1, GaussianOptions{Sigma: one, Boundary: nd.Constant})
	if err != nil {
		t.Fatal(err)
	}
	view := func(n, item int) nd.View { return nd.NewView(make([]byte, n*item), []int{n}, item) }
	box := nd.Box{Start: []int{0}, Shape: []int{5}}
	for _, c := range []struct {
		out, in nd.View
		box     nd.Box
		shape   []int
		want    string
	}{
		{view(5, 4), view(12, 4), box, []int{5}, "halo is [4]"},
		{view(5, 8), view(13, 4), box, []int{5}, "elements of 8 bytes"},
		{view(5, 4), view(13, 2), box, []int{5}, "elements of 2 bytes"},
		{view(5, 4), view(13, 4), nd.Box{}, nil, "output of shape [5] is at"},
		{view(5, 4).Insert(0), view(13, 4).Insert(0), box, []int{5}, "2 axes"},
		{nd.View{Shape: []int{5}, Strides: []int{4}, Item: 4}, view(13, 4), box, []int{5}, "reaches bytes"},
	} {
		if err := g.Filter(c.out, c.in, c.box, c.shape); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v from %v: error %v, want %q", c.out.Shape, c.in.Shape, err, c.want)
		}
	}
}

func TestGaussianOfNothing(t *testing.T) {
	o := GaussianOptions{Sigma: []float64{1}}
	if got := filterChunks(t, dtype.Float32, dtype.Float32, nil, []int{0, 3}, []int{1, 1}, o); len(got) != 0 {
		t.Errorf("%d bytes", len(got))
	}
	scalar := dtype.Bytes([]float32{42})
	if got := filterChunks(t, dtype.Float32, dtype.Float32, scalar, []int{}, []int{}, GaussianOptions{}); !bytes.Equal(got, scalar) {
		t.Errorf("a scalar became %v", got)
	}
	if got := filterChunks(t, dtype.Float32, dtype.Int16, scalar, []int{}, []int{}, o); dtype.Slice[int16](got)[0] != 42 {
		t.Errorf("a scalar became %v", got)
	}
}

func BenchmarkGaussian(b *testing.B) {
	for _, typ := range []dtype.Type{dtype.Float32, dtype.Uint8, dtype.Float64} {
		b.Run("dtype="+typ.Name(), func(b *testing.B) {
			g, err := NewGaussian(typ, typ, 3, GaussianOptions{Sigma: []float64{2}})
			if err != nil {
				b.Fatal(err)
			}
			in := nd.NewView(make([]byte, 80*80*80*typ.Size()), []int{80, 80, 80}, typ.Size())
			out := nd.NewView(make([]byte, 64*64*64*typ.Size()), []int{64, 64, 64}, typ.Size())
			b.SetBytes(int64(len(out.Data)))
			for b.Loop() {
				if err := g.Filter(out, in, nd.Box{}, nil); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(64*64*64), "ns/voxel")
		})
	}
}
