package zstd

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/dosna/dosna/internal/compress"
	"github.com/dosna/dosna/internal/compress/compresstest"
	"github.com/dosna/dosna/internal/dl"
	"github.com/dosna/dosna/internal/testenv"
)

// implementations are all that this machine has; with libzstd, each is crossed
// with the other.
func implementations(t testing.TB) []implementation {
	t.Helper()
	n, err := openNative()
	if err != nil {
		if !errors.Is(err, dl.ErrUnavailable) {
			t.Fatal(err)
		}
		t.Logf("Go implementation only: %v", err)
		return []implementation{pure{}}
	}
	return []implementation{n, pure{}}
}

func short(impl implementation) string {
	name, _, _ := strings.Cut(impl.name(), " ")
	return name
}

func TestRoundTrip(t *testing.T) {
	levels := []int{-50, -1, 0, 1, 3, 7, 22}
	if testenv.Race {
		levels = []int{-1, 3}
	}
	for _, enc := range implementations(t) {
		for name, plain := range compresstest.Inputs() {
			for _, level := range levels {
				for _, checksum := range []bool{false, true} {
					encoded, err := encode(enc, []byte("before"), plain, level, checksum)
					if err != nil {
						t.Fatal(err)
					}
					encoded, ok := bytes.CutPrefix(encoded, []byte("before"))
					if !ok || len(encoded) > Bound(len(plain)) {
						t.Fatalf("%s %s: encoded to %d bytes", enc.name(), name, len(encoded))
					}
					if flag := encoded[4]&4 != 0; flag != checksum {
						t.Errorf("%s %s: checksum flag %v, asked for %v", enc.name(), name, flag, checksum)
					}
					if n, exact, err := DecodedSize(encoded); n != len(plain) || !exact || err != nil {
						t.Errorf("%s %s: states %d bytes (exact %v, %v)", enc.name(), name, n, exact, err)
					}
					for _, dec := range implementations(t) {
						checkDecode(t, dec, encoded, plain)
					}
				}
			}
		}
	}
}

func checkDecode(t *testing.T, dec implementation, encoded, plain []byte) {
	t.Helper()
	out, err := decode(dec, []byte("before"), encoded, len(plain))
	if err != nil || string(out[:6]) != "before" || !bytes.Equal(out[6:], plain) {
		t.Fatalf("%s: Decode: %v", dec.name(), err)
	}
	into := make([]byte, len(plain))
	if err := decodeInto(dec, into, encoded); err != nil || !bytes.Equal(into, plain) {
		t.Fatalf("%s: DecodeInto: %v", dec.name(), err)
	}
	for _, n := range []int{0, 1, len(plain) / 3, len(plain)} {
		n = min(n, len(plain))
		guarded := bytes.Repeat([]byte{0xa5}, n+16)
		if err := decodePrefix(dec, guarded[:n], encoded); err != nil || !bytes.Equal(guarded[:n], plain[:n]) {
			t.Fatalf("%s: DecodePrefix of %d: %v", dec.name(), n, err)
		}
		if !bytes.Equal(guarded[n:], bytes.Repeat([]byte{0xa5}, 16)) {
			t.Fatalf("%s: DecodePrefix of %d wrote beyond", dec.name(), n)
		}
	}
	if len(plain) > 0 {
		if out, err := decode(dec, nil, encoded, len(plain)-1); !errors.Is(err, compress.ErrTooLarge) || len(out) > 0 {
			t.Errorf("%s: bound of one less: %d bytes, %v", dec.name(), len(out), err)
		}
		if err := decodeInto(dec, make([]byte, len(plain)-1), encoded); !errors.Is(err, compress.ErrCorrupt) {
			t.Errorf("%s: into one less: %v", dec.name(), err)
		}
	}
	if err := decodeInto(dec, make([]byte, len(plain)+1), encoded); !errors.Is(err, compress.ErrCorrupt) {
		t.Errorf("%s: into one more: %v", dec.name(), err)
	}
	if err := decodePrefix(dec, make([]byte, len(plain)+1), encoded); !errors.Is(err, compress.ErrCorrupt) {
		t.Errorf("%s: a prefix of one more: %v", dec.name(), err)
	}
}

// unsized takes the content size out of a frame that keeps it in four bytes
// after a window descriptor.
func unsized(t *testing.T, frame []byte) []byte {
	t.Helper()
	d := frame[4]
	if d>>6 != 2 || d&0x23 != 0 {
		t.Fatalf("frame header descriptor is %#x", d)
	}
	out := append(bytes.Clone(frame[:4]), d&^0xc0, frame[5])
	return append(out, frame[10:]...)
}

func TestFrames(t *testing.T) {
	skippable := []byte{0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3}
	big := compresstest.Smooth(5 << 20) // larger than an encoder's window at level 1
	small := []byte("small")
	for _, enc := range implementations(t) {
		bigFrame, err := encode(enc, nil, big, 1, true)
		if err != nil {
			t.Fatal(err)
		}
		smallFrame, err := encode(enc, nil, small, 3, true)
		if err != nil {
			t.Fatal(err)
		}
		noSize := unsized(t, bigFrame)
		if n, exact, err := DecodedSize(noSize); exact || err != nil || n < len(big) || n > 4*len(big) {
			t.Errorf("without a stated size: %d bytes of %d, exact %v, %v", n, len(big), exact, err)
		}
		tests := []struct {
			name         string
			frames, want [][]byte
		}{
			{"skippable only", [][]byte{skippable}, nil},
			{"skippable around", [][]byte{skippable, smallFrame, skippable}, [][]byte{small}},
			{"two", [][]byte{smallFrame, smallFrame}, [][]byte{small, small}},
			{"unsized", [][]byte{noSize}, [][]byte{big}},
			{"mixed", [][]byte{smallFrame, skippable, noSize, smallFrame}, [][]byte{small, big, small}},
		}
		for _, tt := range tests {
			encoded, plain := bytes.Join(tt.frames, nil), bytes.Join(tt.want, nil)
			for _, dec := range implementations(t) {
				t.Run(fmt.Sprintf("%s/%s/%s", tt.name, short(enc), short(dec)), func(t *testing.T) {
					checkDecode(t, dec, encoded, plain)
				})
			}
		}
	}
}

func TestReject(t *testing.T) {
	frame, err := Encode(nil, []byte("some content, some content"), 3, true)
	if err != nil {
		t.Fatal(err)
	}
	edit := func(f func([]byte) []byte) []byte { return f(bytes.Clone(frame)) }
	tests := map[string][]byte{
		"empty":             {},
		"other magic":       edit(func(b []byte) []byte { b[0]++; return b }),
		"reserved bit":      edit(func(b []byte) []byte { b[4] |= 8; return b }),
		"trailing bytes":    append(bytes.Clone(frame), 0),
		"trailing garbage":  append(bytes.Clone(frame), "garbage"...),
		"checksum":          edit(func(b []byte) []byte { b[len(b)-1]++; return b }),
		"skippable cut":     {0x50, 0x2a, 0x4d, 0x18, 9, 0, 0, 0, 1},
		"skippable too big": {0x50, 0x2a, 0x4d, 0x18, 0xff, 0xff, 0xff, 0xff, 1},
		"dictionary":        {0x28, 0xb5, 0x2f, 0xfd, 0x21, 0x07, 0x01, 0x09, 0, 0, 'x'},
		"reserved block":    {0x28, 0xb5, 0x2f, 0xfd, 0x20, 0x01, 0x0f, 0, 0, 'x'},
		"size not produced": {0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 1, 0, 0, 0, 0x0b, 0, 0, 'x'},
	}
	for name, src := range tests {
		for _, dec := range implementations(t) {
			if out, err := decode(dec, nil, src, 1<<40); !errors.Is(err, compress.ErrCorrupt) || len(out) > 0 {
				t.Errorf("%s by %s: decoded to %d bytes, %v", name, dec.name(), len(out), err)
			}
		}
	}
	for _, level := range []int{MinLevel - 1, MaxLevel + 1} {
		if _, err := Encode(nil, nil, level, true); err == nil {
			t.Errorf("level %d accepted", level)
		}
	}
}

func TestDamage(t *testing.T) {
	plain := compresstest.Smooth(300_000)
	for _, checksum := range []bool{true, false} {
		encoded, err := Encode(nil, plain, 3, checksum)
		if err != nil {
			t.Fatal(err)
		}
		for _, dec := range implementations(t) {
			compresstest.Damage(t, encoded, plain, checksum, func(dst, src []byte, max int) ([]byte, error) {
				return decode(dec, dst, src, max)
			})
		}
	}
}

func TestConcurrent(t *testing.T) {
	for _, impl := range implementations(t) {
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				for j := range 20 {
					plain := compresstest.Smooth(10_000 + 1000*i + j)
					encoded, err := encode(impl, nil, plain, i-2, j%2 == 0)
					if err != nil {
						t.Error(err)
						return
					}
					out, err := decode(impl, nil, encoded, len(plain))
					if err != nil || !bytes.Equal(out, plain) {
						t.Errorf("%s: %v", impl.name(), err)
					}
				}
			})
		}
		wg.Wait()
	}
}

func TestSteadyStateAllocations(t *testing.T) {
	plain := compresstest.Smooth(1 << 18)
	for _, impl := range implementations(t) {
		buf := make([]byte, 0, Bound(len(plain)))
		encoded, err := encode(impl, nil, plain, 3, true)
		if err != nil {
			t.Fatal(err)
		}
		out := make([]byte, len(plain))
		compresstest.Allocs(t, testenv.Race, impl.name()+" encode", func() { encode(impl, buf, plain, 3, true) })
		compresstest.Allocs(t, testenv.Race, impl.name()+" decode", func() { decodeInto(impl, out, encoded) })
	}
}

// The other tests run without libzstd too; this one shows when they did.
func TestNativePresent(t *testing.T) {
	n, err := openNative()
	testenv.Require(t, "libzstd", err == nil, fmt.Sprint(err))
	if !strings.HasPrefix(n.name(), "libzstd 1.") {
		t.Errorf("name is %q", n.name())
	}
}

func TestImplementation(t *testing.T) {
	name, err := Implementation()
	want, wantErr := openNative()
	if (err == nil) != (wantErr == nil) {
		t.Fatalf("%q, %v; loading anew: %v", name, err, wantErr)
	}
	if err != nil && name != (pure{}).name() || err == nil && name != want.name() {
		t.Errorf("name is %q", name)
	}
	t.Setenv("DOSNA_LIBZSTD", "off")
	if _, err := openNative(); !errors.Is(err, dl.ErrUnavailable) {
		t.Errorf("switched off: %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	for _, plain := range compresstest.Inputs() {
		for _, impl := range implementations(f) {
			encoded, err := encode(impl, nil, plain[:min(len(plain), 5000)], 3, len(plain)%2 == 0)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(encoded)
		}
	}
	const bound = 1 << 20
	all := implementations(f)
	f.Fuzz(func(t *testing.T, src []byte) {
		for _, dec := range all {
			out, err := decode(dec, nil, src, bound)
			if len(out) > bound || err != nil && len(out) > 0 {
				t.Fatalf("%s: %d bytes with error %v", dec.name(), len(out), err)
			}
			if l, _ := inspect(src); err != nil || l.window > 128<<20 {
				continue
			}
			half := make([]byte, len(out)/2)
			if err := decodePrefix(dec, half, src); err != nil || !bytes.Equal(half, out[:len(half)]) {
				t.Fatalf("%s: prefix of %d of %d bytes: %v", dec.name(), len(half), len(out), err)
			}
		}
	})
}

func Benchmark(b *testing.B) {
	plain := compresstest.Smooth(1 << 20)
	for _, impl := range implementations(b) {
		encoded, err := encode(impl, nil, plain, 3, false)
		if err != nil {
			b.Fatal(err)
		}
		b.Run("decode/"+short(impl), func(b *testing.B) {
			b.SetBytes(int64(len(plain)))
			out := make([]byte, len(plain))
			for b.Loop() {
				if err := decodeInto(impl, out, encoded); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("encode/"+short(impl), func(b *testing.B) {
			b.SetBytes(int64(len(plain)))
			buf := make([]byte, 0, Bound(len(plain)))
			for b.Loop() {
				if _, err := encode(impl, buf, plain, 3, false); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(plain))/float64(len(encoded)), "ratio")
		})
	}
}
