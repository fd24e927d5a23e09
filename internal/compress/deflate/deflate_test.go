package deflate

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"sync"
	"testing"

	"github.com/dosna/dosna/internal/compress"
	"github.com/dosna/dosna/internal/compress/compresstest"
	"github.com/dosna/dosna/internal/testenv"
)

var formats = []*Format{Gzip, Zlib}

// standard decodes with the standard library, a decoder of other authors.
func standard(t *testing.T, f *Format, encoded []byte) []byte {
	t.Helper()
	var r io.Reader
	var err error
	if f == Gzip {
		r, err = gzip.NewReader(bytes.NewReader(encoded))
	} else {
		r, err = zlib.NewReader(bytes.NewReader(encoded))
	}
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestRoundTrip(t *testing.T) {
	for _, f := range formats {
		for name, plain := range compresstest.Inputs() {
			for level := range MaxLevel + 1 {
				if testenv.Race && level%4 != 1 {
					continue
				}
				encoded, err := f.Encode([]byte("before"), plain, level)
				if err != nil {
					t.Fatal(err)
				}
				encoded, ok := bytes.CutPrefix(encoded, []byte("before"))
				if !ok || !bytes.Equal(standard(t, f, encoded), plain) {
					t.Fatalf("%s %s: the standard library decodes other data", f.name, name)
				}
				checkDecode(t, f, encoded, plain)
			}
		}
	}
}

func checkDecode(t *testing.T, f *Format, encoded, plain []byte) {
	t.Helper()
	for _, spare := range []int{0, 1, len(plain), len(plain) + 100} {
		dst := append(make([]byte, 0, 6+spare), "before"...)
		out, err := f.Decode(dst, encoded, len(plain))
		if err != nil || string(out[:6]) != "before" || !bytes.Equal(out[6:], plain) {
			t.Fatalf("%s: Decode: %v", f.name, err)
		}
	}
	into := make([]byte, len(plain))
	if err := f.DecodeInto(into, encoded); err != nil || !bytes.Equal(into, plain) {
		t.Fatalf("%s: DecodeInto: %v", f.name, err)
	}
	if err := f.DecodeInto(make([]byte, len(plain)+1), encoded); !errors.Is(err, compress.ErrCorrupt) {
		t.Errorf("%s: into one more: %v", f.name, err)
	}
	if len(plain) == 0 {
		return
	}
	if err := f.DecodeInto(into[1:], encoded); !errors.Is(err, compress.ErrCorrupt) {
		t.Errorf("%s: into one less: %v", f.name, err)
	}
	if out, err := f.Decode(nil, encoded, len(plain)-1); !errors.Is(err, compress.ErrTooLarge) || len(out) > 0 {
		t.Errorf("%s: bound of one less: %d bytes, %v", f.name, len(out), err)
	}
	if _, err := f.Decode(nil, encoded, -1); !errors.Is(err, compress.ErrTooLarge) {
		t.Errorf("%s: negative bound: %v", f.name, err)
	}
}

func TestMembers(t *testing.T) {
	var encoded, plain []byte
	for _, part := range []string{"first ", "", "second", string(make([]byte, 100_000))} {
		var err error
		if encoded, err = Gzip.Encode(encoded, []byte(part), 6); err != nil {
			t.Fatal(err)
		}
		plain = append(plain, part...)
	}
	checkDecode(t, Gzip, encoded, plain)
}

func TestDeterministic(t *testing.T) {
	plain := compresstest.Smooth(100_000)
	for _, f := range formats {
		first, err := f.Encode(nil, plain, 5)
		if err != nil {
			t.Fatal(err)
		}
		for range 5 {
			if again, _ := f.Encode(nil, plain, 5); !bytes.Equal(first, again) {
				t.Errorf("%s: encoded bytes differ", f.name)
			}
		}
	}
}

func TestReject(t *testing.T) {
	for _, f := range formats {
		encoded, err := f.Encode(nil, []byte("content, content"), 6)
		if err != nil {
			t.Fatal(err)
		}
		for name, src := range map[string][]byte{
			"empty":         {},
			"trailing zero": append(bytes.Clone(encoded), 0),
			"trailing text": append(bytes.Clone(encoded), "more than ten bytes of text"...),
			"garbage":       []byte("more than ten bytes of text"),
		} {
			if out, err := f.Decode(nil, src, 1000); !errors.Is(err, compress.ErrCorrupt) || len(out) > 0 {
				t.Errorf("%s %s: %d bytes, %v", f.name, name, len(out), err)
			}
			if err := f.DecodeInto(make([]byte, 16), src); !errors.Is(err, compress.ErrCorrupt) {
				t.Errorf("%s %s: %v", f.name, name, err)
			}
		}
		for _, level := range []int{-1, 10} {
			if _, err := f.Encode(nil, nil, level); err == nil {
				t.Errorf("%s: level %d accepted", f.name, level)
			}
		}
	}
}

func TestDamage(t *testing.T) {
	plain := compresstest.Smooth(60_000)
	for _, f := range formats {
		encoded, err := f.Encode(nil, plain, 6)
		if err != nil {
			t.Fatal(err)
		}
		compresstest.Damage(t, encoded, plain, true, f.Decode)
	}
}

func TestConcurrent(t *testing.T) {
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 10 {
				f := formats[j%2]
				plain := compresstest.Smooth(1000 + 1000*i)
				encoded, err := f.Encode(nil, plain, i)
				if err != nil {
					t.Error(err)
					return
				}
				if out, err := f.Decode(nil, encoded, len(plain)); err != nil || !bytes.Equal(out, plain) {
					t.Errorf("%s: %v", f.name, err)
				}
			}
		})
	}
	wg.Wait()
}

func TestSteadyStateAllocations(t *testing.T) {
	plain := compresstest.Smooth(1 << 17)
	for _, f := range formats {
		encoded, err := f.Encode(nil, plain, 5)
		if err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 0, 2*len(plain))
		out := make([]byte, len(plain))
		compresstest.Allocs(t, testenv.Race, f.name+" encode", func() { f.Encode(buf, plain, 5) })
		compresstest.Allocs(t, testenv.Race, f.name+" decode", func() { f.DecodeInto(out, encoded) })
	}
}

func FuzzDecode(f *testing.F) {
	for _, plain := range compresstest.Inputs() {
		for _, format := range formats {
			encoded, err := format.Encode(nil, plain[:min(len(plain), 3000)], 6)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(encoded)
		}
	}
	const bound = 1 << 20
	f.Fuzz(func(t *testing.T, src []byte) {
		for _, format := range formats {
			out, err := format.Decode(nil, src, bound)
			if len(out) > bound || err != nil && len(out) > 0 {
				t.Fatalf("%s: %d bytes with error %v", format.name, len(out), err)
			}
			if err == nil {
				if err := format.DecodeInto(make([]byte, len(out)), src); err != nil {
					t.Fatalf("%s: Decode succeeds, DecodeInto does not: %v", format.name, err)
				}
			}
		}
	})
}

func Benchmark(b *testing.B) {
	plain := compresstest.Smooth(1 << 20)
	for _, f := range formats {
		encoded, err := f.Encode(nil, plain, 5)
		if err != nil {
			b.Fatal(err)
		}
		b.Run("encode/"+f.name, func(b *testing.B) {
			b.SetBytes(int64(len(plain)))
			buf := make([]byte, 0, 2*len(plain))
			for b.Loop() {
				f.Encode(buf, plain, 5)
			}
			b.ReportMetric(float64(len(plain))/float64(len(encoded)), "ratio")
		})
		b.Run("decode/"+f.name, func(b *testing.B) {
			b.SetBytes(int64(len(plain)))
			out := make([]byte, len(plain))
			for b.Loop() {
				f.DecodeInto(out, encoded)
			}
		})
	}
}
