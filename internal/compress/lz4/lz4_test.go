package lz4

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/dosna/dosna/internal/compress"
	"github.com/dosna/dosna/internal/compress/compresstest"
	"github.com/dosna/dosna/internal/testenv"
)

type encoder struct {
	name   string
	encode func(dst, src []byte) ([]byte, error)
}

func encoders() []encoder {
	var all []encoder
	for _, acceleration := range []int{0, 1, 9} {
		all = append(all, encoder{fmt.Sprint("fast", acceleration), func(dst, src []byte) ([]byte, error) {
			return Encode(dst, src, acceleration)
		}})
	}
	for _, level := range []int{1, 5, MaxHCLevel} {
		all = append(all, encoder{fmt.Sprint("hc", level), func(dst, src []byte) ([]byte, error) {
			return EncodeHC(dst, src, level)
		}})
	}
	return all
}

func TestRoundTrip(t *testing.T) {
	for _, e := range encoders() {
		for name, plain := range compresstest.Inputs() {
			encoded, err := e.encode([]byte("before"), plain)
			if err != nil {
				t.Fatalf("%s %s: %v", e.name, name, err)
			}
			encoded, ok := bytes.CutPrefix(encoded, []byte("before"))
			if !ok || len(encoded) > Bound(len(plain)) {
				t.Fatalf("%s %s: encoded to %d bytes", e.name, name, len(encoded))
			}
			out := make([]byte, len(plain))
			if err := DecodeInto(out, encoded); err != nil || !bytes.Equal(out, plain) {
				t.Errorf("%s %s: %v", e.name, name, err)
			}
			if err := DecodeInto(make([]byte, len(plain)+1), encoded); !errors.Is(err, compress.ErrCorrupt) {
				t.Errorf("%s %s: into one more: %v", e.name, name, err)
			}
			if len(plain) > 0 {
				if err := DecodeInto(out[1:], encoded); !errors.Is(err, compress.ErrCorrupt) {
					t.Errorf("%s %s: into one less: %v", e.name, name, err)
				}
			}
		}
	}
}

// The example of a block, taken apart by hand: a literal run of five, a match
// of eight at distance four, and the five final literals.
func TestKnownBlock(t *testing.T) {
	block := []byte("\x54abcde\x04\x00\x50vwxyz")
	out := make([]byte, 18)
	if err := DecodeInto(out, block); err != nil || string(out) != "abcdebcdebcdevwxyz" {
		t.Errorf("%q, %v", out, err)
	}
}

func TestLevels(t *testing.T) {
	for _, level := range []int{0, MaxHCLevel + 1} {
		if _, err := EncodeHC(nil, nil, level); err == nil {
			t.Errorf("level %d accepted", level)
		}
	}
}

func TestDamage(t *testing.T) {
	plain := bytes.Repeat(compresstest.Noise(100), 1000)
	encoded, err := Encode(nil, plain, 1)
	if err != nil {
		t.Fatal(err)
	}
	compresstest.Damage(t, encoded, plain, false, func(dst, src []byte, max int) ([]byte, error) {
		out := make([]byte, max)
		if err := DecodeInto(out, src); err != nil {
			return dst, err
		}
		return append(dst, out...), nil
	})
}

func TestSteadyStateAllocations(t *testing.T) {
	plain := compresstest.Smooth(1 << 18)
	buf := make([]byte, 0, Bound(len(plain)))
	encoded, err := Encode(nil, plain, 1)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]byte, len(plain))
	compresstest.Allocs(t, testenv.Race, "encode", func() { Encode(buf, plain, 1) })
	compresstest.Allocs(t, testenv.Race, "encode hc", func() { EncodeHC(buf, plain, 1) })
	compresstest.Allocs(t, testenv.Race, "decode", func() { DecodeInto(out, encoded) })
}

func FuzzDecode(f *testing.F) {
	for _, e := range encoders() {
		for _, plain := range compresstest.Inputs() {
			plain = plain[:min(len(plain), 3000)]
			encoded, err := e.encode(nil, plain)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(encoded, len(plain))
		}
	}
	f.Fuzz(func(t *testing.T, src []byte, n int) {
		n = max(0, min(n, 1<<20))
		guarded := bytes.Repeat([]byte{0xa5}, n+64)
		DecodeInto(guarded[:n:n], src)
		if !bytes.Equal(guarded[n:], bytes.Repeat([]byte{0xa5}, 64)) {
			t.Fatal("wrote beyond the destination")
		}
	})
}

func Benchmark(b *testing.B) {
	plain := compresstest.Smooth(1 << 20)
	for _, e := range encoders() {
		encoded, err := e.encode(nil, plain)
		if err != nil {
			b.Fatal(err)
		}
		b.Run("encode/"+e.name, func(b *testing.B) {
			b.SetBytes(int64(len(plain)))
			buf := make([]byte, 0, Bound(len(plain)))
			for b.Loop() {
				e.encode(buf, plain)
			}
			b.ReportMetric(float64(len(plain))/float64(len(encoded)), "ratio")
		})
	}
	encoded, err := Encode(nil, plain, 1)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("decode", func(b *testing.B) {
		b.SetBytes(int64(len(plain)))
		out := make([]byte, len(plain))
		for b.Loop() {
			DecodeInto(out, encoded)
		}
	})
}
