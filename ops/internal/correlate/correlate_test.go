package correlate

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// TestRows compares Rows, which may use vector instructions, with the scalar
// loop, bit for bit. TestScalar compares with sums done by hand.
func TestRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := Kernel{make([]float64, rapid.IntRange(1, 9).Draw(t, "weights")), rapid.Bool().Draw(t, "odd")}
		stride := rapid.IntRange(1, 70).Draw(t, "stride")
		dst := make([]float64, rapid.IntRange(0, 70).Draw(t, "n"))
		src := make([]float64, len(dst)+2*k.Radius()*stride)
		rnd := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		for i := range k.Half {
			k.Half[i] = rnd.NormFloat64()
		}
		for i := range src {
			src[i] = rnd.NormFloat64() * math.Exp2(float64(rnd.IntN(40)))
		}
		if len(src) > 0 && rapid.Bool().Draw(t, "not finite") {
			src[rnd.IntN(len(src))] = []float64{math.NaN(), math.Inf(1), math.Inf(-1), math.Copysign(0, -1)}[rnd.IntN(4)]
		}
		k.Rows(dst, src, stride)
		want := make([]float64, len(dst))
		k.scalar(want, src, stride)
		for i := range dst {
			if math.Float64bits(dst[i]) != math.Float64bits(want[i]) && !(math.IsNaN(dst[i]) && math.IsNaN(want[i])) {
				t.Fatalf("element %d: %v, want %v", i, dst[i], want[i])
			}
		}
	})
}

func TestScalar(t *testing.T) {
	src := []float64{1, 2, 4, 8, 16, 32, 64}
	for _, c := range []struct {
		k      Kernel
		stride int
		want   []float64
	}{
		{Kernel{Half: []float64{10}}, 3, []float64{10, 20, 40, 80, 160, 320, 640}},
		{Kernel{Half: []float64{1, 10}}, 1, []float64{10*2 + 5, 10*4 + 10, 10*8 + 20, 10*16 + 40, 10*32 + 80}},
		{Kernel{Half: []float64{1, 10}, Odd: true}, 2, []float64{10*4 - 15, 10*8 - 30, 10*16 - 60}},
		{Kernel{Half: []float64{1, 100, 0}, Odd: true}, 1, []float64{-15 - 600, -30 - 1200, -60 - 2400}},
	} {
		got := make([]float64, len(c.want))
		c.k.Rows(got, src, c.stride)
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%+v stride %d: %v, want %v", c.k, c.stride, got, c.want)
				break
			}
		}
	}
}

func BenchmarkRows(b *testing.B) {
	k := Kernel{Half: []float64{1, 2, 3, 4, 5, 6, 7, 8, 9}}
	dst, src := make([]float64, 64), make([]float64, 64*81)
	for b.Loop() {
		for row := range 64 {
			k.Rows(dst, src[64*row:], 64)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/4096, "ns/element")
}
