package store

import (
	"context"
	"errors"
	"iter"
	"time"
)

// Location is where the bytes of an object lie.
type Location struct {
	Key   string
	Size  int64 // of the object; -1: not known
	Range Range // of what it is a part of; zero: all of that

	// Source is the address of the object that it is a part of: an absolute one, or
	// a path from the folder in which the file is that the store was opened by. It is
	// "" if the bytes lie nowhere as they are read; Of is then, if it is known, the address
	// of the object that they are made of.
	Source, Of string
	Whole      int64     // size of that; -1: not known
	Version    Version   // of that; "": not known
	ModTime    time.Time // of that; zero: not known
}

// Locate yields where the objects lie whose keys begin with a prefix, "" or one that
// ends in a slash, in no order. It is errors.ErrUnsupported where objects are not parts
// of others: each then lies under its own key.
func Locate(ctx context.Context, s Store, prefix string) iter.Seq2[Location, error] {
	if l, ok := s.(Locator); ok {
		return l.Locate(ctx, prefix)
	}
	return func(yield func(Location, error) bool) { yield(Location{}, errors.ErrUnsupported) }
}
