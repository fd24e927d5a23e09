package all

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/hdf5store"
)

// withHDF5 returns open, except that the address of an HDF5 file opens the tree in it. On this machine any file is looked
// at, elsewhere those that are called as HDF5 files are: there each look costs a request.
func withHDF5(open opener) opener {
	return func(ctx context.Context, u store.URL, o store.OpenOptions) (store.Store, error) {
		_, name, _ := splitLast(u)
		if u.Scheme == "file" {
			if info, err := os.Stat(u.Path); err != nil || !info.Mode().IsRegular() {
				return open(ctx, u, o)
			}
		} else if o.Create || !isHDF5(name) {
			return open(ctx, u, o)
		}
		return inFiles(func(name string) string { return name }, open, openHDF5)(ctx, u, o)
	}
}

// isHDF5 tells whether a file's name is one that HDF5 files have.
func isHDF5(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".h5", ".hdf5", ".hdf", ".he5", ".nxs", ".nx5", ".nc", ".nc4", ".cdf", ".mat", ".cxi", ".h5ad", ".h5m", ".jhdf", ".nwb", ".sxm", ".ims", ".ndf", ".loom", ".hd5":
		return true
	}
	return false
}

func openHDF5(ctx context.Context, below store.Store, _ store.URL, key string, _ store.OpenOptions) (store.Store, error) {
	s, err := hdf5store.Open(ctx, below, key)
	switch {
	case err == nil:
		return s, nil
	case errors.Is(err, hdf5store.ErrNotHDF5) && !isHDF5(key):
		return nil, errOther
	}
	return nil, err
}
