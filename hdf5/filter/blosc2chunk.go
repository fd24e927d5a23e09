package filter

import (
	"bytes"

	"github.com/dosna/dosna/internal/compress/blosc"
	"github.com/dosna/dosna/internal/compress/blosclz"
	"github.com/dosna/dosna/internal/compress/deflate"
	"github.com/dosna/dosna/internal/compress/lz4"
	"github.com/dosna/dosna/internal/compress/shuffle"
	"github.com/dosna/dosna/internal/compress/zstd"
)

// What all of a chunk is that has no data.
const (
	blosc2Zeros = 1
	blosc2Value = 3
	blosc2Any   = 4 // never written to
)

// The filters of chunks.
const (
	blosc2Shuffle    = 1
	blosc2BitShuffle = 2
	blosc2Delta      = 3
	blosc2Truncated  = 4 // of floats: nothing is to be undone
)

// blosc2Head is the head of a chunk (README_CHUNK_FORMAT of c-blosc 2).
type blosc2Head struct {
	flags    byte
	typeSize int
	size     int
	block    int
	stored   int
	filters  [6]byte
	special  byte
}

const (
	blosc2HeadSize = 32
	flagMemcpy     = 0x02
	flagDontSplit  = 0x10
	flagExtended   = 0x05
)

// blosc2Chunk returns the size bytes of a chunk at the beginning of src.
func blosc2Chunk(src []byte, size int) ([]byte, error) {
	if len(src) < blosc.HeaderSize {
		return nil, corrupt("blosc2", "a chunk of %d bytes", len(src))
	}
	h := blosc2Head{flags: src[2], typeSize: int(src[3]), size: int(le.Uint32(src[4:])), block: int(le.Uint32(src[8:])), stored: int(le.Uint32(src[12:]))}
	if h.stored > len(src) {
		return nil, corrupt("blosc2", "a chunk of %d bytes, and %d are there", h.stored, len(src))
	}
	if h.size != size {
		return nil, corrupt("blosc2", "a chunk decodes to %d bytes, expected %d", h.size, size)
	}
	src = src[:h.stored]
	if h.flags&flagExtended != flagExtended { // it is of c-blosc 1
		return blosc.Decode(nil, src, size)
	}
	if len(src) < blosc2HeadSize || h.typeSize == 0 {
		return nil, corrupt("blosc2", "the head of a chunk is cut short")
	}
	copy(h.filters[:], src[16:22])
	more := src[31]
	if h.special = more >> 4 & 7; more&1 != 0 {
		return nil, corrupt("blosc2", "a chunk with a dictionary, which is not supported")
	}
	data := src[blosc2HeadSize:]
	switch {
	case h.special == blosc2Zeros || h.special == blosc2Any:
		return make([]byte, size), nil
	case h.special == blosc2Value:
		if len(data) < h.typeSize || size%h.typeSize != 0 {
			return nil, corrupt("blosc2", "a chunk of one value, which is missing")
		}
		return bytes.Repeat(data[:h.typeSize], size/h.typeSize), nil
	case h.special != 0:
		return nil, corrupt("blosc2", "a chunk of the kind %d", h.special)
	case h.flags&flagMemcpy != 0:
		if len(data) != size {
			return nil, corrupt("blosc2", "%d bytes are stored as they were, expected %d", len(data), size)
		}
		return bytes.Clone(data), nil
	}
	return h.blocks(src)
}

// blocks decodes the blocks of a chunk, whose places are behind its head.
func (h *blosc2Head) blocks(src []byte) ([]byte, error) {
	if h.block <= 0 {
		return nil, corrupt("blosc2", "blocks of %d bytes", h.block)
	}
	count := (h.size + h.block - 1) / h.block
	if count > (len(src)-blosc2HeadSize)/8 { // a place, and the length of a stream
		return nil, corrupt("blosc2", "%d blocks in a chunk of %d bytes", count, len(src))
	}
	out := make([]byte, h.size)
	spare := [2][]byte{make([]byte, min(h.block, h.size)), make([]byte, min(h.block, h.size))}
	for i := range count {
		at := int(le.Uint32(src[blosc2HeadSize+4*i:]))
		if at < blosc2HeadSize || at > len(src) {
			return nil, corrupt("blosc2", "a block at byte %d of %d", at, len(src))
		}
		block := out[i*h.block : min((i+1)*h.block, h.size)]
		coded := spare[0][:len(block)]
		if err := h.streams(coded, src[at:], len(block) == h.block); err != nil {
			return nil, err
		}
		if err := h.unfilter(block, coded, spare[1][:len(block)], out, i == 0); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// streams decodes what a block was split into: one stream for each byte of an element, or one.
func (h *blosc2Head) streams(dst, src []byte, whole bool) error {
	n := 1
	if h.flags&flagDontSplit == 0 && whole {
		n = h.typeSize
	}
	if len(dst)%n != 0 {
		return corrupt("blosc2", "%d bytes in %d streams", len(dst), n)
	}
	size := len(dst) / n
	for range n {
		if len(src) < 4 {
			return corrupt("blosc2", "a stream is missing")
		}
		stored := int(int32(le.Uint32(src)))
		src = src[4:]
		part := dst[:size]
		dst = dst[size:]
		switch {
		case stored == 0:
			clear(part)
			continue
		case stored < 0: // one byte over and over
			if len(src) < 1 || src[0]&1 == 0 || stored < -255 {
				return corrupt("blosc2", "a stream of the kind %d", stored)
			}
			for i := range part {
				part[i] = byte(-stored)
			}
			src = src[1:]
			continue
		case stored > len(src):
			return corrupt("blosc2", "a stream of %d bytes, and %d are there", stored, len(src))
		case stored == size:
			copy(part, src)
		default:
			if err := h.decompress(part, src[:stored:stored]); err != nil {
				return err
			}
		}
		src = src[stored:]
	}
	return nil
}

func (h *blosc2Head) decompress(dst, src []byte) error {
	switch code := h.flags >> 5; code {
	case 0:
		return blosclz.DecodeInto(dst, src)
	case 1:
		return lz4.DecodeInto(dst, src)
	case 3:
		return deflate.Zlib.DecodeInto(dst, src)
	case 4:
		return zstd.DecodeInto(dst, src)
	default:
		return corrupt("blosc2", "the compressor %d is not known", code)
	}
}

// unfilter makes a block of what its streams had. All is the chunk, so far.
func (h *blosc2Head) unfilter(block, coded, spare, all []byte, first bool) error {
	for i := len(h.filters) - 1; i >= 0; i-- {
		switch f := h.filters[i]; f {
		case 0, blosc2Truncated:
		case blosc2Shuffle:
			n := len(coded) / h.typeSize * h.typeSize
			shuffle.UndoBytes(spare[:n], coded[:n], h.typeSize)
			copy(spare[n:], coded[n:])
			coded, spare = spare, coded
		case blosc2BitShuffle:
			n := len(coded) / h.typeSize * h.typeSize
			shuffle.UndoBits(spare[:n], coded[:n], h.typeSize)
			copy(spare[n:], coded[n:])
			coded, spare = spare, coded
		case blosc2Delta:
			from := coded
			back := 0
			if first { // each element from the one before, else from that of the first block
				back = h.unit()
			} else {
				from = all[:len(coded)]
			}
			for j := back; j < len(coded); j++ {
				coded[j] ^= from[j-back]
			}
		default:
			return corrupt("blosc2", "the filter %d of a chunk is not known", f)
		}
	}
	copy(block, coded)
	return nil
}

// unit is the width of the numbers that the filter delta takes elements for.
func (h *blosc2Head) unit() int {
	switch {
	case h.typeSize == 2 || h.typeSize == 4 || h.typeSize == 8:
		return h.typeSize
	case h.typeSize%8 == 0:
		return 8
	}
	return 1
}
