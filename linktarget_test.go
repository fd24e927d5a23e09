package dosna

import (
	"strings"
	"testing"
)

// FuzzTarget: a target is read as what it is written as, and the way from one path to
// another leads there.
func FuzzTarget(f *testing.F) {
	for _, s := range []string{"x", "../x", "/a/x", ".", "..", "/", "../..", "a/l", "../../x/y", "http://h/p?q=1#/n", "file:///a%20b#/c", "mem://x", "s3://b", "a//b", "...", "../...", "a://", "A1+://x"} {
		f.Add(s, "a/b", "c")
	}
	f.Fuzz(func(t *testing.T, text, group, path string) {
		target, err := parseTarget(text)
		if err == nil {
			again, err := parseTarget(target.String())
			if err != nil || again.String() != target.String() || again.rooted != target.rooted || again.up != target.up || again.path != target.path || again.url.Root != target.url.Root || again.url.Node != target.url.Node {
				t.Errorf("%q is %+v, written %q and then %+v: %v", text, target, target.String(), again, err)
			}
			if isURL(text) != (target.url.Root != "") {
				t.Errorf("%q is %+v", text, target)
			}
			if to, above := target.from(group); target.url.Root == "" && above == 0 && to != "" && checkPath(group) == nil && len(group)+len(to) < 900 && checkPath(to) != nil {
				t.Errorf("%q leads from %q to %q", text, group, to)
			}
		}
		if group != "" && checkPath(group) != nil || path != "" && checkPath(path) != nil {
			return
		}
		for _, above := range []int{0, 1, 3} {
			between := targetBetween(group, path, above)
			read, err := parseTarget(between.String())
			if err != nil && len(between.String()) <= maxTarget {
				t.Fatalf("from %q to %q: %q: %v", group, path, between.String(), err)
			}
			if to, up := read.from(group); err == nil && (to != path || up != above) {
				t.Errorf("from %q, %q leads to %q, %d above; want %q, %d", group, between.String(), to, up, path, above)
			}
			if above == 0 && isBelow(path, group) && strings.HasPrefix(between.String(), "..") {
				t.Errorf("from %q to %q: %q", group, path, between.String())
			}
		}
	})
}
