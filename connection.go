package dosna

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/all"
	"github.com/dosna/dosna/store/layer"
	"github.com/dosna/dosna/zarr"
)

// Connection is an opened store, seen as a tree of nodes.
type Connection struct {
	store   store.Store
	url     string
	place   string // of the store, for a cache: connections that have the same see the same objects
	created bool   // by opening it
	start   string // path of the node that the address named
	o       Options
	locks   *locks
	attempt string       // at a copy, whose marked nodes it sees; else ""
	root    store.URL    // that it was opened by; zero if it was by a store
	trees   *trees       // that links lead to
	sources *all.Sources // that references of datasets lead to
	log     *journal     // of a call that writes to a dataset; else nil
}

// Open opens the tree at an address: a URL or a plain path, "/data/pool" or
// "mem://name", and optionally a node in it, "/data/pool#/scan/raw", from which
// relative paths then start. Creating makes the last directory of a path, never
// its parents, nor a bucket: [Init] does.
func Open(ctx context.Context, address string, o *Options) (*Connection, error) {
	u, err := store.ParseURL(address)
	if err != nil {
		return nil, err
	}
	c, err := openTree(ctx, u, o, nil)
	if err != nil {
		return nil, err
	}
	c.start = u.Node
	c.trees.add(c)
	return c, nil
}

// openTree opens the tree at a URL; requests, if not nil, is asked for those to web
// servers.
func openTree(ctx context.Context, u store.URL, o *Options, requests store.Policy) (*Connection, error) {
	mode, profile := o.orDefault().Mode, o.orDefault().Profile
	s, err := all.Open(ctx, u.Root, store.OpenOptions{
		Create: mode == Create || mode == Exclusive, ReadOnly: mode == ReadOnly,
		Allow: o.orDefault().Allow, Requests: requests, Observer: profile.observer(),
	})
	if err != nil {
		return nil, err
	}
	c, err := OpenStore(ctx, s, o)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	c.url, c.root, c.sources = u.Root, u, c.sourcesOf(u)
	if s.Guarantees().Shared { // else it may be one of several without a name
		c.place = u.Root + "\x00" + store.Name(s)
	}
	return c, nil
}

// Init makes what a tree at the address needs and Open does not create: missing
// directories. What exists is left as it is.
func Init(ctx context.Context, address string) error {
	u, err := store.ParseURL(address)
	if err != nil {
		return err
	}
	return all.Init(ctx, u.Root)
}

// openings counts the stores that were opened.
var openings atomic.Int64

// OpenStore opens the tree in a store. Close then closes the store too; after an
// error it stays open.
func OpenStore(ctx context.Context, s store.Store, o *Options) (*Connection, error) {
	c := &Connection{store: s, url: store.Name(s), o: o.orDefault(), locks: newLocks(), trees: newTrees(s), place: fmt.Sprintf("#%d", openings.Add(1))}
	if s.Guarantees().Remote {
		c.store = layer.Await(s, c.requests())
		c.trees = newTrees(c.store)
	}
	c.sources = c.sourcesOf(store.URL{})
	if c.o.engine().Comm().Size() > 1 && !s.Guarantees().Shared {
		return nil, fmt.Errorf("open %s: %w: several ranks need a store that all of them see, and this one is private to a process", c.url, ErrInvalid)
	}
	if c.o.Mode != ReadOnly && s.Guarantees().ReadOnly {
		return nil, fmt.Errorf("open %s to change it: %w: stores of its kind, such as archives, HDF5 files, references and web servers, are only read", c.url, ErrPermission)
	}
	_, _, err := c.load(ctx, "")
	switch {
	case c.o.Mode == Exclusive && err == nil:
		return nil, fmt.Errorf("create %s: %w", c.url, ErrExist)
	case (c.o.Mode == Create || c.o.Mode == Exclusive) && errors.Is(err, ErrNotExist):
		if c.o.Mode == Create && errors.Is(err, ErrUnfinished) { // of whoever made a dataset of the root, and died
			if doc, v, again := c.loadAny(ctx, ""); again == nil && doc.Head().Deleting {
				return c, c.clearRoot(ctx, doc, v)
			}
		}
		group := zarr.NewGroup(nil)
		group.Format = c.o.Format
		_, err := c.create(ctx, "", group)
		c.created = err == nil
		if c.o.Mode == Create && (errors.Is(err, ErrExist) || errors.Is(err, ErrUnknownOutcome)) {
			_, _, err = c.load(ctx, "") // somebody else was faster
		}
		if err != nil {
			return nil, err
		}
	case errors.Is(err, ErrUnfinished):
		return nil, fmt.Errorf("open %s: %w; opening it to create something removes what there is", c.url, err)
	case errors.Is(err, ErrNotExist):
		return nil, fmt.Errorf("open %s: %w: no Zarr tree there (no %s, %s or %s)", c.url, ErrNotExist, zarr.Key, zarr.GroupKey, zarr.ArrayKey)
	case err != nil:
		return nil, err
	}
	return c, nil
}

// With returns the same connection with other options. Mode and Profile stay as
// they are, and so does Cache unless another is given; one of no bytes is none.
// Both use one store: closing either closes it.
func (c *Connection) With(o Options) *Connection {
	w := *c
	o.Mode, o.Profile = c.o.Mode, c.o.Profile
	if o.Cache == nil {
		o.Cache = c.o.Cache
	}
	w.o = o
	return &w
}

// URL returns the address of the tree's root.
func (c *Connection) URL() string { return c.url }

// Options returns the options in force.
func (c *Connection) Options() Options { return c.o }

// Start returns the path of the node that the address given to Open named, ""
// for the root.
func (c *Connection) Start() string { return c.start }

// Store returns the store beneath.
func (c *Connection) Store() store.Store { return c.store }

// Sync makes everything written so far survive a loss of power, also in trees to
// which links have led.
func (c *Connection) Sync(ctx context.Context) error {
	if c.store != c.trees.home {
		return store.Sync(ctx, c.store)
	}
	return errors.Join(store.Sync(ctx, c.store), c.trees.sync(ctx))
}

// Close closes the store, and the trees to which links have led. It does not sync.
func (c *Connection) Close() error {
	if c.store != c.trees.home {
		return c.closeStore() // such a tree
	}
	return errors.Join(c.trees.close(), c.closeStore())
}

func (c *Connection) closeStore() error { return errors.Join(c.sources.Close(), c.store.Close()) }

// sourcesOf returns what references in the tree at a URL may lead to: what its links
// may.
func (c *Connection) sourcesOf(root store.URL) *all.Sources {
	o := c.o
	return all.NewSources(root, c.store, all.SourcesOptions{
		Allow: func(to store.URL) error { return o.mayLead(root, to) }, Remote: o.Allow != nil, Observer: o.Profile.observer(),
	})
}

// durable syncs if the options ask for it.
func (c *Connection) durable(ctx context.Context) error {
	if c.o.Durable {
		return c.Sync(ctx)
	}
	return nil
}
