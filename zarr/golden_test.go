package zarr_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/zarr"
)

var update = flag.Bool("update", false, "rewrite testdata/*.golden")

// TestGolden parses documents that others wrote (testdata/generate.py says how)
// and compares what was understood, and what is written back, with what it was
// when somebody last looked at it.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) < 8 {
		t.Fatalf("found only %v: %v", files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var got bytes.Buffer
			describe(t, &got, "", raw)
			golden := strings.TrimSuffix(file, ".json") + ".golden"
			if *update {
				if err := os.WriteFile(golden, got.Bytes(), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Bytes(), want) {
				t.Errorf("%s differs (accept it with go test -update):\n%s", golden, got.Bytes())
			}
		})
	}
}

// describe prints a document as it was parsed, and as it is written, and those
// that are consolidated in it.
func describe(t *testing.T, w *bytes.Buffer, name string, raw []byte) {
	t.Helper()
	doc := checkStable(t, raw)
	head := doc.Head()
	fmt.Fprintf(w, "-- %s --\n", name)
	if a, ok := doc.(*zarr.Array); ok {
		fmt.Fprintf(w, "%s %v in %v, keys %s like %s, fill %x (%s), names %q\n",
			a.Type, a.Shape, a.Chunks, a.Keys, a.Keys.Key(nil, a.Shape), a.Fill, a.Type.Format(a.Fill), a.DimNames)
		if a.Edges != nil {
			fmt.Fprintf(w, "chunk lengths %v\n", a.Edges)
		}
		if slices.Contains(codec.Names(), "blosc") || !strings.Contains(string(raw), "blosc") {
			if _, err := codec.Bind(a.Codecs, codec.Chunk{Shape: a.Chunks, Type: a.Type, Fill: a.Fill}); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	for _, n := range slices.Sorted(maps.Keys(head.Attrs)) {
		fmt.Fprintf(w, "attribute %s: %s\n", n, show(head.Attrs[n]))
	}
	extra := head.Extra["consolidated_metadata"]
	delete(head.Extra, "consolidated_metadata")
	out, err := doc.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	w.Write(out)
	if extra == nil || bytes.Contains(extra, []byte("NaN,")) {
		return // the latter is no JSON that this test could take apart
	}
	var inner struct {
		Metadata map[string]json.RawMessage `json:"metadata"`
	}
	if err := json.Unmarshal(extra, &inner); err != nil {
		t.Fatal(err)
	}
	for _, n := range slices.Sorted(maps.Keys(inner.Metadata)) {
		describe(t, w, n, inner.Metadata[n])
	}
}

// checkStable parses a document and checks that what is written of it is parsed
// to the same.
func checkStable(t testing.TB, raw []byte) zarr.Document {
	t.Helper()
	doc, err := zarr.Parse(raw)
	if err != nil {
		t.Fatalf("%s\n%v", raw, err)
	}
	out, err := doc.Marshal()
	if err != nil {
		t.Fatalf("%s\n%v", raw, err)
	}
	again, err := zarr.Parse(out)
	if err != nil {
		t.Fatalf("%v in what was written of\n%s\nwhich is\n%s", err, raw, out)
	}
	if got, want := text(again), text(doc); got != want {
		t.Errorf("parsed again: %s\nat first: %s", got, want)
	}
	out2, err := again.Marshal()
	if err != nil || !bytes.Equal(out, out2) {
		t.Errorf("written: %s\nand again: %s %v", out, out2, err)
	}
	return doc
}

// text shows all of a document, JSON without its spaces.
func text(doc zarr.Document) string {
	var b strings.Builder
	head := doc.Head()
	fmt.Fprintf(&b, "%T %s %v", doc, show(map[string]any(head.Attrs)), head.Deleting)
	for _, n := range slices.Sorted(maps.Keys(head.Extra)) {
		fmt.Fprintf(&b, " %q:%s", n, head.Extra[n])
	}
	if a, ok := doc.(*zarr.Array); ok {
		fmt.Fprintf(&b, " %v %v %v %v %v %x %q", a.Shape, a.Type, a.Chunks, a.Edges, a.Keys, a.Fill, a.DimNames)
		for _, c := range a.Codecs {
			var config any
			if len(c.Config) > 0 && json.Unmarshal(c.Config, &config) != nil {
				config = string(c.Config)
			}
			fmt.Fprintf(&b, " %s:%s", c.Name, show(config))
		}
	}
	return b.String()
}

// show prints a value with the types that attributes have.
func show(v any) string {
	switch v := v.(type) {
	case map[string]any:
		var b strings.Builder
		for _, n := range slices.Sorted(maps.Keys(v)) {
			fmt.Fprintf(&b, "%q: %s, ", n, show(v[n]))
		}
		return "{" + b.String() + "}"
	case []any:
		var b strings.Builder
		for _, e := range v {
			b.WriteString(show(e) + ", ")
		}
		return "[" + b.String() + "]"
	case string:
		return strconv.Quote(v)
	}
	return fmt.Sprintf("%T(%v)", v, v)
}
