package originalstore

import (
	"context"
	"iter"

	"github.com/dosna/dosna/store"
)

// Locate implements store.Locator: chunks are objects of the bucket.
func (s *Store) Locate(ctx context.Context, prefix string) iter.Seq2[store.Location, error] {
	return func(yield func(store.Location, error) bool) {
		for info, err := range s.List(ctx, store.ListOptions{Prefix: prefix}) {
			at := store.Location{Key: info.Key, Size: info.Size, Whole: -1}
			var chunk string
			if err == nil {
				if _, chunk, err = s.find(ctx, info.Key); err != nil {
					err = s.fail("locate", info.Key, err)
				}
			}
			if chunk != "" {
				at.Source, at.Whole, at.Version, at.ModTime = chunk, info.Size, info.Version, info.ModTime
			}
			if !yield(at, err) || err != nil {
				return
			}
		}
	}
}
