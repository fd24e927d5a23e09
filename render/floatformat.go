package render

import (
	"math"
	"strings"

	"github.com/dosna/dosna/dtype"
)

// floatFormat formats the floats of one array alike: all with exponents or none,
// the decimal points below each other.
type floatFormat struct {
	plus        bool // positive numbers have a sign
	exponential bool
	precision   int
	left, right int // characters before and after the decimal point
	exponent    int // digits of an exponent
}

func (o TextOptions) newFloatFormat(numbers []number, plus bool) floatFormat {
	f := floatFormat{plus: plus, precision: o.Precision}
	f.exponential = o.exponential(numbers)
	finite := 0
	special, negative := 0, 0 // characters of nan and inf
	for _, x := range numbers {
		name, ok := x.special()
		if !ok {
			special = max(special, len(strings.TrimPrefix(name, "-")))
			if plus || name == "-inf" {
				negative = 1
			}
			continue
		}
		finite++
		whole, frac, exp := f.digits(x, number.scientific)
		f.left, f.right = max(f.left, len(whole)), max(f.right, len(frac))
		f.exponent = max(f.exponent, len(exp)-1)
	}
	if f.exponential && finite > 0 {
		f.precision = f.right
		f.right += f.exponent + 2
	}
	if special > 0 {
		f.left = max(f.left, 3+negative-(f.right+1))
	}
	return f
}

// exponential reports whether the numbers are so large, so small or so far apart
// that NumPy prints them with exponents.
func (o TextOptions) exponential(numbers []number) bool {
	low, high, bits := math.Inf(1), 0.0, 64
	for _, x := range numbers {
		if a := math.Abs(x.value); a != 0 && !math.IsInf(a, 0) && !math.IsNaN(a) {
			low, high, bits = min(low, a), max(high, a), x.bits
		}
	}
	if high == 0 {
		return false
	}
	// NumPy computes in the numbers' own precision
	small, ratio, large := 1e-4, high/low, 1e8
	switch bits {
	case 16:
		small, large = float64(dtype.HalfOf(small).Float32()), 1e3
		ratio = float64(dtype.HalfOf(float64(float32(high) / float32(low))).Float32())
	case 32:
		small, large = float64(float32(small)), 1e6
		ratio = float64(float32(high) / float32(low))
	}
	return high >= large || !o.Suppress && (low < small || ratio > 1000)
}

// digits returns the parts of a finite number, whole with its sign.
func (f floatFormat) digits(x number, scientific func(number, int) decimal) (whole, frac, exp []byte) {
	if f.exponential {
		whole, frac, exp = scientific(x, f.precision).exponential(max(f.exponent, 2))
	} else {
		whole, frac = x.fixed(f.precision).positional()
	}
	if f.plus && whole[0] != '-' {
		whole = append([]byte{'+'}, whole...)
	}
	return whole, frac, exp
}

func (f floatFormat) format(x number) string {
	if name, ok := x.special(); !ok {
		if f.plus && name[0] != '-' {
			name = "+" + name
		}
		return strings.Repeat(" ", max(f.left+1+f.right-len(name), 0)) + name
	}
	// where one number needs the digits, NumPy shows those of all
	whole, frac, exp := f.digits(x, number.exact)
	var s strings.Builder
	s.WriteString(strings.Repeat(" ", max(f.left-len(whole), 0)))
	s.Write(whole)
	s.WriteByte('.')
	s.Write(frac)
	if f.exponential {
		s.WriteString(strings.Repeat("0", f.precision-len(frac)))
		s.WriteByte('e')
		s.Write(exp)
	} else {
		s.WriteString(strings.Repeat(" ", max(f.right-len(frac), 0)))
	}
	return s.String()
}
