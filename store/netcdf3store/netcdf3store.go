package netcdf3store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dosna/dosna/netcdf3"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/present"
)

// ErrNotNetCDF3 is [netcdf3.ErrNotNetCDF3].
var ErrNotNetCDF3 = netcdf3.ErrNotNetCDF3

// Open opens the file that is the object of a key. Close closes the store below, which stays open on an error. What is no
// netCDF classic file is ErrNotNetCDF3.
func Open(ctx context.Context, below store.Store, key string) (*present.Store, error) {
	t := &tree{below: below, name: strings.TrimSuffix(store.Name(below), "/") + "/" + key}
	if err := t.read(ctx, key); err != nil {
		if errors.Is(err, netcdf3.ErrCorrupt) {
			err = fmt.Errorf("%w: %w", store.ErrCorrupt, err)
		}
		return nil, present.Fail(t.name, "open", "", err)
	}
	return present.New(t, "netCDF classic files are only read from; copy what is in it to a tree of its own: dosna cp"), nil
}

// tree implements present.Tree. It is not changed once it is open.
type tree struct {
	below store.Store
	name  string
	src   *present.File
	file  *netcdf3.File
	nodes map[string]*present.Node
}

// String implements present.Tree.
func (t *tree) String() string { return t.name }

// Most implements present.Tree.
func (t *tree) Most() int64 { return 0 }

// Guarantees implements present.Tree.
func (t *tree) Guarantees() store.Guarantees { return t.below.Guarantees() }

// Close implements present.Tree.
func (t *tree) Close() error { return t.below.Close() }

// Node implements present.Tree.
func (t *tree) Node(_ context.Context, path string) (*present.Node, error) {
	if n := t.nodes[path]; n != nil {
		return n, nil
	}
	return nil, store.ErrNotExist
}

// read reads the header, and makes up the nodes.
func (t *tree) read(ctx context.Context, key string) error {
	var err error
	if t.src, err = present.OpenFile(ctx, t.below, key, key); err != nil {
		return err
	}
	if t.file, err = netcdf3.Open(ctx, t.src); err != nil {
		return err
	}
	root := &present.Node{File: t.src, Document: t.root()}
	t.nodes = map[string]*present.Node{"": root}
	for i := range t.file.Variables {
		v := &t.file.Variables[i]
		name := present.Segment(v.Name)
		if t.nodes[name] != nil {
			return fmt.Errorf("%w: two variables are called %.100q", netcdf3.ErrCorrupt, name)
		}
		a, err := t.array(v)
		if err != nil {
			return fmt.Errorf("the variable %.100q: %w", v.Name, err)
		}
		t.nodes[name] = &present.Node{File: t.src, Document: a.document(t.file), Array: a}
		root.Names = append(root.Names, name)
	}
	slices.Sort(root.Names)
	return nil
}
