// Package compresstest has the inputs and checks that tests of all compressed
// formats share.
package compresstest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/dosna/dosna/internal/compress"
)

// Smooth returns n bytes of float32 samples of a smooth curve with a little
// noise, as instruments deliver them.
func Smooth(n int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	out := make([]byte, 0, n+4)
	for i := 0; len(out) < n; i++ {
		v := float32(100*math.Sin(float64(i)/500) + r.NormFloat64()/16)
		// Detectors have few significant bits.
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(v)&^0xfff)
	}
	return out[:n]
}

// Noise returns n bytes that cannot be compressed.
func Noise(n int) []byte {
	out := make([]byte, n)
	rand.NewChaCha8([32]byte{1}).Read(out)
	return out
}

// Inputs are byte strings of many lengths and kinds.
func Inputs() map[string][]byte {
	ramp := make([]byte, 70_001)
	for i := range ramp {
		ramp[i] = byte(i / 3)
	}
	return map[string][]byte{
		"empty":  {},
		"one":    {7},
		"short":  []byte("hello, hello"),
		"text":   bytes.Repeat([]byte("The quick brown fox jumps over the lazy dog. "), 400),
		"zeros":  make([]byte, 300_000),
		"ramp":   ramp,
		"smooth": Smooth(200_003),
		"noise":  Noise(150_001),
		"noise1": Noise(100),
	}
}

// Decoder decodes everything, at most max bytes, appending to dst.
type Decoder func(dst, src []byte, max int) ([]byte, error)

// Damage decodes every truncation and many alterations of encoded, which
// decodes to plain. Truncations must be reported as corrupt; alterations must
// neither panic nor yield more than max bytes nor take memory out of proportion,
// and fail only with this package's errors. Where checked is set, the format
// has a checksum and no alteration may yield other data.
func Damage(t *testing.T, encoded, plain []byte, checked bool, decode Decoder) {
	t.Helper()
	step := max(len(encoded)/99, 1)
	for n := 0; n < len(encoded); n += step {
		if out, err := decode(nil, encoded[:n], len(plain)); !errors.Is(err, compress.ErrCorrupt) || len(out) > 0 {
			t.Fatalf("first %d of %d bytes: decoded to %d bytes with error %v", n, len(encoded), len(out), err)
		}
	}
	r := rand.New(rand.NewPCG(3, 4))
	var before, after runtime.MemStats
	for i := range 250 {
		bad := bytes.Clone(encoded)
		at := r.IntN(len(bad))
		if i < 150 {
			at = i % min(len(bad), 64) // headers
		}
		bad[at] ^= 1 << r.IntN(8)
		runtime.ReadMemStats(&before)
		out, err := decode(nil, bad, len(plain))
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > uint64(2*len(plain)+len(encoded))+(16<<20) {
			t.Fatalf("byte %d altered: %d bytes of memory taken for %d", at, took, len(plain))
		}
		switch {
		case len(out) > len(plain):
			t.Fatalf("byte %d altered: decoded to %d bytes, bound %d", at, len(out), len(plain))
		case err != nil && !errors.Is(err, compress.ErrCorrupt) && !errors.Is(err, compress.ErrTooLarge):
			t.Fatalf("byte %d altered: error of another kind: %v", at, err)
		case err == nil && checked && !bytes.Equal(out, plain):
			t.Fatalf("byte %d altered: decoded to other data without an error", at)
		}
	}
}

// Allocs fails if f allocates in its steady state.
func Allocs(t *testing.T, race bool, name string, f func()) {
	t.Helper()
	if race {
		return // the race detector makes pools forget at random
	}
	for range 3 {
		f()
	}
	if n := testing.AllocsPerRun(20, f); n > 0 {
		t.Errorf("%s: %v allocations a call", name, n)
	}
}
