package dtype

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxJSON bounds the text of a type.
const maxJSON = 1 << 20

// ParseJSON reads a type as the member data_type of Zarr v3 metadata states it: a
// name, or an object with a name and a configuration. Members that the type's
// specification does not know are errors.
//
// Other spellings of a type give the same Type: complex_float32 is complex64,
// r32 is raw_bytes of 4 bytes, bytes is variable_length_bytes, structured is
// struct, and μs is us.
func ParseJSON(raw json.RawMessage) (Type, error) {
	raw = bytes.TrimSpace(raw)
	if len(raw) > maxJSON {
		return Type{}, fmt.Errorf("a data type of %d bytes of text: at most %d are supported", len(raw), maxJSON)
	}
	if !utf8.Valid(raw) {
		return Type{}, errors.New("the text of the data type is not UTF-8")
	}
	return parseJSON(raw, 0)
}

func parseJSON(raw []byte, depth int) (Type, error) {
	if depth >= maxDepth {
		return Type{}, fmt.Errorf("at most %d structs inside each other are supported", maxDepth)
	}
	if len(raw) > 0 && raw[0] == '"' {
		name, err := parseString(raw)
		if err != nil {
			return Type{}, err
		}
		return configured(name, nil, depth)
	}
	members, err := parseObject(raw)
	if err != nil {
		return Type{}, fmt.Errorf("data type %s: %w", clip(raw), err)
	}
	name, err := parseString(members["name"])
	if err != nil {
		return Type{}, fmt.Errorf(`data type %s: "name": %w`, clip(raw), err)
	}
	config := map[string]json.RawMessage{}
	if c, ok := members["configuration"]; ok {
		if config, err = parseObject(c); err != nil {
			return Type{}, fmt.Errorf("data type %q: configuration: %w", clip([]byte(name)), err)
		}
	}
	if must, ok := members["must_understand"]; ok && string(must) != "true" && string(must) != "false" {
		return Type{}, fmt.Errorf(`data type %q: "must_understand" is neither true nor false`, clip([]byte(name)))
	}
	delete(members, "name")
	delete(members, "configuration")
	delete(members, "must_understand") // whatever it says, no element can be read without the type
	if err := noneLeft(members); err != nil {
		return Type{}, fmt.Errorf("data type %q: %w", clip([]byte(name)), err)
	}
	return configured(name, config, depth)
}

func noneLeft(members map[string]json.RawMessage) error {
	for name := range members {
		return fmt.Errorf("unknown member %q", clip([]byte(name)))
	}
	return nil
}

// configured returns the type of a name with a configuration.
func configured(name string, config map[string]json.RawMessage, depth int) (Type, error) {
	t, err := withConfig(name, config, depth)
	if err == nil {
		err = noneLeft(config)
	}
	if err != nil {
		return Type{}, fmt.Errorf("data type %q: %w", clip([]byte(name)), err)
	}
	return t, nil
}

// withConfig takes out of config what it understands.
func withConfig(name string, config map[string]json.RawMessage, depth int) (Type, error) {
	take := func(member string) (int, error) {
		raw, ok := config[member]
		delete(config, member)
		if !ok {
			return 0, fmt.Errorf("configuration: %q is missing", member)
		}
		n, err := strconv.Atoi(string(raw))
		if err != nil {
			return 0, fmt.Errorf("configuration: %q: %s is not an integer of this machine", member, clip(raw))
		}
		return n, nil
	}
	switch name {
	case "fixed_length_utf32", "null_terminated_bytes", "raw_bytes":
		n, err := take("length_bytes")
		switch {
		case err != nil:
			return Type{}, err
		case name == "raw_bytes":
			return NewRaw(n)
		case name == "null_terminated_bytes":
			return NewFixedBytes(n)
		case n%4 != 0:
			return Type{}, fmt.Errorf(`configuration: "length_bytes": %d is no multiple of 4`, n)
		}
		return NewFixedText(n / 4)
	case "numpy.datetime64", "numpy.timedelta64":
		scale, err := take("scale_factor")
		if err != nil {
			return Type{}, err
		}
		s, err := parseString(config["unit"])
		if err != nil {
			return Type{}, fmt.Errorf(`configuration: "unit": %w`, err)
		}
		delete(config, "unit")
		unit, err := ParseTimeUnit(s)
		if err != nil {
			return Type{}, err
		}
		if name == "numpy.datetime64" {
			return NewDatetime(unit, scale)
		}
		return NewTimedelta(unit, scale)
	case "struct", "structured":
		raw, ok := config["fields"]
		if !ok {
			return Type{}, errors.New(`configuration: "fields" is missing`)
		}
		delete(config, "fields")
		return parseFields(raw, name == "structured", depth)
	}
	if t, ok := named(name); ok {
		return t, nil
	}
	if digits, ok := strings.CutPrefix(name, "r"); ok && areDigits(digits) {
		if n, err := strconv.Atoi(digits); err == nil && n%8 == 0 && digits[0] != '0' {
			return NewRaw(n / 8)
		}
		return Type{}, errors.New("raw bits are a multiple of 8")
	}
	return Type{}, fmt.Errorf("it is unknown (known: %s, fixed_length_utf32, null_terminated_bytes, raw_bytes, r8, r16 …, numpy.datetime64, numpy.timedelta64, struct)", strings.Join(Names(), ", "))
}

// parseFields reads the fields of a struct; those of the earlier type structured
// may be pairs of name and type.
func parseFields(raw []byte, pairs bool, depth int) (Type, error) {
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil || list == nil {
		return Type{}, errors.New("configuration: fields: want a list")
	}
	if len(list) > maxFields {
		return Type{}, errFields
	}
	fields, leaves := make([]Field, len(list)), 0
	for i, item := range list {
		var err error
		if fields[i], err = parseField(bytes.TrimSpace(item), pairs, depth); err != nil {
			return Type{}, fmt.Errorf("field %d: %w", i, err)
		}
		if leaves += fields[i].Type.leafCount(); leaves > maxFields {
			return Type{}, errFields
		}
	}
	return NewStruct(fields...)
}

func parseField(raw []byte, pairs bool, depth int) (f Field, err error) {
	var name, typ []byte
	if raw[0] == '[' && pairs {
		var pair []json.RawMessage
		if err := json.Unmarshal(raw, &pair); err != nil || len(pair) != 2 {
			return f, errors.New("want a name and a type")
		}
		name, typ = bytes.TrimSpace(pair[0]), bytes.TrimSpace(pair[1])
	} else {
		members, err := parseObject(raw)
		if err != nil {
			return f, err
		}
		name, typ = members["name"], members["data_type"]
		delete(members, "name")
		delete(members, "data_type")
		if err := noneLeft(members); err != nil {
			return f, err
		}
	}
	if f.Name, err = parseString(name); err != nil {
		return f, fmt.Errorf(`"name": %w`, err)
	}
	if typ == nil {
		return f, fmt.Errorf(`%q has no "data_type"`, clip([]byte(f.Name)))
	}
	f.Type, err = parseJSON(typ, depth+1)
	return f, err
}

// JSON returns the type as the member data_type of Zarr v3 metadata: as ParseJSON
// reads it, in the one spelling in which new arrays have it.
func (t Type) JSON() json.RawMessage {
	name := quoteJSON(t.name)
	var config []byte
	switch t.kind {
	case Datetime, Timedelta:
		config = fmt.Appendf(nil, `"unit":"%s","scale_factor":%d`, t.time, t.scale)
	case FixedText, FixedBytes, Raw:
		config = fmt.Appendf(nil, `"length_bytes":%d`, t.size)
	case Struct:
		config = []byte(`"fields":[`)
		for f := range t.each() {
			if f.offset > 0 {
				config = append(config, ',')
			}
			config = fmt.Appendf(config, `{"name":%s,"data_type":%s}`, quoteJSON(f.name), f.typ.JSON())
		}
		config = append(config, ']')
	default:
		return name
	}
	return fmt.Appendf(nil, `{"name":%s,"configuration":{%s}}`, name, config)
}

// parseObject reads an object. A name that is there twice is an error.
func parseObject(raw []byte) (map[string]json.RawMessage, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	if t, err := d.Token(); err != nil || t != json.Delim('{') || !json.Valid(raw) {
		return nil, fmt.Errorf("want a JSON object, not %s", clip(raw))
	}
	members := map[string]json.RawMessage{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, err
		}
		name := t.(string) // as all names in what was found to be JSON
		if _, twice := members[name]; twice {
			return nil, fmt.Errorf("%q is there twice", clip([]byte(name)))
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
		members[name] = bytes.TrimSpace(value)
	}
	return members, nil
}

// parseString reads a string. Half of a surrogate pair, in which encoding/json
// sees U+FFFD, is an error.
func parseString(raw []byte) (string, error) {
	var s string
	if len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, &s) != nil {
		return "", fmt.Errorf("want a JSON string, not %s", clip(raw))
	}
	if !utf8.Valid(raw) {
		return "", errors.New("it is not UTF-8")
	}
	if strings.Count(s, "\ufffd") != strings.Count(string(raw), "\ufffd")+strings.Count(unescaped(raw), `\ufffd`) {
		return "", errors.New("it has half of a surrogate pair")
	}
	return s, nil
}

// unescaped returns a JSON string without escaped backslashes, in lower case.
func unescaped(raw []byte) string {
	return strings.ToLower(strings.ReplaceAll(string(raw), `\\`, ""))
}

func quoteJSON(s string) json.RawMessage {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		return json.RawMessage("null")
	}
	return bytes.TrimSpace(b.Bytes())
}

func parseBase64(raw []byte) ([]byte, error) {
	s, err := parseString(raw)
	if err != nil {
		return nil, err
	}
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil || strings.ContainsAny(s, "\r\n") {
		return nil, errors.New("want bytes in base64")
	}
	return b, nil
}

func formatBase64(b []byte) json.RawMessage {
	return json.RawMessage(`"` + base64.StdEncoding.EncodeToString(b) + `"`)
}
