package blosc

import (
	"fmt"
	"slices"

	"github.com/dosna/dosna/internal/compress/blosclz"
	"github.com/dosna/dosna/internal/compress/deflate"
	"github.com/dosna/dosna/internal/compress/lz4"
	"github.com/dosna/dosna/internal/compress/shuffle"
	"github.com/dosna/dosna/internal/compress/zstd"
)

// Encode appends src to dst as one chunk, of at most [Bound](len(src)) bytes.
// src may have [MaxSize] bytes; they need not be whole elements.
func Encode(dst, src []byte, o Options) ([]byte, error) {
	if err := o.Check(); err != nil {
		return dst, err
	}
	if len(src) > MaxSize {
		return dst, fmt.Errorf("encode blosc: %d bytes are more than a chunk can hold (%d): use smaller chunks", len(src), MaxSize)
	}
	if o.TypeSize == 0 || o.TypeSize > MaxTypeSize {
		o.TypeSize = 1
	}
	h := Header{
		Compressor: o.Compressor,
		Filter:     o.Filter,
		TypeSize:   o.TypeSize,
		Size:       len(src),
		BlockSize:  o.blockSize(len(src)),
	}
	h.noSplit = !o.splits(h.BlockSize)
	out := slices.Grow(dst, Bound(len(src)))
	if o.Level > 0 && len(src) >= smallest {
		done, err := h.encode(out, src, o.Level)
		if err != nil {
			return dst, err
		}
		if done != nil {
			return done, nil
		}
	}
	h.Stored = true
	h.EncodedSize = HeaderSize + len(src)
	out = out[:len(dst)+HeaderSize]
	h.put(out[len(dst):])
	return append(out, src...), nil
}

// encode appends the chunk, or returns nil if it would exceed its bound.
func (h Header) encode(dst, src []byte, level int) ([]byte, error) {
	s := scratches.Get().(*scratch)
	defer s.release()
	start := len(dst)
	limit := start + Bound(len(src))
	table := start + HeaderSize
	if table+4*h.Blocks() > limit {
		return nil, nil
	}
	dst = dst[:table+4*h.Blocks()]
	for i := range h.Blocks() {
		le.PutUint32(dst[table+4*i:], uint32(len(dst)-start))
		from, to := h.block(i)
		var err error
		if dst, err = h.encodeBlock(dst, src[from:to], limit, level, s); dst == nil || err != nil {
			return nil, err
		}
	}
	h.EncodedSize = len(dst) - start
	h.put(dst[start:])
	return dst, nil
}

// encodeBlock appends one block, or returns nil if dst would exceed limit.
func (h Header) encodeBlock(dst, src []byte, limit, level int, s *scratch) ([]byte, error) {
	in := src
	switch h.filter(len(src)) {
	case Shuffle:
		in = sized(&s.filtered, len(src))
		shuffle.Bytes(in, src, h.TypeSize)
	case BitShuffle:
		in = sized(&s.filtered, len(src))
		shuffle.Bits(in, src, h.TypeSize)
	}
	streams := h.streams(len(src))
	size := len(src) / streams
	for j := range streams {
		stream := in[j*size : (j+1)*size]
		encoded, err := h.Compressor.encode(s.whole[:0], stream, level)
		if err != nil {
			return nil, err
		}
		s.whole = encoded // perhaps grown
		if len(encoded) >= size {
			encoded = stream
		}
		if len(dst)+4+len(encoded) > limit {
			return nil, nil
		}
		dst = le.AppendUint32(dst, uint32(len(encoded)))
		dst = append(dst, encoded...)
	}
	return dst, nil
}

// encode appends one stream. The levels are what c-blosc makes of its own.
func (c Compressor) encode(dst, src []byte, level int) ([]byte, error) {
	switch c {
	case BloscLZ:
		return blosclz.Encode(dst, src, level)
	case LZ4:
		return lz4.Encode(dst, src, 10-level)
	case LZ4HC:
		return lz4.EncodeHC(dst, src, level)
	case Zlib:
		return deflate.Zlib.Encode(dst, src, level)
	}
	if level == MaxLevel {
		return zstd.Encode(dst, src, zstd.MaxLevel, false)
	}
	return zstd.Encode(dst, src, 2*level-1, false)
}

// splits reports whether blocks of that size are split. Zstandard came to
// c-blosc after blocks could be whole, and does better with those.
func (o Options) splits(blockSize int) bool {
	return o.Compressor != Zstd && o.TypeSize <= maxSplits && blockSize/o.TypeSize >= minSplit
}

// blockSize returns the size of the blocks of n bytes. It is chosen as c-blosc
// does: to fit caches, larger for higher levels and for slow compressors, and a
// multiple of the type size.
func (o Options) blockSize(n int) int {
	if n < o.TypeSize {
		return 1
	}
	size := n
	switch {
	case o.BlockSize > 0:
		size = min(max(o.BlockSize, smallest), maxBlock)
	case n >= 32<<10:
		size = (32 << 10) * [MaxLevel + 1]int{1, 2, 4, 8, 16, 16, 32, 32, 32, 32}[o.Level] / 4
		if o.Compressor == LZ4HC || o.Compressor == Zlib || o.Compressor == Zstd {
			size *= 2
			if o.Level == MaxLevel {
				size *= 2
			}
		}
	}
	if o.Level > 0 && o.splits(size) {
		// What counts for a cache is one stream of the block.
		size = min(max(min(size, 256<<10)*o.TypeSize, 64<<10), 1<<20)
	}
	size = min(size, n)
	if size > o.TypeSize {
		size -= size % o.TypeSize
	}
	return size
}
