package originalstore

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/dosna/dosna/store"
)

// Bucket is what the objects lie in. Unlike those of a store, keys may begin with
// a slash. All methods are safe for concurrent use.
type Bucket interface {
	// Object returns a small object's bytes and its user metadata, whose names are in
	// lower case. An object of more than max bytes is ErrTooLarge, an absent one ErrNotExist.
	Object(ctx context.Context, key string, max int64) ([]byte, map[string]string, error)

	// Get and Stat are those of [store.Store].
	Get(ctx context.Context, key string, o store.GetOptions, dst []byte) ([]byte, store.Info, error)
	Stat(ctx context.Context, key string) (store.Info, error)

	// List yields the objects whose keys begin with prefix, in byte order; if shallow, those without
	// a further slash in their keys and, as Dir entries, what the keys of the others have up to that slash.
	List(ctx context.Context, prefix string, shallow bool) iter.Seq2[store.Info, error]

	String() string
	Guarantees() store.Guarantees
	Close() error
}

// Store is a tree of the first DosNa. It is safe for concurrent use and read-only.
type Store struct {
	bucket   Bucket
	datasets sync.Map // the keys of datasets' objects by their paths, once they were looked for
	closed   atomic.Bool
}

// Holds tells whether a bucket is one of the first DosNa: it has a root group.
func Holds(ctx context.Context, b Bucket) (bool, error) {
	body, _, err := b.Object(ctx, "/", int64(len(groupBody)))
	if errors.Is(err, store.ErrNotExist) || errors.Is(err, store.ErrTooLarge) {
		return false, nil
	}
	return string(body) == groupBody, err
}

// New returns the tree in a bucket, which Close closes.
func New(b Bucket) *Store { return &Store{bucket: b} }

// String is the bucket's address.
func (s *Store) String() string { return s.bucket.String() }

// Guarantees promises what reads can keep.
func (s *Store) Guarantees() store.Guarantees {
	g := s.bucket.Guarantees()
	g.ReadOnly, g.ListSorted = true, true
	g.PutIfAbsent, g.PutIfMatch, g.DeleteIfMatch = false, false, false
	return g
}

// Close closes the bucket.
func (s *Store) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	return s.bucket.Close()
}

var errReadOnly = fmt.Errorf("%w: what the first DosNa stored is only read from; copy it: dosna migrate", store.ErrPermission)

func (s *Store) fail(op, key string, err error) error {
	if e, ok := errors.AsType[*store.Error](err); ok {
		err = e.Err
	}
	return &store.Error{Op: op, Store: s.String(), Key: key, Err: err}
}

// Put is refused.
func (s *Store) Put(_ context.Context, key string, _ [][]byte, _ store.Cond) (store.Version, error) {
	return "", s.fail("put", key, errReadOnly)
}

// Delete is refused.
func (s *Store) Delete(_ context.Context, key string, _ store.Cond) error {
	return s.fail("delete", key, errReadOnly)
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

// find returns the document under a key, or the key of the chunk that it names.
func (s *Store) find(ctx context.Context, key string) (document []byte, chunk string, err error) {
	if err := s.ready(ctx); err != nil {
		return nil, "", err
	}
	if err := store.CheckKey(key); err != nil {
		return nil, "", err
	}
	at, name := path.Split(key)
	at = strings.TrimSuffix(at, "/")
	switch {
	case name == arrayName || name == attrsName || name == groupName:
		n, err := s.node(ctx, at)
		if err != nil {
			return nil, "", err
		}
		if text, ok := n.documents[name]; ok {
			return text, "", nil
		}
	case at != "" && isChunk(name):
		object, known := s.datasets.Load(at)
		if !known {
			n, err := s.own(ctx, at)
			if err != nil {
				return nil, "", err
			}
			if !n.dataset {
				break
			}
			object = n.object
			s.datasets.Store(at, object)
		}
		return nil, object.(string) + "/" + name, nil
	}
	return nil, "", store.ErrNotExist
}

// info describes a document.
func info(key string, document []byte) store.Info {
	return store.Info{Key: key, Size: int64(len(document)), Version: store.Version(fmt.Sprintf("%x", sha256.Sum256(document)))}
}

// Stat implements store.Store.
func (s *Store) Stat(ctx context.Context, key string) (store.Info, error) {
	text, chunk, err := s.find(ctx, key)
	if err != nil {
		return store.Info{}, s.fail("stat", key, err)
	}
	if chunk == "" {
		return info(key, text), nil
	}
	i, err := s.bucket.Stat(ctx, chunk)
	if err != nil {
		return store.Info{}, s.fail("stat", key, err)
	}
	i.Key = key
	return i, nil
}

// Get implements store.Store.
func (s *Store) Get(ctx context.Context, key string, o store.GetOptions, dst []byte) ([]byte, store.Info, error) {
	text, chunk, err := s.find(ctx, key)
	if err == nil && chunk != "" {
		got, i, err := s.bucket.Get(ctx, chunk, o, dst)
		if err != nil {
			return dst, store.Info{}, s.fail("get", key, err)
		}
		i.Key = key
		return got, i, nil
	}
	if err == nil {
		i := info(key, text)
		var off, n int64
		if off, n, err = o.In(i.Size, i.Version); err == nil {
			return append(dst, text[off:off+n]...), i, nil
		}
	}
	return dst, store.Info{}, s.fail("get", key, err)
}

// List implements store.Store.
func (s *Store) List(ctx context.Context, o store.ListOptions) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		err := s.ready(ctx)
		if err == nil {
			err = store.CheckPrefix(o.Prefix)
		}
		if err == nil {
			l := lister{s: s, o: o, yield: yield}
			err = l.node(ctx, strings.TrimSuffix(o.Prefix, "/"))
			if l.stopped {
				return
			}
		}
		if err != nil && !errors.Is(err, store.ErrNotExist) {
			yield(store.Info{}, s.fail("list", o.Prefix, err))
		}
	}
}

// lister yields the entries of one listing.
type lister struct {
	s       *Store
	o       store.ListOptions
	yield   func(store.Info, error) bool
	stopped bool
}

// give yields an entry; false means that no more are wanted.
func (l *lister) give(i store.Info) bool {
	if i.Key > l.o.After && !l.yield(i, nil) {
		l.stopped = true
	}
	return !l.stopped
}

// node yields what is at a path and, in deep listings, below.
func (l *lister) node(ctx context.Context, at string) error {
	if err := l.s.ready(ctx); err != nil {
		return err
	}
	n, err := l.s.node(ctx, at)
	if err != nil {
		return err
	}
	prefix := ""
	if at != "" {
		prefix = at + "/"
	}
	for _, name := range n.names() {
		if !l.give(info(prefix+name, n.documents[name])) {
			return nil
		}
	}
	if n.dataset {
		return l.chunks(ctx, n)
	}
	children, err := l.s.children(ctx, n)
	if err != nil {
		return err
	}
	for _, name := range children {
		if l.o.Shallow {
			if !l.give(store.Info{Key: prefix + name, Dir: true}) {
				return nil
			}
			continue
		}
		err := l.node(ctx, prefix+strings.TrimSuffix(name, "/"))
		if err != nil && !errors.Is(err, store.ErrNotExist) {
			return err
		}
		if l.stopped {
			return nil
		}
	}
	return nil
}

func (l *lister) chunks(ctx context.Context, n *node) error {
	for i, err := range l.s.bucket.List(ctx, n.object+"/", true) {
		if err != nil {
			return err
		}
		if name := strings.TrimPrefix(i.Key, n.object+"/"); !i.Dir && isChunk(name) {
			i.Key = n.path + "/" + name
			if !l.give(i) {
				return nil
			}
		}
	}
	return nil
}

// children returns the names of what a group holds, each with a slash at its end, in order.
func (s *Store) children(ctx context.Context, n *node) ([]string, error) {
	prefixes := []string{"/" + n.path + "/", n.path + "/"}
	if n.path == "" {
		prefixes = []string{"/", ""}
	}
	var names []string
	for _, prefix := range prefixes {
		for i, err := range s.bucket.List(ctx, prefix, true) {
			if err != nil {
				return nil, err
			}
			name := strings.TrimSuffix(strings.TrimPrefix(i.Key, prefix), "/")
			if (i.Dir || nodeSized(i)) && store.CheckKey(name) == nil {
				names = append(names, name+"/")
			}
		}
	}
	for name := range n.links {
		if store.CheckKey(name) == nil {
			names = append(names, name+"/")
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}
