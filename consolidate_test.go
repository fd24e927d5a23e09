package dosna_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/memstore"
	"github.com/dosna/dosna/zarr"
)

// silent is a store that cannot list.
type silent struct{ *hooked }

func (s silent) List(context.Context, store.ListOptions) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		yield(store.Info{}, &store.Error{Op: "list", Store: "silent", Err: errors.ErrUnsupported})
	}
}

// grown returns a tree of some nodes.
func grown(t testing.TB, s store.Store, format int) *dosna.Connection {
	t.Helper()
	c := open(t, s, dosna.Options{Format: format})
	for _, path := range []string{"a/x", "a/deep/y", "b/z"} {
		d, err := c.CreateDataset(ctx, path, dosna.DatasetSpec{Shape: []int{4}, Type: dtype.Uint8, Chunks: []int{2}, Attrs: dosna.Attributes{"of": path}})
		if err != nil {
			t.Fatal(err)
		}
		write(t, d, ":", 1)
	}
	return c
}

// walked lists what a walk finds.
func walkedText(t testing.TB, c *dosna.Connection, path string) string {
	t.Helper()
	g, err := c.OpenGroup(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for n, err := range g.Walk(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		text := n.Path()
		if d, ok := n.(*dosna.Dataset); ok {
			text += fmt.Sprint(d.Shape(), d.Attrs())
		} else if a := n.Attrs(); len(a) > 0 {
			text += fmt.Sprint(a)
		}
		all = append(all, text)
	}
	return strings.Join(all, " ")
}

// TestWalkWithoutListing: a tree in a store that cannot list is walked by its
// consolidated metadata, with the requests for that alone.
func TestWalkWithoutListing(t *testing.T) {
	for _, format := range []int{3, 2} {
		below := memstore.New()
		direct := grown(t, below, format)
		h := silent{&hooked{Store: below}}
		c, err := dosna.OpenStore(ctx, h, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := rootGroup(t, c).Names(ctx); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("v%d: without consolidated metadata: %v", format, err)
		}
		if err := rootGroup(t, direct).Consolidate(ctx); err != nil {
			t.Fatal(err)
		}
		root := rootGroup(t, c)
		h.reset()
		n := 0
		for _, err := range root.Walk(ctx) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		if gets := h.count(""); n != 6 || gets > 5 || format == 3 && gets != 1 {
			t.Errorf("v%d: %d nodes by %d requests, %v", format, n, gets, h.ops)
		}
		for _, path := range []string{"", "a", "a/deep", "b"} {
			if got, want := walkedText(t, c, path), walkedText(t, direct, path); got != want {
				t.Errorf("v%d: below %q: got %s, want %s", format, path, got, want)
			}
		}
		d := dataset(t, c, "a/deep/y")
		if got := fmt.Sprint(read(t, d, ":")); got != "[1 1 1 1]" {
			t.Errorf("v%d: %s", format, got)
		}
		// one that may write asks for the documents themselves
		w, err := dosna.OpenStore(ctx, h, &dosna.Options{Mode: dosna.ReadWrite})
		if err != nil {
			t.Fatal(err)
		}
		h.reset()
		if got, want := walkedText(t, w, "a"), walkedText(t, direct, "a"); got != want || h.count("get a/x/") == 0 {
			t.Errorf("v%d: got %s, want %s, by %v", format, got, want, h.ops)
		}
	}
}

// copies returns what the consolidated metadata of a group say, nil if there is none.
func copiesIn(t testing.TB, s store.Store, group string, format int) map[string]string {
	t.Helper()
	var c *zarr.Consolidated
	if format == 2 {
		raw, _, err := s.Get(ctx, strings.TrimPrefix(group+"/.zmetadata", "/"), store.GetOptions{}, nil)
		if errors.Is(err, dosna.ErrNotExist) {
			return nil
		}
		if err != nil {
			t.Fatal(err)
		}
		if c, err = zarr.ParseConsolidated(raw); err != nil {
			t.Fatal(err)
		}
	} else {
		doc, err := zarr.Parse([]byte(value(t, s, strings.TrimPrefix(group+"/zarr.json", "/"))))
		if err != nil {
			t.Fatal(err)
		}
		if c, err = doc.Head().Consolidated(); err != nil {
			t.Fatal(err)
		}
		if c == nil {
			return nil
		}
	}
	all := map[string]string{}
	if format == 2 { // its own documents are among them
		doc, err := c.Document("")
		if err != nil {
			t.Fatal(err)
		}
		all["."] = describeDoc(doc)
	}
	var down func(path string)
	down = func(path string) {
		for _, name := range c.Names(path) {
			at := strings.TrimPrefix(path+"/"+name, "/")
			doc, err := c.Document(at)
			if err != nil {
				t.Fatalf("%s: %v", at, err)
			}
			all[at] = describeDoc(doc)
			down(at)
		}
	}
	down("")
	return all
}

func describeDoc(doc zarr.Document) string {
	text := fmt.Sprint(doc.Head().Attrs)
	if a, ok := doc.(*zarr.Array); ok {
		text += fmt.Sprint(a.Shape)
	}
	return text
}

// lies compares the copies of a group with what there is.
func lies(t testing.TB, s store.Store, group string, format int) string {
	t.Helper()
	have := copiesIn(t, s, group, format)
	if have == nil {
		return ""
	}
	c, err := dosna.OpenStore(ctx, s, nil)
	if err != nil {
		t.Fatal(err)
	}
	g, err := c.OpenGroup(ctx, group)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	if format == 2 {
		want["."] = fmt.Sprint(g.Attrs())
	}
	for n, err := range g.Walk(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		text := fmt.Sprint(n.Attrs())
		if d, ok := n.(*dosna.Dataset); ok {
			text += fmt.Sprint(d.Shape())
		}
		want[strings.TrimPrefix(strings.TrimPrefix(n.Path(), "/"+group), "/")] = text
	}
	if !maps.Equal(have, want) {
		return fmt.Sprintf("the copies say %v\nand there are   %v", have, want)
	}
	return ""
}

// treeChanges are those that consolidated metadata has to follow.
var treeChanges = map[string]func(c *dosna.Connection) error{
	"attributes": func(c *dosna.Connection) error {
		d, err := c.OpenDataset(ctx, "a/x")
		if err != nil {
			return err
		}
		return d.UpdateAttrs(ctx, func(a dosna.Attributes) error { a["new"] = 1; return nil })
	},
	"group attributes": func(c *dosna.Connection) error {
		g, err := c.OpenGroup(ctx, "a/deep")
		if err != nil {
			return err
		}
		return g.UpdateAttrs(ctx, func(a dosna.Attributes) error { a["new"] = 1; return nil })
	},
	"attributes of the group with the copies": func(c *dosna.Connection) error {
		g, err := c.OpenGroup(ctx, "a")
		if err != nil {
			return err
		}
		return g.UpdateAttrs(ctx, func(a dosna.Attributes) error { a["new"] = 1; return nil })
	},
	"resize": func(c *dosna.Connection) error {
		d, err := c.OpenDataset(ctx, "a/x")
		if err != nil {
			return err
		}
		return d.Resize(ctx, []int{7})
	},
	"create": func(c *dosna.Connection) error {
		_, err := c.CreateDataset(ctx, "a/new/deeper/d", dosna.DatasetSpec{Shape: []int{2}, Type: dtype.Uint8})
		return err
	},
	"create group": func(c *dosna.Connection) error {
		_, err := c.CreateGroup(ctx, "a/g", dosna.Attributes{"a": 1})
		return err
	},
	"delete":       func(c *dosna.Connection) error { return c.Delete(ctx, "a/x") },
	"delete group": func(c *dosna.Connection) error { return c.Delete(ctx, "a/deep") },
	"move":         func(c *dosna.Connection) error { return c.Move(ctx, "a/deep", "b/moved") },
	"copy": func(c *dosna.Connection) error {
		n, err := c.Open(ctx, "a/deep")
		if err != nil {
			return err
		}
		_, err = dosna.Copy(ctx, n, c, "b/copy", nil)
		return err
	},
	"build": func(c *dosna.Connection) error {
		_, err := c.BuildDataset(ctx, "a/built", dosna.DatasetSpec{Shape: []int{2}, Type: dtype.Uint8}, func(ctx context.Context, d *dosna.Dataset) error {
			g, err := c.OpenGroup(ctx, "b") // something else meanwhile
			if err == nil {
				err = g.UpdateAttrs(ctx, func(a dosna.Attributes) error { a["built"] = 1; return nil })
			}
			return err
		})
		return err
	},
}

// everyRequest is how many requests are gone on by, of those that something may happen
// at.
func everyRequest() int {
	if testenv.Race || testing.Short() {
		return 4
	}
	return 1
}

func documentName(format int) string {
	if format == 2 {
		return "/.zgroup"
	}
	return "/zarr.json"
}

// changing returns the texts of those who are said to be changing something below a
// group.
func changing(t testing.TB, s store.Store, group string, format int) []string {
	t.Helper()
	parse := zarr.Parse
	if format == 2 {
		parse = func(raw []byte) (zarr.Document, error) { return zarr.ParseV2(zarr.GroupKey, raw, nil) }
	}
	doc, err := parse([]byte(value(t, s, strings.TrimPrefix(group+documentName(format), "/"))))
	if err != nil {
		t.Fatal(err)
	}
	if p := doc.Head().Pending(); p.At() {
		return p.By
	}
	return nil
}

// TestConsolidatedMetadataIsKeptTrue: after every change, and after the death of the
// process at any request of one, the copies say what is so, or there are none.
func TestConsolidatedMetadataIsKeptTrue(t *testing.T) {
	dead := errors.New("dead")
	for _, format := range []int{3, 2} {
		for name, change := range treeChanges {
			for fail := -1; ; fail += everyRequest() { // -1: it lives
				below := memstore.New()
				direct := grown(t, below, format)
				a, err := direct.OpenGroup(ctx, "a")
				if err != nil {
					t.Fatal(err)
				}
				for _, g := range []*dosna.Group{a, rootGroup(t, direct)} {
					if err := g.Consolidate(ctx); err != nil {
						t.Fatal(err)
					}
				}
				h := &hooked{Store: below}
				c, err := dosna.OpenStore(ctx, h, &dosna.Options{Mode: dosna.ReadWrite})
				if err != nil {
					t.Fatal(err)
				}
				n := 0
				h.before = func(op, key string) error {
					if op != "put" && op != "delete" && op != "copy" {
						return nil
					}
					for _, group := range []string{"", "a"} {
						if why := lies(t, below, group, format); why != "" {
							t.Fatalf("v%d: %s: before %s %s: %q: %s", format, name, op, key, group, why)
						}
					}
					if n++; fail >= 0 && n > fail {
						return dead
					}
					return nil
				}
				err = change(c)
				h.before = nil
				for _, group := range []string{"", "a"} {
					if why := lies(t, below, group, format); why != "" {
						t.Fatalf("v%d: %s, %d changes: %q: %s", format, name, fail, group, why)
					}
				}
				if fail == -1 {
					if err != nil {
						t.Fatalf("v%d: %s: %v", format, name, err)
					}
					for _, group := range []string{"", "a"} {
						if copiesIn(t, below, group, format) == nil {
							t.Errorf("v%d: %s: there are no copies in %q afterwards", format, name, group)
						}
						if at := changing(t, below, group, format); at != nil {
							t.Errorf("v%d: %s: the text stays in %q: %v", format, name, group, at)
						}
					}
				}
				if fail >= 0 && n <= fail {
					break
				}
			}
		}
	}
}

// TestConsolidatedWhileOthersChange lets another connection change something at every
// request of a change, and of making the copies: they are there afterwards, and true.
func TestConsolidatedWhileOthersChange(t *testing.T) {
	ours := map[string]func(c *dosna.Connection) error{}
	for _, name := range []string{"attributes", "attributes of the group with the copies", "create", "delete", "move"} {
		ours[name] = treeChanges[name]
	}
	ours["consolidate"] = func(c *dosna.Connection) error {
		g, err := c.Root(ctx)
		if err != nil {
			return err
		}
		return g.Consolidate(ctx)
	}
	for _, format := range []int{3, 2} {
		for _, name := range slices.Sorted(maps.Keys(ours)) {
			for when := 1; ; when += everyRequest() {
				below := memstore.New()
				direct := grown(t, below, format)
				if err := rootGroup(t, direct).Consolidate(ctx); err != nil {
					t.Fatal(err)
				}
				h := &hooked{Store: below}
				c, err := dosna.OpenStore(ctx, h, &dosna.Options{Mode: dosna.ReadWrite})
				if err != nil {
					t.Fatal(err)
				}
				n := 0
				h.before = func(op, key string) error {
					if n++; n != when {
						return nil
					}
					g, err := direct.OpenGroup(ctx, "b")
					if err == nil {
						err = g.UpdateAttrs(ctx, func(a dosna.Attributes) error { a["other"] = 1; return nil })
					}
					return err
				}
				err = ours[name](c)
				h.before = nil
				if err != nil {
					t.Fatalf("v%d: %s, changed at request %d: %v", format, name, when, err)
				}
				if why := lies(t, below, "", format); why != "" {
					t.Fatalf("v%d: %s, changed at request %d: %s", format, name, when, why)
				}
				if copiesIn(t, below, "", format) == nil {
					t.Fatalf("v%d: %s, changed at request %d: there are no copies", format, name, when)
				}
				if n < when {
					break
				}
			}
		}
	}
}

func TestConsolidateAndBack(t *testing.T) {
	for _, format := range []int{3, 2} {
		s := memstore.New()
		c := grown(t, s, format)
		before := keys(t, s)
		plain := value(t, s, before[slices.IndexFunc(before, func(k string) bool { return !strings.Contains(k, "/") })])
		for _, path := range []string{"", "a"} {
			g, err := c.OpenGroup(ctx, path)
			if err != nil {
				t.Fatal(err)
			}
			if err := g.Consolidate(ctx); err != nil {
				t.Fatal(err)
			}
		}
		if copiesIn(t, s, "a", format) == nil || (copiesIn(t, s, "", format) == nil) {
			t.Errorf("v%d: no copies", format)
		}
		if err := rootGroup(t, c).Unconsolidate(ctx); err != nil {
			t.Fatal(err)
		}
		if copiesIn(t, s, "", format) != nil || copiesIn(t, s, "a", format) != nil || !slices.Equal(keys(t, s), before) {
			t.Errorf("v%d: left are %v", format, keys(t, s))
		}
		if got := value(t, s, before[slices.IndexFunc(before, func(k string) bool { return !strings.Contains(k, "/") })]); got != plain {
			t.Errorf("v%d: the root was %s and is %s", format, plain, got)
		}
	}
	mixed := memstore.New()
	c := grown(t, mixed, 3)
	putValue(t, mixed, "old/.zgroup", `{"zarr_format": 2}`)
	if err := rootGroup(t, c).Consolidate(ctx); err == nil || !strings.Contains(err.Error(), "old") {
		t.Errorf("a tree of both formats: %v", err)
	}
	if why := lies(t, mixed, "", 3); why != "" {
		t.Error(why)
	}
}

// TestHostileCopies: consolidated metadata of which nothing, or some of it, makes
// sense.
func TestHostileCopies(t *testing.T) {
	const array = `{"zarr_format": 3, "node_type": "array", "shape": [1], "data_type": "uint8", "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [1]}}, "chunk_key_encoding": "default", "fill_value": 0, "codecs": ["bytes"]}`
	for metadata, want := range map[string]string{
		`5`:                            "error",
		`{}`:                           "",
		`{"a": 5, "b": ` + array + `}`: "error /b",
		`{"../a": ` + array + `}`:      "",
		`{"": ` + array + `, "/": ` + array + `, "a/": ` + array + `, ".": ` + array + `}`: "",
		`{"a": ` + array + `, "a/b": ` + array + `}`:                                       "/a",
		`{"a/b": ` + array + `}`: "",
		`{"__a": ` + array + `, "zarr.json": ` + array + `, "b": ` + array + `}`: "/b",
	} {
		below := memstore.New()
		putValue(t, below, "zarr.json", `{"zarr_format": 3, "node_type": "group", "consolidated_metadata": {"kind": "inline", "must_understand": false, "metadata": `+metadata+`}}`)
		c, err := dosna.OpenStore(ctx, silent{&hooked{Store: below}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for n, err := range rootGroup(t, c).Walk(ctx) {
			if err != nil {
				if len(err.Error()) > 1000 || !strings.Contains(err.Error(), "consolidated") && !strings.Contains(err.Error(), "zarr.json") {
					t.Errorf("%s: %v", metadata, err)
				}
				got = append(got, "error")
				continue
			}
			got = append(got, n.Path())
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: walked %v, want %s", metadata, got, want)
		}
	}
}
