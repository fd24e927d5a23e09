package filter

import (
	"encoding/binary"
	"math"
)

// scaleOffset is the filter that stores what is more than the least, in as few bits as that needs. Floats are multiplied by a
// power of ten, and rounded, before.
type scaleOffset struct {
	float    bool
	decimals int // of floats
	elements int
	size     int // bytes of an element
	big      bool
	filled   bool // fill is defined
	fill     uint64
}

// bindScaleOffset takes the values: how to scale, by what, the elements of a chunk, their class, size, sign and order, whether there is a
// fill value, and the fill value in pieces of four bytes.
func bindScaleOffset(values []uint32) (decoder, error) {
	if len(values) < 8 {
		return nil, corrupt("scaleoffset", "it does not describe elements")
	}
	s := &scaleOffset{
		float: values[3] == 1, decimals: int(int32(values[1])), elements: int(values[2]),
		size: int(values[4]), big: values[6] == 1, filled: values[7] == 1,
	}
	switch {
	case s.float && (values[0] != 0 || s.size != 4 && s.size != 8):
		return nil, corrupt("scaleoffset", "floats of %d bytes, scaled in the way %d", s.size, values[0])
	case !s.float && (values[0] != 2 || s.size != 1 && s.size != 2 && s.size != 4 && s.size != 8):
		return nil, corrupt("scaleoffset", "integers of %d bytes, scaled in the way %d", s.size, values[0])
	case s.filled && len(values) < 8+(s.size+3)/4:
		return nil, corrupt("scaleoffset", "it has no fill value")
	}
	if s.filled {
		s.fill = uint64(values[8])
		if s.size > 4 {
			s.fill |= uint64(values[9]) << 32
		}
	}
	return s.decode, nil
}

// head is the bytes before the numbers: how many bits these have, in four bytes, the width of the least, and the least.
const scaleHead = 21

func (s *scaleOffset) decode(dst, src []byte, limit int) ([]byte, error) {
	if len(src) < scaleHead {
		return dst, corrupt("scaleoffset", "%d bytes are less than its head", len(src))
	}
	width := int(binary.LittleEndian.Uint32(src))
	least := uint64(0)
	for i := range min(int(src[4]), 8) {
		least |= uint64(src[5+i]) << (8 * i)
	}
	src = src[scaleHead:]
	if width > 8*s.size {
		return dst, corrupt("scaleoffset", "numbers of %d bits for elements of %d bytes", width, s.size)
	}
	if s.elements > limit/s.size {
		_, _, err := room("scaleoffset", nil, 1, 0)
		return dst, err
	}
	if need := width * s.elements; need > 8*len(src) {
		return dst, corrupt("scaleoffset", "%d bytes are too few for %d numbers of %d bits", len(src), s.elements, width)
	}
	out, part, err := room("scaleoffset", dst, s.elements*s.size, limit)
	if err != nil {
		return dst, err
	}
	if width == 8*s.size { // they would not shrink, and are as they were, in the order of the writer's machine
		for ; len(part) > 0; part, src = part[s.size:], src[s.size:] {
			var v uint64
			for i := range s.size {
				v |= uint64(src[i]) << (8 * i)
			}
			put(part[:s.size], v, s.big)
		}
		return out, nil
	}
	r := &bitReader{data: src}
	filled := uint64(1)<<width - 1
	for ; len(part) > 0; part = part[s.size:] {
		v := r.bits(width)
		switch {
		case s.filled && v == filled:
			v = s.fill
		case !s.float:
			v += least
		case s.size == 4:
			v = uint64(math.Float32bits(float32(v)/float32(math.Pow10(s.decimals)) + math.Float32frombits(uint32(least))))
		default:
			v = math.Float64bits(float64(v)/math.Pow10(s.decimals) + math.Float64frombits(least))
		}
		put(part[:s.size], v, s.big)
	}
	return out, nil
}
