package hdf5store

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"
	"sync"

	"github.com/dosna/dosna/hdf5"
	"github.com/dosna/dosna/internal/compress"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/present"
)

// ErrNotHDF5 is [hdf5.ErrNotHDF5].
var ErrNotHDF5 = hdf5.ErrNotHDF5

// Outside finds the files that a file names and that are not in its folder: those that whoever opens it allows.
type Outside interface {
	// File returns the object that a name leads to, and its whole address.
	File(ctx context.Context, name string) (s store.Store, key, address string, err error)
	// Close closes what has been opened.
	Close() error
}

// Open opens the file that is the object of a key. Other files that it names are looked for beside it, and if they are elsewhere by outside, which
// may be nil. Close closes that and the store below, which stay open on an error. What is no HDF5 file is ErrNotHDF5.
func Open(ctx context.Context, below store.Store, key string, outside Outside) (*present.Store, error) {
	t := &tree{below: below, outside: outside, name: strings.TrimSuffix(store.Name(below), "/") + "/" + key, nodes: map[string]*node{}}
	var err error
	if t.src, err = present.OpenFile(ctx, below, key, key); err == nil {
		t.file, err = hdf5.OpenBeside(ctx, t.src, t.others)
	}
	if err != nil {
		return nil, present.Fail(t.name, "open", "", damaged(err))
	}
	t.netCDF = isNetCDF(ctx, t.file)
	return present.New(t, "HDF5 files are only read from; copy what is in it to a tree of its own: dosna cp"), nil
}

// others finds a file that the file names.
func (t *tree) others(ctx context.Context, name string) (hdf5.Source, error) {
	key, err := beside(name)
	if err == nil {
		return present.OpenFile(ctx, t.below, key, key)
	}
	if t.outside == nil {
		return nil, err
	}
	s, key, address, other := t.outside.File(ctx, name)
	if other != nil {
		return nil, fmt.Errorf("it is not in the folder of the file that names it, nor below: %w", other)
	}
	return present.OpenFile(ctx, s, key, address)
}

// beside returns the key of another file, whose name a file states: a path with slashes, below the folder.
func beside(name string) (string, error) {
	key := path.Clean(strings.ReplaceAll(name, "\\", "/"))
	if path.IsAbs(key) || store.CheckKey(key) != nil {
		return "", fmt.Errorf("%w: the file %.200q is not in the folder of the file that names it, nor below", store.ErrPermission, name)
	}
	return key, nil
}

// tree is an HDF5 file. It implements present.Tree.
type tree struct {
	below   store.Store
	outside Outside
	src     *present.File
	file    *hdf5.File
	name    string
	netCDF  bool // the file is one of netCDF-4

	mu    sync.Mutex
	nodes map[string]*node // by path
}

// String implements present.Tree.
func (t *tree) String() string { return t.name }

// Guarantees implements present.Tree.
func (t *tree) Guarantees() store.Guarantees { return t.below.Guarantees() }

// Most implements present.Tree. Each node but for those of groups with several paths, which are links, takes some bytes of the file.
func (t *tree) Most() int64 { return t.src.Size() }

// Close implements present.Tree.
func (t *tree) Close() error {
	err := t.below.Close()
	if t.outside != nil {
		err = errors.Join(err, t.outside.Close())
	}
	return err
}

// Node implements present.Tree.
func (t *tree) Node(ctx context.Context, at string) (*present.Node, error) {
	n, err := t.node(ctx, at)
	if err != nil {
		return nil, damaged(err)
	}
	return n.shown, nil
}

// show makes what is presented of a node.
func (t *tree) show(n *node) *present.Node {
	shown := &present.Node{Document: n.document, File: t.src, Names: n.names, Unsure: t.netCDF} // dimensions are no nodes
	switch {
	case n.array != nil:
		shown.Array = n.array
	case len(n.names) > 0:
		shown.Ahead = func(ctx context.Context) { t.ahead(ctx, n) }
	}
	return shown
}

// ahead sees to it that the children, which whoever lists them looks at next, are not asked for one by one.
func (t *tree) ahead(ctx context.Context, n *node) {
	var headers []uint64
	t.mu.Lock()
	for _, name := range n.names {
		if l := n.children[name]; l.Kind == hdf5.HardLink && t.nodes[path.Join(n.path, name)] == nil {
			headers = append(headers, l.Addr)
		}
	}
	t.mu.Unlock()
	t.file.Ahead(ctx, headers)
}

// damaged marks what is wrong in the file.
func damaged(err error) error {
	if (errors.Is(err, hdf5.ErrCorrupt) || errors.Is(err, compress.ErrCorrupt)) && !errors.Is(err, store.ErrCorrupt) {
		return fmt.Errorf("%w: %w", store.ErrCorrupt, err)
	}
	return err
}
