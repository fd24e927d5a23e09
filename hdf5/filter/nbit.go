package filter

import "errors"

// bindNbit binds the filter that keeps of numbers the bits that count. Its values are their own number, whether
// there is nothing to do, the elements of a chunk, and a description of their type.
func bindNbit(values []uint32) (decoder, error) {
	if len(values) < 5 {
		return nil, corrupt("nbit", "it does not describe elements")
	}
	if values[1] != 0 {
		return asIs("nbit"), nil
	}
	p := nbitParser{values: values[3:]}
	part, err := p.part(0)
	if err != nil {
		return nil, err
	}
	elements := int(values[2])
	return func(dst, src []byte, limit int) ([]byte, error) {
		size := part.size
		if size > 0 && elements > limit/size {
			_, _, err := room("nbit", nil, 1, 0)
			return dst, err
		}
		if need := part.bits * elements; part.bits > 0 && need > 8*len(src) {
			return dst, corrupt("nbit", "%d bytes are too few for %d elements of %d bits", len(src), elements, part.bits)
		}
		out, made, err := room("nbit", dst, elements*size, limit)
		if err != nil {
			return dst, err
		}
		clear(made)
		r := &bitReader{data: src}
		for i := range elements {
			part.read(r, made[i*size:(i+1)*size])
		}
		return out, nil
	}, nil
}

// asIs copies.
func asIs(filter string) decoder {
	return func(dst, src []byte, limit int) ([]byte, error) {
		if len(src) > limit {
			_, _, err := room(filter, nil, 1, 0)
			return dst, err
		}
		return append(dst, src...), nil
	}
}

// nbitPart is a type, or a part of one.
type nbitPart struct {
	class             uint32
	size              int // bytes
	bits              int // that are stored
	offset            int // of a member, in bytes
	big               bool
	precision, lowest int // of numbers
	parts             []nbitPart
	times             int // of arrays
}

// The classes of parts.
const (
	nbitNumber   = 1
	nbitArray    = 2
	nbitCompound = 3
	nbitBytes    = 4
)

type nbitParser struct {
	values []uint32
	parts  int
}

var errNbit = corrupt("nbit", "its description of elements makes no sense")

func (p *nbitParser) next() (int, error) {
	if len(p.values) == 0 || p.values[0] > 1<<30 {
		return 0, errNbit
	}
	v := int(p.values[0])
	p.values = p.values[1:]
	return v, nil
}

func (p *nbitParser) part(depth int) (part nbitPart, err error) {
	if p.parts++; p.parts > 1<<16 || depth > 64 {
		return part, errNbit
	}
	take := func() int {
		v, e := p.next()
		err = errors.Join(err, e)
		return v
	}
	part.class, part.size = uint32(take()), take()
	if err != nil || part.size == 0 {
		return part, errNbit
	}
	switch part.class {
	case nbitNumber:
		part.big = take() == 1
		part.precision, part.lowest = take(), take()
		part.bits = part.precision
		if err != nil || part.precision == 0 || part.precision+part.lowest > 8*part.size {
			return part, errNbit
		}
	case nbitArray:
		base, err := p.part(depth + 1)
		if err != nil || part.size%base.size != 0 {
			return part, errNbit
		}
		part.parts, part.times = []nbitPart{base}, part.size/base.size
		part.bits = part.times * base.bits
	case nbitCompound:
		for range take() {
			offset := take()
			if err != nil {
				return part, err
			}
			member, err := p.part(depth + 1)
			if member.offset = offset; err != nil || member.size > part.size-offset {
				return part, errNbit
			}
			part.parts = append(part.parts, member)
			part.bits += member.bits
		}
	case nbitBytes:
		part.bits = 8 * part.size
	default:
		return part, errNbit
	}
	return part, err
}

// read reads an element into dst, which is cleared.
func (p *nbitPart) read(r *bitReader, dst []byte) {
	switch p.class {
	case nbitNumber:
		if p.size <= 8 {
			put(dst, r.bits(p.precision)<<p.lowest, p.big)
			return
		}
		for bit := p.lowest + p.precision - 1; bit >= p.lowest; bit-- {
			at := bit / 8
			if p.big {
				at = p.size - 1 - at
			}
			dst[at] |= byte(r.bits(1) << (bit % 8))
		}
	case nbitArray:
		base := p.parts[0]
		for i := range p.times {
			base.read(r, dst[i*base.size:(i+1)*base.size])
		}
	case nbitCompound:
		for i := range p.parts {
			m := &p.parts[i]
			m.read(r, dst[m.offset:m.offset+m.size])
		}
	case nbitBytes:
		for i := range dst {
			dst[i] = byte(r.bits(8))
		}
	}
}
