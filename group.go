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

// Group is a node that has children.
type Group struct {
	handle
	copies *copiesBelow // that it was opened from, in a store that cannot list; else nil
}

// Root opens the root of the tree, if that is a group.
func (c *Connection) Root(ctx context.Context) (*Group, error) {
	return asGroup(c.openFrom(ctx, "", ""))
}

// Open opens the node at a path.
func (g *Group) Open(ctx context.Context, path string) (Node, error) {
	return g.c.openFrom(ctx, g.path, path)
}

// OpenGroup opens the group at a path.
func (g *Group) OpenGroup(ctx context.Context, path string) (*Group, error) {
	return asGroup(g.Open(ctx, path))
}

// OpenDataset opens the dataset at a path.
func (g *Group) OpenDataset(ctx context.Context, path string) (*Dataset, error) {
	return asDataset(g.Open(ctx, path))
}

// Has reports whether there is a node at a path.
func (g *Group) Has(ctx context.Context, path string) (bool, error) {
	_, err := g.Open(ctx, path)
	if isNotExist(err) {
		return false, nil
	}
	return err == nil, err
}

// CreateGroup creates a group, and the groups above it that are missing, of the
// format of Zarr of the group that it is in. A node that is there already is
// ErrExist.
func (g *Group) CreateGroup(ctx context.Context, path string, attrs Attributes) (*Group, error) {
	return g.c.createGroup(ctx, g.path, path, attrs)
}

// CreateGroup creates a group, and the groups above it that are missing.
func (c *Connection) CreateGroup(ctx context.Context, path string, attrs Attributes) (*Group, error) {
	return c.createGroup(ctx, c.start, path, attrs)
}

// RequireGroup opens the group at a path, which is created if it is missing.
func (g *Group) RequireGroup(ctx context.Context, path string) (*Group, error) {
	found, err := g.OpenGroup(ctx, path)
	if !isNotExist(err) {
		return found, err
	}
	created, err := g.CreateGroup(ctx, path, nil)
	if errors.Is(err, ErrExist) {
		if found, err := g.OpenGroup(ctx, path); err == nil {
			return found, nil // somebody was faster
		}
	}
	return created, err
}

func (c *Connection) createGroup(ctx context.Context, base, path string, attrs Attributes) (*Group, error) {
	if err := keepsLink(attrs, "", false); err != nil {
		return nil, fmt.Errorf("create group %q in %s: %w", path, c.url, err)
	}
	doc := zarr.NewGroup(cloneAttrs(attrs))
	if full, err := resolve(base, path); err == nil {
		doc.Format = c.formatFor(ctx, full)
	}
	return asGroup(c.createFrom(ctx, base, path, doc))
}

// createFrom creates a node, through links above it.
func (c *Connection) createFrom(ctx context.Context, base, path string, doc zarr.Document) (Node, error) {
	full, err := resolve(base, path)
	if err != nil {
		return nil, err
	}
	return throughLinks(ctx, c, full, func(c *Connection, path string) (Node, error) { return c.createAt(ctx, path, doc) })
}

// createAt creates a node at a path from the root. Should that lead through a link it
// is errThroughLink.
func (c *Connection) createAt(ctx context.Context, full string, doc zarr.Document) (Node, error) {
	what := "create " + nodeName(full) + " in " + c.url
	if err := c.o.writable(); err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	_, doc, err := encode(doc)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	var v store.Version
	if full == "" {
		v, err = c.replaceRoot(ctx, doc)
	} else {
		err = c.keeping(ctx, change{path: full}, func(ctx context.Context) error {
			v, err = c.createBelow(ctx, full, doc)
			return err
		})
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	n, err := c.nodeSeen(full, doc, v)
	if err != nil {
		return nil, err
	}
	return n, c.durable(ctx)
}

// createBelow creates a node, and the groups above it that are missing.
func (c *Connection) createBelow(ctx context.Context, path string, doc zarr.Document) (v store.Version, err error) {
	return v, c.withParents(func() error {
		if err = c.requireParents(ctx, path); err == nil {
			v, err = c.createChild(ctx, path, doc)
		}
		return err
	})
}

// errOrphan is a node whose group has been deleted.
var errOrphan = fmt.Errorf("%w: the group above is deleted again and again", ErrConflict)

// withParents calls do again if a group was deleted in which it has created
// something.
func (c *Connection) withParents(do func() error) error {
	for n := 1; ; n++ {
		if err := do(); n == maxTries || !errors.Is(err, errOrphan) {
			return err
		}
	}
}

// createChild creates a node in a group. Should that be deleted meanwhile, perhaps to
// make place for a link, and the node not be found by who deletes it, it is removed
// again: errOrphan.
func (c *Connection) createChild(ctx context.Context, path string, doc zarr.Document) (store.Version, error) {
	v, err := c.createSwept(ctx, path, doc)
	above := parent(path)
	if err != nil || above == "" {
		return v, err
	}
	// what is there now is kept or removed, also if ctx has been cancelled
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleaning)
	defer cancel()
	group, _, err := c.load(ctx, above)
	if err != nil && !isNotExist(err) || err == nil && !isLink(group) {
		return v, err
	}
	err = c.certain(ctx, func() error {
		var cond store.Cond
		if c.store.Guarantees().DeleteIfMatch {
			cond.IfMatch = v
		}
		return c.guarded(ctx).Delete(ctx, keyOf(path, doc), cond)
	})
	if err == nil || errors.Is(err, ErrConflict) {
		err = errOrphan
	}
	return "", err
}

// requireParents creates the groups above path that are missing, of the format of
// the group that they are in.
func (c *Connection) requireParents(ctx context.Context, path string) error {
	format := 3
	for _, above := range above(path) {
		doc, _, err := c.load(ctx, above)
		if errors.Is(err, ErrNotExist) && above != "" {
			group := zarr.NewGroup(nil)
			group.Format = format
			_, err = c.createChild(ctx, above, group)
			if errors.Is(err, ErrExist) || errors.Is(err, ErrUnknownOutcome) { // somebody else was faster
				if doc, _, err = c.load(ctx, above); isNotExist(err) {
					err = errOrphan
				}
			}
		}
		if err != nil {
			return err
		}
		if isLink(doc) {
			return errThroughLink
		}
		if _, ok := doc.(*zarr.Array); ok {
			return fmt.Errorf("%w: %s is a dataset, which has no children", ErrInvalid, nodeName(above))
		}
		if doc != nil {
			format = formatOf(doc)
		}
	}
	return nil
}

// createSwept creates a node where nothing is left of one that was there
// before: interrupted deletions are finished first.
func (c *Connection) createSwept(ctx context.Context, path string, doc zarr.Document) (store.Version, error) {
	old, _, err := c.loadAny(ctx, path)
	switch {
	case err == nil && old.Head().Deleting:
		if err := c.removeNode(ctx, path); err != nil {
			return "", err
		}
	case err == nil:
		return "", fmt.Errorf("%w: there is a node of that name", ErrExist)
	case !errors.Is(err, ErrNotExist):
		return "", err
	}
	if a, ok := doc.(*zarr.Array); ok && formatOf(doc) != 2 {
		return c.createArray(ctx, path, a)
	}
	return c.create(ctx, path, doc)
}

// createArray creates an array's document. Chunks without a document, left by a
// program that died, must not become the new array's: they are removed while a
// mark keeps everybody else out.
func (c *Connection) createArray(ctx context.Context, path string, a *zarr.Array) (store.Version, error) {
	litter := false
	for _, err := range c.store.List(ctx, store.ListOptions{Prefix: folder(path), Shallow: true}) {
		if err != nil {
			return "", err
		}
		litter = true
		break
	}
	if !litter {
		return c.create(ctx, path, a)
	}
	marked := *a
	marked.Deleting = true
	v, err := c.create(ctx, path, &marked)
	if err != nil {
		return "", err
	}
	if v == "" {
		if _, v, err = c.loadAny(ctx, path); err != nil {
			return "", err
		}
	}
	err = c.sweepAll(ctx, folder(path), c.stays(path, v), func(name string) bool {
		_, ok := a.Keys.Coords(name, len(a.Shape))
		return ok
	})
	if err == nil {
		var raw []byte
		if raw, _, err = encode(a); err == nil {
			v, err = c.putIfMatch(ctx, documentKey(path), [][]byte{raw}, v, true)
		}
	}
	if errors.Is(err, errMoved) || errors.Is(err, ErrConflict) {
		err = fmt.Errorf("%w: somebody else creates it at the same time", ErrExist) // having found the mark
	}
	return v, err
}

// Names lists the names of what lies in the group's folder, in byte order,
// without opening anything: nodes as a rule, though folders of other programs
// would be among them. In a store that cannot list, they are those of the nodes in
// consolidated metadata.
func (g *Group) Names(ctx context.Context) ([]string, error) {
	names, _, err := g.names(ctx)
	return names, err
}

// names returns the names of what is below and, if they are of consolidated metadata,
// the copies in it.
func (g *Group) names(ctx context.Context) ([]string, *copiesBelow, error) {
	if g.copies != nil {
		return g.copies.names(g.path), g.copies, nil
	}
	prefix := folder(g.path)
	var names []string
	for info, err := range g.c.store.List(ctx, store.ListOptions{Prefix: prefix, Shallow: true}) {
		if errors.Is(err, errors.ErrUnsupported) {
			copies, none := g.c.findCopies(ctx, g.path)
			if copies == nil {
				return nil, nil, errors.Join(err, none)
			}
			return copies.names(g.path), copies, nil
		}
		if err != nil {
			return nil, nil, err
		}
		if info.Dir {
			names = append(names, strings.TrimSuffix(info.Key[len(prefix):], "/"))
		}
	}
	slices.Sort(names)
	return names, nil, nil
}
