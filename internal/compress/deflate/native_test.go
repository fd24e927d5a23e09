package deflate

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// TestNative: what libdeflate decodes, the other decoder does, to the same bytes; and
// where the other does not, neither does it.
func TestNative(t *testing.T) {
	n := loaded()
	if n == nil {
		t.Skip("libdeflate is not there: apt-get install libdeflate0")
	}
	r := rand.New(rand.NewPCG(1, 2))
	for _, f := range []*Format{Gzip, Zlib} {
		decoded := 0
		for i := range 3000 {
			src := make([]byte, 1+r.IntN(3000))
			for k := range src {
				src[k] = byte(r.IntN(1 + i%256))
			}
			packed, err := f.Encode(nil, src, i%(MaxLevel+1))
			if err != nil {
				t.Fatal(err)
			}
			switch i % 4 {
			case 1:
				packed[r.IntN(len(packed))] ^= 1 << r.IntN(8)
			case 2:
				packed = packed[:r.IntN(len(packed))]
			case 3:
				packed = append(packed, packed[:r.IntN(len(packed))]...)
			}
			out := make([]byte, len(src)+i%3)
			size, ok := n.decode(f, out, packed)
			if ok {
				decoded++
			}
			pure := make([]byte, size)
			if ok && (f.decodeInto(pure, packed) != nil || !bytes.Equal(pure, out[:size])) {
				t.Fatalf("%s %x: decoded to %x, by the other decoder to %x", f.name, packed, out[:size], pure)
			}
			if !ok && i%4 == 0 {
				t.Fatalf("%s %x: not decoded", f.name, packed)
			}
		}
		if decoded < 700 {
			t.Errorf("%s: %d decoded", f.name, decoded)
		}
	}
}

func BenchmarkDecodeInto(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	src := make([]byte, 1<<20)
	for i := range src {
		src[i] = byte(r.NormFloat64() * 8)
	}
	packed, err := Zlib.Encode(nil, src, 4)
	if err != nil {
		b.Fatal(err)
	}
	for name, decode := range map[string]func(dst, src []byte) error{"libdeflate": Zlib.DecodeInto, "go": Zlib.decodeInto} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(src)))
			for b.Loop() {
				if err := decode(src, packed); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
