// Package blosclz encodes and decodes BloscLZ, the compressor that Blosc
// brings along: a dialect of FastLZ (level 2), with neither header nor size.
// Whoever stores a stream stores its decoded size.
//
// A stream is a sequence of instructions. The high three bits of an
// instruction's first byte are its kind; the remaining five are called low:
//
//	0          low+1 literal bytes follow
//	1 to 6     a match of kind+2 bytes
//	7          a match of 9 bytes and more: the bytes that follow are added to
//	           the length, up to and including the first that is not 255
//
// A match then has one byte, and its distance is low<<8 + byte + 1. The
// highest such value, 8192, has two bytes more, a big-endian number
// which is added to it. The first instruction is always literal, whatever its
// high bits, and c-blosc requires the last one to be so too.
package blosclz

import (
	"math/bits"
	"slices"
	"sync"

	"github.com/dosna/dosna/internal/compress"
)

const (
	nearest  = 8191             // the largest distance of a short match
	farthest = nearest + 0xffff // the largest one that is written
	tail     = 12               // last bytes, always literal
	minFar   = 6                // shorter far matches do not pay
)

// MaxLevel is the highest level; 1 is the lowest.
const MaxLevel = 9

// Bound returns the largest possible size of an encoded stream for n bytes. An
// encoder given a slice with that much spare capacity does not allocate.
func Bound(n int) int { return n + n/32 + 2 }

const tableBits = 14

// table has the last position of each hash of four bytes.
type table [1 << tableBits]uint32

var tables = sync.Pool{New: func() any { return new(table) }}

// Encode appends src, which must not be empty nor exceed 4 GiB, to dst as one
// stream. Higher levels search more closely.
func Encode(dst, src []byte, level int) ([]byte, error) {
	if level < 1 || level > MaxLevel {
		return dst, compress.LevelError("blosclz", level, 1, MaxLevel)
	}
	dst = slices.Grow(dst, Bound(len(src)))
	t := tables.Get().(*table)
	clear(t[:])
	start := len(dst)
	dst = t.encode(dst, src, level)
	tables.Put(t)
	if len(dst) > start {
		dst[start] |= 1 << 5 // the mark of level 2
	}
	return dst, nil
}

func (t *table) encode(dst, src []byte, level int) []byte {
	anchor := 0 // what precedes it is written
	misses := 0
	for i := 1; i < len(src)-tail; {
		word := le.Uint32(src[i:])
		slot := &t[word*2654435761>>(32-tableBits)]
		ref := int(*slot)
		*slot = uint32(i)
		distance := i - ref
		if distance > farthest || le.Uint32(src[ref:]) != word {
			// The longer nothing is found, the less closely is it looked for.
			misses++
			i += 1 + misses>>(level/2+3)
			continue
		}
		for ref > 0 && i > anchor && i > 1 && src[ref-1] == src[i-1] {
			ref--
			i--
		}
		n := matchLength(src[ref:], src[i:len(src)-tail/2])
		if distance > nearest && n < minFar {
			i += n
			misses++
			continue
		}
		misses = 0
		dst = appendLiterals(dst, src[anchor:i])
		dst = appendMatch(dst, distance, n)
		i += n
		anchor = i
		if i < len(src)-tail {
			t[le.Uint32(src[i-2:])*2654435761>>(32-tableBits)] = uint32(i - 2)
		}
	}
	return appendLiterals(dst, src[anchor:])
}

// matchLength returns how far b, the later of the two, agrees with a.
func matchLength(a, b []byte) int {
	n := 0
	for ; n+8 <= len(b); n += 8 {
		if x := le.Uint64(a[n:]) ^ le.Uint64(b[n:]); x != 0 {
			return n + bits.TrailingZeros64(x)/8
		}
	}
	for n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

func appendLiterals(dst, src []byte) []byte {
	for len(src) > 32 {
		dst = append(dst, 31)
		dst = append(dst, src[:32]...)
		src = src[32:]
	}
	if len(src) > 0 {
		dst = append(dst, byte(len(src)-1))
		dst = append(dst, src...)
	}
	return dst
}

func appendMatch(dst []byte, distance, n int) []byte {
	far := distance - nearest - 1
	if far >= 0 {
		distance = nearest + 1
	}
	distance--
	kind := min(n-2, 7)
	dst = append(dst, byte(kind<<5|distance>>8))
	if kind == 7 {
		for n -= 9; n >= 255; n -= 255 {
			dst = append(dst, 255)
		}
		dst = append(dst, byte(n))
	}
	dst = append(dst, byte(distance))
	if far >= 0 {
		dst = append(dst, byte(far>>8), byte(far))
	}
	return dst
}
