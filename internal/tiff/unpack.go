package tiff

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"

	"github.com/dosna/dosna/internal/compress/deflate"
	"github.com/dosna/dosna/internal/compress/zstd"
)

// most returns how many bytes n compressed ones can decode to, so that memory is
// taken for genuine data only.
func (c Compression) most(src []byte) (int, error) {
	n := len(src)
	switch c {
	case PackBits:
		return n * 64, nil
	case LZW: // strings grow by one byte with every code of at least 9 bits
		codes := n*8/9 + 1
		longest := min(codes, 1<<lzwBits)
		return codes * longest, nil
	case Zstd:
		size, _, err := zstd.DecodedSize(src)
		return size, err
	}
	return n * 1032, nil
}

// unpack fills dst with what a strip or tile decodes to.
func (c Compression) unpack(dst, src []byte) error {
	switch c {
	case PackBits:
		return unpackBits(dst, src)
	case LZW:
		return unlzw(dst, src)
	case Zstd:
		return unzstd(dst, src)
	case Deflate, OldDeflate:
		return inflate(dst, src)
	}
	return fmt.Errorf("compression %s cannot be decoded", c)
}

func unzstd(dst, src []byte) error {
	size, exact, err := zstd.DecodedSize(src)
	if err != nil {
		return err
	}
	if exact && size > len(dst) { // as of a last strip that is stored in full
		return zstd.DecodePrefix(dst, src)
	}
	return zstd.DecodeInto(dst, src)
}

// inflate also takes what other programs let pass: a stream that decodes to
// more, and bytes behind it.
func inflate(dst, src []byte) error {
	err := deflate.Zlib.DecodeInto(dst, src)
	if err == nil {
		return nil
	}
	z, zerr := zlib.NewReader(bytes.NewReader(src))
	if zerr != nil {
		return err
	}
	if _, zerr = io.ReadFull(z, dst); zerr != nil {
		return err
	}
	if _, zerr = io.CopyN(io.Discard, z, maxSegment); !errors.Is(zerr, io.EOF) { // its checksum
		return err
	}
	return nil
}

// unpackBits undoes PackBits (TIFF 6.0, section 9).
func unpackBits(dst, src []byte) error {
	pos := 0
	for pos < len(dst) {
		if len(src) < 2 {
			return fmt.Errorf("the PackBits stream ends after %d of %d bytes", pos, len(dst))
		}
		n := int(int8(src[0]))
		src = src[1:]
		switch {
		case n >= 0:
			if n+1 > len(src) && len(src) < len(dst)-pos {
				return fmt.Errorf("the PackBits stream ends after %d of %d bytes", pos+len(src), len(dst))
			}
			pos += copy(dst[pos:], src[:min(n+1, len(src))])
			src = src[min(n+1, len(src)):]
		case n > -128:
			run := dst[pos:min(pos+1-n, len(dst))]
			for i := range run {
				run[i] = src[0]
			}
			pos, src = pos+len(run), src[1:]
		}
	}
	return nil
}
