package all

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/originalstore"
	"github.com/dosna/dosna/store/s3store"
)

// withOriginal returns open, except that a bucket of the first DosNa opens as the tree in it. One that
// has a root of ours, too, or is to have it, is ours.
func withOriginal(open opener) opener {
	return func(ctx context.Context, u store.URL, o store.OpenOptions) (store.Store, error) {
		s, err := open(ctx, u, o)
		if err != nil || o.Create || strings.Trim(u.Path, "/") != "" {
			return s, err
		}
		in, ok := s.(*s3store.Store)
		if !ok {
			return s, nil
		}
		// What goes wrong here is told by whoever reads the root next.
		bucket := in.Bucket()
		if holds, err := originalstore.Holds(ctx, bucket); err != nil || !holds {
			return s, nil
		}
		if _, err := s.Stat(ctx, "zarr.json"); !errors.Is(err, store.ErrNotExist) {
			return s, nil
		}
		return originalstore.New(bucket), nil
	}
}

// withOriginalFolders returns open, except that a folder of the first DosNa, which files opens as every other, opens as the tree in it, unless
// it is a tree of ours, or is to be one.
func withOriginalFolders(files, open opener) opener {
	return func(ctx context.Context, u store.URL, o store.OpenOptions) (store.Store, error) {
		if info, err := os.Stat(u.Path); o.Create || err != nil || !info.IsDir() {
			return open(ctx, u, o)
		}
		if _, err := os.Lstat(filepath.Join(u.Path, "zarr.json")); err == nil {
			return open(ctx, u, o)
		}
		s, err := files(ctx, u, o)
		if err != nil {
			return nil, err
		}
		// What goes wrong here is told by whoever reads the root next.
		if holds, err := originalstore.HoldsFolder(ctx, s); err != nil || !holds {
			if err := s.Close(); err != nil {
				return nil, err
			}
			return open(ctx, u, o)
		}
		at, err := filepath.Abs(u.Path)
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		return originalstore.NewFolder(s, filepath.ToSlash(at)), nil
	}
}
