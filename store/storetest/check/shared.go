package check

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/dosna/dosna/store"
)

var sharedChecks = []Check{
	{Area: "shared", Name: "seen at once", Run: alone(sharedSeen), Shared: sharedSeen},
	{Area: "shared", Name: "conditions", Run: alone(sharedCond), Shared: sharedCond,
		Needs: func(g store.Guarantees) bool { return g.PutIfAbsent && g.PutIfMatch && g.DeleteIfMatch }},
}

// alone runs a check of several handles with one.
func alone(f func(ctx context.Context, handles []store.Store) error) func(context.Context, store.Store) error {
	return func(ctx context.Context, s store.Store) error { return f(ctx, []store.Store{s}) }
}

// sharedSeen: what one has done, all see as soon as it is done.
func sharedSeen(ctx context.Context, handles []store.Store) error {
	everyone := func(what string, see func(s store.Store) error) error {
		for i, s := range handles {
			if err := see(s); err != nil {
				return fmt.Errorf("%s, opening %d of %d: %w", what, i+1, len(handles), err)
			}
		}
		return nil
	}
	for i := range 3 * len(handles) {
		s := handles[i%len(handles)]
		key, old, data := fmt.Sprintf("a/%d", i), Pattern(500+i, 1), Pattern(500+i, 2)
		for _, step := range []struct {
			what string
			do   func() error
			see  func(s store.Store) error
		}{
			{"before a put", func() error { return nil }, func(s store.Store) error { return Absent(ctx, s, key) }},
			{"after a put", func() error { _, err := put(ctx, s, key, old); return err }, func(s store.Store) error { return Holds(ctx, s, key, old) }},
			{"after a put of as many bytes", func() error { _, err := put(ctx, s, key, data); return err }, func(s store.Store) error {
				return errors.Join(Holds(ctx, s, key, data), readSpans(ctx, s, key, data, []span{newSpan(5, 50), newSpan(-9, 9)}))
			}},
			{"after a copy", func() error { _, err := store.Copy(ctx, s, key, "b/"+key, store.Cond{}); return err }, func(s store.Store) error { return Holds(ctx, s, "b/"+key, data) }},
			{"after a rename", func() error { return store.Rename(ctx, s, "b/", "c/") }, func(s store.Store) error {
				return errors.Join(Absent(ctx, s, "b/"+key), Holds(ctx, s, "c/"+key, data))
			}},
			{"after deleting a folder", func() error { return store.DeletePrefix(ctx, s, "c/") }, func(s store.Store) error { return Absent(ctx, s, "c/"+key) }},
			{"after a delete", func() error { return s.Delete(ctx, key, store.Cond{}) }, func(s store.Store) error { return Absent(ctx, s, key) }},
			{"in the end", func() error { return putAll(ctx, s, key) }, func(s store.Store) error {
				keys, err := Keys(ctx, s, store.ListOptions{Prefix: "a/"})
				if err == nil && (len(keys) != i+1 || !slices.Contains(keys, key)) {
					err = fmt.Errorf("after puts of %d keys list yields %q", i+1, keys)
				}
				return err
			}},
		} {
			if err := step.do(); err != nil {
				return err
			}
			if err := everyone(step.what, step.see); err != nil {
				return err
			}
		}
	}
	return nil
}

// sharedCond: versions mean the same to all, and conditions hold between them.
func sharedCond(ctx context.Context, handles []store.Store) error {
	for i, s := range handles {
		other := handles[(i+1)%len(handles)]
		key := fmt.Sprintf("a/%d", i)
		v, err := s.Put(ctx, key, [][]byte{[]byte("1")}, store.Cond{IfAbsent: true})
		if err != nil {
			return err
		}
		_, err = other.Put(ctx, key, nil, store.Cond{IfAbsent: true})
		if err := Wants(err, store.ErrExist, "put if absent where another has put"); err != nil {
			return err
		}
		info, err := other.Stat(ctx, key)
		if err != nil {
			return err
		}
		if info.Version != v {
			return fmt.Errorf("what one put as version %q has version %q for another", v, info.Version)
		}
		v2, err := other.Put(ctx, key, [][]byte{[]byte("2")}, store.Cond{IfMatch: v})
		if err != nil {
			return err
		}
		_, err = s.Put(ctx, key, nil, store.Cond{IfMatch: v})
		if err := Wants(err, store.ErrConflict, "put over a version that another has replaced"); err != nil {
			return err
		}
		if err := Wants(s.Delete(ctx, key, store.Cond{IfMatch: v}), store.ErrConflict, "delete of a version that another has replaced"); err != nil {
			return err
		}
		if err := Holds(ctx, s, key, []byte("2")); err != nil {
			return err
		}
		if err := s.Delete(ctx, key, store.Cond{IfMatch: v2}); err != nil {
			return err
		}
		if err := Absent(ctx, other, key); err != nil {
			return err
		}
	}
	return nil
}
