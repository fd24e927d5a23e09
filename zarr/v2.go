package zarr

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// The names of the objects in a node's folder that hold its metadata in Zarr v2
// (specification 2, section "Storage").
const (
	ArrayKey        = ".zarray"
	GroupKey        = ".zgroup"
	AttrsKey        = ".zattrs"
	ConsolidatedKey = ".zmetadata" // of all nodes below a group: zarr-python
)

// LockKey is the name of the object in a node's folder that says who has a lease on
// the node. It is this project's own, in either format, and no part of what the node is.
const LockKey = ".dosna-lock"

// dimsAttr is the attribute in which xarray keeps the names of an array's axes.
const dimsAttr = "_ARRAY_DIMENSIONS"

// IsMetadata reports whether an object of that name in a node's folder holds
// metadata, or who has a lease on it.
func IsMetadata(name string) bool {
	switch name {
	case Key, ArrayKey, GroupKey, AttrsKey, ConsolidatedKey, LockKey:
		return true
	}
	by, ok := strings.CutPrefix(name, ConsolidatedKey+".")
	return ok && ReadyKey(by) == name
}

// ReadyKey returns the name of the object in which somebody who has such a text makes
// ConsolidatedKey ready: "" if it is not letters and digits.
func ReadyKey(by string) string {
	for _, c := range []byte(by) {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return ""
		}
	}
	if by == "" {
		return ""
	}
	return ConsolidatedKey + "." + by
}

// ParseV2 reads the metadata of a Zarr v2 node: raw is what the object named
// ArrayKey or GroupKey holds, and attrs what AttrsKey does, nil if there is none.
// Members that the specification does not know are kept, and written back to the
// letter. The names of an array's axes, which xarray keeps in the attribute
// _ARRAY_DIMENSIONS, are DimNames and no attribute.
func ParseV2(name string, raw, attrs []byte) (Document, error) {
	m, err := documentObject(raw)
	if err != nil {
		return nil, err
	}
	var format int
	if err := m.take("zarr_format", &format, required); err != nil {
		return nil, err
	}
	if format != 2 {
		return nil, fmt.Errorf("zarr_format: %d in %s, which is for 2", format, name)
	}
	if name != ArrayKey {
		g := &Group{Header{Format: 2, Extra: m.rest}}
		return g, g.ParseAttrs(attrs)
	}
	a, err := parseArrayV2(m)
	if err != nil {
		return nil, err
	}
	if err := a.ParseAttrs(attrs); err != nil {
		return nil, err
	}
	return a, a.Check()
}

// ParseAttrs puts the attributes that an object AttrsKey holds in the place of those
// that the document has; nil is none.
func (h *Header) ParseAttrs(raw []byte) error {
	h.Attrs = nil
	if raw == nil {
		return nil
	}
	if i := badUTF8(raw); i >= 0 {
		return fmt.Errorf("%s: not UTF-8", AttrsKey)
	}
	v, err := decodeValue(raw)
	if err != nil {
		return fmt.Errorf("%s: %w", AttrsKey, err)
	}
	attrs, ok := v.(map[string]any)
	if !ok {
		return fmt.Errorf("%s: %s is not a JSON object", AttrsKey, clip(raw))
	}
	h.Attrs = attrs
	return nil
}

// MarshalAttrs writes what an object AttrsKey holds; nil for one that need not be
// there.
func (h *Header) MarshalAttrs() ([]byte, error) { return marshalAttrs(h.Attrs) }

func marshalAttrs(attrs Attributes) ([]byte, error) {
	if len(attrs) == 0 {
		return nil, nil
	}
	out, err := appendValue(nil, attrs, "\n")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", AttrsKey, err)
	}
	return append(out, '\n'), nil
}

// marshalV2 writes the members that are given in order, then those that were there
// and are not known.
func (h *Header) marshalV2(known ...member) ([]byte, error) {
	if h.Deleting {
		return nil, fmt.Errorf("%s: Zarr v2 has no such mark", deletingMember)
	}
	all := append([]member{{"zarr_format", 2}}, known...)
	for _, name := range slices.Sorted(maps.Keys(h.Extra)) {
		if slices.ContainsFunc(all, func(m member) bool { return m.name == name }) {
			return nil, fmt.Errorf("%s: an extra member with the name of one that the document has", name)
		}
		all = append(all, member{name, verbatim(h.Extra[name])})
	}
	out, err := appendValue(nil, all, "\n")
	return append(out, '\n'), err
}

// layoutV2 is what an array's document said in words of Zarr v2. What is not
// changed is written back as it was.
type layoutV2 struct {
	dtype, compressor, fill, filters, order json.RawMessage
	separated                               bool // it said which separator chunk keys have
}

func parseArrayV2(m *object) (*Array, error) {
	a := &Array{v2: &layoutV2{}}
	a.Format = 2
	var err error
	if a.Shape, err = m.takeLengths("shape"); err != nil {
		return nil, err
	}
	if a.Chunks, err = m.takeLengths("chunks"); err != nil {
		return nil, err
	}
	for i := range min(len(a.Chunks), len(a.Shape)) {
		if a.Chunks[i] == 0 && a.Shape[i] == 0 {
			a.Chunks[i] = 1
		}
	}
	if a.Keys, err = parseSeparator(m, a.v2); err != nil {
		return nil, err
	}
	t, err := takeCoding(m, a.v2)
	if err != nil {
		return nil, err
	}
	a.Type = t.descr.Type
	if a.Codecs, err = t.specs(len(a.Shape)); err != nil {
		return nil, err
	}
	if a.Fill, err = parseFillV2(a.v2.fill, t.descr); err != nil {
		return nil, fmt.Errorf("fill_value: %w", err)
	}
	a.Extra = m.rest
	return a, nil
}

// parseSeparator reads how chunk keys are written.
func parseSeparator(m *object, v2 *layoutV2) (KeyEncoding, error) {
	separator := "."
	_, v2.separated = m.rest["dimension_separator"]
	if err := m.take("dimension_separator", &separator, optional); err != nil {
		return KeyEncoding{}, err
	}
	if separator != "." && separator != "/" {
		return KeyEncoding{}, fmt.Errorf("dimension_separator: %q is neither / nor a dot", clip([]byte(separator)))
	}
	return KeyEncoding{V2: true, Dot: separator == "."}, nil
}

// ParseAttrs reads the attributes, and the names of the axes that are among them.
func (a *Array) ParseAttrs(raw []byte) error {
	a.DimNames = nil
	if err := a.Header.ParseAttrs(raw); err != nil || a.Attrs[dimsAttr] == nil {
		return err
	}
	list, ok := a.Attrs[dimsAttr].([]any)
	if !ok || len(list) != len(a.Shape) {
		return nil // it means something else
	}
	names := make([]string, len(list))
	for i, v := range list {
		if names[i], ok = v.(string); !ok {
			return nil
		}
	}
	a.DimNames = names
	delete(a.Attrs, dimsAttr)
	return nil
}

// MarshalAttrs writes the attributes, and the names of the axes with them.
func (a *Array) MarshalAttrs() ([]byte, error) {
	if _, ok := a.Attrs[dimsAttr]; ok || a.DimNames == nil {
		return marshalAttrs(a.Attrs)
	}
	attrs := maps.Clone(a.Attrs)
	if attrs == nil {
		attrs = Attributes{}
	}
	attrs[dimsAttr] = list(a.DimNames)
	return marshalAttrs(attrs)
}

// marshalArrayV2 writes the document of an array, what was read and is still so as
// it was.
func (a *Array) marshalArrayV2() ([]byte, error) {
	if a.Edges != nil {
		return nil, fmt.Errorf("chunks: Zarr v2 has no rectilinear chunk grids")
	}
	if !a.Keys.V2 {
		return nil, fmt.Errorf("dimension_separator: chunk keys of Zarr v2 are v2 or v2/, and not %s", a.Keys)
	}
	l := a.v2
	if l == nil {
		var err error
		if l, err = newLayoutV2(a); err != nil {
			return nil, err
		}
	}
	known := []member{
		{"shape", list(a.Shape)},
		{"chunks", list(a.Chunks)},
		{"dtype", verbatim(l.dtype)},
		{"compressor", verbatim(l.compressor)},
		{"fill_value", verbatim(l.fill)},
		{"order", verbatim(l.order)},
		{"filters", verbatim(l.filters)},
	}
	if l.separated || !a.Keys.Dot {
		known = append(known, member{"dimension_separator", string(a.Keys.separator())})
	}
	return a.marshalV2(known...)
}

// newLayoutV2 says in words of Zarr v2 how an array is stored.
func newLayoutV2(a *Array) (*layoutV2, error) {
	l := &layoutV2{separated: true}
	order, err := l.coding(a)
	if err != nil {
		return nil, err
	}
	if l.dtype, err = a.Type.Descr(order); err != nil {
		return nil, fmt.Errorf("dtype: %w", err)
	}
	if l.fill, err = formatFillV2(a.Type, a.Fill, order); err != nil {
		return nil, fmt.Errorf("fill_value: %w", err)
	}
	return l, nil
}
