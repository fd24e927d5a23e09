package dosna

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/dosna/dosna/lock"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/zarr"
)

// Node is a *Group, a *Dataset or a *Link.
type Node interface {
	// Path is the node's place in the tree, "/" for the root.
	Path() string
	// Name is the last part of the path, "" for the root.
	Name() string
	// Attrs returns the attributes as they were when the node was opened or
	// last changed through this value; the map is the caller's own.
	Attrs() Attributes
	// UpdateAttrs changes the attributes by a function. If somebody else
	// changes the node at the same time the function is called again, with
	// their changes in; what it returns an error for is not stored. It must not
	// itself change the node.
	UpdateAttrs(ctx context.Context, change func(Attributes) error) error
	// Lock gets a lease on the node; see [WithLock] for what it is good for. It has to be
	// released.
	Lock(ctx context.Context, o *LockOptions) (*lock.Lease, error)
	// LockState tells who holds a lease on the node, or waits for one.
	LockState(ctx context.Context) (lock.State, error)
	// BreakLock takes the lease on the node from its holders, and returns who they
	// were; see [lock.Break].
	BreakLock(ctx context.Context, now bool) ([]lock.Claim, error)
	// Format returns the format of Zarr in which the node is stored: 2 or 3.
	Format() int
	// Connection returns the connection through which the node was opened.
	Connection() *Connection

	place() string
}

// Attributes are a node's attributes: what encoding/json can write, read back
// with numbers as json.Number.
type Attributes = zarr.Attributes

// resolve returns the path from the root, without slashes at its ends, that
// path names from the node base.
func resolve(base, path string) (string, error) {
	full := strings.TrimRight(path, "/")
	if strings.HasPrefix(path, "/") {
		full = strings.TrimLeft(full, "/")
	} else {
		full = join(base, full)
	}
	if full == "" {
		return "", nil
	}
	if err := checkPath(full); err != nil {
		return "", fmt.Errorf("path %q: %w", path, err)
	}
	return full, nil
}

// checkPath refuses names that no node can have: those that stores refuse in
// keys, and those that metadata and chunks of Zarr use.
func checkPath(path string) error {
	if err := store.CheckKey(documentKey(path)); err != nil {
		return err
	}
	for name := range strings.SplitSeq(path, "/") {
		switch {
		case name == zarr.Key:
			return fmt.Errorf("%w: %q is the name of metadata", ErrInvalid, name)
		case strings.HasPrefix(name, "__"):
			return fmt.Errorf("%w: %q begins with __, which Zarr reserves", ErrInvalid, name)
		case name == zarr.LockKey:
			return fmt.Errorf("%w: %q is the name of locks", ErrInvalid, name)
		case zarr.IsMetadata(name):
			return fmt.Errorf("%w: %q is the name of metadata of Zarr v2", ErrInvalid, name)
		case strings.Trim(name, ".") == "":
			return fmt.Errorf("%w: %q consists of dots", ErrInvalid, name)
		}
	}
	return nil
}

// parent returns the path of the group in which a node lies.
func parent(path string) string { return path[:max(0, strings.LastIndexByte(path, '/'))] }

func lastName(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// Open opens the node at a path, relative to the start of the connection. Links in
// the path and at its end are followed: see [Link], and OpenEntry for the link
// itself.
func (c *Connection) Open(ctx context.Context, path string) (Node, error) {
	return c.openFrom(ctx, c.start, path)
}

// OpenGroup opens the group at a path.
func (c *Connection) OpenGroup(ctx context.Context, path string) (*Group, error) {
	return asGroup(c.Open(ctx, path))
}

// OpenDataset opens the dataset at a path.
func (c *Connection) OpenDataset(ctx context.Context, path string) (*Dataset, error) {
	return asDataset(c.Open(ctx, path))
}

func asGroup(n Node, err error) (*Group, error) {
	if err != nil {
		return nil, err
	}
	if g, ok := n.(*Group); ok {
		return g, nil
	}
	return nil, fmt.Errorf("open %q in %s as a group: %w: it is a %s", n.Path(), n.Connection().url, ErrInvalid, kindOf(n))
}

func asDataset(n Node, err error) (*Dataset, error) {
	if err != nil {
		return nil, err
	}
	if d, ok := n.(*Dataset); ok {
		return d, nil
	}
	return nil, fmt.Errorf("open %q in %s as a dataset: %w: it is a %s", n.Path(), n.Connection().url, ErrInvalid, kindOf(n))
}

func (c *Connection) openFrom(ctx context.Context, base, path string) (Node, error) {
	full, err := resolve(base, path)
	if err != nil {
		return nil, err
	}
	return c.lookUp(ctx, full)
}

// entry opens the node at a path from the root, through no links.
func (c *Connection) entry(ctx context.Context, full string) (Node, error) {
	doc, v, err := c.load(ctx, full)
	if err != nil {
		if why := hidden(""); errors.As(err, &why) {
			return nil, fmt.Errorf("open %s in %s: %w", nodeName(full), c.url, why)
		}
		if errors.Is(err, ErrNotExist) {
			return nil, fmt.Errorf("open %s in %s: %w: there is no such node", nodeName(full), c.url, ErrNotExist)
		}
		return nil, fmt.Errorf("open %s: %w", nodeName(full), err)
	}
	return c.nodeSeen(full, doc, v)
}

// nodeSeen returns the node of a document that was just seen in a version.
func (c *Connection) nodeSeen(path string, doc zarr.Document, v store.Version) (Node, error) {
	n, err := c.node(path, doc)
	if d, ok := n.(*Dataset); ok {
		d.seen.saw(v, d.doc.Shape)
	}
	return n, err
}

func (c *Connection) node(path string, doc zarr.Document) (Node, error) {
	switch doc := doc.(type) {
	case *zarr.Array:
		d, err := newDataset(c, path, doc)
		if err != nil {
			return nil, &store.Error{Op: "bind", Store: c.url, Key: keyOf(path, doc), Err: unreadable{fmt.Errorf("codecs: %w", err)}}
		}
		return d, nil
	case *zarr.Group:
		if isLink(doc) {
			return &Link{newHandle(c, path, doc.Head())}, nil
		}
		return &Group{handle: newHandle(c, path, doc.Head())}, nil
	}
	return nil, fmt.Errorf("open %s in %s: a document of type %T", nodeName(path), c.url, doc)
}
