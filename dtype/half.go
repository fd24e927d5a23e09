package dtype

import "math"

// Half is an IEEE 754 binary16 number, held as its bits.
type Half uint16

// Float32 returns the number; the conversion is exact.
func (h Half) Float32() float32 {
	sign := uint32(h&0x8000) << 16
	exp, frac := uint32(h>>10)&0x1f, uint32(h)&0x3ff
	switch exp {
	case 0: // zero and subnormal: frac · 2⁻²⁴
		f := float32(frac) * (1.0 / (1 << 24))
		return math.Float32frombits(sign | math.Float32bits(f))
	case 0x1f: // infinity and NaN keep their payload
		return math.Float32frombits(sign | 0xff<<23 | frac<<13)
	}
	return math.Float32frombits(sign | (exp+127-15)<<23 | frac<<13)
}

// HalfOf rounds f to the nearest Half, ties to even, as NumPy does; what is too
// large becomes infinity.
func HalfOf(f float64) Half {
	b := math.Float64bits(f)
	sign := Half(b>>48) & 0x8000
	exp := int(b>>52)&0x7ff - 1023
	frac := b & (1<<52 - 1)
	switch {
	case exp == 1024:
		if frac == 0 {
			return sign | 0x7c00
		}
		h := sign | 0x7c00 | Half(frac>>42)
		if h&0x3ff == 0 { // the payload is all in the bits that are lost
			h |= 1
		}
		return h
	case exp > 15:
		return sign | 0x7c00
	case exp < -25:
		return sign
	}
	frac |= 1 << 52
	drop := 42 // bits of frac that a normal Half has no room for
	base := Half(0)
	if exp >= -14 {
		base = Half(exp+14) << 10 // plus the implicit bit, which carries into the exponent
	} else {
		drop += -14 - exp
	}
	kept, rest, tie := frac>>drop, frac&(1<<drop-1), uint64(1)<<(drop-1)
	if rest > tie || rest == tie && kept&1 == 1 {
		kept++
	}
	return sign | (base + Half(kept))
}
