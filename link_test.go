package dosna_test

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/memstore"
)

func link(t testing.TB, c *dosna.Connection, path, target string) *dosna.Link {
	t.Helper()
	l, err := c.CreateLink(ctx, path, target)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// fileURL is the address of a directory, and of a node in it.
func fileURL(dir, node string) string {
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(dir)}).String() + "#/" + node
}

// linked makes a tree with datasets, groups and links between them.
func linked(t testing.TB, c *dosna.Connection) {
	t.Helper()
	for i, path := range []string{"a/x", "a/b/y", "z"} {
		write(t, bytesDataset(t, c, path, []int{4}, []int{4}), ":", 1, 2, 3, uint8(i+4))
	}
	for path, target := range map[string]string{
		"a/near": "x", "a/deep": "b/y", "a/up": "../z", "a/rooted": "/a/b", "to/a": "../a", "a/self": ".", "root": ".",
		"twice": "to/a", "through": "twice/near", "a/b/here": "/a", "broken": "none/x", "a/half": "x/none",
	} {
		link(t, c, path, target)
	}
}

func TestLinksLead(t *testing.T) {
	h, c, _ := two(t, dosna.Options{})
	linked(t, c)
	for path, want := range map[string]string{
		"a/near": "/a/x", "a/deep": "/a/b/y", "a/up": "/z", "a/rooted": "/a/b", "a/rooted/y": "/a/b/y", "to/a": "/a", "to/a/x": "/a/x",
		"a/self/self/self/near": "/a/x", "root": "/", "root/root/z": "/z", "twice": "/a", "twice/b/y": "/a/b/y", "through": "/a/x",
		"a/b/here/b/here/up": "/z",
	} {
		h.reset()
		n, err := c.Open(ctx, path)
		if err != nil || n.Path() != want {
			t.Errorf("%s leads to %v, want %s: %v", path, n, want, err)
			continue
		}
		if there, err := c.Root(ctx); err != nil {
			t.Error(err)
		} else if has, err := there.Has(ctx, "/"+path); !has || err != nil {
			t.Errorf("there is no %s: %v", path, err)
		}
		g, isGroup := n.(*dosna.Group)
		switch {
		case isGroup:
			if again, err := c.OpenGroup(ctx, path); err != nil || again.Path() != g.Path() {
				t.Errorf("group %s: %v", path, err)
			}
			if _, err := c.OpenDataset(ctx, path); !errors.Is(err, dosna.ErrInvalid) {
				t.Errorf("%s as a dataset: %v", path, err)
			}
		case read(t, dataset(t, c, path), "0")[0] != 1:
			t.Errorf("%s reads otherwise", path)
		}
	}
	for path, target := range map[string]string{"a/near": "x", "a/rooted": "b", "to/a": "../a", "root": ".", "a/b/here": "..", "a/self": ".", "broken": "none/x"} {
		l, err := c.OpenLink(ctx, path)
		if err != nil || l.Target() != target || l.Path() != "/"+path {
			t.Errorf("link %s to %q, want %q: %v", path, l.Target(), target, err)
		}
		if n, err := c.OpenEntry(ctx, path); err != nil || n.Path() != "/"+path {
			t.Errorf("%s itself: %v, %v", path, n, err)
		}
	}
	for _, path := range []string{"twice/near", "a/self/self/near"} {
		if l, err := c.OpenLink(ctx, path); err != nil || l.Path() != "/a/near" {
			t.Errorf("link %s: %v, %v", path, l, err)
		}
	}
	if _, err := c.OpenLink(ctx, "a/x"); !errors.Is(err, dosna.ErrInvalid) || !strings.Contains(err.Error(), "dataset") {
		t.Errorf("a dataset as a link: %v", err)
	}
}

// TestLinkRequests: a node at its own path costs one request, whatever links there
// are, and one behind a link those for what is on the way.
func TestLinkRequests(t *testing.T) {
	h, c, _ := two(t, dosna.Options{})
	linked(t, c)
	for path, want := range map[string][]string{
		"":         {"get zarr.json"},
		"a/b/y":    {"get a/b/y/zarr.json"},
		"a/near":   {"get a/near/zarr.json", "get a/x/zarr.json"},
		"to/a/x":   {"get to/a/x/zarr.json", "get to/a/zarr.json", "get a/x/zarr.json"},
		"a/none":   {"get a/none/zarr.json", "get a/zarr.json"},
		"no/no/no": {"get no/no/no/zarr.json", "get no/no/zarr.json", "get no/zarr.json", "get zarr.json"},
	} {
		h.reset()
		if _, err := c.Open(ctx, path); err != nil && !errors.Is(err, dosna.ErrNotExist) {
			t.Fatal(err)
		}
		got := slices.DeleteFunc(h.ops, func(op string) bool { return strings.Contains(op, "/.z") }) // of Zarr v2
		if !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", path, got, want)
		}
	}
	h.reset()
	if _, err := c.CreateGroup(ctx, "a/b/new", nil); err != nil {
		t.Fatal(err)
	}
	if n := h.count("get"); n > 15 {
		t.Errorf("creating a group: %q", h.ops)
	}
}

func TestLinksThatLeadNowhere(t *testing.T) {
	c := open(t, memstore.New(), dosna.Options{})
	linked(t, c)
	link(t, c, "one", "two")
	link(t, c, "two", "three")
	link(t, c, "three", "one")
	link(t, c, "growing", "itself/growing")
	link(t, c, "itself", "itself")
	link(t, c, "below", "below/x")
	for i := range 50 {
		link(t, c, fmt.Sprint("chain/", i), fmt.Sprint(i+1))
	}
	bytesDataset(t, c, "chain/50", []int{1}, []int{1})
	for path, want := range map[string]struct {
		kind  error
		names []string
	}{
		"broken":    {dosna.ErrNotExist, []string{`"/broken"`, `"none/x"`, "no such node"}},
		"broken/x":  {dosna.ErrNotExist, []string{`"/broken"`, `"none/x"`}},
		"a/half":    {dosna.ErrNotExist, []string{`"/a/half"`, `"x/none"`}},
		"to/a/none": {dosna.ErrNotExist, []string{`"/to/a"`, `"/to/a/none"`, `"/a/none"`}},
		"one":       {dosna.ErrLoop, []string{`"/one"`, `"two"`, "circle", "/one, /two, /three"}},
		"growing":   {dosna.ErrLoop, []string{`"/itself"`, "circle"}},
		"itself":    {dosna.ErrLoop, []string{`"/itself"`, `"itself"`, "circle"}},
		"itself/x":  {dosna.ErrLoop, []string{`"/itself"`, "circle"}},
		"below":     {dosna.ErrLoop, []string{`"/below"`, `"below/x"`, "40"}},
		"chain/0":   {dosna.ErrLoop, []string{`"/chain/40"`, "40"}},
	} {
		_, err := c.Open(ctx, path)
		if !errors.Is(err, want.kind) {
			t.Errorf("%s: %v", path, err)
			continue
		}
		var broken *dosna.LinkError
		if is := errors.As(err, &broken); is != (path != "to/a/none") || is && (broken.Tree != c.URL() || broken.Target == "") {
			t.Errorf("%s: %#v", path, broken)
		}
		for _, name := range want.names {
			if !strings.Contains(err.Error(), name) {
				t.Errorf("%s: the error does not name %s: %v", path, name, err)
			}
		}
		root, err := c.Root(ctx)
		if err != nil {
			t.Fatal(err)
		}
		has, err := root.Has(ctx, path)
		if has || (err == nil) != errors.Is(want.kind, dosna.ErrNotExist) {
			t.Errorf("has %s: %v, %v", path, has, err)
		}
		if _, err := c.CreateGroup(ctx, path+"/new", nil); path != "to/a/none" && !errors.Is(err, want.kind) {
			t.Errorf("create in %s: %v", path, err)
		}
	}
	if n, err := c.Open(ctx, "chain/10"); err != nil || n.Path() != "/chain/50" {
		t.Errorf("40 links: %v", err)
	}
	checkTree(t, c)
}

// TestLinkTargets: what may be given for a target, and what is stored.
func TestLinkTargets(t *testing.T) {
	dir := testenv.ScratchDir(t)
	c := create(t, filepath.Join(dir, "pool"))
	for target, want := range map[string]string{
		"x": "x", "b/x/": "b/x", "../x": "../x", "/x": "../../x", "/g/x": "../x", "/g/h/x": "x", "/": "../..", "..": "..", ".": ".", "/g/h": ".", "/g": "..", "../h/x": "x",
		"a:b": "a:b", "häh": "häh", "a b%20": "a b%20",
		fileURL(filepath.Join(dir, "pool"), "g/x"):    "../x",
		fileURL(filepath.Join(dir, "pool/."), ""):     "../..",
		fileURL(filepath.Join(dir, "other"), "g/x"):   fileURL(filepath.Join(dir, "other"), "g/x"),
		"https://example.org/a?b=c#/x":                "https://example.org/a?b=c#/x",
		"https://example.org":                         "https://example.org",
		"s3://bucket/prefix?endpoint=http://x:1#/a/b": "s3://bucket/prefix?endpoint=http://x:1#/a/b",
	} {
		l, err := c.CreateLink(ctx, "g/h/l", target)
		if err != nil || l.Target() != want {
			t.Errorf("%q became %v, want %q: %v", target, l, want, err)
			continue
		}
		if err := c.Delete(ctx, "g/h/l"); err != nil {
			t.Error(err)
		}
	}
	for _, target := range []string{
		"", "//", "a//b", "a/../b", "../../..", "../../../x", "./a", "a/.", "...", "../...", "zarr.json", "a/zarr.json", "__x", ".zgroup", "a\x00b", "a\xffb", "a\nb",
		"/..", "/./a", strings.Repeat("a/", 600) + "a", strings.Repeat("a", 5000), "pool#/x", "/data/pool#/x", "http://u:p@host/x", "http://host/%zz", "http://a/b#c",
		"file:///x#/../y", "file:///x#/zarr.json", "file:///x#/a//b", "://x", "a b://c", "http://a\nb/c", "mem://x\x00#/y",
	} {
		if l, err := c.CreateLink(ctx, "g/h/l", target); !errors.Is(err, dosna.ErrInvalid) {
			t.Errorf("%q: %v, %v", target, l, err)
		} else if !strings.Contains(err.Error(), "g/h/l") {
			t.Errorf("%q: the error names no link: %v", target, err)
		}
	}
	if _, err := c.CreateLink(ctx, "", "x"); !errors.Is(err, dosna.ErrInvalid) {
		t.Errorf("the root as a link: %v", err)
	}
}

// TestLinksAreCreatedOnce: only where nothing is, and changed as a whole.
func TestLinksAreCreatedOnce(t *testing.T) {
	c := open(t, memstore.New(), dosna.Options{})
	linked(t, c)
	for _, path := range []string{"a", "a/x", "a/near", "broken"} {
		if _, err := c.CreateLink(ctx, path, "z"); !errors.Is(err, dosna.ErrExist) {
			t.Errorf("a link in the place of %s: %v", path, err)
		}
		if _, err := c.CreateGroup(ctx, path, nil); !errors.Is(err, dosna.ErrExist) {
			t.Errorf("a group in the place of %s: %v", path, err)
		}
	}
	l, err := c.OpenLink(ctx, "broken")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.UpdateAttrs(ctx, func(a dosna.Attributes) error { a["why"] = "not measured yet"; return nil }); err != nil {
		t.Fatal(err)
	}
	if err := l.SetTarget(ctx, "/a/x"); err != nil || l.Target() != "a/x" || l.Attrs()["why"] == nil {
		t.Errorf("the target is %q, attributes %v: %v", l.Target(), l.Attrs(), err)
	}
	if n, err := l.Follow(ctx); err != nil || n.Path() != "/a/x" {
		t.Errorf("it leads to %v: %v", n, err)
	}
	if err := c.Delete(ctx, "broken"); err != nil {
		t.Fatal(err)
	}
	if err := l.SetTarget(ctx, "z"); !errors.Is(err, dosna.ErrNotExist) {
		t.Errorf("changed when it was gone: %v", err)
	}
	if _, err := c.CreateGroup(ctx, "broken", nil); err != nil {
		t.Fatal(err)
	}
	if err := l.SetTarget(ctx, "z"); !errors.Is(err, dosna.ErrNotExist) {
		t.Errorf("changed when it was a group: %v", err)
	}
	if d := dataset(t, c, "a/x"); read(t, d, "0")[0] != 1 {
		t.Error("deleting the link has changed the target")
	}
}

// TestAttributesMakeNoLinks: a group becomes no link, and a link no group, by its
// attributes.
func TestAttributesMakeNoLinks(t *testing.T) {
	c := open(t, memstore.New(), dosna.Options{})
	linked(t, c)
	for name, ours := range map[string]any{
		"map":        map[string]any{"link": map[string]any{"target": "x"}},
		"attributes": dosna.Attributes{"link": dosna.Attributes{"target": "x"}},
		"struct": struct {
			Link struct {
				Target string `json:"target"`
			} `json:"link"`
		}{},
		"nonsense": map[string]any{"link": 5},
	} {
		if _, err := c.CreateGroup(ctx, "new", dosna.Attributes{"dosna": ours}); !errors.Is(err, dosna.ErrInvalid) {
			t.Errorf("%s: created: %v", name, err)
		}
		for _, path := range []string{"a", "root"} {
			n, err := c.OpenEntry(ctx, path)
			if err != nil {
				t.Fatal(err)
			}
			if err := n.UpdateAttrs(ctx, func(a dosna.Attributes) error { a["dosna"] = ours; return nil }); !errors.Is(err, dosna.ErrInvalid) {
				t.Errorf("%s: changed %s: %v", name, path, err)
			}
		}
	}
	l, err := c.OpenLink(ctx, "root")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.UpdateAttrs(ctx, func(a dosna.Attributes) error { clear(a); return nil }); !errors.Is(err, dosna.ErrInvalid) {
		t.Errorf("a link was made a group: %v", err)
	}
	d := dataset(t, c, "a/x")
	if err := d.UpdateAttrs(ctx, func(a dosna.Attributes) error { a["dosna"] = map[string]any{"link": 1}; return nil }); err != nil {
		t.Errorf("a dataset is no link: %v", err)
	}
	if read(t, dataset(t, c, "a/x"), "0")[0] != 1 {
		t.Error("the dataset reads otherwise")
	}
}

// TestThroughLinks: what is created, deleted and changed below a link is so in the
// group that it leads to; the end of a path is the link itself.
func TestThroughLinks(t *testing.T) {
	c := open(t, memstore.New(), dosna.Options{})
	linked(t, c)
	g, err := c.CreateGroup(ctx, "twice/new/deep", nil)
	if err != nil || g.Path() != "/a/new/deep" {
		t.Fatalf("created %v: %v", g, err)
	}
	d, err := c.CreateDataset(ctx, "to/a/new/d", dosna.DatasetSpec{Shape: []int{3}, Type: dtype.Uint8})
	if err != nil || d.Path() != "/a/new/d" {
		t.Fatalf("created %v: %v", d, err)
	}
	if l := link(t, c, "to/a/new/l", "d"); l.Path() != "/a/new/l" || l.Target() != "d" {
		t.Errorf("created %v to %q", l.Path(), l.Target())
	}
	if l := link(t, c, "to/a/new/m", "/z"); l.Target() != "../../z" {
		t.Errorf("created a link to %q", l.Target())
	}
	root, err := c.Root(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if g, err := root.RequireGroup(ctx, "twice/new/deep"); err != nil || g.Path() != "/a/new/deep" {
		t.Errorf("required %v: %v", g, err)
	}
	if _, err := c.CreateGroup(ctx, "through/x", nil); !errors.Is(err, dosna.ErrInvalid) || !strings.Contains(err.Error(), "dataset") {
		t.Errorf("created in a dataset: %v", err)
	}
	if err := c.Move(ctx, "to/a/new/d", "root/moved"); err != nil {
		t.Error(err)
	}
	if n, err := c.Open(ctx, "moved"); err != nil || n.Path() != "/moved" {
		t.Errorf("moved: %v", err)
	}
	if err := c.DeleteEmpty(ctx, "twice/new/deep"); err != nil {
		t.Error(err)
	}
	if v, err := c.Verify(ctx, "twice/b", dosna.VerifyOptions{}); err != nil || v.Datasets != 1 {
		t.Errorf("verified %+v: %v", v, err)
	}
	for _, path := range []string{"twice/near", "twice/new", "to", "through", "broken", "a/self"} {
		if err := c.Delete(ctx, path); err != nil {
			t.Errorf("delete %s: %v", path, err)
		}
		if _, err := c.OpenEntry(ctx, path); !errors.Is(err, dosna.ErrNotExist) {
			t.Errorf("%s is there: %v", path, err)
		}
	}
	for _, path := range []string{"a/x", "a/b/y", "z"} {
		if read(t, dataset(t, c, path), "0")[0] != 1 {
			t.Errorf("%s has changed", path)
		}
	}
	checkTree(t, c)
}

func TestWalkStopsAtLinks(t *testing.T) {
	c := open(t, memstore.New(), dosna.Options{})
	linked(t, c)
	got := walked(t, c)
	want := []string{"/a", "/a/b", "/a/b/here", "/a/b/y", "/a/deep", "/a/half", "/a/near", "/a/rooted", "/a/self", "/a/up", "/a/x", "/broken", "/root", "/through", "/to", "/to/a", "/twice", "/z"}
	if !slices.Equal(got, want) {
		t.Errorf("walked %q", got)
	}
	links := 0
	root, err := c.Root(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Walk(ctx) {
		if l, ok := n.(*dosna.Link); ok && l.Target() != "" {
			links++
		}
	}
	if links != 12 {
		t.Errorf("%d links", links)
	}
}

func TestVerifyFindsDanglingLinks(t *testing.T) {
	s := memstore.New()
	c := open(t, s, dosna.Options{})
	linked(t, c)
	link(t, c, "itself", "itself")
	link(t, c, "elsewhere", "https://example.invalid/pool#/x")
	for key, target := range hostileTargets {
		doc := fmt.Sprintf(`{"zarr_format": 3, "node_type": "group", "attributes": {"dosna": {"link": %s}}}`, target)
		if _, err := s.Put(ctx, "h/"+key+"/zarr.json", [][]byte{[]byte(doc)}, store.Cond{}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Put(ctx, "h/zarr.json", [][]byte{[]byte(groupDoc)}, store.Cond{}); err != nil {
		t.Fatal(err)
	}
	var found []string
	v, err := c.Verify(ctx, "", dosna.VerifyOptions{Report: func(f dosna.Finding) {
		if f.Kind != dosna.Dangling {
			t.Errorf("%s %s: %v", f.Kind, f.Key, f.Err)
		}
		if !strings.HasPrefix(f.Key, "h/") {
			found = append(found, f.Key)
		}
	}})
	slices.Sort(found)
	if err != nil || v.Losses() != 0 || !slices.Equal(found, []string{"a/half/zarr.json", "broken/zarr.json", "itself/zarr.json"}) {
		t.Errorf("found %q, %+v, %v", found, v, err)
	}
	if v.Findings[dosna.Dangling] != 3+len(hostileTargets)-len(forbiddenTargets) {
		t.Errorf("%d links dangle", v.Findings[dosna.Dangling])
	}
}
