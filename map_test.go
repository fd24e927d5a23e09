package dosna_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/nd"
)

// TestMapWithHalo checks every element that a block's margin shows against a
// definition of each boundary mode by one index at a time.
func TestMapWithHalo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ndim := rapid.IntRange(1, 3).Draw(t, "ndim")
		shape := rapid.SliceOfN(rapid.IntRange(1, 7), ndim, ndim).Draw(t, "shape")
		halo := rapid.SliceOfN(rapid.IntRange(0, 9), ndim, ndim).Draw(t, "halo")
		mode := rapid.SampledFrom([]nd.Boundary{nd.Reflect, nd.Constant, nd.Nearest, nd.Mirror, nd.Wrap}).Draw(t, "mode")
		chunk := rapid.SliceOfN(rapid.IntRange(1, 4), ndim, ndim)
		c, err := dosna.Open(ctx, "mem://", &dosna.Options{Mode: dosna.Create})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		in, err := c.CreateDataset(ctx, "in", dosna.DatasetSpec{Shape: shape, Type: dtype.Float32, Chunks: chunk.Draw(t, "in chunks")})
		if err != nil {
			t.Fatal(err)
		}
		out, err := c.CreateDataset(ctx, "out", dosna.DatasetSpec{Shape: shape, Type: dtype.Float64, Chunks: chunk.Draw(t, "out chunks")})
		if err != nil {
			t.Fatal(err)
		}
		size := nd.Full(shape).Size()
		all := ramp(size)
		if err := dosna.Write(ctx, in, nd.Selection{}, all); err != nil {
			t.Fatal(err)
		}
		value := float32(-7)
		o := dosna.MapOptions{Halo: halo, Boundary: mode, Value: dtype.Bytes([]float32{value}), BlockBytes: rapid.SampledFrom([]int{1, 200, 0}).Draw(t, "block")}
		err = in.Map(ctx, out, o, func(_ context.Context, b dosna.Block) error {
			at := make([]int, ndim)
			visit(b.In.Shape, at, func() {
				want, inside := value, true
				flat := 0
				for i := range at {
					j := extend(mode, b.Box.Start[i]-halo[i]+at[i], shape[i])
					inside = inside && j >= 0
					flat = flat*shape[i] + j
				}
				if inside {
					want = all[flat]
				}
				if got := *element[float32](b.In, at); got != want {
					t.Fatalf("%s: block %v shows %v at %v, want %v", mode, b.Box, got, at, want)
				}
			})
			visit(b.Out.Shape, at, func() {
				middle := slices.Clone(at)
				for i := range middle {
					middle[i] += halo[i]
				}
				*element[float64](b.Out, at) = float64(*element[float32](b.In, middle)) * 2
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		got, err := dosna.ReadAll[float64](ctx, out, nd.Selection{})
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range got {
			if v != 2*float64(all[i]) {
				t.Fatalf("element %d is %v, want %v", i, v, 2*all[i])
			}
		}
	})
}

func visit(shape, at []int, f func()) {
	var walk func(axis int)
	walk = func(axis int) {
		if axis == len(shape) {
			f()
			return
		}
		for i := range shape[axis] {
			at[axis] = i
			walk(axis + 1)
		}
	}
	walk(0)
}

func element[T dtype.Element](v nd.View, at []int) *T {
	off := v.Off
	for i, a := range at {
		off += a * v.Strides[i]
	}
	return &dtype.Slice[T](v.Data[off : off+v.Item])[0]
}

// extend is where in an axis of length n the element at i comes from, one step
// at a time; negative: from nowhere.
func extend(m nd.Boundary, i, n int) int {
	for i < 0 || i >= n {
		switch {
		case m == nd.Constant:
			return -1 << 30
		case m == nd.Nearest:
			i = min(max(i, 0), n-1)
		case m == nd.Wrap && i < 0:
			i += n
		case m == nd.Wrap:
			i -= n
		case m == nd.Mirror && n == 1:
			i = 0
		case m == nd.Mirror && i < 0:
			i = -i
		case m == nd.Mirror:
			i = 2*(n-1) - i
		case i < 0: // reflect
			i = -1 - i
		default:
			i = 2*n - 1 - i
		}
	}
	return i
}

func TestMapRefusesToWorkInPlace(t *testing.T) {
	c := create(t, "mem://")
	d, err := c.CreateDataset(ctx, "x", dosna.DatasetSpec{Shape: []int{4}, Type: dtype.Int8})
	if err != nil {
		t.Fatal(err)
	}
	again, err := c.OpenDataset(ctx, "x")
	if err != nil {
		t.Fatal(err)
	}
	err = d.Map(ctx, again, dosna.MapOptions{}, func(context.Context, dosna.Block) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "the dataset itself") {
		t.Errorf("error %v", err)
	}
}

func TestLoadCloneAndCopy(t *testing.T) {
	c := create(t, "mem://")
	spec := dosna.DatasetSpec{Shape: []int{9, 10}, Type: dtype.Float32, Chunks: []int{4, 4}, Attrs: dosna.Attributes{"unit": "mm"}, DimensionNames: []string{"y", ""}}
	d, err := c.CreateDataset(ctx, "x", spec)
	if err != nil {
		t.Fatal(err)
	}
	src, err := dosna.InMemory([]int{9, 10}, ramp(90))
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Load(ctx, src); err != nil {
		t.Fatal(err)
	}
	empty, err := d.Clone(ctx, "empty", false)
	if err != nil {
		t.Fatal(err)
	}
	if u, err := empty.Usage(ctx); err != nil || u.Objects != 0 || empty.Attrs()["unit"] != "mm" {
		t.Errorf("the clone has %d objects, attributes %v, %v", u.Objects, empty.Attrs(), err)
	}
	full, err := d.Clone(ctx, "full", true)
	if err != nil {
		t.Fatal(err)
	}
	other := create(t, testenv.ScratchDir(t)+"/pool")
	changed := spec
	changed.Chunks, changed.Shards, changed.Codec = []int{2, 5}, []int{4, 10}, "gzip:1"
	moved, err := other.CreateDataset(ctx, "moved", changed)
	if err != nil {
		t.Fatal(err)
	}
	same, err := other.CreateDataset(ctx, "same", spec)
	if err != nil {
		t.Fatal(err)
	}
	for _, dst := range []*dosna.Dataset{moved, same} {
		if err := full.CopyTo(ctx, dst); err != nil {
			t.Fatal(err)
		}
		got, err := dosna.ReadAll[float32](ctx, dst, nd.Selection{})
		if err != nil || !slices.Equal(got, ramp(90)) {
			t.Errorf("%s reads differently: %v", dst, err)
		}
	}
	if err := d.Clear(ctx); err != nil {
		t.Fatal(err)
	}
	got, err := dosna.ReadAll[float32](ctx, d, nd.Selection{})
	if err != nil || slices.Max(got) != 0 {
		t.Errorf("after Clear: %v, %v", got, err)
	}
}
