package dtype

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Encode returns the bytes of one element with the value of v: a bool, a Go
// number of any type, a Half, or a text as ParseScalar reads it. A value that
// the type cannot hold (out of range, with a fraction for an integer type, with
// an imaginary part for a real one) is an error; floats round to nearest.
func (t Type) Encode(v any) ([]byte, error) {
	if t.kind == Invalid {
		return nil, errors.New("the data type is not valid")
	}
	var text string
	switch v := v.(type) {
	case string:
		return t.ParseScalar(v)
	case Half:
		return t.Encode(float64(v.Float32()))
	case float32:
		return t.encodeFloat(float64(v))
	case float64:
		return t.encodeFloat(v)
	case complex64:
		return t.encodeComplex(complex128(v))
	case complex128:
		return t.encodeComplex(v)
	case bool, int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64:
		text = fmt.Sprint(v)
	default:
		return nil, fmt.Errorf("a Go value of type %T is not an element of %s", v, t)
	}
	return t.ParseScalar(text)
}

func (t Type) encodeFloat(f float64) ([]byte, error) {
	switch t.kind {
	case Float:
		if e := t.floatElement(f); math.IsInf(f, 0) || !math.IsInf(t.float(e), 0) {
			return e, nil
		}
		return nil, fmt.Errorf("%v is out of range for %s", f, t)
	case Complex:
		return t.encodeComplex(complex(f, 0))
	}
	if f != math.Trunc(f) || math.IsInf(f, 0) {
		return nil, fmt.Errorf("%v is not an integer, and the data type is %s", f, t)
	}
	return t.ParseScalar(strconv.FormatFloat(f, 'f', 0, 64))
}

func (t Type) encodeComplex(c complex128) ([]byte, error) {
	if t.kind != Complex {
		if imag(c) != 0 {
			return nil, fmt.Errorf("%v has an imaginary part, and the data type is %s", c, t)
		}
		return t.encodeFloat(real(c))
	}
	part := Type{t.name, Float, t.size / 2}
	re, err := part.encodeFloat(real(c))
	if err != nil {
		return nil, err
	}
	im, err := part.encodeFloat(imag(c))
	return append(re, im...), err
}

// ParseScalar reads one element as a person types it: "5", "-0.5", "1e3", "nan",
// "inf", "0x7fc00001" (all bits of a float), "true", "1+2j".
func (t Type) ParseScalar(s string) ([]byte, error) {
	e, err := t.parseScalar(strings.TrimSpace(s))
	if err != nil {
		return nil, fmt.Errorf("%q is not a %s: %w", s, t, err)
	}
	return e, nil
}

func (t Type) parseScalar(s string) ([]byte, error) {
	switch t.kind {
	case Boolean:
		switch strings.ToLower(s) {
		case "true", "1":
			return []byte{1}, nil
		case "false", "0":
			return []byte{0}, nil
		}
		return nil, errors.New("want true or false")
	case Int, Uint:
		switch s {
		case "true":
			s = "1"
		case "false":
			s = "0"
		}
		return t.parseInt(s)
	case Float:
		if b, err := strconv.ParseBool(s); err == nil && len(s) > 1 {
			return t.Encode(map[bool]float64{true: 1}[b])
		}
		if strings.HasPrefix(s, "0x") && len(s) == 2+2*t.size && !strings.ContainsAny(s, "pP") { // all the bits, as in fill values
			return t.parseFloatFill([]byte(strconv.Quote(s)))
		}
		return t.parseFloat(s)
	case Complex:
		c, err := strconv.ParseComplex(strings.NewReplacer("j", "i", "J", "i").Replace(s), 128)
		if err != nil {
			return nil, errors.Unwrap(err)
		}
		return t.encodeComplex(c)
	}
	return nil, errors.New("the data type is not valid")
}

func (t Type) parseInt(s string) ([]byte, error) {
	var bits uint64
	var err error
	if t.kind == Uint {
		bits, err = strconv.ParseUint(s, 10, 8*t.size)
	} else {
		var i int64
		i, err = strconv.ParseInt(s, 10, 8*t.size)
		bits = uint64(i)
	}
	switch {
	case errors.Is(err, strconv.ErrRange), t.kind == Uint && strings.HasPrefix(s, "-") && strings.Trim(s[1:], "0123456789") == "" && s != "-":
		return nil, errors.New("out of range")
	case err != nil:
		return nil, errors.New("not an integer")
	}
	return putUint(t.size, bits), nil
}

func (t Type) parseFloat(s string) ([]byte, error) {
	f, err := strconv.ParseFloat(s, max(8*t.size, 32))
	switch {
	case errors.Is(err, strconv.ErrRange):
		return nil, errors.New("out of range")
	case err != nil:
		return nil, errors.New("not a number")
	}
	if t.size == 2 { // from the double, so that it is rounded only once
		f, _ = strconv.ParseFloat(s, 64)
	}
	return t.encodeFloat(f)
}

// Value returns the element as the Go type that Element pairs with t.
func (t Type) Value(elem []byte) any {
	switch t {
	case Bool:
		return elem[0] != 0
	case Int8:
		return int8(elem[0])
	case Int16:
		return int16(getUint(elem[:2]))
	case Int32:
		return int32(getUint(elem[:4]))
	case Int64:
		return int64(getUint(elem[:8]))
	case Uint8:
		return elem[0]
	case Uint16:
		return uint16(getUint(elem[:2]))
	case Uint32:
		return uint32(getUint(elem[:4]))
	case Uint64:
		return getUint(elem[:8])
	case Float16:
		return Half(getUint(elem[:2]))
	case Float32:
		return math.Float32frombits(uint32(getUint(elem[:4])))
	case Float64:
		return math.Float64frombits(getUint(elem[:8]))
	case Complex64:
		return complex(math.Float32frombits(uint32(getUint(elem[:4]))), math.Float32frombits(uint32(getUint(elem[4:8]))))
	case Complex128:
		return complex(math.Float64frombits(getUint(elem[:8])), math.Float64frombits(getUint(elem[8:16])))
	}
	return nil
}

// Format writes the element as ParseScalar reads it, in the fewest digits that
// give the same number back.
func (t Type) Format(elem []byte) string {
	switch t.kind {
	case Boolean:
		return strconv.FormatBool(elem[0] != 0)
	case Int:
		return strconv.FormatInt(t.int(elem), 10)
	case Uint:
		return strconv.FormatUint(getUint(elem[:t.size]), 10)
	case Float:
		return t.formatFloat(t.float(elem))
	case Complex:
		part := Type{"", Float, t.size / 2}
		im := part.Format(elem[part.size:t.size])
		if im[0] != '-' && im[0] != '+' {
			im = "+" + im
		}
		return part.Format(elem[:part.size]) + im + "j"
	}
	return "?"
}

func (t Type) formatFloat(f float64) string {
	switch {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	format := byte('g')
	if a := math.Abs(f); a == 0 || a >= 1e-4 && a < 1e16 {
		format = 'f'
	}
	if t.size == 2 {
		return strconv.FormatFloat(shortHalf(f), format, -1, 64)
	}
	return strconv.FormatFloat(f, format, -1, 8*t.size)
}

// shortHalf returns the number of the fewest decimal digits that rounds to the
// same Half as f, which is one.
func shortHalf(f float64) float64 {
	for digits := range 5 {
		short, err := strconv.ParseFloat(strconv.FormatFloat(f, 'e', digits, 64), 64)
		if err == nil && HalfOf(short) == HalfOf(f) {
			return short
		}
	}
	return f
}

func (t Type) float(elem []byte) float64 {
	switch bits := getUint(elem[:t.size]); t.size {
	case 2:
		return float64(Half(bits).Float32())
	case 4:
		return float64(math.Float32frombits(uint32(bits)))
	default:
		return math.Float64frombits(bits)
	}
}

func (t Type) floatElement(f float64) []byte {
	switch {
	case math.IsNaN(f): // the quiet NaN that NumPy and the Zarr specification mean by "NaN"
		return putUint(t.size, map[int]uint64{2: 0x7e00, 4: 0x7fc00000, 8: 0x7ff8000000000000}[t.size])
	case t.size == 2:
		return putUint(2, uint64(HalfOf(f)))
	case t.size == 4:
		return putUint(4, uint64(math.Float32bits(float32(f))))
	default:
		return putUint(8, math.Float64bits(f))
	}
}

func (t Type) int(elem []byte) int64 {
	shift := 64 - 8*t.size
	return int64(getUint(elem[:t.size])<<shift) >> shift
}

func getUint(elem []byte) uint64 {
	switch len(elem) {
	case 1:
		return uint64(elem[0])
	case 2:
		return uint64(binary.NativeEndian.Uint16(elem))
	case 4:
		return uint64(binary.NativeEndian.Uint32(elem))
	default:
		return binary.NativeEndian.Uint64(elem)
	}
}

func putUint(size int, bits uint64) []byte {
	e := make([]byte, size)
	switch size {
	case 1:
		e[0] = byte(bits)
	case 2:
		binary.NativeEndian.PutUint16(e, uint16(bits))
	case 4:
		binary.NativeEndian.PutUint32(e, uint32(bits))
	default:
		binary.NativeEndian.PutUint64(e, bits)
	}
	return e
}
