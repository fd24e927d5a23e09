package codec

import (
	"encoding/binary"
	"hash/crc32"

	"github.com/dosna/dosna/dtype"
)

// BytesCodec is a bound bytes→bytes codec, safe for concurrent use.
type BytesCodec interface {
	// Encode appends the encoded form of src to dst.
	Encode(dst, src []byte) ([]byte, error)
	// Decode appends to dst what src was encoded from, at most limit bytes of
	// it: more, or a src that Encode cannot have written, is an error. Memory
	// is needed in proportion to limit, whatever src claims.
	Decode(dst, src []byte, limit int) ([]byte, error)
	// Bound returns the most bytes that any encoder needs for n bytes.
	Bound(n int) int
}

// trailer is a codec that leaves its input as it is and adds a checksum behind
// it: nothing needs to be copied to decode it.
type trailer interface {
	BytesCodec
	check(src []byte) ([]byte, error) // returns the input's part of src
	seal(dst []byte, from int) []byte  // appends the checksum of dst[from:]
}

// intoDecoder is a codec that decodes into memory of exactly the right size.
type intoDecoder interface {
	DecodeInto(dst, src []byte) error
}

// bytesCodecs binds a spec to elements of a type.
var bytesCodecs = map[string]func(Spec, dtype.Type) (BytesCodec, error){
	"gzip":   bindGzip,
	"zstd":   bindZstd,
	"crc32c": bindCRC32C,
}

// crc32c is the checksum codec of that name: CRC-32C (RFC 3720, appendix B.4)
// of the input, little-endian, behind it.
type crc32c struct{}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func bindCRC32C(s Spec, _ dtype.Type) (BytesCodec, error) {
	return crc32c{}, s.config(&struct{}{})
}

func (crc32c) Bound(n int) int { return n + 4 }

func (c crc32c) Encode(dst, src []byte) ([]byte, error) {
	return c.seal(append(dst, src...), len(dst)), nil
}

func (crc32c) seal(dst []byte, from int) []byte {
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[from:], castagnoli))
}

func (c crc32c) Decode(dst, src []byte, limit int) ([]byte, error) {
	data, err := c.check(src)
	if err == nil && len(data) > limit {
		err = corrupt("%d bytes where at most %d can be", len(data), limit)
	}
	if err != nil {
		return dst, err
	}
	return append(dst, data...), nil
}

func (crc32c) check(src []byte) ([]byte, error) {
	if len(src) < 4 {
		return nil, corrupt("%d bytes are too few for a crc32c checksum", len(src))
	}
	data := src[:len(src)-4]
	want := binary.LittleEndian.Uint32(src[len(src)-4:])
	if got := crc32.Checksum(data, castagnoli); got != want {
		return nil, corrupt("crc32c is %08x, stored with %08x", got, want)
	}
	return data, nil
}
