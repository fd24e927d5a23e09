package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/dosna/dosna/store"
)

// Opener opens a store. Each call gives another handle of the same objects.
type Opener func(ctx context.Context) (store.Store, error)

// handles is how many openings RunShared uses.
const handles = 4

// RunShared runs the checks that are about several users of one store, each with
// an opening of its own. place returns the opener of a place that is new and
// empty. Stores that do not promise Shared may be checked as well: then it is
// for openings in one process.
func RunShared(t *testing.T, place func(t *testing.T) Opener) {
	for _, c := range all() {
		if c.Shared == nil {
			continue
		}
		t.Run(c.String(), func(t *testing.T) {
			open := place(t)
			var all []store.Store
			for range handles {
				s, err := open(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				defer func() {
					if err := s.Close(); err != nil {
						t.Errorf("close: %v", err)
					}
				}()
				all = append(all, s)
			}
			if !c.For(all[0].Guarantees()) {
				return // a promise that is not made
			}
			ctx, cancel := context.WithTimeout(t.Context(), checkTime)
			defer cancel()
			if err := c.Shared(ctx, all); err != nil {
				t.Error(err)
			}
		})
	}
}

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
		key, old, data := fmt.Sprintf("a/%d", i), pattern(500+i, 1), pattern(500+i, 2)
		for _, step := range []struct {
			what string
			do   func() error
			see  func(s store.Store) error
		}{
			{"before a put", func() error { return nil }, func(s store.Store) error { return absent(ctx, s, key) }},
			{"after a put", func() error { _, err := put(ctx, s, key, old); return err }, func(s store.Store) error { return holds(ctx, s, key, old) }},
			{"after a put of as many bytes", func() error { _, err := put(ctx, s, key, data); return err }, func(s store.Store) error {
				return errors.Join(holds(ctx, s, key, data), readSpans(ctx, s, key, data, []span{newSpan(5, 50), newSpan(-9, 9)}))
			}},
			{"after a copy", func() error { _, err := store.Copy(ctx, s, key, "b/"+key, store.Cond{}); return err }, func(s store.Store) error { return holds(ctx, s, "b/"+key, data) }},
			{"after a rename", func() error { return store.Rename(ctx, s, "b/", "c/") }, func(s store.Store) error {
				return errors.Join(absent(ctx, s, "b/"+key), holds(ctx, s, "c/"+key, data))
			}},
			{"after deleting a folder", func() error { return store.DeletePrefix(ctx, s, "c/") }, func(s store.Store) error { return absent(ctx, s, "c/"+key) }},
			{"after a delete", func() error { return s.Delete(ctx, key, store.Cond{}) }, func(s store.Store) error { return absent(ctx, s, key) }},
			{"in the end", func() error { return putAll(ctx, s, key) }, func(s store.Store) error {
				keys, err := list(ctx, s, store.ListOptions{Prefix: "a/"})
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
		if err := wants(err, store.ErrExist, "put if absent where another has put"); err != nil {
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
		if err := wants(err, store.ErrConflict, "put over a version that another has replaced"); err != nil {
			return err
		}
		if err := wants(s.Delete(ctx, key, store.Cond{IfMatch: v}), store.ErrConflict, "delete of a version that another has replaced"); err != nil {
			return err
		}
		if err := holds(ctx, s, key, []byte("2")); err != nil {
			return err
		}
		if err := s.Delete(ctx, key, store.Cond{IfMatch: v2}); err != nil {
			return err
		}
		if err := absent(ctx, other, key); err != nil {
			return err
		}
	}
	return nil
}
