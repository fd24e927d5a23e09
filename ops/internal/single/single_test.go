package single

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestWidenAndNarrow(t *testing.T) {
	for n := range 70 {
		src, wide := make([]float32, n), make([]float64, n)
		for i := range src {
			src[i] = math.Float32frombits(rand.Uint32())
		}
		Widen(wide, src)
		for i, x := range src {
			if wide[i] != float64(x) && x == x {
				t.Fatalf("%d numbers: %v became %v", n, x, wide[i])
			}
		}
		for i := range wide {
			switch rand.IntN(4) {
			case 0: // half way between two float32
				wide[i] = (1 + float64(1+2*rand.IntN(1<<23))/(1<<24)) * math.Exp2(float64(rand.IntN(250)-125))
			case 1:
				wide[i] = rand.NormFloat64()
			case 2:
				wide[i] = math.Float64frombits(rand.Uint64())
			}
		}
		Narrow(src, wide)
		for i, x := range wide {
			if src[i] != float32(x) && x == x || math.IsNaN(float64(src[i])) != math.IsNaN(x) {
				t.Fatalf("%d numbers: %v became %v, want %v", n, x, src[i], float32(x))
			}
		}
	}
}

func BenchmarkWiden(b *testing.B) {
	dst, src := make([]float64, 1024), make([]float32, 1024)
	b.SetBytes(4096)
	for b.Loop() {
		Widen(dst, src)
	}
}

func BenchmarkNarrow(b *testing.B) {
	dst, src := make([]float32, 1024), make([]float64, 1024)
	b.SetBytes(4096)
	for b.Loop() {
		Narrow(dst, src)
	}
}
