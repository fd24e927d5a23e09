package codec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/dosna/dosna/dtype"
)

// Spec is a codec as metadata states it: a name and its configuration.
type Spec struct {
	Name   string          `json:"name"`
	Config json.RawMessage `json:"configuration,omitempty"`
}

// Chunk is what a chain is bound to: chunks of that shape and element type,
// in which elements that were never written have the bytes of Fill.
type Chunk struct {
	Shape []int
	Type  dtype.Type
	Fill  []byte
}

// UnmarshalJSON accepts the two forms of the specification: an object with name
// and configuration, and a bare name.
func (s *Spec) UnmarshalJSON(raw []byte) error {
	if len(raw) > 0 && raw[0] == '"' {
		*s = Spec{}
		return json.Unmarshal(raw, &s.Name)
	}
	var o struct {
		Name           *string         `json:"name"`
		Config         json.RawMessage `json:"configuration"`
		MustUnderstand *bool           `json:"must_understand"` // a codec can never be left out, so it adds nothing
	}
	if err := decodeStrict(raw, &o); err != nil {
		return err
	}
	if o.Name == nil {
		return errors.New("a codec without a name")
	}
	*s = Spec{*o.Name, o.Config}
	return nil
}

// decodeStrict reads one JSON value and refuses members that v does not have.
func decodeStrict(raw []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON value")
	}
	return nil
}

// config reads the codec's configuration into v; required names the members
// that have to be there.
func (s Spec) config(v any, required ...string) error {
	raw := s.Config
	if len(raw) == 0 || string(raw) == "null" {
		raw = json.RawMessage("{}")
	}
	if err := decodeStrict(raw, v); err != nil {
		return fmt.Errorf("codec %s: configuration: %w", s.Name, err)
	}
	var have map[string]json.RawMessage
	if err := json.Unmarshal(raw, &have); err != nil {
		return fmt.Errorf("codec %s: configuration: %w", s.Name, err)
	}
	for _, name := range required {
		if _, ok := have[name]; !ok {
			return fmt.Errorf("codec %s: configuration: %q is missing", s.Name, name)
		}
	}
	return nil
}

func (s Spec) errorf(format string, args ...any) error {
	return fmt.Errorf("codec %s: "+format, append([]any{s.Name}, args...)...)
}

// NewSpec returns the spec of a codec with the given configuration, which is
// anything that encoding/json can write as an object; nil for none.
func NewSpec(name string, config any) (Spec, error) {
	if config == nil {
		return Spec{Name: name}, nil
	}
	raw, err := json.Marshal(config)
	return Spec{name, raw}, err
}

// Names lists the codecs that Bind knows.
func Names() []string {
	names := []string{"bytes", "transpose", "sharding_indexed"}
	for name := range bytesCodecs {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
