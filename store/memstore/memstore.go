package memstore

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
)

// Store is a handle of objects in RAM.
type Store struct {
	tree   *tree
	name   string
	closed atomic.Bool
}

var (
	named   = map[string]*tree{}
	namedMu sync.Mutex
)

// New returns an empty store of its own.
func New() *Store {
	return &Store{tree: newTree(), name: "mem://"}
}

// Named returns a handle of the process's store of that name, which is made
// when first asked for. An empty name is New.
func Named(name string) *Store {
	if name == "" {
		return New()
	}
	namedMu.Lock()
	defer namedMu.Unlock()
	t := named[name]
	if t == nil {
		t = newTree()
		named[name] = t
	}
	return &Store{tree: t, name: "mem://" + name}
}

// OpenURL opens mem://NAME.
func OpenURL(ctx context.Context, u store.URL, _ store.OpenOptions) (store.Store, error) {
	if err := InitURL(ctx, u); err != nil {
		return nil, err
	}
	return Named(u.Host + u.Path), nil
}

// InitURL checks the URL; there is nothing to make.
func InitURL(ctx context.Context, u store.URL) error {
	if err := u.CheckQuery(); err != nil {
		return err
	}
	return ctx.Err()
}

func (s *Store) String() string { return s.name }

// Guarantees promises everything but sharing.
func (s *Store) Guarantees() store.Guarantees {
	return store.Guarantees{
		PutIfAbsent: true, PutIfMatch: true, DeleteIfMatch: true, GetIfMatch: true,
		ListSorted: true, Concurrency: 16,
	}
}

// Close closes the handle; the objects stay.
func (s *Store) Close() error {
	s.closed.Store(true)
	return nil
}

// ready says why an operation cannot begin.
func (s *Store) ready(ctx context.Context, key string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.closed.Load() {
		return store.ErrClosed
	}
	return store.CheckKey(key)
}

func (s *Store) fail(op, key string, err error) error {
	return &store.Error{Op: op, Store: s.name, Key: key, Err: err}
}

// find returns the object under key.
func (s *Store) find(ctx context.Context, key string) (*object, error) {
	if err := s.ready(ctx, key); err != nil {
		return nil, err
	}
	if o := s.tree.get(key); o != nil {
		return o, nil
	}
	return nil, store.ErrNotExist
}

// Get implements store.Store.
func (s *Store) Get(ctx context.Context, key string, o store.GetOptions, dst []byte) ([]byte, store.Info, error) {
	fail := func(err error) ([]byte, store.Info, error) {
		return dst, store.Info{}, s.fail("get", key, err)
	}
	if err := o.Check(); err != nil {
		return fail(err)
	}
	obj, err := s.find(ctx, key)
	if err != nil {
		return fail(err)
	}
	off, n, err := o.In(int64(len(obj.data)), obj.version)
	if err != nil {
		return fail(err)
	}
	if len(dst) > 0 && int64(cap(dst)-len(dst)) < n {
		dst = append(make([]byte, 0, int64(len(dst))+n), dst...)
	}
	// Where dst is empty, append allocates without clearing first.
	return append(dst, obj.data[off:off+n]...), obj.info(key), nil
}

// GetRanges implements store.RangeGetter.
func (s *Store) GetRanges(ctx context.Context, key string, c store.Cond, spans []nd.Span) (store.Info, error) {
	fail := func(err error) (store.Info, error) {
		return store.Info{}, s.fail("get ranges of", key, err)
	}
	if err := c.CheckRead(); err != nil {
		return fail(err)
	}
	obj, err := s.find(ctx, key)
	if err != nil {
		return fail(err)
	}
	if err := c.MeetRead(obj.version); err != nil {
		return fail(err)
	}
	for _, span := range spans {
		off, err := store.SpanIn(span, int64(len(obj.data)))
		if err != nil {
			return fail(err)
		}
		copy(span.Dst, obj.data[off:])
	}
	return obj.info(key), nil
}

// Stat implements store.Store.
func (s *Store) Stat(ctx context.Context, key string) (store.Info, error) {
	obj, err := s.find(ctx, key)
	if err != nil {
		return store.Info{}, s.fail("stat", key, err)
	}
	return obj.info(key), nil
}

// Put implements store.Store.
func (s *Store) Put(ctx context.Context, key string, parts [][]byte, c store.Cond) (store.Version, error) {
	err := s.ready(ctx, key)
	if err == nil {
		err = c.CheckPut()
	}
	if err != nil {
		return "", s.fail("put", key, err)
	}
	obj := &object{data: join(parts), modTime: time.Now()}
	if err := s.tree.put(key, obj, c); err != nil {
		return "", s.fail("put", key, err)
	}
	return obj.version, nil
}

// join copies; for one part, as is usual, without clearing memory first.
func join(parts [][]byte) []byte {
	if len(parts) == 1 {
		return append([]byte(nil), parts[0]...)
	}
	return slices.Concat(parts...)
}

// Copy implements store.Copier.
func (s *Store) Copy(ctx context.Context, from, to string, c store.Cond) (store.Version, error) {
	err := s.ready(ctx, from)
	if err == nil {
		err = s.ready(ctx, to)
	}
	if err == nil {
		err = c.CheckPut()
	}
	obj := &object{modTime: time.Now()}
	if err == nil {
		err = s.tree.copy(from, to, obj, c)
	}
	if err != nil {
		return "", s.fail(fmt.Sprintf("copy to %q", to), from, err)
	}
	return obj.version, nil
}

// Delete implements store.Store.
func (s *Store) Delete(ctx context.Context, key string, c store.Cond) error {
	err := s.ready(ctx, key)
	if err == nil {
		err = c.CheckDelete()
	}
	if err == nil {
		err = s.tree.delete(key, c)
	}
	if err != nil {
		return s.fail("delete", key, err)
	}
	return nil
}

// Rename implements store.Renamer.
func (s *Store) Rename(ctx context.Context, from, to string) error {
	err := ctx.Err()
	switch {
	case err != nil:
	case s.closed.Load():
		err = store.ErrClosed
	default:
		if err = store.CheckRename(from, to); err == nil {
			err = s.tree.rename(from, to)
		}
	}
	if err != nil {
		return s.fail(fmt.Sprintf("rename to %q", to), from, err)
	}
	return nil
}

// List implements store.Store.
func (s *Store) List(ctx context.Context, o store.ListOptions) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		open := func(prefix string) (store.Folder, error) {
			if s.closed.Load() {
				return nil, store.ErrClosed
			}
			return folder{s.tree, prefix}, nil
		}
		for info, err := range store.Walk(ctx, o, open) {
			if err != nil {
				err = s.fail("list", o.Prefix, err)
			}
			if !yield(info, err) {
				return
			}
		}
	}
}
