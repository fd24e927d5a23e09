package zipstore

import (
	"archive/zip"
	"context"
	"iter"

	"github.com/dosna/dosna/store"
)

// Locate implements store.Locator. Entries that are compressed in the archive are
// nowhere as they are read.
func (s *Store) Locate(ctx context.Context, prefix string) iter.Seq2[store.Location, error] {
	return func(yield func(store.Location, error) bool) {
		for info, err := range s.List(ctx, store.ListOptions{Prefix: prefix}) {
			at := store.Location{Key: info.Key, Size: info.Size, Whole: -1}
			if err == nil && info.Size > 0 {
				err = s.within(ctx, &at)
			}
			if !yield(at, err) || err != nil {
				return
			}
		}
	}
}

// within says where in the archive an entry is, if it is there as it is read.
func (s *Store) within(ctx context.Context, at *store.Location) error {
	e, err := s.find(ctx, at.Key)
	if err == nil && e.method != zip.Store {
		return nil
	}
	var off int64
	if err == nil {
		off, err = s.locate(ctx, e)
	}
	if err != nil {
		return s.fail("locate", at.Key, err)
	}
	a := s.archive
	at.Source, at.Range, at.Whole, at.Version, at.ModTime = s.key, store.Range{Off: off, Len: e.size}, a.Size, a.Version, a.ModTime
	return nil
}
