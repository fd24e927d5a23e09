package present

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"path"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/dosna/dosna/store"
)

// Store is a tree as a store. It is safe for concurrent use and read-only.
type Store struct {
	tree     Tree
	name     string
	most     int64
	readOnly error
	closed   atomic.Bool

	mu   sync.Mutex
	kept kept
}

// New returns the store of a tree, which Close closes. Whoever tries to change something is told why that cannot be.
func New(t Tree, why string) *Store {
	return &Store{tree: t, name: t.String(), most: t.Most(), readOnly: fmt.Errorf("%w: %s", store.ErrPermission, why)}
}

// String is the address of the tree.
func (s *Store) String() string { return s.name }

// Guarantees promises what reads can keep.
func (s *Store) Guarantees() store.Guarantees {
	g := s.tree.Guarantees()
	return store.Guarantees{ReadOnly: true, GetIfMatch: g.GetIfMatch, Shared: g.Shared, Remote: g.Remote, Concurrency: g.Concurrency}
}

// Close closes the tree.
func (s *Store) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	return s.tree.Close()
}

// Fail wraps what went wrong with an object of the store of a name.
func Fail(name, op, key string, err error) error {
	if e, ok := errors.AsType[*store.Error](err); ok && e.Store == name {
		return err
	}
	return &store.Error{Op: op, Store: name, Key: key, Err: err}
}

func (s *Store) fail(op, key string, err error) error { return Fail(s.name, op, key, err) }

// Put is refused.
func (s *Store) Put(_ context.Context, key string, _ [][]byte, _ store.Cond) (store.Version, error) {
	return "", s.fail("put", key, s.readOnly)
}

// Delete is refused.
func (s *Store) Delete(_ context.Context, key string, _ store.Cond) error {
	return s.fail("delete", key, s.readOnly)
}

// OpenWriter is refused.
func (s *Store) OpenWriter(_ context.Context, key string, _ store.Cond) (store.Writer, error) {
	return nil, s.fail("write", key, s.readOnly)
}

// ready says why an operation cannot begin.
func (s *Store) ready(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.closed.Load() {
		return store.ErrClosed
	}
	return nil
}

// document is the name of the object that says what a node is.
const document = "zarr.json"

// find returns the object under a key.
func (s *Store) find(ctx context.Context, key string) (Object, error) {
	if err := s.ready(ctx); err != nil {
		return Object{}, err
	}
	if err := store.CheckKey(key); err != nil {
		return Object{}, err
	}
	dir, name := path.Split(key)
	if name == document {
		n, err := s.tree.Node(ctx, strings.TrimSuffix(dir, "/"))
		if err != nil {
			return Object{}, err
		}
		return n.object(), nil
	}
	at, coord, ok := chunkOf(key)
	if !ok {
		return Object{}, store.ErrNotExist
	}
	n, err := s.tree.Node(ctx, at)
	if err != nil {
		return Object{}, err
	}
	if n.Array == nil || len(coord) != n.Array.Rank() {
		return Object{}, store.ErrNotExist
	}
	return n.Array.Chunk(ctx, coord)
}

// object is the document of a node.
func (n *Node) object() Object {
	return Object{File: n.File, Data: n.Document, Size: int64(len(n.Document))}
}

// info describes an object. Equal versions of a file mean equal bytes of all that is made of it.
func (o Object) info(key string) store.Info {
	i := store.Info{Key: key, Size: o.Size}
	if o.File == nil {
		i.Version = store.Version(fmt.Sprintf("%x", sha256.Sum256(o.Data)))
	} else {
		i.Version, i.ModTime = o.File.info.Version, o.File.info.ModTime
	}
	return i
}
