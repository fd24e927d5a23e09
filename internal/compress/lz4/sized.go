package lz4

import (
	"encoding/binary"
	"slices"

	"github.com/dosna/dosna/internal/compress"
)

// SizedHeader is the bytes of the decoded size that numcodecs stores, as a
// little-endian integer, in front of a block.
const SizedHeader = 4

// MaxInput is how many bytes one block may hold.
const MaxInput = maxInput

// maxAcceleration is what LZ4_compress_fast makes of more.
const maxAcceleration = 65537

// EncodeSized appends src to dst as one block behind its size. An acceleration of
// less than 1 means 1.
func EncodeSized(dst, src []byte, acceleration int) ([]byte, error) {
	out := slices.Grow(dst, SizedHeader+Bound(len(src)))
	out = binary.LittleEndian.AppendUint32(out, uint32(len(src)))
	out, err := Encode(out, src, min(max(acceleration, 1), maxAcceleration))
	if err != nil {
		return dst, err
	}
	return out, nil
}

// sized returns the block behind a size, and the size.
func sized(src []byte) (block []byte, size int, err error) {
	if len(src) < SizedHeader {
		return nil, 0, compress.Corrupt("lz4", "%d bytes have no room for a size", len(src))
	}
	size = int(binary.LittleEndian.Uint32(src))
	if size > maxInput {
		return nil, 0, compress.Corrupt("lz4", "a block of %d bytes is more than there can be", size)
	}
	return src[SizedHeader:], size, nil
}

// DecodeSized appends all that src decodes to, which may be at most max bytes. On
// error dst is returned as it was.
func DecodeSized(dst, src []byte, max int) ([]byte, error) {
	block, size, err := sized(src)
	if err != nil {
		return dst, err
	}
	if size > max {
		return dst, compress.TooLarge("lz4", max)
	}
	if size > maxRatio*len(block) {
		return dst, compress.Corrupt("lz4", "%d bytes cannot decode to %d", len(block), size)
	}
	at := len(dst)
	out := slices.Grow(dst, size)[:at+size]
	if err := DecodeInto(out[at:], block); err != nil {
		return dst, err
	}
	return out, nil
}

// maxRatio is the most that a block can expand: a byte of the length of a match
// stands for 255.
const maxRatio = 255

// DecodeSizedInto decodes src into dst, whose length must be exactly the decoded
// size. On error the content of dst is undefined.
func DecodeSizedInto(dst, src []byte) error {
	block, size, err := sized(src)
	if err == nil && size != len(dst) {
		err = compress.Corrupt("lz4", "decodes to %d bytes, expected %d", size, len(dst))
	}
	if err != nil {
		return err
	}
	return DecodeInto(dst, block)
}
