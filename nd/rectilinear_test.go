package nd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// randomGrid returns a grid over an array: a regular one, or one along some axes of
// which cells have random lengths.
func randomGrid(t *testing.T, shape []int, rectilinear bool, rng *rand.Rand) Grid {
	chunk, edges := make([]int, len(shape)), make([][]int, len(shape))
	for i, n := range shape {
		chunk[i] = 1 + rng.IntN(n+2)
		if !rectilinear || rng.IntN(3) == 0 {
			continue
		}
		for sum := 0; sum < n || len(edges[i]) == 0; {
			edge := 1 + rng.IntN(n/2+2)
			edges[i] = append(edges[i], edge)
			sum += edge
		}
		if rng.IntN(4) == 0 {
			edges[i] = append(edges[i], 1+rng.IntN(9)) // outside the array
		}
	}
	g, err := NewRectilinear(shape, chunk, edges)
	if err != nil {
		t.Fatalf("chunks of %v and %v over %v: %v", chunk, edges, shape, err)
	}
	return g
}

func TestRectilinear(t *testing.T) {
	g, err := NewRectilinear([]int{26, 10, 9}, []int{0, 4, 3}, [][]int{{16, 10, 5}, nil, {2, 8}})
	if err != nil {
		t.Fatal(err)
	}
	if g.Regular() || !slices.Equal(g.Counts(), []int{2, 3, 2}) || !slices.Equal(g.Largest(), []int{16, 4, 8}) {
		t.Errorf("counts %v, no cell larger than %v", g.Counts(), g.Largest())
	}
	at := []int{1, 2, 1}
	if got, want := g.Cell(at), (Box{[]int{16, 8, 2}, []int{10, 2, 7}}); !got.Equal(want) {
		t.Errorf("cell %v is %v, want %v", at, got, want)
	}
	if got := g.CellShape(at); !slices.Equal(got, []int{10, 4, 8}) {
		t.Errorf("cell %v is stored as %v", at, got)
	}
	// the example of the specification: index (20, 15) is (4, 15) of chunk (1, 0)
	g, err = NewRectilinear([]int{26, 38}, listed, [][]int{{16, 10}, {24, 14}})
	if err != nil {
		t.Fatal(err)
	}
	if a, b := g.Find(0, 20), g.Find(1, 15); a != 1 || b != 0 {
		t.Errorf("index (20, 15) lies in cell (%d, %d)", a, b)
	}
	if got := g.Local([]int{1, 0}, Box{[]int{20, 15}, []int{1, 1}}); !slices.Equal(got.Start, []int{4, 15}) {
		t.Errorf("index (20, 15) is %v of its cell", got.Start)
	}
	// what is regular is so, however it is said
	g, err = NewRectilinear([]int{12, 5}, []int{1, 2}, [][]int{{4, 4, 4, 4}, nil})
	if err != nil || !g.Regular() || !slices.Equal(g.Counts(), []int{3, 3}) || !slices.Equal(g.Largest(), []int{4, 2}) {
		t.Errorf("%v, %v", g, err)
	}
	// no cell of an axis without length, and one without axes
	g, err = NewRectilinear([]int{0, 5}, []int{1, 2}, [][]int{{4, 3}, {5, 1}})
	if err != nil || g.Len() != 0 || g.Contains([]int{0, 0}) == nil || g.Merge([]int{9, 9}).Len() != 0 {
		t.Errorf("%v, %v", g, err)
	}
	if g, err = NewRectilinear([]int{0}, []int{0}, [][]int{{}}); err != nil || g.Len() != 0 {
		t.Errorf("%v, %v", g, err)
	}
	if g, err = NewRectilinear(nil, nil, [][]int{}); err != nil || g.Len() != 1 {
		t.Errorf("%v, %v", g, err)
	}
}

var listed = []int{0, 0} // lengths of axes that have lists

func TestRectilinearErrors(t *testing.T) {
	for _, c := range []struct {
		shape, chunk []int
		edges        [][]int
		want         string
	}{
		{[]int{4}, []int{2}, [][]int{{4}, {4}}, "lists of chunk lengths along 2 axes where the array's shape [4] has 1"},
		{[]int{4}, nil, [][]int{{4}}, "has 0 dimensions"},
		{[]int{4}, []int{2}, [][]int{{}}, "add up to 0 where the array's length is 4"},
		{[]int{4}, []int{2}, [][]int{{1, 2}}, "add up to 3 where the array's length is 4"},
		{[]int{4, 4}, []int{2, 2}, [][]int{nil, {4, 0}}, "chunk 1 has the length 0 along axis 1; it must be at least 1"},
		{[]int{4}, []int{2}, [][]int{{7, -3}}, "length -3 along axis 0"},
		{[]int{4}, []int{2}, [][]int{{-7, -3}}, "length -3 along axis 0"},
		{[]int{4}, []int{2}, [][]int{{math.MaxInt, 1}}, "more than 63 bits"},
		{[]int{4}, []int{0}, [][]int{nil}, "length 0 along axis 0"},
		{[]int{-1}, []int{0}, [][]int{{1}}, "negative length"},
	} {
		if _, err := NewRectilinear(c.shape, c.chunk, c.edges); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("grid of %v, %v over %v: got error %v, want %q", c.chunk, c.edges, c.shape, err, c.want)
		}
	}
}

// TestRectilinearTiles checks, of a grid and of what it is merged to, that the cells
// cover every element once, in C order, and that Find and Local are of them.
func TestRectilinearTiles(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		shape := rapid.SliceOfN(rapid.IntRange(0, 9), 0, 3).Draw(rt, "shape")
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0))
		g := randomGrid(t, shape, true, rng)
		if why := tiles(g); why != "" {
			rt.Fatal(why)
		}
		most := make([]int, len(shape))
		for i := range most {
			most[i] = rapid.SampledFrom([]int{0, 1, 2, 3, 5, 20, math.MaxInt}).Draw(rt, "most")
		}
		m := g.Merge(most)
		if why := tiles(m); why != "" {
			rt.Fatal("merged: " + why)
		}
		if why := merged(g, m, most); why != "" {
			rt.Fatal(why)
		}
	})
}

// tiles returns what is wrong with the cells of a grid.
func tiles(g Grid) string {
	shape := g.Shape()
	size, _ := Size(shape)
	hits := NewView(make([]byte, size), shape, 1)
	var coords, before []int
	for i := range g.Len() {
		coords = g.Coords(i, coords)
		if g.Flat(coords) != i || g.Contains(coords) != nil {
			return fmt.Sprintf("cell %d of %v has coordinates %v", i, g.Counts(), coords)
		}
		if i > 0 && slices.Compare(before, coords) >= 0 {
			return fmt.Sprintf("cell %v comes before %v", before, coords)
		}
		before = slices.Clone(coords)
		cell, stored := g.Cell(coords), g.CellShape(coords)
		local := g.Local(coords, cell)
		for axis, n := range shape {
			switch {
			case local.Start[axis] != 0:
				return fmt.Sprintf("%v of cell %v begins at %v of it", cell, coords, local.Start)
			case stored[axis] > g.Largest()[axis] || stored[axis] < cell.Shape[axis] || cell.Stop(axis) < n && stored[axis] != cell.Shape[axis]:
				return fmt.Sprintf("cell %v, which is %v, is stored as %v", coords, cell, stored)
			}
			for i := cell.Start[axis]; i < cell.Stop(axis); i++ {
				if g.Find(axis, i) != coords[axis] {
					return fmt.Sprintf("the elements of %v lie in other cells", cell)
				}
			}
		}
		part := hits.Sub(cell)
		if cell.Empty() || !AllEqual(part, []byte{0}) {
			return fmt.Sprintf("cell %v is empty or overlaps another", cell)
		}
		Fill(part, []byte{1})
	}
	if !AllEqual(hits, []byte{1}) {
		return fmt.Sprintf("the cells of %v, %v over %v leave elements out", g.chunk, g.bounds, shape)
	}
	return ""
}

// merged returns what is wrong with a grid m made of g's cells.
func merged(g, m Grid, most []int) string {
	for axis, n := range g.Shape() {
		for c := range m.Counts()[axis] {
			start, length := m.extent(axis, c)
			stop := start + length
			first, last := g.Find(axis, start), g.Find(axis, stop-1)
			if g.begin(axis, first) != start || stop < n && g.begin(axis, last+1) != stop {
				return fmt.Sprintf("axis %d: %d to %d are not whole cells", axis, start, stop)
			}
			if last > first && length > most[axis] {
				return fmt.Sprintf("axis %d: %d to %d are more than %d", axis, start, stop, most[axis])
			}
			if stop < n {
				if _, next := g.extent(axis, last+1); length+next <= most[axis] && g.begin(axis, last+1)+next < n {
					return fmt.Sprintf("axis %d: %d to %d could be longer, up to %d", axis, start, stop, most[axis])
				}
			}
		}
	}
	return ""
}

// TestRectilinearSteps has the steps that some cells are shorter than, and others
// longer.
func TestRectilinearSteps(t *testing.T) {
	g, err := NewRectilinear([]int{20}, []int{0}, [][]int{{1, 2, 9, 1, 1, 6}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := Sel(RangeStep(None, None, -4)).Resolve([]int{20}) // 19, 15, 11, 7, 3
	if err != nil {
		t.Fatal(err)
	}
	pieces := r.Pieces(g)
	var got []string
	for i := range pieces.Len() {
		p := pieces.At(i)
		got = append(got, fmt.Sprint(p.Cell[0], p.Box, p.Count()))
	}
	want := []string{"2 [3:12] 3", "5 [15:20] 2"}
	if !slices.Equal(got, want) || checkPieces(pieces, g, 5) != "" {
		t.Errorf("got %q, want %q; %s", got, want, checkPieces(pieces, g, 5))
	}
}

// TestHugeRectilinear has cells near the end of what an int counts.
func TestHugeRectilinear(t *testing.T) {
	n := math.MaxInt
	g, err := NewRectilinear([]int{n}, []int{0}, [][]int{{n - 3, 1, 2}})
	if err != nil {
		t.Fatal(err)
	}
	if got := g.Cell([]int{2}); !got.Equal(Box{[]int{n - 2}, []int{2}}) || g.Find(0, n-1) != 2 || g.Find(0, 5) != 0 {
		t.Errorf("last cell is %v", got)
	}
	r, err := Sel(RangeStep(0, None, n/2)).Resolve([]int{n}) // 0, n/2 and n-1
	if err != nil {
		t.Fatal(err)
	}
	pieces := r.Pieces(g)
	if pieces.Len() != 2 || pieces.At(0).Count() != 2 || !pieces.At(1).Box.Equal(Box{[]int{n - 1}, []int{1}}) {
		t.Errorf("%d pieces, the last of which is %v", pieces.Len(), pieces.At(pieces.Len()-1).Box)
	}
}

func TestGridsEqual(t *testing.T) {
	grid := func(edges ...[]int) Grid {
		g, err := NewRectilinear([]int{10, 6}, []int{5, 3}, edges)
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	same := [][]Grid{
		{grid(), grid(nil, nil), grid([]int{5, 5}, nil), grid([]int{5, 5, 5}, []int{3, 3})},
		{grid([]int{5, 4, 1}, nil), grid([]int{5, 4, 1, 7}, nil).Transpose([]int{1, 0}).Transpose([]int{1, 0})},
		{grid([]int{5, 4, 2}, nil)}, {grid(nil, []int{2, 4}), grid(nil, []int{2, 4})}, {grid([]int{10}, nil)},
	}
	for i, a := range same {
		for j, b := range same {
			for _, x := range a {
				for _, y := range b {
					if x.Equal(y) != (i == j) {
						t.Errorf("%v and %v: %v", x, y, x.Equal(y))
					}
				}
			}
		}
	}
	if g, err := NewGrid([]int{10}, []int{5}); err != nil || g.Equal(grid()) {
		t.Errorf("grids over other arrays: %v", err)
	}
}
