package dosna_test

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/store/memstore"
	"github.com/dosna/dosna/store/storetest"
)

// leads returns where links lead, or "" if nowhere.
func leads(t testing.TB, c *dosna.Connection, paths ...string) []string {
	t.Helper()
	var all []string
	for _, path := range paths {
		n, err := c.Open(ctx, path)
		switch {
		case err == nil:
			all = append(all, n.Path())
		case errors.Is(err, dosna.ErrNotExist):
			all = append(all, "")
		default:
			all = append(all, err.Error())
		}
	}
	return all
}

// TestMovedLinks: what moves still leads to the same nodes, and inside of itself to
// where these are then.
func TestMovedLinks(t *testing.T) {
	c := open(t, memstore.New(), dosna.Options{})
	linked(t, c)
	target := func(path, want string) {
		t.Helper()
		if l, err := c.OpenLink(ctx, path); err != nil || l.Target() != want {
			t.Errorf("%s is a link to %q, want %q: %v", path, l.Target(), want, err)
		}
	}
	for _, m := range [][2]string{{"a/near", "one/two/near"}, {"one/two/near", "near"}, {"near", "a/near"}, {"a/near", "a/nearer"}} {
		if err := c.Move(ctx, m[0], m[1]); err != nil {
			t.Fatal(err)
		}
		if got := leads(t, c, m[1]); got[0] != "/a/x" {
			t.Errorf("moved to %s it leads to %v", m[1], got)
		}
	}
	target("a/nearer", "x")
	if err := c.Move(ctx, "a", "deep/er/a"); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"nearer": "x", "deep": "b/y", "up": "../../../z", "rooted": "b", "self": ".", "b/here": "..", "half": "x/none"} {
		target("deep/er/a/"+path, want)
	}
	got := leads(t, c, "deep/er/a/nearer", "deep/er/a/up", "deep/er/a/self/b/here/deep", "to/a", "twice")
	if want := []string{"/deep/er/a/x", "/z", "/deep/er/a/b/y", "", ""}; !slices.Equal(got, want) {
		t.Errorf("they lead to %q, want %q", got, want)
	}
	target("to/a", "../a")
	checkTree(t, c)
}

// TestInterruptedMoves: at whatever request a move fails, a link leads to the same
// node, wherever it is then; and so when the move is made again.
func TestInterruptedMoves(t *testing.T) {
	for _, bare := range []bool{false, true} {
		for n := 0; ; n++ {
			below := memstore.New()
			c := open(t, below, dosna.Options{})
			linked(t, c)
			s := storetest.NewFaults(below, nil)
			through := open(t, s, dosna.Options{})
			if bare {
				through = open(t, storetest.Bare(s), dosna.Options{})
			}
			calls := 0
			s.SetPlan(func(storetest.Op) storetest.Fault {
				if calls++; calls-1 == n {
					return storetest.Fail(errFault)
				}
				return storetest.Fault{}
			})
			err := through.Move(ctx, "a", "new/place/a")
			s.SetPlan(nil)
			check := func(when string) {
				t.Helper()
				for link, name := range map[string]string{"up": "z", "near": "x", "b/here/deep": "y"} {
					for _, top := range []string{"a", "new/place/a"} {
						n, err := c.Open(ctx, top+"/"+link)
						if errors.Is(err, dosna.ErrNotExist) {
							continue
						}
						if err != nil || n.Name() != name {
							t.Errorf("failed at %d, bare %v, %s: %s/%s leads to %v: %v", n, bare, when, top, link, n, err)
						}
					}
				}
			}
			check("then")
			if calls <= n {
				if err != nil {
					t.Error(err)
				}
				break
			}
			if err != nil {
				if again := through.Move(ctx, "a", "new/place/a"); again != nil && !errors.Is(again, dosna.ErrNotExist) {
					t.Errorf("failed at %d with %v, again: %v", n, err, again)
				}
			}
			check("again")
			if got := leads(t, c, "new/place/a/up", "new/place/a/near", "new/place/a/deep"); !slices.Equal(got, []string{"/z", "/new/place/a/x", "/new/place/a/b/y"}) {
				t.Errorf("failed at %d: they lead to %q", n, got)
			}
			checkTree(t, c)
		}
	}
}

// TestCopiedLinks: links to what is copied too lead to the copies, and others to the
// same nodes as before, also from another tree.
func TestCopiedLinks(t *testing.T) {
	dir := testenv.ScratchDir(t)
	c, other := create(t, filepath.Join(dir, "pool")), create(t, filepath.Join(dir, "other pool"))
	linked(t, c)
	a, err := c.OpenGroup(ctx, "a")
	if err != nil {
		t.Fatal(err)
	}
	for path, to := range map[string]*dosna.Connection{"copies/deep/a": c, "a2": c, "a3": other, "": create(t, filepath.Join(dir, "whole"))} {
		if _, err := dosna.Copy(ctx, a, to, path, nil); err != nil {
			t.Fatal(err)
		}
		at := "/" + path
		if path != "" {
			at += "/"
		}
		got := leads(t, to, at+"near", at+"b/here/deep", at+"self", at+"up", at+"half")
		want := []string{at + "x", at + "b/y", "/" + path, "/z", ""}
		if !slices.Equal(got, want) {
			t.Errorf("copied to %q they lead to %q, want %q", path, got, want)
		}
		l, err := to.OpenLink(ctx, at+"up")
		if err != nil {
			t.Fatal(err)
		}
		if isURL := strings.HasPrefix(l.Target(), "file:///"); isURL != (to != c) {
			t.Errorf("copied to %q it leads to %q", path, l.Target())
		}
		if d := dataset(t, to, at+"up"); d.Connection().Store() != c.Store() && to == c || d.Connection().URL() == other.URL() || read(t, d, "0")[0] != 1 {
			t.Errorf("copied to %q it leads to %s", path, d)
		}
		checkTree(t, to)
	}
	l, err := c.OpenLink(ctx, "a/near")
	if err != nil {
		t.Fatal(err)
	}
	for path, to := range map[string]*dosna.Connection{"some/near": c, "near": other} {
		n, err := dosna.Copy(ctx, l, to, path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := n.(*dosna.Link); !ok || !slices.Equal(leads(t, to, path), []string{"/a/x"}) {
			t.Errorf("the copy of a link is %v, and leads to %v", n, leads(t, to, path))
		}
	}
	if _, err := dosna.Copy(ctx, l, create(t, filepath.Join(dir, "empty")), "", nil); !errors.Is(err, dosna.ErrInvalid) {
		t.Errorf("a link as a root: %v", err)
	}
	nameless := open(t, memstore.New(), dosna.Options{})
	linked(t, nameless)
	from, err := nameless.OpenGroup(ctx, "a")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := dosna.Copy(ctx, from, other, "nameless", nil); !errors.Is(err, dosna.ErrInvalid) || !strings.Contains(err.Error(), "no address") {
		t.Errorf("copied out of a tree without an address: %v", err)
	}
}

func TestCopyFollowsLinks(t *testing.T) {
	dir := testenv.ScratchDir(t)
	c, other := create(t, filepath.Join(dir, "pool")), create(t, filepath.Join(dir, "other"))
	linked(t, c)
	write(t, bytesDataset(t, other, "far/w", []int{4}, []int{4}), ":", 1, 9, 9, 9)
	link(t, c, "s/near", "../a/near")
	link(t, c, "s/b", "../a/b2")
	bytesDataset(t, c, "a/b2/v", []int{4}, []int{4})
	link(t, c, "a/b2/z", "/z")
	link(t, c, "s/far", fileURL(filepath.Join(dir, "other"), "far"))
	s, err := c.OpenGroup(ctx, "s")
	if err != nil {
		t.Fatal(err)
	}
	follow := &dosna.CopyOptions{Follow: true}
	whole := create(t, filepath.Join(dir, "whole"))
	for path, to := range map[string]*dosna.Connection{"flat": c, "flat2": other, "": whole} {
		n, err := dosna.Copy(ctx, s, to, path, follow)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for n, err := range n.(*dosna.Group).Walk(ctx) {
			if err != nil {
				t.Fatal(err)
			}
			if _, ok := n.(*dosna.Link); ok {
				t.Errorf("%s is a link", n.Path())
			}
			got = append(got, strings.TrimPrefix(strings.TrimPrefix(n.Path(), "/"+path), "/"))
		}
		if want := []string{"b", "b/v", "b/z", "far", "far/w", "near"}; !slices.Equal(got, want) {
			t.Errorf("copied to %q: %q", path, got)
		}
		if v := read(t, dataset(t, to, "/"+strings.TrimPrefix(path+"/far/w", "/")), ":"); !slices.Equal(v, []uint8{1, 9, 9, 9}) {
			t.Errorf("%v", v)
		}
		checkTree(t, to)
	}
	for _, path := range []string{"a", "a/b", "root", "a/self", "broken"} {
		n, err := c.OpenEntry(ctx, path)
		if err != nil {
			t.Fatal(err)
		}
		var broken *dosna.LinkError
		if _, err := dosna.Copy(ctx, n, other, "endless", follow); !errors.As(err, &broken) {
			t.Errorf("%s was copied with what links lead to: %v", path, err)
		}
	}
	l, err := c.OpenLink(ctx, "s/near")
	if err != nil {
		t.Fatal(err)
	}
	if n, err := dosna.Copy(ctx, l, other, "followed", follow); err != nil || read(t, n.(*dosna.Dataset), "0")[0] != 1 {
		t.Errorf("%v: %v", n, err)
	}
}

// TestResumeReplacesLinks: a copy that is gone on with becomes what the source is
// now, of links and groups too.
func TestResumeReplacesLinks(t *testing.T) {
	below := memstore.New()
	c := open(t, below, dosna.Options{})
	linked(t, c)
	a, err := c.OpenGroup(ctx, "a")
	if err != nil {
		t.Fatal(err)
	}
	s := storetest.NewFaults(below, nil)
	through := open(t, s, dosna.Options{})
	puts := 0
	s.SetPlan(func(op storetest.Op) storetest.Fault {
		if op.Name == "Put" {
			if puts++; puts > 12 {
				return storetest.Fail(errFault)
			}
		}
		return storetest.Fault{}
	})
	if _, err := dosna.Copy(ctx, a, through, "copy", nil); !errors.Is(err, errFault) {
		t.Fatal(err)
	}
	if err := errors.Join(c.Delete(ctx, "a/b"), c.Delete(ctx, "a/deep")); err != nil {
		t.Fatal(err)
	}
	link(t, c, "a/b", "x")
	bytesDataset(t, c, "a/deep/in", []int{2}, []int{2})
	if _, err := dosna.Copy(ctx, a, c, "copy", &dosna.CopyOptions{Resume: true}); err != nil {
		t.Fatal(err)
	}
	if got := leads(t, c, "copy/b", "copy/deep", "copy/deep/in", "copy/near", "copy/up"); !slices.Equal(got, []string{"/copy/x", "/copy/deep", "/copy/deep/in", "/copy/x", "/z"}) {
		t.Errorf("the copies lead to %q", got)
	}
	checkTree(t, c)
}

// TestLinkTargetsProperty: wherever a link and its target are moved, alone or
// together, it leads to the target as long as that is not moved without it.
func TestLinkTargetsProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := openRapid(t)
		path := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c"}), 1, 4)
		at := strings.Join(path.Draw(t, "link"), "/") + "/link"
		to := strings.Join(path.Draw(t, "target"), "/")
		if _, err := c.CreateGroup(ctx, to, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := c.CreateLink(ctx, at, "/"+to); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			moved := strings.Join(path.Draw(t, "to"), "/") + "/link"
			if moved == at {
				continue
			}
			if err := c.Move(ctx, at, moved); err != nil {
				t.Fatal(err)
			}
			at = moved
			n, err := c.Open(ctx, at)
			if err != nil || n.Path() != "/"+to {
				t.Fatalf("%s leads to %v, want %s: %v", at, n, to, err)
			}
			if l, err := c.OpenLink(ctx, at); err != nil || strings.HasPrefix(l.Target(), "/") {
				t.Fatalf("%q: %v", l.Target(), err)
			}
		}
		if err := c.Move(ctx, strings.Split(at, "/")[0], "moved"); err != nil {
			t.Fatal(err)
		}
		at = "moved" + strings.TrimPrefix(at, strings.Split(at, "/")[0])
		if first := strings.Split(at, "/"); len(first) > 0 && rapid.Bool().Draw(t, "again") {
			if err := c.Move(ctx, "moved", "very/deep/down"); err != nil {
				t.Fatal(err)
			}
			at = "very/deep/down" + strings.TrimPrefix(at, "moved")
		}
		l, err := c.OpenLink(ctx, at)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := l.Follow(ctx); err == nil && n.Name() != to[strings.LastIndexByte(to, '/')+1:] && n.Path() != "/moved" && n.Path() != "/very/deep/down" {
			t.Fatalf("%s leads to %s", at, n.Path())
		}
	})
}

func openRapid(t *rapid.T) *dosna.Connection {
	c, err := dosna.OpenStore(ctx, memstore.New(), &dosna.Options{Mode: dosna.Create})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// movesLink moves a link, or a group that it is in. The link is then at the one place
// or the other, and leads to the dataset from wherever it is; also when it has been
// moved again.
func movesLink(name, src, dst, rest string) faulty {
	move := func(c *dosna.Connection) error { return c.Move(ctx, src, dst) }
	from, to := src+rest, dst+rest
	check := func(t *testing.T, c *dosna.Connection) (there int) {
		for _, path := range []string{from, to} {
			n, err := c.Open(ctx, path)
			if errors.Is(err, dosna.ErrNotExist) {
				continue
			}
			if there++; err != nil || n.Path() != "/g/x" {
				t.Errorf("the link at %s leads to %v: %v", path, n, err)
			}
		}
		return there
	}
	return faulty{name: name, bulk: true, do: move, check: func(t *testing.T, c *dosna.Connection, err error) {
		if check(t, c) == 0 {
			t.Errorf("the link is lost, after %v", err)
		}
		if err != nil {
			if again := move(c); again != nil && !errors.Is(again, dosna.ErrNotExist) {
				t.Errorf("after %v, again: %v", err, again)
			}
		}
		if n := check(t, c); n != 1 {
			t.Errorf("the link is in %d places, after %v", n, err)
		}
		if _, gone := c.OpenEntry(ctx, from); !errors.Is(gone, dosna.ErrNotExist) {
			t.Errorf("the link is where it was, after %v: %v", err, gone)
		}
	}}
}
