// Package zstd encodes and decodes Zstandard frames (RFC 8878).
//
// It uses libzstd where that library is present (see package dl; the variable
// DOSNA_LIBZSTD names another copy, or "off" for none), which encodes about
// 1.7 times as fast, and the Go implementation of klauspost/compress otherwise.
// Each reads what the other writes; their compressed bytes differ.
//
// Decoders accept several concatenated frames, skippable frames, and frames
// that do not state their size. They verify checksums, where present, and
// refuse frames that need a dictionary.
package zstd

import (
	"slices"
	"sync"

	"github.com/dosna/dosna/internal/compress"
)

// Levels accepted by [Encode]. Level 0 means libzstd's default, 3. The Go
// implementation has four speeds and takes the nearest.
const (
	MinLevel = -131072
	MaxLevel = 22
)

// implementation does the work; sizes and levels are checked before.
type implementation interface {
	// encode appends one frame that states its size. dst has room for it.
	encode(dst, src []byte, level int, checksum bool) ([]byte, error)
	// decode fills a beginning of dst with everything that src decodes to and
	// returns its length. Not fitting is an error.
	decode(dst, src []byte) (int, error)
	// prefix fills dst with the first len(dst) decoded bytes.
	prefix(dst, src []byte, windowMax int) error
	name() string
}

var load = sync.OnceValues(func() (implementation, error) {
	n, err := openNative()
	if err != nil {
		return pure{}, err
	}
	return n, nil
})

// Implementation names the code in use, for people to read. When it is not
// libzstd, the error says why.
func Implementation() (string, error) {
	impl, err := load()
	return impl.name(), err
}

// Bound returns the largest possible size of an encoded frame for n bytes.
// An [Encode] into a slice with that much spare capacity does not allocate.
func Bound(n int) int {
	bound := n + n>>8 + 64
	if n < maxBlock {
		bound += (maxBlock - n) >> 11
	}
	return bound
}

// Encode appends src to dst as one frame, which states its size and, if
// checksum is set, ends in a checksum of the content.
func Encode(dst, src []byte, level int, checksum bool) ([]byte, error) {
	impl, _ := load()
	return encode(impl, dst, src, level, checksum)
}

func encode(impl implementation, dst, src []byte, level int, checksum bool) ([]byte, error) {
	if level < MinLevel || level > MaxLevel {
		return dst, compress.LevelError("zstd", level, MinLevel, MaxLevel)
	}
	return impl.encode(slices.Grow(dst, Bound(len(src))), src, level, checksum)
}

// DecodedSize returns the number of bytes src decodes to, read from the frame
// headers, and whether it is exact; if not, it is an upper bound.
func DecodedSize(src []byte) (size int, exact bool, err error) {
	l, err := inspect(src)
	return l.size, l.exact, err
}

// Decode appends all that src decodes to, which may be at most max bytes. On
// error dst is returned as it was.
func Decode(dst, src []byte, max int) ([]byte, error) {
	impl, _ := load()
	return decode(impl, dst, src, max)
}

func decode(impl implementation, dst, src []byte, limit int) ([]byte, error) {
	l, err := inspect(src)
	if err != nil {
		return dst, err
	}
	if l.exact && l.size > limit || limit < 0 {
		return dst, compress.TooLarge("zstd", limit)
	}
	room := min(l.size, limit)
	out := slices.Grow(dst, room)
	n, err := impl.decode(out[len(dst):len(dst)+room], src)
	if err != nil {
		if room < l.size && isShort(err) {
			err = compress.TooLarge("zstd", limit)
		}
		return dst, err
	}
	if l.exact && n != l.size {
		return dst, compress.Corrupt("zstd", "decoded to %d bytes instead of %d", n, l.size)
	}
	return out[:len(dst)+n], nil
}

// DecodeInto decodes src into dst, whose length must be exactly the decoded
// size. On error the content of dst is undefined.
func DecodeInto(dst, src []byte) error {
	impl, _ := load()
	return decodeInto(impl, dst, src)
}

func decodeInto(impl implementation, dst, src []byte) error {
	l, err := inspect(src)
	if err != nil {
		return err
	}
	if l.size < len(dst) || l.exact && l.size != len(dst) {
		return compress.Corrupt("zstd", "decodes to %d bytes, expected %d", l.size, len(dst))
	}
	n, err := impl.decode(dst, src)
	if err != nil {
		return err
	}
	if n != len(dst) {
		return compress.Corrupt("zstd", "decoded to %d bytes, expected %d", n, len(dst))
	}
	return nil
}

// DecodePrefix fills dst with the first len(dst) decoded bytes and stops
// there: the rest is neither decoded nor are checksums verified, unless dst
// takes in everything. src must be whole all the same. Unlike the other
// decoders it needs a window, and refuses one larger than both 128 MiB and the
// content, which no encoder asks for that knows the content's size.
func DecodePrefix(dst, src []byte) error {
	impl, _ := load()
	return decodePrefix(impl, dst, src)
}

func decodePrefix(impl implementation, dst, src []byte) error {
	l, err := inspect(src)
	switch {
	case err != nil:
		return err
	case l.size < len(dst):
		return compress.Corrupt("zstd", "decodes to %d bytes, expected %d or more", l.size, len(dst))
	case l.exact && l.size == len(dst):
		return decodeInto(impl, dst, src)
	case len(dst) == 0:
		return nil
	}
	// A window larger than the content is never used: it would only cost memory.
	windowMax := max(l.size, 128<<20)
	if l.window > windowMax {
		return compress.Corrupt("zstd", "a window of %d bytes for a content of at most %d", l.window, l.size)
	}
	return impl.prefix(dst, src, windowMax)
}
