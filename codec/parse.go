package codec

import (
	"fmt"

	"github.com/dosna/dosna/dtype"
)

// ParseSpecs reads codecs as people write them and returns the whole list for
// unsharded chunks of a type in a byte order: names with settings behind colons,
// one name after the other with a plus between, "delta+shuffle+zlib:6", or "none".
//
// Compressors are
//
//	zstd[:LEVEL]  gzip[:LEVEL]  zlib[:LEVEL]  bz2[:LEVEL]  lz4[:ACCELERATION]
//	blosc[:COMPRESSOR[:LEVEL[:SHUFFLE]]]  (shuffle, bitshuffle or noshuffle)
//
// Filters, which stand before them, are
//
//	delta[:TYPE]  astype:TYPE  quantize:DIGITS[:TYPE]  bitround:BITS  packbits
//	fixedscaleoffset:OFFSET:SCALE[:TYPE]  shuffle[:SIZE]
//	scale_offset:OFFSET[:SCALE]  cast_value:TYPE[:ROUNDING[:OUT_OF_RANGE]]
//
// where TYPE is what is stored, as [dtype.ParseType] reads it, and ROUNDING and
// OUT_OF_RANGE are what the codec's specification calls so, "nearest-even" and
// "clamp". Checksums are crc32,
// adler32, fletcher32 and jenkins_lookup3, of what comes before them. All but zstd,
// gzip, blosc, scale_offset and cast_value are stored as the codecs of numcodecs,
// "numcodecs.zlib".
//
// The checksum behind all of this is "crc32c" or "none".
func ParseSpecs(text, checksum string, t dtype.Type, o dtype.Order) ([]Spec, error) {
	parts, err := parseParts(text)
	if err != nil {
		return nil, err
	}
	specs, err := bindParts(parts, t, o)
	if err != nil {
		return nil, fmt.Errorf("codec %q: %w", text, err)
	}
	switch checksum {
	case "crc32c":
		specs = append(specs, Spec{Name: "crc32c"})
	case "none":
	default:
		return nil, fmt.Errorf("unknown checksum %q: crc32c or none", checksum)
	}
	return specs, nil
}

// CheckText reports what is wrong with codecs as people write them for elements of
// any type.
func CheckText(text string) error {
	parts, err := parseParts(text)
	if err != nil {
		return err
	}
	for _, p := range parts {
		if filters[p.typed.spec] != nil {
			continue // whether it is right depends on the type
		}
		if _, err := p.bytesSpec(dtype.Uint8, 0); err != nil {
			return fmt.Errorf("codec %q: %w", text, err)
		}
	}
	return nil
}

func arraySpec(t dtype.Type, o dtype.Order) ([]Spec, error) {
	if !t.Ordered() {
		return []Spec{{Name: elementCodec(t)}}, nil
	}
	s, err := NewSpec("bytes", map[string]any{"endian": o.String()})
	return []Spec{s}, err
}
