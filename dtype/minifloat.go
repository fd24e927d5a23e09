package dtype

import "math"

// floatFormat is a binary floating-point format of at most 16 bits: a sign bit
// (none for powersOfTwo), exponent and mantissa, with subnormal numbers where
// the exponent's field is 0.
type floatFormat struct {
	exp, man, bias int
	special        special
}

// special says which bits are not numbers.
type special uint8

const (
	ieee           special = iota // exponent all ones: infinities and NaNs
	lastIsNaN                     // exponent and mantissa all ones: NaN
	minusZeroIsNaN                // the bits of -0: NaN
	finite                        // none
	powersOfTwo                   // all ones: NaN; neither sign nor zero nor subnormal numbers
)

var bfloat16 = &floatFormat{exp: 8, man: 7, bias: 127}

// width returns the bits of a number.
func (f *floatFormat) width() int {
	if f.special == powersOfTwo {
		return f.exp
	}
	return 1 + f.exp + f.man
}

func (f *floatFormat) signBit() uint64 {
	if f.special == powersOfTwo {
		return 0
	}
	return 1 << (f.exp + f.man)
}

func (f *floatFormat) ones() uint64 { return 1<<(f.exp+f.man) - 1 }

// nan returns the bits of the usual NaN, if there is any.
func (f *floatFormat) nan() (uint64, bool) {
	switch f.special {
	case finite:
		return 0, false
	case minusZeroIsNaN:
		return f.signBit(), true
	case ieee:
		return f.infinity() | 1<<(f.man-1), true
	}
	return f.ones(), true
}

func (f *floatFormat) infinity() uint64 { return (1<<f.exp - 1) << f.man }

// largest returns the bits of the largest number.
func (f *floatFormat) largest() uint64 {
	switch f.special {
	case ieee:
		return f.infinity() - 1
	case lastIsNaN, powersOfTwo:
		return f.ones() - 1
	}
	return f.ones()
}

// decode returns what the lower bits are in the format. The conversion is exact.
func (f *floatFormat) decode(bits uint64) float64 {
	bits &= 1<<f.width() - 1
	if f.special == powersOfTwo {
		if bits == f.ones() {
			return math.NaN()
		}
		return math.Ldexp(1, int(bits)-f.bias)
	}
	sign, abs := 1.0, bits&f.ones()
	if bits&f.signBit() != 0 {
		sign = -1
	}
	switch {
	case f.special == minusZeroIsNaN && bits == f.signBit():
		return math.NaN()
	case f.special == ieee && abs == f.infinity():
		return math.Inf(int(sign))
	case abs > f.largest():
		return math.Copysign(math.NaN(), sign)
	}
	exp, man := int(abs>>f.man), abs&(1<<f.man-1)
	if exp == 0 {
		return sign * math.Ldexp(float64(man), 1-f.bias-f.man)
	}
	return sign * math.Ldexp(float64(man|1<<f.man), exp-f.bias-f.man)
}

// encode rounds a number to the nearest in the format, ties to even. It is false
// if there is none: what is too large is infinity where there are infinities.
func (f *floatFormat) encode(x float64) (bits uint64, ok bool) {
	if math.IsNaN(x) {
		return f.nan()
	}
	if f.special == powersOfTwo {
		return f.encodePower(x)
	}
	sign := uint64(0)
	if math.Signbit(x) {
		sign, x = f.signBit(), -x
	}
	if math.IsInf(x, 0) {
		return sign | f.infinity(), f.special == ieee
	}
	_, e := math.Frexp(x)
	if e = max(e-1, 1-f.bias); x == 0 {
		e = 1 - f.bias
	}
	abs := uint64(math.RoundToEven(math.Ldexp(x, f.man-e))) // with the implicit bit, which carries into the exponent
	abs += uint64(e+f.bias-1) << f.man
	switch {
	case abs <= f.largest():
		if abs == 0 && f.special == minusZeroIsNaN {
			sign = 0
		}
		return sign | abs, true
	case f.special == ieee:
		return sign | f.infinity(), true
	}
	return 0, false
}

// encodePower rounds to the nearest power of two, and up between two of them.
func (f *floatFormat) encodePower(x float64) (bits uint64, ok bool) {
	if !(x > 0) || math.IsInf(x, 0) {
		return 0, false
	}
	frac, e := math.Frexp(x) // x = frac·2^e, ½ ≤ frac < 1
	e--
	if frac >= 0.75 {
		e++
	}
	if e < -f.bias || e+f.bias > int(f.largest()) {
		return 0, false
	}
	return uint64(e + f.bias), true
}
