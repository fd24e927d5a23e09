package dosna_test

import (
	"context"
	"iter"
	"strings"

	"github.com/dosna/dosna/store"
)

// unlisted is a store with a folder that may not be listed.
type unlisted struct {
	store.Store
	folder string
}

func (u *unlisted) List(ctx context.Context, o store.ListOptions) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		for info, err := range u.Store.List(ctx, o) {
			if err == nil && !info.Dir && (strings.HasPrefix(info.Key, u.folder) || o.Prefix == u.folder) {
				yield(store.Info{}, &store.Error{Op: "list", Store: "u", Key: u.folder, Err: store.ErrPermission})
				return
			}
			if err == nil && o.Prefix == u.folder {
				yield(store.Info{}, &store.Error{Op: "list", Store: "u", Key: u.folder, Err: store.ErrPermission})
				return
			}
			if !yield(info, err) {
				return
			}
		}
	}
}
