package ops

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
)

// castCase is a line of testdata/cast.py.
type castCase struct {
	From, To                           string
	Input, Rounded, InRange, Truncated []byte
}

func TestCastAsNumPy(t *testing.T) {
	text := python(t, "cast.py", "1")
	pairs := 0
	for d := json.NewDecoder(bytes.NewReader(text)); d.More(); pairs++ {
		var c castCase
		if err := d.Decode(&c); err != nil {
			t.Fatal(err)
		}
		from, to := mustType(t, c.From), mustType(t, c.To)
		for _, way := range []struct {
			o         CastOptions
			src, want []byte
		}{
			{CastOptions{DropImaginary: true}, c.Input, c.Rounded},
			{CastOptions{DropImaginary: true, Truncate: true}, c.InRange, c.Truncated},
		} {
			got := castBytes(t, from, to, way.o, way.src)
			for i := 0; i < len(got); i += to.Size() {
				g, w := got[i:i+to.Size()], way.want[i:i+to.Size()]
				if !bytes.Equal(g, w) && !strings.Contains(to.Format(w), "nan") {
					x := way.src[i/to.Size()*from.Size():]
					t.Errorf("%s %s to %s, %+v: %s, want %s", from, from.Format(x[:from.Size()]), to, way.o, to.Format(g), to.Format(w))
				}
			}
		}
	}
	if pairs != 14*14 {
		t.Errorf("%d pairs of types", pairs)
	}
}

func castBytes(t *testing.T, from, to dtype.Type, o CastOptions, src []byte) []byte {
	t.Helper()
	cast, err := Cast(from, to, o)
	if err != nil {
		t.Fatal(err)
	}
	n := len(src) / from.Size()
	dst := nd.NewView(make([]byte, n*to.Size()), []int{n}, to.Size())
	if err := cast(dst, nd.NewView(src, []int{n}, from.Size())); err != nil {
		t.Fatal(err)
	}
	return dst.Data
}

// cast converts Go values.
func cast[To, From dtype.Element](t *testing.T, o CastOptions, src ...From) []To {
	t.Helper()
	dst := make([]To, len(src))
	copy(dtype.Bytes(dst), castBytes(t, dtype.Of[From](), dtype.Of[To](), o, dtype.Bytes(src)))
	return dst
}

func equal[T comparable](t *testing.T, what string, got, want []T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestCast(t *testing.T) {
	var round CastOptions
	trunc := CastOptions{Truncate: true}
	nan, inf := math.NaN(), math.Inf(1)
	floats := []float64{nan, inf, -inf, 0.5, 1.5, 2.5, -0.5, -1.5, 254.5, 255.4, 255.5, 1e300}
	equal(t, "float64 to uint8", cast[uint8](t, round, floats...), []uint8{0, 255, 0, 0, 2, 2, 0, 0, 254, 255, 255, 255})
	equal(t, "float64 to uint8, truncated", cast[uint8](t, trunc, floats...), []uint8{0, 255, 0, 0, 1, 2, 0, 0, 254, 255, 255, 255})
	equal(t, "float64 to int8", cast[int8](t, round, floats...), []int8{0, 127, -128, 0, 2, 2, 0, -2, 127, 127, 127, 127})
	equal(t, "float64 to int64", cast[int64](t, round, nan, inf, -inf, 9.3e18, -9.3e18), []int64{0, math.MaxInt64, math.MinInt64, math.MaxInt64, math.MinInt64})
	equal(t, "float32 to uint64", cast[uint64](t, round, float32(1e19), 1e20, -1), []uint64{9999999980506447872, math.MaxUint64, 0})
	equal(t, "float64 to bool", cast[bool](t, round, 0, math.Copysign(0, -1), 1e-300, nan), []bool{false, false, true, true})
	equal(t, "int64 to uint64", cast[uint64](t, round, int64(-1), math.MaxInt64), []uint64{0, math.MaxInt64})
	equal(t, "int64 to uint64, wrapped", cast[uint64](t, trunc, int64(-1)), []uint64{math.MaxUint64})
	equal(t, "uint64 to int64", cast[int64](t, round, uint64(math.MaxUint64), 1<<63, 5), []int64{math.MaxInt64, math.MaxInt64, 5})
	equal(t, "int32 to uint8", cast[uint8](t, round, int32(-5), 5, 300), []uint8{0, 5, 255})
	equal(t, "int32 to uint8, wrapped", cast[uint8](t, trunc, int32(-5), 5, 300), []uint8{251, 5, 44})
	equal(t, "int64 to float32, rounded once", cast[float32](t, round, int64(1)<<60+1<<36+1), []float32{1<<60 + 1<<37})
	equal(t, "float64 to complex64", cast[complex64](t, round, 1.5, -2), []complex64{1.5, -2})
	equal(t, "complex64 to bool", cast[bool](t, round, complex64(0), 1i, complex(float32(math.Copysign(0, -1)), 0)), []bool{false, true, false})
	equal(t, "complex128 to int16", cast[int16](t, CastOptions{DropImaginary: true}, 2.5+3i, 1e9), []int16{2, math.MaxInt16})
	equal(t, "bool to float16", cast[dtype.Half](t, round, true, false), []dtype.Half{0x3c00, 0})
	equal(t, "float32 to float16", cast[dtype.Half](t, round, float32(65519), 65520, -1e-8), []dtype.Half{0x7bff, 0x7c00, 0x8000})
}

// TestCastViews converts more elements than are converted at a time, in views
// with gaps, reversed and misaligned.
func TestCastViews(t *testing.T) {
	const n = 3*lineLength/2 + 5
	numbers := make([]float64, 2*n)
	for i := range numbers {
		numbers[i] = float64(i) / 2
	}
	src := nd.NewView(dtype.Bytes(numbers), []int{n, 2}, 8).Index(1, 1).Flip(0)
	dst := nd.NewView(make([]byte, 1+4*n), []int{n}, 4)
	dst.Off = 1
	convert, err := Cast(dtype.Float64, dtype.Int32, CastOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := convert(dst, src); err != nil {
		t.Fatal(err)
	}
	packed := make([]int32, n)
	copy(dtype.Bytes(packed), dst.Data[1:])
	for i, got := range packed {
		if want := int32(math.RoundToEven(float64(2*(n-1-i)+1) / 2)); got != want {
			t.Fatalf("element %d: %d, want %d", i, got, want)
		}
	}
}

func TestCastRefuses(t *testing.T) {
	for _, c := range []struct {
		from, to dtype.Type
		want     string
	}{
		{dtype.Type{}, dtype.Int8, "core specification"},
		{dtype.Int8, dtype.Type{}, "core specification"},
		{dtype.Complex64, dtype.Float64, "imaginary parts"},
	} {
		if _, err := Cast(c.from, c.to, CastOptions{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s to %s: error %v, want %q", c.from, c.to, err, c.want)
		}
	}
	convert, err := Cast(dtype.Int16, dtype.Int32, CastOptions{})
	if err != nil {
		t.Fatal(err)
	}
	view := func(n, item int) nd.View { return nd.NewView(make([]byte, n*item), []int{n}, item) }
	for _, c := range []struct {
		dst, src nd.View
		want     string
	}{
		{view(3, 4), view(2, 2), "input of shape [2] for output of shape [3]"},
		{view(3, 4), view(3, 4), "elements of 4 bytes"},
		{view(3, 2), view(3, 2), "into 2"},
		{nd.View{Shape: []int{3}, Strides: []int{4}, Item: 4}, view(3, 2), "output: view"},
		{view(3, 4), nd.View{Shape: []int{3}, Strides: []int{2}, Item: 2}, "input: view"},
	} {
		if err := convert(c.dst, c.src); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v to %v: error %v, want %q", c.src.Shape, c.dst.Shape, err, c.want)
		}
	}
}

func TestRescale(t *testing.T) {
	unit, err := RangeToRange(0, 1, 0, 255)
	if err != nil {
		t.Fatal(err)
	}
	inverted, err := RangeToRange(-10, 10, 1, -1)
	if err != nil {
		t.Fatal(err)
	}
	flat, err := RangeToRange(3, 3, 1, 9)
	if err != nil {
		t.Fatal(err)
	}
	inf := math.Inf(1)
	for _, c := range []struct {
		l       Linear
		x, want float64
	}{
		{Line(2, 1), 3, 7}, {Line(2, 1), -inf, -inf}, {Line(0.5, 0), 1e308, 5e307},
		{unit, 0, 0}, {unit, 1, 255}, {unit, 0.5, 127.5}, {unit, -1, 0}, {unit, inf, 255}, {unit, -inf, 0},
		{inverted, -10, 1}, {inverted, 10, -1}, {inverted, 0, 0}, {inverted, 99, -1}, {inverted, -99, 1},
		{flat, 3, 1}, {flat, 2, 1}, {flat, 4, 9}, {flat, inf, 9},
	} {
		if got := c.l.At(c.x); got != c.want {
			t.Errorf("%+v at %v: %v, want %v", c.l, c.x, got, c.want)
		}
	}
	if got := unit.At(math.NaN()); !math.IsNaN(got) {
		t.Errorf("NaN became %v", got)
	}
	tiny, err := RangeToRange(0, 5e-324, 0, 1e300)
	if err != nil || tiny.At(0) != 0 {
		t.Errorf("a tiny range takes its lower end to %v (%v)", tiny.At(0), err)
	}
	for _, r := range [][4]float64{{1, 0, 0, 1}, {0, inf, 0, 1}, {0, 1, math.NaN(), 1}, {-1.7e308, 1.7e308, 0, 1}} {
		if _, err := RangeToRange(r[0], r[1], r[2], r[3]); err == nil {
			t.Errorf("no error for the range %v", r)
		}
	}
	toByte, err := Rescale(dtype.Float32, dtype.Uint8, unit, CastOptions{})
	if err != nil {
		t.Fatal(err)
	}
	src := []float32{-0.1, 0, 0.3, 1 / 255.0, 0.998, 1, 2, float32(math.NaN())}
	dst := make([]uint8, len(src))
	if err := toByte(nd.NewView(dst, []int{2, 4}, 1), nd.NewView(dtype.Bytes(src), []int{2, 4}, 4)); err != nil {
		t.Fatal(err)
	}
	equal(t, "rescaled", dst, []uint8{0, 0, 77, 1, 254, 255, 255, 0}) // 76.5000009 and 254.49
	for _, p := range [][2]dtype.Type{{dtype.Complex64, dtype.Uint8}, {dtype.Uint8, dtype.Complex64}, {dtype.Uint8, dtype.Bool}, {{}, dtype.Uint8}} {
		if _, err := Rescale(p[0], p[1], unit, CastOptions{}); err == nil {
			t.Errorf("rescales %s to %s", p[0], p[1])
		}
	}
}

func BenchmarkCast(b *testing.B) {
	const n = 1 << 18
	for _, c := range [][2]dtype.Type{{dtype.Float32, dtype.Uint8}, {dtype.Uint8, dtype.Float32}, {dtype.Int32, dtype.Int16}, {dtype.Float32, dtype.Float16}} {
		b.Run(c[0].Name()+"→"+c[1].Name(), func(b *testing.B) {
			convert, err := Cast(c[0], c[1], CastOptions{})
			if err != nil {
				b.Fatal(err)
			}
			src := nd.NewView(make([]byte, n*c[0].Size()), []int{n}, c[0].Size())
			dst := nd.NewView(make([]byte, n*c[1].Size()), []int{n}, c[1].Size())
			b.SetBytes(int64(len(src.Data)))
			for b.Loop() {
				if err := convert(dst, src); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
