package filter

import (
	"encoding/binary"
	"math/bits"

	"github.com/dosna/dosna/internal/compress/checksum"
	"github.com/dosna/dosna/internal/compress/lz4"
	"github.com/dosna/dosna/internal/compress/shuffle"
)

func bindShuffle(values []uint32) (decoder, error) {
	if len(values) == 0 || values[0] == 0 {
		return nil, corrupt("shuffle", "it does not say how large elements are")
	}
	size := int(values[0])
	return func(dst, src []byte, limit int) ([]byte, error) {
		out, part, err := room("shuffle", dst, len(src), limit)
		if err != nil {
			return dst, err
		}
		// What is left behind the last element stays where it is.
		n := len(src) / size * size
		shuffle.UndoBytes(part[:n], src[:n], size)
		copy(part[n:], src[n:])
		return out, nil
	}, nil
}

// fletcher32 checks and takes off the checksum at the end. Release 1.6.2 of the library wrote the bytes of each
// half in the other order on most machines, which has been accepted since.
func fletcher32(dst, src []byte, limit int) ([]byte, error) {
	n := len(src) - 4
	if n < 0 {
		return dst, corrupt("fletcher32", "%d bytes are too few for a checksum", len(src))
	}
	want := binary.LittleEndian.Uint32(src[n:])
	got := checksum.Fletcher32(src[:n])
	old := bits.RotateLeft32(bits.ReverseBytes32(got), 16)
	if want != got && want != old {
		return dst, corrupt("fletcher32", "the checksum is %08x, stored with %08x", got, want)
	}
	if n > limit {
		_, _, err := room("fletcher32", dst, n, limit)
		return dst, err
	}
	return append(dst, src[:n]...), nil
}

// lzf decodes M. Lehmann's LibLZF 3 format: literals of up to 32 bytes, and matches of 3 bytes or more
// in the 8 KiB before.
func lzf(dst, src []byte, limit int) ([]byte, error) {
	begin := len(dst)
	limit += begin
	for at := 0; at < len(src); {
		control := int(src[at])
		at++
		if control < 32 {
			n := control + 1
			if n > len(src)-at {
				return dst[:begin], corrupt("lzf", "a literal is cut short")
			}
			if n > limit-len(dst) {
				_, _, err := room("lzf", nil, 1, 0)
				return dst[:begin], err
			}
			dst = append(dst, src[at:at+n]...)
			at += n
			continue
		}
		n := control >> 5
		if n == 7 && at < len(src) {
			n += int(src[at])
			at++
		}
		if at >= len(src) {
			return dst[:begin], corrupt("lzf", "a match is cut short")
		}
		from := len(dst) - (control&31<<8 | int(src[at])) - 1
		at++
		n += 2
		if from < begin {
			return dst[:begin], corrupt("lzf", "a match begins before the output")
		}
		if n > limit-len(dst) {
			_, _, err := room("lzf", nil, 1, 0)
			return dst[:begin], err
		}
		for n > 0 {
			part := dst[from:min(from+n, len(dst))]
			dst = append(dst, part...)
			n -= len(part)
		}
	}
	return dst, nil
}

// blocks decodes what the filters lz4 and bitshuffle have in common: the number of bytes and that of those in a block, then
// blocks, each behind its stored size. All numbers are big-endian. Undo decodes a block, or copies one that
// is stored as it was; whole is what the number of bytes in a block that is stored is rounded down to.
func blocks(filter string, dst, src []byte, limit, whole int, undo func(dst, src []byte) error) ([]byte, error) {
	if len(src) < 12 {
		return dst, corrupt(filter, "%d bytes are less than its head", len(src))
	}
	total, block := binary.BigEndian.Uint64(src), int(binary.BigEndian.Uint32(src[8:]))
	src = src[12:]
	if total > uint64(limit) {
		_, _, err := room(filter, nil, 1, 0)
		return dst, err
	}
	if block <= 0 && total > 0 || whole > 1 && block%whole != 0 {
		return dst, corrupt(filter, "blocks of %d bytes", block)
	}
	// A block of LZ4 shrinks to a 255th of its bytes at best, one of Zstandard further. Memory is taken as it is filled.
	out := dst
	for left := int(total); left > 0; {
		n := min(block, left)
		if n < block && whole > 1 {
			n = n / whole * whole
		}
		if n == 0 { // less than a whole unit is behind the blocks, as it was
			if len(src) != left {
				return dst, corrupt(filter, "%d bytes are behind the blocks, not %d", len(src), left)
			}
			return append(out, src...), nil
		}
		if len(src) < 4 {
			return dst, corrupt(filter, "it ends before its last block")
		}
		size := int(binary.BigEndian.Uint32(src))
		src = src[4:]
		if size > len(src) {
			return dst, corrupt(filter, "a block of %d bytes, and %d are left", size, len(src))
		}
		at := len(out)
		out = append(out, make([]byte, n)...)
		if err := undo(out[at:], src[:size:size]); err != nil {
			return dst, err
		}
		src, left = src[size:], left-n
	}
	if len(src) > 0 {
		return dst, corrupt(filter, "%d bytes are behind the last block", len(src))
	}
	return out, nil
}

func lz4Blocks(dst, src []byte, limit int) ([]byte, error) {
	return blocks("lz4", dst, src, limit, 1, func(dst, src []byte) error {
		if len(src) == len(dst) { // it would not shrink
			copy(dst, src)
			return nil
		}
		return lz4.DecodeInto(dst, src)
	})
}
