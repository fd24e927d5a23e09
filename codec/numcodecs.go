package codec

import (
	"github.com/dosna/dosna/internal/compress/blosc"
	"github.com/dosna/dosna/internal/compress/bzip2"
	"github.com/dosna/dosna/internal/compress/deflate"
	"github.com/dosna/dosna/internal/compress/lz4"
)

// The compressors of numcodecs, as zarr-python writes them into Zarr v3 metadata:
// each has numcodecs' own configuration without its "id". What is missing from it
// is as in numcodecs.

// bindNumcodecsDeflate binds "numcodecs.zlib" (RFC 1950) and "numcodecs.gzip"
// (RFC 1952). The level -1 is zlib's own choice.
func bindNumcodecsDeflate(f *deflate.Format) func(Spec, bytesInput) (bytesCodec, error) {
	return func(s Spec, _ bytesInput) (bytesCodec, error) {
		level := 1
		if err := s.config(optional("level", &level)); err != nil {
			return nil, err
		}
		if level == -1 {
			level = 6
		}
		return newDeflate(f, level), s.level(level, 0, deflate.MaxLevel)
	}
}

// bindBzip2 binds "numcodecs.bz2".
func bindBzip2(s Spec, _ bytesInput) (bytesCodec, error) {
	level := 1
	if err := s.config(optional("level", &level)); err != nil {
		return nil, err
	}
	return &compressor{
		encode:     func(dst, src []byte) ([]byte, error) { return bzip2.Encode(dst, src, level) },
		decode:     bzip2.Decode,
		decodeInto: bzip2.DecodeInto,
	}, s.level(level, bzip2.MinLevel, bzip2.MaxLevel)
}

// bindLZ4 binds "numcodecs.lz4": one block behind its decoded size.
func bindLZ4(s Spec, in bytesInput) (bytesCodec, error) {
	acceleration := 1
	if err := s.config(optional("acceleration", &acceleration)); err != nil {
		return nil, err
	}
	if in.chunk > lz4.MaxInput {
		return nil, s.errorf("chunks have %d bytes, and lz4 holds at most %d: use smaller chunks", in.chunk, lz4.MaxInput)
	}
	return &compressor{
		encode:     func(dst, src []byte) ([]byte, error) { return lz4.EncodeSized(dst, src, acceleration) },
		decode:     lz4.DecodeSized,
		decodeInto: lz4.DecodeSizedInto,
	}, nil
}

// autoShuffle is numcodecs' filter of blosc that is chosen by the elements' size.
const autoShuffle = -1

// bindNumcodecsBlosc binds "numcodecs.blosc", which counts the filters. The size
// of elements, which old metadata does not have, is theirs.
func bindNumcodecsBlosc(s Spec, in bytesInput) (bytesCodec, error) {
	cname, filter := blosc.LZ4.String(), int(blosc.Shuffle)
	o := blosc.Options{Level: 5, TypeSize: max(in.t.Size(), 1)}
	err := s.config(optional("cname", &cname), optional("clevel", &o.Level), optional("shuffle", &filter),
		optional("typesize", &o.TypeSize), optional("blocksize", &o.BlockSize))
	if err != nil {
		return nil, err
	}
	switch {
	case filter == autoShuffle && o.TypeSize == 1:
		o.Filter = blosc.BitShuffle
	case filter == autoShuffle:
		o.Filter = blosc.Shuffle
	case filter >= 0 && filter <= int(blosc.BitShuffle):
		o.Filter = blosc.Filter(filter)
	default:
		return nil, s.errorf(`configuration: "shuffle": %d is not from -1 to 2`, filter)
	}
	return newBlosc(s, cname, o, in)
}
