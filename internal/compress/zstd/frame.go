package zstd

import (
	"encoding/binary"

	"github.com/dosna/dosna/internal/compress"
)

const (
	frameMagic     = 0xFD2FB528
	skippableMagic = 0x184D2A50 // the low four bits are free
	skippableMask  = 0xFFFFFFF0

	maxBlock = 128 << 10 // no block decodes to more
)

// layout is what the headers of a run of frames and blocks tell without
// decoding any of it.
type layout struct {
	size   int  // decoded bytes: exactly, or else at most
	exact  bool // every frame states its size
	window int  // the largest one
}

// inspect walks frame and block headers (RFC 8878, section 3.1). A size stated
// in a frame header is believed only if the blocks that follow can produce it,
// so size never exceeds what genuine data of this length could decode to.
func inspect(src []byte) (layout, error) {
	if len(src) == 0 {
		return layout{}, compress.Corrupt("zstd", "no frame in empty input")
	}
	l := layout{exact: true}
	for len(src) > 0 {
		if len(src) < 4 {
			return layout{}, errTruncated
		}
		magic := binary.LittleEndian.Uint32(src)
		if magic&skippableMask == skippableMagic {
			if len(src) < 8 || uint64(len(src)-8) < uint64(binary.LittleEndian.Uint32(src[4:])) {
				return layout{}, errTruncated
			}
			src = src[8+int(binary.LittleEndian.Uint32(src[4:])):]
			continue
		}
		if magic != frameMagic {
			return layout{}, compress.Corrupt("zstd", "magic number is %#x", magic)
		}
		var err error
		if src, err = l.frame(src[4:]); err != nil {
			return layout{}, err
		}
	}
	return l, nil
}

var errTruncated = compress.Corrupt("zstd", "input ends in the middle of a frame")

// frame adds one frame, given without its magic number, and returns what follows.
func (l *layout) frame(src []byte) ([]byte, error) {
	if len(src) < 1 {
		return nil, errTruncated
	}
	descriptor := src[0]
	src = src[1:]
	single := descriptor&0x20 != 0
	checksum := descriptor&0x04 != 0
	dictSize := [4]int{0, 1, 2, 4}[descriptor&3]
	statedSize := [4]int{0, 2, 4, 8}[descriptor>>6]
	windowSize := 1
	if single {
		windowSize = 0
		statedSize = max(statedSize, 1)
	}
	if descriptor&0x08 != 0 {
		return nil, compress.Corrupt("zstd", "reserved header bit is set")
	}
	if len(src) < windowSize+dictSize+statedSize {
		return nil, errTruncated
	}

	window := uint64(0)
	if !single {
		exponent, mantissa := src[0]>>3, src[0]&7
		window = 1 << (10 + exponent)
		window += window / 8 * uint64(mantissa)
	}
	src = src[windowSize:]
	for _, b := range src[:dictSize] {
		if b != 0 {
			return nil, compress.Corrupt("zstd", "the frame needs a dictionary")
		}
	}
	src = src[dictSize:]
	stated := uint64(0)
	for i, b := range src[:statedSize] {
		stated |= uint64(b) << (8 * i)
	}
	if statedSize == 2 {
		stated += 256
	}
	src = src[statedSize:]
	if single {
		window = stated
	}

	most := 0
	blockMax := int(min(window, maxBlock))
	for last := false; !last; {
		if len(src) < 3 {
			return nil, errTruncated
		}
		header := int(src[0]) | int(src[1])<<8 | int(src[2])<<16
		src = src[3:]
		last = header&1 != 0
		size := header >> 3
		stored := size
		switch header >> 1 & 3 {
		case 0: // raw
			most += size
		case 1: // one byte repeated
			stored = 1
			most += size
		case 2: // compressed
			most += blockMax
		default:
			return nil, compress.Corrupt("zstd", "reserved block type")
		}
		if size > blockMax {
			return nil, compress.Corrupt("zstd", "a block of %d bytes, where the format allows %d", size, blockMax)
		}
		if len(src) < stored {
			return nil, errTruncated
		}
		src = src[stored:]
	}
	if checksum {
		if len(src) < 4 {
			return nil, errTruncated
		}
		src = src[4:]
	}

	if statedSize == 0 {
		l.exact = false
	} else {
		if stated > uint64(most) {
			return nil, compress.Corrupt("zstd", "a frame of at most %d bytes claims %d", most, stated)
		}
		most = int(stated)
	}
	l.size += most
	l.window = max(l.window, int(min(window, 1<<62)))
	return src, nil
}
