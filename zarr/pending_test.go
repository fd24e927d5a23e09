package zarr_test

import (
	"fmt"
	"testing"

	"github.com/dosna/dosna/zarr"
)

// TestPending takes copies out of sight and reads them again, in documents of both
// formats.
func TestPending(t *testing.T) {
	for _, format := range []int{2, 3} {
		read := func(raw []byte) *zarr.Header {
			if format == 2 {
				return stableV2(t, zarr.GroupKey, raw, nil).Head()
			}
			return checkStable(t, raw).Head()
		}
		g, below := zarr.NewGroup(nil), zarr.NewGroup(nil)
		if format == 2 {
			g.Format, below.Format = 2, 2
		}
		if g.IsPending() || g.Pending() != nil || g.Pending().Has("a") {
			t.Fatalf("v%d: without any: %v", format, g.Pending())
		}
		copies := zarr.NewConsolidated(format)
		if err := copies.Set("x", below); err != nil {
			t.Fatal(err)
		}
		p := &zarr.Pending{Copies: copies}
		if !p.Add("a") || !p.Add("b") || p.Add("a") {
			t.Errorf("v%d: %v", format, p.By)
		}
		if err := g.SetPending(p); err != nil {
			t.Fatal(err)
		}
		got := read(marshal(t, g)).Pending()
		if got == nil || fmt.Sprint(got.By) != "[a b]" || got.Copies == nil || !got.Copies.Equal(copies) {
			t.Fatalf("v%d: read back: %v", format, got)
		}
		if got.Leave("a") || got.Has("a") || got.Last != "a" || !got.At() || !got.Has("b") || !got.Leave("b") || got.At() {
			t.Errorf("v%d: %v", format, got.By)
		}
		got.Copies = nil
		if err := g.SetPending(got); err != nil {
			t.Fatal(err)
		}
		if got := read(marshal(t, g)).Pending(); got == nil || got.At() || got.Last != "b" || got.Copies != nil {
			t.Errorf("v%d: nobody is at it: %v", format, got)
		}
		if err := g.SetPending(&zarr.Pending{By: []string{"c"}}); err != nil {
			t.Fatal(err)
		}
		if got := read(marshal(t, g)).Pending(); got == nil || got.Copies != nil || !got.Has("c") {
			t.Errorf("v%d: lost copies: %v", format, got)
		}
		other := zarr.NewConsolidated(format) // what is pending is not copied
		if err := other.Set("g", g); err != nil {
			t.Fatal(err)
		}
		if doc, err := other.Document("g"); err != nil || doc.Head().IsPending() || !g.IsPending() {
			t.Errorf("v%d: %v %v", format, doc, err)
		}
		if err := g.SetPending(nil); err != nil || g.IsPending() || read(marshal(t, g)).IsPending() {
			t.Errorf("v%d: %v %v", format, g.Extra, err)
		}
	}
}

// TestPendingBad: what makes no sense keeps copies from ever coming back.
func TestPendingBad(t *testing.T) {
	for member, want := range map[string]string{
		`{"must_understand": false}`:                                "[?] <nil>",
		`{"must_understand": false, "by": "me"}`:                    "[?] <nil>",
		`{"must_understand": false, "by": ["me"], "copies": 5}`:     "[me] <nil>",
		`{"must_understand": false, "by": ["me"], "copies": null}`:  "[me] <nil>",
		`{"must_understand": false, "by": [], "copies": {"a": {}}}`: "[] <nil>",
	} {
		doc, err := zarr.Parse([]byte(`{"zarr_format": 3, "node_type": "group", "dosna.consolidating": ` + member + `}`))
		if err != nil {
			t.Fatal(err)
		}
		if p := doc.Head().Pending(); p == nil || fmt.Sprint(p.By, " ", p.Copies) != want {
			t.Errorf("%s: %v, want %s", member, p, want)
		}
	}
	doc, err := zarr.ParseV2(zarr.GroupKey, []byte(`{"zarr_format": 2, "dosna.consolidating": 5}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	if p := doc.Head().Pending(); !p.Has("?") {
		t.Errorf("%v", p)
	}
}

func FuzzPending(f *testing.F) {
	f.Add([]byte(`{"must_understand": false, "by": ["a", "b"], "copies": {"kind": "inline", "must_understand": false, "metadata": {"a": {}}}}`), 3)
	f.Add([]byte(`{"by": [], "copies": {"zarr_consolidated_format": 1, "metadata": {".zgroup": {"zarr_format": 2}}}}`), 2)
	f.Add([]byte(`{"by": [null], "copies": 5}`), 2)
	f.Fuzz(func(t *testing.T, member []byte, format int) {
		read := func(member []byte) (zarr.Document, error) {
			if format == 2 {
				return zarr.ParseV2(zarr.GroupKey, fmt.Appendf(nil, `{"zarr_format": 2, "dosna.consolidating": %s}`, member), nil)
			}
			return zarr.Parse(fmt.Appendf(nil, `{"zarr_format": 3, "node_type": "group", "dosna.consolidating": %s}`, member))
		}
		doc, err := read(member)
		if err != nil || !doc.Head().IsPending() {
			return
		}
		p := doc.Head().Pending()
		p.Add("me")
		if err := doc.Head().SetPending(p); err != nil {
			t.Fatalf("%s: %v", member, err)
		}
		again := doc.Head().Pending()
		if !again.Has("me") || fmt.Sprint(again.By) != fmt.Sprint(p.By) || (again.Copies == nil) != (p.Copies == nil) {
			t.Fatalf("%s: %v, then %v", member, p, again)
		}
	})
}

// TestReadyKey: nothing that a document says leads out of the folder of its group.
func TestReadyKey(t *testing.T) {
	for by, want := range map[string]string{"aZ09": ".zmetadata.aZ09", "": "", ".": "", "a/b": "", "../a": "", "é": ""} {
		if got := zarr.ReadyKey(by); got != want || zarr.IsMetadata(".zmetadata."+by) != (want != "") {
			t.Errorf("%q: %q, want %q", by, got, want)
		}
	}
}
