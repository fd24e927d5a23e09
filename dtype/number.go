package dtype

import (
	"encoding/binary"
	"math"
)

// Number returns the function that reads an element, in the machine's byte order,
// as a float64: true is 1, and of a complex number it reads the real part. What
// 64-bit integers hold beyond 2⁵³ is rounded. Times are their counts, and NaT is
// NaN, as is everything that is no number.
func (t Type) Number() func(elem []byte) float64 {
	e := binary.NativeEndian
	switch t {
	case Int8:
		return func(b []byte) float64 { return float64(int8(b[0])) }
	case Int16:
		return func(b []byte) float64 { return float64(int16(e.Uint16(b))) }
	case Int32:
		return func(b []byte) float64 { return float64(int32(e.Uint32(b))) }
	case Int64:
		return func(b []byte) float64 { return float64(int64(e.Uint64(b))) }
	case Uint16:
		return func(b []byte) float64 { return float64(e.Uint16(b)) }
	case Uint32:
		return func(b []byte) float64 { return float64(e.Uint32(b)) }
	case Uint64:
		return func(b []byte) float64 { return float64(e.Uint64(b)) }
	case Float16:
		return func(b []byte) float64 { return float64(Half(e.Uint16(b)).Float32()) }
	case Float32, Complex64:
		return func(b []byte) float64 { return float64(math.Float32frombits(e.Uint32(b))) }
	case Float64, Complex128:
		return func(b []byte) float64 { return math.Float64frombits(e.Uint64(b)) }
	case Bool, Uint8:
		return func(b []byte) float64 { return float64(b[0]) }
	case Bfloat16:
		return func(b []byte) float64 { return float64(Brain(e.Uint16(b)).Float32()) }
	}
	switch t.kind {
	case Int:
		return func(b []byte) float64 { return float64(t.int(b)) }
	case Uint:
		return func(b []byte) float64 { return float64(t.uint(b)) }
	case Float:
		return t.float
	case Complex:
		return t.part().float
	case Datetime, Timedelta:
		return func(b []byte) float64 {
			if n := t.int(b); n != notATime {
				return float64(n)
			}
			return math.NaN()
		}
	}
	return func([]byte) float64 { return math.NaN() }
}
