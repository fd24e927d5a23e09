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
	switch err := c.mark(ctx, full); {
	case isNotExist(err) && errors.Is(err, ErrUnknownOutcome):
		return c.durable(ctx) // it was marked, and somebody has gone on
	case err != nil:
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
	return c.rewrite(ctx, path, revision{
		assigns: true,
		load: func(ctx context.Context, path string) (zarr.Document, store.Version, error) {
			doc, v, err := c.loadAny(ctx, path)
			if errors.Is(err, errUnreadable) {
				doc, err = zarr.NewGroup(nil), nil
			}
			return doc, v, err
		},
		change: func(doc zarr.Document) (bool, error) {
			marked := doc.Head().Deleting
			doc.Head().Deleting = true
			return !marked, nil
		},
	})
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
	if err := c.mayMove(ctx, src, dst); err != nil {
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
	parents := func() error { return c.withParents(func() error { return c.requireParents(ctx, dst) }) }
	if err := parents(); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if err := c.unconsolidate(ctx, src); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if err := c.rename(ctx, src, dst); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if err := parents(); err != nil { // which somebody may have deleted meanwhile
		return fmt.Errorf("%s: it has moved: %w", what, err)
	}
	return c.durable(ctx)
}

// mayMove is an error if there is no node to move, nor what an interrupted Move left
// of one.
func (c *Connection) mayMove(ctx context.Context, src, dst string) error {
	_, _, err := c.load(ctx, src)
	if !isNotExist(err) {
		return err
	}
	if _, _, moved := c.load(ctx, dst); moved == nil {
		for _, left := range c.store.List(ctx, store.ListOptions{Prefix: folder(src)}) {
			return left
		}
	}
	return fmt.Errorf("%w: there is no such node", ErrNotExist)
}

// rename moves a folder. If it is not known whether that was done, it is seen when
// it is done again.
func (c *Connection) rename(ctx context.Context, src, dst string) error {
	defer c.forgetAll(folder(src))
	defer c.forgetAll(folder(dst))
	unknown := false
	return c.certain(ctx, func() error {
		err := store.Rename(store.Durably(ctx), c.store, folder(src), folder(dst))
		if unknown && isNotExist(err) {
			if _, err := c.store.Stat(ctx, documentKey(dst)); err == nil {
				return nil
			}
		}
		unknown = unknown || errors.Is(err, ErrUnknownOutcome)
		return err
	})
}
