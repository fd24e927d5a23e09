package ops

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
)

// TestRectilinearLikeRegular: what comes of operations does not depend on how the
// source and the result are cut.
func TestRectilinearLikeRegular(t *testing.T) {
	c := open(t, "mem://", dosna.Options{Mode: dosna.Create})
	shape := []int{23, 30}
	values := make([]float32, 23*30)
	rng := rand.New(rand.NewPCG(5, 6))
	for i := range values {
		values[i] = rng.Float32()
	}
	layouts := []dosna.DatasetSpec{
		{Chunks: []int{7, 8}},
		{Edges: [][]int{{2, 13, 1, 9}, nil}, Chunks: []int{0, 8}},
		{Edges: [][]int{{20, 8}, {1, 4, 25}}},
		{Edges: [][]int{{4, 12, 8}, {6, 24}}, Chunks: []int{2, 3}, Shards: []int{0, 0}},
	}
	made := map[string][]byte{}
	for i, l := range layouts {
		l.Shape, l.Type = shape, dtype.Float32
		src := dataset(t, c, fmt.Sprint("src", i), l, dtype.Bytes(values))
		for j, out := range layouts {
			for name, do := range map[string]func(path string) (*dosna.Dataset, error){
				"narrow": func(path string) (*dosna.Dataset, error) {
					out.Shape, out.Type = shape, dtype.Float32
					d := dataset(t, c, path, out, nil)
					return d, Blur(t.Context(), d, src, GaussianOptions{Sigma: []float64{1.5}})
				},
				"wide": func(path string) (*dosna.Dataset, error) { // axis by axis
					out.Shape, out.Type = shape, dtype.Float32
					d := dataset(t, c, path, out, nil)
					return d, Blur(t.Context(), d, src, GaussianOptions{Sigma: []float64{40}})
				},
				"small": func(path string) (*dosna.Dataset, error) {
					out.Shape, out.Type = []int{12, 15}, dtype.Float32
					d := dataset(t, c, path, out, nil)
					return d, Downsample(t.Context(), d, src, []int{2, 2}, ReduceMean)
				},
			} {
				d, err := do(fmt.Sprint(name, i, j))
				if err != nil {
					t.Fatalf("%s of %d into %d: %v", name, i, j, err)
				}
				got := make([]byte, d.Bytes())
				if err := d.ReadRaw(t.Context(), nd.Selection{}, got); err != nil {
					t.Fatal(err)
				}
				if made[name] == nil {
					made[name] = got
				}
				if !bytes.Equal(got, made[name]) {
					t.Errorf("%s of %d into %d is another result", name, i, j)
				}
			}
		}
		s, err := Stats(t.Context(), src, nd.Selection{}, StatsOptions{})
		if text := []byte(fmt.Sprint(s.Count, s.Min, s.Max)); err != nil || made["stats"] != nil && !bytes.Equal(made["stats"], text) {
			t.Errorf("statistics of %d are %s, %v; not %s", i, text, err, made["stats"])
		} else {
			made["stats"] = text
		}
	}
}

// TestDiffOfGrids: chunks of other lengths are told of, and their elements compared.
func TestDiffOfGrids(t *testing.T) {
	c := open(t, "mem://", dosna.Options{Mode: dosna.Create})
	values := slices.Repeat([]byte{1, 2, 3, 4, 5}, 4)
	spec := func(edges ...int) dosna.DatasetSpec {
		return dosna.DatasetSpec{Shape: []int{20}, Type: dtype.Uint8, Edges: [][]int{edges}}
	}
	a := dataset(t, c, "a", spec(8, 4, 8), values)
	same := dataset(t, c, "same", spec(8, 4, 8), values)
	other := dataset(t, c, "other", spec(4, 8, 8), values)
	got, _ := diff(t, a, same, DiffOptions{})
	expect(t, got)
	got, _ = diff(t, a, other, DiffOptions{})
	expect(t, got)
	got, _ = diff(t, a, other, DiffOptions{Metadata: true})
	expect(t, got, "/ chunks [[8,4,8]]|[[4,8,8]]")
	if err := dosna.Write(t.Context(), other, nd.Sel(nd.At(9)), []uint8{6}); err != nil {
		t.Fatal(err)
	}
	_, sum := diff(t, a, other, DiffOptions{})
	if sum.Differences != 1 {
		t.Errorf("%+v", sum)
	}
}
