package dosna

import (
	"context"
	"fmt"
	"strings"
)

// original is a node to be copied.
type original struct {
	rel  string // where the copy is to be, from that of the top
	c    *Connection
	path string
}

// maxFollowed bounds how many nodes are copied that links lead to: links that lead to
// groups of links may stand for any number.
const maxFollowed = 1 << 20

// below returns what is below a node that is to be copied, parents before their
// children. If links are to be followed it is what they lead to.
func (a *attempt) below(ctx context.Context, src Node) ([]original, error) {
	g, ok := src.(*Group)
	if !ok {
		return nil, nil
	}
	return a.gather(ctx, nil, g, "", nil)
}

// gather adds what is below a group, the copy of which is at rel. links are those
// that led to it.
func (a *attempt) gather(ctx context.Context, all []original, g *Group, rel string, links []*Link) ([]original, error) {
	for n, err := range g.Walk(ctx) {
		if err != nil {
			return nil, err
		}
		at := join(rel, strings.TrimPrefix(n.place(), folder(g.path)))
		l, ok := n.(*Link)
		if !ok || !a.o.Follow {
			if all = append(all, original{at, n.Connection(), n.place()}); len(links) > 0 && len(all) > maxFollowed {
				return nil, links[0].fault(fmt.Errorf("%w: links to be copied as what they lead to stand for more than %d nodes", ErrInvalid, maxFollowed))
			}
			continue
		}
		to, err := l.Follow(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, original{at, to.Connection(), to.place()})
		group, ok := to.(*Group)
		if !ok {
			continue
		}
		way := append(links[:len(links):len(links)], l)
		for _, l := range way {
			if l.c.store == group.c.store && isBelow(l.path, group.path) {
				return nil, l.fault(fmt.Errorf("%w: to copy what it leads to, a group that it is in, would never end", ErrLoop))
			}
		}
		if all, err = a.gather(ctx, all, group, at, way); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// linkAttrs returns the attributes of the copy of a link.
func (a *attempt) linkAttrs(l *Link, full string) (Attributes, error) {
	t, err := parseTarget(l.Target())
	if err != nil || t.url.Root != "" {
		return l.Attrs(), nil // which means the same anywhere
	}
	to, above := t.from(parent(l.path))
	same := l.c.store == a.to.store || l.c.root.Scheme != "" && a.to.root.Scheme != "" && treeKey(l.c.root) == treeKey(a.to.root)
	switch {
	case above == 0 && l.c.store == a.top.Connection().store && isBelow(to, a.top.place()):
		to = join(a.full, strings.TrimPrefix(strings.TrimPrefix(to, a.top.place()), "/"))
		t = targetBetween(parent(full), to, 0)
	case same || above > 0:
		t = targetBetween(parent(full), to, above)
	default:
		if t, err = l.c.address(to); err != nil {
			return nil, l.fault(err)
		}
	}
	return linkAttrs(l.Attrs(), t.String()), nil
}
