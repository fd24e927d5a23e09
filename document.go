package dosna

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/zarr"
)

// documentKey is the key of a node's metadata; path has no leading slash.
func documentKey(path string) string { return join(path, zarr.Key) }

func join(path, name string) string {
	if path == "" || name == "" {
		return path + name
	}
	return path + "/" + name
}

// load reads the document of a node. A node being deleted does not exist any
// more.
func (c *Connection) load(ctx context.Context, path string) (zarr.Document, store.Version, error) {
	doc, v, err := c.loadAny(ctx, path)
	if err == nil && doc.Head().Deleting {
		return nil, v, fmt.Errorf("%s in %s: %w: it is being deleted", nodeName(path), c.url, ErrNotExist)
	}
	return doc, v, err
}

func (c *Connection) loadAny(ctx context.Context, path string) (zarr.Document, store.Version, error) {
	raw, info, err := c.store.Get(ctx, documentKey(path), store.GetOptions{Max: zarr.MaxDocument}, nil)
	if err != nil {
		return nil, "", err
	}
	doc, err := zarr.Parse(raw)
	if err != nil {
		return nil, "", &store.Error{Op: "parse", Store: c.url, Key: documentKey(path), Err: err}
	}
	return doc, info.Version, nil
}

func nodeName(path string) string {
	if path == "" {
		return "the root node"
	}
	return fmt.Sprintf("%q", "/"+path)
}

// create stores the document of a node that does not exist.
func (c *Connection) create(ctx context.Context, path string, doc zarr.Document) error {
	raw, err := doc.Marshal()
	if err != nil {
		return err
	}
	key := documentKey(path)
	if !c.store.Guarantees().PutIfAbsent {
		if err := c.mayRace("create"); err != nil {
			return err
		}
		defer c.locks.lock(key)()
		switch _, err := c.store.Stat(ctx, key); {
		case err == nil:
			return &store.Error{Op: "create", Store: c.url, Key: key, Err: ErrExist}
		case !errors.Is(err, ErrNotExist):
			return err
		}
		_, err = c.store.Put(ctx, key, [][]byte{raw}, store.Cond{})
		return err
	}
	_, err = c.store.Put(ctx, key, [][]byte{raw}, store.Cond{IfAbsent: true})
	return err
}

// mayRace says whether something may be done without the store's help against
// other writers: only where there can be none, or the caller answers for it.
func (c *Connection) mayRace(what string) error {
	if c.o.Unsafe || !c.store.Guarantees().Shared {
		return nil
	}
	return fmt.Errorf("%s in %s: %w: the store has no conditional writes to keep other processes' changes; the option Unsafe allows it for a single writer", what, c.url, errors.ErrUnsupported)
}

// update changes the document of a node by a function, which is applied again
// to the new document if somebody else changed it in between. The document as
// stored is given to then before any other change in this process is stored.
func (c *Connection) update(ctx context.Context, path string, change func(zarr.Document) error, then func(zarr.Document) error) error {
	if err := c.o.writable("change " + nodeName(path)); err != nil {
		return err
	}
	key := documentKey(path)
	defer c.locks.lock(key)()
	var doc zarr.Document
	err := c.retry(ctx, key, func() error {
		var v store.Version
		var err error
		if doc, v, err = c.load(ctx, path); err != nil {
			return err
		}
		if err := change(doc); err != nil {
			return err
		}
		raw, err := doc.Marshal()
		if err != nil {
			return err
		}
		if err := c.putIfMatch(ctx, key, [][]byte{raw}, v); err != nil {
			return err
		}
		doc, err = zarr.Parse(raw) // what others will read
		return err
	})
	if err == nil {
		err = then(doc)
	}
	if err == nil {
		err = c.durable(ctx)
	}
	return err
}

// putIfMatch replaces an object that was read in version v, or creates it if v
// is "".
func (c *Connection) putIfMatch(ctx context.Context, key string, parts [][]byte, v store.Version) error {
	g := c.store.Guarantees()
	cond := store.Cond{IfMatch: v, IfAbsent: v == ""}
	if !g.PutIfMatch || !g.PutIfAbsent {
		if err := c.mayRace("change a part of " + key); err != nil {
			return err
		}
		cond = store.Cond{}
	}
	_, err := c.store.Put(ctx, key, parts, cond)
	if cond.IfAbsent && errors.Is(err, ErrExist) {
		err = fmt.Errorf("%w: %w", store.ErrConflict, err)
	}
	return err
}

// Changes that lose a race are tried again, with growing pauses.
const (
	maxTries   = 1000
	firstPause = 50 * time.Microsecond
	maxPause   = 20 * time.Millisecond
)

// retry calls try until it does not fail with a conflict.
func (c *Connection) retry(ctx context.Context, key string, try func() error) error {
	pause := firstPause
	for n := 0; ; n++ {
		err := try()
		if err == nil || !errors.Is(err, store.ErrConflict) {
			return err
		}
		if n == maxTries {
			return fmt.Errorf("change %q in %s: given up after %d tries, since others keep changing it: %w", key, c.url, n, err)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pause):
		}
		pause = min(2*pause, maxPause)
	}
}
