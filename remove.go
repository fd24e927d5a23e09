package dosna

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/dosna/dosna/nd"
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
	if err := c.o.writable(what); err != nil {
		return err
	}
	if full == "" {
		return fmt.Errorf("%s: %w: the root stays as long as the tree; delete its children", what, ErrInvalid)
	}
	if err := c.mark(ctx, full); err != nil {
		if errors.Is(err, ErrNotExist) {
			err = fmt.Errorf("%s: %w", what, ErrNotExist)
		}
		return err
	}
	if err := c.remove(ctx, full); err != nil {
		return err
	}
	return c.durable(ctx)
}

// mark marks a node as being deleted; one that is marked stays so.
func (c *Connection) mark(ctx context.Context, path string) error {
	key := documentKey(path)
	defer c.locks.lock(key)()
	return c.retry(ctx, key, func() error {
		doc, v, err := c.loadAny(ctx, path)
		if err != nil || doc.Head().Deleting {
			return err
		}
		doc.Head().Deleting = true
		raw, err := doc.Marshal()
		if err != nil {
			return err
		}
		return c.putIfMatch(ctx, key, [][]byte{raw}, v)
	})
}

// remove removes everything below a marked node, and its document last.
func (c *Connection) remove(ctx context.Context, path string) error {
	own := documentKey(path)
	var keys []string
	flush := func() error {
		err := store.DeleteAll(ctx, c.store, keys)
		keys = keys[:0]
		return err
	}
	for info, err := range c.store.List(ctx, store.ListOptions{Prefix: path + "/"}) {
		if err != nil {
			return err
		}
		if info.Key == own {
			continue
		}
		if keys = append(keys, info.Key); len(keys) == 1000 {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err := flush(); err != nil {
		return err
	}
	return c.store.Delete(ctx, own, store.Cond{})
}

// removeChunks removes the stored objects of an array for which drop, if any,
// is true of the grid coordinates.
func (c *Connection) removeChunks(ctx context.Context, path string, a *zarr.Array, drop func(coords []int) bool) error {
	var keys []string
	prefix := path + "/"
	if path == "" {
		prefix = ""
	}
	for coords, err := range c.chunkCoords(ctx, path, a) {
		if err != nil {
			return err
		}
		if drop == nil || drop(coords) {
			keys = append(keys, string(a.Keys.Key([]byte(prefix), coords)))
		}
		if len(keys) == 1000 {
			if err := store.DeleteAll(ctx, c.store, keys); err != nil {
				return err
			}
			keys = keys[:0]
		}
	}
	return store.DeleteAll(ctx, c.store, keys)
}

// chunkCoords yields the grid coordinates of an array's stored objects, in no
// particular order, including those outside its shape.
func (c *Connection) chunkCoords(ctx context.Context, path string, a *zarr.Array) iter.Seq2[[]int, error] {
	prefix := path + "/"
	if path == "" {
		prefix = ""
	}
	return func(yield func([]int, error) bool) {
		for info, err := range c.store.List(ctx, store.ListOptions{Prefix: prefix}) {
			if err != nil {
				yield(nil, err)
				return
			}
			coords, ok := a.Keys.Coords(strings.TrimPrefix(info.Key, prefix), len(a.Shape))
			if ok && !yield(coords, nil) {
				return
			}
		}
	}
}

// outside reports whether a cell lies outside the grid.
func outside(g nd.Grid, coords []int) bool { return g.Contains(coords) != nil }

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
	if err := c.o.writable(what); err != nil {
		return err
	}
	switch {
	case src == "" || dst == "":
		return fmt.Errorf("%s: %w: the root stays where it is", what, ErrInvalid)
	case src == dst || strings.HasPrefix(dst, src+"/"):
		return fmt.Errorf("%s: %w: a node cannot move into itself", what, ErrInvalid)
	}
	if _, _, err := c.load(ctx, src); err != nil {
		if errors.Is(err, ErrNotExist) {
			err = fmt.Errorf("%s: %w", what, ErrNotExist)
		}
		return err
	}
	switch old, _, err := c.loadAny(ctx, dst); {
	case err == nil && old.Head().Deleting:
		if err := c.remove(ctx, dst); err != nil {
			return err
		}
	case err != nil && !errors.Is(err, ErrNotExist):
		return err
	}
	if err := c.requireParents(ctx, dst); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if err := store.Rename(ctx, c.store, src+"/", dst+"/"); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return c.durable(ctx)
}
