package layer_test

import (
	"context"
	"iter"

	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/memstore"
)

// breaking has listings that break off after some entries.
type breaking struct {
	*memstore.Store
	after int
}

func (b breaking) List(ctx context.Context, o store.ListOptions) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		n := 0
		for info, err := range b.Store.List(ctx, o) {
			if n++; n > b.after {
				yield(store.Info{}, &store.Error{Op: "list", Store: "x", Err: store.ErrTemporary})
				return
			}
			if !yield(info, err) {
				return
			}
		}
	}
}
