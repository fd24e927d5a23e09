package dtype

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// ParseFill reads a fill value of Zarr v3 metadata (core specification, section
// "Fill value") and returns the element's bytes.
func (t Type) ParseFill(raw json.RawMessage) ([]byte, error) {
	e, err := t.parseFill(bytes.TrimSpace(raw))
	if err != nil {
		return nil, fmt.Errorf("fill value %s is not a %s: %w", clip(raw), t, err)
	}
	return e, nil
}

func clip(raw []byte) string {
	if len(raw) > 60 {
		return string(raw[:60]) + "…"
	}
	return string(raw)
}

func (t Type) parseFill(raw []byte) ([]byte, error) {
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
		if !json.Valid(raw) || len(raw) == 0 || raw[0] != '-' && (raw[0] < '0' || raw[0] > '9') {
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
		part := Type{"float" + strconv.Itoa(t.size*4), Float, t.size / 2}
		re, err := part.parseFloatFill(parts[0])
		if err != nil {
			return nil, err
		}
		im, err := part.parseFloatFill(parts[1])
		if err != nil {
			return nil, err
		}
		return append(re, im...), nil
	}
	return nil, fmt.Errorf("the type is not valid")
}

func (t Type) parseFloatFill(raw []byte) ([]byte, error) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || raw[0] != '"' {
		if !json.Valid(raw) || raw[0] != '-' && (raw[0] < '0' || raw[0] > '9') {
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
		return t.floatElement(math.NaN()), nil
	case "Infinity":
		return t.floatElement(math.Inf(1)), nil
	case "-Infinity":
		return t.floatElement(math.Inf(-1)), nil
	}
	digits, ok := strings.CutPrefix(s, "0x")
	if !ok || len(digits) != 2*t.size {
		return nil, fmt.Errorf(`want "NaN", "Infinity", "-Infinity" or all %d hexadecimal digits of the bits as "0x…"`, 2*t.size)
	}
	bits, err := strconv.ParseUint(digits, 16, 64)
	if err != nil {
		return nil, fmt.Errorf("bad hexadecimal digits")
	}
	return putUint(t.size, bits), nil
}

// FormatFill writes an element as a Zarr v3 fill value that ParseFill reads back
// bit for bit.
func (t Type) FormatFill(elem []byte) json.RawMessage {
	switch t.kind {
	case Boolean:
		return json.RawMessage(strconv.FormatBool(elem[0] != 0))
	case Int:
		return strconv.AppendInt(nil, t.int(elem), 10)
	case Uint:
		return strconv.AppendUint(nil, getUint(elem), 10)
	case Float:
		return t.formatFloatFill(elem)
	case Complex:
		half := t.size / 2
		part := Type{"", Float, half}
		return json.RawMessage(fmt.Sprintf("[%s,%s]", part.formatFloatFill(elem[:half]), part.formatFloatFill(elem[half:t.size])))
	}
	return json.RawMessage("null")
}

func (t Type) formatFloatFill(elem []byte) json.RawMessage {
	f := t.float(elem)
	switch {
	case math.IsNaN(f):
		if bytes.Equal(elem[:t.size], t.floatElement(math.NaN())) {
			return json.RawMessage(`"NaN"`)
		}
		return json.RawMessage(fmt.Sprintf(`"0x%0*x"`, 2*t.size, getUint(elem[:t.size])))
	case math.IsInf(f, 0):
		if f > 0 {
			return json.RawMessage(`"Infinity"`)
		}
		return json.RawMessage(`"-Infinity"`)
	}
	exact := Type{"", Float, max(t.size, 4)} // a half's own shortest digits may be those of another number
	s := exact.formatFloat(f)
	if !strings.ContainsAny(s, ".e") {
		s += ".0" // also keeps the sign of -0.0 for readers that parse integers apart
	}
	return json.RawMessage(s)
}
