package dosna

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/zarr"
)

// lookUp opens the node at a path from the root, through links in it and at its end.
// Where the node itself is at the path that is one request; only where there is none,
// links above are looked for.
func (c *Connection) lookUp(ctx context.Context, full string) (Node, error) {
	var t trail
	for at, path := c, full; ; {
		n, err := at.entry(ctx, path)
		l, isLink := n.(*Link)
		rest := ""
		switch {
		case isNotExist(err):
			var nearest string
			var failed error
			if l, nearest, failed = at.linkAbove(ctx, path); failed != nil {
				return nil, fmt.Errorf("open %s in %s: %w", nodeName(full), c.url, failed)
			}
			if l == nil {
				return nil, t.missing(c, full, nearest, err)
			}
			rest = strings.TrimPrefix(path, folder(l.path))
		case err != nil:
			return nil, t.through(c, full, err)
		case !isLink:
			return n, nil
		}
		if at, path, err = t.follow(ctx, l, rest); err != nil {
			return nil, err
		}
	}
}

// locate returns where a path leads, through links in it but not at its end, whether
// or not there is a node.
func (c *Connection) locate(ctx context.Context, full string) (*Connection, string, error) {
	var t trail
	for at, path := c, full; ; {
		l, nearest, err := at.linkAbove(ctx, path)
		if err != nil {
			return nil, "", err
		}
		if l == nil {
			if t.last != nil && !isBelow(nearest, t.to) {
				err := fmt.Errorf("%w: there is no such node", ErrNotExist)
				return nil, "", t.missing(c, full, nearest, err)
			}
			return at, path, nil
		}
		if at, path, err = t.follow(ctx, l, strings.TrimPrefix(path, folder(l.path))); err != nil {
			return nil, "", err
		}
	}
}

// linkAbove looks for a link above a path: the nearest node above is it, or there is
// none. nearest is the path of that node.
func (c *Connection) linkAbove(ctx context.Context, path string) (l *Link, nearest string, err error) {
	for path != "" {
		path = parent(path)
		doc, _, err := c.load(ctx, path)
		switch {
		case isNotExist(err):
			continue
		case err != nil:
			return nil, "", fmt.Errorf("look for a link at %s: %w", nodeName(path), err)
		case isLink(doc):
			return &Link{newHandle(c, path, doc.Head())}, path, nil
		}
		return nil, path, nil
	}
	return nil, "", nil
}

// errThroughLink is a group above a path that turns out to be a link.
var errThroughLink = fmt.Errorf("%w: there is a link above, which leads to somewhere else", ErrConflict)

// throughLinks calls do for a path and, if there is nothing, for where it leads
// through links above it.
func throughLinks[T any](ctx context.Context, c *Connection, full string, do func(c *Connection, path string) (T, error)) (T, error) {
	v, err := do(c, full)
	if !isNotExist(err) && !errors.Is(err, errThroughLink) || errors.Is(err, ErrUnknownOutcome) {
		return v, err
	}
	at, path, failed := c.locate(ctx, full)
	switch {
	case failed != nil:
		return v, failed
	case at == c && path == full:
		return v, err
	}
	return do(at, path)
}

// trail is the way of a look-up through links.
type trail struct {
	seen []waypoint
	last *Link  // that was followed
	to   string // the path where it leads: if there is nothing, the link dangles
}

// waypoint is a path that was looked up in a store, and found to lead through a link.
type waypoint struct {
	store store.Store
	path  string
}

// follow returns where a link leads, and from there the rest of a path.
func (t *trail) follow(ctx context.Context, l *Link, rest string) (*Connection, string, error) {
	here := waypoint{l.c.store, join(l.path, rest)}
	switch i := slices.Index(t.seen, here); {
	case i >= 0:
		var circle []string
		for _, p := range t.seen[i:] {
			circle = append(circle, "/"+p.path)
		}
		return nil, "", l.fault(fmt.Errorf("%w: they lead in a circle: %s", ErrLoop, shortened(strings.Join(circle, ", "))))
	case len(t.seen) == maxLinks:
		return nil, "", l.fault(fmt.Errorf("%w: more than %d are to be followed one after the other", ErrLoop, maxLinks))
	}
	t.seen = append(t.seen, here)
	c, to, err := l.lead(ctx)
	path := join(to, rest)
	if err == nil && path != "" {
		err = checkPath(path)
	}
	if err != nil {
		return nil, "", l.fault(err)
	}
	if t.last == nil || t.to == l.path || !isBelow(t.to, l.path) {
		t.last, t.to = l, to
	} else { // on the way to where an earlier link leads
		t.to = join(to, strings.TrimPrefix(t.to, folder(l.path)))
	}
	return c, path, nil
}

// missing is the error for a path that leads to no node, where nearest is the nearest
// one above.
func (t *trail) missing(c *Connection, full, nearest string, err error) error {
	if t.last == nil {
		return err
	}
	if isBelow(nearest, t.to) { // it is there, but not what is looked for in it
		return t.through(c, full, err)
	}
	return t.last.fault(err)
}

// through says that an error was met behind links.
func (t *trail) through(c *Connection, full string, err error) error {
	if t.last == nil {
		return err
	}
	return fmt.Errorf("open %s in %s, which leads through the link %s: %w", nodeName(full), c.url, nodeName(t.last.path), err)
}

// lead returns the tree and the path that the link names.
func (l *Link) lead(ctx context.Context) (*Connection, string, error) {
	l.attrs.mu.RLock()
	text, _, err := linkIn(l.attrs.attrs)
	l.attrs.mu.RUnlock()
	if err != nil {
		return nil, "", err
	}
	t, err := parseTarget(text)
	if err != nil {
		return nil, "", err
	}
	if t.url.Root == "" {
		path, above := t.from(parent(l.path))
		if above > 0 {
			return nil, "", fmt.Errorf("%w: it leads above the root of the tree as it was opened, %s", ErrInvalid, l.c.url)
		}
		return l.c, path, nil
	}
	c, err := l.c.trees.open(ctx, l.c, t.url)
	return c, t.url.Node, err
}

// rewriteTarget gives a link another target, unless it has another one than was by
// now.
func (c *Connection) rewriteTarget(ctx context.Context, path, was, target string) error {
	if was == target {
		return nil
	}
	return c.update(ctx, path, revision{
		assigns: true,
		attrs:   true,
		change: func(doc zarr.Document) (bool, error) {
			if text, _, err := linkIn(doc.Head().Attrs); !isLink(doc) || err != nil || text != was {
				return false, nil
			}
			doc.Head().Attrs = linkAttrs(doc.Head().Attrs, target)
			return true, nil
		},
	})
}
