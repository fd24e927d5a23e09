// Package codec turns chunks of arrays into stored bytes and back.
//
// The codecs that an array's metadata lists are bound once, with [Bind], to the
// shape and type of its chunks; all validation happens there. The [Chain] that
// results is safe for concurrent use, starts no goroutines, and keeps its
// contexts and buffers in pools: in steady state neither Read nor Encode
// allocates, not even for each inner chunk of a shard, and Patch only what it
// returns. Inner chunks are worked on one after another, unless the caller lends
// workers through [WithParallel]. A chain reads from a
// [Source], which is one version of one stored object: it takes the whole of
// it, or, where the layout allows, only the byte ranges that a box needs, near
// ones together. What a source holds is never written to. Codecs never see a
// key or a store.
//
// The formats are those of the Zarr v3 core specification (version 3.1,
// sections "Codecs" and "Chunk encoding") and of the codec specifications that
// belong to it: bytes, transpose, gzip, zstd, blosc, crc32c, sharding_indexed; of
// the extension registry vlen-utf8, vlen-bytes, bitround, packbits, scale_offset and
// cast_value; and of numcodecs, whose codecs are named "numcodecs.delta", configured
// as there, and store the same bytes. Filters, which turn elements into others, lose what they
// are made to lose; a number that cannot be stored at all is an error.
//
// Views are of elements, packed as package dtype has them. Elements of any length,
// texts, lie in an [Arena], and views are of handles to them: such a chain only
// checks until it is put in an arena with [Chain.In].
//
// Stored bytes are not trusted: whatever they are, decoding ends, needs no more
// memory than the chunk and its largest valid encoding, and gives an error that
// wraps [ErrCorrupt] unless it can give the elements.
package codec

import (
	"errors"
	"fmt"
)

// ErrCorrupt is wrapped by every error that says stored bytes are not what the
// codecs could have written.
var ErrCorrupt = errors.New("corrupt data")

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrCorrupt}, args...)...)
}
