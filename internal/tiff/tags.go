package tiff

import "fmt"

// The tags in use (TIFF 6.0, section 8 and after; 338, 339: section 18, 19).
const (
	tagSubfile      = 254
	tagWidth        = 256
	tagHeight       = 257
	tagBits         = 258
	tagCompression  = 259
	tagPhotometric  = 262
	tagFillOrder    = 266
	tagDescription  = 270
	tagStripOffsets = 273
	tagSamples      = 277
	tagRowsPerStrip = 278
	tagStripBytes   = 279
	tagPlanar       = 284
	tagPredictor    = 317
	tagTileWidth    = 322
	tagTileHeight   = 323
	tagTileOffsets  = 324
	tagTileBytes    = 325
	tagExtraSamples = 338
	tagSampleFormat = 339
)

// Compression is how strips and tiles are packed, by its number in files.
type Compression uint16

// The compressions that are read. All but LZW, PackBits and OldDeflate are
// written, too.
const (
	None       Compression = 1
	LZW        Compression = 5
	Deflate    Compression = 8
	PackBits   Compression = 32773
	OldDeflate Compression = 32946
	Zstd       Compression = 50000
)

// String returns the compression's name.
func (c Compression) String() string {
	names := map[Compression]string{
		None: "none", 2: "CCITT fax", 3: "CCITT fax group 3", 4: "CCITT fax group 4", LZW: "LZW", 6: "JPEG (old)", 7: "JPEG", Deflate: "deflate",
		34712: "JPEG 2000", 33003: "JPEG 2000", 33005: "JPEG 2000", 34887: "LERC", 34925: "LZMA", PackBits: "PackBits", OldDeflate: "deflate (old)",
		Zstd: "zstd", 50001: "WebP", 50002: "JPEG XL",
	}
	if name := names[c]; name != "" {
		return name
	}
	return fmt.Sprintf("number %d", uint16(c))
}

// predictors, by their number in files.
const (
	predictNone       = 1
	predictHorizontal = 2
	predictFloat      = 3
)

// typeSize are the bytes of a value of each field type; 0: unknown.
var typeSize = [19]int{1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}

// The field types that are written, and those that offsets and counts have.
const (
	typeASCII = 2
	typeShort = 3
	typeLong  = 4
	typeIFD   = 13
	typeLong8 = 16
	typeIFD8  = 18
)
