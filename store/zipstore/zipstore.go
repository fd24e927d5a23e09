package zipstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"sort"
	"strings"
	"sync/atomic"

	"github.com/dosna/dosna/store"
)

// Store is an opened archive.
type Store struct {
	below   store.Store
	key     string
	archive store.Info
	entries []entry // ordered by name
	closed  atomic.Bool
}

// Open opens the archive that is the object under key. Close closes the store
// below too; after an error that stays open.
func Open(ctx context.Context, below store.Store, key string) (*Store, error) {
	s := &Store{below: below, key: key}
	fail := func(err error) (*Store, error) {
		return nil, &store.Error{Op: "open", Store: s.String(), Err: err}
	}
	var err error
	if s.archive, err = below.Stat(ctx, key); err != nil {
		return nil, err
	}
	if s.entries, err = s.load(ctx); err != nil {
		return fail(err)
	}
	return s, nil
}

// String is the archive's address.
func (s *Store) String() string {
	return strings.TrimSuffix(store.Name(s.below), "/") + "/" + s.key
}

// Guarantees promises what reads can keep.
func (s *Store) Guarantees() store.Guarantees {
	g := s.below.Guarantees()
	return store.Guarantees{ReadOnly: true, GetIfMatch: g.GetIfMatch, Shared: g.Shared, ListSorted: true, Remote: g.Remote, Concurrency: g.Concurrency}
}

// Close closes the store that the archive is in.
func (s *Store) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	return s.below.Close()
}

func (s *Store) fail(op, key string, err error) error {
	return &store.Error{Op: op, Store: s.String(), Key: key, Err: err}
}

var errReadOnly = fmt.Errorf("%w: archives are only read from", store.ErrPermission)

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

// find returns the entry of a key.
func (s *Store) find(ctx context.Context, key string) (*entry, error) {
	if err := s.ready(ctx); err != nil {
		return nil, err
	}
	if err := store.CheckKey(key); err != nil {
		return nil, err
	}
	if i := s.search(key); i < len(s.entries) && s.entries[i].name == key {
		return &s.entries[i], nil
	}
	if err := s.unchanged(ctx); err != nil {
		return nil, err
	}
	return nil, store.ErrNotExist
}

// search returns the place of the first entry whose name is not less.
func (s *Store) search(name string) int {
	return sort.Search(len(s.entries), func(i int) bool { return s.entries[i].name >= name })
}

// unchanged is an error if the archive is not any more what was opened.
func (s *Store) unchanged(ctx context.Context) error {
	now, err := s.below.Stat(ctx, s.key)
	if err != nil {
		return s.lost(err)
	}
	return s.same(now)
}

// same is an error if now describes another archive than was opened.
func (s *Store) same(now store.Info) error {
	if now.Version != s.archive.Version || now.Size != s.archive.Size || !now.ModTime.Equal(s.archive.ModTime) {
		return errChanged
	}
	return nil
}

var errChanged = errors.New("the archive was changed since it was opened; open it again")

// lost is an error of reading the archive. That it is gone, or another, does not
// mean that the entry is absent.
func (s *Store) lost(err error) error {
	switch {
	case errors.Is(err, store.ErrConflict), errors.Is(err, io.ErrUnexpectedEOF):
		return errChanged
	case errors.Is(err, store.ErrNotExist):
		return errors.New("the archive was removed since it was opened")
	}
	if e, ok := errors.AsType[*store.Error](err); ok {
		err = e.Err
	}
	return fmt.Errorf("read the archive: %w", err)
}

// Stat implements store.Store.
func (s *Store) Stat(ctx context.Context, key string) (store.Info, error) {
	e, err := s.find(ctx, key)
	if err == nil {
		err = s.unchanged(ctx)
	}
	if err != nil {
		return store.Info{}, s.fail("stat", key, err)
	}
	return s.info(e), nil
}

func (s *Store) info(e *entry) store.Info {
	return store.Info{Key: e.name, Size: e.size, Version: s.version(e), ModTime: e.modified()}
}

// version names an entry's bytes and the archive's state.
func (s *Store) version(e *entry) store.Version {
	return store.Version(fmt.Sprintf("%08x-%x-%x-%x of %d bytes, %s, %d", e.crc, e.header, e.packed, e.size, s.archive.Size, s.archive.Version, s.archive.ModTime.UnixNano()))
}

// List implements store.Store.
func (s *Store) List(ctx context.Context, o store.ListOptions) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		err := s.ready(ctx)
		if err == nil {
			err = store.CheckPrefix(o.Prefix)
		}
		if err == nil {
			err = s.unchanged(ctx)
		}
		if err != nil {
			yield(store.Info{}, s.fail("list", o.Prefix, err))
			return
		}
		for i := s.search(o.Prefix); i < len(s.entries) && strings.HasPrefix(s.entries[i].name, o.Prefix); i++ {
			if err := s.ready(ctx); err != nil {
				yield(store.Info{}, s.fail("list", o.Prefix, err))
				return
			}
			e := &s.entries[i]
			info := store.Info{Key: e.name}
			if slash := strings.IndexByte(e.name[len(o.Prefix):], '/'); o.Shallow && slash >= 0 {
				info = store.Info{Key: e.name[:len(o.Prefix)+slash+1], Dir: true}
				i = s.search(info.Key[:len(info.Key)-1]+"0") - 1 // '0' follows the slash
			} else if e.name > o.After {
				info = s.info(e)
			}
			if info.Key > o.After && !yield(info, nil) {
				return
			}
		}
	}
}
