package convert

import (
	"encoding/binary"
	"math"

	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
)

// scale turns stored numbers x into slope·x + inter, in double precision.
type scale struct {
	to           dtype.Type // Float64 or Complex128
	slope, inter float64
	part         int // bytes of the stored number, or of each part of a complex one
	load         func(b []byte) float64
}

func newScale(from dtype.Type, slope, inter float64) *scale {
	s := &scale{to: dtype.Float64, slope: slope, inter: inter, part: from.Size(), load: loader(from)}
	if from.Kind() == dtype.Complex {
		s.to, s.part = dtype.Complex128, from.Size()/2
	}
	return s
}

// loader returns the function that reads a number, or a part of a complex one.
func loader(t dtype.Type) func(b []byte) float64 {
	e := binary.NativeEndian
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
	case dtype.Float32, dtype.Complex64:
		return func(b []byte) float64 { return float64(math.Float32frombits(e.Uint32(b))) }
	case dtype.Float64, dtype.Complex128:
		return func(b []byte) float64 { return math.Float64frombits(e.Uint64(b)) }
	}
	return func(b []byte) float64 { return float64(b[0]) }
}

// apply scales the elements of raw into dst, of the same shape.
func (s *scale) apply(dst, raw nd.View) {
	switch len(dst.Shape) {
	case 0:
		s.apply(dst.Insert(0), raw.Insert(0))
	case 1:
		for i := range dst.Shape[0] {
			s.put(dst.Data[dst.Off+i*dst.Strides[0]:], raw.Data[raw.Off+i*raw.Strides[0]:])
		}
	default:
		for i := range dst.Shape[0] {
			s.apply(dst.Index(0, i), raw.Index(0, i))
		}
	}
}

func (s *scale) put(dst, raw []byte) {
	binary.NativeEndian.PutUint64(dst, math.Float64bits(s.slope*s.load(raw)+s.inter))
	if s.to == dtype.Complex128 {
		binary.NativeEndian.PutUint64(dst[8:], math.Float64bits(s.slope*s.load(raw[s.part:])))
	}
}
