package dtype

import (
	"bytes"
	"math"
)

// Value returns the element as the Go type that Element pairs with t. Of other
// types, integers narrower than a byte are an int8 or uint8, floats narrower than
// 16 bits a float32, complex numbers of 16 bits a part a complex64, times an int64,
// texts a string ([]byte if they are not Unicode), bytes a []byte of its own, and
// structs a []any with the values of the fields in order.
func (t Type) Value(elem []byte) any {
	switch t {
	case Bool:
		return elem[0] != 0
	case Int8:
		return int8(elem[0])
	case Int16:
		return int16(getUint(elem[:2]))
	case Int32:
		return int32(getUint(elem[:4]))
	case Int64:
		return int64(getUint(elem[:8]))
	case Uint8:
		return elem[0]
	case Uint16:
		return uint16(getUint(elem[:2]))
	case Uint32:
		return uint32(getUint(elem[:4]))
	case Uint64:
		return getUint(elem[:8])
	case Float16:
		return Half(getUint(elem[:2]))
	case Float32:
		return math.Float32frombits(uint32(getUint(elem[:4])))
	case Float64:
		return math.Float64frombits(getUint(elem[:8]))
	case Complex64:
		return complex(math.Float32frombits(uint32(getUint(elem[:4]))), math.Float32frombits(uint32(getUint(elem[4:8]))))
	case Complex128:
		return complex(math.Float64frombits(getUint(elem[:8])), math.Float64frombits(getUint(elem[8:16])))
	}
	return t.extendedValue(elem)
}

func (t Type) extendedValue(elem []byte) any {
	switch t.kind {
	case Int:
		return int8(t.int(elem))
	case Uint:
		return uint8(t.uint(elem))
	case Float:
		if t == Bfloat16 {
			return Brain(getUint(elem[:2]))
		}
		return float32(t.float(elem))
	case Complex:
		half := t.size / 2
		return complex(float32(t.part().float(elem)), float32(t.part().float(elem[half:])))
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
