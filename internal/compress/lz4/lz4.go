// Package lz4 encodes and decodes raw LZ4 blocks (the LZ4 block format
// description, lz4_Block_format.md): the sequences alone, with neither a frame
// nor a size around them. Whoever stores a block stores its decoded size.
package lz4

import (
	"fmt"
	"slices"
	"sync"

	plz4 "github.com/pierrec/lz4/v4"

	"github.com/dosna/dosna/internal/compress"
)

// MaxHCLevel is the highest level of [EncodeHC].
const MaxHCLevel = 9

// Bound returns the largest possible size of an encoded block for n bytes. An
// encoder given a slice with that much spare capacity does not allocate.
func Bound(n int) int { return n + n/255 + 16 }

var fastPool = sync.Pool{New: func() any { return new(plz4.CompressorCCompat) }}

// Encode appends src to dst as one block. Acceleration trades size for speed
// as in LZ4_compress_fast; 1 is the least, and compresses best.
func Encode(dst, src []byte, acceleration int) ([]byte, error) {
	c := fastPool.Get().(*plz4.CompressorCCompat)
	defer fastPool.Put(c)
	c.Acceleration = acceleration
	return encode(dst, src, c)
}

var hcPool = sync.Pool{New: func() any { return new(plz4.CompressorHC) }}

// EncodeHC appends src to dst as one block, searching harder than [Encode].
// Levels are 1 to [MaxHCLevel].
func EncodeHC(dst, src []byte, level int) ([]byte, error) {
	if level < 1 || level > MaxHCLevel {
		return dst, compress.LevelError("lz4hc", level, 1, MaxHCLevel)
	}
	c := hcPool.Get().(*plz4.CompressorHC)
	defer hcPool.Put(c)
	c.Level = plz4.Level1 << (level - 1)
	return encode(dst, src, c)
}

// maxInput is the format's limit for one block.
const maxInput = 0x7E000000

type blockEncoder interface {
	CompressBlock(src, dst []byte) (int, error)
}

func encode(dst, src []byte, e blockEncoder) ([]byte, error) {
	if len(src) > maxInput {
		return dst, fmt.Errorf("encode lz4: %d bytes are more than one block may hold (%d)", len(src), maxInput)
	}
	if len(src) == 0 {
		return append(dst, 0), nil // one token: no literals, no match
	}
	bound := Bound(len(src))
	out := slices.Grow(dst, bound)
	n, err := e.CompressBlock(src, out[len(dst):len(dst)+bound])
	if err != nil || n == 0 {
		return dst, fmt.Errorf("encode lz4: %d bytes do not fit %d: %w", len(src), bound, err)
	}
	return out[:len(dst)+n], nil
}

// DecodeInto decodes src into dst, whose length must be exactly the decoded
// size. On error the content of dst is undefined.
func DecodeInto(dst, src []byte) error {
	n, err := decode(dst, src)
	if err != nil {
		return err
	}
	if n != len(dst) {
		return compress.Corrupt("lz4", "decoded to %d bytes, expected %d", n, len(dst))
	}
	return nil
}

func decode(dst, src []byte) (int, error) {
	if len(src) == 0 {
		return 0, compress.Corrupt("lz4", "empty block")
	}
	if len(dst) == 0 {
		if len(src) == 1 && src[0] == 0 {
			return 0, nil
		}
		return 0, compress.Corrupt("lz4", "%d bytes decode to more than none", len(src))
	}
	n, err := plz4.UncompressBlock(src, dst)
	if err != nil {
		return 0, compress.Corrupt("lz4", "%v", err)
	}
	return n, nil
}
