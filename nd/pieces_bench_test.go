package nd

import (
	"math/rand/v2"
	"testing"
)

// BenchmarkPieces reads selections of a 512³ array of float32 in chunks of 64³,
// all of which are the same memory: it measures the arithmetic and the copying
// out of decoded chunks.
func BenchmarkPieces(b *testing.B) {
	rng := rand.New(rand.NewPCG(3, 4))
	random := func(n int) []int {
		out := make([]int, n)
		for i := range out {
			out[i] = rng.IntN(512)
		}
		return out
	}
	half := make([]bool, 512)
	for i := range half {
		half[i] = rng.IntN(2) == 0
	}
	ball := make([]bool, 128*128*128)
	for i := range ball {
		x, y, z := i>>14-64, i>>7&127-64, i&127-64
		ball[i] = x*x+y*y+z*z < 60*60
	}
	for _, c := range []struct {
		name  string
		side  int
		s     Selection
		build bool // only find the pieces
	}{
		{"box=64^3", 512, Sel(Range(32, 96), Range(32, 96), Range(32, 96)), false},
		{"plane=0", 512, Sel(At(100)), false},
		{"plane=2", 512, Sel(Ellipsis(), At(100)), false},
		{"plane=2/build", 512, Sel(Ellipsis(), At(100)), true},
		{"step=2", 512, Sel(At(100), All(), RangeStep(None, None, 2)), false},
		{"step=-1", 512, Sel(At(100), All(), RangeStep(None, None, -1)), false},
		{"points=2000", 512, Sel(List(random(2000)...), List(random(2000)...), List(random(2000)...)), false},
		{"points=2000/build", 512, Sel(List(random(2000)...), List(random(2000)...), List(random(2000)...)), true},
		{"lines=2000", 512, Sel(List(random(2000)...), List(random(2000)...)), false},
		{"oindex=first", 512, Sel(List(random(100)...), At(7)).Orthogonal(), false},
		{"oindex=last", 512, Sel(At(7), All(), List(random(500)...)).Orthogonal(), false},
		{"oindex=both", 512, Sel(At(7), List(random(500)...), List(random(500)...)).Orthogonal(), false},
		{"mask=axis", 512, Sel(At(7), Mask([]int{512}, half)), false},
		{"mask=ball", 128, Sel(Mask([]int{128, 128, 128}, ball)), false},
		{"mask=ball/build", 128, Sel(Mask([]int{128, 128, 128}, ball)), true},
	} {
		b.Run(c.name, func(b *testing.B) {
			const item = 4
			shape := []int{c.side, c.side, c.side}
			g, err := NewGrid(shape, []int{64, 64, 64})
			if err != nil {
				b.Fatal(err)
			}
			chunk := NewView(make([]byte, 64*64*64*item), []int{64, 64, 64}, item)
			r, err := c.s.Resolve(shape)
			if err != nil {
				b.Fatal(err)
			}
			result := make([]byte, r.Size()*item)
			b.SetBytes(int64(len(result)))
			b.ReportAllocs()
			for b.Loop() {
				r, err := c.s.Resolve(shape)
				if err != nil {
					b.Fatal(err)
				}
				canon, _ := r.Canonical(NewView(result, r.Shape, item))
				pieces := r.Pieces(g)
				for i := range pieces.Len() {
					p := pieces.At(i)
					if c.build {
						continue
					}
					box := chunk.Sub(p.Box.Sub(g.Cell(p.Cell).Start))
					if direct, ok := p.Direct(canon); ok {
						Copy(direct, box)
					} else {
						p.Gather(canon, box)
					}
				}
			}
		})
	}
}
