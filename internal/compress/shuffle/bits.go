package shuffle

import "sync"

// The bits of a plane, the bytes of equal significance, come into order in two
// steps: within each eight bytes, as a matrix of 8×8 bits, and then as bytes
// of elements of eight.

// Bits shuffles the bits of elements of the given size, in groups of eight
// elements. What is left of the last group is copied unchanged.
func Bits(dst, src []byte, size int) {
	size = max(size, 1)
	n, all := prepareBits(dst, src, size)
	s := newScratch(all)
	defer s.release()
	planes := s.bytes[:all]
	Bytes(planes, src[:all], size)
	transposeWords(planes)
	for ; len(planes) > 0; planes, dst = planes[n:], dst[n:] {
		Bytes(dst[:n], planes[:n], 8)
	}
}

// UndoBits is the inverse of [Bits].
func UndoBits(dst, src []byte, size int) {
	size = max(size, 1)
	n, all := prepareBits(dst, src, size)
	s := newScratch(all)
	defer s.release()
	planes := s.bytes[:all]
	for i := 0; i < all; i += n {
		UndoBytes(planes[i:i+n], src[i:i+n], 8)
	}
	transposeWords(planes)
	UndoBytes(dst[:all], planes, size)
}

// prepareBits copies what is not shuffled and returns the number of elements
// that are, and of their bytes.
func prepareBits(dst, src []byte, size int) (n, all int) {
	if len(dst) != len(src) {
		panic("shuffle: lengths differ")
	}
	n = len(src) / size &^ 7
	copy(dst[n*size:], src[n*size:])
	return n, n * size
}

// transposeWords exchanges, in every eight bytes, bit i of byte j with bit j of
// byte i.
func transposeWords(b []byte) {
	for b = b[transposeWordsFast(b):]; len(b) >= 8; b = b[8:] {
		x := le.Uint64(b)
		t := (x ^ x>>7) & 0x00aa00aa00aa00aa
		x ^= t ^ t<<7
		t = (x ^ x>>14) & 0x0000cccc0000cccc
		x ^= t ^ t<<14
		t = (x ^ x>>28) & 0x00000000f0f0f0f0
		le.PutUint64(b, x^t^t<<28)
	}
}

type scratch struct{ bytes []byte }

var scratches = sync.Pool{New: func() any { return new(scratch) }}

func newScratch(n int) *scratch {
	s := scratches.Get().(*scratch)
	if cap(s.bytes) < n {
		s.bytes = make([]byte, n)
	}
	return s
}

func (s *scratch) release() {
	const keep = 4 << 20 // the most memory that an idle one holds on to
	if cap(s.bytes) <= keep {
		scratches.Put(s)
	}
}
