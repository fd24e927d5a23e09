package blosc

import (
	"encoding/binary"

	"github.com/dosna/dosna/internal/compress"
)

var le = binary.LittleEndian

// Bits of the header's flags. The compressed format is in the upper three.
const (
	flagShuffle    = 1 << 0
	flagStored     = 1 << 1
	flagBitShuffle = 1 << 2
	flagReserved   = 1 << 3
	flagNoSplit    = 1 << 4
)

// formats are the stream formats by their number in the header; lz4hc writes
// that of lz4.
var formats = [...]Compressor{BloscLZ, LZ4, Snappy, Zlib, Zstd}

// Header is the header of a chunk.
type Header struct {
	Compressor  Compressor // LZ4 also for LZ4HC, which has the same format
	Filter      Filter
	TypeSize    int
	Size        int // decoded bytes
	BlockSize   int // decoded bytes in each block but the last
	EncodedSize int // bytes of the chunk, header included
	Stored      bool
	noSplit     bool
}

// Blocks returns the number of blocks. A stored chunk counts as one.
func (h Header) Blocks() int {
	if h.Stored {
		return 1
	}
	return (h.Size + h.BlockSize - 1) / h.BlockSize
}

// block returns where block i begins and ends in the decoded data.
func (h Header) block(i int) (from, to int) {
	from = i * h.BlockSize
	return from, min(from+h.BlockSize, h.Size)
}

// streams returns into how many streams a block of that size was split.
func (h Header) streams(size int) int {
	if h.noSplit || size != h.BlockSize || h.TypeSize > maxSplits || size/h.TypeSize < minSplit {
		return 1
	}
	return h.TypeSize
}

// ParseHeader reads the header of a chunk, of which src is the beginning. A
// header that it returns is consistent in itself.
func ParseHeader(src []byte) (Header, error) {
	if len(src) < HeaderSize {
		return Header{}, corrupt("%d bytes are less than a header", len(src))
	}
	version, flags := src[0], src[2]
	h := Header{
		TypeSize:    int(src[3]),
		Size:        int(le.Uint32(src[4:])),
		BlockSize:   int(le.Uint32(src[8:])),
		EncodedSize: int(le.Uint32(src[12:])),
		Stored:      flags&flagStored != 0,
		noSplit:     flags&flagNoSplit != 0,
	}
	switch {
	case version > formatVersion:
		return Header{}, corrupt("format version is %d; this decodes version %d, which c-blosc 1 writes", version, formatVersion)
	case version == 0:
		return Header{}, corrupt("format version is 0")
	case flags&flagReserved != 0:
		return Header{}, corrupt("a reserved flag is set")
	case int(flags>>5) >= len(formats):
		return Header{}, corrupt("no compressed format has number %d", flags>>5)
	case src[1] != 1:
		return Header{}, corrupt("version of the compressed format is %d", src[1])
	case flags&flagShuffle != 0 && flags&flagBitShuffle != 0:
		return Header{}, corrupt("both shuffles are set")
	case h.TypeSize == 0:
		return Header{}, corrupt("type size is 0")
	case h.Size > MaxSize:
		return Header{}, corrupt("%d bytes are more than a chunk can hold", h.Size)
	}
	h.Compressor = formats[flags>>5]
	switch {
	case flags&flagShuffle != 0:
		h.Filter = Shuffle
	case flags&flagBitShuffle != 0:
		h.Filter = BitShuffle
	}
	if h.Size == 0 {
		h.Stored = true
	}
	if h.Stored {
		if h.EncodedSize != HeaderSize+h.Size {
			return Header{}, corrupt("%d stored bytes in a chunk of %d", h.Size, h.EncodedSize)
		}
		return h, nil
	}
	if h.BlockSize == 0 || h.BlockSize > h.Size {
		return Header{}, corrupt("block size is %d in a chunk of %d bytes", h.BlockSize, h.Size)
	}
	// Every block has an entry in the table and a stream with its length.
	if least := HeaderSize + 8*h.Blocks(); h.EncodedSize < least {
		return Header{}, corrupt("%d blocks in a chunk of %d bytes", h.Blocks(), h.EncodedSize)
	}
	return h, nil
}

// parse reads the header of a whole chunk.
func parse(src []byte) (Header, error) {
	h, err := ParseHeader(src)
	if err == nil && h.EncodedSize != len(src) {
		err = corrupt("the header states %d bytes, %d are there", h.EncodedSize, len(src))
	}
	return h, err
}

func (h Header) put(dst []byte) {
	flags := byte(0)
	switch h.Filter {
	case Shuffle:
		flags |= flagShuffle
	case BitShuffle:
		flags |= flagBitShuffle
	}
	if h.Stored {
		flags |= flagStored
	}
	if h.noSplit {
		flags |= flagNoSplit
	}
	for i, c := range formats {
		if c == h.Compressor || c == LZ4 && h.Compressor == LZ4HC {
			flags |= byte(i << 5)
		}
	}
	dst[0], dst[1], dst[2], dst[3] = formatVersion, 1, flags, byte(h.TypeSize)
	le.PutUint32(dst[4:], uint32(h.Size))
	le.PutUint32(dst[8:], uint32(h.BlockSize))
	le.PutUint32(dst[12:], uint32(h.EncodedSize))
}

func corrupt(reason string, args ...any) error {
	return compress.Corrupt("blosc", reason, args...)
}
