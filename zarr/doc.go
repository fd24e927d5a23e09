// Package zarr reads and writes the metadata documents of Zarr v3 (core
// specification 3.1, sections "Metadata" and "Extensions"), the zarr.json of
// arrays and of groups, and of Zarr v2 (specification 2, sections "Metadata" and
// "Attributes"), whose .zarray, .zgroup and .zattrs are one document here, in the
// words of v3. It is pure: text in, values out, and back.
//
// Documents of v3 are parsed strictly, and errors name the member at fault. A member
// that the specification does not know is an error, unless it is an object
// which says "must_understand": false; such members are kept and written back
// to the letter. Optional members that are null count as absent, since
// zarr-python has written them so. In v2 members that are not known are ignored, and
// kept.
//
// In one point documents need not be JSON: the numbers NaN, Infinity and
// -Infinity, which zarr-python writes into attributes as Python's json module
// does, are read (see [NonFinite]), and written back if they were there.
package zarr

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"
)

// Key is the name of a node's metadata document in its folder.
const Key = "zarr.json"

// MaxDocument is the largest document worth reading, in bytes. Parsing needs
// memory in proportion to the document.
const MaxDocument = 256 << 20

// MaxDims is the most dimensions that an array may have, as in NumPy.
const MaxDims = 64

// Attributes are a node's user attributes: nil, bool, string, json.Number,
// [NonFinite], []any and map[string]any, nested, where they were read; anything
// that encoding/json can write where a program set them.
type Attributes map[string]any

// Document is the metadata of a node: an *Array or a *Group.
type Document interface {
	// Key is the name of the object that makes the node: Key, ArrayKey or GroupKey.
	Key() string
	// Marshal writes that object as indented JSON.
	Marshal() ([]byte, error)
	// MarshalAttrs writes what the object AttrsKey of Zarr v2 holds; nil if there
	// need not be one.
	MarshalAttrs() ([]byte, error)
	// ParseAttrs puts what an object AttrsKey holds, nil if there is none, in the
	// place of the attributes.
	ParseAttrs(raw []byte) error
	// Head returns what arrays and groups have in common.
	Head() *Header
}

// Header is what the documents of arrays and groups have in common.
type Header struct {
	Format   int // 2 for Zarr v2; 3, or 0, for v3
	Attrs    Attributes
	Deleting bool                       // marked as being deleted: its chunks are about to go
	Copy     string                     // with Deleting: what is there is a copy not completed, and this names the attempt
	Becomes  int                        // with Copy: the format of the document that is to take the place of this one; 0: its own
	Extra    map[string]json.RawMessage // members that need not be understood
}

// Head implements Document.
func (h *Header) Head() *Header { return h }

// deletingMember marks a node whose chunks are being removed. Readers other
// than ours must refuse it, so it does not say "must_understand": false.
const deletingMember = "dosna.deleting"

// Parse reads a zarr.json.
func Parse(raw []byte) (Document, error) {
	m, err := documentObject(raw)
	if err != nil {
		return nil, err
	}
	var format int
	if err := m.take("zarr_format", &format, required); err != nil {
		return nil, err
	}
	if format != 3 {
		return nil, fmt.Errorf("zarr_format: %d, and 3 is supported", format)
	}
	var kind string
	if err := m.take("node_type", &kind, required); err != nil {
		return nil, err
	}
	switch kind {
	case "array":
		return parseArray(m)
	case "group":
		return parseGroup(m)
	}
	return nil, fmt.Errorf("node_type: %q is neither array nor group", clip([]byte(kind)))
}

// documentObject reads the object that is a whole document.
func documentObject(raw []byte) (*object, error) {
	if i := badUTF8(raw); i >= 0 {
		return nil, fmt.Errorf("%s: not UTF-8: line %d", root, 1+bytes.Count(raw[:i], []byte("\n")))
	}
	return members(raw, root)
}

// badUTF8 returns where raw stops being UTF-8, or -1.
func badUTF8(raw []byte) int {
	if utf8.Valid(raw) {
		return -1
	}
	for i := 0; i < len(raw); {
		r, n := utf8.DecodeRune(raw[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}

// takeHeader takes what all nodes have and everything that may be ignored.
func (o *object) takeHeader() (Header, error) {
	var h Header
	if raw, ok := o.pop("attributes"); ok && !isNull(raw) {
		v, err := decodeValue(raw)
		if err != nil {
			return h, fmt.Errorf("attributes: %w", err)
		}
		attrs, ok := v.(map[string]any)
		if !ok {
			return h, fmt.Errorf("attributes: %s is not a JSON object", clip(raw))
		}
		h.Attrs = attrs
	}
	if err := h.takeDeleting(o); err != nil {
		return h, err
	}
	for _, name := range o.names() {
		raw := o.rest[name]
		if name == consolidated && isNull(raw) || mayIgnore(raw) {
			if h.Extra == nil {
				h.Extra = map[string]json.RawMessage{}
			}
			h.Extra[name] = raw
			continue
		}
		return h, fmt.Errorf("%s: unknown member %q, which does not say that it may be ignored", o.path, clip([]byte(name)))
	}
	return h, nil
}

// takeDeleting takes the mark of a node that is to be treated as absent.
func (h *Header) takeDeleting(o *object) error {
	raw, ok := o.pop(deletingMember)
	if !ok {
		return nil
	}
	m, err := members(raw, deletingMember)
	if err != nil {
		return err
	}
	h.Deleting = true
	var must bool
	if err := m.take("must_understand", &must, optional); err != nil {
		return err
	}
	if err := m.take("copy", &h.Copy, optional); err != nil {
		return err
	}
	if err := m.take("format", &h.Becomes, optional); err != nil {
		return err
	}
	if h.Becomes != 0 && h.Becomes != 2 {
		return fmt.Errorf("%s.format: %d, and 2 is known", deletingMember, h.Becomes)
	}
	return m.end()
}

// mayIgnore reports whether raw is an object with "must_understand": false.
func mayIgnore(raw []byte) bool {
	m, err := members(raw, "")
	return err == nil && string(m.rest["must_understand"]) == "false"
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
		if slices.ContainsFunc(all, func(m member) bool { return m.name == name }) || name == deletingMember || name == ReferencesMember {
			return nil, fmt.Errorf("%s: an extra member with the name of one that the document has", name)
		}
		all = append(all, member{name, verbatim(h.Extra[name])})
	}
	if h.Deleting {
		mark := []member{{"must_understand", true}}
		if h.Copy != "" {
			mark = append(mark, member{"copy", h.Copy})
		}
		if h.Becomes != 0 {
			mark = append(mark, member{"format", h.Becomes})
		}
		all = append(all, member{deletingMember, mark})
	}
	out, err := appendValue(nil, all, "\n")
	return append(out, '\n'), err
}
