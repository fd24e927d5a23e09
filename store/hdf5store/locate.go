package hdf5store

import (
	"context"
	"iter"
	"strings"

	"github.com/dosna/dosna/store"
)

// Locate implements store.Locator. Objects that are made when they are read are nowhere.
func (s *Store) Locate(ctx context.Context, prefix string) iter.Seq2[store.Location, error] {
	return func(yield func(store.Location, error) bool) {
		err := s.ready(ctx)
		if err == nil {
			err = store.CheckPrefix(prefix)
		}
		if err == nil {
			l := lister{s: s, o: store.ListOptions{Prefix: prefix}, located: yield}
			err = l.prefix(ctx, strings.TrimSuffix(prefix, "/"))
			if l.stopped {
				return
			}
		}
		if err != nil {
			yield(store.Location{}, s.fail("locate", prefix, err))
		}
	}
}

// location is where the bytes of an object are.
func (s *Store) location(key string, o object) store.Location {
	at := store.Location{Key: key, Size: o.size, Whole: -1}
	if o.data == nil && !o.made {
		i := o.src.info
		at.Source, at.Range = i.Key, store.Range{Off: o.off, Len: o.size}
		at.Whole, at.Version, at.ModTime = i.Size, i.Version, i.ModTime
	}
	return at
}
