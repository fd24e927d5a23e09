package store

import (
	"context"
	"errors"
	"slices"

	"golang.org/x/sync/errgroup"
)

// Sync returns when every Put and Delete that this store value finished
// before would survive a loss of power. Stores without [Syncer] have nothing
// to do: what they acknowledge is as safe as it gets.
func Sync(ctx context.Context, s Store) error {
	if sy, ok := s.(Syncer); ok {
		if err := sy.Sync(ctx); !errors.Is(err, errors.ErrUnsupported) {
			return err
		}
	}
	return nil
}

// DeleteAll removes the objects under keys, in any order; absent ones are no
// error. After an error some may have been removed.
func DeleteAll(ctx context.Context, s Store, keys []string) error {
	if b, ok := s.(BulkDeleter); ok {
		if err := b.DeleteAll(ctx, keys); !errors.Is(err, errors.ErrUnsupported) {
			return err
		}
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(concurrency(s))
	for _, key := range keys {
		if gctx.Err() != nil {
			break
		}
		g.Go(func() error { return s.Delete(gctx, key, Cond{}) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return alive(ctx, s, "delete", "")
}

// DeletePrefix removes every object under a folder; "" empties the store.
// Objects put meanwhile may survive. After an error some may have been
// removed; calling again goes on.
func DeletePrefix(ctx context.Context, s Store, prefix string) error {
	if b, ok := s.(BulkDeleter); ok {
		if err := b.DeletePrefix(ctx, prefix); !errors.Is(err, errors.ErrUnsupported) {
			return err
		}
	}
	return eachBatch(ctx, s, prefix, func(keys []string) error { return DeleteAll(ctx, s, keys) })
}

// eachBatch calls f with all keys under a folder, a thousand at a time, and
// never while a listing is under way.
func eachBatch(ctx context.Context, s Store, prefix string, f func(keys []string) error) error {
	const most = 1000
	o := ListOptions{Prefix: prefix}
	for {
		var keys []string
		for info, err := range s.List(ctx, o) {
			if err != nil {
				return err
			}
			keys = append(keys, info.Key)
			if len(keys) == most && s.Guarantees().ListSorted {
				break
			}
		}
		if len(keys) == 0 {
			return alive(ctx, s, "list", prefix)
		}
		for part := range slices.Chunk(keys, most) {
			if err := f(part); err != nil {
				return err
			}
		}
		if len(keys) < most || !s.Guarantees().ListSorted {
			return nil
		}
		o.After = keys[len(keys)-1]
	}
}

// concurrency is how many operations to have under way at a time.
func concurrency(s Store) int {
	if n := s.Guarantees().Concurrency; n > 0 {
		return n
	}
	return 8
}

func alive(ctx context.Context, s Store, op, key string) error {
	if err := ctx.Err(); err != nil {
		return &Error{Op: op, Store: Name(s), Key: key, Err: err}
	}
	return nil
}
