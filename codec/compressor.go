package codec

import (
	"fmt"

	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/compress/deflate"
	"github.com/dosna/dosna/internal/compress/zstd"
)

// compressor is a BytesCodec made of an encoder with its settings and the
// decoders of its format.
type compressor struct {
	encode     func(dst, src []byte) ([]byte, error)
	decode     func(dst, src []byte, limit int) ([]byte, error)
	decodeInto func(dst, src []byte) error // fills dst exactly
	bound      func(n int) int
}

func (c compressor) Bound(n int) int { return c.bound(n) }

func (c compressor) Encode(dst, src []byte) ([]byte, error) { return c.encode(dst, src) }

func (c compressor) Decode(dst, src []byte, limit int) ([]byte, error) {
	out, err := c.decode(dst, src, limit)
	return out, asCorrupt(err)
}

func (c compressor) DecodeInto(dst, src []byte) error { return asCorrupt(c.decodeInto(dst, src)) }

// asCorrupt: whatever a decoder objects to, the stored bytes are at fault.
func asCorrupt(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrCorrupt, err)
}

// foreignBound is the most bytes that encoders other than ours are expected to
// need for n bytes that do not compress.
func foreignBound(n int) int { return n + n/8 + 4096 }

// bindGzip binds the codec "gzip" (RFC 1952; Zarr v3 codec "gzip").
func bindGzip(s Spec, _ dtype.Type) (BytesCodec, error) {
	o := struct {
		Level int `json:"level"`
	}{}
	if err := s.config(&o, "level"); err != nil {
		return nil, err
	}
	if o.Level < 0 || o.Level > deflate.MaxLevel {
		return nil, s.errorf("configuration: level %d is not from 0 to %d", o.Level, deflate.MaxLevel)
	}
	return compressor{
		encode:     func(dst, src []byte) ([]byte, error) { return deflate.Gzip.Encode(dst, src, o.Level) },
		decode:     deflate.Gzip.Decode,
		decodeInto: deflate.Gzip.DecodeInto,
		bound:      foreignBound,
	}, nil
}

// bindZstd binds the codec "zstd" (RFC 8878; Zarr v3 codec "zstd").
func bindZstd(s Spec, _ dtype.Type) (BytesCodec, error) {
	o := struct {
		Level    int  `json:"level"`
		Checksum bool `json:"checksum"`
	}{}
	if err := s.config(&o); err != nil {
		return nil, err
	}
	if o.Level < zstd.MinLevel || o.Level > zstd.MaxLevel {
		return nil, s.errorf("configuration: level %d is not from %d to %d", o.Level, zstd.MinLevel, zstd.MaxLevel)
	}
	return compressor{
		encode:     func(dst, src []byte) ([]byte, error) { return zstd.Encode(dst, src, o.Level, o.Checksum) },
		decode:     zstd.Decode,
		decodeInto: zstd.DecodeInto,
		bound:      foreignBound,
	}, nil
}
