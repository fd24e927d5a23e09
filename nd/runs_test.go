package nd

import (
	"bytes"
	"testing"
)

// TestRunsAreWhatGatherCopies, for selections of every kind, also where the box lies
// in a larger memory.
func TestRunsAreWhatGatherCopies(t *testing.T) {
	shape := []int{9, 7, 11}
	array := NewView(make([]byte, 2*9*7*11), shape, 2)
	for i := range array.Data {
		array.Data[i] = byte(i * 7 >> 2)
	}
	g, _ := NewGrid(shape, []int{4, 3, 5})
	for text, sparse := range map[string]bool{
		"...": false, "::-1, 2:5": false, "3": false, "::3": true, "[8,0,8]": true, "[1,2,3], ::-1": false,
		"[1,5,8,8], [0,6,2,2], [3,3,9,9]": true, "[1,5], :, [3,4]": true, "::-2, [4,1], 7": true,
	} {
		s, err := ParseSelection(text)
		if err != nil {
			t.Fatal(err)
		}
		r, err := s.Resolve(shape)
		if err != nil {
			t.Fatal(err)
		}
		if r.Sparse() != sparse {
			t.Errorf("%s: sparse %v, want %v", text, r.Sparse(), sparse)
		}
		got, want := make([]byte, 2*r.Size()), make([]byte, 2*r.Size())
		canonGot, _ := r.Canonical(NewView(got, r.Shape, 2))
		canonWant, _ := r.Canonical(NewView(want, r.Shape, 2))
		pieces := r.Pieces(g)
		for i := range pieces.Len() {
			p := pieces.At(i)
			box := array.Sub(p.Box)
			p.Gather(canonWant, box)
			p.Runs(canonGot, View{Off: box.Off, Shape: box.Shape, Strides: box.Strides, Item: 2}, func(to, from, n int) {
				copy(got[to:to+n], array.Data[from:from+n])
			})
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s: other bytes than Gather's", text)
		}
	}
}
