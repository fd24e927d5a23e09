package dosna_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/memstore"
)

// goodDocuments are documents with every member that is understood.
var goodDocuments = map[string]string{
	"array": `{
  "zarr_format": 3, "node_type": "array", "shape": [6, 5], "data_type": "int16",
  "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [2, 4]}},
  "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
  "fill_value": 7,
  "codecs": [
    {"name": "transpose", "configuration": {"order": [1, 0]}},
    {"name": "bytes", "configuration": {"endian": "little"}},
    {"name": "zstd", "configuration": {"level": 3, "checksum": false}},
    {"name": "crc32c"}],
  "dimension_names": ["y", "x"], "storage_transformers": [], "attributes": {"a": 1, "nested": {"b": [2]}},
  "dosna.cut": {"must_understand": false}
}`,
	"edges": `{
  "zarr_format": 3, "node_type": "array", "shape": [6, 5], "data_type": "uint8",
  "chunk_grid": {"name": "rectilinear", "configuration": {"kind": "inline", "chunk_shapes": [[[1, 3], 2, 4], 4]}},
  "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
  "fill_value": 7, "codecs": [{"name": "bytes"}, {"name": "crc32c"}], "attributes": {}
}`,
	"shards": `{
  "zarr_format": 3, "node_type": "array", "shape": [8], "data_type": {"name": "complex64"},
  "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [4]}},
  "chunk_key_encoding": {"name": "v2", "configuration": {"separator": "."}},
  "fill_value": ["NaN", 0.5],
  "codecs": [{"name": "sharding_indexed", "configuration": {
    "chunk_shape": [2],
    "codecs": [
      {"name": "bytes", "configuration": {"endian": "big"}},
      {"name": "blosc", "configuration": {"cname": "lz4", "clevel": 5, "shuffle": "shuffle", "typesize": 4, "blocksize": 0}}],
    "index_codecs": [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "crc32c"}],
    "index_location": "end"}}],
  "attributes": {}
}`,
	"gzip": `{
  "zarr_format": 3, "node_type": "array", "shape": [], "data_type": "bool",
  "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": []}},
  "chunk_key_encoding": "default", "fill_value": false,
  "codecs": ["bytes", {"name": "gzip", "configuration": {"level": 6}}]
}`,
	"group":    `{"zarr_format": 3, "node_type": "group", "attributes": {"a": 1}, "consolidated_metadata": null}`,
	"marked":   `{"zarr_format": 3, "node_type": "group", "dosna.deleting": {"must_understand": true}}`,
	"unmarked": `{"zarr_format": 3, "node_type": "group", "x.y": {"must_understand": false, "z": 1}}`,
}

// place is a value in a document: the names and numbers that lead to it.
type place []any

func (p place) String() string {
	var b strings.Builder
	for _, step := range p {
		if name, ok := step.(string); ok {
			b.WriteString("." + name)
		} else {
			fmt.Fprintf(&b, "[%d]", step)
		}
	}
	return strings.TrimPrefix(b.String(), ".")
}

// places lists every value in a document.
func places(v any, at place) []place {
	var all []place
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			below := append(slices.Clone(at), name)
			all = append(append(all, below), places(inner, below)...)
		}
	case []any:
		for i, inner := range v {
			below := append(slices.Clone(at), i)
			all = append(append(all, below), places(inner, below)...)
		}
	}
	return all
}

// with returns a document in which a text stands at a place; none: there is nothing.
func with(t testing.TB, doc string, at place, text string) string {
	t.Helper()
	const token = "here it is to be"
	var v any
	d := json.NewDecoder(strings.NewReader(doc))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	above := v
	for _, step := range at[:len(at)-1] {
		if name, ok := step.(string); ok {
			above = above.(map[string]any)[name]
		} else {
			above = above.([]any)[step.(int)]
		}
	}
	if name, ok := at[len(at)-1].(string); ok {
		above.(map[string]any)[name] = token
		if text == "" {
			delete(above.(map[string]any), name)
		}
	} else {
		above.([]any)[at[len(at)-1].(int)] = token
	}
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Replace(string(raw), strconv.Quote(token), text, 1)
}

// was returns the text of what stands at a place.
func was(t testing.TB, doc string, at place) string {
	t.Helper()
	var v any
	d := json.NewDecoder(strings.NewReader(doc))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	for _, step := range at {
		if name, ok := step.(string); ok {
			v = v.(map[string]any)[name]
		} else {
			v = v.([]any)[step.(int)]
		}
	}
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// wrongValues are put in every place of every document in turn.
var wrongValues = map[string]string{
	"null": "null", "true": "true", "text": `"nonsense"`, "empty": `""`, "list": "[]", "object": "{}", "lists": `[[[]]]`, "one": `[1]`,
	"zero": "0", "negative": "-1", "fraction": "1.5", "2^62": "4611686018427387904", "2^63": "9223372036854775808", "2^64": "18446744073709551616", "1e400": "1e400",
	"deep":        strings.Repeat(`[`, 20_000) + strings.Repeat(`]`, 20_000),
	"long":        `[` + strings.Repeat(`1,`, 1<<19) + `1]`,
	"bad UTF-8":   "\"\xff\xfe\"",
	"NUL":         `"\u0000"`,
	"named":       `{"name": "nonsense"}`,
	"unknown":     `{"name": "regular", "configuration": {"nonsense": 1}}`,
	"must":        `{"must_understand": true}`,
	"not JSON":    `nonsense`,
	"nothing":     ` `,
	"half a text": `"`,
}

// accepted are wrong values that are none: the place, without its numbers, and what
// may stand there. Everything below attributes is the user's own.
var accepted = map[string]string{
	"attributes":                                          "missing, null, object, named, unknown, must",
	"chunk_key_encoding.configuration":                    "missing, object",
	"chunk_key_encoding.configuration.separator":          "missing, null",
	"codecs.configuration":                                "missing, null, object", // a level of zstd may be left out
	"codecs.configuration.order":                          "zero",                  // in the place of 0
	"codecs.configuration.checksum":                       "missing, null, true",
	"codecs.configuration.level":                          "missing, negative, null, zero", // of zstd
	"codecs.configuration.chunk_shape":                    "one",
	"codecs.configuration.index_location":                 "missing, null",
	"codecs.configuration.codecs.configuration.blocksize": "missing, null, zero",
	"codecs.configuration.codecs.configuration.clevel":    "zero",
	"codecs.configuration.codecs.configuration.typesize":  "2^62",      // blosc takes what it cannot use for 1
	"chunk_grid.configuration.chunk_shape":                "list, one", // of an array without axes
	"consolidated_metadata":                               "missing, null",
	"dimension_names":                                     "missing, null, NUL, empty, text",
	"dosna.cut":                                           "missing, other case",
	"dosna.cut.must_understand":                           "unknown beside, other case",
	"dosna.deleting":                                      "missing, object, must",
	"dosna.deleting.must_understand":                      "missing, null, true",
	"fill_value":                                          "zero, negative, fraction, true, 2^62, 2^63, 2^64", // as the type allows
	"shape":                                               "zero, list, one",
	"storage_transformers":                                "missing, null, list",
	"x.y":                                                 "missing, other case",
	"x.y.must_understand":                                 "unknown beside, other case",
}

func mayStand(at place, wrong string) bool {
	path := strings.Map(func(r rune) rune {
		if strings.ContainsRune("[]0123456789", r) {
			return -1
		}
		return r
	}, at.String())
	if strings.HasPrefix(path, "attributes.") || path == "x.y.z" {
		return true
	}
	return slices.Contains(strings.Split(accepted[path], ", "), wrong)
}

// brokenText are the wrong values that leave no JSON to name a member of.
var brokenText = []string{"bad UTF-8", "not JSON", "nothing", "half a text", "deep"}

// TestEveryMemberWrong puts every wrong value in every place of every document:
// an error that names the document and the member, or one of the few that are
// accepted.
func TestEveryMemberWrong(t *testing.T) {
	const key = "x/zarr.json"
	s := memstore.New()
	c := open(t, s, dosna.Options{})
	refused := 0
	for doc, text := range goodDocuments {
		var v any
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			t.Fatal(err)
		}
		for _, at := range places(v, nil) {
			for wrong, bad := range spoiled(t, text, at) {
				if _, err := s.Put(ctx, key, [][]byte{[]byte(bad)}, store.Cond{}); err != nil {
					t.Fatal(err)
				}
				_, err := c.Open(ctx, "x")
				broken := slices.Contains(brokenText, wrong)
				named := at[0].(string)
				switch {
				case broken:
					named = "document: not"
				case wrong == "unknown beside":
					named = "nonsense"
				case wrong == "other case": // as missing, or as unknown
					named = at[len(at)-1].(string)
				}
				switch {
				case !broken && mayStand(at, wrong):
				case err == nil:
					t.Errorf("%s: %s: %s: accepted", doc, at, wrong)
				case errors.Is(err, dosna.ErrNotExist):
					t.Errorf("%s: %s: %s: taken for a node that is not there", doc, at, wrong)
				case !strings.Contains(err.Error(), key) || !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(named)):
					t.Errorf("%s: %s: %s: the error names neither: %.200v", doc, at, wrong, err)
				case len(err.Error()) > 1000:
					t.Errorf("%s: %s: %s: an error of %d bytes", doc, at, wrong, len(err.Error()))
				default:
					refused++
				}
			}
		}
	}
	if refused < 2000 {
		t.Errorf("only %d documents were refused", refused)
	}
}

// spoiled returns documents in which something wrong stands at a place.
func spoiled(t testing.TB, text string, at place) map[string]string {
	const here = `"here it is to be"`
	bad := map[string]string{}
	frame, old := with(t, text, at, here), was(t, text, at)
	for wrong, value := range wrongValues {
		if wrong == "long" && (testing.Short() || len(at) > 1) {
			continue
		}
		bad[wrong] = strings.Replace(frame, here, value, 1)
	}
	if _, ok := at[len(at)-1].(int); ok {
		delete(bad, "nothing") // an empty list
	}
	if name, ok := at[len(at)-1].(string); ok {
		bad["missing"] = with(t, text, at, "")
		bad["twice"] = strings.Replace(frame, here, fmt.Sprintf("%s, %q: %s", old, name, old), 1)
		bad["unknown beside"] = strings.Replace(frame, here, old+`, "nonsense": 1`, 1)
		bad["other case"] = strings.Replace(frame, fmt.Sprintf("%q:%s", name, here), fmt.Sprintf("%q:%s", strings.ToUpper(name), old), 1)
	}
	return bad
}

// TestLargeDocuments: memory in proportion to the document, which is read up to a
// limit; no document however large makes more of it.
func TestLargeDocuments(t *testing.T) {
	n := 256 << 10
	if *scale == "full" {
		n = 100 << 20
	}
	many := func(item string) string {
		var b strings.Builder
		for i := 0; b.Len() < n; i++ {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(strings.ReplaceAll(item, "#", strconv.Itoa(i)))
		}
		return b.String()
	}
	group := func(more string) string { return `{"zarr_format": 3, "node_type": "group", ` + more + `}` }
	for name, c := range map[string]struct {
		doc   string
		opens bool
	}{
		"attributes":      {group(`"attributes": {` + many(`"a#": #`) + `}`), true},
		"a long text":     {group(`"attributes": {"a": "` + strings.Repeat("x", n) + `"}`), true},
		"lists in lists":  {group(`"attributes": {"a": [` + many(`[[[]]]`) + `]}`), true},
		"consolidated":    {group(`"consolidated_metadata": {"must_understand": false, "kind": "inline", "metadata": {` + many(`"a#": {"zarr_format": 3}`) + `}}`), true},
		"ignored members": {group(many(`"a#": {"must_understand": false}`)), true},
		"unknown members": {group(many(`"a#": 1`)), false},
		"a long shape":    {arrayDoc("["+many("1")+"]", "[1]", rawCodec), false},
		"many codecs":     {arrayDoc("[1]", "[1]", many(`"bytes"`)), false},
		"a long name":     {arrayDoc("[1]", "[1]", `"`+strings.Repeat("x", n)+`"`), false},
		"not closed":      {group(`"attributes": {` + many(`"a#": #`)), false},
		"spaces":          {strings.Repeat(" ", n) + groupDoc, true},
	} {
		s := memstore.New()
		conn := open(t, s, dosna.Options{})
		if _, err := s.Put(ctx, "x/zarr.json", [][]byte{[]byte(c.doc)}, store.Cond{}); err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := conn.Open(ctx, "x")
		runtime.ReadMemStats(&after)
		if (err == nil) != c.opens {
			t.Errorf("%s: %.200v", name, err)
		}
		if err != nil && (!strings.Contains(err.Error(), "x/zarr.json") || len(err.Error()) > 1000) {
			t.Errorf("%s: an error of %d bytes: %.200v", name, len(err.Error()), err)
		}
		perByte := float64(after.TotalAlloc-before.TotalAlloc) / float64(len(c.doc))
		t.Logf("%s: %d bytes for each", name, int(perByte))
		if perByte > 100 {
			t.Errorf("%s: %.0f bytes were allocated for each of the document's", name, perByte)
		}
	}
	dir := testenv.ScratchDir(t)
	c := create(t, dir)
	put(t, dir, "x/zarr.json", "{")
	if err := os.Truncate(dir+"/x/zarr.json", 1<<40); err != nil { // a file with a hole
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := c.Open(ctx, "x")
	runtime.ReadMemStats(&after)
	if !errors.Is(err, store.ErrTooLarge) || after.TotalAlloc-before.TotalAlloc > 1<<20 {
		t.Errorf("a document beyond the limit: %v, %d bytes allocated", err, after.TotalAlloc-before.TotalAlloc)
	}
}
