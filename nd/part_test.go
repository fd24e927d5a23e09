package nd

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
)

// TestPart reads random parts of the results that NumPy gave.
func TestPart(t *testing.T) {
	f, err := os.Open(goldenCases)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(3, 4))
	parts := 0
	for d := json.NewDecoder(bufio.NewReader(z)); d.More(); {
		var c numpyCase
		if err := d.Decode(&c); err != nil {
			t.Fatal(err)
		}
		s, err := ParseSelection(c.Select)
		if c.Error != "" || err != nil || len(c.Values) == 0 {
			continue
		}
		for range 8 {
			b := newBox(len(c.Result))
			for i, n := range c.Result {
				b.Start[i] = rng.IntN(n)
				b.Shape[i] = 1 + rng.IntN(n-b.Start[i])
			}
			p, err := s.Part(c.Shape, b)
			if err != nil {
				t.Fatalf("%v[%s], part %s: %v", c.Shape, c.Select, b, err)
			}
			r, err := p.Resolve(c.Shape)
			if err != nil || !slices.Equal(r.Shape, b.Shape) {
				t.Fatalf("%v[%s], part %s: got [%s] of shape %v, error %v", c.Shape, c.Select, b, p, r.Shape, err)
			}
			part := numpyCase{Values: cutInts(c.Result, c.Values, b), After: c.After, Shape: c.Shape}
			if why := part.read(r, randomGrid(t, c.Shape, true, rng), 8, rng); why != "" {
				t.Fatalf("%v[%s], part %s: [%s]: %s", c.Shape, c.Select, b, p, why)
			}
			parts++
		}
	}
	if parts < 1000 {
		t.Fatalf("only %d parts", parts)
	}
}

func TestPartErrors(t *testing.T) {
	s := Sel(Range(0, 4), At(1))
	for _, b := range []Box{
		{[]int{0}, []int{5}},
		{[]int{-1}, []int{2}},
		{[]int{0}, []int{0}},
		{[]int{0, 0}, []int{1, 1}},
		{},
	} {
		if p, err := s.Part([]int{6, 6}, b); err == nil {
			t.Errorf("part %v: got %s, want an error", b, p)
		}
	}
	if _, err := s.Part([]int{6}, Full([]int{4})); err == nil {
		t.Error("a selection with too many items has a part")
	}
}
