package zarr

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
)

// object is a JSON object whose members are taken out one by one.
type object struct {
	path string
	rest map[string]json.RawMessage
}

// root is the path of the object that is the whole document.
const root = "document"

// maxMember bounds the text of a member other than attributes and extras, and
// with it the memory that decoding it needs.
const maxMember = 1 << 20

const (
	required = true
	optional = false
)

// members reads the object that raw is. A name that occurs twice is an error:
// readers would differ in which one they believe.
func members(raw []byte, path string) (*object, error) {
	masked := mask(raw)
	if err := checkJSON(masked); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	d := json.NewDecoder(bytes.NewReader(masked))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, fmt.Errorf("%s: %s is not a JSON object", path, clip(raw))
	}
	o := &object{path, map[string]json.RawMessage{}}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		name := t.(string) // checkJSON saw to it
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", path, name, err)
		}
		if _, twice := o.rest[name]; twice {
			return nil, fmt.Errorf("%s: %q is there twice", path, name)
		}
		end := int(d.InputOffset())
		o.rest[name] = raw[end-len(value) : end : end]
	}
	return o, nil
}

// checkJSON explains invalid JSON by the place where it goes wrong.
func checkJSON(raw []byte) error {
	if json.Valid(raw) {
		return nil
	}
	var v json.RawMessage
	err := json.Unmarshal(raw, &v)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		line := 1 + bytes.Count(raw[:min(int(syntax.Offset), len(raw))], []byte("\n"))
		return fmt.Errorf("not JSON: line %d: %w", line, err)
	}
	return err
}

// names returns the members that are left, in order.
func (o *object) names() []string { return slices.Sorted(maps.Keys(o.rest)) }

// pop removes a member and returns it.
func (o *object) pop(name string) (json.RawMessage, bool) {
	raw, ok := o.rest[name]
	delete(o.rest, name)
	return raw, ok
}

// take removes a member and decodes it into v. A required member that is absent
// or null is an error; an optional one leaves v as it is.
func (o *object) take(name string, v any, need bool) error {
	raw, ok := o.pop(name)
	switch {
	case !ok && need:
		return fmt.Errorf("%s: %q is missing", o.path, name)
	case !ok || isNull(raw) && !need:
		return nil
	case len(raw) > maxMember:
		return fmt.Errorf("%s: %d bytes of text, and at most %d are supported", o.at(name), len(raw), maxMember)
	case isNull(raw):
		return fmt.Errorf("%s: null where %s is wanted", o.at(name), wanted(reflect.TypeOf(v).Elem()))
	}
	if err := decode(raw, v); err != nil {
		return fmt.Errorf("%s: %w", o.at(name), err)
	}
	return nil
}

// at returns the path of a member in the document.
func (o *object) at(name string) string {
	if o.path == root {
		return name
	}
	return o.path + "." + name
}

// takeLengths takes a required list of integers.
func (o *object) takeLengths(name string) ([]int, error) {
	var list []*int // since null would leave an int as it is
	if err := o.take(name, &list, required); err != nil {
		return nil, err
	}
	lengths := make([]int, len(list))
	for i, n := range list {
		if n == nil {
			return nil, fmt.Errorf("%s: null where an integer is wanted", o.at(name))
		}
		lengths[i] = *n
	}
	return lengths, nil
}

func decode(raw []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	if err := d.Decode(v); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) {
			return fmt.Errorf("a JSON %s where %s is wanted", wrong.Value, wanted(wrong.Type))
		}
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON value")
	}
	return nil
}

// wanted says in words which JSON decodes into a type.
func wanted(t reflect.Type) string {
	if t == reflect.TypeFor[json.RawMessage]() {
		return "a value"
	}
	switch t.Kind() {
	case reflect.Int, reflect.Int64:
		return "an integer"
	case reflect.String:
		return "a string"
	case reflect.Slice:
		return "a list"
	case reflect.Bool:
		return "true or false"
	case reflect.Pointer:
		return wanted(t.Elem())
	}
	return "an object"
}

// named reads an extension point: a name with a configuration, or a bare name.
func (o *object) named(name string) (kind string, config *object, err error) {
	raw, ok := o.pop(name)
	if !ok {
		return "", nil, fmt.Errorf("%s: %q is missing", o.path, name)
	}
	if len(raw) > maxMember {
		return "", nil, fmt.Errorf("%s: %d bytes of text, and at most %d are supported", name, len(raw), maxMember)
	}
	config = &object{name + ".configuration", map[string]json.RawMessage{}}
	if raw[0] == '"' {
		if err := decode(raw, &kind); err != nil {
			return "", nil, fmt.Errorf("%s: %w", name, err)
		}
		return kind, config, checkName(name, kind)
	}
	m, err := members(raw, name)
	if err != nil {
		return "", nil, err
	}
	if err := m.take("name", &kind, required); err != nil {
		return "", nil, err
	}
	if err := checkName(name+".name", kind); err != nil {
		return "", nil, err
	}
	var mustUnderstand bool // whatever it says, nothing works without these members
	if err := m.take("must_understand", &mustUnderstand, optional); err != nil {
		return "", nil, err
	}
	if c, ok := m.pop("configuration"); ok {
		if config, err = members(c, config.path); err != nil {
			return "", nil, err
		}
	}
	return kind, config, m.end()
}

func checkName(path, name string) error {
	if len(name) > maxName {
		return fmt.Errorf("%s: a name of %d bytes, and at most %d are supported", path, len(name), maxName)
	}
	return nil
}

// end reports a member that nothing took.
func (o *object) end() error {
	if len(o.rest) == 0 {
		return nil
	}
	return fmt.Errorf("%s: unknown member %q", o.path, clip([]byte(o.names()[0])))
}

func isNull(raw []byte) bool { return string(raw) == "null" }

// clip shortens text for an error.
func clip(raw []byte) string {
	const most = 60
	raw = bytes.TrimSpace(raw)
	if len(raw) > most {
		return string(bytes.ToValidUTF8(raw[:most], nil)) + "…"
	}
	return string(raw)
}
