// Package deflate encodes and decodes the two wrappings of DEFLATE (RFC 1951)
// that array formats use: [Gzip] (RFC 1952) and [Zlib] (RFC 1950).
//
// Decoding uses libdeflate where it can be loaded, and else package compress of
// Klaus Post, which encodes too. Checksums are verified. A gzip input may have several members; nothing may
// follow the last one. Encoded bytes depend on the input and the level only.
package deflate

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"

	"github.com/dosna/dosna/internal/compress"
)

// MaxLevel is the highest level; 0 stores without compression.
const MaxLevel = 9

// maxRatio is the most that DEFLATE can expand: 258 bytes for 2 bits.
const maxRatio = 1032

// Format is one of the wrappings. Its methods are safe for concurrent use.
type Format struct {
	name     string
	writer   func(level int) (writer, error)
	reader   func(src io.Reader) (io.ReadCloser, error)
	reset    func(r io.ReadCloser, src io.Reader) error
	size     func(src []byte) int // a guess at the decoded size, 0 if none
	encoders [MaxLevel + 1]sync.Pool
	decoders sync.Pool
}

// Gzip is RFC 1952.
var Gzip = &Format{
	name:   "gzip",
	writer: func(level int) (writer, error) { return gzip.NewWriterLevel(nil, level) },
	reader: func(src io.Reader) (io.ReadCloser, error) { return gzip.NewReader(src) },
	reset:  func(r io.ReadCloser, src io.Reader) error { return r.(*gzip.Reader).Reset(src) },
	size: func(src []byte) int {
		if len(src) < 4 {
			return 0
		}
		return int(binary.LittleEndian.Uint32(src[len(src)-4:]))
	},
}

// Zlib is RFC 1950.
var Zlib = &Format{
	name:   "zlib",
	writer: func(level int) (writer, error) { return zlib.NewWriterLevel(nil, level) },
	reader: zlib.NewReader,
	reset:  func(r io.ReadCloser, src io.Reader) error { return r.(zlib.Resetter).Reset(src, nil) },
	size:   func([]byte) int { return 0 },
}

type writer interface {
	io.WriteCloser
	Reset(io.Writer)
}

// encoder is a writer and the slice that it appends to.
type encoder struct {
	writer
	out []byte
}

type sink struct{ *encoder }

func (s sink) Write(p []byte) (int, error) {
	s.out = append(s.out, p...)
	return len(p), nil
}

// Encode appends src to dst, compressed at a level of 0 to [MaxLevel].
func (f *Format) Encode(dst, src []byte, level int) ([]byte, error) {
	if level < 0 || level > MaxLevel {
		return dst, compress.LevelError(f.name, level, 0, MaxLevel)
	}
	e, ok := f.encoders[level].Get().(*encoder)
	if !ok {
		w, err := f.writer(level)
		if err != nil {
			return dst, err
		}
		e = &encoder{writer: w}
	}
	e.out = dst
	e.Reset(sink{e})
	_, err := e.writer.Write(src)
	if err == nil {
		err = e.Close()
	}
	out := e.out
	e.out = nil
	f.encoders[level].Put(e)
	if err != nil {
		return dst, err
	}
	return out, nil
}

// decoder is a reader and the input that it reads from.
type decoder struct {
	io.ReadCloser
	in   bytes.Reader
	more [1]byte // read past the expected end
}

// open returns a decoder at the beginning of src. An error is the header's.
func (f *Format) open(src []byte) (d *decoder, err error) {
	d, ok := f.decoders.Get().(*decoder)
	if !ok {
		d = new(decoder)
	}
	d.in.Reset(src)
	if d.ReadCloser == nil {
		d.ReadCloser, err = f.reader(&d.in)
	} else {
		err = f.reset(d.ReadCloser, &d.in)
	}
	if err != nil {
		return nil, f.corrupt(err)
	}
	return d, nil
}

func (f *Format) close(d *decoder) {
	d.in.Reset(nil)
	f.decoders.Put(d)
}

// Decode appends all that src decodes to, which may be at most max bytes. On
// error dst is returned as it was.
func (f *Format) Decode(dst, src []byte, max int) ([]byte, error) {
	if max < 0 {
		return dst, compress.TooLarge(f.name, max)
	}
	if limit := min(max, maxRatio*len(src)); limit <= cap(dst)-len(dst) || limit <= 8*len(src)+1<<16 {
		out := slices.Grow(dst, limit)
		if n, ok := loaded().decode(f, out[len(dst):len(dst)+limit], src); ok {
			return out[:len(dst)+n], nil
		}
	}
	d, err := f.open(src)
	if err != nil {
		return dst, err
	}
	defer f.close(d)
	first := f.size(src)
	if first == 0 {
		first = 4 * len(src)
	}
	// Room for one byte more than expected lets the end be seen without growing.
	limit := len(dst) + min(max, maxRatio*len(src))
	out := slices.Grow(dst, min(first, limit-len(dst))+1)
	for {
		n, err := d.Read(out[len(out):min(cap(out), limit+1)])
		out = out[:len(out)+n]
		switch {
		case len(out) > limit:
			return dst, compress.TooLarge(f.name, max)
		case errors.Is(err, io.EOF):
			if d.in.Len() > 0 {
				return dst, f.trailing(d)
			}
			return out, nil
		case err != nil:
			return dst, f.corrupt(err)
		case len(out) == cap(out):
			out = slices.Grow(out, min(len(out)-len(dst), limit+1-len(out)))
		}
	}
}

// DecodeInto decodes src into dst, whose length must be exactly the decoded
// size. On error the content of dst is undefined.
func (f *Format) DecodeInto(dst, src []byte) error {
	if n, ok := loaded().decode(f, dst, src); ok && n == len(dst) {
		return nil
	}
	return f.decodeInto(dst, src)
}

// decodeInto is DecodeInto in Go.
func (f *Format) decodeInto(dst, src []byte) error {
	d, err := f.open(src)
	if err != nil {
		return err
	}
	defer f.close(d)
	if n, err := io.ReadFull(d, dst); err != nil {
		if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
			return compress.Corrupt(f.name, "ends after %d bytes, expected %d", n, len(dst))
		}
		return f.corrupt(err)
	}
	switch n, err := io.ReadFull(d, d.more[:]); {
	case n > 0:
		return compress.Corrupt(f.name, "decodes to more than the expected %d bytes", len(dst))
	case err != io.EOF:
		return f.corrupt(err)
	case d.in.Len() > 0:
		return f.trailing(d)
	}
	return nil
}

func (f *Format) trailing(d *decoder) error {
	return compress.Corrupt(f.name, "%d bytes follow the end", d.in.Len())
}

func (f *Format) corrupt(err error) error {
	return compress.Corrupt(f.name, "%v", err)
}
