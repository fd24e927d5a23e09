package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/sync/errgroup"
)

// Rename moves everything under the folder from (a prefix ending in "/") to
// the folder to, which must be empty: else it is ErrExist. An empty from is
// ErrNotExist. Stores with [Renamer] do it at once.
//
// Others copy every object, and then delete. Meanwhile, and after an error,
// objects may be in both places; nothing is lost or overwritten, and calling
// again goes on from there.
func Rename(ctx context.Context, s Store, from, to string) error {
	if r, ok := s.(Renamer); ok {
		if err := r.Rename(ctx, from, to); !errors.Is(err, errors.ErrUnsupported) {
			return err
		}
	}
	if err := CheckRename(from, to); err != nil {
		return &Error{Op: "rename", Store: Name(s), Key: from, Err: err}
	}
	if err := mayRename(ctx, s, from, to); err != nil {
		return err
	}
	found := false
	err := eachBatch(ctx, s, from, func(keys []string) error {
		found = true
		g, gctx := errgroup.WithContext(ctx)
		g.SetLimit(concurrency(s))
		for _, key := range keys {
			g.Go(func() error { return copyOnce(gctx, s, key, to+strings.TrimPrefix(key, from)) })
		}
		return g.Wait()
	})
	if err != nil {
		return err
	}
	if !found {
		return &Error{Op: "rename", Store: Name(s), Key: from, Err: ErrNotExist}
	}
	return eachBatch(ctx, s, from, func(keys []string) error {
		var moved []string
		for _, key := range keys {
			_, err := s.Stat(ctx, to+strings.TrimPrefix(key, from))
			if errors.Is(err, ErrNotExist) {
				continue // put after its turn to be copied: it stays
			}
			if err != nil {
				return err
			}
			moved = append(moved, key)
		}
		return DeleteAll(ctx, s, moved)
	})
}

// CheckRename says whether a folder could be moved so in any store.
func CheckRename(from, to string) error {
	for _, p := range []string{from, to} {
		if err := CheckPrefix(p); err != nil {
			return err
		}
		if p == "" {
			return fmt.Errorf("%w: the root of a store cannot be renamed", ErrInvalid)
		}
	}
	if strings.HasPrefix(to, from) || strings.HasPrefix(from, to) {
		return fmt.Errorf("%w: one of %q and %q lies within the other", ErrInvalid, from, to)
	}
	return nil
}

// mayRename is ErrExist unless the folder to is empty, or holds nothing but
// what an earlier Rename of from left: copies of some of its objects, or of all
// of them and of those that were deleted since.
func mayRename(ctx context.Context, s Store, from, to string) error {
	empty := true
	for _, err := range s.List(ctx, ListOptions{Prefix: to}) {
		if err != nil {
			return err
		}
		empty = false
		break
	}
	if empty {
		return nil
	}
	missing, more := false, false
	err := eachBatch(ctx, s, from, func(keys []string) error {
		for _, key := range keys {
			other := to + strings.TrimPrefix(key, from)
			same, err := sameBytes(ctx, s, key, other)
			switch {
			case errors.Is(err, ErrNotExist):
				missing = true
			case err != nil:
				return err
			case !same:
				return &Error{Op: "rename", Store: Name(s), Key: from, Err: fmt.Errorf("%w: %q is another object", ErrExist, other)}
			}
		}
		return nil
	})
	if err != nil || !missing {
		return err
	}
	err = eachBatch(ctx, s, to, func(keys []string) error {
		for _, key := range keys {
			_, err := s.Stat(ctx, from+strings.TrimPrefix(key, to))
			if errors.Is(err, ErrNotExist) {
				more = true
			} else if err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && more {
		err = &Error{Op: "rename", Store: Name(s), Key: from, Err: fmt.Errorf("%w: %q is not empty", ErrExist, to)}
	}
	return err
}

// copyOnce copies unless that was done before.
func copyOnce(ctx context.Context, s Store, from, to string) error {
	_, err := Copy(ctx, s, from, to, Cond{IfAbsent: true})
	if !errors.Is(err, ErrExist) {
		return err
	}
	same, cerr := sameBytes(ctx, s, from, to)
	switch {
	case errors.Is(cerr, ErrNotExist):
		return err // an object stands where the folder would be
	case cerr != nil:
		return cerr
	case !same:
		return err
	}
	return nil
}

func sameBytes(ctx context.Context, s Store, a, b string) (bool, error) {
	ra, ia, err := OpenReader(ctx, s, a, GetOptions{})
	if err != nil {
		return false, err
	}
	defer ra.Close()
	rb, ib, err := OpenReader(ctx, s, b, GetOptions{})
	if err != nil {
		return false, err
	}
	defer rb.Close()
	if ia.Size != ib.Size {
		return false, nil
	}
	var ba, bb [64 << 10]byte
	for {
		n, err := io.ReadFull(ra, ba[:])
		if _, err := io.ReadFull(rb, bb[:n]); err != nil {
			return false, err
		}
		if !bytes.Equal(ba[:n], bb[:n]) {
			return false, nil
		}
		switch {
		case err == io.EOF || err == io.ErrUnexpectedEOF:
			return true, nil
		case err != nil:
			return false, err
		}
	}
}
