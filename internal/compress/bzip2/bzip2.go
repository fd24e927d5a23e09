// Package bzip2 encodes and decodes the format of bzip2 1.0 (J. Seward's program
// and library of that name; the format is described by its source alone): blocks
// of up to 900,000 bytes, sorted by the Burrows–Wheeler transform (M. Burrows and
// D. J. Wheeler, "A block-sorting lossless data compression algorithm", 1994) and
// coded by Huffman's method.
//
// Every block and the whole have a checksum, which decoding verifies. An input may
// be several streams one behind the other; nothing may follow the last one.
// Sorting takes time in proportion to n·log n for every input, and 16 bytes of
// memory for each byte of a block. Encoded bytes depend on the input and the level
// only.
package bzip2

import (
	"bytes"
	"compress/bzip2"
	"errors"
	"io"
	"slices"
	"sync"

	"github.com/dosna/dosna/internal/compress"
)

// The levels of [Encode]: hundreds of thousands of bytes to a block.
const (
	MinLevel = 1
	MaxLevel = 9
)

// Bound returns a size that no encoded form of n bytes exceeds.
func Bound(n int) int { return n + n/50 + 1024 }

var encoders = sync.Pool{New: func() any { return new(encoder) }}

// Encode appends src to dst, compressed at a level of [MinLevel] to [MaxLevel].
func Encode(dst, src []byte, level int) ([]byte, error) {
	if level < MinLevel || level > MaxLevel {
		return dst, compress.LevelError(name, level, MinLevel, MaxLevel)
	}
	e := encoders.Get().(*encoder)
	defer encoders.Put(e)
	return e.encode(dst, src, level), nil
}

const name = "bzip2"

// decoder reads a stream that may end only where its input does.
type decoder struct {
	io.Reader
	in bytes.Reader
}

func open(src []byte) *decoder {
	d := new(decoder)
	d.in.Reset(src)
	d.Reader = bzip2.NewReader(&d.in)
	return d
}

// Decode appends all that src decodes to, which may be at most max bytes. On
// error dst is returned as it was.
func Decode(dst, src []byte, max int) ([]byte, error) {
	if max < 0 {
		return dst, compress.TooLarge(name, max)
	}
	d := open(src)
	limit := len(dst) + max
	// Room for one byte more than expected lets the end be seen without growing.
	out := slices.Grow(dst, min(4*len(src), max)+1)
	for {
		n, err := d.Read(out[len(out):min(cap(out), limit+1)])
		out = out[:len(out)+n]
		switch {
		case len(out) > limit:
			return dst, compress.TooLarge(name, max)
		case errors.Is(err, io.EOF):
			return out, nil
		case err != nil:
			return dst, corrupt(err)
		case len(out) == cap(out):
			out = slices.Grow(out, min(len(out)-len(dst), limit+1-len(out)))
		}
	}
}

// DecodeInto decodes src into dst, whose length must be exactly the decoded
// size. On error the content of dst is undefined.
func DecodeInto(dst, src []byte) error {
	d := open(src)
	if n, err := io.ReadFull(d, dst); err != nil {
		if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
			return compress.Corrupt(name, "ends after %d bytes, expected %d", n, len(dst))
		}
		return corrupt(err)
	}
	var more [1]byte
	switch n, err := io.ReadFull(d, more[:]); {
	case n > 0:
		return compress.Corrupt(name, "decodes to more than the expected %d bytes", len(dst))
	case err != io.EOF:
		return corrupt(err)
	}
	return nil
}

func corrupt(err error) error { return compress.Corrupt(name, "%v", err) }
