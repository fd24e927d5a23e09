package dtype

import (
	"bytes"
	"math"
)

// Value returns an element as the Go type that Element pairs with t. Of other
// types, integers narrower than a byte are an int8 or uint8, floats narrower than
// 16 bits a float32, complex numbers of 16 bits a part or less a complex64, times
// an int64, texts a string ([]byte if they are not Unicode), bytes a []byte of its
// own, and structs a []any with the values of the fields in order.
//
// Of a type that has a size, elem has as many bytes at least; what follows them is
// not looked at. With fewer bytes Value panics, as do Format, FormatFill and what
// Number returns: how long elements are is for the program to know.
func (t Type) Value(elem []byte) any {
	if t.size > 0 {
		elem = elem[:t.size]
	}
	switch t.kind {
	case Boolean:
		return elem[0] != 0
	case Int:
		switch n := t.int(elem); t.size {
		case 1:
			return int8(n)
		case 2:
			return int16(n)
		case 4:
			return int32(n)
		default:
			return n
		}
	case Uint:
		switch n := t.uint(elem); t.size {
		case 1:
			return uint8(n)
		case 2:
			return uint16(n)
		case 4:
			return uint32(n)
		default:
			return n
		}
	case Float:
		return t.floatValue(elem)
	case Complex:
		return t.complexValue(elem)
	case Datetime, Timedelta:
		return t.int(elem)
	case FixedText, Text:
		if s, ok := t.text(elem); ok {
			return s
		}
		return bytes.Clone(elem)
	case FixedBytes, Raw, ByteString:
		return bytes.Clone(t.content(elem))
	case Struct:
		var values []any
		for f := range t.each() {
			values = append(values, f.typ.Value(elem[f.offset:f.offset+f.typ.size]))
		}
		return values
	}
	return nil
}

func (t Type) floatValue(elem []byte) any {
	switch {
	case t.format == bfloat16:
		return Brain(getUint(elem))
	case t.format != nil:
		return float32(t.float(elem))
	case t.size == 2:
		return Half(getUint(elem))
	case t.size == 4:
		return math.Float32frombits(uint32(getUint(elem)))
	}
	return math.Float64frombits(getUint(elem))
}

func (t Type) complexValue(elem []byte) any {
	re, im := elem[:t.size/2], elem[t.size/2:]
	switch part := t.part(); {
	case part.size == 8:
		return complex(math.Float64frombits(getUint(re)), math.Float64frombits(getUint(im)))
	case part.size == 4:
		return complex(math.Float32frombits(uint32(getUint(re))), math.Float32frombits(uint32(getUint(im))))
	default:
		return complex(float32(part.float(re)), float32(part.float(im)))
	}
}
