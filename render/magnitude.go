package render

import (
	"encoding/binary"
	"math"

	"github.com/dosna/dosna/dtype"
)

// magnitude returns the function that turns an element into the number that is
// drawn: true is 1, a complex number its absolute value.
func magnitude(t dtype.Type) func(b []byte) float64 {
	e := binary.NativeEndian
	f32 := func(b []byte) float64 { return float64(math.Float32frombits(e.Uint32(b))) }
	f64 := func(b []byte) float64 { return math.Float64frombits(e.Uint64(b)) }
	switch t {
	case dtype.Int8:
		return func(b []byte) float64 { return float64(int8(b[0])) }
	case dtype.Int16:
		return func(b []byte) float64 { return float64(int16(e.Uint16(b))) }
	case dtype.Int32:
		return func(b []byte) float64 { return float64(int32(e.Uint32(b))) }
	case dtype.Int64:
		return func(b []byte) float64 { return float64(int64(e.Uint64(b))) }
	case dtype.Uint16:
		return func(b []byte) float64 { return float64(e.Uint16(b)) }
	case dtype.Uint32:
		return func(b []byte) float64 { return float64(e.Uint32(b)) }
	case dtype.Uint64:
		return func(b []byte) float64 { return float64(e.Uint64(b)) }
	case dtype.Float16:
		return func(b []byte) float64 { return float64(dtype.Half(e.Uint16(b)).Float32()) }
	case dtype.Float32:
		return f32
	case dtype.Float64:
		return f64
	case dtype.Complex64:
		return func(b []byte) float64 { return math.Hypot(f32(b), f32(b[4:])) }
	case dtype.Complex128:
		return func(b []byte) float64 { return math.Hypot(f64(b), f64(b[8:])) }
	}
	return func(b []byte) float64 { return float64(b[0]) }
}
