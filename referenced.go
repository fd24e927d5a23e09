package dosna

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"strings"
	"sync/atomic"

	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/all"
	"github.com/dosna/dosna/store/layer"
)

// referenced is the store of a dataset whose stored objects are references: their
// keys are those of its manifest, which is read when it is first needed, and all
// others are those of the tree's store. It lists the references only.
type referenced struct {
	store.Store // of the tree
	c           *Connection
	manifest    string // its key
	prefix      string // of the keys of stored objects
	chunk       func(name string) bool

	turn   // held while the manifest is read
	opened atomic.Pointer[openReferences]
}

// openReferences are references that can be read.
type openReferences struct {
	*all.Manifest
	store store.Store
}

// through returns the connection through which a dataset reads its references, which
// changes what is the tree's.
func (c *Connection) through(r *referenced) *Connection {
	c = c.beneath()
	r.Store, r.c = c.store, c
	over := *c
	over.store = r
	return &over
}

// beneath returns the connection that sees the tree, and no references.
func (c *Connection) beneath() *Connection {
	r, ok := c.store.(*referenced)
	if !ok {
		return c
	}
	under := *c
	under.store = r.Store
	return &under
}

// errReferenced is a change to values that are references.
var errReferenced = fmt.Errorf("%w: its chunks are references to what lies elsewhere, which are only read; copy it, and change the copy", ErrPermission)

// name returns the key of a stored object without that of the dataset.
func (r *referenced) name(key string) (string, bool) {
	name, ok := strings.CutPrefix(key, r.prefix)
	return name, ok && r.chunk(name)
}

// references opens the references.
func (r *referenced) references(ctx context.Context) (*openReferences, error) {
	if o := r.opened.Load(); o != nil {
		return o, nil
	}
	if err := r.lock(ctx); err != nil {
		return nil, err
	}
	defer r.unlock()
	if o := r.opened.Load(); o != nil {
		return o, nil
	}
	m, err := r.c.sources.Manifest(ctx, r.manifest)
	if err != nil {
		return nil, err
	}
	s := r.c.sources.Open(r.c.url+"#/"+r.manifest, m)
	if r.c.sources.Remote() {
		s = layer.Await(s, r.c.requests())
	}
	o := &openReferences{m, s}
	r.opened.Store(o)
	return o, nil
}

// at returns the store in which a stored object is, and its key there.
func (r *referenced) at(ctx context.Context, key string) (store.Store, string, error) {
	name, ok := r.name(key)
	if !ok {
		return r.Store, key, nil
	}
	o, err := r.references(ctx)
	if err != nil {
		return nil, "", err
	}
	return o.store, name, nil
}

func (r *referenced) refuse(op, key string) error {
	return &store.Error{Op: op, Store: store.Name(r.Store), Key: key, Err: errReferenced}
}

func (r *referenced) String() string { return store.Name(r.Store) }

// Guarantees are those of the tree's store. References are listed as they are found.
func (r *referenced) Guarantees() store.Guarantees {
	g := r.Store.Guarantees()
	g.GetIfMatch = true // by what is referred to, and documents are not read so
	g.Remote = g.Remote || r.c.sources.Remote()
	return g
}

func (r *referenced) Get(ctx context.Context, key string, o store.GetOptions, dst []byte) ([]byte, store.Info, error) {
	s, name, err := r.at(ctx, key)
	if err != nil {
		return dst, store.Info{}, err
	}
	dst, info, err := s.Get(ctx, name, o, dst)
	info.Key = key
	return dst, info, err
}

func (r *referenced) Stat(ctx context.Context, key string) (store.Info, error) {
	s, name, err := r.at(ctx, key)
	if err != nil {
		return store.Info{}, err
	}
	info, err := s.Stat(ctx, name)
	info.Key = key
	return info, err
}

// GetRanges implements store.RangeGetter.
func (r *referenced) GetRanges(ctx context.Context, key string, c store.Cond, spans []nd.Span) (store.Info, error) {
	s, name, err := r.at(ctx, key)
	if err != nil {
		return store.Info{}, err
	}
	info, err := store.GetRanges(ctx, s, name, c, spans)
	info.Key = key
	return info, err
}

// OpenReader implements store.Streamer.
func (r *referenced) OpenReader(ctx context.Context, key string, o store.GetOptions) (io.ReadCloser, store.Info, error) {
	s, name, err := r.at(ctx, key)
	if err != nil {
		return nil, store.Info{}, err
	}
	data, info, err := store.OpenReader(ctx, s, name, o)
	info.Key = key
	return data, info, err
}

// OpenWriter implements store.Streamer.
func (r *referenced) OpenWriter(ctx context.Context, key string, c store.Cond) (store.Writer, error) {
	if _, ok := r.name(key); ok {
		return nil, r.refuse("write", key)
	}
	return store.OpenWriter(ctx, r.Store, key, c)
}

func (r *referenced) Put(ctx context.Context, key string, parts [][]byte, c store.Cond) (store.Version, error) {
	if _, ok := r.name(key); ok {
		return "", r.refuse("put", key)
	}
	return r.Store.Put(ctx, key, parts, c)
}

func (r *referenced) Delete(ctx context.Context, key string, c store.Cond) error {
	if _, ok := r.name(key); ok {
		return r.refuse("delete", key)
	}
	return r.Store.Delete(ctx, key, c)
}

// Sync implements store.Syncer.
func (r *referenced) Sync(ctx context.Context) error { return store.Sync(ctx, r.Store) }

// List lists the references, all below the dataset whatever the prefix.
func (r *referenced) List(ctx context.Context, o store.ListOptions) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		refs, err := r.references(ctx)
		if err == nil && o != (store.ListOptions{Prefix: r.prefix}) {
			err = fmt.Errorf("list %q among references: %w", o.Prefix, errors.ErrUnsupported)
		}
		if err != nil {
			yield(store.Info{}, err)
			return
		}
		for info, err := range refs.store.List(ctx, store.ListOptions{}) {
			info.Key = r.prefix + info.Key
			if !yield(info, err) {
				return
			}
		}
	}
}

// Locate implements store.Locator.
func (r *referenced) Locate(ctx context.Context, prefix string) iter.Seq2[store.Location, error] {
	return func(yield func(store.Location, error) bool) {
		refs, err := r.references(ctx)
		if err != nil {
			yield(store.Location{}, err)
			return
		}
		addresses, err := all.AddressesOf(r.c.url)
		if err != nil {
			yield(store.Location{}, err)
			return
		}
		for at, err := range store.Locate(ctx, refs.store, "") {
			at.Key = r.prefix + at.Key
			if at.Source != "" && !strings.Contains(at.Source, "://") && !filepath.IsAbs(at.Source) {
				at.Source = addresses.Object(at.Source) // in the tree
			}
			if strings.HasPrefix(at.Key, prefix) && !yield(at, err) {
				return
			}
		}
	}
}
