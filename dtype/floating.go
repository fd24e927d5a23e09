package dtype

import (
	"encoding/binary"
	"math"
)

// Floating says which numbers elements of the kind [Float] are: ±m·2^e with whole
// m below 2^(Mantissa+1) and e from MinExp−Mantissa on, as far as they are from Min
// to Max. All of them are float64s.
type Floating struct {
	Mantissa int // bits behind the first
	MinExp   int // exponent of the least number that has all of them
	Min, Max float64
	Infinite bool // there are infinities
	NaN      bool // there is something that is not a number
}

// Floating returns what numbers the elements are, of types of the kind Float.
func (t Type) Floating() (f Floating, ok bool) {
	switch {
	case t.kind != Float:
		return f, false
	case t.format != nil:
		f = Floating{Mantissa: t.format.man, MinExp: 1 - t.format.bias, Max: t.format.decode(t.format.largest()), Infinite: t.format.special == ieee}
		_, f.NaN = t.format.nan()
		if f.Min = -f.Max; t.format.special == powersOfTwo {
			f.MinExp = -t.format.bias
			f.Min = math.Ldexp(1, f.MinExp)
		}
		return f, true
	case t.size == 2:
		f = Floating{Mantissa: 10, MinExp: -14, Max: 65504}
	case t.size == 4:
		f = Floating{Mantissa: 23, MinExp: -126, Max: math.MaxFloat32}
	default:
		f = Floating{Mantissa: 52, MinExp: -1022, Max: math.MaxFloat64}
	}
	f.Min, f.Infinite, f.NaN = -f.Max, true, true
	return f, true
}

// PutFloat makes elem, one of the kind Float, the nearest to x that there is, or
// infinity. There may be none, and elem is anything, where the type has no such
// numbers (see [Floating]).
func (t Type) PutFloat(elem []byte, x float64) {
	var bits uint64
	switch {
	case t.format != nil:
		bits, _ = t.format.encode(x)
	case math.IsNaN(x): // the quiet NaN that NumPy and the Zarr specification mean by "NaN"
		bits = [...]uint64{2: 0x7e00, 4: 0x7fc00000, 8: 0x7ff8000000000000}[t.size]
	case t.size == 2:
		bits = uint64(HalfOf(x))
	case t.size == 4:
		bits = uint64(math.Float32bits(float32(x)))
	default:
		bits = math.Float64bits(x)
	}
	switch t.size {
	case 1:
		elem[0] = byte(bits)
	case 2:
		binary.NativeEndian.PutUint16(elem, uint16(bits))
	case 4:
		binary.NativeEndian.PutUint32(elem, uint32(bits))
	default:
		binary.NativeEndian.PutUint64(elem, bits)
	}
}
