package zarr_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/dosna/dosna/zarr"
)

const (
	groupV3 = `{"zarr_format": 3, "node_type": "group", "attributes": {"a": 1}}`
	groupV2 = `{"zarr_format": 2}`
)

// consolidatedV3 is a group with copies of the documents below.
func consolidatedV3(t testing.TB, member string) *zarr.Header {
	t.Helper()
	doc, err := zarr.Parse([]byte(`{"zarr_format": 3, "node_type": "group", "consolidated_metadata": ` + member + `}`))
	if err != nil {
		t.Fatal(err)
	}
	return doc.Head()
}

func TestConsolidated(t *testing.T) {
	v3, err := consolidatedV3(t, `{"kind": "inline", "must_understand": false, "metadata": {
		"a": `+groupV3+`, "a/x": `+string(with("", ""))+`, "a/y": `+groupV3+`, "b": `+groupV3+`, "bad": {"zarr_format": 4}}}`).Consolidated()
	if err != nil {
		t.Fatal(err)
	}
	v2, err := zarr.ParseConsolidated([]byte(`{"zarr_consolidated_format": 1, "metadata": {
		".zgroup": ` + groupV2 + `, "a/.zgroup": ` + groupV2 + `, "a/.zattrs": {"a": 1}, "a/x/.zarray": ` + string(withV2()) + `,
		"a/y/.zgroup": ` + groupV2 + `, "b/.zgroup": ` + groupV2 + `, "bad/.zgroup": 5, "lost/.zattrs": {}}}`))
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range []*zarr.Consolidated{v3, v2} {
		for path, want := range map[string]string{"": "[a b bad]", "a": "[x y]", "a/x": "[]", "b": "[]", "none": "[]"} {
			if got := fmt.Sprint(c.Names(path)); got != want {
				t.Errorf("%d: below %q there are %s, want %s", i, path, got, want)
			}
		}
		if doc, err := c.Document("a/x"); err != nil || fmt.Sprint(doc.(*zarr.Array).Shape) != "[4 5]" {
			t.Errorf("%d: %v %v", i, doc, err)
		}
		doc, err := c.Document("a")
		if err != nil || fmt.Sprint(doc.Head().Attrs["a"]) != "1" {
			t.Errorf("%d: %v %v", i, doc, err)
		}
		if _, err := c.Document("bad"); err == nil || errors.Is(err, zarr.ErrNoCopy) {
			t.Errorf("%d: a bad copy: %v", i, err)
		}
		for _, path := range []string{"lost", "x", "a/"} {
			if _, err := c.Document(path); !errors.Is(err, zarr.ErrNoCopy) {
				t.Errorf("%d: %s: %v", i, path, err)
			}
		}
		doc.Head().Attrs["a"] = 2
		if err := c.Set("c", doc); err != nil {
			t.Fatal(err)
		}
		c.Remove("a", true)
		c.Remove("bad", false)
		if got := fmt.Sprint(c.Names(""), c.Names("a")); got != "[b c] []" {
			t.Errorf("%d: left are %s", i, got)
		}
		if doc, err := c.Document("c"); err != nil || fmt.Sprint(doc.Head().Attrs["a"]) != "2" {
			t.Errorf("%d: %v %v", i, doc, err)
		}
	}
	if err := v3.Set("x", parsedV2(t)); err == nil {
		t.Error("a group of Zarr v2 among copies of v3")
	}
	if err := v2.Set("x", zarr.NewGroup(nil)); err == nil {
		t.Error("a group of Zarr v3 among copies of v2")
	}

	// as they are written
	raw, err := v2.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if again, err := zarr.ParseConsolidated(raw); err != nil || fmt.Sprint(again.Names("")) != "[b c]" {
		t.Errorf("%s: %v", raw, err)
	}
	g := zarr.NewGroup(nil)
	if err := g.Consolidate(v3); err != nil {
		t.Fatal(err)
	}
	doc := checkStable(t, marshal(t, g))
	if !doc.Head().HasConsolidated() {
		t.Errorf("%v", doc.Head().Extra)
	}
	if again, err := doc.Head().Consolidated(); err != nil || fmt.Sprint(again.Names("")) != "[b c]" {
		t.Errorf("%v", err)
	}
	// copies in a copied group, and marks, do not come along
	other := zarr.NewConsolidated(3)
	if err := other.Set("g", doc); err != nil {
		t.Fatal(err)
	}
	if got, err := other.Document("g"); err != nil || len(got.Head().Extra) != 0 || len(doc.Head().Extra) != 1 {
		t.Errorf("%v %v", got, err)
	}
}

func parsedV2(t testing.TB) zarr.Document {
	t.Helper()
	return stableV2(t, zarr.GroupKey, []byte(groupV2), nil)
}

func marshal(t testing.TB, doc zarr.Document) []byte {
	t.Helper()
	raw, err := doc.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestConsolidatedBad(t *testing.T) {
	for member, want := range map[string]string{
		`{"must_understand": false}`:                                                   `"kind" is missing`,
		`{"must_understand": false, "kind": "outline", "metadata": {}}`:                `kind: "outline"`,
		`{"must_understand": false, "kind": 5, "metadata": {}}`:                        `kind: a JSON number`,
		`{"must_understand": false, "kind": "inline"}`:                                 `"metadata" is missing`,
		`{"must_understand": false, "kind": "inline", "metadata": []}`:                 `metadata: [] is not a JSON object`,
		`{"must_understand": false, "kind": "inline", "metadata": null}`:               `metadata: null is not a JSON object`,
		`{"must_understand": false, "kind": "inline", "metadata": {"a": {}, "a": {}}}`: `"a" is there twice`,
	} {
		if c, err := consolidatedV3(t, member).Consolidated(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v %v", member, c, err)
		}
	}
	for raw, want := range map[string]string{
		``: "not JSON", `[]`: "not a JSON object", `{"metadata": {}}`: `"zarr_consolidated_format" is missing`,
		`{"zarr_consolidated_format": 2, "metadata": {}}`: "zarr_consolidated_format: 2", `{"zarr_consolidated_format": 1}`: `"metadata" is missing`,
		`{"zarr_consolidated_format": 1, "metadata": 5}`: "metadata: 5 is not",
	} {
		if c, err := zarr.ParseConsolidated([]byte(raw)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v %v", raw, c, err)
		}
	}
	if c, err := zarr.NewGroup(nil).Consolidated(); c != nil || err != nil {
		t.Errorf("without copies: %v %v", c, err)
	}
}

func FuzzConsolidated(f *testing.F) {
	f.Add([]byte(`{"zarr_consolidated_format": 1, "metadata": {".zgroup": {"zarr_format": 2}, "a//b/.zgroup": {}, "/.zarray": 5, "../x/.zgroup": {"zarr_format": 2}}}`))
	f.Add([]byte(`{"zarr_format": 3, "node_type": "group", "consolidated_metadata": {"must_understand": false, "kind": "inline", "metadata": {"": 5, "a": ` + groupV3 + `, "a/": {}}}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := zarr.ParseConsolidated(raw)
		if err != nil {
			doc, err := zarr.Parse(raw)
			if err != nil {
				return
			}
			if c, err = doc.Head().Consolidated(); err != nil || c == nil {
				return
			}
		}
		for _, name := range c.Names("") {
			_, _ = c.Document(name)
			_ = c.Names(name)
		}
	})
}
