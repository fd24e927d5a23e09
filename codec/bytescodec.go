package codec

import (
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/compress/deflate"
)

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

// isSum reports whether a codec only adds a checksum: nothing needs to be copied
// to decode it.
func isSum(b bytesCodec) bool { _, ok := b.(*summed); return ok }

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

// bytesInput is what a bytes codec is given.
type bytesInput struct {
	t     dtype.Type // of the elements that the bytes are made of
	chunk int        // bytes of a chunk of them
	exact int        // the number of bytes, or -1 if it is not known beforehand
}

// bytesCodecs binds a spec to what it is given.
var bytesCodecs = map[string]func(s Spec, in bytesInput) (bytesCodec, error){
	"blosc":                     bindBlosc,
	"crc32c":                    bindCRC32C,
	"gzip":                      bindGzip,
	"zstd":                      bindZstd,
	"dosna.hdf5_filters":        bindHDF5Filters,
	"numcodecs.adler32":         bindAdler32,
	"numcodecs.blosc":           bindNumcodecsBlosc,
	"numcodecs.bz2":             bindBzip2,
	"numcodecs.crc32":           bindNumcodecsCRC32,
	"numcodecs.crc32c":          bindNumcodecsCRC32C,
	"numcodecs.fletcher32":      bindFletcher32,
	"numcodecs.gzip":            bindNumcodecsDeflate(deflate.Gzip),
	"numcodecs.jenkins_lookup3": bindLookup3,
	"numcodecs.lz4":             bindLZ4,
	"numcodecs.shuffle":         bindShuffle,
	"numcodecs.zlib":            bindNumcodecsDeflate(deflate.Zlib),
	"numcodecs.zstd":            bindZstd,
}
