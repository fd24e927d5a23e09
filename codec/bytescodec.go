package codec

import "github.com/dosna/dosna/dtype"

// bytesCodec is a bound bytes→bytes codec, safe for concurrent use: a compressing
// one or a trailer. It keeps no slice that it is given, and writes to none but dst.
type bytesCodec interface {
	// Bound returns the most bytes that any encoder needs for n bytes.
	Bound(n int) int
}

// compressing is a codec whose output is made anew.
type compressing interface {
	bytesCodec
	// Encode appends the encoded form of src to dst.
	Encode(dst, src []byte) ([]byte, error)
	// Decode appends to dst what src was encoded from, at most limit bytes of
	// it: more, or a src that no encoder can have written, is corrupt. Memory is
	// needed in proportion to limit, whatever src claims.
	Decode(dst, src []byte, limit int) ([]byte, error)
	// DecodeInto fills dst, which has exactly the size of what src was encoded from.
	DecodeInto(dst, src []byte) error
}

// trailer is a codec that leaves its input as it is and adds a checksum behind
// it: nothing needs to be copied to decode it.
type trailer interface {
	bytesCodec
	check(src []byte) ([]byte, error) // returns the input's part of src
	seal(dst []byte, from int) []byte // appends the checksum of dst[from:]
}

func isTrailer(b bytesCodec) bool { _, ok := b.(trailer); return ok }

// partDecoder is a codec that can decode a part of what it encoded for less than
// all of it costs. Checksums of its own are not looked at then.
type partDecoder interface {
	compressing
	// part returns where decoding has to begin to get at n bytes at off of size,
	// and whether that is worth it.
	part(off, n, size int) (from int, ok bool)
	// decodePart fills dst with the decoded bytes from there on.
	decodePart(dst, src []byte, from, size int) error
	// sums reports whether there are such checksums.
	sums() bool
}

// bytesCodecs binds a spec to elements of a type, and chunks of so many bytes.
var bytesCodecs = map[string]func(s Spec, t dtype.Type, size int) (bytesCodec, error){
	"blosc":  bindBlosc,
	"gzip":   bindGzip,
	"zstd":   bindZstd,
	"crc32c": bindCRC32C,
}
