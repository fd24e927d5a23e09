package dosna

import (
	"fmt"
	"strings"

	"github.com/dosna/dosna/store"
)

// linkTarget is where a link leads, taken apart.
type linkTarget struct {
	url store.URL // another tree, and the node in it; its Root is "" if it is the same tree

	// In the same tree: from the root, or from the group that the link is in and so
	// many groups up.
	rooted bool
	up     int
	path   string
}

// maxTarget bounds the bytes of a link's target.
const maxTarget = 4096

// parseTarget reads the target of a link as it is stored: a URL, or a path that has
// "..", if at all, at its beginning only; "." is the group that the link is in.
func parseTarget(text string) (linkTarget, error) {
	fault := func(format string, args ...any) (linkTarget, error) {
		return linkTarget{}, fmt.Errorf("%w: the target of a link "+format, append([]any{ErrInvalid}, args...)...)
	}
	switch {
	case text == "":
		return fault("is empty")
	case len(text) > maxTarget:
		return fault("has %d bytes, more than %d", len(text), maxTarget)
	}
	if isURL(text) {
		u, err := store.ParseURL(text)
		if err == nil && u.Node != "" {
			err = checkPath(u.Node)
		}
		if err == nil && strings.ContainsFunc(u.Root, isControl) {
			err = fmt.Errorf("%w: it has a control character", ErrInvalid)
		}
		if err != nil {
			return fault("is a URL that makes no sense: %w", err)
		}
		return linkTarget{url: u}, nil
	}
	var t linkTarget
	rest := text
	if after, ok := strings.CutPrefix(text, "/"); ok {
		if t.rooted, rest = true, after; rest == "" {
			return t, nil
		}
	} else if rest == "." {
		return t, nil
	}
	for !t.rooted {
		after, ok := strings.CutPrefix(rest, "..")
		if !ok || after != "" && after[0] != '/' {
			break
		}
		t.up++
		if after == "" {
			return t, nil
		}
		rest = after[1:]
	}
	if err := checkPath(rest); err != nil {
		return fault("is no path: %w", err)
	}
	t.path = rest
	return t, nil
}

// isURL reports whether a target is one. No path has two slashes in a row.
func isURL(text string) bool { return schemeOf(text) != "" }

// schemeOf returns the scheme of a URL, in lower case; "" of a plain path.
func schemeOf(address string) string {
	scheme, _, ok := strings.Cut(address, "://")
	u, err := store.ParseURL(scheme + "://x")
	if !ok || err != nil || !strings.EqualFold(u.Scheme, scheme) {
		return ""
	}
	return u.Scheme
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// String is the target as it is stored; parseTarget reads it as t.
func (t linkTarget) String() string {
	switch {
	case t.url.Root != "":
		return t.url.String()
	case t.rooted:
		return "/" + t.path
	case t.up == 0 && t.path == "":
		return "."
	}
	return strings.TrimSuffix(strings.Repeat("../", t.up)+t.path, "/")
}

// from returns the path to which the target leads from a group in the same tree and,
// if that is outside, how many groups it lies above the root.
func (t linkTarget) from(group string) (path string, above int) {
	if t.rooted {
		return t.path, 0
	}
	for range t.up {
		if group == "" {
			above++
		}
		group = parent(group)
	}
	if above > 0 {
		return t.path, above
	}
	return join(group, t.path), 0
}

// targetBetween returns the target that leads from a group to a path, which begins
// so many groups above the root.
func targetBetween(group, path string, above int) linkTarget {
	up := above
	if above == 0 {
		for !isBelow(path, group) {
			group, up = parent(group), up+1
		}
		return linkTarget{up: up, path: strings.TrimPrefix(strings.TrimPrefix(path, group), "/")}
	}
	return linkTarget{up: up + depth(group), path: path}
}

// isBelow reports whether a path is that of a node, or of one below it.
func isBelow(path, node string) bool {
	return node == "" || path == node || strings.HasPrefix(path, node+"/")
}

// depth returns how many groups a path leads down from the root.
func depth(path string) int {
	if path == "" {
		return 0
	}
	return strings.Count(path, "/") + 1
}
