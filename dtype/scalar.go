package dtype

import (
	"bytes"
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
//
// For the kinds FixedText, Text, FixedBytes and ByteString, a string or []byte is
// the element itself, for Raw and Struct a []byte all bytes of it. For Datetime
// and Timedelta, an integer is the count, and a time.Time or time.Duration is
// taken to their unit.
func (t Type) Encode(v any) ([]byte, error) {
	if t.kind == Invalid {
		return nil, errors.New("the data type is not valid")
	}
	if t.kind > Complex {
		return t.encodeExtended(v)
	}
	var text string
	switch v := v.(type) {
	case string:
		return t.ParseScalar(v)
	case Half:
		return t.Encode(float64(v.Float32()))
	case Brain:
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
		if t.format != nil {
			if bits, ok := t.format.encode(f); ok && (math.IsInf(f, 0) || !math.IsInf(t.format.decode(bits), 0)) {
				return putUint(t.size, bits), nil
			}
		} else if e := t.floatElement(f); math.IsInf(f, 0) || !math.IsInf(t.float(e), 0) {
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
	part := t.part()
	re, err := part.encodeFloat(real(c))
	if err != nil {
		return nil, err
	}
	im, err := part.encodeFloat(imag(c))
	return append(re, im...), err
}

// ParseScalar reads one element as a person types it: "5", "-0.5", "1e3", "nan",
// "inf", "0x7fc00001" (all bits of a float), "true", "1+2j"; "2026-02-28T12:30"
// and "90m", exactly as many units as the type counts, "@5" as a count, "NaT";
// texts as they are, or in quotes with the escapes of Go; bytes as the text that
// they are, or "0x00ff"; structs as JSON, {"x": 1, "t": "2026-02-28"}, or with the
// fields in order in a list.
func (t Type) ParseScalar(s string) ([]byte, error) {
	e, err := t.parseScalar(s)
	if err != nil {
		return nil, fmt.Errorf("%q is not a %s: %w", clip([]byte(s)), t, err)
	}
	return e, nil
}

func (t Type) parseScalar(s string) ([]byte, error) {
	switch t.kind {
	case FixedText, FixedBytes, Raw, Text, ByteString:
		return t.parseText(s)
	}
	s = strings.TrimSpace(s)
	switch t.kind {
	case Struct:
		return t.parseStruct(s)
	case Datetime, Timedelta:
		n, err := t.parseTime(s)
		return putUint(8, uint64(n)), err
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
	width := 8 * t.size
	if t.bits != 0 {
		width = int(t.bits)
	}
	if t.kind == Uint {
		bits, err = strconv.ParseUint(s, 10, width)
	} else {
		var i int64
		i, err = strconv.ParseInt(s, 10, width)
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
	if t.size < 4 { // from the double, so that it is rounded only once
		f, _ = strconv.ParseFloat(s, 64)
	}
	return t.encodeFloat(f)
}

// Format writes the element as ParseScalar reads it, in the fewest digits that
// give the same number back. Times are written as NumPy does, in the precision of
// their unit. Texts are in quotes where they are empty, where they would be
// mistaken for something else, or where it would not be seen in a list where they
// end; bytes that are not UTF-8 are written in hexadecimal digits.
func (t Type) Format(elem []byte) string {
	switch t.kind {
	case Boolean:
		return strconv.FormatBool(elem[0] != 0)
	case Int:
		return strconv.FormatInt(t.int(elem), 10)
	case Uint:
		return strconv.FormatUint(t.uint(elem), 10)
	case Float:
		return t.formatFloat(t.float(elem))
	case Datetime, Timedelta:
		return t.formatTime(t.int(elem))
	case FixedText, FixedBytes, Raw, Text, ByteString:
		return t.formatText(elem)
	case Struct:
		return string(t.appendStruct(nil, elem))
	case Complex:
		part := t.part()
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
	if t.size < 4 {
		return strconv.FormatFloat(t.shortest(f), format, -1, 64)
	}
	return strconv.FormatFloat(f, format, -1, 8*t.size)
}

// shortest returns the number of the fewest decimal digits that rounds to the
// same element as f, which is one of 8 or 16 bits.
func (t Type) shortest(f float64) float64 {
	want := t.floatElement(f)
	for digits := range 5 {
		short, err := strconv.ParseFloat(strconv.FormatFloat(f, 'e', digits, 64), 64)
		if err == nil && bytes.Equal(t.floatElement(short), want) {
			return short
		}
	}
	return f
}

func (t Type) float(elem []byte) float64 {
	if t.format != nil {
		return t.format.decode(getUint(elem[:t.size]))
	}
	switch bits := getUint(elem[:t.size]); t.size {
	case 2:
		return float64(Half(bits).Float32())
	case 4:
		return float64(math.Float32frombits(uint32(bits)))
	default:
		return math.Float64frombits(bits)
	}
}

// floatElement rounds to the nearest element, or infinity. There may be none if
// the format is not that of IEEE 754 (see encodeFloat).
func (t Type) floatElement(f float64) []byte {
	elem := make([]byte, t.size)
	t.PutFloat(elem, f)
	return elem
}

func (t Type) int(elem []byte) int64 {
	width := 8 * t.size
	if t.bits != 0 {
		width = int(t.bits)
	}
	return int64(getUint(elem[:t.size])<<(64-width)) >> (64 - width)
}

func (t Type) uint(elem []byte) uint64 {
	if t.bits != 0 {
		return uint64(elem[0]) & (1<<t.bits - 1)
	}
	return getUint(elem[:t.size])
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
