package ops

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
)

// statsCase is a line of testdata/stats.py.
type statsCase struct {
	Type        string
	Data        []byte
	Count, NaNs int
	Min, Max    string
	Mean, Std   string
	P           []float64
	Percentiles []string
	Bins        int
	Range       []float64
	Counts      []int
	BinEdges    []string
	Edges       []float64
	EdgeCounts  []int
}

func statsCases(t *testing.T, text []byte) []statsCase {
	t.Helper()
	var cases []statsCase
	for d := json.NewDecoder(bytes.NewReader(text)); d.More(); {
		var c statsCase
		if err := d.Decode(&c); err != nil {
			t.Fatal(err)
		}
		c.Data = dtype.Bytes(append(make([]uint64, 0, len(c.Data)/8+1), dtype.Slice[uint64](slices.Concat(c.Data, make([]byte, -len(c.Data)&7)))...))[:len(c.Data)]
		cases = append(cases, c)
	}
	return cases
}

// accumulate takes statistics of packed elements in blocks of random length, by
// some workers.
func accumulate(t testing.TB, typ dtype.Type, o StatsOptions, data []byte, workers int) Statistics {
	t.Helper()
	a, err := NewAccumulator(typ, o)
	if err != nil {
		t.Fatal(err)
	}
	for more, readings := true, 0; more; readings++ {
		if readings > 8 {
			t.Fatal("more than 8 readings")
		}
		forks := make([]*Accumulator, workers)
		for i := range forks {
			forks[i] = a.Fork()
		}
		n := len(data) / typ.Size()
		for at := 0; at < n; {
			length := min(1+rand.IntN(2*lineLength), n-at)
			v := nd.NewView(data[at*typ.Size():][:length*typ.Size()], []int{length}, typ.Size())
			if rand.IntN(2) == 0 {
				v = v.Flip(0)
			}
			to := a
			if workers > 0 {
				to = forks[rand.IntN(workers)]
			}
			if err := to.Add(v); err != nil {
				t.Fatal(err)
			}
			at += length
		}
		for _, f := range forks {
			a.Merge(f)
		}
		if more, err = a.Next(); err != nil {
			t.Fatal(err)
		}
	}
	s, err := a.Stats()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func unhex(t *testing.T, s string) float64 {
	t.Helper()
	if s == "nan" || s == "inf" || s == "-inf" {
		f, _ := strconv.ParseFloat(s, 64)
		return f
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func near(got, want, scale, tolerance float64) bool {
	return got == want || math.IsNaN(got) && math.IsNaN(want) || math.Abs(got-want) <= tolerance*scale
}

func (c statsCase) check(t *testing.T) {
	t.Helper()
	typ := mustType(t, c.Type)
	o := StatsOptions{Percentiles: c.P, Exact: true, Bins: c.Bins, Range: c.Range}
	if len(c.Percentiles) == 0 { // infinities
		o = StatsOptions{}
	}
	s := accumulate(t, typ, o, c.Data, 0)
	if s.Count != c.Count || s.NaNs != c.NaNs {
		t.Errorf("%s: %d numbers and %d NaNs, want %d and %d", c.Type, s.Count, s.NaNs, c.Count, c.NaNs)
	}
	for _, x := range []struct {
		name string
		got  any
		want string
	}{{"minimum", s.Min, c.Min}, {"maximum", s.Max, c.Max}} {
		got, err := typ.Encode(x.got)
		if err != nil {
			t.Fatal(err)
		}
		want, err := typ.ParseScalar(strings.ToLower(x.want))
		if err != nil {
			t.Fatalf("%s: %v", x.want, err)
		}
		if !bytes.Equal(got, want) && typ.Format(got) != typ.Format(want) {
			t.Errorf("%s: %s %v, want %s", c.Type, x.name, x.got, x.want)
		}
	}
	// NumPy's own error is what is tolerated
	lo, hi := elementOf(t, typ, s.Min), elementOf(t, typ, s.Max)
	scale := math.Max(math.Abs(lo), math.Abs(hi))
	if want := unhex(t, c.Mean); !near(s.Mean, want, scale, 1e-14) {
		t.Errorf("%s: mean %v, want %v", c.Type, s.Mean, want)
	}
	if want := unhex(t, c.Std); !near(s.Std, want, scale, 1e-14) {
		t.Errorf("%s: deviation %v, want %v", c.Type, s.Std, want)
	}
	for i, p := range s.Percentiles {
		if want := unhex(t, c.Percentiles[i]); p.Value != want || p.Error != 0 || p.P != c.P[i] {
			t.Errorf("%s: percentile %+v, want %v", c.Type, p, want)
		}
	}
	if h := s.Histogram; h != nil {
		if !slices.Equal(h.Counts, c.Counts) {
			t.Errorf("%s: histogram %v, want %v", c.Type, h.Counts, c.Counts)
		}
		for i, e := range h.Edges {
			if want := unhex(t, c.BinEdges[i]); e != want {
				t.Errorf("%s: edge %v, want %v", c.Type, e, want)
			}
		}
	}
	for workers := range 3 { // whatever the blocks, the same result
		if again := accumulate(t, typ, o, c.Data, workers); describe(again) != describe(s) {
			t.Errorf("%s: %s by %d workers, and %s by one", c.Type, describe(again), workers, describe(s))
		}
	}
	c.checkApproximately(t, typ, s)
}

func elementOf(t *testing.T, typ dtype.Type, v any) float64 {
	t.Helper()
	elem, err := typ.Encode(v)
	if err != nil {
		t.Fatal(err)
	}
	return valueOf(typ, elem)
}

// describe prints all of the statistics; equal texts are equal statistics.
func describe(s Statistics) string {
	h := s.Histogram
	s.Histogram = nil
	return fmt.Sprintf("%+v %+v", s, h)
}

// checkApproximately compares approximate percentiles with the exact ones, and
// takes a histogram with given edges.
func (c statsCase) checkApproximately(t *testing.T, typ dtype.Type, exact Statistics) {
	t.Helper()
	s := accumulate(t, typ, StatsOptions{Percentiles: c.P, Edges: c.Edges}, c.Data, 2)
	numbers := slices.DeleteFunc(floats(typ, c.Data), math.IsNaN)
	slices.Sort(numbers)
	for i, p := range exact.Percentiles {
		got := s.Percentiles[i]
		if d := math.Abs(got.Value - p.Value); !(d <= got.Error) {
			t.Errorf("%s: percentile %+v is off by %v from %v", c.Type, got, d, p.Value)
		}
		rank, _ := position(p.P, c.Count)
		largest := math.Max(math.Abs(numbers[rank]), math.Abs(numbers[min(rank+1, c.Count-1)]))
		if got.Error > 0.0005*largest {
			t.Errorf("%s: percentile %+v has an error of more than 0.05 %%", c.Type, got)
		}
	}
	if len(exact.Percentiles) > 0 && !slices.Equal(s.Histogram.Counts, c.EdgeCounts) {
		t.Errorf("%s: histogram %v over %v, want %v", c.Type, s.Histogram.Counts, c.Edges, c.EdgeCounts)
	}
}

func TestStatsGolden(t *testing.T) {
	for _, c := range statsCases(t, golden(t, "stats.py", "1", "36", "80")) {
		c.check(t)
	}
}

func TestStatsAsNumPy(t *testing.T) {
	for _, c := range statsCases(t, python(t, "stats.py", "2", count(60), "5000")) {
		c.check(t)
	}
}

func stats[T dtype.Element](t *testing.T, o StatsOptions, elements ...T) Statistics {
	t.Helper()
	return accumulate(t, dtype.Of[T](), o, dtype.Bytes(elements), 0)
}

// TestStatsAreExact has sums that float64 arithmetic gets wrong.
func TestStatsAreExact(t *testing.T) {
	for _, c := range []struct {
		name      string
		got       Statistics
		mean, std float64
	}{
		{"far from zero", stats(t, StatsOptions{}, 1e9+4, 1e9+7, 1e9+13, 1e9+16), 1e9 + 10, math.Sqrt(22.5)},
		{"cancelling", stats(t, StatsOptions{}, 1e300, 1, -1e300, 2, 3), 1.2, math.Sqrt(2e300/5) * 1e150},
		{"subnormal", stats(t, StatsOptions{}, 5e-324, 15e-324), 10e-324, 5e-324},
		{"largest", stats(t, StatsOptions{}, math.MaxFloat64, math.MaxFloat64), math.MaxFloat64, 0},
		{"single", stats(t, StatsOptions{}, float32(1<<24), 1, 1, 1), (1<<24 + 3) / 4.0, math.Sqrt(3) / 4 * (1<<24 - 1)},
		{"int64", stats(t, StatsOptions{}, int64(math.MinInt64), math.MinInt64+2), math.MinInt64 + 1, 1},
		{"uint64", stats(t, StatsOptions{}, uint64(math.MaxUint64), math.MaxUint64-4), math.MaxUint64 - 2, 2},
		{"int16", stats(t, StatsOptions{}, int16(-32768), 32767), -0.5, 32767.5},
		{"bool", stats(t, StatsOptions{}, true, false, true, true), 0.75, math.Sqrt(3) / 4},
		{"half", stats(t, StatsOptions{}, dtype.Half(1), dtype.Half(3)), 2.0 / (1 << 24), 1.0 / (1 << 24)},
		{"infinite", stats(t, StatsOptions{}, 1, math.Inf(1)), math.Inf(1), math.NaN()},
		{"infinite half", stats(t, StatsOptions{}, dtype.Half(0xfc00), 0), math.Inf(-1), math.NaN()},
		{"both infinite", stats(t, StatsOptions{}, math.Inf(-1), math.Inf(1)), math.NaN(), math.NaN()},
		{"nothing", stats[float32](t, StatsOptions{}), math.NaN(), math.NaN()},
		{"only NaN", stats(t, StatsOptions{}, math.NaN()), math.NaN(), math.NaN()},
	} {
		if !near(c.got.Mean, c.mean, 0, 0) || !near(c.got.Std, c.std, c.std, 2e-16) {
			t.Errorf("%s: mean %v and deviation %v, want %v and %v", c.name, c.got.Mean, c.got.Std, c.mean, c.std)
		}
	}
}

func TestStatsOfSpecialNumbers(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	s := stats(t, StatsOptions{Percentiles: []float64{0, 25, 50, 75, 100}, Exact: true, Bins: 2, Range: []float64{0, 10}},
		nan, inf, -inf, 5, math.Copysign(nan, -1), 10)
	if s.Count != 4 || s.NaNs != 2 || s.Min != -inf || s.Max != inf {
		t.Errorf("%+v", s)
	}
	var values []float64
	for _, p := range s.Percentiles {
		values = append(values, p.Value)
	}
	equal(t, "percentiles", values, []float64{-inf, -inf, 7.5, inf, inf})
	if h := s.Histogram; !slices.Equal(h.Counts, []int{0, 2}) || h.Below != 1 || h.Above != 1 {
		t.Errorf("histogram %+v", h)
	}
	s = stats(t, StatsOptions{Percentiles: []float64{50}, Bins: 3}, nan)
	if s.Count != 0 || s.NaNs != 1 || s.Min != nil || s.Max != nil || !math.IsNaN(s.Percentiles[0].Value) || s.Histogram.total() != 0 {
		t.Errorf("of NaN alone: %+v", s)
	}
	s = stats(t, StatsOptions{Percentiles: []float64{50}, Bins: 3, Exact: true}, int64(math.MaxInt64), math.MaxInt64, math.MinInt64)
	if s.Min != int64(math.MinInt64) || s.Max != int64(math.MaxInt64) || s.Percentiles[0].Value != math.MaxInt64 || !slices.Equal(s.Histogram.Counts, []int{1, 0, 2}) {
		t.Errorf("of the limits of int64: %+v, %+v", s, s.Histogram)
	}
	s = stats(t, StatsOptions{Percentiles: []float64{50}}, uint32(7), 7, 7)
	if p := s.Percentiles[0]; p.Value != 7 || p.Error != 0 {
		t.Errorf("approximate median of equal numbers: %+v", p)
	}
}

func TestManyExactPercentiles(t *testing.T) {
	var o StatsOptions
	for p := range 1000 {
		o.Percentiles = append(o.Percentiles, float64(p)/10)
	}
	o.Exact = true
	numbers := make([]float64, 20001)
	for i := range numbers {
		numbers[i] = rand.NormFloat64()
	}
	s := stats(t, o, numbers...)
	slices.Sort(numbers)
	for _, p := range s.Percentiles {
		rank, part := position(p.P, len(numbers))
		if want := numbers[rank]; part == 0 && p.Value != want {
			t.Errorf("percentile %v: %v, want %v", p.P, p.Value, want)
		}
	}
}

func TestStatsNoticeChanges(t *testing.T) {
	for _, o := range []StatsOptions{{Percentiles: []float64{90}, Exact: true}, {Bins: 3}} {
		a, err := NewAccumulator(dtype.Float32, o)
		if err != nil {
			t.Fatal(err)
		}
		numbers := []float32{1, 2, 3, 4, 5, 6, 7, 8, 9}
		view := nd.NewView(dtype.Bytes(numbers), []int{9}, 4)
		if err := a.Add(view); err != nil {
			t.Fatal(err)
		}
		if more, err := a.Next(); err != nil || !more {
			t.Fatalf("%+v: no second reading (%v)", o, err)
		}
		if _, err := a.Stats(); err == nil || !strings.Contains(err.Error(), "added again") {
			t.Errorf("%+v: statistics before the second reading: %v", o, err)
		}
		numbers[8], numbers[7] = float32(math.NaN()), float32(math.NaN())
		if err := a.Add(view); err != nil {
			t.Fatal(err)
		}
		_, err = a.Next()
		if err == nil {
			_, err = a.Stats()
		}
		if err == nil || !strings.Contains(err.Error(), "changed") {
			t.Errorf("%+v: the data changed: error %v", o, err)
		}
	}
}

func TestStatsRefuse(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		t    dtype.Type
		o    StatsOptions
		want string
	}{
		{dtype.Complex64, StatsOptions{}, "real numbers"},
		{dtype.Type{}, StatsOptions{}, "real numbers"},
		{dtype.Int8, StatsOptions{Percentiles: []float64{50, 101}}, "percentile 101"},
		{dtype.Int8, StatsOptions{Percentiles: []float64{nan}}, "percentile NaN"},
		{dtype.Int8, StatsOptions{Percentiles: make([]float64, 1001)}, "1001 percentiles"},
		{dtype.Int8, StatsOptions{Bins: -1}, "-1 bins"},
		{dtype.Int8, StatsOptions{Bins: 1 << 30}, "bins"},
		{dtype.Int8, StatsOptions{Edges: []float64{1}}, "edges"},
		{dtype.Int8, StatsOptions{Edges: []float64{1, 0}}, "ascending"},
		{dtype.Int8, StatsOptions{Edges: []float64{1, nan}}, "ascending"},
		{dtype.Int8, StatsOptions{Edges: []float64{1, 2}, Bins: 1}, "too"},
		{dtype.Int8, StatsOptions{Range: []float64{1, 2}}, "no number of bins"},
		{dtype.Int8, StatsOptions{Range: []float64{2, 1}, Bins: 1}, "in order"},
		{dtype.Int8, StatsOptions{Range: []float64{1}, Bins: 1}, "two finite"},
		{dtype.Int8, StatsOptions{Range: []float64{0, math.Inf(1)}, Bins: 1}, "two finite"},
	} {
		if _, err := NewAccumulator(c.t, c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s, %+v: error %v, want %q", c.t, c.o, err, c.want)
		}
	}
	a, err := NewAccumulator(dtype.Float64, StatsOptions{Bins: 3})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Add(nd.NewView(make([]byte, 4), []int{1}, 4)); err == nil {
		t.Error("adds elements of another size")
	}
	if err := a.Add(nd.View{Shape: []int{1}, Strides: []int{8}, Item: 8}); err == nil {
		t.Error("adds a view outside of its memory")
	}
	if err := a.Add(nd.NewView(dtype.Bytes([]float64{math.Inf(1)}), []int{1}, 8)); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Next(); err == nil || !strings.Contains(err.Error(), "finite range") {
		t.Errorf("a histogram up to infinity: %v", err)
	}
}

func BenchmarkStats(b *testing.B) {
	const n = 1 << 20
	floats := make([]float32, n)
	ints := make([]int32, n)
	bytes := make([]uint8, n)
	shorts := make([]uint16, n)
	for i := range n {
		x := rand.NormFloat64()
		floats[i], ints[i], bytes[i], shorts[i] = float32(x), int32(x*1000), uint8(128+20*x), uint16(30000+5000*x)
	}
	for _, c := range []struct {
		t    dtype.Type
		data []byte
	}{{dtype.Float32, dtype.Bytes(floats)}, {dtype.Int32, dtype.Bytes(ints)}, {dtype.Uint16, dtype.Bytes(shorts)}, {dtype.Uint8, bytes}} {
		for name, o := range map[string]StatsOptions{"moments": {}, "percentiles": {Percentiles: []float64{50}}, "exact": {Percentiles: []float64{50}, Exact: true}, "bins": {Bins: 100, Range: []float64{-3, 3}}} {
			b.Run("dtype="+c.t.Name()+"/"+name, func(b *testing.B) {
				b.SetBytes(int64(len(c.data)))
				v := nd.NewView(c.data, []int{n}, c.t.Size())
				for b.Loop() {
					a, err := NewAccumulator(c.t, o)
					for more := true; more && err == nil; more, err = a.Next() {
						if err := a.Add(v); err != nil {
							b.Fatal(err)
						}
					}
					if err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/element")
			})
		}
	}
}
