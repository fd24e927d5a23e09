package codec

import (
	"errors"
	"fmt"

	"github.com/dosna/dosna/internal/compress"
	"github.com/dosna/dosna/internal/compress/deflate"
	"github.com/dosna/dosna/internal/compress/zstd"
)

// compressor is a compressing codec made of an encoder with its settings and the
// decoders of its format.
type compressor struct {
	encode     func(dst, src []byte) ([]byte, error)
	decode     func(dst, src []byte, limit int) ([]byte, error)
	decodeInto func(dst, src []byte) error // fills dst exactly
}

// Bound leaves room for encoders other than ours, which are expected to need no
// more than this for bytes that do not compress.
func (c *compressor) Bound(n int) int { return n + n/8 + 4096 }

func (c *compressor) Encode(dst, src []byte) ([]byte, error) { return c.encode(dst, src) }

func (c *compressor) Decode(dst, src []byte, limit int) ([]byte, error) {
	out, err := c.decode(dst, src, limit)
	return out, asCorrupt(err)
}

func (c *compressor) DecodeInto(dst, src []byte) error { return asCorrupt(c.decodeInto(dst, src)) }

// asCorrupt gives what decoders say of stored bytes this package's sentinel.
func asCorrupt(err error) error {
	if errors.Is(err, compress.ErrCorrupt) || errors.Is(err, compress.ErrTooLarge) {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return err
}

// level checks a compression level.
func (s Spec) level(level, lowest, highest int) error {
	if level < lowest || level > highest {
		return s.errorf(`configuration: "level": %d is not from %d to %d`, level, lowest, highest)
	}
	return nil
}

// bindGzip binds the codec "gzip" (RFC 1952; Zarr v3 codec "gzip").
func bindGzip(s Spec, _ bytesInput) (bytesCodec, error) {
	var level int
	if err := s.config(required("level", &level)); err != nil {
		return nil, err
	}
	return newDeflate(deflate.Gzip, level), s.level(level, 0, deflate.MaxLevel)
}

func newDeflate(f *deflate.Format, level int) *compressor {
	return &compressor{
		encode:     func(dst, src []byte) ([]byte, error) { return f.Encode(dst, src, level) },
		decode:     f.Decode,
		decodeInto: f.DecodeInto,
	}
}

// bindZstd binds the codec "zstd" (RFC 8878; Zarr v3 codec "zstd").
func bindZstd(s Spec, _ bytesInput) (bytesCodec, error) {
	var level int
	var checksum bool
	if err := s.config(optional("level", &level), optional("checksum", &checksum)); err != nil {
		return nil, err
	}
	return &zstdCodec{compressor{
		encode:     func(dst, src []byte) ([]byte, error) { return zstd.Encode(dst, src, level, checksum) },
		decode:     zstd.Decode,
		decodeInto: zstd.DecodeInto,
	}, checksum}, s.level(level, zstd.MinLevel, zstd.MaxLevel)
}

// zstdCodec can stop early.
type zstdCodec struct {
	compressor
	checksum bool
}

func (z *zstdCodec) sums() bool { return z.checksum }

// part says yes up to half of the content, in whole blocks: a decoder that stops
// decodes more slowly than one that is to decode everything.
func (z *zstdCodec) part(off, n, size int) (from int, ok bool) {
	const block = 128 << 10 // RFC 8878, section 3.1.1.2.4
	return 0, (off+n+block-1)/block*block <= size/2
}

func (z *zstdCodec) decodePart(dst, src []byte, _, size int) error {
	if n, exact, err := zstd.DecodedSize(src); err != nil || n < size || exact && n != size {
		return partSize(err, n, size)
	}
	return asCorrupt(zstd.DecodePrefix(dst, src))
}

func partSize(err error, n, size int) error {
	if err != nil {
		return asCorrupt(err)
	}
	return corrupt("it decodes to %d bytes, not %d", n, size)
}
