package all

import (
	"context"
	"errors"
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
