package nd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
)

// TestResolveErrors has those errors that NumPy's text form cannot provoke; see
// TestNumPy for the others.
func TestResolveErrors(t *testing.T) {
	for _, c := range []struct {
		s     Selection
		shape []int
		want  string
	}{
		{Sel(At(3)), []int{3}, "select [3] of an array of shape (3,): index 3 is out of bounds for axis 0 with size 3"},
		{Sel(At(math.MinInt)), []int{3}, "out of bounds for axis 0"},
		{Sel(List(), List(9)), []int{2, 2}, "index 9 is out of bounds for axis 1"},
		{Sel(RangeStep(None, None, 0)), []int{3}, "slice step cannot be zero"},
		{Sel(All()), []int{-1}, "length -1 along axis 0 is negative"},
		{Sel(Ints([]int{2, 2}, []int{1})), []int{3}, "an index array of shape [2 2] cannot have 1 values"},
		{Sel(Ints([]int{-1}, nil)), []int{3}, "an index array of shape [-1] cannot have 0 values"},
		{Sel(Ints([]int{math.MaxInt, 4}, nil)), []int{3}, "cannot have 0 values"},
		{Sel(Ints(nil, nil)), []int{3}, "an index array of shape [] cannot have 0 values"},
		{Sel(Mask([]int{3}, nil)), []int{3}, "an index array of shape [3] cannot have 0 values"},
		{Sel(Mask(nil, nil)), []int{3}, "cannot have 0 values"},
		{Sel(Mask([]int{0}, nil)), []int{3}, "size of axis is 3 but size of corresponding boolean axis is 0"},
		{Sel(Ints([]int{1, 1}, []int{0})).Orthogonal(), []int{3}, "orthogonal selection takes lists of one dimension; the one for axis 0 has 2"},
		{Sel(All(), Mask([]int{1, 1}, []bool{true})).Orthogonal(), []int{3, 1, 1}, "orthogonal selection takes masks of one dimension; the one for axis 1 has 2"},
		{Sel(Mask(nil, []bool{true})).Orthogonal(), []int{3}, "orthogonal selection takes masks of one dimension"},
		{Sel(List(slices.Repeat([]int{7}, 1000)...)), []int{3}, "select [<list of shape (1000,)>] of an array of shape (3,): index 7 is out of bounds"},
		{Sel(At(0), Mask([]int{13}, make([]bool, 13))), []int{3, 4}, "select [0, <mask of shape (13,)>]"},
	} {
		_, err := c.s.Resolve(c.shape)
		if err == nil || !strings.Contains(err.Error(), c.want) || len(err.Error()) > 300 {
			t.Errorf("%v[%s]: got error %v, want %q", c.shape, abridge(c.s.String()), err, c.want)
		}
	}
}

func TestResolveEmptyArrays(t *testing.T) {
	for _, c := range []struct {
		s           Selection
		shape, want []int
	}{
		{Selection{}, []int{2, 3}, []int{2, 3}},
		{Selection{}, nil, []int{}},
		{Sel(Mask([]int{0}, nil)), []int{0, 3}, []int{0, 3}},
		{Sel(Mask([]int{2, 0}, nil)), []int{2, 0, 5}, []int{0, 5}},
		{Sel(Mask([]int{0}, nil)).Orthogonal(), []int{0}, []int{0}},
		{Sel(Ints([]int{0, 4}, nil)), []int{0}, []int{0, 4}},
		{Sel(Mask(nil, []bool{false})), []int{4}, []int{0, 4}},
		{Sel(Range(2, 2)), []int{4, 5}, []int{0, 5}},
	} {
		r, err := c.s.Resolve(c.shape)
		if err != nil || !slices.Equal(r.Shape, c.want) {
			t.Errorf("%v[%v]: %v, %v; want shape %v", c.shape, c.s, r, err, c.want)
			continue
		}
		chunk := slices.Repeat([]int{2}, len(c.shape))
		g, _ := NewGrid(c.shape, chunk)
		if why := checkPieces(r.Pieces(g), g, r.Size()); why != "" {
			t.Errorf("%v[%v]: %s", c.shape, c.s, why)
		}
		if _, ok := r.Canonical(NewView(make([]byte, r.Size()), r.Shape, 1)); !ok {
			t.Errorf("%v[%v]: no canonical layout", c.shape, c.s)
		}
	}
}

func TestBoxSelection(t *testing.T) {
	b := Box{[]int{1, 2}, []int{3, 4}}
	r, err := BoxSelection(b).Resolve([]int{10, 10})
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := r.Box(); !ok || !got.Equal(b) {
		t.Errorf("got box %v, %v", got, ok)
	}
	r, err = BoxSelection(Box{[]int{-2, 8}, []int{3, 9}}).Resolve([]int{10, 10})
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := r.Box(); !ok || !got.Equal(Box{[]int{0, 8}, []int{1, 2}}) {
		t.Errorf("clipped to %v, %v", got, ok)
	}
}

func TestRegionBox(t *testing.T) {
	for text, want := range map[string]string{
		"1, 2:4":                     "[1:2, 2:4, 0:6]",
		"..., 3":                     "[0:4, 0:5, 3:4]",
		"None, 1:3, None":            "[1:3, 0:5, 0:6]",
		"[1, 2], 0":                  "[1:3, 0:1, 0:6]",
		"[True, True, False, False]": "[0:2, 0:5, 0:6]",
		"[[0], [1]], [[2, 3]]":       "[0:2, 2:4, 0:6]",
		"3:1":                        "[0:0, 0:5, 0:6]",
		"::2":                        "",
		"::-1":                       "",
		"[2, 1]":                     "",
		"[0, 1], [0, 1]":             "",
		"[[0, 1]], [[2], [3]]":       "", // the result is transposed
		"0, :, [1, 2]":               "", // likewise
		"False":                      "",
	} {
		s, err := ParseSelection(text)
		if err != nil {
			t.Fatal(err)
		}
		r, err := s.Resolve([]int{4, 5, 6})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if b, ok := r.Box(); ok {
			got = b.String()
		}
		if got != want {
			t.Errorf("%s: got box %q, want %q", text, got, want)
		}
	}
}

// TestHugeAxes would not end if slices were enumerated.
func TestHugeAxes(t *testing.T) {
	shape := []int{1 << 62, 1 << 40}
	g, err := NewGrid(shape, []int{1000, 1 << 10})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		s   Selection
		len int
		at  int
		box string
		n   int
	}{
		{Sel(), math.MaxInt, 1, "[0:1000, 1024:2048]", 1000 << 10},
		{Sel(All(), At(-1)), (1<<62-1)/1000 + 1, 3, "[3000:4000, 1099511627775:1099511627776]", 1000},
		{Sel(RangeStep(None, None, 1<<40), At(5)), 1 << 22, 3, "[3298534883328:3298534883329, 5:6]", 1},
		{Sel(RangeStep(None, None, -1<<40), At(5)), 1 << 22, 0, "[1099511627775:1099511627776, 5:6]", 1},
		{Sel(RangeStep(None, None, math.MinInt), At(5)), 1, 0, "[4611686018427387903:4611686018427387904, 5:6]", 1},
		{Sel(RangeStep(5, None, math.MaxInt), At(5)), 1, 0, "[5:6, 5:6]", 1},
		{Sel(RangeStep(500, 2500, 7), At(5)), 3, 1, "[1004:1999, 5:6]", 143},
		{Sel(RangeStep(2499, 499, -7), At(5)), 3, 1, "[1001:1996, 5:6]", 143},
	} {
		r, err := c.s.Resolve(shape)
		if err != nil {
			t.Fatal(err)
		}
		p := r.Pieces(g)
		if p.Len() != c.len {
			t.Errorf("%v: %d pieces, want %d", c.s, p.Len(), c.len)
			continue
		}
		if q := p.At(c.at); q.Box.String() != c.box || q.Count() != c.n {
			t.Errorf("%v: piece %d has %d elements in %v, want %d in %s", c.s, c.at, q.Count(), q.Box, c.n, c.box)
		}
		if q := p.At(p.Len() - 1); c.len < math.MaxInt && g.Contains(q.Cell) != nil {
			t.Errorf("%v: last piece is of chunk %v", c.s, q.Cell)
		}
	}
}

// TestPointsInHugeGrids has more chunks than 64 bits count, so that the sort
// keys of different chunks collide.
func TestPointsInHugeGrids(t *testing.T) {
	shape := []int{1 << 40, 1 << 40}
	g, err := NewGrid(shape, []int{1 << 6, 1 << 6})
	if err != nil {
		t.Fatal(err)
	}
	// cells (0, 3) and (1<<30, 3) have one key, as 1<<30 · 1<<34 wraps around
	x := []int{0, 1 << 36, 1, 1<<36 + 1, 0}
	y := []int{192, 193, 194, 195, 196}
	r, err := Sel(List(x...), List(y...)).Resolve(shape)
	if err != nil {
		t.Fatal(err)
	}
	pieces := r.Pieces(g)
	got := ""
	for i := range pieces.Len() {
		p := pieces.At(i)
		got += fmt.Sprint(p.Cell, p.Box, p.Count(), " ")
	}
	if !slices.Equal(g.Shape(), shape) {
		t.Errorf("the grid is of shape %v", g.Shape())
	}
	if want := "[0 3] [0:2, 192:197] 3 [1073741824 3] [68719476736:68719476738, 193:196] 2 "; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestOuterListsStaySeparate checks that an open mesh is not expanded: its
// points would not fit memory.
func TestOuterListsStaySeparate(t *testing.T) {
	const n = 100_000
	list := make([]int, n)
	for i := range list {
		list[i] = i*i%n + 1
	}
	r, err := Sel(Ints([]int{n, 1}, list), Ints([]int{1, n}, list)).Resolve([]int{2 * n, 2 * n})
	if err != nil {
		t.Fatal(err)
	}
	g, _ := NewGrid([]int{2 * n, 2 * n}, []int{n, n})
	pieces := r.Pieces(g)
	count := 0
	for i := range pieces.Len() {
		count += pieces.At(i).Count()
	}
	if !slices.Equal(r.Shape, []int{n, n}) || count != n*n {
		t.Errorf("shape %v, %d elements", r.Shape, count)
	}
}

func TestCanonicalRefusesWhatDoesNotMerge(t *testing.T) {
	r, err := Sel(Ints([]int{2, 2}, []int{0, 3, 1, 1})).Resolve([]int{4})
	if err != nil {
		t.Fatal(err)
	}
	v := NewView(make([]byte, 4), []int{2, 2}, 1)
	if c, ok := r.Canonical(v); !ok || !slices.Equal(c.Shape, []int{4}) {
		t.Errorf("contiguous: %v, %v", c, ok)
	}
	if _, ok := r.Canonical(v.Transpose([]int{1, 0})); ok {
		t.Error("a transposed view was merged")
	}
	if c, ok := r.Canonical(View{Data: v.Data, Shape: v.Shape, Strides: []int{0, 0}, Item: 1}); !ok || c.Strides[0] != 0 {
		t.Errorf("broadcast: %v, %v", c, ok)
	}
}

func TestPiecesRefusesAnotherArraysGrid(t *testing.T) {
	r, err := Sel().Resolve([]int{4})
	if err != nil {
		t.Fatal(err)
	}
	g, _ := NewGrid([]int{5}, []int{2})
	defer func() {
		if recover() == nil {
			t.Error("a grid over another shape was accepted")
		}
	}()
	r.Pieces(g)
}

// TestDirect says for which selections decoders can fill the result's memory in
// place in all chunks.
func TestDirect(t *testing.T) {
	for text, want := range map[string]bool{
		"3:70, 5":                  true,
		"::-1, None, -1":           true,
		"::64":                     true,
		"90::-50, 3":               true,
		"[5, 6, 7, 70, 71]":        true,
		"[71, 70, 7, 6, 5]":        true,
		"[1, 99], [3, 4]":          true, // points in chunks of their own
		"[1, 99, 0], [3, 4, 40]":   false,
		"::2":                      false,
		"[5, 7, 8]":                false,
		"[5, 5]":                   false,
		"[5, 7, 6]":                false,
		"oindex[[5, 80], [8, 7]]":  true,
		"oindex[[5, 80], [80, 5]]": false,
	} {
		s, err := ParseSelection(text)
		if err != nil {
			t.Fatal(err)
		}
		r, err := s.Resolve([]int{100, 100})
		if err != nil {
			t.Fatal(err)
		}
		g, _ := NewGrid([]int{100, 100}, []int{50, 100})
		canon, _ := r.Canonical(NewView(make([]byte, r.Size()), r.Shape, 1))
		pieces := r.Pieces(g)
		all := true
		for i := range pieces.Len() {
			_, ok := pieces.At(i).Direct(canon)
			all = all && ok
		}
		if all != want {
			t.Errorf("%s: direct %v, want %v", text, all, want)
		}
	}
}

// TestPiecesConcurrently reads disjoint parts of one result at once; the race
// detector watches.
func TestPiecesConcurrently(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	x, y := make([]int, 500), make([]int, 500)
	for i := range x {
		x[i], y[i] = rng.IntN(50), rng.IntN(50)
	}
	shape := []int{50, 50, 9}
	array := NewView(make([]byte, 50*50*9), shape, 1)
	for i := range array.Data {
		array.Data[i] = byte(rng.Uint32())
	}
	r, err := Sel(List(x...), List(y...), RangeStep(None, None, -2)).Resolve(shape)
	if err != nil {
		t.Fatal(err)
	}
	g, _ := NewGrid(shape, []int{7, 8, 4})
	result := NewView(make([]byte, r.Size()), r.Shape, 1)
	canon, _ := r.Canonical(result)
	pieces := r.Pieces(g)
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for i := worker; i < pieces.Len(); i += 4 {
				p := pieces.At(i)
				p.Gather(canon, array.Sub(p.Box))
			}
		})
	}
	wg.Wait()
	for i := range x {
		for k := range 5 {
			if got, want := result.Data[i*5+k], array.Data[(x[i]*50+y[i])*9+8-2*k]; got != want {
				t.Fatalf("point %d, %d: got %d, want %d", i, k, got, want)
			}
		}
	}
}

func TestPieceRefusesViewsOutsideTheirMemory(t *testing.T) {
	r, err := Sel(List(0, 3, 1)).Resolve([]int{4})
	if err != nil {
		t.Fatal(err)
	}
	g, _ := NewGrid([]int{4}, []int{4})
	defer func() {
		if recover() == nil {
			t.Error("elements were copied from outside the memory")
		}
	}()
	short := View{Data: make([]byte, 3), Shape: []int{4}, Strides: []int{1}, Item: 1}
	r.Pieces(g).At(0).Gather(NewView(make([]byte, 3), []int{3}, 1), short)
}

func FuzzResolve(f *testing.F) {
	f.Add("0:3, ::-2, [1, 2, 2]", []byte{5, 6, 7}, []byte{1, 2, 3})
	f.Add("[[True, False], [False, True]], None, 0", []byte{2, 2, 3}, []byte{0, 0, 1})
	f.Add("oindex[[3, 1], ..., [True, False]]", []byte{4, 3, 2}, []byte{1})
	f.Add("[0, 1], :, [[1], [2]]", []byte{4, 251, 4}, []byte{9, 255})
	f.Add("..., ::9223372036854775807", []byte{255, 0}, []byte{})
	f.Add("True, 1", []byte{}, []byte{})
	f.Fuzz(func(t *testing.T, text string, dims, chunks []byte) {
		s, err := ParseSelection(text)
		if err != nil || len(dims) > 8 {
			return
		}
		shape, chunk := make([]int, len(dims)), make([]int, len(dims))
		for i, d := range dims {
			if shape[i], chunk[i] = int(d), 1; d > 250 {
				shape[i] = math.MaxInt >> (255 - d)
			}
			if i < len(chunks) {
				chunk[i] += int(chunks[i])
			}
		}
		r, err := s.Resolve(shape)
		if err != nil {
			return
		}
		if size := saturatedSize(r.Shape); r.Size() != size {
			t.Fatalf("size %d of shape %v", r.Size(), r.Shape)
		}
		g, err := NewGrid(shape, chunk)
		if err != nil {
			t.Fatal(err)
		}
		if r.joint != nil && saturatedSize(r.joint.shape) > 1<<16 {
			return
		}
		pieces := r.Pieces(g)
		if r.Size() > 1<<12 || g.Len() == math.MaxInt {
			for _, i := range []int{0, pieces.Len() / 2, pieces.Len() - 1} {
				p := pieces.At(i)
				if err := g.Contains(p.Cell); err != nil {
					t.Fatal(err)
				}
				if !g.Cell(p.Cell).Contains(p.Box) || p.Count() < 1 {
					t.Fatalf("%d elements of %v in chunk %v", p.Count(), p.Box, g.Cell(p.Cell))
				}
			}
			return
		}
		count := 0
		for i := range pieces.Len() {
			count += pieces.At(i).Count()
		}
		if count != r.Size() {
			t.Fatalf("%v[%s] in chunks of %v: %d elements in the pieces, %d in the result", shape, text, chunk, count, r.Size())
		}
	})
}

func TestRegionAlong(t *testing.T) {
	type along struct{ axis, start, step int }
	for text, want := range map[string][]along{
		"":                       {{0, 0, 1}, {1, 0, 1}, {2, 0, 1}},
		"3, 1:":                  {{1, 1, 1}, {2, 0, 1}},
		"..., 5":                 {{0, 0, 1}, {1, 0, 1}},
		"::-2, 0, 2:9:3":         {{0, 9, -2}, {2, 2, 3}},
		"newaxis, 0, 4:":         {{-1, 0, 0}, {1, 4, 1}, {2, 0, 1}},
		"[1, 5, 9], :, 0":        {{0, 1, 4}, {1, 0, 1}},
		"[9, 5, 1], :, 0":        {{0, 9, -4}, {1, 0, 1}},
		"[1, 5, 8], :, 0":        {{0, 0, 0}, {1, 0, 1}},
		"[1, 5, 8], [0, 2, 3]":   {{-1, 0, 0}, {2, 0, 1}},
		"4:5, [2], :":            {{0, 4, 1}, {-1, 0, 0}, {2, 0, 1}},
		"[[0, 1], [2, 3]], :, 0": {{-1, 0, 0}, {-1, 0, 0}, {1, 0, 1}},
	} {
		sel, err := ParseSelection(text)
		if err != nil {
			t.Fatal(err)
		}
		r, err := sel.Resolve([]int{10, 11, 12})
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Shape) != len(want) {
			t.Errorf("%s: shape %v", text, r.Shape)
			continue
		}
		for dim, w := range want {
			var got along
			if got.axis, got.start, got.step = r.Along(dim); got != w {
				t.Errorf("%s: dimension %d runs over %v, want %v", text, dim, got, w)
			}
		}
	}
}
