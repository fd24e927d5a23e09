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
	return Type{}, errors.New("it is not a type of NumPy that is known here")
}

// Parse reads a type of the core specification as people write it: a Zarr name,
// or a NumPy string such as "<f4", ">i2", "u1", "|b1", with its byte order (Native
// where none is said).
func Parse(s string) (Type, Order, error) {
	t, order, err := ParseType(s)
	if err != nil || !t.Core() {
		_, err = ByName(s)
		return Type{}, Native, err
	}
	return t, order, nil
}

// ParseType reads any type as people write it: as Parse does; as String writes
// it, "datetime64[ns]", "U5"; as NumPy strings; as the names of the registry; and
// as JSON, "{…}" in the form of Zarr metadata, "[…]" in that of NumPy's descr.
func ParseType(s string) (Type, Order, error) {
	t, order, err := parseType(s)
	if err != nil {
		return Type{}, Native, fmt.Errorf("data type %q: %w", clip([]byte(s)), err)
	}
	return t, order, nil
}

func parseType(s string) (Type, Order, error) {
	if t, ok := named(s); ok {
		return t, Native, nil
	}
	for prefix, kind := range map[string]string{"datetime64": "M8", "timedelta64": "m8", "numpy.datetime64": "M8", "numpy.timedelta64": "m8"} {
		if suffix, ok := strings.CutPrefix(s, prefix); ok {
			t, err := parseNumPy(kind + suffix)
			return t, Native, err
		}
	}
	switch s {
	case "":
		return Type{}, Native, errors.New("it is empty")
	case "float", "double":
		return Float64, Native, nil
	case "int":
		return Int64, Native, nil
	case "str":
		return String, Native, nil
	}
	switch s[0] {
	case '{', '"':
		t, err := ParseJSON([]byte(s))
		return t, Native, err
	case '[':
		d, err := ParseDescr([]byte(s))
		order, uniform := d.Order()
		if err == nil && !uniform {
			err = errors.New("its fields are of different byte orders")
		}
		return d.Type, order, err
	}
	code, order := s, Native
	switch s[0] {
	case '<':
		code, order = s[1:], Little
	case '>':
		code, order = s[1:], Big
	case '|', '=':
		code = s[1:]
	case 'r':
		if areDigits(s[1:]) {
			t, err := configured(s, nil, 0)
			return t, Native, err
		}
	}
	t, err := parseNumPy(code)
	return t, order, err
}
