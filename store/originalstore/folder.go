package originalstore

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/dosna/dosna/hdf5"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/present"
)

// describing is the name of the file that describes a dataset, in the dataset's folder.
const describing = "dataset.h5"

// mostLooked bounds the folders in which one is looked for.
const mostLooked = 1000

// HoldsFolder tells whether a folder is one of the first DosNa: a dataset, or a connection with a dataset in it, and no tree of Zarr.
func HoldsFolder(ctx context.Context, below store.Store) (bool, error) {
	for _, name := range []string{"zarr.json", groupName, arrayName} {
		if ok, err := exists(ctx, below, name); ok || err != nil {
			return false, err
		}
	}
	f := &folder{below: below, datasets: map[string]*dataset{}}
	if ok, err := f.holds(ctx, ""); ok || err != nil {
		return ok, err
	}
	looked := 0
	for i, err := range below.List(ctx, store.ListOptions{Shallow: true}) {
		if err != nil {
			return false, err
		}
		if !i.Dir {
			continue
		}
		if ok, err := f.holds(ctx, strings.TrimSuffix(i.Key, "/")); ok || err != nil {
			return ok, err
		}
		if looked++; looked == mostLooked {
			break
		}
	}
	return false, nil
}

// holds tells whether there is a dataset in a folder. Others may have files of that name, too.
func (f *folder) holds(ctx context.Context, dir string) (bool, error) {
	_, err := f.dataset(ctx, dir)
	if errors.Is(err, store.ErrNotExist) || errors.Is(err, store.ErrCorrupt) || errors.Is(err, hdf5.ErrUnsupported) {
		return false, nil
	}
	return err == nil, err
}

func exists(ctx context.Context, s store.Store, key string) (bool, error) {
	_, err := s.Stat(ctx, key)
	if errors.Is(err, store.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// NewFolder returns the tree in a folder, which Close closes. The address is that by which references find the folder.
func NewFolder(below store.Store, address string) *present.Store {
	return present.New(&folder{below: below, address: strings.TrimSuffix(address, "/"), datasets: map[string]*dataset{}},
		"what the first DosNa stored is only read from; copy it: dosna migrate")
}

// folder implements present.Tree.
type folder struct {
	below   store.Store
	address string

	mu       sync.Mutex
	datasets map[string]*dataset // by their folders
}

// mostDatasets bounds the descriptions that are kept.
const mostDatasets = 1 << 14

// String implements present.Tree.
func (f *folder) String() string { return store.Name(f.below) }

// Most implements present.Tree.
func (f *folder) Most() int64 { return 0 }

// Guarantees implements present.Tree.
func (f *folder) Guarantees() store.Guarantees { return f.below.Guarantees() }

// Close implements present.Tree.
func (f *folder) Close() error { return f.below.Close() }

func in(dir, name string) string {
	if dir == "" {
		return name
	}
	return dir + "/" + name
}

// Node implements present.Tree.
func (f *folder) Node(ctx context.Context, path string) (*present.Node, error) {
	dirs := []string{path}
	if plain, err := url.PathUnescape(path); err == nil && plain != path {
		dirs = append(dirs, plain)
	}
	for _, dir := range dirs {
		n, err := f.node(ctx, dir)
		if !errors.Is(err, store.ErrNotExist) {
			return n, err
		}
	}
	return nil, store.ErrNotExist
}

func (f *folder) node(ctx context.Context, dir string) (*present.Node, error) {
	if store.CheckPrefix(in(dir, "")) != nil {
		return nil, store.ErrNotExist
	}
	d, err := f.dataset(ctx, dir)
	if err == nil {
		return &present.Node{Document: d.document, File: d.file, Array: d}, nil
	}
	if !errors.Is(err, store.ErrNotExist) {
		return nil, err
	}
	names, err := f.names(ctx, dir)
	if err != nil {
		return nil, err
	}
	if len(names) == 0 && dir != "" {
		return nil, store.ErrNotExist
	}
	return &present.Node{Document: document(map[string]any{"zarr_format": 3, "node_type": "group"}), Names: names}, nil
}

// names returns the names of what is in a folder that is no dataset's: datasets, and folders with folders in them. A dataset in the
// folder of another has a name with a slash, since there are no nodes in an array.
func (f *folder) names(ctx context.Context, dir string) ([]string, error) {
	dirs, err := f.folders(ctx, dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, name := range dirs {
		is, err := exists(ctx, f.below, in(dir, name)+"/"+describing)
		if err != nil {
			return nil, err
		}
		var inner []string
		if is {
			names = append(names, present.Segment(name))
			inner, err = f.names(ctx, in(dir, name))
		} else if inner, err = f.folders(ctx, in(dir, name)); len(inner) > 0 {
			names, inner = append(names, present.Segment(name)), nil
		}
		if err != nil {
			return nil, err
		}
		for _, more := range inner {
			names = append(names, present.Segment(name+"/")+more)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// folders returns the names of the folders in a folder.
func (f *folder) folders(ctx context.Context, dir string) ([]string, error) {
	prefix := ""
	if dir != "" {
		prefix = dir + "/"
	}
	var names []string
	for i, err := range f.below.List(ctx, store.ListOptions{Prefix: prefix, Shallow: true}) {
		if err != nil {
			return nil, err
		}
		if i.Dir {
			names = append(names, strings.TrimSuffix(strings.TrimPrefix(i.Key, prefix), "/"))
		}
	}
	return names, nil
}

// dataset returns the dataset in a folder, as its file describes it now.
func (f *folder) dataset(ctx context.Context, dir string) (*dataset, error) {
	key := in(dir, describing)
	info, err := f.below.Stat(ctx, key)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	d := f.datasets[dir]
	f.mu.Unlock()
	if d != nil && info.Version != "" && d.file.Info().Version == info.Version {
		return d, nil
	}
	d = &dataset{folder: f, dir: dir}
	if d.file, err = present.OpenFile(ctx, f.below, key, f.address+"/"+key); err != nil {
		return nil, err
	}
	if err := d.describe(ctx); err != nil {
		return nil, damaged(key, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.datasets) >= mostDatasets {
		clear(f.datasets)
	}
	f.datasets[dir] = d
	return d, nil
}

// root opens an HDF5 file.
func root(ctx context.Context, file *present.File) (*hdf5.Object, error) {
	h, err := hdf5.Open(ctx, file)
	if err != nil {
		return nil, err
	}
	return h.Root(ctx)
}
