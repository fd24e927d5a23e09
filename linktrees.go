package dosna

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path"
	"path/filepath"
	"strings"
	"sync"

	"github.com/dosna/dosna/store"
)

// mayLead is an error unless a link in a tree may lead to another one.
func (o Options) mayLead(from, to store.URL) error {
	switch {
	case o.Links == LinksWithin:
		return fmt.Errorf("%w: links out of the tree are not followed", ErrPermission)
	case from.Scheme == "file" && to.Scheme == "file" && len(to.Query) == 0:
		return nil
	}
	return o.Allow.Check(to)
}

// treeKey is the same for addresses of the same root.
func treeKey(u store.URL) string {
	place := u.Path
	if u.Scheme == "file" {
		if abs, err := filepath.Abs(u.Path); err == nil {
			place = abs
		}
	}
	return u.Scheme + "://" + strings.ToLower(u.Host) + path.Clean("/"+filepath.ToSlash(place)) + "?" + u.Query.Encode()
}

// address returns that of a path in the tree, for a link elsewhere.
func (c *Connection) address(path string) (linkTarget, error) {
	u := c.root
	switch {
	case u.Scheme == "" || u.Scheme == "mem" && u.Host == "":
		return linkTarget{}, fmt.Errorf("%w: the tree %s has no address by which a link in another one could lead to it", ErrInvalid, c.url)
	case u.Scheme == "file":
		abs, err := filepath.Abs(u.Path)
		if err != nil {
			return linkTarget{}, err
		}
		u.Root = (&url.URL{Scheme: "file", Path: filepath.ToSlash(abs)}).String()
	}
	u.Node = path
	return parseTarget(u.Root + "#/" + path)
}

// trees are those that links of a connection lead to: opened when they are first
// needed, shared by all values of the connection and by each other, and closed with
// it.
type trees struct {
	home store.Store // of the connection

	mu    sync.Mutex
	byKey map[string]*tree // nil when they are closed
}

// tree is one that is opened, or being opened.
type tree struct {
	turn // held while it is
	c    *Connection
}

// maxTrees is how many other trees a connection opens.
const maxTrees = 256

func newTrees(home store.Store) *trees { return &trees{home: home, byKey: map[string]*tree{}} }

// add notes the connection itself, so that links back to it lead to it.
func (t *trees) add(c *Connection) { t.byKey[treeKey(c.root)] = &tree{turn: newTurn(), c: c} }

// open returns the tree at a URL, with the options of the connection from, in which
// the link is that leads there.
func (t *trees) open(ctx context.Context, from *Connection, u store.URL) (*Connection, error) {
	key := treeKey(u)
	if from.root.Scheme == "" || key != treeKey(from.root) {
		if err := from.o.mayLead(from.root, u); err != nil {
			return nil, err
		}
	}
	for {
		e, err := t.entry(key)
		if err != nil {
			return nil, err
		}
		c, again, err := t.openEntry(ctx, e, key, from, u)
		if again {
			continue // who was to open it before could not
		}
		if err != nil {
			return nil, err
		}
		return c.With(from.o), nil
	}
}

// entry returns the tree of a key, opened or not.
func (t *trees) entry(key string) (*tree, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.byKey[key]
	switch {
	case t.byKey == nil:
		return nil, fmt.Errorf("%w: the connection that follows the link", store.ErrClosed)
	case e == nil && len(t.byKey) > maxTrees:
		return nil, fmt.Errorf("%w: links lead to more than %d other trees, and so many are open; open this one by its address", ErrInvalid, maxTrees)
	case e == nil:
		e = &tree{turn: newTurn()}
		t.byKey[key] = e
	}
	return e, nil
}

func (t *trees) openEntry(ctx context.Context, e *tree, key string, from *Connection, u store.URL) (c *Connection, again bool, err error) {
	if err := e.lock(ctx); err != nil {
		return nil, false, err
	}
	defer e.unlock()
	t.mu.Lock()
	current := t.byKey[key] == e
	t.mu.Unlock()
	if !current {
		return nil, true, nil
	}
	if e.c != nil {
		return e.c, false, nil
	}
	o := from.o
	if o.Mode != ReadOnly {
		o.Mode = ReadWrite
	}
	requests := func(to store.URL) error { return o.mayLead(from.root, to) }
	c, err = openTree(ctx, u, &o, requests)
	if o.Mode != ReadOnly && errors.Is(err, ErrPermission) { // such as a web server, which is only read
		o.Mode = ReadOnly
		c, err = openTree(ctx, u, &o, requests)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case err != nil && t.byKey != nil:
		delete(t.byKey, key)
		return nil, false, err
	case err != nil:
		return nil, false, err
	case t.byKey == nil:
		return nil, false, errors.Join(fmt.Errorf("%w: the connection that follows the link", store.ErrClosed), c.closeStore())
	}
	c.start, c.trees, e.c = "", t, c
	return c, false, nil
}

// sync syncs all trees but the connection itself, if they may have been written to.
func (t *trees) sync(ctx context.Context) error {
	var stores []store.Store
	t.mu.Lock()
	for _, e := range t.byKey {
		if e.c != nil && e.c.store != t.home && e.c.o.Mode != ReadOnly {
			stores = append(stores, e.c.store)
		}
	}
	t.mu.Unlock()
	var err error
	for _, s := range stores {
		err = errors.Join(err, store.Sync(ctx, s))
	}
	return err
}

// close closes all trees but the connection itself.
func (t *trees) close() error {
	t.mu.Lock()
	open := t.byKey
	t.byKey = nil
	t.mu.Unlock()
	var err error
	for _, e := range open {
		if e.c != nil && e.c.store != t.home {
			err = errors.Join(err, e.c.closeStore())
		}
	}
	return err
}
