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
// ErrNotExist. Of a link the link is removed, never what it leads to.
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
	_, err = throughLinks(ctx, c, full, func(c *Connection, full string) (struct{}, error) { return struct{}{}, c.deleteAt(ctx, full) })
	return err
}

func (c *Connection) deleteAt(ctx context.Context, full string) error {
	what := "delete " + nodeName(full) + " in " + c.url
	if err := c.o.writable(); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if full == "" {
		return fmt.Errorf("%s: %w: the root stays as long as the tree; delete its children", what, ErrInvalid)
	}
	err := c.keeping(ctx, change{path: full, deep: true}, func(ctx context.Context) error { return c.markAndRemove(ctx, full) })
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return c.durable(ctx)
}

func (c *Connection) markAndRemove(ctx context.Context, full string) error {
	switch err := c.mark(ctx, full); {
	case isNotExist(err) && errors.Is(err, ErrUnknownOutcome):
		return nil // it was marked, and somebody has gone on
	case isNotExist(err):
		return fmt.Errorf("%w: there is no such node", ErrNotExist)
	case err != nil:
		return err
	}
	if err := c.removeNode(ctx, full); err != nil {
		return fmt.Errorf("it is marked, and to be deleted again: %w", err)
	}
	return nil
}

// mark marks a node as being deleted; one that is marked stays so. A document
// that cannot be read is replaced by a marked one: what is damaged can be deleted.
func (c *Connection) mark(ctx context.Context, path string) error {
	for n := 1; ; n++ {
		err := c.rewrite(ctx, path, revision{assigns: true, load: c.loadMarkable, change: func(doc zarr.Document) (bool, error) {
			head := doc.Head()
			marked := head.Deleting && head.Becomes == 0
			head.Deleting = true
			if head.Becomes != 0 { // with which a node of Zarr v2 beside it would be complete
				head.Copy, head.Becomes = "", 0
			}
			return !marked, nil
		}})
		if !errors.Is(err, errFormat2) {
			return err
		}
		if err := c.markV2(ctx, path); !errors.Is(err, ErrExist) || n == maxTries {
			return err
		}
	}
}

// loadMarkable reads the document in which a mark is put. It is errFormat2 if one has
// to be made.
func (c *Connection) loadMarkable(ctx context.Context, path string) (zarr.Document, store.Version, error) {
	doc, v, err := c.loadV3(ctx, path)
	switch {
	case errors.Is(err, errUnreadable):
		return zarr.NewGroup(nil), v, nil
	case isNotExist(err):
		if _, _, again := c.loadV2(ctx, path, nil, "", err); again == nil || errors.Is(again, errUnreadable) {
			err = errFormat2
		} else {
			err = again
		}
	}
	return doc, v, err
}

// Move renames a node, with everything below it, to a path where there is none;
// the groups above that are created. Where the store cannot rename it is
// copied, then deleted, and an interrupted Move is finished by another one.
//
// Links that move, alone or in a group, still lead to the same nodes: where a
// relative target would not, it is changed. Links to what moves are not looked for.
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
	there, dst, err := c.locate(ctx, dst)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if c, src, err = c.locate(ctx, src); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if c.store != there.store {
		return fmt.Errorf("%s: %w: links lead to different trees there; copy, then delete", what, ErrInvalid)
	}
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
	err = c.keeping(ctx, change{path: src, deep: true}, func(ctx context.Context) error {
		return c.keeping(ctx, change{path: dst, deep: true}, func(ctx context.Context) error {
			if err := parents(); err != nil {
				return err
			}
			links, err := c.renameLinked(ctx, src, dst)
			if err != nil {
				return err
			}
			err = c.retarget(ctx, links, dst, movedLink.meanwhile, movedLink.then)
			if again := parents(); again != nil { // which somebody may have deleted meanwhile
				err = errors.Join(again, err)
			}
			if err != nil {
				return fmt.Errorf("it has moved: %w", err)
			}
			return nil
		})
	})
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
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
		err := store.Rename(store.Durably(ctx), c.guarded(ctx), folder(src), folder(dst))
		if unknown && isNotExist(err) {
			if _, _, err := c.loadAny(ctx, dst); err == nil {
				return nil
			}
		}
		unknown = unknown || errors.Is(err, ErrUnknownOutcome)
		return err
	})
}
