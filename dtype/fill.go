package dtype

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// ParseFill reads a fill value of Zarr v3 metadata (core specification, section
// "Fill value", and the specification of the type in the registry) and returns
// the element's bytes.
func (t Type) ParseFill(raw json.RawMessage) ([]byte, error) {
	return t.ParseFillIn(raw, Little)
}

// ParseFillIn reads a fill value of which those of structs may be all bytes, in
// base64, in the given order: so they are in arrays of the type "structured".
func (t Type) ParseFillIn(raw json.RawMessage, o Order) ([]byte, error) {
	e, err := t.parseFill(bytes.TrimSpace(raw), o)
	if err != nil {
		return nil, fmt.Errorf("fill value %s is not a %s: %w", clip(raw), t, err)
	}
	return e, nil
}

func clip(raw []byte) string {
	if len(raw) > 60 {
		return strings.ToValidUTF8(string(raw[:60]), "") + "…"
	}
	return string(raw)
}

func (t Type) parseFill(raw []byte, o Order) ([]byte, error) {
	switch t.kind {
	case Boolean:
		switch string(raw) {
		case "true":
			return []byte{1}, nil
		case "false":
			return []byte{0}, nil
		}
		return nil, fmt.Errorf("want true or false")
	case Int, Uint:
		if !isNumber(raw) {
			return nil, fmt.Errorf("want a JSON integer")
		}
		return t.parseInt(string(raw))
	case Float:
		return t.parseFloatFill(raw)
	case Complex:
		var parts []json.RawMessage
		if err := json.Unmarshal(raw, &parts); err != nil || len(parts) != 2 {
			return nil, fmt.Errorf("want [real, imaginary]")
		}
		re, err := t.part().parseFloatFill(parts[0])
		if err != nil {
			return nil, err
		}
		im, err := t.part().parseFloatFill(parts[1])
		if err != nil {
			return nil, err
		}
		return append(re, im...), nil
	case Datetime, Timedelta:
		if string(raw) == `"NaT"` {
			return putUint(8, 1<<63), nil
		}
		if !isNumber(raw) {
			return nil, fmt.Errorf(`want a JSON integer or "NaT"`)
		}
		return Int64.parseInt(string(raw))
	case FixedText, Text:
		s, err := parseString(raw)
		if err != nil {
			return nil, err
		}
		return t.fromText(s)
	case FixedBytes, Raw, ByteString:
		return t.parseBytesFill(raw)
	case Struct:
		return t.parseStructFill(raw, o)
	}
	return nil, fmt.Errorf("the type is not valid")
}

func isNumber(raw []byte) bool {
	return json.Valid(raw) && (raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9')
}

func (t Type) parseFloatFill(raw []byte) ([]byte, error) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || raw[0] != '"' {
		if !isNumber(raw) {
			return nil, fmt.Errorf(`want a number, "NaN", "Infinity", "-Infinity" or the bits as "0x…"`)
		}
		return t.parseFloat(string(raw))
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return nil, err
	}
	switch s {
	case "NaN":
		return t.encodeFloat(math.NaN())
	case "Infinity":
		return t.encodeFloat(math.Inf(1))
	case "-Infinity":
		return t.encodeFloat(math.Inf(-1))
	}
	digits, ok := strings.CutPrefix(s, "0x")
	if !ok || len(digits) != 2*t.size {
		return nil, fmt.Errorf(`want "NaN", "Infinity", "-Infinity" or all %d hexadecimal digits of the bits as "0x…"`, 2*t.size)
	}
	bits, err := strconv.ParseUint(digits, 16, 64)
	if err != nil {
		return nil, fmt.Errorf("bad hexadecimal digits")
	}
	if t.format != nil && bits>>t.format.width() != 0 {
		return nil, fmt.Errorf("it has more than %d bits", t.format.width())
	}
	return putUint(t.size, bits), nil
}

// parseBytesFill reads bytes in base64 or as a list of integers. Raw elements
// have all of them, others are padded.
func (t Type) parseBytesFill(raw []byte) ([]byte, error) {
	var b []byte
	var err error
	if len(raw) > 0 && raw[0] == '[' {
		var list []*uint8
		if err := json.Unmarshal(raw, &list); err != nil {
			return nil, errors.New("want integers from 0 to 255")
		}
		for _, n := range list {
			if n == nil {
				return nil, errors.New("want integers from 0 to 255")
			}
			b = append(b, *n)
		}
	} else if b, err = parseBase64(raw); err != nil {
		return nil, err
	}
	if t.kind == Raw && len(b) != t.size {
		return nil, fmt.Errorf("it has %d bytes, and the type %d", len(b), t.size)
	}
	return t.fromBytes(b)
}

func (t Type) parseStructFill(raw []byte, o Order) ([]byte, error) {
	if len(raw) > 0 && raw[0] == '"' {
		elem, err := parseBase64(raw)
		if err != nil {
			return nil, err
		}
		if len(elem) != t.size {
			return nil, fmt.Errorf("it has %d bytes, and the type %d", len(elem), t.size)
		}
		if o != Native {
			t.Swap(elem)
		}
		t.Tidy(elem)
		return elem, nil
	}
	values, err := parseObject(raw)
	if err != nil {
		return nil, err
	}
	elem := make([]byte, 0, t.size)
	for f := range t.each() {
		value, ok := values[f.name]
		if !ok {
			return nil, fmt.Errorf("there is no value for the field %q", f.name)
		}
		delete(values, f.name)
		part, err := f.typ.parseFill(bytes.TrimSpace(value), o)
		if err != nil {
			return nil, fmt.Errorf("field %q, a %s: %w", f.name, f.typ, err)
		}
		elem = append(elem, part...)
	}
	for name := range values {
		return nil, fmt.Errorf("the type has no field %q", clip([]byte(name)))
	}
	return elem, nil
}

// FormatFill writes an element as a Zarr v3 fill value that ParseFill reads back
// bit for bit. The exceptions are elements of the kinds FixedText and Text that
// are not Unicode: as fill values there are none.
func (t Type) FormatFill(elem []byte) json.RawMessage {
	switch t.kind {
	case Boolean:
		return json.RawMessage(strconv.FormatBool(elem[0] != 0))
	case Int:
		return strconv.AppendInt(nil, t.int(elem), 10)
	case Uint:
		return strconv.AppendUint(nil, t.uint(elem), 10)
	case Float:
		return t.formatFloatFill(elem)
	case Complex:
		half := t.size / 2
		return json.RawMessage(fmt.Sprintf("[%s,%s]", t.part().formatFloatFill(elem[:half]), t.part().formatFloatFill(elem[half:t.size])))
	case Datetime, Timedelta:
		if n := t.int(elem); n != notATime {
			return strconv.AppendInt(nil, n, 10)
		}
		return json.RawMessage(`"NaT"`)
	case FixedText, Text:
		if s, ok := t.text(elem); ok {
			return quoteJSON(s)
		}
	case FixedBytes, ByteString:
		return formatBase64(t.content(elem))
	case Raw:
		return formatBase64(elem[:t.size])
	case Struct:
		out := []byte{'{'}
		for f := range t.each() {
			if f.offset > 0 {
				out = append(out, ',')
			}
			out = append(append(out, quoteJSON(f.name)...), ':')
			out = append(out, f.typ.FormatFill(elem[f.offset:f.offset+f.typ.size])...)
		}
		return append(out, '}')
	}
	return json.RawMessage("null")
}

func (t Type) formatFloatFill(elem []byte) json.RawMessage {
	f := t.float(elem)
	switch {
	case math.IsNaN(f):
		if usual, err := t.encodeFloat(math.NaN()); err == nil && bytes.Equal(elem[:t.size], usual) {
			return json.RawMessage(`"NaN"`)
		}
		return json.RawMessage(fmt.Sprintf(`"0x%0*x"`, 2*t.size, getUint(elem[:t.size])))
	case math.IsInf(f, 0):
		if f > 0 {
			return json.RawMessage(`"Infinity"`)
		}
		return json.RawMessage(`"-Infinity"`)
	}
	exact := Type{kind: Float, size: max(t.size, 4)} // a half's own shortest digits may be those of another number
	s := exact.formatFloat(f)
	if !strings.ContainsAny(s, ".e") {
		s += ".0" // also keeps the sign of -0.0 for readers that parse integers apart
	}
	return json.RawMessage(s)
}
