package dosna

import (
	"context"
	"errors"
	"fmt"

	"github.com/dosna/dosna/engine"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/zarr"
)

// folder is the prefix of the keys of what belongs to a node.
func folder(path string) string {
	if path == "" {
		return ""
	}
	return path + "/"
}

// sweep removes the objects in a folder for whose names there drop is true, as
// long as still returns nil. What is stored after still was last called stays,
// where the store promises conditional deletion. It returns how many it found.
func (c *Connection) sweep(ctx context.Context, prefix string, still func(context.Context) error, drop func(name string) bool) (found int, err error) {
	defer c.forgetAll(prefix)
	var batch []store.Info
	flush := func() error {
		found += len(batch)
		if len(batch) == 0 {
			return nil
		}
		err := c.removeVersions(ctx, batch, still)
		batch = batch[:0]
		return err
	}
	for info, err := range c.store.List(ctx, store.ListOptions{Prefix: prefix}) {
		if err != nil {
			return found, err
		}
		if !drop(info.Key[len(prefix):]) {
			continue
		}
		if batch = append(batch, info); len(batch) == 1000 {
			if err := flush(); err != nil {
				return found, err
			}
		}
	}
	return found, flush()
}

// sweepAll sweeps until there is nothing more to be found: what others changed or
// stored while it was removed goes too. It does not come back after a loss of
// power, whatever is done next.
func (c *Connection) sweepAll(ctx context.Context, prefix string, still func(context.Context) error, drop func(name string) bool) error {
	for tries := range maxTries {
		n, err := c.sweep(ctx, prefix, still, drop)
		if err != nil || n == 0 && tries == 0 {
			return err
		}
		if n == 0 {
			return c.Sync(ctx)
		}
	}
	return fmt.Errorf("%w: objects under %q in %s keep coming", ErrConflict, prefix, c.url)
}

// removeVersions removes objects as a listing found them.
func (c *Connection) removeVersions(ctx context.Context, found []store.Info, still func(context.Context) error) error {
	keys := make([]string, len(found))
	for i, info := range found {
		keys[i] = info.Key
	}
	if still == nil || !c.store.Guarantees().DeleteIfMatch {
		if still != nil {
			if err := still(ctx); err != nil {
				return err
			}
		}
		return c.certain(ctx, func() error { return store.DeleteAll(ctx, c.guarded(ctx), keys) })
	}
	e := engine.New(nil, c.concurrency())
	err := e.Run(ctx, len(found), engine.RunOptions{}, func(ctx context.Context, i int) (err error) {
		if found[i].Version == "" {
			if found[i], err = c.store.Stat(ctx, keys[i]); isNotExist(err) {
				err = nil
			}
		}
		return err
	})
	if err == nil {
		err = still(ctx)
	}
	if err != nil {
		return err
	}
	return e.Run(ctx, len(found), engine.RunOptions{}, func(ctx context.Context, i int) error {
		if found[i].Version == "" {
			return nil // gone
		}
		err := c.certain(ctx, func() error { return c.guarded(ctx).Delete(ctx, keys[i], store.Cond{IfMatch: found[i].Version}) })
		if errors.Is(err, ErrConflict) {
			return nil // gone, or another object meanwhile
		}
		return err
	})
}

// removeNode removes everything below a marked node, then who has a lease on it, and the
// mark last. The
// documents of nodes below, and of the node if it is of Zarr v2, go first: nobody is to find such a node, and read fill
// where chunks are gone already.
func (c *Connection) removeNode(ctx context.Context, path string) error {
	doc, v, err := c.loadAny(ctx, path)
	if isNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if !doc.Head().Deleting {
		return nil
	}
	if doc.Head().Becomes == 2 { // who makes it must not complete it beside the mark meanwhile
		mark := zarr.NewGroup(nil)
		mark.Deleting = true
		raw, _, err := encode(mark)
		if err == nil {
			v, err = c.putIfMatch(ctx, documentKey(path), [][]byte{raw}, v, true)
		}
		if errors.Is(err, ErrConflict) {
			return nil // it is complete, or somebody else removes it
		}
		if err != nil {
			return err
		}
		doc = mark
	}
	still := c.stays(path, v)
	lease := join(path, zarr.LockKey)
	if _, ok := doc.(*zarr.Group); ok {
		err = c.sweepAll(ctx, folder(path), still, func(name string) bool {
			return name != zarr.Key && name != zarr.LockKey && zarr.IsMetadata(lastName(name))
		})
	}
	if err == nil {
		err = c.sweepAll(ctx, folder(path), still, func(name string) bool { return name != zarr.Key && name != zarr.LockKey })
	}
	if err == nil {
		err = still(ctx)
	}
	if err == nil { // whoever removes the node may hold it himself, and renews it
		err = c.certain(ctx, func() error { return c.guarded(ctx).Delete(ctx, lease, store.Cond{}) })
	}
	if err == nil {
		err = c.removeVersions(ctx, []store.Info{{Key: documentKey(path), Version: v}}, still)
	}
	return finished(err)
}

// finished: somebody else has removed the node too, and there may be another in
// its place.
func finished(err error) error {
	if errors.Is(err, errMoved) {
		return nil
	}
	return err
}

// stays returns a function that is errMoved unless a node's document is still in
// the given version.
func (c *Connection) stays(path string, v store.Version) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		info, err := c.store.Stat(ctx, documentKey(path))
		if isNotExist(err) || err == nil && info.Version != v {
			return errMoved
		}
		return err
	}
}
