package lz4

import (
	"bytes"
	"errors"
	"testing"

	"github.com/dosna/dosna/internal/compress"
	"github.com/dosna/dosna/internal/compress/compresstest"
)

func TestSized(t *testing.T) {
	for name, plain := range compresstest.Inputs() {
		for _, acceleration := range []int{-1, 1, 50, 1 << 40} {
			encoded, err := EncodeSized([]byte("before"), plain, acceleration)
			if err != nil {
				t.Fatal(err)
			}
			encoded, ok := bytes.CutPrefix(encoded, []byte("before"))
			out, err := DecodeSized([]byte("before"), encoded, len(plain))
			if !ok || err != nil || string(out[:6]) != "before" || !bytes.Equal(out[6:], plain) {
				t.Fatalf("%s: %v", name, err)
			}
			into := make([]byte, len(plain))
			if err := DecodeSizedInto(into, encoded); err != nil || !bytes.Equal(into, plain) {
				t.Fatalf("%s: %v", name, err)
			}
			if err := DecodeSizedInto(make([]byte, len(plain)+1), encoded); !errors.Is(err, compress.ErrCorrupt) {
				t.Errorf("%s: into one more: %v", name, err)
			}
			if _, err := DecodeSized(nil, encoded, len(plain)-1); !errors.Is(err, compress.ErrTooLarge) {
				t.Errorf("%s: bound of one less: %v", name, err)
			}
		}
	}
}

func TestSizedDamage(t *testing.T) {
	plain := bytes.Repeat(compresstest.Noise(100), 1000)
	encoded, err := EncodeSized(nil, plain, 1)
	if err != nil {
		t.Fatal(err)
	}
	compresstest.Damage(t, encoded, plain, false, DecodeSized)
}

func FuzzDecodeSized(f *testing.F) {
	for _, plain := range compresstest.Inputs() {
		encoded, err := EncodeSized(nil, plain[:min(len(plain), 3000)], 1)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(encoded)
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		out, err := DecodeSized(nil, src, 1<<20)
		if len(out) > 1<<20 || err != nil && len(out) > 0 {
			t.Fatalf("%d bytes with error %v", len(out), err)
		}
		if err == nil {
			if err := DecodeSizedInto(make([]byte, len(out)), src); err != nil {
				t.Fatalf("DecodeSized succeeds, DecodeSizedInto does not: %v", err)
			}
		}
	})
}
