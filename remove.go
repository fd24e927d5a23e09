package dosna

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/zarr"
)

// Delete removes the node at a path and everything below it. It is marked
// first, so that nobody sees a half of it; an interrupted Delete is finished by
// another one, or by creating something in its place. What is not there is
// ErrNotExist.
func (g *Group) Delete(ctx context.Context, path string) error {
	return g.c.deleteFrom(ctx, g.path, path)
}

// Delete removes the node at a path and everything below it.
func (c *Connection) Delete(ctx context.Context, path string) error {
	return c.deleteFrom(ctx, c.start, path)
}

func (c *Connection) deleteFrom(ctx context.Context, base, path string) error {
	full, err := resolve(base, path)
	if err != nil {
		return err
	}
	what := "delete " + nodeName(full) + " in " + c.url
	if err := c.o.writable(); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if full == "" {
		return fmt.Errorf("%s: %w: the root stays as long as the tree; delete its children", what, ErrInvalid)
	}
	if err := c.unconsolidate(ctx, full); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if err := c.mark(ctx, full); err != nil {
		if isNotExist(err) {
			err = fmt.Errorf("%w: there is no such node", ErrNotExist)
		}
		return fmt.Errorf("%s: %w", what, err)
	}
	if err := c.removeNode(ctx, full); err != nil {
		return fmt.Errorf("%s: it is marked, and to be deleted again: %w", what, err)
	}
	return c.durable(ctx)
}

// mark marks a node as being deleted; one that is marked stays so. A document
// that cannot be read is replaced by a marked one: what is damaged can be deleted.
func (c *Connection) mark(ctx context.Context, path string) error {
	return c.rewrite(ctx, path, func() (zarr.Document, store.Version, error) {
		doc, v, err := c.loadAny(ctx, path)
		if errors.Is(err, errUnreadable) {
			doc, err = zarr.NewGroup(nil), nil
		}
		if err != nil || doc.Head().Deleting {
			return nil, v, err
		}
		doc.Head().Deleting = true
		return doc, v, nil
	}, nil)
}

// Move renames a node, with everything below it, to a path where there is none;
// the groups above that are created. Where the store cannot rename it is
// copied, then deleted, and an interrupted Move is finished by another one.
func (g *Group) Move(ctx context.Context, from, to string) error {
	return g.c.moveFrom(ctx, g.path, from, to)
}

// Move renames a node, with everything below it.
func (c *Connection) Move(ctx context.Context, from, to string) error {
	return c.moveFrom(ctx, c.start, from, to)
}

func (c *Connection) moveFrom(ctx context.Context, base, from, to string) error {
	src, err := resolve(base, from)
	if err != nil {
		return err
	}
	dst, err := resolve(base, to)
	if err != nil {
		return err
	}
	what := fmt.Sprintf("move %s to %s in %s", nodeName(src), nodeName(dst), c.url)
	if err := c.o.writable(); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	switch {
	case src == "" || dst == "":
		return fmt.Errorf("%s: %w: the root stays where it is", what, ErrInvalid)
	case src == dst || strings.HasPrefix(dst, src+"/"):
		return fmt.Errorf("%s: %w: a node cannot move into itself", what, ErrInvalid)
	}
	if _, _, err := c.load(ctx, src); err != nil {
		if isNotExist(err) {
			err = fmt.Errorf("%w: there is no such node", ErrNotExist)
		}
		return fmt.Errorf("%s: %w", what, err)
	}
	switch old, _, err := c.loadAny(ctx, dst); {
	case err == nil && old.Head().Deleting:
		if err := c.removeNode(ctx, dst); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	case err != nil && !isNotExist(err):
		return fmt.Errorf("%s: %w", what, err)
	}
	if err := c.requireParents(ctx, dst); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if err := c.unconsolidate(ctx, src); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if err := store.Rename(ctx, c.store, src+"/", dst+"/"); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return c.durable(ctx)
}
