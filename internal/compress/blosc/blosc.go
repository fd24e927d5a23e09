// Package blosc encodes and decodes chunks of the container format of c-blosc
// 1.x (README_CHUNK_FORMAT of that project), which the Zarr codec "blosc" and
// an HDF5 filter of that name store.
//
// A chunk is a header of 16 bytes and the data, cut into blocks. A block is
// shuffled, perhaps split into one stream for each byte of an element, and its
// streams are compressed each alone; so any block can be decoded without the
// others, see [DecodeRange]. A chunk that does not shrink is stored as it is.
//
// Decoding knows everything that c-blosc writes. Encoding follows its choice of
// block sizes and splits, so that any c-blosc reads the result; the compressed
// bytes themselves differ. The format has no checksum: altered data may decode
// to other data. Chunks of c-blosc 2 are refused.
package blosc

import "fmt"

// Limits of the format.
const (
	HeaderSize  = 16
	MaxSize     = 1<<31 - 1 - HeaderSize // bytes in a chunk, decoded
	MaxTypeSize = 255
	MaxLevel    = 9
)

const (
	minSplit      = 128 // bytes of the shortest stream worth splitting off
	maxSplits     = 16  // elements larger than this are never split
	smallest      = 128 // bytes in the smallest chunk worth compressing
	maxBlock      = MaxSize / 3
	formatVersion = 2
)

// Compressor is one of the compressors of the streams.
type Compressor uint8

// The compressors of c-blosc 1.x. Snappy can be decoded only.
const (
	BloscLZ Compressor = iota
	LZ4
	LZ4HC
	Snappy
	Zlib
	Zstd
)

var compressors = [...]string{"blosclz", "lz4", "lz4hc", "snappy", "zlib", "zstd"}

func (c Compressor) String() string {
	if int(c) < len(compressors) {
		return compressors[c]
	}
	return fmt.Sprintf("Compressor(%d)", uint8(c))
}

// ParseCompressor returns the compressor called name, if [Encode] has it.
func ParseCompressor(name string) (Compressor, error) {
	for i, known := range compressors {
		if name == known && Compressor(i) != Snappy {
			return Compressor(i), nil
		}
	}
	return 0, fmt.Errorf("blosc: no compressor %q: choose one of blosclz, lz4, lz4hc, zlib, zstd", name)
}

// Filter is what is done to a block before its compression.
type Filter uint8

// The filters of c-blosc 1.x.
const (
	NoShuffle Filter = iota
	Shuffle
	BitShuffle
)

var filters = [...]string{"noshuffle", "shuffle", "bitshuffle"}

func (f Filter) String() string {
	if int(f) < len(filters) {
		return filters[f]
	}
	return fmt.Sprintf("Filter(%d)", uint8(f))
}

// ParseFilter returns the filter called name.
func ParseFilter(name string) (Filter, error) {
	for i, known := range filters {
		if name == known {
			return Filter(i), nil
		}
	}
	return 0, fmt.Errorf("blosc: no filter %q: choose one of noshuffle, shuffle, bitshuffle", name)
}

// Options say how [Encode] works. The zero value stores.
type Options struct {
	Compressor Compressor
	Level      int // 0 stores, 9 compresses best
	Filter     Filter
	TypeSize   int // bytes of an element; 0 and more than 255 mean 1
	BlockSize  int // bytes in a block; 0: chosen by level, compressor and size
}

// Check reports whether [Encode] accepts the options.
func (o Options) Check() error {
	switch {
	case o.Compressor > Zstd || o.Compressor == Snappy:
		return fmt.Errorf("encode blosc: cannot compress with %v: choose one of blosclz, lz4, lz4hc, zlib, zstd", o.Compressor)
	case o.Level < 0 || o.Level > MaxLevel:
		return fmt.Errorf("encode blosc: no level %d: choose one of 0 to %d", o.Level, MaxLevel)
	case o.Filter > BitShuffle:
		return fmt.Errorf("encode blosc: no filter %v: choose one of noshuffle, shuffle, bitshuffle", o.Filter)
	case o.TypeSize < 0:
		return fmt.Errorf("encode blosc: type size is %d: it cannot be negative", o.TypeSize)
	case o.BlockSize < 0 || o.BlockSize > MaxSize:
		return fmt.Errorf("encode blosc: block size is %d: choose 0 (automatic) to %d", o.BlockSize, MaxSize)
	}
	return nil
}

// Bound returns the largest possible size of an encoded chunk for n bytes. An
// [Encode] into a slice with that much spare capacity does not allocate.
func Bound(n int) int { return n + HeaderSize }
