package all

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/hdf5store"
	"github.com/dosna/dosna/store/netcdf3store"
)

// withHDF5 returns open, except that the address of an HDF5 or netCDF classic file, in a folder that files opens, opens the tree in it. On this machine any file is looked
// at, elsewhere those that are called as HDF5 files are: there each look costs a request.
func withHDF5(files, open opener) opener {
	return func(ctx context.Context, u store.URL, o store.OpenOptions) (store.Store, error) {
		folder, name, ok := splitLast(u)
		if u.Scheme == "file" {
			if info, err := os.Stat(u.Path); err != nil || !info.Mode().IsRegular() {
				return open(ctx, u, o)
			}
		} else if o.Create || !isHDF5(name) {
			return open(ctx, u, o)
		}
		if !ok {
			return open(ctx, u, o)
		}
		below, err := files(ctx, folder, store.OpenOptions{Observer: o.Observer})
		if err != nil {
			return open(ctx, u, o) // says what is wrong with the address that was given
		}
		s, err := openHDF5(ctx, below, name, outside(folder, below, o))
		if err == nil {
			return s, nil
		}
		if cerr := below.Close(); cerr != nil {
			return nil, errors.Join(err, cerr)
		}
		if errors.Is(err, store.ErrNotExist) || errors.Is(err, hdf5store.ErrNotHDF5) && !isHDF5(name) {
			return open(ctx, u, o)
		}
		return nil, err
	}
}

// openHDF5 opens an HDF5 file, or a netCDF classic file, which is told by its first bytes.
func openHDF5(ctx context.Context, below store.Store, name string, out hdf5store.Outside) (store.Store, error) {
	s, err := hdf5store.Open(ctx, below, name, out)
	if err == nil {
		return s, nil
	}
	if !errors.Is(err, hdf5store.ErrNotHDF5) {
		return nil, err
	}
	classic, other := netcdf3store.Open(ctx, below, name)
	switch {
	case other == nil:
		return classic, nil
	case !errors.Is(other, netcdf3store.ErrNotNetCDF3):
		return nil, other
	}
	return nil, fmt.Errorf("%w, nor a netCDF classic file", err)
}

// isHDF5 tells whether a file's name is one that HDF5 or netCDF files have.
func isHDF5(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".h5", ".hdf5", ".hdf", ".he5", ".nxs", ".nx5", ".nc", ".nc3", ".nc4", ".cdf", ".mat", ".cxi", ".h5ad", ".h5m", ".jhdf", ".nwb", ".sxm", ".ims", ".ndf", ".loom", ".hd5":
		return true
	}
	return false
}

// outsiders are the files that an HDF5 file on this machine names and that are not in its folder.
type outsiders struct {
	folder string
	*sources
}

// outside is nil where a path says nothing.
func outside(folder store.URL, below store.Store, o store.OpenOptions) hdf5store.Outside {
	if folder.Scheme != "file" {
		return nil
	}
	return outsiders{folder.Path, newSources(folder, below, store.OpenOptions{ReadOnly: true, Allow: o.Allow, Observer: o.Observer})}
}

// File implements hdf5store.Outside.
func (s outsiders) File(ctx context.Context, name string) (store.Store, string, string, error) {
	file := filepath.FromSlash(strings.ReplaceAll(name, "\\", "/"))
	if !filepath.IsAbs(file) {
		file = filepath.Join(s.folder, file)
	}
	address, err := filepath.Abs(file)
	if err != nil {
		return nil, "", "", err
	}
	in, key, err := s.Find(ctx, address)
	return in, key, address, err
}

// Close implements hdf5store.Outside.
func (s outsiders) Close() error { return s.closeOthers() }
