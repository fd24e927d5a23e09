package prefault

import (
	"bytes"
	"testing"
)

func TestContentsStay(t *testing.T) {
	for _, n := range []int{0, 1, stretch - 1, stretch, stretch + 1, 2*stretch - 1, 3*stretch + 12345} {
		for offset := range 3 {
			b := make([]byte, offset+n+1)
			for i := range b {
				b[i] = byte(i % 251)
			}
			want := bytes.Clone(b)
			for i := range Stretches(n) {
				Stretch(b[offset:offset+n], i)
			}
			if !bytes.Equal(b, want) {
				t.Errorf("%d bytes from %d have changed", n, offset)
			}
		}
	}
}
