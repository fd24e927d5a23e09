package ops_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/ops"
)

// window returns the elements of the window at coordinates.
func window(v nd.View, at, factors []int) (elements [][]byte) {
	n := 1
	for _, f := range factors {
		n *= f
	}
next:
	for i := range n {
		off := v.Off
		for a := len(factors) - 1; a >= 0; a-- {
			x := at[a]*factors[a] + i%factors[a]
			i /= factors[a]
			if x >= v.Shape[a] {
				continue next
			}
			off += x * v.Strides[a]
		}
		elements = append(elements, v.Data[off:off+v.Item])
	}
	return elements
}

// reduced computes a window's result in the simplest way.
func reduced(t dtype.Type, elements [][]byte, how ops.Reduction) []byte {
	number := t.Number()
	exact := func(e []byte) *big.Float {
		x, _, err := big.ParseFloat(fmt.Sprint(t.Value(e)), 10, 200, big.ToNearestEven)
		if err != nil {
			panic(err)
		}
		return x
	}
	switch how {
	case ops.ReduceNearest:
		return elements[0]
	case ops.ReduceMax:
		return slices.MaxFunc(elements, func(a, b []byte) int { return exact(a).Cmp(exact(b)) })
	case ops.ReduceMode:
		count := make(map[string]int)
		for _, e := range elements {
			count[string(e)]++
		}
		return slices.MinFunc(elements, func(a, b []byte) int {
			return cmp.Or(count[string(b)]-count[string(a)], exact(a).Cmp(exact(b)))
		})
	}
	if t.Kind() == dtype.Float {
		sum := 0.0
		for _, e := range elements {
			sum += number(e)
		}
		e, err := t.Encode(sum / float64(len(elements)))
		if err != nil {
			panic(err)
		}
		return e
	}
	sum := new(big.Int)
	for _, e := range elements {
		x, _ := exact(e).Int(nil)
		sum.Add(sum, x)
	}
	n := big.NewInt(int64(len(elements)))
	q, r := new(big.Int).DivMod(sum, n, new(big.Int))
	if c := r.Lsh(r, 1).Cmp(n); c > 0 || c == 0 && q.Bit(0) == 1 {
		q.Add(q, big.NewInt(1))
	}
	e, err := t.Encode(q.String())
	if err != nil {
		panic(err)
	}
	return e
}

func TestReduce(t *testing.T) {
	types := []dtype.Type{dtype.Int8, dtype.Int16, dtype.Int32, dtype.Int64, dtype.Uint8, dtype.Uint16, dtype.Uint32, dtype.Uint64, dtype.Float16, dtype.Float32, dtype.Float64}
	rapid.Check(t, func(r *rapid.T) {
		typ := rapid.SampledFrom(types).Draw(r, "type")
		how := rapid.SampledFrom(ops.Reductions).Draw(r, "how")
		ndim := rapid.IntRange(0, 4).Draw(r, "ndim")
		shape := rapid.SliceOfN(rapid.IntRange(1, 7), ndim, ndim).Draw(r, "shape")
		factors := rapid.SliceOfN(rapid.IntRange(1, 4), ndim, ndim).Draw(r, "factors")
		n, _ := nd.Size(shape)
		rng := rand.New(rand.NewPCG(1, rapid.Uint64().Draw(r, "seed")))
		data := make([]byte, n*typ.Size())
		few := rapid.Bool().Draw(r, "few")
		for i := range data {
			data[i] = byte(rng.Uint32())
		}
		if few || typ.Kind() == dtype.Float {
			data = data[:0]
			for range n {
				e, err := typ.Encode(rng.IntN(5) * 5)
				if err != nil {
					r.Fatal(err)
				}
				data = append(data, e...)
			}
		}
		src := nd.NewView(data, shape, typ.Size())
		reducer, err := ops.NewReducer(typ, factors, how)
		if err != nil {
			r.Fatal(err)
		}
		small := reducer.Shape(shape)
		m, _ := nd.Size(small)
		dst := nd.NewView(make([]byte, m*typ.Size()), small, typ.Size())
		if err := reducer.Reduce(dst, src); err != nil {
			r.Fatal(err)
		}
		grid, err := nd.NewGrid(small, slices.Repeat([]int{1}, ndim))
		if err != nil {
			r.Fatal(err)
		}
		for i := range m {
			at := grid.Coords(i, nil)
			want := reduced(typ, window(src, at, factors), how)
			if got := dst.Data[i*typ.Size() : (i+1)*typ.Size()]; !slices.Equal(got, want) {
				r.Fatalf("%s of %s %v by %v at %v: got %s, want %s", how, typ, shape, factors, at, typ.Format(got), typ.Format(want))
			}
		}
	})
}

func TestReduceNaN(t *testing.T) {
	nan := math.NaN()
	data := []float64{1, nan, nan, nan, 5, 7}
	for how, want := range map[ops.Reduction][]float64{ops.ReduceMean: {nan, nan, 6}, ops.ReduceMax: {nan, nan, 7}, ops.ReduceMode: {nan, nan, 5}, ops.ReduceNearest: {1, nan, 5}} {
		r, err := ops.NewReducer(dtype.Float64, []int{2}, how)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]float64, 3)
		if err := r.Reduce(nd.NewView(dtype.Bytes(got), []int{3}, 8), nd.NewView(dtype.Bytes(data), []int{6}, 8)); err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: got %v, want %v", how, got, want)
		}
	}
}

func TestReduceComplex(t *testing.T) {
	r, err := ops.NewReducer(dtype.Complex64, []int{2, 2}, ops.ReduceMean)
	if err != nil {
		t.Fatal(err)
	}
	data, got := []complex64{1 + 2i, 3, 5, 1, 1 + 2i, 9i}, make([]complex64, 2)
	if err := r.Reduce(nd.NewView(dtype.Bytes(got), []int{1, 2}, 8), nd.NewView(dtype.Bytes(data), []int{2, 3}, 8)); err != nil {
		t.Fatal(err)
	}
	if want := []complex64{1.5 + 1i, 2.5 + 4.5i}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestReducerErrors(t *testing.T) {
	for name, make := range map[string]func() (*ops.Reducer, error){
		"factor 0": func() (*ops.Reducer, error) { return ops.NewReducer(dtype.Uint8, []int{2, 0}, ops.ReduceMean) },
		"huge": func() (*ops.Reducer, error) {
			return ops.NewReducer(dtype.Uint8, []int{1 << 30, 1 << 30}, ops.ReduceMean)
		},
		"method":     func() (*ops.Reducer, error) { return ops.NewReducer(dtype.Uint8, []int{2}, "median") },
		"no order":   func() (*ops.Reducer, error) { return ops.NewReducer(dtype.Complex64, []int{2}, ops.ReduceMax) },
		"not a type": func() (*ops.Reducer, error) { return ops.NewReducer(dtype.Type{}, []int{2}, ops.ReduceMean) },
	} {
		if _, err := make(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	r, err := ops.NewReducer(dtype.Uint8, []int{2}, ops.ReduceMean)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Reduce(nd.NewView(make([]byte, 3), []int{3}, 1), nd.NewView(make([]byte, 4), []int{4}, 1)); err == nil {
		t.Error("an output of a wrong shape is filled")
	}
}

// TestDownsampleAsTensorStore compares datasets, in chunks and shards, with what
// TensorStore makes of the same.
func TestDownsampleAsTensorStore(t *testing.T) {
	ctx, dir := t.Context(), filepath.Join(t.TempDir(), "pool")
	c, err := dosna.Open(ctx, dir, &dosna.Options{Mode: dosna.Create})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	rng := rand.New(rand.NewPCG(5, 6))
	methods := map[ops.Reduction]string{ops.ReduceMean: "mean", ops.ReduceNearest: "stride", ops.ReduceMode: "mode", ops.ReduceMax: "max"}
	var cases [][4]string
	for _, typ := range []dtype.Type{dtype.Uint8, dtype.Int16, dtype.Uint16, dtype.Int32, dtype.Float32, dtype.Float64} {
		shape := []int{23, 30, 41}
		src, err := c.CreateDataset(ctx, typ.Name(), dosna.DatasetSpec{Shape: shape, Type: typ, Chunks: []int{8, 7, 20}})
		if err != nil {
			t.Fatal(err)
		}
		data := make([]byte, 0, src.Bytes())
		for range src.Size() {
			e, err := typ.Encode(rng.IntN(6))
			if err != nil {
				t.Fatal(err)
			}
			data = append(data, e...)
		}
		if err := src.WriteRaw(ctx, nd.Sel(), data); err != nil {
			t.Fatal(err)
		}
		for how, method := range methods {
			for i, factors := range [][]int{{2, 2, 2}, {1, 2, 3}} {
				spec := dosna.DatasetSpec{Type: typ, Chunks: []int{4, 5, 6}}
				for a, n := range shape {
					spec.Shape = append(spec.Shape, (n+factors[a]-1)/factors[a])
				}
				if i == 1 {
					spec.Shards = []int{8, 10, 12}
				}
				name := fmt.Sprint(typ, how, i)
				dst, err := c.CreateDataset(ctx, name, spec)
				if err != nil {
					t.Fatal(err)
				}
				done := 0
				if err := ops.Downsample(ctx, dst, src.With(dosna.Options{Progress: func(n, _ int) { done = n }}), factors, how); err != nil {
					t.Fatal(err)
				}
				if done != dst.Grid().Len() {
					t.Errorf("%d of %d objects reported", done, dst.Grid().Len())
				}
				f, err := json.Marshal(factors)
				if err != nil {
					t.Fatal(err)
				}
				cases = append(cases, [4]string{typ.Name(), name, method, string(f)})
			}
		}
	}
	list, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	const source = `
import json, sys, numpy as np, tensorstore as ts
root = sys.argv[1]
def open(name): return ts.open({"driver": "zarr3", "kvstore": {"driver": "file", "path": f"{root}/{name}/"}}).result()
for src, dst, method, factors in json.loads(sys.argv[2]):
    want = ts.downsample(open(src), json.loads(factors), method).read().result()
    got = open(dst).read().result()
    if not np.array_equal(got, want): print(dst, "differs", got.shape, want.shape)
print("compared")`
	if out := string(testenv.RunPython(t, []string{"numpy", "tensorstore"}, source, dir, string(list))); strings.TrimSpace(out) != "compared" {
		t.Error(out)
	}
}
