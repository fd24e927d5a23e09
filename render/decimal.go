package render

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/dosna/dosna/dtype"
)

// decimal is a finite number in decimal digits: 0.d₁d₂d₃… · 10^point, without
// trailing zeros. Zero has no digits and point 1.
type decimal struct {
	neg    bool
	digits []byte
	point  int
}

// number is a floating-point number of 16, 32 or 64 bits.
type number struct {
	value float64
	bits  int
}

// shortest returns the fewest digits that tell x from every other number of its
// width.
func (x number) shortest() decimal {
	if x.bits != 16 {
		return parse(strconv.AppendFloat(nil, x.value, 'e', -1, x.bits))
	}
	for precision := range 4 {
		near := strconv.AppendFloat(nil, x.value, 'e', precision, 64)
		if x.is(near) {
			return parse(near)
		}
		// halfway to the next power of two the room above a number is wider
		// than that below it, and holds a number of fewer digits
		if wide := nudge(near, x.value, precision); x.is(wide) {
			return parse(wide)
		}
	}
	return parse(strconv.AppendFloat(nil, x.value, 'e', 4, 64))
}

// is reports whether a decimal text rounds to the half float x.
func (x number) is(text []byte) bool {
	f, err := strconv.ParseFloat(string(text), 64)
	return err == nil && dtype.HalfOf(f) == dtype.HalfOf(x.value)
}

// nudge changes the last of a number's digits so that it comes to lie on the
// other side of x.
func nudge(text []byte, x float64, precision int) []byte {
	f, _ := strconv.ParseFloat(string(text), 64)
	mantissa, exp, _ := strings.Cut(string(text), "e")
	m, _ := strconv.Atoi(strings.Replace(mantissa, ".", "", 1))
	e, _ := strconv.Atoi(exp)
	if f < x {
		m++
	} else {
		m--
	}
	return fmt.Appendf(nil, "%de%d", m, e-precision)
}

// fixed returns the shortest digits if at most precision of them stand after
// the decimal point, and otherwise x rounded to that many.
func (x number) fixed(precision int) decimal {
	d := x.shortest()
	if len(d.digits)-d.point <= precision {
		return d
	}
	return parse(strconv.AppendFloat(nil, x.value, 'f', precision, 64))
}

// scientific is like fixed for precision digits after the first one.
func (x number) scientific(precision int) decimal {
	d := x.shortest()
	if len(d.digits)-1 <= precision {
		return d
	}
	return x.exact(precision)
}

// exact returns x rounded to precision digits after the first one, or the
// shortest digits if they are as many.
func (x number) exact(precision int) decimal {
	if d := x.shortest(); len(d.digits)-1 == precision {
		return d
	}
	return parse(strconv.AppendFloat(nil, x.value, 'e', precision, 64))
}

// parse reads what strconv formats as 'e' or 'f'.
func parse(text []byte) decimal {
	var d decimal
	text, d.neg = bytes.CutPrefix(text, []byte("-"))
	mantissa, exp, _ := bytes.Cut(text, []byte("e"))
	whole, frac, _ := bytes.Cut(mantissa, []byte("."))
	d.point = len(whole)
	if len(exp) > 0 {
		e, _ := strconv.Atoi(string(exp))
		d.point += e
	}
	d.digits = append(append(d.digits, whole...), frac...)
	lead := len(d.digits) - len(bytes.TrimLeft(d.digits, "0"))
	d.digits, d.point = bytes.TrimRight(d.digits[lead:], "0"), d.point-lead
	if len(d.digits) == 0 {
		d.point = 1
	}
	return d
}

// positional returns the digits before and after the decimal point, the former
// with a minus sign.
func (d decimal) positional() (whole, frac []byte) {
	if d.neg {
		whole = append(whole, '-')
	}
	if d.point <= 0 {
		whole = append(whole, '0')
		frac = append(bytes.Repeat([]byte("0"), -d.point), d.digits...)
		return whole, frac
	}
	n := min(d.point, len(d.digits))
	whole = append(whole, d.digits[:n]...)
	for range d.point - n {
		whole = append(whole, '0')
	}
	return whole, d.digits[n:]
}

// exponential returns the digits as positional does, and the exponent with its
// sign and at least width digits.
func (d decimal) exponential(width int) (whole, frac, exp []byte) {
	e := d.point - 1
	d.point = 1
	whole, frac = d.positional()
	exp = append(exp, '+')
	if e < 0 {
		exp[0], e = '-', -e
	}
	digits := strconv.Itoa(e)
	for range width - len(digits) {
		exp = append(exp, '0')
	}
	return whole, frac, append(exp, digits...)
}

// scalar formats x as NumPy prints a number outside an array; trimmed leaves out
// a fraction of zero.
func (x number) scalar(trimmed bool) string {
	if text, finite := x.special(); !finite {
		return text
	}
	d, abs := x.shortest(), math.Abs(x.value)
	if abs != 0 && (abs < 1e-4 || abs >= x.largestPositional()) {
		whole, frac, exp := d.exponential(2)
		if len(frac) > 0 {
			whole = append(append(whole, '.'), frac...)
		}
		return string(append(append(whole, 'e'), exp...))
	}
	whole, frac := d.positional()
	switch {
	case len(frac) > 0:
		whole = append(append(whole, '.'), frac...)
	case !trimmed:
		whole = append(whole, '.', '0')
	}
	return string(whole)
}

// special returns the name of a number that is not finite.
func (x number) special() (text string, finite bool) {
	switch {
	case math.IsNaN(x.value):
		return "nan", false
	case math.IsInf(x.value, 1):
		return "inf", false
	case math.IsInf(x.value, -1):
		return "-inf", false
	}
	return "", true
}

// largestPositional is where NumPy begins to print single numbers with exponents.
func (x number) largestPositional() float64 {
	switch x.bits {
	case 16:
		return 1e3
	case 32:
		return 1e6
	}
	return 1e16
}
