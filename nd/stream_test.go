package nd

import (
	"bytes"
	"testing"
	"unsafe"
)

// TestRowsFarApart copies boxes into a large array, from memory of any alignment, and
// compares with copying element by element. Some of the boxes are stored past the
// processor's caches.
func TestRowsFarApart(t *testing.T) {
	const planes, rows, row = 12, 8, 128 << 10
	memory := make([]byte, planes*rows*row+cacheLine)
	got := memory[-uintptr(unsafe.Pointer(&memory[0]))%cacheLine:][:planes*rows*row]
	want := make([]byte, len(got))
	source := make([]byte, 1<<20)
	for i := range source {
		source[i] = byte(i*i>>8 + i)
	}
	streamed := 0
	for _, c := range []struct {
		from, shape [3]int
		item        int
	}{
		{[3]int{0, 0, 0}, [3]int{12, 8, 64}, 1},
		{[3]int{0, 1, 16}, [3]int{12, 3, 16}, 4},
		{[3]int{1, 0, 64}, [3]int{11, 8, 192}, 1},
		{[3]int{0, 7, 64}, [3]int{12, 1, 640}, 1},
		{[3]int{0, 0, 32}, [3]int{12, 8, 96}, 2},
		{[3]int{0, 0, 8}, [3]int{12, 8, 64}, 1},  // does not begin on a line
		{[3]int{0, 0, 64}, [3]int{12, 8, 72}, 1}, // and does not end on one
		{[3]int{0, 0, 64}, [3]int{2, 8, 64}, 1},  // near each other
	} {
		for offset := range 3 {
			box := Box{Start: c.from[:], Shape: c.shape[:]}
			shape := []int{planes, rows, row / c.item}
			src := NewView(source[offset:][:box.Size()*c.item], box.Shape, c.item)
			dst := NewView(got, shape, c.item).Sub(box)
			var l loop
			if l.plan(dst, src) && l.streams(unsafe.Pointer(&dst.Data[l.dst])) {
				streamed++
			}
			clear(got)
			clear(want)
			Copy(dst, src)
			plain := NewView(want, shape, c.item).Sub(box)
			for z := range c.shape[0] {
				for y := range c.shape[1] {
					n := c.shape[2] * c.item
					copy(want[plain.Off+z*plain.Strides[0]+y*plain.Strides[1]:][:n], src.Data[(z*c.shape[1]+y)*n:])
				}
			}
			if !bytes.Equal(got, want) {
				t.Errorf("box at %v of %v, elements of %d bytes, from offset %d: wrong", c.from, c.shape, c.item, offset)
			}
		}
	}
	if streaming && streamed != 5*3 {
		t.Errorf("%d copies go past the caches, want 15", streamed)
	}
}
