package codec

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/dosna/dosna/dtype"
)

// Spec is a codec as metadata states it: a name and its configuration.
type Spec struct {
	Name   string          `json:"name"`
	Config json.RawMessage `json:"configuration,omitempty"`
}

// Chunk is what a chain is bound to: chunks of that shape and element type,
// in which elements that were never written have the bytes of Fill, however many
// those are where elements have any length.
type Chunk struct {
	Shape []int
	Type  dtype.Type
	Fill  []byte
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
	names := []string{"bytes", "vlen-utf8", "vlen-bytes", "transpose", "sharding_indexed"}
	names = slices.AppendSeq(slices.AppendSeq(names, maps.Keys(filters)), maps.Keys(bytesCodecs))
	slices.Sort(names)
	return names
}

// UnmarshalJSON accepts the two forms of the specification: an object with name
// and configuration, and a bare name.
func (s *Spec) UnmarshalJSON(raw []byte) error {
	*s = Spec{}
	if len(raw) > 0 && raw[0] == '"' {
		return json.Unmarshal(raw, &s.Name)
	}
	var mustUnderstand bool // a codec can never be left out, so it adds nothing
	err := readObject(raw,
		required("name", &s.Name), optional("configuration", &s.Config), optional("must_understand", &mustUnderstand))
	if err != nil {
		return fmt.Errorf("codec %s: %w", clip(raw), err)
	}
	return nil
}

func clip(raw []byte) string {
	if len(raw) > 60 {
		return string(raw[:60]) + "…"
	}
	return string(raw)
}

// config reads the codec's configuration.
func (s Spec) config(members ...member) error {
	raw := s.Config
	if isNull(raw) {
		raw = json.RawMessage("{}")
	}
	if err := readObject(raw, members...); err != nil {
		return s.errorf("configuration: %w", err)
	}
	return nil
}

func (s Spec) errorf(format string, args ...any) error {
	return fmt.Errorf("codec %s: "+format, append([]any{s.Name}, args...)...)
}

// member is one of those that a JSON object may have.
type member struct {
	name string
	into any
	need bool
}

func required(name string, into any) member { return member{name, into, true} }
func optional(name string, into any) member { return member{name, into, false} }

// readObject reads an object that has no members but these. Names count to the
// letter, which encoding/json alone would not see to; null is like nothing.
func readObject(raw []byte, members ...member) error {
	var have map[string]json.RawMessage
	if err := json.Unmarshal(raw, &have); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) {
			return fmt.Errorf("a JSON %s where an object is to be", wrong.Value)
		}
		return err
	}
	for _, m := range members {
		value := have[m.name]
		delete(have, m.name)
		switch {
		case !isNull(value):
			if err := json.Unmarshal(value, m.into); err != nil {
				return fmt.Errorf("%q: %w", m.name, err)
			}
		case m.need:
			return fmt.Errorf("%q is missing", m.name)
		}
	}
	for name := range have {
		return fmt.Errorf("unknown member %q", name)
	}
	return nil
}

func isNull(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }
