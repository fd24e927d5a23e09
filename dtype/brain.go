package dtype

import "math"

// Brain is a bfloat16 number (the upper half of an IEEE 754 binary32 number),
// held as its bits.
type Brain uint16

// Float32 returns the number; the conversion is exact.
func (b Brain) Float32() float32 { return math.Float32frombits(uint32(b) << 16) }

// BrainOf rounds f to the nearest Brain, ties to even; what is too large becomes
// infinity, and every NaN the usual one.
func BrainOf(f float64) Brain {
	bits, _ := bfloat16.encode(f)
	return Brain(bits)
}
