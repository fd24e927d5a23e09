package dosna

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/zarr"
)

// Link is a node that names another one, by a path in the same tree or by the address
// of another. Every path that is looked up follows the links in it, and Open one at
// its end; what is deleted, moved or copied is the link itself. Groups are listed,
// and walked, with links as what they are.
//
// What a link leads to need not exist. Stored is an empty group with an attribute of
// ours, which is what other programs see.
type Link struct {
	handle
}

// maxLinks is how many links one look-up follows: as many as POSIX systems do.
const maxLinks = 40

// ErrLoop is links that lead in a circle, or more than 40 of them in a row.
var ErrLoop = errors.New("links in a loop")

// LinkError is a link that cannot be followed: its target makes no sense
// (ErrInvalid), is not there (ErrNotExist), or may not be asked for (ErrPermission),
// or the way does not end (ErrLoop).
type LinkError struct {
	Path   string // of the link, as Node.Path gives it
	Tree   string // the address of the tree that it is in
	Target string // as it is stored
	Err    error
}

func (e *LinkError) Error() string {
	return fmt.Sprintf("the link %s in %s, to %q, cannot be followed: %v", nodeName(e.Path[1:]), e.Tree, shortened(e.Target), e.Err)
}

func (e *LinkError) Unwrap() error { return e.Err }

// shortened is a text of a stranger for an error.
func shortened(text string) string {
	const most = 200
	if r := []rune(text); len(r) > most {
		return string(r[:most]) + "…"
	}
	return text
}

func (l *Link) fault(err error) error {
	return &LinkError{Path: l.Path(), Tree: l.c.url, Target: l.Target(), Err: err}
}

// linkIn returns the target in the attributes of a group, if that is a link. The
// error is what keeps it from being followed.
func linkIn(attrs Attributes) (target string, is bool, err error) {
	ours, _ := attrs["dosna"].(map[string]any)
	link, is := ours["link"]
	if !is {
		return "", false, nil
	}
	members, ok := link.(map[string]any)
	if !ok {
		return "", true, fmt.Errorf("%w: attributes.dosna.link is no object", ErrInvalid)
	}
	target, ok = members["target"].(string)
	if !ok {
		return "", true, fmt.Errorf("%w: attributes.dosna.link.target is no string", ErrInvalid)
	}
	if len(members) > 1 {
		return target, true, fmt.Errorf("%w: attributes.dosna.link has members beside target, which are not known here", ErrInvalid)
	}
	return target, true, nil
}

// isLink reports whether a document is that of a link.
func isLink(doc zarr.Document) bool {
	g, ok := doc.(*zarr.Group)
	if !ok {
		return false
	}
	_, is, _ := linkIn(g.Attrs)
	return is
}

// linkAttrs returns the attributes of a link, with others beside it.
func linkAttrs(attrs Attributes, target string) Attributes {
	attrs = cloneAttrs(attrs)
	ours, ok := attrs["dosna"].(map[string]any)
	if !ok {
		ours = map[string]any{}
	}
	ours["link"] = map[string]any{"target": target}
	attrs["dosna"] = ours
	return attrs
}

// keepsLink is an error if attributes make or change a link: was is the target as it
// was before.
func keepsLink(attrs Attributes, was string, wasLink bool) error {
	ours, ok := attrs["dosna"]
	if !ok && !wasLink {
		return nil
	}
	var read Attributes // whatever types the caller made it of
	raw, err := json.Marshal(map[string]any{"dosna": ours})
	if err == nil {
		err = json.Unmarshal(raw, &read)
	}
	if err != nil {
		return fmt.Errorf("%w: the attribute dosna: %w", ErrInvalid, err)
	}
	if target, is, _ := linkIn(read); is != wasLink || target != was {
		return fmt.Errorf("%w: the attribute dosna.link makes a link of a group; use CreateLink and Link.SetTarget, or delete the link", ErrInvalid)
	}
	return nil
}

// Target returns the target as it is stored: a path that begins at the group in which
// the link is, "../raw", or the address of another tree and a node in it. It is "" if
// what is stored makes no sense.
func (l *Link) Target() string {
	l.attrs.mu.RLock()
	defer l.attrs.mu.RUnlock()
	target, _, _ := linkIn(l.attrs.attrs)
	return target
}

// Address returns the address of what the link leads to, which says the same in any tree. It is ""
// if there is none, as in a tree that only this process has.
func (l *Link) Address() string {
	t, err := parseTarget(l.Target())
	if err != nil {
		return ""
	}
	if t.url.Root == "" {
		to, above := t.from(parent(l.path))
		if above > 0 {
			return ""
		}
		if t, err = l.c.address(to); err != nil {
			return ""
		}
	}
	return t.String()
}

// Address returns the address by which links in other trees lead to a node; "" if there
// is none, as for a tree without an address.
func Address(n Node) string {
	t, err := n.Connection().address(n.place())
	if err != nil {
		return ""
	}
	return t.String()
}

// Follow opens what the link leads to, by way of any further links.
func (l *Link) Follow(ctx context.Context) (Node, error) { return l.c.lookUp(ctx, l.path) }

// SetTarget lets the link lead to somewhere else, unless it has been replaced by
// another node meanwhile. The target is given as for CreateLink.
func (l *Link) SetTarget(ctx context.Context, target string) error {
	text, err := l.c.targetFor(l.path, target)
	if err == nil {
		err = l.c.update(ctx, l.path, revision{
			assigns: true,
			attrs:   true,
			change: func(doc zarr.Document) (bool, error) {
				if !isLink(doc) {
					return false, fmt.Errorf("%w: another node has taken its place", ErrNotExist)
				}
				doc.Head().Attrs = linkAttrs(doc.Head().Attrs, text)
				return true, nil
			},
			then: func(doc zarr.Document, _ store.Version) error {
				l.saw(doc)
				return nil
			},
		})
	}
	if err != nil {
		return fmt.Errorf("change the link %s in %s: %w", nodeName(l.path), l.c.url, err)
	}
	return nil
}

// CreateLink creates a link to a target, and the groups above it that are missing. A
// node that is there already is ErrExist.
//
// The target is a path that begins at the group in which the link will be ("raw",
// "../other/raw"), or at the root of the tree ("/scan/raw"), or the URL of another tree
// with a node in it ("file:///data/pool#/scan/raw"). It need not exist. One in the
// same tree is stored relative to the link, and leads to the same node when both are
// moved together.
func (g *Group) CreateLink(ctx context.Context, path, target string) (*Link, error) {
	return g.c.createLink(ctx, g.path, path, target)
}

// CreateLink creates a link, as that of a Group does.
func (c *Connection) CreateLink(ctx context.Context, path, target string) (*Link, error) {
	return c.createLink(ctx, c.start, path, target)
}

func (c *Connection) createLink(ctx context.Context, base, path, target string) (*Link, error) {
	full, err := resolve(base, path)
	if err != nil {
		return nil, err
	}
	if full == "" {
		return nil, fmt.Errorf("create a link in %s: %w: the root of a tree is none", c.url, ErrInvalid)
	}
	return asLink(throughLinks(ctx, c, full, func(c *Connection, path string) (Node, error) {
		text, err := c.targetFor(path, target)
		if err != nil {
			return nil, fmt.Errorf("create the link %s in %s: %w", nodeName(path), c.url, err)
		}
		doc := zarr.NewGroup(linkAttrs(nil, text))
		doc.Format = c.formatFor(ctx, path)
		return c.createAt(ctx, path, doc)
	}))
}

// targetFor returns what to store in a link at a path for a target that a caller
// gives.
func (c *Connection) targetFor(path, target string) (string, error) {
	if !isURL(target) {
		if strings.Contains(target, "#/") {
			return "", fmt.Errorf("%w: the target %q of a link names a tree, and is to be a URL: file:///DIRECTORY#/NODE", ErrInvalid, shortened(target))
		}
		if i := len(target) - 1; i > 0 && target[i] == '/' && target[i-1] != '/' {
			target = target[:i]
		}
		t, err := parseTarget(target)
		if err != nil {
			return "", err
		}
		to, above := t.from(parent(path))
		if above > 0 {
			return "", fmt.Errorf("%w: the target %q of a link lies above the root of the tree", ErrInvalid, shortened(target))
		}
		return targetBetween(parent(path), to, 0).String(), nil
	}
	t, err := parseTarget(target)
	if err != nil {
		return "", err
	}
	if c.root.Scheme != "" && treeKey(c.root) == treeKey(t.url) {
		t = targetBetween(parent(path), t.url.Node, 0)
	}
	return t.String(), nil
}

// OpenEntry opens the node at a path as Open does, but a link there as what it is.
func (c *Connection) OpenEntry(ctx context.Context, path string) (Node, error) {
	return c.openEntry(ctx, c.start, path)
}

// OpenEntry opens the node at a path as Open does, but a link there as what it is.
func (g *Group) OpenEntry(ctx context.Context, path string) (Node, error) {
	return g.c.openEntry(ctx, g.path, path)
}

// OpenLink opens the link at a path. Links above it are followed.
func (c *Connection) OpenLink(ctx context.Context, path string) (*Link, error) {
	return asLink(c.OpenEntry(ctx, path))
}

// OpenLink opens the link at a path. Links above it are followed.
func (g *Group) OpenLink(ctx context.Context, path string) (*Link, error) {
	return asLink(g.OpenEntry(ctx, path))
}

func (c *Connection) openEntry(ctx context.Context, base, path string) (Node, error) {
	full, err := resolve(base, path)
	if err != nil {
		return nil, err
	}
	return throughLinks(ctx, c, full, func(c *Connection, path string) (Node, error) { return c.entry(ctx, path) })
}

func asLink(n Node, err error) (*Link, error) {
	if err != nil {
		return nil, err
	}
	if l, ok := n.(*Link); ok {
		return l, nil
	}
	return nil, fmt.Errorf("open %q in %s as a link: %w: it is a %s", n.Path(), n.Connection().url, ErrInvalid, kindOf(n))
}

func kindOf(n Node) string {
	switch n.(type) {
	case *Dataset:
		return "dataset"
	case *Link:
		return "link"
	}
	return "group"
}
