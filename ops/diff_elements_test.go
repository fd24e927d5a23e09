package ops

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/dtype"
)

// encoded encodes values of a type, which is written as dtype.ParseType reads it.
func encoded(t testing.TB, typ string, values ...any) (dtype.Type, []byte) {
	t.Helper()
	dt, _, err := dtype.ParseType(typ)
	if err != nil {
		t.Fatal(err)
	}
	data := make([]byte, 0, 16+len(values)*dt.Size()) // aligned
	for _, v := range values {
		elem, err := dt.Encode(v)
		if err != nil {
			t.Fatal(err)
		}
		data = append(data, elem...)
	}
	return dt, data
}

// pair is two elements that differ.
type pair struct {
	i        int
	abs, rel float64
}

func pairs(c comparison, a, b []byte) []pair {
	var out []pair
	c(codec.Block{Data: a}, codec.Block{Data: b}, func(i int, abs, rel float64) { out = append(out, pair{i, abs, rel}) })
	return out
}

func TestDiffElements(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	type values = []any
	for _, c := range []struct {
		a    string
		x    values
		b    string
		y    values
		o    DiffOptions
		want []pair
	}{
		{"float64", values{0.0, nan, inf, inf, 1.0}, "float64", values{math.Copysign(0, -1), nan, inf, -inf, nan}, DiffOptions{}, []pair{{3, inf, nan}, {4, nan, nan}}},
		{"float32", values{nan, 1.0}, "float64", values{nan, 2.0}, DiffOptions{NaNDiffers: true}, []pair{{0, nan, nan}, {1, 1, 0.5}}},
		{"float64", values{3.0}, "float64", values{0.0}, DiffOptions{}, []pair{{0, 3, inf}}},
		{"float32", values{0.1}, "float64", values{0.1}, DiffOptions{Rel: 1e-7}, nil},
		{"float64", values{1.0, 1.0}, "float64", values{1.5, 1.6}, DiffOptions{Abs: 0.5}, []pair{{1, 0.6000000000000001, 0.37500000000000006}}},
		{"float64", values{inf, 5.0}, "float64", values{5.0, inf}, DiffOptions{Abs: 1e308, Rel: 1}, []pair{{0, inf, inf}, {1, inf, nan}}},
		{"bool", values{true, false}, "int8", values{1, 2}, DiffOptions{}, []pair{{1, 2, 1}}},
		{"int64", values{-1, math.MinInt64, 5}, "uint64", values{uint64(math.MaxUint64), uint64(1 << 63), uint64(5)}, DiffOptions{}, []pair{{0, 1 << 64, 1}, {1, 1 << 64, 2}}},
		{"int64", values{math.MinInt64, 1<<53 + 1}, "int64", values{math.MaxInt64, 1 << 53}, DiffOptions{}, []pair{{0, 1 << 64, 2}, {1, 1, 1.0 / (1 << 53)}}},
		{"int64", values{-7}, "int64", values{-5}, DiffOptions{Abs: 2}, nil},
		{"int64", values{-8}, "int8", values{-5}, DiffOptions{Abs: 2}, []pair{{0, 3, 0.6}}},
		{"int64", values{1<<53 + 1, -1<<53 - 1, math.MaxInt64, 7}, "float64", values{float64(1 << 53), -float64(1 << 53), float64(1 << 63), 7.0}, DiffOptions{},
			[]pair{{0, 1, 1.0 / (1 << 53)}, {1, 1, 1.0 / (1 << 53)}, {2, 1, 1.0 / (1 << 63)}}},
		{"float32", values{float64(1 << 63), 1.0, nan}, "uint64", values{uint64(1<<63 + 1), uint64(1), uint64(1)}, DiffOptions{}, []pair{{0, 1, 1.0 / (1 << 63)}, {2, nan, nan}}},
		{"uint64", values{uint64(math.MaxUint64)}, "float64", values{float64(1 << 64)}, DiffOptions{}, []pair{{0, 1, 1.0 / (1 << 64)}}},
		{"complex64", values{complex64(3 + 4i), complex64(1)}, "complex128", values{complex128(0), complex128(1)}, DiffOptions{}, []pair{{0, 5, inf}}},
		{"complex128", values{complex(nan, 1), complex(1, 0), complex(nan, 0)}, "float16", values{nan, 1.0, 2.0}, DiffOptions{}, []pair{{2, nan, nan}}},
		{"int4", values{-8, 7}, "float8_e4m3", values{-8.0, 8.0}, DiffOptions{}, []pair{{1, 1, 0.125}}},
		{"uint2", values{3}, "uint64", values{uint64(3)}, DiffOptions{}, nil},
		{"int4", values{-3}, "int64", values{-3}, DiffOptions{}, nil},
		{"bfloat16", values{1.5}, "float32", values{1.5}, DiffOptions{}, nil},
		{"datetime64[s]", values{"NaT", "NaT", "2024-01-01T00:00:00"}, "datetime64[s]", values{"NaT", "2024-01-01T00:00:00", "2024-01-01T00:00:05"}, DiffOptions{Abs: 100},
			[]pair{{1, nan, nan}, {2, 5, 5.0 / 1704067205}}},
		{"timedelta64[ms]", values{"NaT"}, "timedelta64[ms]", values{"NaT"}, DiffOptions{NaNDiffers: true}, []pair{{0, nan, nan}}},
		{"U3", values{"abc", "ä"}, "U3", values{"abd", "ä"}, DiffOptions{}, []pair{{0, nan, nan}}},
		{"U3", values{"abc", "ä"}, "U5", values{"abc", "äh"}, DiffOptions{}, []pair{{1, nan, nan}}},
		{"S2", values{"ab", ""}, "S4", values{"ab", "x"}, DiffOptions{}, []pair{{1, nan, nan}}},
		{"V2", values{[]byte{1, 2}}, "V2", values{[]byte{1, 3}}, DiffOptions{Abs: 5}, []pair{{0, nan, nan}}},
	} {
		a, x := encoded(t, c.a, c.x...)
		b, y := encoded(t, c.b, c.y...)
		got := pairs(comparisonOf(a, b, c.o), x, y)
		same := func(p, q pair) bool {
			alike := func(x, y float64) bool { return x == y || x != x && y != y }
			return p.i == q.i && alike(p.abs, q.abs) && alike(p.rel, q.rel)
		}
		if !slices.EqualFunc(got, c.want, same) {
			t.Errorf("%s %v and %s %v, %+v: %v, want %v", c.a, c.x, c.b, c.y, c.o, got, c.want)
		}
	}
}

func TestDiffElementsThatCannotBeCompared(t *testing.T) {
	for _, c := range [][2]string{
		{"int64", "complex128"}, {"complex64", "uint64"}, {"U3", "S3"}, {"datetime64[s]", "datetime64[ms]"}, {"datetime64[s]", "int64"},
		{"V2", "V3"}, {"float32", "V4"}, {"string", "variable_length_bytes"},
	} {
		a, _ := encoded(t, c[0])
		b, _ := encoded(t, c[1])
		if comparisonOf(a, b, DiffOptions{}) != nil || comparisonOf(b, a, DiffOptions{}) != nil {
			t.Errorf("%s and %s are compared", a, b)
		}
	}
}

// TestDiffElementsOfAllTypes: of every pair of numbers that can be compared, equal
// ones are, wherever they are in however many.
func TestDiffElementsOfAllTypes(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 7))
	for _, a := range dtype.All() {
		for _, b := range dtype.All() {
			c := comparisonOf(a, b, DiffOptions{})
			if c == nil {
				continue
			}
			n := 2*lineLength + rnd.IntN(10)
			x, y := make([]byte, 0, n*a.Size()), make([]byte, 0, n*b.Size())
			for range n {
				v := rnd.IntN(2)
				ea, errA := a.Encode(v)
				eb, errB := b.Encode(v)
				if errA != nil || errB != nil {
					t.Fatal(errA, errB)
				}
				x, y = append(x, ea...), append(y, eb...)
			}
			if got := pairs(c, x, y); got != nil {
				t.Errorf("%s and %s: equal elements differ: %v", a, b, got)
			}
			at := rnd.IntN(n)
			was := slices.Clone(y[at*b.Size() : (at+1)*b.Size()])
			other, err := b.Encode(1)
			if bytes.Equal(other, was) {
				other, err = b.Encode(0)
			}
			if err != nil {
				t.Fatal(err)
			}
			copy(y[at*b.Size():], other)
			if got := pairs(c, x, y); len(got) != 1 || got[0].i != at || got[0].abs != 1 {
				t.Errorf("%s and %s: %v differ, want %d by 1", a, b, got, at)
			}
		}
	}
}

// isclose is a line of testdata/isclose.py.
type isclose struct {
	A, B        string
	Rtol, Atol  float64
	EqualNaN    bool
	X, Y, Close []byte
}

func TestDiffToleranceAsNumPy(t *testing.T) {
	lines := 0
	for d := json.NewDecoder(bytes.NewReader(python(t, "isclose.py", "1"))); d.More(); lines++ {
		var c isclose
		if err := d.Decode(&c); err != nil {
			t.Fatal(err)
		}
		a, b := mustType(t, c.A), mustType(t, c.B)
		differ := make([]bool, len(c.Close))
		for _, p := range pairs(comparisonOf(a, b, DiffOptions{Abs: c.Atol, Rel: c.Rtol, NaNDiffers: !c.EqualNaN}), c.X, c.Y) {
			differ[p.i] = true
		}
		for i, differs := range differ {
			if differs == (c.Close[i] != 0) {
				x, y := c.X[i*a.Size():(i+1)*a.Size()], c.Y[i*b.Size():(i+1)*b.Size()]
				t.Errorf("%s %s and %s %s, rtol %v, atol %v, equal_nan %v: differ is %v", a, a.Format(x), b, b.Format(y), c.Rtol, c.Atol, c.EqualNaN, differs)
			}
		}
	}
	if lines == 0 {
		t.Error("nothing was compared")
	}
}
