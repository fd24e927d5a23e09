package dtype

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"time"
)

// encodeExtended is Encode for the kinds behind Complex.
func (t Type) encodeExtended(v any) ([]byte, error) {
	switch v := v.(type) {
	case string:
		switch t.kind {
		case FixedText, FixedBytes, Text, ByteString:
			elem, err := t.fromText(v)
			if err != nil {
				return nil, fmt.Errorf("%q is not a %s: %w", clip([]byte(v)), t, err)
			}
			return elem, nil
		}
		return t.ParseScalar(v)
	case []byte:
		switch {
		case t.kind == FixedText || t.kind == Text:
			return t.encodeExtended(string(v))
		case t.kind == FixedBytes || t.kind == ByteString:
			return t.fromBytes(bytes.Clone(v))
		case (t.kind == Raw || t.kind == Struct) && len(v) == t.size:
			return bytes.Clone(v), nil
		}
		return nil, fmt.Errorf("%d bytes are not an element of %s", len(v), t)
	case time.Time:
		if t.kind == Datetime {
			return t.encodeSpan(v.Unix(), v.Nanosecond())
		}
	case time.Duration:
		if t.kind == Timedelta {
			return t.encodeSpan(0, int(v))
		}
	case int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64:
		if t.kind == Datetime || t.kind == Timedelta {
			return t.ParseScalar(fmt.Sprintf("@%d", v))
		}
	case float64:
		if (t.kind == Datetime || t.kind == Timedelta) && v == math.Trunc(v) {
			return t.ParseScalar(fmt.Sprintf("@%.0f", v))
		}
	}
	return nil, fmt.Errorf("a Go value of type %T is not an element of %s", v, t)
}

// encodeSpan returns the element of so much time.
func (t Type) encodeSpan(seconds int64, nanoseconds int) ([]byte, error) {
	per := t.time.attoseconds()
	if per == nil {
		return nil, fmt.Errorf("elements of %s are no fixed length of time: want a text", t)
	}
	n := big.NewInt(seconds)
	n.Mul(n, big.NewInt(powers[9])).Add(n, big.NewInt(int64(nanoseconds))).Mul(n, big.NewInt(powers[9]))
	var odd big.Int
	n.DivMod(n, per, &odd)
	if odd.Sign() != 0 {
		return nil, fmt.Errorf("it is no whole number of the unit of %s", t)
	}
	count, err := t.count(n)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t, err)
	}
	return putUint(8, uint64(count)), nil
}

// parseStruct reads an element as appendStruct writes it, or the fields in order
// in a list.
func (t Type) parseStruct(s string) ([]byte, error) {
	raw := []byte(s)
	values := map[string]json.RawMessage{}
	if len(raw) > 0 && raw[0] == '[' {
		var list []json.RawMessage
		if err := json.Unmarshal(raw, &list); err != nil {
			return nil, errors.New("want a JSON list or object")
		}
		for f := range t.each() {
			if len(list) == 0 {
				return nil, fmt.Errorf("there is no value for the field %q", f.name)
			}
			values[f.name], list = bytes.TrimSpace(list[0]), list[1:]
		}
		if len(list) > 0 {
			return nil, fmt.Errorf("there are %d values more than fields", len(list))
		}
	} else {
		var err error
		if values, err = parseObject(raw); err != nil {
			return nil, err
		}
	}
	elem := make([]byte, 0, t.size)
	for f := range t.each() {
		value, ok := values[f.name]
		if !ok {
			return nil, fmt.Errorf("there is no value for the field %q", f.name)
		}
		delete(values, f.name)
		text := string(value)
		if value[0] == '"' {
			var err error
			if text, err = parseString(value); err != nil {
				return nil, fmt.Errorf("field %q: %w", f.name, err)
			}
		}
		part, err := f.typ.parseScalar(text)
		if err != nil {
			return nil, fmt.Errorf("field %q: %q is not a %s: %w", f.name, clip([]byte(text)), f.typ, err)
		}
		elem = append(elem, part...)
	}
	return elem, noneLeft(values)
}

// appendStruct writes an element as JSON: numbers as they are, everything else
// that JSON does not have as a text.
func (t Type) appendStruct(dst, elem []byte) []byte {
	dst = append(dst, '{')
	for f := range t.each() {
		if f.offset > 0 {
			dst = append(dst, ", "...)
		}
		dst = append(append(dst, quoteJSON(f.name)...), ": "...)
		part := elem[f.offset : f.offset+f.typ.size]
		text := f.typ.Format(part)
		if f.typ.kind == FixedText || f.typ.kind == FixedBytes { // JSON has quotes of its own
			if s, ok := f.typ.text(part); ok && (s == "" || s[0] != '"' && (len(s) < 2 || s[:2] != "0x")) {
				text = s
			}
		}
		if f.typ.kind == Struct || f.typ.kind < Complex && json.Valid([]byte(text)) {
			dst = append(dst, text...)
		} else {
			dst = append(dst, quoteJSON(text)...)
		}
	}
	return append(dst, '}')
}
