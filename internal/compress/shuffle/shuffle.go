// Package shuffle reorders the bytes or the bits of an array of fixed-size
// elements, so that those of equal significance lie together, where a
// compressor finds more to do. It changes no sizes and adds no header.
//
// [Bytes] is the shuffle filter of HDF5 and of Blosc: first byte 0 of every
// element, then byte 1 of every element, and so on. [Bits] is the bit shuffle
// of Blosc and of the bitshuffle library (K. Masui et al., "A compression
// scheme for radio data in high performance computing", 2015): first bit 0 of
// byte 0 of every element, then bit 1 of byte 0, and so on.
//
// In all functions dst and src have equal lengths and do not overlap. What
// does not fill an element (and in bit shuffle, a group of eight elements) is
// copied unchanged to the end. A size of 1, or less, moves no bytes.
package shuffle

import "encoding/binary"

var le = binary.LittleEndian

// Bytes shuffles the bytes of elements of the given size.
func Bytes(dst, src []byte, size int) {
	n, ok := prepare(dst, src, size)
	if !ok {
		return
	}
	done := bytesFast(dst, src, size, n)
	for at := 0; at < size; {
		width := piece(size - at)
		for i := done; i+8 <= n; i += 8 {
			words := gather(src[i*size+at:], size, width)
			for j := range width {
				le.PutUint64(dst[(at+j)*n+i:], words[j])
			}
		}
		at += width
	}
	for i := max(done, n&^7); i < n; i++ {
		for j := range size {
			dst[j*n+i] = src[i*size+j]
		}
	}
}

// UndoBytes is the inverse of [Bytes].
func UndoBytes(dst, src []byte, size int) {
	n, ok := prepare(dst, src, size)
	if !ok {
		return
	}
	done := undoBytesFast(dst, src, size, n)
	for at := 0; at < size; {
		width := piece(size - at)
		for i := done; i+8 <= n; i += 8 {
			var words [8]uint64
			for j := range width {
				words[j] = le.Uint64(src[(at+j)*n+i:])
			}
			scatter(dst[i*size+at:], size, width, &words)
		}
		at += width
	}
	for i := max(done, n&^7); i < n; i++ {
		for j := range size {
			dst[i*size+j] = src[j*n+i]
		}
	}
}

// prepare copies what is not shuffled and returns the number of elements.
func prepare(dst, src []byte, size int) (n int, ok bool) {
	if len(dst) != len(src) {
		panic("shuffle: lengths differ")
	}
	if size <= 1 {
		copy(dst, src)
		return 0, false
	}
	n = len(src) / size
	copy(dst[n*size:], src[n*size:])
	return n, n > 0
}

// piece returns how many bytes of an element are moved at once when left
// bytes of it are still to be moved.
func piece(left int) int {
	switch {
	case left >= 8:
		return 8
	case left >= 4:
		return 4
	case left >= 2:
		return 2
	}
	return 1
}
