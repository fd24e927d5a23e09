package refstore

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/dosna/dosna/store"
)

// Sources finds the objects that references lead to, and refuses those that they
// may not lead to. It is safe for concurrent use.
type Sources interface {
	// Find returns the store that the object of an address is in, and its key
	// there. The store stays open until Close.
	Find(ctx context.Context, address string) (store.Store, string, error)

	// Close closes the stores.
	Close() error
}

// table is where a Store finds its references.
type table interface {
	// find returns the reference of a valid key, or ErrNotExist.
	find(ctx context.Context, key string) (Ref, error)

	// list calls yield for what o names, until it is false. Folders have a slash at
	// the end of their key, and a zero Ref.
	list(ctx context.Context, o store.ListOptions, yield func(key string, r Ref) bool) error

	// sorted reports whether list is in the order of the keys.
	sorted() bool
}

// Store is a table of references opened as a store.
type Store struct {
	name    string
	t       table
	sources Sources
	closed  atomic.Bool

	mu     sync.Mutex
	pinned map[*Source]store.Info // what sources were when first used
}

// Open returns the store of a table that is called name in messages. Close closes
// the sources too.
func Open(name string, m *Manifest, sources Sources) *Store {
	return newStore(name, m, sources)
}

func newStore(name string, t table, sources Sources) *Store {
	return &Store{name: name, t: t, sources: sources, pinned: map[*Source]store.Info{}}
}

// String is the name that was given to Open.
func (s *Store) String() string { return s.name }

// Guarantees promises what reads can keep.
func (s *Store) Guarantees() store.Guarantees {
	remote := false
	if r, ok := s.sources.(interface{ Remote() bool }); ok { // whether what references may lead to is behind a network
		remote = r.Remote()
	}
	return store.Guarantees{ReadOnly: true, GetIfMatch: true, Shared: true, ListSorted: s.t.sorted(), Remote: remote, Concurrency: 32}
}

// Close closes the sources.
func (s *Store) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	return s.sources.Close()
}

func (s *Store) fail(op, key string, err error) error {
	return &store.Error{Op: op, Store: s.name, Key: key, Err: err}
}

var errReadOnly = fmt.Errorf("%w: references are only read", store.ErrPermission)

// Put is refused.
func (s *Store) Put(_ context.Context, key string, _ [][]byte, _ store.Cond) (store.Version, error) {
	return "", s.fail("put", key, errReadOnly)
}

// Delete is refused.
func (s *Store) Delete(_ context.Context, key string, _ store.Cond) error {
	return s.fail("delete", key, errReadOnly)
}

// OpenWriter is refused.
func (s *Store) OpenWriter(_ context.Context, key string, _ store.Cond) (store.Writer, error) {
	return nil, s.fail("write", key, errReadOnly)
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

// find returns the reference of a key.
func (s *Store) find(ctx context.Context, key string) (Ref, error) {
	if err := s.ready(ctx); err != nil {
		return Ref{}, err
	}
	if err := store.CheckKey(key); err != nil {
		return Ref{}, err
	}
	return s.t.find(ctx, key)
}

// target is what a reference leads to.
type target struct {
	Ref
	store store.Store
	key   string
	info  store.Info // what the source was when first used
}

// open finds the source of a reference, and what it was when first used.
func (s *Store) open(ctx context.Context, r Ref) (*target, error) {
	t := &target{Ref: r}
	if t.Source == nil {
		return t, nil
	}
	var err error
	if t.store, t.key, err = s.sources.Find(ctx, t.Source.URL); err != nil {
		return nil, t.lost(err)
	}
	s.mu.Lock()
	info, ok := s.pinned[t.Source]
	s.mu.Unlock()
	if !ok {
		if info, err = t.store.Stat(ctx, t.key); err != nil {
			return nil, t.lost(err)
		}
		if err := t.Source.is(info); err != nil {
			return nil, err
		}
		s.mu.Lock()
		if first, ok := s.pinned[t.Source]; ok {
			info = first
		}
		s.pinned[t.Source] = info
		s.mu.Unlock()
	}
	t.info = info
	if off, n := t.Range.Off, t.Range.Len; off > info.Size || n > info.Size-off {
		return nil, fmt.Errorf("%w: the source %s has %d bytes, and the reference is to %d bytes at %d", store.ErrCorrupt, t.Source.URL, info.Size, n, off)
	}
	return t, nil
}

// Is is nil if a source is what the table says it was, and else says how it is not.
// It is given what asking for it has found.
func (s *Source) Is(now store.Info, err error) error {
	if err != nil {
		return (&target{Ref: Ref{Source: s}}).lost(err)
	}
	return s.is(now)
}

// is says whether a source is what the table says it was.
func (s *Source) is(now store.Info) error {
	switch {
	case s.Size >= 0 && s.Size != now.Size:
		return fmt.Errorf("the source %s has changed since it was referred to: it had %d bytes, and has %d; refer to it anew", s.URL, s.Size, now.Size)
	case s.Version != "" && s.Version != now.Version:
		return fmt.Errorf("the source %s has changed since it was referred to: it was in version %s, and is in %s; refer to it anew", s.URL, s.Version, now.Version)
	case !s.ModTime.IsZero() && !now.ModTime.IsZero() && !s.ModTime.Equal(now.ModTime):
		return fmt.Errorf("the source %s has changed since it was referred to: it was of %v, and is of %v; refer to it anew", s.URL, s.ModTime, now.ModTime)
	}
	return nil
}

// same says whether the source is still what it was when it was first used.
func (t *target) same(now store.Info) error {
	if now.Version != t.info.Version || now.Size != t.info.Size || !now.ModTime.Equal(t.info.ModTime) {
		return t.changed()
	}
	return nil
}

func (t *target) changed() error {
	return fmt.Errorf("the source %s was changed while it was in use; open the references again", t.Source.URL)
}

// lost is an error of reading a source. That it is gone does not mean that the
// object is absent, nor that it is another that the object is.
func (t *target) lost(err error) error {
	switch {
	case errors.Is(err, store.ErrNotExist):
		return fmt.Errorf("the source %s does not exist", t.Source.URL)
	case errors.Is(err, store.ErrConflict):
		return t.changed()
	}
	if e, ok := errors.AsType[*store.Error](err); ok {
		err = e.Err
	}
	return fmt.Errorf("the source %s: %w", t.Source.URL, err)
}

// size is the object's.
func (t *target) size() int64 {
	switch {
	case t.Source == nil:
		return int64(len(t.Inline))
	case t.Range.Len == 0:
		return t.info.Size - t.Range.Off
	}
	return t.Range.Len
}

// describe returns the object's Info.
func (t *target) describe(key string) store.Info {
	info := store.Info{Key: key, Size: t.size()}
	switch {
	case t.Source == nil:
		info.Version = versionOf(t.Inline)
	case t.info.Version != "":
		info.Version = store.Version(fmt.Sprintf("%d+%d of %s %s", t.Range.Off, info.Size, t.Source.URL, t.info.Version))
	}
	info.ModTime = t.info.ModTime
	return info
}

// Stat implements store.Store. It asks for the source.
func (s *Store) Stat(ctx context.Context, key string) (store.Info, error) {
	r, err := s.find(ctx, key)
	var t *target
	if err == nil {
		t, err = s.open(ctx, r)
	}
	if err == nil {
		err = t.confirm(ctx)
	}
	if err != nil {
		return store.Info{}, s.fail("stat", key, err)
	}
	return t.describe(key), nil
}

// confirm asks whether the source is still the same.
func (t *target) confirm(ctx context.Context) error {
	if t.Source == nil {
		return nil
	}
	now, err := t.store.Stat(ctx, t.key)
	if err != nil {
		return t.lost(err)
	}
	return t.same(now)
}

// List implements store.Store. Sources are asked for only where the table does not
// tell how long an object is.
func (s *Store) List(ctx context.Context, o store.ListOptions) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		err := s.ready(ctx)
		if err == nil {
			err = store.CheckPrefix(o.Prefix)
		}
		if err == nil {
			var fault error
			err = s.t.list(ctx, o, func(key string, r Ref) bool {
				info := store.Info{Key: key, Dir: true}
				if !strings.HasSuffix(key, "/") {
					info, fault = s.listed(ctx, key, r)
				}
				if fault == nil {
					fault = s.ready(ctx)
				}
				return fault == nil && yield(info, nil)
			})
			err = errors.Join(err, fault)
		}
		if err != nil {
			yield(store.Info{}, s.fail("list", o.Prefix, err))
		}
	}
}

func (s *Store) listed(ctx context.Context, key string, r Ref) (store.Info, error) {
	if r.Source != nil && r.Range.Len > 0 {
		return store.Info{Key: key, Size: r.Range.Len}, nil
	}
	t, err := s.open(ctx, r)
	if err != nil {
		return store.Info{}, fmt.Errorf("%q: %w", key, err)
	}
	return t.describe(key), nil
}
