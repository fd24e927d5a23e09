package dosna_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/memstore"
)

// hostileTargets are what a stranger may have stored for attributes.dosna.link, each
// wrong in another way.
var hostileTargets = map[string]string{
	"null": `null`, "number": `5`, "text": `"x"`, "list": `["x"]`, "empty": `{}`, "null target": `{"target": null}`, "number target": `{"target": 1e400}`,
	"list target": `{"target": ["x"]}`, "object target": `{"target": {"target": "x"}}`, "more": `{"target": "x", "more": 1}`,
	"no target": `{"target": ""}`, "above": `{"target": "../../../../etc/passwd"}`, "just above": `{"target": "../.."}`, "dots": `{"target": "a/../../../b"}`,
	"slashes": `{"target": "//etc"}`, "document": `{"target": "zarr.json"}`, "reserved": `{"target": "__x"}`, "NUL": `{"target": "a\u0000b"}`,
	"control": `{"target": "a\u001b[31mb"}`, "long": `{"target": "` + strings.Repeat("a", 100_000) + `"}`, "deep": `{"target": "` + strings.Repeat("a/", 5000) + `a"}`,
	"ups": `{"target": "` + strings.Repeat("../", 1000) + `a"}`, "surrogate": `{"target": "\ud800"}`, "password": `{"target": "http://user:pass@host/x"}`,
	"escape": `{"target": "http://host/%zz"}`, "fragment": `{"target": "http://host/x#y"}`, "node": `{"target": "http://host/x#/../y"}`,
	"loop": `{"target": "loop"}`, "below": `{"target": "below/x"}`, "chunk": `{"target": "/d/c/0"}`,
	"passwd": `{"target": "file:///etc#/passwd"}`, "internal": `{"target": "http://127.0.0.1:1/latest/meta-data"}`, "https": `{"target": "https://internal/x#/y"}`,
	"unknown": `{"target": "gopher://host/x#/y"}`, "memory": `{"target": "mem://other#/x"}`, "file": `{"target": "file://host/share#/x"}`, "relative": `{"target": "file:x#/y"}`,
}

// forbiddenTargets are those of them that make sense, and must not be asked for.
var forbiddenTargets = []string{"passwd", "internal", "https", "unknown", "memory", "file"}

// TestHostileTargets: every call on every hostile link ends, with an error that names
// link and target, and asks nobody outside of the tree.
func TestHostileTargets(t *testing.T) {
	s := memstore.New()
	c := open(t, s, dosna.Options{})
	bytesDataset(t, c, "d", []int{4}, []int{4})
	for name, stored := range hostileTargets {
		doc := fmt.Sprintf(`{"zarr_format": 3, "node_type": "group", "attributes": {"dosna": {"link": %s}}}`, stored)
		if _, err := s.Put(ctx, "h/zarr.json", [][]byte{[]byte(doc)}, store.Cond{}); err != nil {
			t.Fatal(err)
		}
		l, err := c.OpenLink(ctx, "h")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		_, follow := l.Follow(ctx)
		_, open := c.Open(ctx, "h")
		_, below := c.Open(ctx, "h/x/y")
		_, created := c.CreateGroup(ctx, "h/x", nil)
		_, made := c.CreateLink(ctx, "h/x", "y")
		deleted := c.Delete(ctx, "h/x")
		moved := c.Move(ctx, "h/x", "y")
		movedTo := c.Move(ctx, "d", "h/d")
		for what, err := range map[string]error{"follow": follow, "open": open, "below": below, "create": created, "link": made, "delete": deleted, "move": moved, "move to": movedTo} {
			var broken *dosna.LinkError
			switch {
			case !errors.As(err, &broken):
				t.Errorf("%s: %s: %v", name, what, err)
			case !strings.Contains(err.Error(), `"/h`) || len(err.Error()) > 2000:
				t.Errorf("%s: %s: the error does not name the link, or has %d bytes: %.200v", name, what, len(err.Error()), err)
			case strings.ContainsAny(err.Error(), "\x1b\x00"):
				t.Errorf("%s: %s: control characters in an error: %q", name, what, err)
			}
		}
		for _, forbidden := range forbiddenTargets {
			if name == forbidden && !errors.Is(open, dosna.ErrPermission) {
				t.Errorf("%s: %v", name, open)
			}
		}
		if n, err := dosna.Copy(ctx, l, c, "copy", nil); err != nil {
			t.Errorf("%s: copy: %v", name, err)
		} else if err := c.Delete(ctx, n.Path()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := dosna.Copy(ctx, l, c, "copy", &dosna.CopyOptions{Follow: true}); err == nil {
			t.Errorf("%s: copied what it leads to", name)
		}
		if err := c.Move(ctx, "h", "g/moved"); err != nil {
			t.Errorf("%s: move: %v", name, err)
		}
		again, err := c.OpenLink(ctx, "g/moved")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if _, err := again.Follow(ctx); err == nil {
			t.Errorf("%s: it leads somewhere when it has moved: %q became %q", name, l.Target(), again.Target())
		}
		if err := again.SetTarget(ctx, "/d"); err != nil && name != "more" {
			t.Errorf("%s: %v", name, err)
		}
		if err := c.Delete(ctx, "g"); err != nil {
			t.Errorf("%s: delete: %v", name, err)
		}
	}
	checkTree(t, c)
}

// TestLinkPolicy: who may lead where.
func TestLinkPolicy(t *testing.T) {
	dir := testenv.ScratchDir(t)
	for _, name := range []string{"pool", "other", "other2", "other/inside", "ot her"} {
		c := create(t, filepath.Join(dir, name))
		write(t, bytesDataset(t, c, "g/x", []int{4}, []int{4}), ":", 1, 2, 3, 4)
	}
	memory := create(t, "mem://"+t.Name())
	bytesDataset(t, memory, "g/x", []int{4}, []int{4})
	other := "file://" + filepath.ToSlash(dir) + "/other"
	for _, k := range []struct {
		from, target string
		links        dosna.Links
		allow        []string
		follows      bool
	}{
		{"file", other + "#/g/x", 0, nil, true},
		{"file", other + "/inside#/g/x", 0, nil, true},
		{"file", "file://" + filepath.ToSlash(dir) + "/ot%20her#/g/x", 0, nil, true},
		{"file", other + "#/g/x", dosna.LinksWithin, nil, false},
		{"file", other + "#/g/x", dosna.LinksWithin, []string{other}, false},
		{"file", fileURL(filepath.Join(dir, "pool"), "g/x"), dosna.LinksWithin, nil, true},
		{"file", "mem://" + t.Name() + "#/g/x", 0, nil, false},
		{"file", "mem://" + t.Name() + "#/g/x", 0, []string{"mem://" + t.Name()}, true},
		{"file", "mem://" + t.Name() + "#/g/x", 0, []string{"mem://"}, true},
		{"file", "mem://" + t.Name() + "#/g/x", 0, []string{"mem://" + t.Name() + "x", "file:///", "https://"}, false},
		{"mem", other + "#/g/x", 0, nil, false},
		{"mem", other + "#/g/x", 0, []string{other}, true},
		{"mem", other + "#/g/x", 0, []string{other + "/", dir + "/nowhere"}, true},
		{"mem", other + "/inside#/g/x", 0, []string{filepath.Join(dir, "other")}, true},
		{"mem", other + "2#/g/x", 0, []string{other}, false},
		{"mem", other + "/../other2#/g/x", 0, []string{other}, false},
		{"mem", other + "/%2e%2e/other2#/g/x", 0, []string{other}, false},
		{"mem", other + "2#/g/x", 0, []string{"file:///"}, true},
		{"mem", "mem://" + t.Name() + "#/g/x", 0, nil, false},
	} {
		var c *dosna.Connection
		o := dosna.Options{Mode: dosna.ReadWrite, Links: k.links}
		var err error
		if k.allow != nil {
			if o.Allow, err = store.AllowPrefixes(k.allow...); err != nil {
				t.Fatal(err)
			}
		}
		if k.from == "file" {
			c, err = dosna.Open(ctx, filepath.Join(dir, "pool"), &o)
		} else {
			o.Mode = dosna.Create
			c, err = dosna.OpenStore(ctx, memstore.New(), &o)
		}
		if err != nil {
			t.Fatal(err)
		}
		link(t, c, "l", k.target)
		d, err := c.OpenDataset(ctx, "l")
		switch {
		case !k.follows && !errors.Is(err, dosna.ErrPermission):
			t.Errorf("from %s to %s with %+v: %v", k.from, k.target, k.allow, err)
		case k.follows && err != nil:
			t.Errorf("from %s to %s with %+v: %v", k.from, k.target, k.allow, err)
		case k.follows && (d.Path() != "/g/x" || d.Connection().Options().Mode != dosna.ReadWrite || d.Connection().Options().Links != k.links):
			t.Errorf("%s in %+v", d, d.Connection().Options())
		}
		if err := errors.Join(c.Delete(ctx, "l"), c.Close()); err != nil {
			t.Error(err)
		}
		if d != nil {
			if _, err := d.Refresh(ctx); err == nil && !strings.HasPrefix(k.target, "mem:") {
				t.Errorf("%s is open when the connection is closed", d)
			}
		}
	}
}

// TestLinksBetweenTrees: there and back, in circles, and shared.
func TestLinksBetweenTrees(t *testing.T) {
	dir := testenv.ScratchDir(t)
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	c, other := create(t, a), create(t, b)
	write(t, bytesDataset(t, c, "g/x", []int{4}, []int{4}), ":", 1, 2, 3, 4)
	link(t, c, "there", fileURL(b, ""))
	link(t, c, "circle", fileURL(b, "circle"))
	link(t, c, "gone", fileURL(filepath.Join(dir, "none"), "x"))
	link(t, c, "none", fileURL(b, "none"))
	link(t, other, "back", fileURL(a, "g"))
	link(t, other, "circle", fileURL(a, "circle"))
	d := dataset(t, c, "there/back/x")
	if d.Path() != "/g/x" || d.Connection().Store() != c.Store() {
		t.Errorf("there and back is %s", d)
	}
	g, err := c.CreateGroup(ctx, "there/new", nil)
	if err != nil || g.Path() != "/new" || g.Connection().URL() == c.URL() {
		t.Errorf("created %v: %v", g, err)
	}
	again, err := c.OpenGroup(ctx, "there")
	if err != nil || again.Connection().Store() != g.Connection().Store() {
		t.Errorf("the tree was opened twice: %v", err)
	}
	if _, err := c.Open(ctx, "circle"); !errors.Is(err, dosna.ErrLoop) {
		t.Errorf("in a circle: %v", err)
	}
	for _, path := range []string{"gone", "none"} {
		var broken *dosna.LinkError
		if _, err := c.Open(ctx, path); !errors.Is(err, dosna.ErrNotExist) || !errors.As(err, &broken) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if err := c.Move(ctx, "g/x", "there/x"); !errors.Is(err, dosna.ErrInvalid) {
		t.Errorf("moved to another tree: %v", err)
	}
	if n, err := dosna.Copy(ctx, d, c, "there/copy", nil); err != nil || n.Path() != "/copy" || n.Connection().URL() == c.URL() {
		t.Errorf("copied %v: %v", n, err)
	}
	ro, err := dosna.Open(ctx, a, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ro.CreateGroup(ctx, "there/y", nil); !errors.Is(err, dosna.ErrPermission) {
		t.Errorf("created through a connection that only reads: %v", err)
	}
	if n, err := ro.Open(ctx, "there/back/x"); err != nil || n.Connection().Options().Mode != dosna.ReadOnly {
		t.Errorf("%v: %v", n, err)
	}
	if err := ro.Close(); err != nil {
		t.Error(err)
	}
	if _, err := ro.Open(ctx, "there"); err == nil {
		t.Error("a closed connection follows links")
	}
	few := 0
	for i := range 300 {
		path := filepath.Join(dir, fmt.Sprint("many", i))
		if err := os.MkdirAll(path, 0o777); err != nil {
			t.Fatal(err)
		}
		put(t, path, "zarr.json", groupDoc)
		link(t, c, "many", fileURL(path, ""))
		if _, err := c.Open(ctx, "many"); err == nil {
			few++
		} else if !strings.Contains(err.Error(), "256") {
			t.Fatal(err)
		}
		if err := c.Delete(ctx, "many"); err != nil {
			t.Fatal(err)
		}
	}
	if few < 200 || few > 256 {
		t.Errorf("%d trees were opened", few)
	}
}

// FuzzLink: whatever is stored for a link, following it ends, within the tree, and
// moving it changes nothing.
func FuzzLink(f *testing.F) {
	for _, stored := range hostileTargets {
		f.Add(stored)
	}
	for _, target := range []string{"x", "../x", "/a/x", ".", "..", "a/l", "l", "/", "../../x", "http://h/p?q=1#/n"} {
		f.Add(`{"target": ` + strconv.Quote(target) + `}`)
	}
	f.Fuzz(func(t *testing.T, stored string) {
		if !json.Valid([]byte(stored)) {
			return
		}
		s := memstore.New()
		c := open(t, s, dosna.Options{})
		bytesDataset(t, c, "a/x", []int{1}, []int{1})
		bytesDataset(t, c, "x", []int{1}, []int{1})
		doc := fmt.Sprintf(`{"zarr_format": 3, "node_type": "group", "attributes": {"dosna": {"link": %s}}}`, stored)
		if _, err := s.Put(ctx, "a/l/zarr.json", [][]byte{[]byte(doc)}, store.Cond{}); err != nil {
			t.Fatal(err)
		}
		l, err := c.OpenLink(ctx, "a/l")
		if err != nil {
			if strings.Contains(err.Error(), "a/l") {
				return // such as names that occur twice
			}
			t.Fatal(err)
		}
		before, failed := l.Follow(ctx)
		var broken *dosna.LinkError
		if failed != nil && !errors.As(failed, &broken) {
			t.Errorf("%.200q: %v", stored, failed)
		}
		if err := c.Move(ctx, "a/l", "q/r/l"); err != nil {
			t.Fatal(err)
		}
		if l, err = c.OpenLink(ctx, "q/r/l"); err != nil {
			t.Fatal(err)
		}
		after, again := l.Follow(ctx)
		if (failed == nil) != (again == nil) || before != nil && before.Path() != after.Path() {
			t.Errorf("%.200q led to %v (%v), and leads to %v (%v): %.200q", stored, before, failed, after, again, l.Target())
		}
	})
}
