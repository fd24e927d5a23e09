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
	s := &scale{to: dtype.Float64, slope: slope, inter: inter, part: from.Size(), load: from.Number()}
	if from.Kind() == dtype.Complex {
		s.to, s.part = dtype.Complex128, from.Size()/2
	}
	return s
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
