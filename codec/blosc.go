package codec

import "github.com/dosna/dosna/internal/compress/blosc"

// bindBlosc binds the codec "blosc" (Zarr v3 codec "blosc", over the format of
// c-blosc 1). Snappy, which nothing of ours writes, can be read.
func bindBlosc(s Spec, in bytesInput) (bytesCodec, error) {
	var cname, shuffle string
	var o blosc.Options
	err := s.config(required("cname", &cname), required("clevel", &o.Level), required("shuffle", &shuffle),
		optional("typesize", &o.TypeSize), optional("blocksize", &o.BlockSize))
	if err != nil {
		return nil, err
	}
	if o.Filter, err = blosc.ParseFilter(shuffle); err != nil {
		return nil, s.errorf(`configuration: "shuffle": %w`, err)
	}
	return newBlosc(s, cname, o, in)
}

func newBlosc(s Spec, cname string, o blosc.Options, in bytesInput) (bytesCodec, error) {
	o.Compressor = blosc.Snappy
	if cname != blosc.Snappy.String() {
		var err error
		if o.Compressor, err = blosc.ParseCompressor(cname); err != nil {
			return nil, s.errorf(`configuration: "cname": %w`, err)
		}
	}
	switch {
	case o.Level < 0 || o.Level > blosc.MaxLevel:
		return nil, s.errorf(`configuration: "clevel": %d is not from 0 to %d`, o.Level, blosc.MaxLevel)
	case o.Filter != blosc.NoShuffle && o.TypeSize == 0:
		return nil, s.errorf(`configuration: "typesize" is missing or 0: %s needs the bytes of an element`, o.Filter)
	case o.TypeSize < 0:
		return nil, s.errorf(`configuration: "typesize": %d is negative`, o.TypeSize)
	case o.BlockSize < 0 || o.BlockSize > blosc.MaxSize:
		return nil, s.errorf(`configuration: "blocksize": %d is not from 0 to %d`, o.BlockSize, blosc.MaxSize)
	case in.chunk > blosc.MaxSize:
		return nil, s.errorf("chunks have %d bytes, and blosc holds at most %d: use smaller chunks", in.chunk, blosc.MaxSize)
	}
	return &bloscCodec{compressor{
		encode:     func(dst, src []byte) ([]byte, error) { return blosc.Encode(dst, src, o) },
		decode:     blosc.Decode,
		decodeInto: blosc.DecodeInto,
	}}, nil
}

// bloscCodec can decode single blocks.
type bloscCodec struct{ compressor }

func (*bloscCodec) sums() bool { return false }

func (*bloscCodec) part(off, n, size int) (from int, ok bool) { return off, n < size }

func (*bloscCodec) decodePart(dst, src []byte, from, size int) error {
	if h, err := blosc.ParseHeader(src); err != nil || h.Size != size {
		return partSize(err, h.Size, size)
	}
	return asCorrupt(blosc.DecodeRange(dst, src, from))
}
