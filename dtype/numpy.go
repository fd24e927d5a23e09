package dtype

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// NumPy returns the type's string in NumPy's array protocol: "<f4", "|b1",
// "<M8[ns]", "<U5", "|S3", "|V8"; "|O" for elements of any length; and "" for
// structs (see [Type.Descr]) and for numbers that NumPy does not have.
func (t Type) NumPy(o Order) string {
	prefix := "<"
	switch {
	case !t.Ordered():
		prefix = "|"
	case o == Big:
		prefix = ">"
	}
	switch t.kind {
	case Boolean, Int, Uint, Float, Complex:
		if t.Core() {
			return fmt.Sprintf("%s%c%d", prefix, " biufc"[t.kind], t.size)
		}
	case Datetime:
		return prefix + "M8" + t.timeSuffix()
	case Timedelta:
		return prefix + "m8" + t.timeSuffix()
	case FixedText:
		return prefix + "U" + strconv.Itoa(t.size/4)
	case FixedBytes:
		return "|S" + strconv.Itoa(t.size)
	case Raw:
		return "|V" + strconv.Itoa(t.size)
	case Text, ByteString:
		return "|O"
	}
	return ""
}

// parseNumPy reads a string of the array protocol, all but the byte order in
// front of it.
func parseNumPy(code string) (Type, error) {
	if code == "" {
		return Type{}, errors.New("it is empty")
	}
	for _, t := range all {
		if t.NumPy(Little)[1:] == code {
			return t, nil
		}
	}
	switch rest := code[1:]; code[0] {
	case 'M', 'm':
		suffix, ok := strings.CutPrefix(rest, "8")
		if !ok {
			break
		}
		unit, scale, err := parseTimeSuffix(suffix)
		if err != nil {
			return Type{}, err
		}
		if code[0] == 'M' {
			return NewDatetime(unit, scale)
		}
		return NewTimedelta(unit, scale)
	case 'U', 'S', 'V':
		n, err := strconv.Atoi(rest)
		if err != nil || !areDigits(rest) {
			break
		}
		switch code[0] {
		case 'U':
			return NewFixedText(n)
		case 'S':
			return NewFixedBytes(n)
		}
		return NewRaw(n)
	case 'O':
		return Type{}, errors.New("it is for objects of Python, which mean nothing without the codec that stores them")
	}
	switch code {
	case "f16", "g", "c32", "G":
		return Type{}, errors.New("a long double is different from machine to machine")
	}
	return Type{}, errors.New("it is neither a name of Zarr, such as float32, bfloat16, string or datetime64[ns], nor one of NumPy, such as <f4, U10 or M8[ns], nor struct{x: f4, y: i2}, nor JSON")
}
