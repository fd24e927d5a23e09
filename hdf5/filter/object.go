package filter

import (
	"bytes"
	"encoding/binary"
	"math"
)

// unfiltered begins an object that did not go through all filters of its pipeline. No filter
// writes it but by chance, once in 2^64 chunks.
var unfiltered = []byte("\x89HDF5\r\nM")

// Masked returns an object that DecodeObject reads: stored bytes in which those filters were left
// out whose bits are set in mask.
func Masked(mask uint32, stored []byte) []byte {
	return append(AppendMask(make([]byte, 0, len(unfiltered)+4+len(stored)), mask), stored...)
}

// AppendMask appends what stands before the stored bytes in an object of Masked. A mask of
// [Unfiltered] is that of bytes that went through no filter.
func AppendMask(dst []byte, mask uint32) []byte {
	return binary.LittleEndian.AppendUint32(append(dst, unfiltered...), mask)
}

// Unfiltered is the mask of all filters.
const Unfiltered = math.MaxUint32

// DecodeObject is Decode of stored bytes that went through all filters, or of an object of Masked.
func (p *Pipeline) DecodeObject(dst, src []byte, size int) ([]byte, error) {
	var mask uint32
	if rest, ok := bytes.CutPrefix(src, unfiltered); ok {
		if len(rest) < 4 {
			return nil, corrupt("pipeline", "the mask is cut off")
		}
		mask, src = binary.LittleEndian.Uint32(rest), rest[4:]
	}
	return p.Decode(dst, src, mask, size)
}
