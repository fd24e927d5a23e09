package convert

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/dosna/dosna/dtype"
)

// Levels map numbers to the whole range of 8 or 16 bits: Low and what is below
// to 0, High and what is above to the largest, and what is between evenly,
// rounded to the nearest, halves to even. NaN becomes 0.
type Levels struct {
	Bits      int // 8 or 16
	Low, High float64
}

// typ returns the type of the levels.
func (l *Levels) typ() (dtype.Type, error) {
	switch {
	case l.Bits != 8 && l.Bits != 16:
		return dtype.Type{}, fmt.Errorf("levels of %d bits: 8 or 16 are possible", l.Bits)
	case !(l.Low <= l.High) || math.IsInf(l.High-l.Low, 0):
		return dtype.Type{}, fmt.Errorf("levels from %v to %v: want two finite numbers, the lower one first", l.Low, l.High)
	case l.Bits == 8:
		return dtype.Uint8, nil
	}
	return dtype.Uint16, nil
}

// apply maps elements of a real type.
func (l *Levels) apply(dst, src []byte, t dtype.Type) {
	load, size := t.Number(), t.Size()
	most := float64(uint(1)<<l.Bits - 1)
	for i := range len(src) / size {
		x := load(src[i*size : (i+1)*size])
		level := 0.0
		switch {
		case x >= l.High && x > l.Low:
			level = most
		case x > l.Low:
			level = math.RoundToEven((x - l.Low) / (l.High - l.Low) * most)
		}
		if l.Bits == 8 {
			dst[i] = uint8(level)
		} else {
			binary.NativeEndian.PutUint16(dst[2*i:], uint16(level))
		}
	}
}
