package render

import (
	"fmt"
	"math"
	"strings"

	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
)

// scalarText formats an array without axes.
func scalarText(v nd.View, t dtype.Type) string {
	elem := v.Data[v.Off : v.Off+v.Item]
	re, im := floats(elem, t)
	switch {
	case t.Kind() == dtype.Boolean:
		return boolText(elem)
	case t.Kind() == dtype.Float:
		return re.scalar(false)
	case t.Kind() == dtype.FixedText:
		if s, ok := t.Value(elem).(string); ok {
			return s
		}
		return t.Format(elem)
	case t.Kind() == dtype.FixedBytes || t.Kind() == dtype.Raw:
		return wordText(elem, t)
	case t.Kind() == dtype.Struct:
		return structText(elem, t)
	case t.Kind() != dtype.Complex:
		return t.Format(elem)
	case re.value == 0 && !math.Signbit(re.value):
		return im.scalar(true) + "j"
	}
	imag := im.scalar(true)
	if imag[0] != '-' {
		imag = "+" + imag
	}
	return "(" + re.scalar(true) + imag + "j)"
}

func boolText(elem []byte) string {
	if elem[0] != 0 {
		return "True"
	}
	return "False"
}

// floats returns the real and imaginary part of an element.
func floats(elem []byte, t dtype.Type) (re, im number) {
	switch x := t.Value(elem).(type) {
	case dtype.Half:
		return number{float64(x.Float32()), 16}, number{}
	case dtype.Brain:
		return number{float64(x.Float32()), 32}, number{}
	case float32:
		return number{float64(x), 32}, number{}
	case float64:
		return number{x, 64}, number{}
	case complex64:
		return number{float64(real(x)), 32}, number{float64(imag(x)), 32}
	case complex128:
		return number{real(x), 64}, number{imag(x), 64}
	}
	return number{}, number{}
}

// formatter returns the function that formats any element of v in a way that
// suits all of them.
func (o TextOptions) formatter(v nd.View, t dtype.Type) func(elem []byte) string {
	switch t.Kind() {
	case dtype.Boolean:
		return func(elem []byte) string { return fmt.Sprintf("%5s", boolText(elem)) }
	case dtype.FixedText, dtype.FixedBytes, dtype.Raw:
		return func(elem []byte) string { return wordText(elem, t) }
	case dtype.Struct:
		return o.structFormat(v, t)
	case dtype.Float, dtype.Complex:
		var re, im []number
		each(v, func(elem []byte) {
			r, i := floats(elem, t)
			re, im = append(re, r), append(im, i)
		})
		real := o.newFloatFormat(re, false)
		if t.Kind() == dtype.Float {
			return func(elem []byte) string {
				x, _ := floats(elem, t)
				return real.format(x)
			}
		}
		imag := o.newFloatFormat(im, true)
		return func(elem []byte) string {
			r, i := floats(elem, t)
			text := imag.format(i)
			number := strings.TrimRight(text, " ")
			return real.format(r) + number + "j" + text[len(number):]
		}
	}
	word := t.Format
	if t.Kind() == dtype.Datetime || t.Kind() == dtype.Timedelta {
		word = func(elem []byte) string { return timeText(elem, t) }
	}
	width := 0
	each(v, func(elem []byte) { width = max(width, len(word(elem))) })
	return func(elem []byte) string { return fmt.Sprintf("%*s", width, word(elem)) }
}

// each calls do for every element of v in C order.
func each(v nd.View, do func(elem []byte)) {
	if len(v.Shape) == 0 {
		do(v.Data[v.Off : v.Off+v.Item])
		return
	}
	for i := range v.Shape[0] {
		if len(v.Shape) > 1 {
			each(v.Index(0, i), do)
			continue
		}
		off := v.Off + i*v.Strides[0]
		do(v.Data[off : off+v.Item])
	}
}
