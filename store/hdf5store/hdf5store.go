package hdf5store

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/dosna/dosna/hdf5"
	"github.com/dosna/dosna/internal/compress"
	"github.com/dosna/dosna/store"
)

// Store is an HDF5 file opened as a store. It is safe for concurrent use and read-only.
type Store struct {
	below  store.Store
	src    *source
	file   *hdf5.File
	name   string
	netCDF bool // the file is one of netCDF-4
	closed atomic.Bool

	mu    sync.Mutex
	nodes map[string]*node // by path
	kept  kept
}

// ErrNotHDF5 is [hdf5.ErrNotHDF5].
var ErrNotHDF5 = hdf5.ErrNotHDF5

// Open opens the file that is the object of a key. Other files that it names are looked for beside it. Close closes the store below, which
// stays open on an error. What is no HDF5 file is ErrNotHDF5.
func Open(ctx context.Context, below store.Store, key string) (*Store, error) {
	s := &Store{below: below, name: strings.TrimSuffix(store.Name(below), "/") + "/" + key, nodes: map[string]*node{}}
	src, err := newSource(ctx, below, key)
	if err == nil {
		s.src = src
		s.file, err = hdf5.OpenBeside(ctx, src, others(below))
	}
	if err == nil {
		s.netCDF = isNetCDF(ctx, s.file)
	}
	if err != nil {
		return nil, s.fail("open", "", err)
	}
	return s, nil
}

// beside returns the key of another file, whose name a file states: a path with slashes, below the folder.
func beside(name string) (string, error) {
	key := path.Clean(strings.ReplaceAll(name, "\\", "/"))
	if path.IsAbs(key) || store.CheckKey(key) != nil {
		return "", fmt.Errorf("%w: the file %.200q is not in the folder of the file that names it, nor below", store.ErrPermission, name)
	}
	return key, nil
}

// String is the address of the file.
func (s *Store) String() string { return s.name }

// Guarantees promises what reads can keep.
func (s *Store) Guarantees() store.Guarantees {
	g := s.below.Guarantees()
	return store.Guarantees{ReadOnly: true, GetIfMatch: g.GetIfMatch, Shared: g.Shared, Remote: g.Remote, Concurrency: g.Concurrency}
}

// Close closes the store that the file is in.
func (s *Store) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	return s.below.Close()
}

var errReadOnly = fmt.Errorf("%w: HDF5 files are only read from; copy what is in it to a tree of its own: dosna cp", store.ErrPermission)

func (s *Store) fail(op, key string, err error) error {
	if e, ok := errors.AsType[*store.Error](err); ok && e.Store == s.name {
		return err
	}
	if (errors.Is(err, hdf5.ErrCorrupt) || errors.Is(err, compress.ErrCorrupt)) && !errors.Is(err, store.ErrCorrupt) {
		err = fmt.Errorf("%w: %w", store.ErrCorrupt, err)
	}
	return &store.Error{Op: op, Store: s.name, Key: key, Err: err}
}

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

// document is the name of the object that says what a node is.
const document = "zarr.json"

// find returns the object under a key: bytes, or where they are.
func (s *Store) find(ctx context.Context, key string) (object, error) {
	if err := s.ready(ctx); err != nil {
		return object{}, err
	}
	if err := store.CheckKey(key); err != nil {
		return object{}, err
	}
	dir, name := path.Split(key)
	if name == document {
		n, err := s.node(ctx, strings.TrimSuffix(dir, "/"))
		if err != nil {
			return object{}, err
		}
		return object{data: n.document, size: int64(len(n.document))}, nil
	}
	at, coord, ok := chunkOf(key)
	if !ok {
		return object{}, store.ErrNotExist
	}
	n, err := s.node(ctx, at)
	if err != nil {
		return object{}, err
	}
	if n.array == nil || len(coord) != len(n.array.grid) {
		return object{}, store.ErrNotExist
	}
	return s.chunk(ctx, n, key, coord)
}

// info describes an object. Equal versions of the file mean equal bytes of all that is made of it.
func (s *Store) info(key string, o object) store.Info {
	return store.Info{Key: key, Size: o.size, Version: s.src.info.Version, ModTime: s.src.info.ModTime}
}

// chunkOf cuts the key of a chunk, a/b/c/0/1, into its array and its place.
func chunkOf(key string) (at string, coord []int, ok bool) {
	parts := strings.Split(key, "/")
	i := len(parts) - 1
	for ; i >= 0; i-- {
		n, number := digits(parts[i])
		if !number {
			break
		}
		coord = append(coord, n)
	}
	if i < 0 || parts[i] != "c" {
		return "", nil, false
	}
	for a, b := 0, len(coord)-1; a < b; a, b = a+1, b-1 {
		coord[a], coord[b] = coord[b], coord[a]
	}
	return strings.Join(parts[:i], "/"), coord, true
}

// digits reads a number as keys have it: without zeros in front.
func digits(s string) (int, bool) {
	if s == "" || len(s) > 18 || s[0] == '0' && len(s) > 1 {
		return 0, false
	}
	n := 0
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int(c-'0')
	}
	return n, true
}
