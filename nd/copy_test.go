package nd

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// randomView draws a view of the given shape whose elements lie scattered in
// memory: axes in any order, with gaps, some reversed.
func randomView(t *rapid.T, shape []int, item int, name string) View {
	perm := rapid.Permutation(axes(len(shape))).Draw(t, name+" order")
	strides := make([]int, len(shape))
	size, off := item, 0
	for _, axis := range perm {
		strides[axis] = size * rapid.IntRange(1, 2).Draw(t, name+" gap")
		size = strides[axis] * max(shape[axis], 1)
	}
	for i, n := range shape {
		if n > 0 && rapid.Bool().Draw(t, name+" reversed") {
			off += (n - 1) * strides[i]
			strides[i] = -strides[i]
		}
	}
	return View{Data: make([]byte, size), Off: off, Shape: shape, Strides: strides, Item: item}
}

func axes(n int) []int {
	a := make([]int, n)
	for i := range a {
		a[i] = i
	}
	return a
}

// elements lists the view's elements in C order, one address at a time.
func elements(v View) []byte {
	if len(v.Shape) == 0 {
		return v.Data[v.Off : v.Off+v.Item]
	}
	var out []byte
	for i := range v.Shape[0] {
		out = append(out, elements(v.Index(0, i))...)
	}
	return out
}

func TestCopy(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shape := rapid.SliceOfN(rapid.IntRange(0, 5), 0, 5).Draw(t, "shape")
		item := rapid.SampledFrom([]int{1, 2, 3, 4, 8, 16, 24}).Draw(t, "item")
		src := randomView(t, shape, item, "src")
		dst := randomView(t, shape, item, "dst")
		for i := range src.Data {
			src.Data[i] = byte(rand.Uint32())
		}
		if err := src.Check(); err != nil {
			t.Fatal(err)
		}
		Copy(dst, src)
		if want := elements(src); !bytes.Equal(elements(dst), want) {
			t.Fatalf("copied\n%v, want\n%v", elements(dst), want)
		}
	})
}

func TestCopyTransposesLargeTiles(t *testing.T) {
	shape := []int{67, 45, 70}
	src := NewView(make([]byte, 67*45*70*4), shape, 4)
	for i := range src.Data {
		src.Data[i] = byte(rand.Uint32())
	}
	for _, perm := range [][]int{{2, 1, 0}, {1, 2, 0}, {0, 2, 1}, {2, 0, 1}} {
		from := src.Transpose(perm)
		dst := NewView(make([]byte, len(src.Data)), from.Shape, 4)
		Copy(dst, from)
		if !bytes.Equal(dst.Data, elements(from)) {
			t.Errorf("transpose %v differs", perm)
		}
	}
}

func TestCopyOfManyAxes(t *testing.T) {
	shape := make([]int, 18)
	for i := range shape {
		shape[i] = 2
	}
	src := NewView(make([]byte, 1<<18), shape, 1)
	for i := range src.Data {
		src.Data[i] = byte(rand.Uint32())
	}
	perm := axes(18)
	rand.Shuffle(18, func(i, j int) { perm[i], perm[j] = perm[j], perm[i] })
	from := src.Transpose(perm)
	dst := NewView(make([]byte, 1<<18), from.Shape, 1)
	Copy(dst, from)
	if !bytes.Equal(dst.Data, elements(from)) {
		t.Error("a copy of 18 axes differs")
	}
}

func TestCopyRefusesViewsOutsideTheirMemory(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("copied from outside the memory")
		}
	}()
	Copy(NewView(make([]byte, 8), []int{2}, 4), NewView(make([]byte, 4), []int{2}, 4))
}

func TestFillAndAllEqual(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shape := rapid.SliceOfN(rapid.IntRange(0, 5), 0, 4).Draw(t, "shape")
		item := rapid.SampledFrom([]int{1, 2, 4, 8, 16}).Draw(t, "item")
		v := randomView(t, shape, item, "v")
		elem := rapid.SliceOfN(rapid.Byte(), item, item).Draw(t, "elem")
		Fill(v, elem)
		if !AllEqual(v, elem) {
			t.Fatal("filled, yet not all equal")
		}
		n := v.Size()
		if want := bytes.Repeat(elem, n); !bytes.Equal(elements(v), want) {
			t.Fatalf("filled with %v, want %v", elements(v), want)
		}
		if n > 0 {
			c := v
			for len(c.Shape) > 0 {
				c = c.Index(0, rapid.IntRange(0, c.Shape[0]-1).Draw(t, "coordinate"))
			}
			c.Data[c.Off]++
			if AllEqual(v, elem) {
				t.Fatal("one element changed, yet all equal")
			}
		}
	})
}

func TestBroadcast(t *testing.T) {
	for _, c := range []struct {
		from, to, strides []int
		bad               bool
	}{
		{from: []int{}, to: []int{2, 3}, strides: []int{0, 0}},
		{from: []int{3}, to: []int{2, 3}, strides: []int{0, 4}},
		{from: []int{2, 1}, to: []int{2, 3}, strides: []int{4, 0}},
		{from: []int{1, 1, 3}, to: []int{2, 3}, strides: []int{0, 4}},
		{from: []int{1}, to: []int{}, strides: []int{}},
		{from: []int{2}, to: []int{2, 3}, bad: true},
		{from: []int{2, 1, 3}, to: []int{2, 3}, bad: true},
		{from: []int{1}, to: []int{0}, strides: []int{0}},
	} {
		n, _ := Size(c.from)
		v, err := NewView(make([]byte, 4*n), c.from, 4).Broadcast(c.to)
		if (err != nil) != c.bad {
			t.Errorf("%v to %v: error %v", c.from, c.to, err)
		}
		if err == nil && fmt.Sprint(v.Strides) != fmt.Sprint(c.strides) {
			t.Errorf("%v to %v: strides %v, want %v", c.from, c.to, v.Strides, c.strides)
		}
	}
}

func TestSize(t *testing.T) {
	for _, c := range []struct {
		shape []int
		n     int
		ok    bool
	}{
		{[]int{}, 1, true}, {[]int{3, 4}, 12, true}, {[]int{3, 0, -1}, 0, false}, {[]int{-1}, 0, false},
		{[]int{1 << 40, 1 << 40}, 0, false}, {[]int{1 << 40, 1 << 40, 0}, 0, true}, {[]int{1 << 62, 2}, 0, false},
	} {
		if n, ok := Size(c.shape); n != c.n || ok != c.ok {
			t.Errorf("Size(%v) = %d, %v; want %d, %v", c.shape, n, ok, c.n, c.ok)
		}
	}
}

func BenchmarkCopy(b *testing.B) {
	const n = 128
	src := NewView(make([]byte, n*n*n*4), []int{n, n, n}, 4)
	dst := NewView(make([]byte, n*n*n*4), []int{n, n, n}, 4)
	half := Box{[]int{0, 0, 0}, []int{n, n, n / 2}}
	for name, v := range map[string]View{
		"contiguous": src, "transposed": src.Transpose([]int{2, 1, 0}), "flipped": src.Flip(2), "rows": src.Sub(half),
	} {
		b.Run("src="+name, func(b *testing.B) {
			d := dst.Sub(Box{[]int{0, 0, 0}, v.Shape})
			b.SetBytes(int64(v.Size() * 4))
			for b.Loop() {
				Copy(d, v)
			}
		})
	}
}
