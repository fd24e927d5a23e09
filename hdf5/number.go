package hdf5

import (
	"math"
	"math/big"

	"github.com/dosna/dosna/dtype"
)

// number is how a number in the file becomes one in memory.
type number struct {
	t      *Datatype
	out    dtype.Type
	direct bool // nothing but the order of the bytes may differ
}

// numberOf maps a number's type to the same type, or to the next larger that there is. False: there is none.
func numberOf(t *Datatype) (number, bool) {
	n := number{t: t}
	switch t.Class {
	case ClassInteger, ClassBits, ClassTime:
		low := t.Offset
		precision := t.Precision
		n.direct = low == 0 && precision == 8*t.Size && t.Size&(t.Size-1) == 0 && t.Size <= 8
		if t.Size > 8 && precision > 64 || t.Order == VAX {
			return n, false
		}
		types := []dtype.Type{dtype.Uint8, dtype.Uint16, dtype.Uint32, dtype.Uint64}
		if t.Signed {
			types = []dtype.Type{dtype.Int8, dtype.Int16, dtype.Int32, dtype.Int64}
		}
		for _, n.out = range types {
			if n.out.Size() >= t.Size {
				break
			}
		}
		return n, true
	case ClassFloat:
		n.out, n.direct = floatOf(t)
		return n, t.Float.MantSize <= 128
	}
	return n, false
}

// floats are the formats that are there as they are.
var floats = []struct {
	size, exp, man, bias int
	out                  string
}{
	{8, 11, 52, 1023, "float64"}, {4, 8, 23, 127, "float32"}, {2, 5, 10, 15, "float16"}, {2, 8, 7, 127, "bfloat16"},
	{1, 4, 3, 7, "float8_e4m3"}, {1, 5, 2, 15, "float8_e5m2"},
}

// floatOf maps a float. What is like none becomes a float of 32 bits if that has room, or else one of 64, which rounds what has more
// bits.
func floatOf(t *Datatype) (dtype.Type, bool) {
	f := t.Float
	for _, have := range floats {
		if t.Size == have.size && t.Order != VAX && t.Offset == 0 && t.Precision == 8*t.Size && f.Norm == Implied &&
			f.MantPos == 0 && f.MantSize == have.man && f.ExpPos == have.man && f.ExpSize == have.exp && f.Bias == have.bias && f.Sign == 8*t.Size-1 {
			out, _, err := dtype.ParseType(have.out)
			return out, err == nil
		}
	}
	if f.MantSize <= 23 && f.ExpSize <= 8 && f.Bias <= 127 {
		return dtype.Float32, false
	}
	return dtype.Float64, false
}

// little returns a number's bytes, the least significant first.
func (t *Datatype) little(src []byte) []byte {
	out := make([]byte, t.Size)
	for i := range out {
		switch t.Order {
		case Little:
			out[i] = src[i]
		case Big:
			out[i] = src[t.Size-1-i]
		case VAX: // words of two bytes, the most significant word first
			out[i] = src[(t.Size-2-i&^1+i&1)%t.Size]
		}
	}
	return out
}

// whole returns an integer's bits, sign and all; only what fits 64 bits.
func (t *Datatype) whole(src []byte) uint64 {
	var v uint64
	if t.Size <= 8 {
		for i := range t.Size {
			b := src[i]
			if t.Order != Little {
				b = src[t.Size-1-i]
			}
			v |= uint64(b) << (8 * i)
		}
		v = v >> t.Offset & (math.MaxUint64 >> (64 - t.Precision))
	} else {
		v = bitsOf(t.little(src), t.Offset, t.Precision).Uint64()
	}
	if t.Signed && t.Precision < 64 && v>>(t.Precision-1)&1 != 0 {
		v |= ^uint64(0) << t.Precision
	}
	return v
}

// bitsOf returns n bits from a bit on, of little-endian bytes.
func bitsOf(data []byte, low, n int) *big.Int {
	turned := make([]byte, len(data))
	for i, b := range data {
		turned[len(data)-1-i] = b
	}
	v := new(big.Int).SetBytes(turned)
	v.Rsh(v, uint(low))
	mask := new(big.Int).Lsh(big.NewInt(1), uint(n))
	return v.And(v, mask.Sub(mask, big.NewInt(1)))
}

// real returns a float's value, rounded to 64 bits.
func (t *Datatype) real(src []byte) float64 {
	data, f := t.little(src), t.Float
	switch out, direct := floatOf(t); {
	case direct && out == dtype.Float64:
		return math.Float64frombits(le.Uint64(data))
	case direct && out == dtype.Float32:
		return float64(math.Float32frombits(le.Uint32(data)))
	}
	man, exp := bitsOf(data, f.MantPos, f.MantSize), int(bitsOf(data, f.ExpPos, f.ExpSize).Uint64())
	negative := bitsOf(data, f.Sign, 1).Sign() != 0
	sign := func(v float64) float64 {
		if negative {
			return -v
		}
		return v
	}
	point := f.MantSize // bits behind the point
	fraction := new(big.Int).Set(man)
	if f.Norm != Implied && f.MantSize > 0 { // the leading one is stored
		point--
		fraction.SetBit(fraction, f.MantSize-1, 0)
	}
	if exp == 1<<f.ExpSize-1 && t.Order != VAX {
		if fraction.Sign() != 0 {
			return math.NaN()
		}
		return sign(math.Inf(1))
	}
	if exp == 0 {
		if t.Order == VAX {
			return 0
		}
		exp = 1
	} else if f.Norm == Implied {
		man.SetBit(man, f.MantSize, 1)
	}
	if man.Sign() == 0 {
		return sign(0)
	}
	x := new(big.Float).SetPrec(uint(f.MantSize + 1)).SetInt(man)
	x.SetMantExp(x, exp-f.Bias-point)
	v, _ := x.Float64()
	return sign(v)
}

// into writes the number to dst, little-endian, in its type in memory.
func (n *number) into(dst, src []byte) {
	switch {
	case n.direct && n.t.Order == Little:
		copy(dst, src[:n.t.Size])
	case n.direct:
		for i := range n.t.Size {
			dst[i] = src[n.t.Size-1-i]
		}
	case n.out == dtype.Float32:
		le.PutUint32(dst, math.Float32bits(float32(n.t.real(src))))
	case n.out == dtype.Float64:
		le.PutUint64(dst, math.Float64bits(n.t.real(src)))
	default:
		v := n.t.whole(src)
		for i := range n.out.Size() {
			dst[i] = byte(v >> (8 * i))
		}
	}
}
