package zarr

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
)

// NonFinite is a number that JSON does not have, in the words of Python's json
// module, which writes it without quotes: NaN, Infinity or -Infinity. Where
// encoding/json writes it, it is a string.
//
// Readers other than zarr-python refuse documents that have one, so a Go float
// that is not finite is not accepted as an attribute.
type NonFinite string

// The values of NonFinite.
const (
	NaN         NonFinite = "NaN"
	Infinity    NonFinite = "Infinity"
	NegInfinity NonFinite = "-Infinity"
)

// Float64 returns the number.
func (n NonFinite) Float64() float64 {
	f, err := strconv.ParseFloat(string(n), 64)
	if err != nil {
		return math.NaN()
	}
	return f
}

// leading returns the number that text begins with, or "".
func leading(text []byte) NonFinite {
	for _, n := range []NonFinite{NaN, Infinity, NegInfinity} {
		if bytes.HasPrefix(text, []byte(n)) {
			return n
		}
	}
	return ""
}

// mask returns raw with strings of the same length in the place of NonFinite
// numbers, so that JSON is left. The place of a value in both is the same.
func mask(raw []byte) []byte {
	if !bytes.Contains(raw, []byte(NaN)) && !bytes.Contains(raw, []byte(Infinity)) {
		return raw
	}
	out := bytes.Clone(raw)
	for i := 0; i < len(out); i++ {
		switch out[i] {
		case '"':
			for i++; i < len(out) && out[i] != '"'; i++ {
				if out[i] == '\\' {
					i++
				}
			}
		case NaN[0], Infinity[0], NegInfinity[0]:
			n := len(leading(out[i:]))
			if n == 0 || bytes.HasPrefix(bytes.TrimLeft(out[i+n:], " \t\r\n"), []byte(":")) {
				continue // not a number, or in the place of a name
			}
			out[i], out[i+n-1] = '"', '"'
			for j := i + 1; j < i+n-1; j++ {
				out[j] = '_'
			}
			i += n - 1
		}
	}
	return out
}

// decodeValue reads any JSON, keeping numbers as they are written.
func decodeValue(raw []byte) (any, error) {
	masked := mask(raw)
	if err := checkJSON(masked); err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(masked))
	d.UseNumber()
	return readValue(d, raw)
}

// readValue reads the next value of what raw is under a mask. How deep values
// nest is limited by encoding/json, which has read all of it before.
func readValue(d *json.Decoder, raw []byte) (any, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t {
	case json.Delim('['):
		list := []any{}
		for d.More() {
			v, err := readValue(d, raw)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err := d.Token()
		return list, err
	case json.Delim('{'):
		object := map[string]any{}
		for d.More() {
			t, err := d.Token()
			if err != nil {
				return nil, err
			}
			name := t.(string) // as all names in what was found to be JSON
			if _, twice := object[name]; twice {
				return nil, fmt.Errorf("%q is there twice", name)
			}
			if object[name], err = readValue(d, raw); err != nil {
				return nil, err
			}
		}
		_, err := d.Token()
		return object, err
	}
	if _, ok := t.(string); ok {
		if end := int(d.InputOffset()); raw[end-1] != '"' {
			for _, n := range []NonFinite{NaN, NegInfinity, Infinity} {
				if bytes.HasSuffix(raw[:end], []byte(n)) {
					return n, nil
				}
			}
		}
	}
	return t, nil
}

// verbatim is text that is written as it is.
type verbatim []byte

// deeper returns the line break inside what begins after br. It stops growing,
// lest deep nesting make a long text of a short one.
func deeper(br string) string {
	if len(br) > 40 {
		return br
	}
	return br + "  "
}

type member struct {
	name  string
	value any
}

// appendMember appends member i of an object, on a line of its own behind the
// given line break, with what must stand before it.
func appendMember(dst []byte, i int, name string, v any, br string) ([]byte, error) {
	br = deeper(br)
	if i > 0 {
		dst = append(dst, ',')
	}
	dst = append(dst, br...)
	dst, err := appendValue(dst, name, br)
	if err != nil {
		return dst, err
	}
	return appendValue(append(dst, ": "...), v, br)
}

// appendValue appends v as JSON; its further lines begin with br.
func appendValue(dst []byte, v any, br string) ([]byte, error) {
	switch v := v.(type) {
	case Attributes:
		return appendValue(dst, map[string]any(v), br)
	case map[string]any:
		ordered := make([]member, 0, len(v))
		for _, name := range slices.Sorted(maps.Keys(v)) {
			ordered = append(ordered, member{name, v[name]})
		}
		return appendValue(dst, ordered, br)
	case []member:
		if len(v) == 0 {
			return append(dst, "{}"...), nil
		}
		dst = append(dst, '{')
		for i, m := range v {
			var err error
			if dst, err = appendMember(dst, i, m.name, m.value, br); err != nil {
				return dst, fmt.Errorf("%s: %w", m.name, err)
			}
		}
		return append(append(dst, br...), '}'), nil
	case []any:
		return appendList(dst, v, br)
	case NonFinite:
		if leading([]byte(v)) != v || v == "" {
			return dst, fmt.Errorf("%q is not one of NaN, Infinity and -Infinity", string(v))
		}
		return append(dst, v...), nil
	case verbatim:
		if err := checkJSON(mask(v)); err != nil {
			return dst, err
		}
		return append(dst, v...), nil
	}
	return appendGo(dst, v, br)
}

// appendList puts lists of plain values on one line.
func appendList(dst []byte, list []any, br string) ([]byte, error) {
	between, last := deeper(br), br
	if !slices.ContainsFunc(list, isNested) {
		between, last = " ", ""
	}
	dst = append(dst, '[')
	for i, v := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		if i > 0 || last != "" {
			dst = append(dst, between...)
		}
		var err error
		if dst, err = appendValue(dst, v, deeper(br)); err != nil {
			return dst, fmt.Errorf("%d: %w", i, err)
		}
	}
	return append(append(dst, last...), ']'), nil
}

func isNested(v any) bool {
	switch v.(type) {
	case nil, bool, string, json.Number, NonFinite, int, float64:
		return false
	}
	return true
}

// appendGo appends what encoding/json makes of v.
func appendGo(dst []byte, v any, br string) ([]byte, error) {
	text, err := plainJSON(v)
	if err != nil {
		return dst, err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, text, br[1:], "  "); err != nil {
		return dst, err
	}
	return append(dst, out.Bytes()...), nil
}

// plainJSON returns what encoding/json makes of v, without escapes that only web pages
// need.
func plainJSON(v any) ([]byte, error) {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSpace(text.Bytes()), err
}
