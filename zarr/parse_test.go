package zarr_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/zarr"
)

// good is a document in which the tests spoil one member at a time.
var good = map[string]string{
	"zarr_format":        `3`,
	"node_type":          `"array"`,
	"shape":              `[4, 5]`,
	"data_type":          `"int16"`,
	"chunk_grid":         `{"name": "regular", "configuration": {"chunk_shape": [2, 3]}}`,
	"chunk_key_encoding": `{"name": "default", "configuration": {"separator": "/"}}`,
	"fill_value":         `7`,
	"codecs":             `[{"name": "bytes", "configuration": {"endian": "little"}}]`,
	"attributes":         `{"a": 1}`,
	"dimension_names":    `["y", null]`,
}

// with returns good with one member replaced, or left out if value is "".
func with(name, value string) []byte {
	members := []string{}
	for n, v := range good {
		if n != name {
			members = append(members, fmt.Sprintf("%q: %s", n, v))
		}
	}
	if value != "" {
		members = append(members, fmt.Sprintf("%q: %s", name, value))
	}
	return []byte("{" + strings.Join(members, ",\n") + "}")
}

func TestParseGood(t *testing.T) {
	checkStable(t, with("", ""))
	for _, c := range []struct{ member, value string }{
		{"attributes", ""},
		{"attributes", "null"},
		{"dimension_names", ""},
		{"dimension_names", "null"},
		{"dimension_names", `["", "x"]`},
		{"dimension_names", `["x", "x"]`},
		{"storage_transformers", "[]"},
		{"storage_transformers", "null"},
		{"shape", "[0, 5]"},
		{"chunk_key_encoding", `"v2"`},
		{"chunk_key_encoding", `{"name": "default"}`},
		{"data_type", `{"name": "int16"}`},
		{"data_type", `{"name": "int16", "configuration": {}, "must_understand": true}`},
		{"codecs", `["bytes", {"name": "unknown"}]`},
		{"consolidated_metadata", "null"},
		{"x", `{"must_understand": false}`},
		{"x", ` {"must_understand" : false , "y" : [ 1, NaN ] } `},
		{"dosna.deleting", `{"must_understand": true}`},
		{"dosna.references", `{"must_understand": true, "manifest": "references.2a.refs"}`},
	} {
		t.Run(c.member+" "+c.value, func(t *testing.T) { checkStable(t, with(c.member, c.value)) })
	}
	checkStable(t, []byte(`{"zarr_format": 3, "node_type": "group"}`))
}

func TestParseBad(t *testing.T) {
	long := `[` + strings.Repeat("1,", 1<<19) + `1]`
	for _, c := range []struct{ member, value, want string }{
		{"zarr_format", ``, `"zarr_format" is missing`},
		{"zarr_format", `2`, `zarr_format: 2, and 3`},
		{"zarr_format", `"3"`, `zarr_format: a JSON string where an integer`},
		{"zarr_format", `3.5`, `zarr_format: a JSON number 3.5 where an integer`},
		{"zarr_format", `null`, `zarr_format: null`},
		{"node_type", ``, `"node_type" is missing`},
		{"node_type", `"dataset"`, `node_type: "dataset"`},
		{"node_type", `["array"]`, `node_type: a JSON array where a string`},
		{"node_type", `null`, `node_type: null`},

		{"shape", ``, `"shape" is missing`},
		{"shape", `null`, `shape: null where a list`},
		{"shape", `5`, `shape: a JSON number where a list`},
		{"shape", `{}`, `shape: a JSON object where a list`},
		{"shape", `[4, null]`, `shape: null where an integer`},
		{"shape", `[4, "5"]`, `shape: a JSON string where an integer`},
		{"shape", `[4, 5.0]`, `shape: a JSON number 5.0 where an integer`},
		{"shape", `[4, 9223372036854775808]`, `shape: a JSON number 9223372036854775808`},
		{"shape", `[4, -1]`, `shape: [4 -1] is negative`},
		{"shape", `[4294967296, 4294967296]`, `shape: [4294967296 4294967296]`},
		{"shape", `[4]`, `chunk_shape: [2 3] has 2 dimensions, and the shape [4] has 1`},
		{"shape", `[` + strings.Repeat("1,", 64) + `1]`, `shape: 65 dimensions`},
		{"shape", long, `shape: 1048579 bytes of text`},
		{"shape", `[NaN, 5]`, `shape: invalid character 'N'`},

		{"data_type", ``, `"data_type" is missing`},
		{"data_type", `null`, `data_type: data type null: want a JSON object`},
		{"data_type", `5`, `data_type: data type 5: want a JSON object`},
		{"data_type", `"int15"`, `data_type: data type "int15": it is unknown (known: bool, `},
		{"data_type", `"<i2"`, `data_type: data type "<i2": it is unknown`},
		{"data_type", `{"configuration": {}}`, `"name": want a JSON string`},
		{"data_type", `{"name": 5}`, `"name": want a JSON string, not 5`},
		{"data_type", `{"name": "int16", "configuration": {"x": 1}}`, `data_type: data type "int16": unknown member "x"`},
		{"data_type", `{"name": "int16", "configuration": null}`, `data_type: data type "int16": configuration: want a JSON object, not null`},
		{"data_type", `{"name": "int16", "must_understand": 1}`, `data_type: data type "int16": "must_understand" is neither`},

		{"chunk_grid", ``, `"chunk_grid" is missing`},
		{"chunk_grid", `[2, 3]`, `chunk_grid: [2, 3] is not a JSON object`},
		{"chunk_grid", `"regular"`, `chunk_grid.configuration: "chunk_shape" is missing`},
		{"chunk_grid", `{"name": "rectangular", "configuration": {}}`, `chunk_grid: unknown grid "rectangular"`},
		{"chunk_grid", `{"name": "regular"}`, `chunk_grid.configuration: "chunk_shape" is missing`},
		{"chunk_grid", `{"name": "regular", "configuration": []}`, `chunk_grid.configuration: [] is not a JSON object`},
		{"chunk_grid", `{"name": "regular", "configuration": {"chunk_shape": null}}`, `chunk_grid.configuration.chunk_shape: null`},
		{"chunk_grid", `{"name": "regular", "configuration": {"chunk_shape": [2, "3"]}}`, `chunk_grid.configuration.chunk_shape: a JSON string`},
		{"chunk_grid", `{"name": "regular", "configuration": {"chunk_shape": [2]}}`, `chunk_shape: [2] has 1 dimensions`},
		{"chunk_grid", `{"name": "regular", "configuration": {"chunk_shape": [2, 0]}}`, `chunk_shape: [2 0] has a length below 1`},
		{"chunk_grid", `{"name": "regular", "configuration": {"chunk_shape": [2, -3]}}`, `chunk_shape: [2 -3] has a length below 1`},
		{"chunk_grid", `{"name": "regular", "configuration": {"chunk_shape": [2, 3], "x": 1}}`, `chunk_grid.configuration: unknown member "x"`},
		{"chunk_grid", `{"name": "regular", "configuration": {"Chunk_Shape": [2, 3]}}`, `chunk_grid.configuration: "chunk_shape" is missing`},
		{"chunk_grid", `{"name": "regular", "configuration": {"chunk_shape": [2, 3]}, "x": 1}`, `chunk_grid: unknown member "x"`},
		{"chunk_grid", `{"name": "regular", "x": ` + long + `}`, `chunk_grid: 1048605 bytes of text`},

		{"chunk_key_encoding", ``, `"chunk_key_encoding" is missing`},
		{"chunk_key_encoding", `"v3"`, `chunk_key_encoding: unknown encoding "v3"`},
		{"chunk_key_encoding", `true`, `chunk_key_encoding: true is not a JSON object`},
		{"chunk_key_encoding", `{"name": "default", "configuration": {"separator": "-"}}`, `chunk_key_encoding.configuration.separator: "-"`},
		{"chunk_key_encoding", `{"name": "default", "configuration": {"separator": 1}}`, `chunk_key_encoding.configuration.separator: a JSON number`},
		{"chunk_key_encoding", `{"name": "default", "configuration": {"x": 1}}`, `chunk_key_encoding.configuration: unknown member "x"`},
		{"chunk_key_encoding", `{"name": "default", "x": 1}`, `chunk_key_encoding: unknown member "x"`},

		{"fill_value", ``, `"fill_value" is missing`},
		{"fill_value", `null`, `fill_value: null`},
		{"fill_value", `"7"`, `fill_value: `},
		{"fill_value", `7.0`, `fill_value: `},
		{"fill_value", `32768`, `fill_value: `},
		{"fill_value", `true`, `fill_value: `},
		{"fill_value", `NaN`, `fill_value: invalid character 'N'`},

		{"codecs", ``, `"codecs" is missing`},
		{"codecs", `null`, `codecs: null where a list`},
		{"codecs", `[]`, `codecs: the list is empty`},
		{"codecs", `"bytes"`, `codecs: a JSON string where a list`},
		{"codecs", `[5]`, `codecs: `},
		{"codecs", `[null]`, `codecs: `},
		{"codecs", `[{}]`, `codecs: `},
		{"codecs", `[{"name": null}]`, `codecs: `},
		{"codecs", `[{"name": "bytes", "x": 1}]`, `codecs: `},

		{"attributes", `5`, `attributes: 5 is not a JSON object`},
		{"attributes", `[]`, `attributes: [] is not a JSON object`},
		{"attributes", `NaN`, `attributes: NaN is not a JSON object`},

		{"dimension_names", `"y"`, `dimension_names: a JSON string where a list`},
		{"dimension_names", `["y", 5]`, `dimension_names: a JSON number where a string`},
		{"dimension_names", `["y"]`, `dimension_names: 1 names for 2 dimensions`},
		{"dimension_names", `[]`, `dimension_names: 0 names for 2 dimensions`},

		{"storage_transformers", `{}`, `storage_transformers: a JSON object where a list`},
		{"storage_transformers", `[{"name": "x", "must_understand": false}]`, `storage_transformers: {"name": "x"`},

		{"dosna.references", `null`, `dosna.references: null is not a JSON object`},
		{"dosna.references", `{"must_understand": true}`, `dosna.references: "manifest" is missing`},
		{"dosna.references", `{"must_understand": 1, "manifest": "references.2a.refs"}`, `dosna.references.must_understand: a JSON number`},
		{"dosna.references", `{"must_understand": true, "manifest": 5}`, `dosna.references.manifest: a JSON number`},
		{"dosna.references", `{"must_understand": true, "manifest": ""}`, `dosna.references.manifest: "" is no name`},
		{"dosna.references", `{"must_understand": true, "manifest": "../references.2a.refs"}`, `dosna.references.manifest: "../references`},
		{"dosna.references", `{"must_understand": true, "manifest": "references./../2a.refs"}`, `dosna.references.manifest: "references./`},
		{"dosna.references", `{"must_understand": true, "manifest": "references..refs"}`, `dosna.references.manifest: `},
		{"dosna.references", `{"must_understand": true, "manifest": "references.2a.refs", "x": 1}`, `dosna.references: unknown member "x"`},

		{"x", `1`, `unknown member "x"`},
		{"x", `null`, `unknown member "x"`},
		{"x", `{"must_understand": true}`, `unknown member "x"`},
		{"x", `{"must_understand": 0}`, `unknown member "x"`},
		{"x", `{"must_understand": null}`, `unknown member "x"`},
		{"x", `{"Must_Understand": false}`, `unknown member "x"`},
		{"x", `[{"must_understand": false}]`, `unknown member "x"`},
		{"Shape", `[4, 5]`, `unknown member "Shape"`},
		{"consolidated_metadata", `{"kind": "inline"}`, `unknown member "consolidated_metadata"`},
		{"x", `1, "x": 2`, `"x" is there twice`},
		{"chunk_grid", `{"name": "regular", "name": "regular"}`, `chunk_grid: "name" is there twice`},
	} {
		t.Run(c.member+" "+c.value[:min(len(c.value), 40)], func(t *testing.T) {
			doc, err := zarr.Parse(with(c.member, c.value))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, %v; want an error with %q", doc, err, c.want)
			}
		})
	}
}

func TestParseNotJSON(t *testing.T) {
	for text, want := range map[string]string{
		"":                                      "document: not JSON: line 1",
		"{\n\"zarr_format\": 3,\n,}":            "document: not JSON: line 3",
		"[]":                                    "document: [] is not a JSON object",
		"null":                                  "document: null is not a JSON object",
		"NaN":                                   "document: NaN is not a JSON object",
		"{} {}":                                 "document: not JSON: line 1",
		"\xef\xbb\xbf{}":                        "document: not JSON: line 1",
		`{"attributes": {NaN: 1}}`:              "document: not JSON: line 1",
		`{"attributes": {"a": 1NaN}}`:           "document: not JSON: line 1",
		`{"attributes": {"a": NaNNaN}}`:         "document: not JSON: line 1",
		`{"attributes": {"a": nan}}`:            "document: not JSON: line 1",
		`{"attributes": {"a": --Infinity}}`:     "document: not JSON: line 1",
		`{"attributes": {"a": "NaN` + "\n\"}}":  "document: not JSON: line 2",
		strings.Repeat(`{"a":`, 20000):          "document: not JSON: line 1",
		`{"zarr_format": 3, "zarr_format": 3 }`: `document: "zarr_format" is there twice`,
	} {
		if doc, err := zarr.Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.50q: got %v, %v; want an error with %q", text, doc, err, want)
		}
	}
}

// TestZeroLengthChunks: zarr-python writes them for an axis without elements.
func TestZeroLengthChunks(t *testing.T) {
	raw := strings.Replace(strings.Replace(string(with("", "")), "[4, 5]", "[0, 5]", 1), "[2, 3]", "[0, 3]", 1)
	a := checkStable(t, []byte(raw)).(*zarr.Array)
	if fmt.Sprint(a.Shape, a.Chunks) != "[0 5] [1 3]" {
		t.Errorf("shape %v, chunks %v", a.Shape, a.Chunks)
	}
}

func TestUnconsolidate(t *testing.T) {
	for value, want := range map[string]bool{`{"kind": "inline", "must_understand": false, "metadata": {}}`: true, `null`: false, ``: false} {
		head := checkStable(t, with("consolidated_metadata", value)).Head()
		if got := head.Unconsolidate(); got != want || len(head.Extra) != 0 || head.Unconsolidate() {
			t.Errorf("%q: %v, and %v is left", value, got, head.Extra)
		}
	}
}

func TestAttributes(t *testing.T) {
	const attrs = `{"s": "NaN", "n": NaN, "l": [Infinity,-Infinity , {"NaN": NaN}], "q": "\"NaN", "esc\\": 1, "big": 123456789012345678901234567890, "neg": -0, "exp": 1E+2}`
	doc := checkStable(t, with("attributes", attrs))
	const want = `{"big": json.Number(123456789012345678901234567890), "esc\\": json.Number(1), "exp": json.Number(1E+2), ` +
		`"l": [zarr.NonFinite(Infinity), zarr.NonFinite(-Infinity), {"NaN": zarr.NonFinite(NaN), }, ], ` +
		`"n": zarr.NonFinite(NaN), "neg": json.Number(-0), "q": "\"NaN", "s": "NaN", }`
	if got := show(map[string]any(doc.Head().Attrs)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if f := zarr.NegInfinity.Float64(); !math.IsInf(f, -1) {
		t.Errorf("-Infinity is %v", f)
	}
	if f := zarr.NaN.Float64(); !math.IsNaN(f) {
		t.Errorf("NaN is %v", f)
	}
	// Printing attributes as JSON works although they are not.
	if out, err := json.Marshal(doc.Head().Attrs["l"]); err != nil || string(out) != `["Infinity","-Infinity",{"NaN":"NaN"}]` {
		t.Errorf("%s %v", out, err)
	}
}

// TestMarshalGo: attributes that a program sets may be any Go value that JSON
// has a form for.
func TestMarshalGo(t *testing.T) {
	g := zarr.NewGroup(zarr.Attributes{
		"f": 0.1, "i": -5, "u": uint64(math.MaxUint64), "s": "<&>\u2028é", "nil": nil,
		"list": []float32{1, 2.5}, "struct": struct{ A, b int }{1, 2}, "map": map[string][]int{"x": {1}},
		"empty": map[string]any{}, "none": []any{}, "rows": []any{[]any{1, 2}, []any{"a"}}, "raw": json.RawMessage(`{"z":1,"a":2}`),
	})
	raw, err := g.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	const want = `{
  "zarr_format": 3,
  "node_type": "group",
  "attributes": {
    "empty": {},
    "f": 0.1,
    "i": -5,
    "list": [
      1,
      2.5
    ],
    "map": {
      "x": [
        1
      ]
    },
    "nil": null,
    "none": [],
    "raw": {
      "z": 1,
      "a": 2
    },
    "rows": [
      [1, 2],
      ["a"]
    ],
    "s": "<&>\u2028é",
    "struct": {
      "A": 1
    },
    "u": 18446744073709551615
  }
}
`
	if string(raw) != want {
		t.Errorf("got %s", raw)
	}
	checkStable(t, raw)
}

func TestMarshalBad(t *testing.T) {
	array := func(spoil func(*zarr.Array)) zarr.Document {
		a := &zarr.Array{
			Shape: []int{4}, Type: dtype.Int16, Chunks: []int{2}, Fill: []byte{0, 0}, Codecs: []codec.Spec{{Name: "bytes"}},
		}
		spoil(a)
		return a
	}
	group := func(attrs zarr.Attributes) zarr.Document { return zarr.NewGroup(attrs) }
	extra := func(name, raw string) zarr.Document {
		g := zarr.NewGroup(nil)
		g.Extra = map[string]json.RawMessage{name: json.RawMessage(raw)}
		return g
	}
	for want, doc := range map[string]zarr.Document{
		"shape: [-1] is negative":                  array(func(a *zarr.Array) { a.Shape = []int{-1} }),
		"chunk_shape: [] has 0 dimensions":         array(func(a *zarr.Array) { a.Chunks = nil }),
		"chunk_shape: [0] has a length below 1":    array(func(a *zarr.Array) { a.Chunks = []int{0} }),
		"data_type: none is given":                 array(func(a *zarr.Array) { a.Type = dtype.Type{} }),
		"fill_value: 0 bytes":                      array(func(a *zarr.Array) { a.Fill = nil }),
		"fill_value: 4 bytes":                      array(func(a *zarr.Array) { a.Fill = make([]byte, 4) }),
		"codecs: the list is empty":                array(func(a *zarr.Array) { a.Codecs = nil }),
		"codecs: bytes: not JSON":                  array(func(a *zarr.Array) { a.Codecs[0].Config = json.RawMessage("{") }),
		"dimension_names: 2 names for 1":           array(func(a *zarr.Array) { a.DimNames = []string{"a", "b"} }),
		"attributes: a: json: unsupported value":   group(zarr.Attributes{"a": math.NaN()}),
		"attributes: b: 1: c: json: unsupported":   group(zarr.Attributes{"b": []any{1, map[string]any{"c": make(chan int)}}}),
		`attributes: a: "nan" is not one of NaN`:   group(zarr.Attributes{"a": zarr.NonFinite("nan")}),
		`attributes: a: "NaN1" is not one of NaN`:  group(zarr.Attributes{"a": zarr.NonFinite("NaN1")}),
		"shape: not JSON":                          extra("shape", "{"),
		"attributes: an extra member":              extra("attributes", "{}"),
		"dosna.deleting: an extra member with the": extra("dosna.deleting", "{}"),
		"dosna.references: an extra member with":   extra("dosna.references", "{}"),
		"dosna.references.manifest: \"c/0\"":       array(func(a *zarr.Array) { a.References = "c/0" }),
		"dosna.references: Zarr v2 has nothing":    array(func(a *zarr.Array) { a.References, a.Format = "references.1.refs", 2 }),
	} {
		if raw, err := doc.Marshal(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %s %v, want an error with %q", raw, err, want)
		}
	}
}

// TestDeepNesting: a short text must not become a long one by its indentation.
func TestDeepNesting(t *testing.T) {
	const depth = 5000
	nested := strings.Repeat("[", depth) + strings.Repeat("]", depth)
	doc := checkStable(t, with("attributes", `{"a": `+nested+`}`))
	if raw, err := doc.Marshal(); err != nil || len(raw) > 100*depth {
		t.Errorf("%d bytes, %v", len(raw), err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"zarr_format": 3, "node_type": "group", "attributes": {"a": [NaN, -Infinity, "NaN", {"b": 1e5}]}, "x": {"must_understand": false}}`))
	f.Add(with("", ""))
	f.Add(with("dimension_names", `["", null]`))
	f.Add(with("dosna.deleting", `{}`))
	f.Add(with("dosna.references", `{"must_understand": true, "manifest": "references.2a.refs"}`))
	f.Add(with("data_type", `{"name": "structured", "configuration": {"fields": [["x", "int16"]]}}`))
	f.Add(with("codecs", `["bytes", {"name": "zstd", "configuration": {"level": 1e3, "x": [[], {}]}}]`))
	f.Add(with("chunk_key_encoding", `{"name": "v2", "configuration": {"separator": "/"}}`))
	f.Add(rectilinear("[6, 6, 6, 6, 6]", "[4, [1, 2, 3], [[4, 2]], [[1, 3], 3], [4, 4, 4]]"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if _, err := zarr.Parse(raw); err == nil {
			checkStable(t, raw)
		}
	})
}

// TestTypes: the types of the registry with their fill values, and that they are
// written as they were read, since readers differ in which name they know.
func TestTypes(t *testing.T) {
	const moment = `{"name": "numpy.datetime64", "configuration": {"unit": "ns", "scale_factor": 10}}`
	for _, c := range []struct{ typ, fill, want string }{
		{moment, `"NaT"`, "datetime64[10ns] 0000000000000080"},
		{moment, `5`, "datetime64[10ns] 0500000000000000"},
		{`{"name": "numpy.timedelta64", "configuration": {"unit": "s", "scale_factor": 1}}`, `-1`, "timedelta64[s] ffffffffffffffff"},
		{`{"name": "fixed_length_utf32", "configuration": {"length_bytes": 8}}`, `"é"`, "U2 e900000000000000"},
		{`{"name": "null_terminated_bytes", "configuration": {"length_bytes": 3}}`, `"YWI="`, "S3 616200"},
		{`{"name": "raw_bytes", "configuration": {"length_bytes": 2}}`, `"AAE="`, "V2 0001"},
		{`"r16"`, `[0, 1]`, "V2 0001"},
		{`"string"`, `"a\u00e9"`, "string 61c3a9"},
		{`{"name": "string"}`, `""`, "string "},
		{`"variable_length_bytes"`, `"YQ=="`, "variable_length_bytes 61"},
		{`"bytes"`, `""`, "variable_length_bytes "},
		{`"bfloat16"`, `1.5`, "bfloat16 c03f"},
		{`"complex_float32"`, `[1.0, -2.0]`, "complex64 0000803f000000c0"},
		{`{"name": "struct", "configuration": {"fields": [{"name": "x", "data_type": "int16"}, {"name": "y", "data_type": "bool"}]}}`,
			`{"x": 258, "y": true}`, "struct{x: int16, y: bool} 020101"},
		{`{"name": "structured", "configuration": {"fields": [["x", "int16"], ["y", "bool"]]}}`, `"AgEB"`, "struct{x: int16, y: bool} 020101"},
	} {
		raw := strings.Replace(string(with("data_type", c.typ)), `"fill_value": 7`, `"fill_value": `+c.fill, 1)
		a := checkStable(t, []byte(raw)).(*zarr.Array)
		if got := fmt.Sprintf("%s %x", a.Type, a.Fill); got != c.want {
			t.Errorf("%s %s: got %s, want %s", c.typ, c.fill, got, c.want)
		}
		out, err := a.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		var got, want struct {
			Type any `json:"data_type"`
			Fill any `json:"fill_value"`
		}
		if err := errors.Join(json.Unmarshal(out, &got), json.Unmarshal([]byte(raw), &want)); err != nil {
			t.Fatal(err)
		}
		if a.Type.Core() {
			want.Type = a.Type.Name()
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s %s is written as %v", c.typ, c.fill, got)
		}
		a.Fill = a.Type.Zero()
		if _, err := a.Marshal(); err != nil {
			t.Errorf("%s with another fill value: %v", c.typ, err)
		}
	}
	for typ, fill := range map[string]string{
		moment: `"now"`, `"string"`: `5`, `"bytes"`: `"%"`, `"r16"`: `[0]`, `"r15"`: `[0]`,
		`{"name": "fixed_length_utf32", "configuration": {"length_bytes": 4}}`: `"ab"`,
		`{"name": "fixed_length_utf32", "configuration": {"length_bytes": 5}}`: `"a"`,
		`{"name": "fixed_length_utf32"}`:                                       `"a"`,
		`{"name": "struct", "configuration": {"fields": []}}`:                  `{}`,
	} {
		raw := strings.Replace(string(with("data_type", typ)), `"fill_value": 7`, `"fill_value": `+fill, 1)
		if _, err := zarr.Parse([]byte(raw)); err == nil || !strings.HasPrefix(err.Error(), "fill_value: ") && !strings.HasPrefix(err.Error(), "data_type: ") {
			t.Errorf("%s %s: %v", typ, fill, err)
		}
	}
}
