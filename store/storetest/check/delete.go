package check

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/dosna/dosna/store"
)

var deleteChecks = []Check{
	{Area: "delete", Name: "absent", Run: deleteAbsent},
	{Area: "delete", Name: "one", Run: deleteOne},
	{Area: "delete", Name: "folder", Run: deleteFolder},
	{Area: "delete", Name: "last of a folder", Run: deleteLast},
	{Area: "delete", Name: "bad condition", Run: deleteBadCond},
}

func deleteAbsent(ctx context.Context, s store.Store) error {
	if err := putAll(ctx, s, "here/x"); err != nil {
		return err
	}
	for _, key := range []string{"no", "no/where", "here/no", "here/x/below"} {
		if err := s.Delete(ctx, key, store.Cond{}); err != nil {
			return fmt.Errorf("deleting what is absent should succeed: %w", err)
		}
	}
	return Holds(ctx, s, "here/x", []byte("here/x"))
}

func deleteOne(ctx context.Context, s store.Store) error {
	if err := putAll(ctx, s, "a/x", "a/y", "ax"); err != nil {
		return err
	}
	if err := s.Delete(ctx, "a/x", store.Cond{}); err != nil {
		return err
	}
	if err := Absent(ctx, s, "a/x"); err != nil {
		return err
	}
	return errors.Join(Holds(ctx, s, "a/y", []byte("a/y")), Holds(ctx, s, "ax", []byte("ax")))
}

// deleteFolder: Delete is for objects; it never takes what is below with it.
func deleteFolder(ctx context.Context, s store.Store) error {
	if err := putAll(ctx, s, "a/b/c"); err != nil {
		return err
	}
	if err := errors.Join(s.Delete(ctx, "a", store.Cond{}), s.Delete(ctx, "a/b", store.Cond{})); err != nil {
		return fmt.Errorf("a folder is an absent key, deleting it should succeed: %w", err)
	}
	return Holds(ctx, s, "a/b/c", []byte("a/b/c"))
}

// deleteLast: a folder ends with its last object, and can begin again.
func deleteLast(ctx context.Context, s store.Store) error {
	for range 3 {
		if err := putAll(ctx, s, "a/b/c/d", "a/e"); err != nil {
			return err
		}
		if err := s.Delete(ctx, "a/b/c/d", store.Cond{}); err != nil {
			return err
		}
		keys, err := Keys(ctx, s, store.ListOptions{Prefix: "a/", Shallow: true})
		if err != nil {
			return err
		}
		if !slices.Equal(keys, []string{"a/e"}) {
			return fmt.Errorf("after the last object of a/b/ was deleted, a/ lists %q", keys)
		}
	}
	return nil
}

func deleteBadCond(ctx context.Context, s store.Store) error {
	if err := putAll(ctx, s, "x"); err != nil {
		return err
	}
	for _, c := range []store.Cond{{IfAbsent: true}, {IfNoneMatch: "1"}} {
		if err := Wants(s.Delete(ctx, "x", c), store.ErrInvalid, "delete with %+v", c); err != nil {
			return err
		}
	}
	return Holds(ctx, s, "x", []byte("x"))
}
