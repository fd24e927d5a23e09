package zarr_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/zarr"
)

// open does what opening a document takes: it is parsed, and the codecs of an array
// are bound to its chunks.
func open(raw []byte) error {
	d, err := zarr.Parse(raw)
	if a, ok := d.(*zarr.Array); ok && err == nil {
		_, err = codec.Bind(a.Codecs, codec.Chunk{Shape: a.Chunks, Type: a.Type, Fill: a.Fill})
	}
	return err
}

// What is not known at an extension point is refused by its name, as a bare name and
// as an object, and whatever that says of must_understand: of data types, chunk
// grids and chunk key encodings it cannot say that they may be ignored (Zarr v3.1,
// section "Extension definition"), and to ignore a codec or a storage transformer
// is left to implementations, where this one would give other elements.
func TestUnknownExtensions(t *testing.T) {
	const bytes = `{"name": "bytes", "configuration": {"endian": "little"}}`
	points := []struct{ member, around string }{
		{"data_type", `%s`},
		{"chunk_grid", `%s`},
		{"chunk_key_encoding", `%s`},
		{"codecs", `[%s, ` + bytes + `]`},
		{"codecs", `[%s]`},
		{"codecs", `[` + bytes + `, %s]`},
		{"codecs", `[{"name": "sharding_indexed", "configuration": {"chunk_shape": [1, 3], "codecs": [` + bytes + `, %s], "index_codecs": [` + bytes + `]}}]`},
		{"codecs", `[{"name": "sharding_indexed", "configuration": {"chunk_shape": [1, 3], "codecs": [` + bytes + `], "index_codecs": [` + bytes + `, %s]}}]`},
		{"storage_transformers", `[%s]`},
	}
	for _, p := range points {
		for _, form := range []string{
			`"example.unknown"`,
			`{"name": "example.unknown"}`,
			`{"name": "example.unknown", "configuration": {}}`,
			`{"name": "example.unknown", "configuration": {"a": 1}}`,
			`{"name": "example.unknown", "must_understand": true}`,
			`{"name": "example.unknown", "must_understand": false}`,
			`{"name": "example.unknown", "configuration": {"a": 1}, "must_understand": false}`,
		} {
			value := fmt.Sprintf(p.around, form)
			if err := open(with(p.member, value)); err == nil || !strings.Contains(err.Error(), "example.unknown") {
				t.Errorf("%s: %s: %v", p.member, value, err)
			}
		}
	}
}

// What is known may say of must_understand what it will, and nothing else that the
// specification does not have.
func TestKnownExtensions(t *testing.T) {
	for member, form := range map[string]string{
		"data_type":          `{"name": "int16"%s}`,
		"chunk_grid":         `{"name": "regular", "configuration": {"chunk_shape": [2, 3]}%s}`,
		"chunk_key_encoding": `{"name": "default", "configuration": {"separator": "/"}%s}`,
		"codecs":             `[{"name": "bytes", "configuration": {"endian": "little"}%s}]`,
	} {
		for more, good := range map[string]bool{``: true, `, "must_understand": true`: true, `, "must_understand": false`: true,
			`, "must_understand": 0`: false, `, "must_understand": "false"`: false, `, "example.member": {"must_understand": false}`: false} {
			if err := open(with(member, fmt.Sprintf(form, more))); good != (err == nil) {
				t.Errorf("%s with %s: %v", member, more, err)
			}
		}
	}
}

// A member of arrays and groups that is not known is ignored if it is an object
// that says that it may be, and kept; any other is refused by its name.
func TestUnknownMembers(t *testing.T) {
	group := func(name, value string) []byte {
		return fmt.Appendf(nil, `{"zarr_format": 3, "node_type": "group", %q: %s}`, name, value)
	}
	for value, good := range map[string]bool{
		`{"must_understand": false}`: true,
		`{"name": "example.unknown", "configuration": {"a": [1]}, "must_understand": false}`: true,
		`{"must_understand": true}`:                            false,
		`{"name": "example.unknown"}`:                          false,
		`{"name": "example.unknown", "must_understand": 0}`:    false,
		`{"name": "example.unknown", "must_understand": null}`: false,
		`{"configuration": {"must_understand": false}}`:        false,
		`[{"must_understand": false}]`:                         false,
		`"example.unknown"`:                                    false,
		`false`:                                                false,
		`null`:                                                 false,
		`{}`:                                                   false,
	} {
		for kind, raw := range map[string][]byte{"array": with("example.member", value), "group": group("example.member", value)} {
			err := open(raw)
			if good != (err == nil) || err != nil && !strings.Contains(err.Error(), "example.member") {
				t.Errorf("%s with %s: %v", kind, value, err)
			}
			if good {
				checkStable(t, raw)
			}
		}
	}
	if err := open(group("consolidated_metadata", `{"kind": "inline", "must_understand": false, "metadata": {}}`)); err != nil {
		t.Error(err)
	}
}
