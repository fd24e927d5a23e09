package codec

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/dosna/dosna/dtype"
)

// exact is a real number as it is: of integers sign and magnitude, of which 0 has
// but one, or a float64.
type exact struct {
	float bool
	neg   bool
	mag   uint64
	x     float64
}

func (e exact) String() string {
	switch {
	case e.float:
		return fmt.Sprint(e.x)
	case e.neg:
		return fmt.Sprintf("-%d", e.mag)
	}
	return fmt.Sprint(e.mag)
}

// special reports whether e is an infinity or not a number.
func (e exact) special() bool { return e.float && (math.IsInf(e.x, 0) || math.IsNaN(e.x)) }

// exactType knows the elements of a type of real numbers: all of the kinds Int,
// Uint and Float.
type exactType struct {
	t      dtype.Type
	bits   int // of integers; 0 of floats
	signed bool
	dtype.Floating
	number func(elem []byte) float64 // of floats
}

func (s Spec) exactType(t dtype.Type) (exactType, error) {
	e := exactType{t: t}
	switch t.Kind() {
	case dtype.Int, dtype.Uint:
		e.bits, e.signed = t.Bits(), t.Kind() == dtype.Int
	case dtype.Float:
		e.Floating, _ = t.Floating()
		e.number = t.Number()
	default:
		return e, s.errorf("it works on integers and floats: elements of %s are neither", t)
	}
	return e, nil
}

func (e *exactType) get(elem []byte) exact {
	if e.bits == 0 {
		return exact{float: true, x: e.number(elem)}
	}
	var u uint64
	switch len(elem) {
	case 1:
		u = uint64(elem[0])
	case 2:
		u = uint64(dtype.Slice[uint16](elem)[0])
	case 4:
		u = uint64(dtype.Slice[uint32](elem)[0])
	default:
		u = dtype.Slice[uint64](elem)[0]
	}
	if unused := 64 - 8*len(elem); e.signed && int64(u<<unused) < 0 {
		return exact{neg: true, mag: -uint64(int64(u<<unused) >> unused)}
	}
	return exact{mag: u}
}

// put makes elem a number that the type has.
func (e *exactType) put(elem []byte, n exact) {
	if e.bits == 0 {
		e.t.PutFloat(elem, n.x)
		return
	}
	u := n.mag
	if n.neg {
		u = -u
	}
	switch len(elem) {
	case 1:
		elem[0] = byte(u)
	case 2:
		dtype.Slice[uint16](elem)[0] = uint16(u)
	case 4:
		dtype.Slice[uint32](elem)[0] = uint32(u)
	default:
		dtype.Slice[uint64](elem)[0] = u
	}
}

// holds reports whether a number, one of a float's format or an integer as the type
// is, lies within the type.
func (e *exactType) holds(n exact) bool {
	switch {
	case e.bits == 0:
		return n.x >= e.Min && n.x <= e.Max
	case n.neg:
		return e.signed && n.mag <= 1<<(e.bits-1)
	}
	return n.mag <= e.limit(false).mag
}

// limit returns the least or the largest number of the type, infinity if it has it.
func (e *exactType) limit(least bool) exact {
	switch {
	case e.bits == 0 && e.Infinite && least:
		return exact{float: true, x: math.Inf(-1)}
	case e.bits == 0 && e.Infinite:
		return exact{float: true, x: math.Inf(1)}
	case e.bits == 0 && least:
		return exact{float: true, x: e.Min}
	case e.bits == 0:
		return exact{float: true, x: e.Max}
	case e.signed && least:
		return exact{neg: true, mag: 1 << (e.bits - 1)}
	case e.signed:
		return exact{mag: 1<<(e.bits-1) - 1}
	case least:
		return exact{}
	}
	return exact{mag: math.MaxUint64 >> (64 - e.bits)}
}

// wrapped returns the number of the type of integers that is congruent to n.
func (e *exactType) wrapped(n exact) exact {
	u := n.mag
	if n.neg {
		u = -u
	}
	unused := 64 - e.bits
	if e.signed && int64(u<<unused) < 0 {
		return exact{neg: true, mag: -uint64(int64(u<<unused) >> unused)}
	}
	return exact{mag: u << unused >> unused}
}

// rounding makes a float64 whole.
type rounding func(x float64) float64

// roundings are those of the codec "cast_value".
var roundings = map[string]rounding{
	"nearest-even":     math.RoundToEven,
	"towards-zero":     math.Trunc,
	"towards-positive": math.Ceil,
	"towards-negative": math.Floor,
	"nearest-away":     math.Round,
}

// rounded returns x as the format of the floats has it, if its exponents had no end.
func (e *exactType) rounded(x float64, round rounding) float64 {
	if e.Mantissa == 52 || x == 0 || math.IsInf(x, 0) || math.IsNaN(x) {
		return x
	}
	_, exp := math.Frexp(x)
	shift := e.Mantissa - max(exp-1, e.MinExp)
	return math.Ldexp(round(math.Ldexp(x, shift)), -shift)
}

// roundedInt is rounded for integers.
func (e *exactType) roundedInt(n exact, round rounding) float64 {
	sign := 1.0
	if n.neg {
		sign = -1
	}
	shift := bits.Len64(n.mag) - (e.Mantissa + 1)
	if shift <= 0 {
		return sign * float64(n.mag)
	}
	kept, rest, half := n.mag>>shift, n.mag&(1<<shift-1), uint64(1)<<(shift-1)
	last := float64(kept & 1) // and what is to be rounded behind it, as roundings tell such apart
	switch {
	case rest > half:
		last += 0.75
	case rest == half:
		last += 0.5
	case rest > 0:
		last += 0.25
	}
	kept = kept&^1 + uint64(math.Abs(round(sign*last)))
	return sign * math.Ldexp(float64(kept), shift)
}
