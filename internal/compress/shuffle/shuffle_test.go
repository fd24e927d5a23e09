package shuffle

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/dosna/dosna/internal/compress/compresstest"
)

var sizes = []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 15, 16, 17, 24, 32, 63, 255}

// lengths in bytes for a size: around every unit in which elements are moved.
func lengths(size int) []int {
	var all []int
	for _, n := range []int{0, 1, 7, 8, 9, 15, 16, 31, 32, 33, 63, 64, 65, 72, 128, 129, 200, 1000} {
		for _, extra := range []int{0, 1, size - 1} {
			all = append(all, max(n*size+extra, 0))
		}
	}
	return all
}

// The definitions, one byte and one bit at a time.

func slowBytes(dst, src []byte, size int) {
	copy(dst, src)
	if size <= 1 {
		return
	}
	n := len(src) / size
	for i := range n {
		for j := range size {
			dst[j*n+i] = src[i*size+j]
		}
	}
}

func slowBits(dst, src []byte, size int) {
	copy(dst, src)
	if size < 1 {
		return
	}
	n := len(src) / size &^ 7
	clear(dst[:n*size])
	for i := range n {
		for bit := range 8 * size {
			if src[i*size+bit/8]>>(bit%8)&1 != 0 {
				to := bit*n + i
				dst[to/8] |= 1 << (to % 8)
			}
		}
	}
}

func TestAgainstDefinition(t *testing.T) {
	for name, f := range map[string]struct {
		fast, undo, slow func(dst, src []byte, size int)
	}{
		"bytes": {Bytes, UndoBytes, slowBytes},
		"bits":  {Bits, UndoBits, slowBits},
	} {
		for _, size := range sizes {
			for _, n := range lengths(size) {
				src := compresstest.Noise(n)
				want := make([]byte, n)
				f.slow(want, src, size)
				got := bytes.Repeat([]byte{0xa5}, n+64)
				f.fast(got[:n:n], src, size)
				if !bytes.Equal(got[:n], want) {
					t.Fatalf("%s: size %d, %d bytes: shuffled otherwise than defined", name, size, n)
				}
				back := bytes.Repeat([]byte{0xa5}, n+64)
				f.undo(back[:n:n], want, size)
				if !bytes.Equal(back[:n], src) {
					t.Fatalf("%s: size %d, %d bytes: not undone", name, size, n)
				}
				guard := bytes.Repeat([]byte{0xa5}, 64)
				if !bytes.Equal(got[n:], guard) || !bytes.Equal(back[n:], guard) {
					t.Fatalf("%s: size %d, %d bytes: wrote beyond the destination", name, size, n)
				}
			}
		}
	}
}

// The quick ways of a machine and of Go do the same, as far as they go.
func TestTwins(t *testing.T) {
	for _, size := range sizes[2:] {
		for _, n := range []int{1, 8, 15, 16, 17, 31, 40, 64, 100, 1000} {
			src := compresstest.Noise(n * size)
			for name, f := range map[string]func(dst, src []byte, size, n int) int{"fast": bytesFast, "pure": bytesPure} {
				got, want := make([]byte, n*size), make([]byte, n*size)
				slowBytes(want, src, size)
				done := f(got, src, size, n)
				if done > n || done%8 != 0 {
					t.Fatalf("%s: size %d: %d of %d elements", name, size, done, n)
				}
				for j := range size {
					if !bytes.Equal(got[j*n:j*n+done], want[j*n:j*n+done]) || !bytes.Equal(got[j*n+done:j*n+n], make([]byte, n-done)) {
						t.Fatalf("%s: size %d, %d elements: plane %d differs", name, size, n, j)
					}
				}
			}
			for name, f := range map[string]func(dst, src []byte, size, n int) int{"fast": undoBytesFast, "pure": undoBytesPure} {
				got, planes := make([]byte, n*size), make([]byte, n*size)
				slowBytes(planes, src, size)
				done := f(got, planes, size, n)
				if !bytes.Equal(got[:done*size], src[:done*size]) || !bytes.Equal(got[done*size:], make([]byte, (n-done)*size)) {
					t.Fatalf("undo %s: size %d, %d elements differ", name, size, n)
				}
			}
		}
	}
}

// A known answer, written down by hand.
func TestKnown(t *testing.T) {
	got := make([]byte, 9)
	Bytes(got, []byte("aAbBcCdDx"), 2)
	if string(got) != "abcdABCDx" {
		t.Errorf("%q", got)
	}
	got = make([]byte, 8)
	Bits(got, []byte{1, 1, 1, 1, 0x81, 0, 0, 0}, 1)
	if !bytes.Equal(got, []byte{0x1f, 0, 0, 0, 0, 0, 0, 0x10}) {
		t.Errorf("%x", got)
	}
}

func Benchmark(b *testing.B) {
	src := compresstest.Noise(256 << 10)
	dst := make([]byte, len(src))
	for _, size := range []int{2, 4, 8, 12, 16} {
		for _, f := range []struct {
			name string
			do   func(dst, src []byte, size int)
		}{{"bytes", Bytes}, {"undobytes", UndoBytes}, {"bits", Bits}, {"undobits", UndoBits}} {
			b.Run(fmt.Sprintf("%s/size=%d", f.name, size), func(b *testing.B) {
				b.SetBytes(int64(len(src)))
				for b.Loop() {
					f.do(dst, src, size)
				}
			})
		}
	}
}
