package zarr

import (
	"encoding/json"
	"fmt"
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
	Chunks   []int // shape of the regular grid's cells
	Keys     KeyEncoding
	Fill     []byte // one element
	Codecs   []codec.Spec
	DimNames []string // nil, or one for each axis; "" for an axis without a name
}

func parseArray(m *object) (*Array, error) {
	a := &Array{}
	if err := m.take("shape", &a.Shape, true); err != nil {
		return nil, err
	}
	if a.Shape == nil {
		return nil, fmt.Errorf("shape: null")
	}
	if err := a.parseType(m); err != nil {
		return nil, err
	}
	if err := a.parseGrid(m); err != nil {
		return nil, err
	}
	var err error
	if a.Keys, err = parseKeys(m); err != nil {
		return nil, err
	}
	var fill json.RawMessage
	if err := m.take("fill_value", &fill, true); err != nil {
		return nil, err
	}
	if a.Fill, err = a.Type.ParseFill(fill); err != nil {
		return nil, fmt.Errorf("fill_value: %w", err)
	}
	if err := m.take("codecs", &a.Codecs, true); err != nil {
		return nil, err
	}
	if err := a.parseDimNames(m); err != nil {
		return nil, err
	}
	var transformers []json.RawMessage
	if err := m.take("storage_transformers", &transformers, false); err != nil {
		return nil, err
	}
	if len(transformers) > 0 {
		return nil, fmt.Errorf("storage_transformers: %s is not supported", transformers[0])
	}
	if a.Header, err = m.takeHeader(); err != nil {
		return nil, err
	}
	return a, a.Check()
}

func (a *Array) parseType(m *object) error {
	name, config, err := m.named("data_type")
	if err != nil {
		return err
	}
	if err := config.end(); err != nil {
		return err
	}
	if a.Type, err = dtype.ByName(name); err != nil {
		return fmt.Errorf("data_type: %w", err)
	}
	return nil
}

func (a *Array) parseGrid(m *object) error {
	name, config, err := m.named("chunk_grid")
	if err != nil {
		return err
	}
	if name != "regular" {
		return fmt.Errorf("chunk_grid: unknown grid %q (known: regular)", name)
	}
	if err := config.take("chunk_shape", &a.Chunks, true); err != nil {
		return err
	}
	return config.end()
}

func (a *Array) parseDimNames(m *object) error {
	var names []*string
	if err := m.take("dimension_names", &names, false); err != nil || names == nil {
		return err
	}
	a.DimNames = make([]string, len(names))
	for i, n := range names {
		if n != nil {
			a.DimNames[i] = *n
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
	if n, ok := nd.Size(a.Shape); !ok || n > maxElements {
		return fmt.Errorf("shape: %v is negative or has too many elements for 63 bits", a.Shape)
	}
	if len(a.Chunks) != len(a.Shape) {
		return fmt.Errorf("chunk_shape: %v has %d dimensions, and the shape %v has %d", a.Chunks, len(a.Chunks), a.Shape, len(a.Shape))
	}
	if slices.ContainsFunc(a.Chunks, func(n int) bool { return n < 1 }) {
		return fmt.Errorf("chunk_shape: %v has a length below 1", a.Chunks)
	}
	if a.DimNames != nil && len(a.DimNames) != len(a.Shape) {
		return fmt.Errorf("dimension_names: %d names for %d dimensions", len(a.DimNames), len(a.Shape))
	}
	return nil
}

// maxElements leaves room for the bytes of the widest elements.
const maxElements = 1<<63/16 - 1

// Marshal implements Document.
func (a *Array) Marshal() ([]byte, error) {
	if err := a.Check(); err != nil {
		return nil, err
	}
	known := []member{
		{"shape", nonNil(a.Shape)},
		{"data_type", a.Type.Name()},
		{"chunk_grid", map[string]any{"name": "regular", "configuration": map[string]any{"chunk_shape": nonNil(a.Chunks)}}},
		{"chunk_key_encoding", a.Keys.document()},
		{"fill_value", a.Type.FormatFill(a.Fill)},
		{"codecs", a.Codecs},
	}
	if a.DimNames != nil {
		names := make([]*string, len(a.DimNames))
		for i := range names {
			if a.DimNames[i] != "" {
				names[i] = &a.DimNames[i]
			}
		}
		known = append(known, member{"dimension_names", names})
	}
	return a.marshal("array", known...)
}

func nonNil(s []int) []int {
	if s == nil {
		return []int{}
	}
	return s
}
