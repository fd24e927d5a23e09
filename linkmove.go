package dosna

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// movedLink is a link in a subtree that moves, with what it has for a target.
type movedLink struct {
	path   string // from the top of the subtree; "" for that itself
	before string
	during string // leads to the same node before the move and after it
	after  string
}

func (m movedLink) now() string       { return m.before }
func (m movedLink) meanwhile() string { return m.during }
func (m movedLink) then() string      { return m.after }

// linksToMove returns the links at a path and below whose targets would not lead to
// the same nodes if that moved.
//
// A target in what moves becomes relative, and leads there all the time. One outside
// is a path from the root while the move lasts, so that it is true whenever that is
// interrupted. One above the root leads nowhere, and stays so.
func (c *Connection) linksToMove(ctx context.Context, src, dst string) ([]movedLink, error) {
	var links []movedLink
	add := func(l *Link) {
		t, err := parseTarget(l.Target())
		if err != nil || t.url.Root != "" {
			return
		}
		group := parent(l.path)
		m := movedLink{path: strings.TrimPrefix(strings.TrimPrefix(l.path, src), "/"), before: l.Target()}
		moved := parent(join(dst, m.path))
		switch to, above := t.from(group); {
		case above > 0:
			m.during = linkTarget{up: max(depth(group), depth(moved)) + above, path: to}.String()
			m.after = targetBetween(moved, to, above).String()
		case isBelow(to, src) && m.path != "":
			m.during = targetBetween(group, to, 0).String()
			m.after = m.during
		default:
			m.during = linkTarget{rooted: true, path: to}.String()
			m.after = targetBetween(moved, to, 0).String()
		}
		if m.before != m.after {
			links = append(links, m)
		}
	}
	top, err := c.entry(ctx, src)
	switch top := top.(type) {
	case *Link:
		add(top)
	case *Group:
		for n, err := range top.Walk(ctx) {
			if l, ok := n.(*Link); ok {
				add(l)
			}
			if err != nil && !errors.Is(err, errUnreadable) {
				return nil, fmt.Errorf("look for links that move: %w", err)
			}
		}
	}
	if isNotExist(err) || errors.Is(err, errUnreadable) { // of an interrupted move, or damaged: no link
		err = nil
	}
	return links, err
}

// renameLinked renames a node, and returns the links that have moved with it, with
// the targets that they have meanwhile.
func (c *Connection) renameLinked(ctx context.Context, src, dst string) ([]movedLink, error) {
	links, err := c.linksToMove(ctx, src, dst)
	if err == nil {
		err = c.retarget(ctx, links, src, movedLink.now, movedLink.meanwhile)
	}
	if err == nil {
		err = c.rename(ctx, src, dst)
	}
	if err == nil || len(links) == 0 {
		return links, err
	}
	if _, _, gone := c.load(ctx, src); gone == nil { // else they lead to the same nodes, too
		err = errors.Join(err, c.retarget(ctx, links, src, movedLink.meanwhile, movedLink.now))
	}
	return nil, err
}

// retarget changes the targets of links below a path from one of what they have to
// another.
func (c *Connection) retarget(ctx context.Context, links []movedLink, top string, from, to func(movedLink) string) error {
	for _, m := range links {
		if err := c.rewriteTarget(ctx, join(top, m.path), from(m), to(m)); err != nil {
			return err
		}
	}
	return nil
}
