package zarr

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
)

// Array is the document of an array.
type Array struct {
	Header
	Shape    []int
	Type     dtype.Type
	Chunks   []int   // shape of the grid's cells; along an axis of Edges the longest length
	Edges    [][]int // of a rectilinear grid: the cells' lengths along each axis, nil where all are that of Chunks; nil: the grid is regular
	Keys     KeyEncoding
	Fill     []byte // one element; of a type whose elements have any length, all of it
	Codecs   []codec.Spec
	DimNames []string // nil, or one for each axis; "" for an axis without a name

	// References names the object beside the document that says where the stored
	// objects lie instead, see IsReferences; "" if they are stored under their own
	// keys.
	References string

	blank []bool    // axes whose name was read as "" rather than null, and is written so
	read  spelling  // of what can be written in several ways
	v2    *layoutV2 // of a document of Zarr v2 that was read
}

// spelling is how a document that was read states its type and fill value. Readers
// know the one or the other name of a type, so it is kept.
type spelling struct {
	typ      dtype.Type
	typeText json.RawMessage
	fill     []byte
	fillText json.RawMessage
}

func parseArray(m *object) (*Array, error) {
	a := &Array{}
	var err error
	if a.Shape, err = m.takeLengths("shape"); err != nil {
		return nil, err
	}
	if err := a.parseType(m); err != nil {
		return nil, err
	}
	if err := a.parseGrid(m); err != nil {
		return nil, err
	}
	if a.Keys, err = parseKeys(m); err != nil {
		return nil, err
	}
	var fill json.RawMessage
	if err := m.take("fill_value", &fill, required); err != nil {
		return nil, err
	}
	if a.Fill, err = a.Type.ParseFill(fill); err != nil {
		return nil, fmt.Errorf("fill_value: %w", err)
	}
	a.read.fill, a.read.fillText = slices.Clone(a.Fill), fill
	if raw, ok := m.rest["codecs"]; ok && len(raw) <= maxMember {
		v, err := decodeValue(raw) // which finds names that are there twice
		if err == nil {
			err = checkCodecs(v)
		}
		if err != nil {
			return nil, fmt.Errorf("codecs: %w", err)
		}
	}
	if err := m.take("codecs", &a.Codecs, required); err != nil {
		return nil, err
	}
	if err := a.parseDimNames(m); err != nil {
		return nil, err
	}
	var transformers []json.RawMessage
	if err := m.take("storage_transformers", &transformers, optional); err != nil {
		return nil, err
	}
	if len(transformers) > 0 {
		return nil, fmt.Errorf("storage_transformers: %s: none is supported", clip(transformers[0]))
	}
	if err := a.takeReferences(m); err != nil {
		return nil, err
	}
	if a.Header, err = m.takeHeader(); err != nil {
		return nil, err
	}
	return a, a.Check()
}

// maxName bounds the names that errors repeat.
const maxName = 255

// checkCodecs refuses what no codec can mean: null in a list, which would leave an
// integer as it is, and very long names.
func checkCodecs(v any) error {
	switch v := v.(type) {
	case string:
		if len(v) > maxName {
			return fmt.Errorf("a name of %d bytes, and at most %d are supported", len(v), maxName)
		}
	case []any:
		for _, inner := range v {
			if inner == nil {
				return errors.New("null in a list")
			}
			if err := checkCodecs(inner); err != nil {
				return err
			}
		}
	case map[string]any:
		for name, inner := range v {
			if err := checkCodecs(name); err != nil {
				return err
			}
			if err := checkCodecs(inner); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *Array) parseType(m *object) error {
	raw, ok := m.pop("data_type")
	switch {
	case !ok:
		return fmt.Errorf("%s: %q is missing", m.path, "data_type")
	case len(raw) > maxMember:
		return fmt.Errorf("data_type: %d bytes of text, and at most %d are supported", len(raw), maxMember)
	}
	var err error
	if a.Type, err = dtype.ParseJSON(raw); err != nil {
		return fmt.Errorf("data_type: %w", err)
	}
	a.read.typ, a.read.typeText = a.Type, bytes.Clone(raw)
	return nil
}

func (a *Array) parseDimNames(m *object) error {
	var names []*string
	if err := m.take("dimension_names", &names, optional); err != nil || names == nil {
		return err
	}
	a.DimNames, a.blank = make([]string, len(names)), make([]bool, len(names))
	for i, n := range names {
		if n != nil {
			a.DimNames[i], a.blank[i] = *n, *n == ""
		}
	}
	return nil
}

// Check reports what no array may be: it is for documents made by programs, and
// Parse calls it for those it reads.
func (a *Array) Check() error {
	if len(a.Shape) > MaxDims {
		return fmt.Errorf("shape: %d dimensions, and at most %d are supported", len(a.Shape), MaxDims)
	}
	most := maxElements(a.Type)
	if n, ok := nd.Size(a.Shape); !ok || n > most {
		return fmt.Errorf("shape: %v is negative or has too many elements for 63 bits", a.Shape)
	}
	if err := a.checkGrid(most); err != nil {
		return err
	}
	if a.Type == (dtype.Type{}) {
		return fmt.Errorf("data_type: none is given")
	}
	if len(a.Fill) != a.Type.Size() && !a.Type.Variable() {
		return fmt.Errorf("fill_value: %d bytes, and an element of %s has %d", len(a.Fill), a.Type, a.Type.Size())
	}
	if len(a.Codecs) == 0 {
		return fmt.Errorf("codecs: the list is empty, and one has to turn arrays into bytes")
	}
	if a.DimNames != nil && len(a.DimNames) != len(a.Shape) {
		return fmt.Errorf("dimension_names: %d names for %d dimensions", len(a.DimNames), len(a.Shape))
	}
	if a.References != "" && !IsReferences(a.References) {
		return fmt.Errorf("%s.manifest: %q is no name of references", ReferencesMember, clip([]byte(a.References)))
	}
	if a.References != "" && a.Format == 2 {
		return fmt.Errorf("%s: Zarr v2 has nothing that readers must understand, by which others would refuse such an array", ReferencesMember)
	}
	return nil
}

// maxElements leaves room for the bytes of all elements.
func maxElements(t dtype.Type) int { return math.MaxInt / max(t.Size(), 16) }

// Key implements Document.
func (a *Array) Key() string {
	if a.Format == 2 {
		return ArrayKey
	}
	return Key
}

// Marshal implements Document.
func (a *Array) Marshal() ([]byte, error) {
	if err := a.Check(); err != nil {
		return nil, err
	}
	if a.Format == 2 {
		return a.marshalArrayV2()
	}
	codecs, err := codecList(a.Codecs)
	if err != nil {
		return nil, err
	}
	known := []member{
		{"shape", list(a.Shape)},
		{"data_type", verbatim(a.typeText())},
		{"chunk_grid", a.grid()},
		{"chunk_key_encoding", a.Keys.document()},
		{"fill_value", verbatim(a.fillText())},
		{"codecs", codecs},
	}
	if a.DimNames != nil {
		names := make([]any, len(a.DimNames))
		for i, n := range a.DimNames {
			if n != "" || i < len(a.blank) && a.blank[i] {
				names[i] = n
			}
		}
		known = append(known, member{"dimension_names", names})
	}
	if a.References != "" {
		known = append(known, member{ReferencesMember, []member{{"must_understand", true}, {"manifest", a.References}}})
	}
	return a.marshal("array", known...)
}

// typeText writes the type, as it was read if it is not one of the core
// specification.
func (a *Array) typeText() json.RawMessage {
	if a.read.typeText != nil && a.Type == a.read.typ && !a.Type.Core() {
		return a.read.typeText
	}
	return a.Type.JSON()
}

// fillText writes the fill value in the way in which the type is written.
func (a *Array) fillText() json.RawMessage {
	if a.read.fillText != nil && a.Type == a.read.typ && !a.Type.Core() && bytes.Equal(a.Fill, a.read.fill) {
		return a.read.fillText
	}
	return a.Type.FormatFill(a.Fill)
}

// codecList returns codecs as values to be written.
func codecList(specs []codec.Spec) ([]any, error) {
	codecs := make([]any, len(specs))
	for i, s := range specs {
		o := []member{{"name", s.Name}}
		if len(s.Config) > 0 {
			config, err := decodeValue(s.Config)
			if err != nil {
				return nil, fmt.Errorf("codecs: %s: %w", s.Name, err)
			}
			o = append(o, member{"configuration", config})
		}
		codecs[i] = o
	}
	return codecs, nil
}

// extension returns an extension point as a value to be written.
func extension(name string, config ...member) []member {
	return []member{{"name", name}, {"configuration", config}}
}

func list[T any](s []T) []any {
	l := make([]any, len(s))
	for i, v := range s {
		l[i] = v
	}
	return l
}
