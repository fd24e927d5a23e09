package phantom

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
)

var _ dosna.Array = (*Volume)(nil)

func read(t *testing.T, v *Volume, box nd.Box) []float32 {
	t.Helper()
	data := make([]float32, box.Size())
	if err := v.ReadBox(t.Context(), box, nd.NewView(dtype.Bytes(data), box.Shape, 4)); err != nil {
		t.Fatal(err)
	}
	return data
}

func volume(t *testing.T, o Options, shape ...int) *Volume {
	t.Helper()
	v, err := SheppLogan(shape, o)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// density evaluates the definition of the phantom at a point: the sum of the
// ellipsoids that it lies in. Near is whether it lies on the surface of one.
func density(x, y, z float64) (sum float64, near bool) {
	for _, e := range head {
		dx, dy, dz := x-e.x, y-e.y, z-e.z
		sin, cos := math.Sincos(e.degrees * math.Pi / 180)
		u, w := cos*dx+sin*dy, cos*dy-sin*dx
		d := u*u/e.a/e.a + w*w/e.b/e.b + dz*dz/e.c/e.c
		near = near || math.Abs(d-1) < 1e-9
		if d <= 1 {
			sum += e.value
		}
	}
	return sum, near
}

func TestDefinition(t *testing.T) {
	v := volume(t, Options{}, 40, 51, 64)
	data := read(t, v, nd.Full(v.Shape()))
	seen := map[float32]int{}
	n := 0
	for i := range 40 {
		for j := range 51 {
			for k := range 64 {
				want, near := density(centre(k, 64), -centre(j, 51), centre(i, 40))
				if got := data[n]; !near && math.Abs(float64(got)-want) > 1e-6 {
					t.Fatalf("voxel %d, %d, %d is %v, want %v", i, j, k, got, want)
				}
				seen[float32(math.Round(float64(data[n])*1e6)/1e6)]++
				n++
			}
		}
	}
	for _, value := range []float32{0, 0.2, 0.4, 1} { // air and fluid, brain, tumour, bone
		if seen[value] < 100 {
			t.Errorf("%d voxels are %v", seen[value], value)
		}
	}
}

func TestPlaces(t *testing.T) {
	v := volume(t, Options{}, 200, 200, 200)
	for _, c := range []struct {
		z, y, x int
		want    float64
	}{
		{0, 0, 0, 0},        // air in a corner
		{100, 9, 100, 1},    // the skull, at the top of a plane
		{100, 100, 100, .2}, // brain
		{75, 100, 78, 0},    // the larger ventricle
		{75, 100, 122, 0},   // the smaller one
		{75, 65, 100, .4},   // the large tumour, above the middle
	} {
		got := read(t, v, nd.Box{Start: []int{c.z, c.y, c.x}, Shape: []int{1, 1, 1}})[0]
		if math.Abs(float64(got)-c.want) > 1e-6 {
			t.Errorf("voxel %d, %d, %d is %v, want %v", c.z, c.y, c.x, got, c.want)
		}
	}
}

func TestBoxesAgree(t *testing.T) {
	v := volume(t, Options{Noise: 0.1, Seed: 5, Step: 1. / 4096}, 9, 7, 11)
	whole := read(t, v, nd.Full(v.Shape()))
	for _, box := range []nd.Box{
		{Start: []int{3, 2, 5}, Shape: []int{4, 5, 6}},
		{Start: []int{0, 6, 10}, Shape: []int{9, 1, 1}},
		{Start: []int{8, 0, 1}, Shape: []int{1, 7, 2}},
	} {
		want := make([]float32, box.Size())
		nd.Copy(nd.NewView(dtype.Bytes(want), box.Shape, 4), nd.NewView(dtype.Bytes(whole), v.Shape(), 4).Sub(box))
		if got := read(t, v, box); !slices.Equal(got, want) {
			t.Errorf("%s read alone differs", box)
		}
		flipped := make([]float32, box.Size())
		if err := v.ReadBox(t.Context(), box, nd.NewView(dtype.Bytes(flipped), box.Shape, 4).Flip(2)); err != nil {
			t.Fatal(err)
		}
		if flipped[box.Shape[2]-1] != want[0] {
			t.Errorf("%s read backwards differs", box)
		}
	}
	other := volume(t, Options{Noise: 0.1, Seed: 6, Step: 1. / 4096}, 9, 7, 11)
	if slices.Equal(read(t, other, nd.Full(v.Shape())), whole) {
		t.Error("another seed makes the same noise")
	}
}

// The noise of air, far from everything, has the moments of its distribution.
func TestNoise(t *testing.T) {
	const n = 1 << 20
	row := make([]float64, n)
	addNoise(row, 0.5, 1, 3)
	var sum, squares, cubes, fourths, neighbours float64
	for i, x := range row {
		sum += x
		squares += x * x
		cubes += x * x * x
		fourths += x * x * x * x
		neighbours += x * row[(i+1)%n]
	}
	for _, m := range []struct {
		name            string
		got, want, near float64
	}{
		{"mean", sum / n, 0, 0.003},
		{"variance", squares / n, 0.25, 0.003},
		{"skew", cubes / n, 0, 0.005},
		{"fourth moment", fourths / n, 3 * 0.0625, 0.01},
		{"correlation", neighbours / n, 0, 0.003},
	} {
		if math.Abs(m.got-m.want) > m.near {
			t.Errorf("%s %v, want %v", m.name, m.got, m.want)
		}
	}
}

func TestStep(t *testing.T) {
	v := volume(t, Options{Noise: 1, Step: 0.25}, 8, 8, 8)
	for _, x := range read(t, v, nd.Full(v.Shape())) {
		if x*4 != float32(math.Trunc(float64(x*4))) {
			t.Fatalf("%v is not a multiple of 0.25", x)
		}
	}
}

func TestRefused(t *testing.T) {
	for _, shape := range [][]int{nil, {4}, {4, 4, 4, 4}, {4, 0, 4}, {4, -1, 4}, {1 << 30, 1 << 30, 1 << 30}} {
		if _, err := SheppLogan(shape, Options{}); err == nil {
			t.Errorf("shape %v was taken", shape)
		}
	}
	for _, o := range []Options{{Noise: -1}, {Noise: math.NaN()}, {Noise: math.Inf(1)}, {Step: -1}} {
		if _, err := SheppLogan([]int{4, 4, 4}, o); err == nil {
			t.Errorf("%+v was taken", o)
		}
	}
	v := volume(t, Options{}, 4, 4, 4)
	for _, box := range []nd.Box{{Start: []int{0, 0}, Shape: []int{1, 1}}, {Start: []int{0, 0, 3}, Shape: []int{1, 1, 2}}} {
		if err := v.ReadBox(t.Context(), box, nd.NewView(make([]byte, 64), box.Shape, 4)); err == nil {
			t.Errorf("%v was read", box)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := v.ReadBox(ctx, nd.Full(v.Shape()), nd.NewView(make([]byte, 256), v.Shape(), 4)); err == nil {
		t.Error("reading went on after the context had ended")
	}
}
