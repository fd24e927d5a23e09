package bzip2

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/dosna/dosna/internal/compress"
	"github.com/dosna/dosna/internal/compress/compresstest"
	"github.com/dosna/dosna/internal/testenv"
)

// inputs are those of other formats, and some that are hard to sort or to count.
func inputs() map[string][]byte {
	in := compresstest.Inputs()
	in["period"] = bytes.Repeat([]byte("ab"), 60_000)
	in["period 3"] = bytes.Repeat([]byte("abc"), 40_000)
	in["runs of 4"] = bytes.Repeat([]byte("aaaabbbb"), 10_000)
	in["run of 259"] = bytes.Repeat([]byte{7}, 259)
	in["runs of 254 to 260"] = nil
	for n := 254; n <= 260; n++ {
		in["runs of 254 to 260"] = append(in["runs of 254 to 260"], bytes.Repeat([]byte{byte(n)}, n)...)
	}
	fibonacci, next := []byte("a"), []byte("ab")
	for len(next) < 100_000 {
		fibonacci, next = next, append(bytes.Clone(next), fibonacci...)
	}
	in["Fibonacci"] = next
	return in
}

func TestRoundTrip(t *testing.T) {
	for name, plain := range inputs() {
		for level := MinLevel; level <= MaxLevel; level += 8 {
			encoded, err := Encode([]byte("before"), plain, level)
			if err != nil {
				t.Fatal(err)
			}
			encoded, ok := bytes.CutPrefix(encoded, []byte("before"))
			if !ok || len(encoded) > Bound(len(plain)) {
				t.Fatalf("%s: %d bytes become %d", name, len(plain), len(encoded))
			}
			checkDecode(t, name, encoded, plain)
		}
	}
}

func checkDecode(t *testing.T, name string, encoded, plain []byte) {
	t.Helper()
	for _, spare := range []int{0, 1, len(plain), len(plain) + 100} {
		dst := append(make([]byte, 0, 6+spare), "before"...)
		out, err := Decode(dst, encoded, len(plain))
		if err != nil || string(out[:6]) != "before" || !bytes.Equal(out[6:], plain) {
			t.Fatalf("%s: Decode: %v", name, err)
		}
	}
	into := make([]byte, len(plain))
	if err := DecodeInto(into, encoded); err != nil || !bytes.Equal(into, plain) {
		t.Fatalf("%s: DecodeInto: %v", name, err)
	}
	if err := DecodeInto(make([]byte, len(plain)+1), encoded); !errors.Is(err, compress.ErrCorrupt) {
		t.Errorf("%s: into one more: %v", name, err)
	}
	if len(plain) == 0 {
		return
	}
	if err := DecodeInto(into[1:], encoded); !errors.Is(err, compress.ErrCorrupt) {
		t.Errorf("%s: into one less: %v", name, err)
	}
	if out, err := Decode(nil, encoded, len(plain)-1); !errors.Is(err, compress.ErrTooLarge) || len(out) > 0 {
		t.Errorf("%s: bound of one less: %d bytes, %v", name, len(out), err)
	}
	if _, err := Decode(nil, encoded, -1); !errors.Is(err, compress.ErrTooLarge) {
		t.Errorf("%s: negative bound: %v", name, err)
	}
}

// Short inputs of few different bytes have rotations that are hard to tell apart.
func TestRoundTripOfAny(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.SliceOfN(rapid.SampledFrom([]byte{0, 1, 255}), 0, 300).Draw(t, "plain")
		plain = bytes.Repeat(plain, rapid.IntRange(1, 4).Draw(t, "times"))
		encoded, err := Encode(nil, plain, 1)
		if err != nil {
			t.Fatal(err)
		}
		if out, err := Decode(nil, encoded, len(plain)); err != nil || !bytes.Equal(out, plain) {
			t.Fatalf("%v: %v", plain, err)
		}
	})
}

// Blocks follow each other, and so do streams.
func TestBlocksAndStreams(t *testing.T) {
	plain := append(compresstest.Smooth(250_000), make([]byte, 600_000)...)
	encoded, err := Encode(nil, plain, 1)
	if err != nil {
		t.Fatal(err)
	}
	checkDecode(t, "blocks", encoded, plain)
	checkDecode(t, "streams", bytes.Repeat(encoded, 2), bytes.Repeat(plain, 2))
}

func TestReject(t *testing.T) {
	encoded, err := Encode(nil, []byte("content, content"), 6)
	if err != nil {
		t.Fatal(err)
	}
	for name, src := range map[string][]byte{
		"empty":         {},
		"trailing zero": append(bytes.Clone(encoded), 0),
		"trailing text": append(bytes.Clone(encoded), "more than ten bytes of text"...),
		"garbage":       []byte("more than ten bytes of text"),
	} {
		if out, err := Decode(nil, src, 1000); !errors.Is(err, compress.ErrCorrupt) || len(out) > 0 {
			t.Errorf("%s: %d bytes, %v", name, len(out), err)
		}
		if err := DecodeInto(make([]byte, 16), src); !errors.Is(err, compress.ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, level := range []int{0, 10} {
		if _, err := Encode(nil, nil, level); err == nil {
			t.Errorf("level %d accepted", level)
		}
	}
}

func TestDamage(t *testing.T) {
	plain := compresstest.Smooth(20_000)
	encoded, err := Encode(nil, plain, 1)
	if err != nil {
		t.Fatal(err)
	}
	compresstest.Damage(t, encoded, plain, true, Decode)
}

// Python's bz2, which is libbzip2, reads what is written here.
func TestPythonReadsOurs(t *testing.T) {
	dir := t.TempDir()
	n := 0
	for name, plain := range inputs() {
		for _, level := range []int{1, 9} {
			encoded, err := Encode(nil, plain, level)
			if err != nil {
				t.Fatal(err)
			}
			base := filepath.Join(dir, fmt.Sprintf("%s %d", name, level))
			for suffix, data := range map[string][]byte{".bz2": encoded, ".plain": plain} {
				if err := os.WriteFile(base+suffix, data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			n++
		}
	}
	out := testenv.RunPython(t, nil, `
import bz2, pathlib, sys
n = 0
for f in pathlib.Path(sys.argv[1]).glob("*.bz2"):
    ours, plain = f.read_bytes(), f.with_suffix(".plain").read_bytes()
    assert bz2.decompress(ours) == plain, f
    theirs = bz2.compress(plain, int(f.stem[-1]))
    assert len(ours) <= len(theirs) * 1.02 + 100, (f, len(ours), len(theirs))
    n += 1
print(n)
`, dir)
	if got := strings.TrimSpace(string(out)); got != fmt.Sprint(n) {
		t.Errorf("Python read %s streams of %d", got, n)
	}
}

func TestSteadyStateAllocations(t *testing.T) {
	plain := compresstest.Smooth(1 << 15)
	buf := make([]byte, 0, 2*len(plain))
	if _, err := Encode(buf, plain, 1); err != nil {
		t.Fatal(err)
	}
	var first, second uint64
	e := new(encoder)
	e.encode(buf, plain, 1)
	first = uint64(cap(e.order) + cap(e.class) + cap(e.count) + cap(e.symbols))
	e.encode(buf, plain, 1)
	if second = uint64(cap(e.order) + cap(e.class) + cap(e.count) + cap(e.symbols)); second != first {
		t.Errorf("the memory for sorting grows from %d to %d", first, second)
	}
}

func FuzzDecode(f *testing.F) {
	for _, plain := range inputs() {
		encoded, err := Encode(nil, plain[:min(len(plain), 3000)], 1)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(encoded)
	}
	const bound = 1 << 20
	f.Fuzz(func(t *testing.T, src []byte) {
		out, err := Decode(nil, src, bound)
		if len(out) > bound || err != nil && len(out) > 0 {
			t.Fatalf("%d bytes with error %v", len(out), err)
		}
		if err == nil {
			if err := DecodeInto(make([]byte, len(out)), src); err != nil {
				t.Fatalf("Decode succeeds, DecodeInto does not: %v", err)
			}
		}
	})
}

func FuzzEncode(f *testing.F) {
	for _, plain := range inputs() {
		f.Add(plain[:min(len(plain), 1000)])
	}
	f.Fuzz(func(t *testing.T, plain []byte) {
		encoded, err := Encode(nil, plain, 1)
		if err != nil {
			t.Fatal(err)
		}
		if out, err := Decode(nil, encoded, len(plain)); err != nil || !bytes.Equal(out, plain) {
			t.Fatal(err)
		}
	})
}

func Benchmark(b *testing.B) {
	for name, plain := range map[string][]byte{"smooth": compresstest.Smooth(1 << 20), "zeros": make([]byte, 1<<20)} {
		b.Run("encode/"+name, func(b *testing.B) {
			b.SetBytes(int64(len(plain)))
			buf := make([]byte, 0, Bound(len(plain)))
			for b.Loop() {
				Encode(buf, plain, 9)
			}
		})
	}
}
