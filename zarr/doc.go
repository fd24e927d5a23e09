// Package zarr reads and writes the metadata documents of Zarr v3 (core
// specification 3.1): the zarr.json of arrays and of groups. It is pure: text
// in, values out, and back.
//
// Documents are parsed strictly. A member that the specification does not know
// is an error that names it, unless it is an object which says
// "must_understand": false; such members are kept and written back.
package zarr

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Key is the name of a node's metadata document in its folder.
const Key = "zarr.json"

// MaxDocument is the largest document worth reading, in bytes.
const MaxDocument = 256 << 20

// MaxDims is the most dimensions that an array may have, as in NumPy.
const MaxDims = 64

// Attributes are a node's user attributes, as encoding/json decodes them with
// numbers kept as json.Number.
type Attributes map[string]any

// Document is what a zarr.json holds: an *Array or a *Group.
type Document interface {
	// Marshal writes the document as indented JSON.
	Marshal() ([]byte, error)
	// Head returns what arrays and groups have in common.
	Head() *Header
}

// Header is what the documents of arrays and groups have in common.
type Header struct {
	Attrs    Attributes
	Deleting bool                       // marked as being deleted, see deletingMember
	Extra    map[string]json.RawMessage // members that need not be understood
}

// Head implements Document.
func (h *Header) Head() *Header { return h }

// deletingMember marks a node whose chunks are being removed. Readers other
// than ours must refuse it, so it does not say "must_understand": false.
const deletingMember = "dosna.deleting"

// Parse reads a zarr.json.
func Parse(raw []byte) (Document, error) {
	m, err := members(raw, "document")
	if err != nil {
		return nil, err
	}
	var format json.Number
	if err := m.take("zarr_format", &format, true); err != nil {
		return nil, err
	}
	if format.String() != "3" {
		return nil, fmt.Errorf("zarr_format is %s, and 3 is supported", format)
	}
	var kind string
	if err := m.take("node_type", &kind, true); err != nil {
		return nil, err
	}
	switch kind {
	case "array":
		return parseArray(m)
	case "group":
		return parseGroup(m)
	}
	return nil, fmt.Errorf("node_type is %q, neither array nor group", kind)
}

// object is a JSON object whose members are taken out one by one.
type object struct {
	path string
	rest map[string]json.RawMessage
}

func members(raw []byte, path string) (*object, error) {
	if err := checkJSON(raw); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	o := &object{path: path}
	if err := json.Unmarshal(raw, &o.rest); err != nil || o.rest == nil {
		return nil, fmt.Errorf("%s: not a JSON object", path)
	}
	return o, nil
}

// checkJSON explains invalid JSON by the place where it goes wrong.
func checkJSON(raw []byte) error {
	var v json.RawMessage
	err := json.Unmarshal(raw, &v)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		line := 1 + bytes.Count(raw[:min(int(syntax.Offset), len(raw))], []byte("\n"))
		return fmt.Errorf("not JSON: line %d: %w", line, err)
	}
	return err
}

// take removes a member and decodes it into v. A member that is not there is an
// error if it is required.
func (o *object) take(name string, v any, required bool) error {
	raw, ok := o.rest[name]
	delete(o.rest, name)
	if !ok {
		if required {
			return fmt.Errorf("%s: %q is missing", o.path, name)
		}
		return nil
	}
	if err := decode(raw, v); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// decode reads JSON, keeping numbers as they are written.
func decode(raw []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(v); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) {
			return fmt.Errorf("a JSON %s where %s is wanted", wrong.Value, wrong.Type)
		}
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON value")
	}
	return nil
}

// named reads an extension point: a name with a configuration, or a bare name.
func (o *object) named(name string) (kind string, config *object, err error) {
	raw, ok := o.rest[name]
	delete(o.rest, name)
	if !ok {
		return "", nil, fmt.Errorf("%s: %q is missing", o.path, name)
	}
	config = &object{path: name + ".configuration", rest: map[string]json.RawMessage{}}
	if len(raw) > 0 && raw[0] == '"' {
		err = decode(raw, &kind)
		return kind, config, err
	}
	m, err := members(raw, name)
	if err != nil {
		return "", nil, err
	}
	if err := m.take("name", &kind, true); err != nil {
		return "", nil, err
	}
	delete(m.rest, "must_understand")
	if c, ok := m.rest["configuration"]; ok {
		delete(m.rest, "configuration")
		if config, err = members(c, name+".configuration"); err != nil {
			return "", nil, err
		}
	}
	return kind, config, m.end()
}

// end reports a member that nothing took.
func (o *object) end() error {
	if len(o.rest) == 0 {
		return nil
	}
	return fmt.Errorf("%s: unknown member %q", o.path, slices.Sorted(maps.Keys(o.rest))[0])
}

// takeHeader takes what all nodes have and everything that may be ignored.
func (o *object) takeHeader() (Header, error) {
	var h Header
	if err := o.take("attributes", &h.Attrs, false); err != nil {
		return h, err
	}
	if _, ok := o.rest[deletingMember]; ok {
		h.Deleting = true
		delete(o.rest, deletingMember)
	}
	for name, raw := range o.rest {
		var e struct {
			MustUnderstand *bool `json:"must_understand"`
		}
		null := string(raw) == "null" && name == "consolidated_metadata"
		if null || json.Unmarshal(raw, &e) == nil && e.MustUnderstand != nil && !*e.MustUnderstand {
			if h.Extra == nil {
				h.Extra = map[string]json.RawMessage{}
			}
			h.Extra[name] = raw
			delete(o.rest, name)
		}
	}
	if len(o.rest) > 0 {
		name := slices.Sorted(maps.Keys(o.rest))[0]
		return h, fmt.Errorf("%s: unknown member %q, which does not say that it may be ignored", o.path, name)
	}
	return h, nil
}

// marshal writes the members that are given in order, then the header's own.
func (h *Header) marshal(kind string, known ...member) ([]byte, error) {
	all := append([]member{{"zarr_format", 3}, {"node_type", kind}}, known...)
	attrs := h.Attrs
	if attrs == nil {
		attrs = Attributes{}
	}
	all = append(all, member{"attributes", attrs})
	for _, name := range slices.Sorted(maps.Keys(h.Extra)) {
		all = append(all, member{name, h.Extra[name]})
	}
	if h.Deleting {
		all = append(all, member{deletingMember, map[string]bool{"must_understand": true}})
	}
	var b strings.Builder
	b.WriteByte('{')
	for i, m := range all {
		if i > 0 {
			b.WriteByte(',')
		}
		v, err := json.Marshal(m.value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.name, err)
		}
		name, _ := json.Marshal(m.name)
		fmt.Fprintf(&b, "%s:%s", name, v)
	}
	b.WriteByte('}')
	var out bytes.Buffer
	err := json.Indent(&out, []byte(b.String()), "", "  ")
	out.WriteByte('\n')
	return out.Bytes(), err
}

type member struct {
	name  string
	value any
}
