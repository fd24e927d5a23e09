package dosna

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
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
		err = &store.Error{Op: "parse", Store: c.url, Key: documentKey(path), Err: unreadable{err}}
	}
	return doc, info.Version, err
}

// errUnreadable says that a document is there and makes no sense.
var errUnreadable = errors.New("unreadable metadata")

type unreadable struct{ error }

func (u unreadable) Unwrap() []error { return []error{errUnreadable, u.error} }

// encode returns the bytes of a document, and the document as others will read
// it from them. What could not be read back is not to be stored.
func encode(doc zarr.Document) ([]byte, zarr.Document, error) {
	raw, err := doc.Marshal()
	if err == nil && len(raw) > zarr.MaxDocument {
		err = fmt.Errorf("a document of %d bytes, and at most %d can be read", len(raw), zarr.MaxDocument)
	}
	if err == nil {
		doc, err = zarr.Parse(raw)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return raw, doc, nil
}

func isNotExist(err error) bool { return errors.Is(err, ErrNotExist) }

func nodeName(path string) string {
	if path == "" {
		return "the root node"
	}
	return fmt.Sprintf("%q", "/"+path)
}

// create stores the document of a node that does not exist.
func (c *Connection) create(ctx context.Context, path string, doc zarr.Document) error {
	raw, _, err := encode(doc)
	if err != nil {
		return err
	}
	return c.putIfAbsent(ctx, documentKey(path), [][]byte{raw})
}

// putIfAbsent stores an object where there is none.
func (c *Connection) putIfAbsent(ctx context.Context, key string, parts [][]byte) error {
	if c.store.Guarantees().PutIfAbsent {
		_, err := c.store.Put(ctx, key, parts, store.Cond{IfAbsent: true})
		return err
	}
	if err := c.mayRace("create " + key); err != nil {
		return err
	}
	unlock, err := c.locks.lock(ctx, key)
	if err != nil {
		return err
	}
	defer unlock()
	switch _, err := c.store.Stat(ctx, key); {
	case err == nil:
		return &store.Error{Op: "create", Store: c.url, Key: key, Err: ErrExist}
	case !errors.Is(err, ErrNotExist):
		return err
	}
	_, err = c.store.Put(ctx, key, parts, store.Cond{})
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
	if err := c.o.writable(); err != nil {
		return err
	}
	if err := c.unconsolidate(ctx, path); err != nil {
		return err
	}
	err := c.rewrite(ctx, path, func() (zarr.Document, store.Version, error) {
		doc, v, err := c.load(ctx, path)
		if err == nil {
			err = change(doc)
		}
		return doc, v, err
	}, then)
	if err != nil {
		return err
	}
	return c.durable(ctx)
}

// rewrite replaces the document of a node by what a function makes of it, which is
// called again if somebody else changed it in between; nil leaves it alone. The
// document as stored is given to then, if any, before any other change in this
// process is stored.
func (c *Connection) rewrite(ctx context.Context, path string, change func() (zarr.Document, store.Version, error), then func(zarr.Document) error) error {
	key := documentKey(path)
	unlock, err := c.locks.lock(ctx, key)
	if err != nil {
		return err
	}
	defer unlock()
	var fresh zarr.Document
	err = c.retry(ctx, key, func() (again bool, err error) {
		doc, v, err := change()
		if err != nil || doc == nil {
			return false, err
		}
		raw, read, err := encode(doc)
		if err != nil {
			return false, err
		}
		fresh = read
		err = c.putIfMatch(ctx, key, [][]byte{raw}, v, true)
		return errors.Is(err, ErrConflict), err
	})
	if err != nil || then == nil || fresh == nil {
		return err
	}
	return then(fresh)
}

// putIfMatch replaces an object that was read in version v or, if it was not
// there, creates it. It is ErrConflict if that is no longer so.
func (c *Connection) putIfMatch(ctx context.Context, key string, parts [][]byte, v store.Version, there bool) error {
	cond := store.Cond{IfMatch: v, IfAbsent: !there}
	if !c.keepsApart() {
		if err := c.mayRace("change a part of " + key); err != nil {
			return err
		}
		cond = store.Cond{}
	}
	_, err := c.store.Put(ctx, key, parts, cond)
	if cond.IfAbsent && errors.Is(err, ErrExist) {
		err = fmt.Errorf("%w: %w", ErrConflict, err)
	}
	return err
}

// keepsApart reports whether the store keeps the changes of several writers to
// one object apart.
func (c *Connection) keepsApart() bool {
	g := c.store.Guarantees()
	return g.PutIfMatch && g.PutIfAbsent
}

// replace stores a whole object, or removes it if there are no parts, whatever
// it was before. Where the store does not keep changes apart, one of a part of
// the object that is under way in this process is waited for.
func (c *Connection) replace(ctx context.Context, key string, parts [][]byte) error {
	if !c.keepsApart() {
		unlock, err := c.locks.lock(ctx, key)
		if err != nil {
			return err
		}
		defer unlock()
	}
	if parts == nil {
		return c.store.Delete(ctx, key, store.Cond{})
	}
	_, err := c.store.Put(ctx, key, parts, store.Cond{})
	return err
}

// What meets a change by somebody else is tried again, with growing pauses.
const (
	maxTries   = 1000
	firstPause = 50 * time.Microsecond
	maxPause   = 20 * time.Millisecond
)

// retry calls try until it does not ask for another time.
func (c *Connection) retry(ctx context.Context, key string, try func() (again bool, err error)) error {
	pause := firstPause
	for n := 1; ; n++ {
		again, err := try()
		if !again {
			return err
		}
		if n == maxTries {
			return fmt.Errorf("%q in %s: given up after %d times, since others keep changing it: %w", key, c.url, n, err)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pause/2 + rand.N(pause)): // so that those who collided do not collide again
		}
		pause = min(2*pause, maxPause)
	}
}
