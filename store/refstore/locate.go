package refstore

import (
	"context"
	"errors"
	"iter"
	"strings"

	"github.com/dosna/dosna/store"
)

// Locate implements store.Locator: it yields what the references say.
func (s *Store) Locate(ctx context.Context, prefix string) iter.Seq2[store.Location, error] {
	return func(yield func(store.Location, error) bool) {
		err := s.ready(ctx)
		if err == nil {
			err = store.CheckPrefix(prefix)
		}
		if err == nil {
			stopped := false
			var fault error
			err = s.t.list(ctx, store.ListOptions{Prefix: prefix}, func(key string, r Ref) bool {
				fault = s.ready(ctx)
				if fault == nil && !strings.HasSuffix(key, "/") {
					stopped = !yield(r.location(key), nil)
				}
				return fault == nil && !stopped
			})
			if stopped {
				return
			}
			err = errors.Join(err, fault)
		}
		if err != nil {
			yield(store.Location{}, s.fail("locate", prefix, err))
		}
	}
}

// location is where the object of a reference lies.
func (r Ref) location(key string) store.Location {
	if r.Source == nil {
		return store.Location{Key: key, Size: int64(len(r.Inline)), Whole: -1}
	}
	at := store.Location{
		Key: key, Size: r.Range.Len, Range: r.Range, Source: r.Source.URL,
		Whole: r.Source.Size, Version: r.Source.Version, ModTime: r.Source.ModTime,
	}
	if r.Range.Len == 0 {
		if at.Size = -1; at.Whole >= 0 {
			at.Size = at.Whole - r.Range.Off
		}
	}
	return at
}
