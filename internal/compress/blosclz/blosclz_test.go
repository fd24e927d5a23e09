package blosclz

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/dosna/dosna/internal/compress"
	"github.com/dosna/dosna/internal/compress/compresstest"
	"github.com/dosna/dosna/internal/testenv"
)

// inputs are the common ones and some made of repetitions near and far.
func inputs() map[string][]byte {
	all := compresstest.Inputs()
	delete(all, "empty")
	for _, distance := range []int{1, 2, 7, 8, 9, nearest - 1, nearest, nearest + 1, nearest + 2, farthest - 1, farthest, farthest + 1} {
		block := compresstest.Noise(distance)
		all[fmt.Sprint("distance", distance)] = append(bytes.Repeat(block, 2), block[:distance/2]...)
	}
	r := rand.New(rand.NewPCG(5, 6))
	var mixed []byte
	for len(mixed) < 200_000 {
		if n := r.IntN(300); r.IntN(2) == 0 || len(mixed) < 10 {
			mixed = append(mixed, compresstest.Noise(n)...)
		} else {
			from := r.IntN(len(mixed))
			mixed = append(mixed, mixed[from:min(len(mixed), from+n)]...)
		}
	}
	all["mixed"] = mixed
	return all
}

func TestRoundTrip(t *testing.T) {
	for name, plain := range inputs() {
		for level := 1; level <= MaxLevel; level++ {
			encoded, err := Encode([]byte("before"), plain, level)
			if err != nil {
				t.Fatal(err)
			}
			encoded, ok := bytes.CutPrefix(encoded, []byte("before"))
			if !ok || len(encoded) > Bound(len(plain)) {
				t.Fatalf("%s: %d bytes encoded to %d", name, len(plain), len(encoded))
			}
			out := make([]byte, len(plain))
			if err := DecodeInto(out, encoded); err != nil || !bytes.Equal(out, plain) {
				t.Fatalf("%s level %d: %v", name, level, err)
			}
			if err := DecodeInto(out[1:], encoded); !errors.Is(err, compress.ErrCorrupt) {
				t.Errorf("%s: into one less: %v", name, err)
			}
			if err := DecodeInto(make([]byte, len(plain)+1), encoded); !errors.Is(err, compress.ErrCorrupt) {
				t.Errorf("%s: into one more: %v", name, err)
			}
		}
	}
}

func TestCompresses(t *testing.T) {
	for name, most := range map[string]int{"zeros": 1300, "text": 500, "ramp": 3000, "distance9": 40} {
		plain := inputs()[name]
		if encoded, err := Encode(nil, plain, 5); err != nil || len(encoded) > most {
			t.Errorf("%s: %d bytes encoded to %d, expected at most %d (%v)", name, len(plain), len(encoded), most, err)
		}
	}
}

// Streams put together by hand after the description in the package comment.
func TestKnown(t *testing.T) {
	far := compresstest.Noise(8200)
	farStream := appendLiterals(nil, far)
	tests := []struct {
		name, stream, want string
	}{
		{"literals", "\x22abc", "abc"},
		{"short match", "\x02abc\x20\x02\x00z", "abcabcz"},
		{"run", "\x00a\xe0\x01\x00\x00z", "aaaaaaaaaaaz"},
		{"long run", "\x00a\xe0\xff\x00\x00\x00z", "a" + string(bytes.Repeat([]byte("a"), 264)) + "z"},
		{"far match", string(farStream) + "\x7f\xff\x00\x03\x00z", string(far) + string(far[8200-8195:][:5]) + "z"},
	}
	for _, tt := range tests {
		out := make([]byte, len(tt.want))
		if err := DecodeInto(out, []byte(tt.stream)); err != nil || string(out) != tt.want {
			t.Errorf("%s: %q, %v", tt.name, out, err)
		}
	}
	for name, stream := range map[string]string{
		"empty": "", "no literals": "\x02ab", "no distance": "\x02abc\x20", "no length": "\x02abc\xe0\xff",
		"too far": "\x02abc\x20\x03", "no far distance": "\x00a\x3f\xff\x00", "too long": "\x00a\xe0\xff\xff\xff\xff\xff\x00\x00",
	} {
		if err := DecodeInto(make([]byte, 100), []byte(stream)); !errors.Is(err, compress.ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDamage(t *testing.T) {
	plain := inputs()["mixed"]
	encoded, err := Encode(nil, plain, 5)
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
	plain := inputs()["mixed"]
	buf := make([]byte, 0, Bound(len(plain)))
	encoded, err := Encode(nil, plain, 5)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]byte, len(plain))
	compresstest.Allocs(t, testenv.Race, "encode", func() { Encode(buf, plain, 5) })
	compresstest.Allocs(t, testenv.Race, "decode", func() { DecodeInto(out, encoded) })
}

func FuzzDecode(f *testing.F) {
	for _, plain := range inputs() {
		plain = plain[:min(len(plain), 3000)]
		encoded, err := Encode(nil, plain, 5)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(encoded, len(plain))
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

func FuzzEncode(f *testing.F) {
	f.Add([]byte("a"), 5)
	f.Add(bytes.Repeat([]byte("abcdefgh"), 40), 9)
	f.Fuzz(func(t *testing.T, plain []byte, level int) {
		encoded, err := Encode(nil, plain, 1+int(uint(level)%MaxLevel))
		if err != nil {
			t.Fatal(err)
		}
		out := make([]byte, len(plain))
		if err := DecodeInto(out, encoded); len(plain) > 0 && (err != nil || !bytes.Equal(out, plain)) {
			t.Fatalf("%v", err)
		}
	})
}

func Benchmark(b *testing.B) {
	plain := inputs()["mixed"]
	encoded, err := Encode(nil, plain, 5)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("encode", func(b *testing.B) {
		b.SetBytes(int64(len(plain)))
		buf := make([]byte, 0, Bound(len(plain)))
		for b.Loop() {
			Encode(buf, plain, 5)
		}
		b.ReportMetric(float64(len(plain))/float64(len(encoded)), "ratio")
	})
	b.Run("decode", func(b *testing.B) {
		b.SetBytes(int64(len(plain)))
		out := make([]byte, len(plain))
		for b.Loop() {
			DecodeInto(out, encoded)
		}
	})
}
