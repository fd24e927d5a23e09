package nd

import (
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestGrid(t *testing.T) {
	g, err := NewGrid([]int{10, 4, 7}, []int{4, 4, 100})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(g.Counts(), []int{3, 1, 1}) || g.Len() != 3 || g.NDim() != 3 {
		t.Errorf("counts %v, %d in all", g.Counts(), g.Len())
	}
	if got, want := g.Cell([]int{2, 0, 0}), (Box{[]int{8, 0, 0}, []int{2, 4, 7}}); !got.Equal(want) {
		t.Errorf("last cell is %v, want %v", got, want)
	}
	if got := g.CellShape([]int{2, 0, 0}); !slices.Equal(got, []int{4, 4, 100}) {
		t.Errorf("last cell is stored as %v", got)
	}
}

func TestGridWithoutAxesHasOneCell(t *testing.T) {
	g, err := NewGrid(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	cell := g.Cell(nil)
	if g.Len() != 1 || len(cell.Start) != 0 || cell.Size() != 1 || g.Contains(nil) != nil {
		t.Errorf("%d cells, the first is %v", g.Len(), cell)
	}
	if got := (Grid{}).Len(); got != 1 {
		t.Errorf("the zero grid has %d cells", got)
	}
}

func TestGridErrors(t *testing.T) {
	for _, c := range []struct {
		shape, chunk []int
		want         string
	}{
		{[]int{4}, []int{2, 2}, "chunk shape [2 2] has 2 dimensions where the array's shape [4] has 1"},
		{[]int{4, -1}, []int{2, 2}, "negative length -1 along axis 1"},
		{[]int{4}, []int{0}, "length 0 along axis 0; it must be at least 1"},
	} {
		if _, err := NewGrid(c.shape, c.chunk); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("grid of %v over %v: got error %v, want %q", c.chunk, c.shape, err, c.want)
		}
	}
	g, _ := NewGrid([]int{4, 0}, []int{2, 2})
	for _, coords := range [][]int{{0}, {0, 0}, {2, 0}, {-1, 0}} {
		if g.Contains(coords) == nil {
			t.Errorf("a grid of %v chunks contains %v", g.Counts(), coords)
		}
	}
}

func TestGridOfHugeArrays(t *testing.T) {
	g, err := NewGrid([]int{math.MaxInt, math.MaxInt, 3}, []int{math.MaxInt, 1, 2})
	if err != nil {
		t.Fatal(err)
	}
	if g.Len() != math.MaxInt || !slices.Equal(g.Counts(), []int{1, math.MaxInt, 2}) {
		t.Errorf("%d cells, %v", g.Len(), g.Counts())
	}
	last := Box{[]int{0, math.MaxInt - 1, 2}, []int{math.MaxInt, 1, 1}}
	if got := g.Cell([]int{0, math.MaxInt - 1, 1}); !got.Equal(last) {
		t.Errorf("last cell is %v, want %v", got, last)
	}
}

// TestGridTiles checks that the cells cover every element once, in C order.
func TestGridTiles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shape := rapid.SliceOfN(rapid.IntRange(0, 6), 0, 4).Draw(t, "shape")
		chunk := make([]int, len(shape))
		for i := range chunk {
			chunk[i] = rapid.IntRange(1, 8).Draw(t, "chunk")
		}
		g, err := NewGrid(shape, chunk)
		if err != nil {
			t.Fatal(err)
		}
		size, _ := Size(shape)
		hits := NewView(make([]byte, size), shape, 1)
		var coords, before []int
		for i := range g.Len() {
			coords = g.Coords(i, coords)
			if g.Flat(coords) != i || g.Contains(coords) != nil {
				t.Fatalf("cell %d of %v has coordinates %v", i, g.Counts(), coords)
			}
			if i > 0 && slices.Compare(before, coords) >= 0 {
				t.Fatalf("cell %v comes before %v", before, coords)
			}
			before = slices.Clone(coords)
			cell := g.Cell(coords)
			for axis := range shape {
				if g.Find(axis, cell.Start[axis]) != coords[axis] || g.Find(axis, cell.Stop(axis)-1) != coords[axis] {
					t.Fatalf("the elements of %v lie in other cells", cell)
				}
			}
			part := hits.Sub(cell)
			if !AllEqual(part, []byte{0}) {
				t.Fatalf("cell %v overlaps another", cell)
			}
			Fill(part, []byte{1})
		}
		if !AllEqual(hits, []byte{1}) {
			t.Fatalf("the cells of %v over %v leave elements out", chunk, shape)
		}
	})
}
