package blosc

import (
	"slices"
	"sync"

	"github.com/klauspost/compress/snappy"

	"github.com/dosna/dosna/internal/compress"
	"github.com/dosna/dosna/internal/compress/blosclz"
	"github.com/dosna/dosna/internal/compress/deflate"
	"github.com/dosna/dosna/internal/compress/lz4"
	"github.com/dosna/dosna/internal/compress/shuffle"
	"github.com/dosna/dosna/internal/compress/zstd"
)

// Decode appends all that the chunk decodes to, which may be at most max
// bytes. On error dst is returned as it was.
func Decode(dst, src []byte, max int) ([]byte, error) {
	h, err := parse(src)
	if err != nil {
		return dst, err
	}
	if h.Size > max {
		return dst, compress.TooLarge("blosc", max)
	}
	out := slices.Grow(dst, h.Size)[:len(dst)+h.Size]
	if err := h.decode(out[len(dst):], src, 0); err != nil {
		return dst, err
	}
	return out, nil
}

// DecodeInto decodes the chunk into dst, whose length must be exactly the
// decoded size. On error the content of dst is undefined.
func DecodeInto(dst, src []byte) error {
	h, err := parse(src)
	if err != nil {
		return err
	}
	if h.Size != len(dst) {
		return corrupt("decodes to %d bytes, expected %d", h.Size, len(dst))
	}
	return h.decode(dst, src, 0)
}

// DecodeRange fills dst with the decoded bytes from offset on. Only the blocks
// that hold some of them are decoded. On error the content of dst is undefined.
func DecodeRange(dst, src []byte, offset int) error {
	h, err := parse(src)
	if err != nil {
		return err
	}
	if offset < 0 || offset > h.Size || len(dst) > h.Size-offset {
		return corrupt("bytes %d to %d are not in a chunk that decodes to %d", offset, offset+len(dst), h.Size)
	}
	return h.decode(dst, src, offset)
}

// scratch is memory for a block before the filter is undone, and for one of
// which only a part is wanted.
type scratch struct{ filtered, whole []byte }

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// keep is the most memory of one kind that an idle scratch holds on to.
const keep = 4 << 20

func (s *scratch) release() {
	if cap(s.filtered) <= keep && cap(s.whole) <= keep {
		scratches.Put(s)
	}
}

// sized returns *b with a length of n and undefined content.
func sized(b *[]byte, n int) []byte {
	if cap(*b) < n {
		*b = make([]byte, n)
	}
	return (*b)[:n]
}

func (h Header) decode(dst, src []byte, offset int) error {
	if h.Stored {
		copy(dst, src[HeaderSize+offset:])
		return nil
	}
	if len(dst) == 0 {
		return nil
	}
	s := scratches.Get().(*scratch)
	defer s.release()
	end := offset + len(dst)
	for i := offset / h.BlockSize; i*h.BlockSize < end; i++ {
		from, to := h.block(i)
		if from >= offset && to <= end {
			if err := h.decodeBlock(dst[from-offset:to-offset], src, i, s); err != nil {
				return err
			}
			continue
		}
		whole := sized(&s.whole, to-from)
		if err := h.decodeBlock(whole, src, i, s); err != nil {
			return err
		}
		first, last := max(from, offset), min(to, end)
		copy(dst[first-offset:last-offset], whole[first-from:])
	}
	return nil
}

// decodeBlock decodes block i into dst, which has its size.
func (h Header) decodeBlock(dst, src []byte, i int, s *scratch) error {
	at := int(le.Uint32(src[HeaderSize+4*i:]))
	if at < HeaderSize+4*h.Blocks() || at > len(src) {
		return corrupt("block %d begins at byte %d of %d", i, at, len(src))
	}
	filter := h.filter(len(dst))
	out := dst
	if filter != NoShuffle {
		out = sized(&s.filtered, len(dst))
	}
	streams := h.streams(len(dst))
	size := len(dst) / streams
	if size*streams != len(dst) {
		return corrupt("block %d of %d bytes cannot have %d streams", i, len(dst), streams)
	}
	for j := range streams {
		if len(src)-at < 4 {
			return corrupt("block %d ends before stream %d", i, j)
		}
		n := int(le.Uint32(src[at:]))
		at += 4
		if n > len(src)-at {
			return corrupt("block %d: stream %d of %d bytes exceeds the chunk", i, j, n)
		}
		if err := h.decodeStream(out[j*size:(j+1)*size], src[at:at+n]); err != nil {
			return err
		}
		at += n
	}
	switch filter {
	case Shuffle:
		shuffle.UndoBytes(dst, out, h.TypeSize)
	case BitShuffle:
		shuffle.UndoBits(dst, out, h.TypeSize)
	}
	return nil
}

// filter returns what was done to a block of that size: c-blosc leaves blocks
// alone that have nothing to shuffle, and does not shuffle the bits of blocks
// whose number of elements is no multiple of eight.
func (h Header) filter(size int) Filter {
	switch {
	case h.Filter == Shuffle && h.TypeSize == 1,
		h.Filter == BitShuffle && (size < h.TypeSize || size/h.TypeSize%8 != 0):
		return NoShuffle
	}
	return h.Filter
}

// decodeStream decodes one stream into dst, which has its size.
func (h Header) decodeStream(dst, src []byte) error {
	if len(src) == len(dst) {
		copy(dst, src) // it did not shrink
		return nil
	}
	switch h.Compressor {
	case BloscLZ:
		return blosclz.DecodeInto(dst, src)
	case LZ4:
		return lz4.DecodeInto(dst, src)
	case Zlib:
		return deflate.Zlib.DecodeInto(dst, src)
	case Zstd:
		return zstd.DecodeInto(dst, src)
	}
	if n, err := snappy.DecodedLen(src); err != nil || n != len(dst) {
		return corrupt("a snappy stream states %d bytes instead of %d", n, len(dst))
	}
	out, err := snappy.Decode(dst, src)
	if err != nil {
		return compress.Corrupt("snappy", "%v", err)
	}
	if len(out) != len(dst) {
		return corrupt("a snappy stream decodes to %d bytes instead of %d", len(out), len(dst))
	}
	return nil
}
