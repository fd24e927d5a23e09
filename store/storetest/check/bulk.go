package check

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dosna/dosna/store"
)

var bulkChecks = []Check{
	{Area: "bulk", Name: "delete all", Run: bulkDeleteAll},
	{Area: "bulk", Name: "delete prefix", Run: bulkDeletePrefix},
	{Area: "bulk", Name: "delete everything", Run: bulkDeleteEverything, Heavy: true},
	{Area: "bulk", Name: "copy", Run: bulkCopy},
	{Area: "bulk", Name: "rename", Run: bulkRename},
	{Area: "bulk", Name: "rename refused", Run: bulkRenameRefused},
	{Area: "bulk", Name: "sync", Run: bulkSync},
}

// lists says what is wrong unless the store has just these objects, each
// holding its own key.
func lists(ctx context.Context, s store.Store, want ...string) error {
	got, err := Keys(ctx, s, store.ListOptions{})
	if err != nil {
		return err
	}
	slices.Sort(got)
	want = slices.Sorted(slices.Values(want))
	if !slices.Equal(got, want) {
		return fmt.Errorf("the store lists\n%q, want\n%q", got, want)
	}
	for _, key := range want {
		if err := Holds(ctx, s, key, []byte(key)); err != nil {
			return err
		}
	}
	return nil
}

func bulkDeleteAll(ctx context.Context, s store.Store) error {
	if err := putAll(ctx, s, tree...); err != nil {
		return err
	}
	if err := store.DeleteAll(ctx, s, nil); err != nil {
		return err
	}
	keys := []string{"b/c/0/0", "nothing", "b/c/0/1", "aa/b/e", "no/where", "z", "z", "aa/b"}
	if err := store.DeleteAll(ctx, s, keys); err != nil {
		return err
	}
	return lists(ctx, s, slices.DeleteFunc(slices.Clone(tree), func(key string) bool { return slices.Contains(keys, key) })...)
}

func bulkDeletePrefix(ctx context.Context, s store.Store) error {
	if err := putAll(ctx, s, tree...); err != nil {
		return err
	}
	left := slices.Clone(tree)
	for _, prefix := range []string{"nothing/", "aa/b/", "b/c/", "a.b/", "a/"} {
		if err := store.DeletePrefix(ctx, s, prefix); err != nil {
			return err
		}
		left = slices.DeleteFunc(left, func(key string) bool { return strings.HasPrefix(key, prefix) })
		if err := lists(ctx, s, left...); err != nil {
			return fmt.Errorf("after deleting all under %q: %w", prefix, err)
		}
	}
	folders, err := Keys(ctx, s, store.ListOptions{Prefix: "b/", Shallow: true})
	if err == nil && !slices.Equal(folders, []string{"b/zarr.json"}) {
		err = fmt.Errorf("after deleting all under b/c/ the folder b/ lists %q", folders)
	}
	return err
}

func bulkDeleteEverything(ctx context.Context, s store.Store) error {
	var many []string
	for i := range 1100 {
		many = append(many, fmt.Sprintf("many/%d/%d", i%7, i))
	}
	if err := putAll(ctx, s, append(many, tree...)...); err != nil {
		return err
	}
	if err := store.DeletePrefix(ctx, s, ""); err != nil {
		return err
	}
	if err := lists(ctx, s); err != nil {
		return err
	}
	if err := putAll(ctx, s, "a/again"); err != nil {
		return fmt.Errorf("after everything was deleted: %w", err)
	}
	return lists(ctx, s, "a/again")
}

func bulkCopy(ctx context.Context, s store.Store) error {
	data := Pattern(2_500_000, 1)
	if _, err := put(ctx, s, "a/x", data); err != nil {
		return err
	}
	v, err := store.Copy(ctx, s, "a/x", "b/c/y", store.Cond{})
	if err != nil {
		return err
	}
	info, err := s.Stat(ctx, "b/c/y")
	if err != nil {
		return err
	}
	if info.Version != v {
		return fmt.Errorf("copy returned the version %q, but stat %q", v, info.Version)
	}
	if _, err := put(ctx, s, "a/x", []byte("changed")); err != nil {
		return err
	}
	if err := Holds(ctx, s, "b/c/y", data); err != nil {
		return fmt.Errorf("a copy, after its source was replaced: %w", err)
	}
	if _, err := store.Copy(ctx, s, "a/x", "b/c/y", store.Cond{}); err != nil {
		return err
	}
	if err := Holds(ctx, s, "b/c/y", []byte("changed")); err != nil {
		return err
	}
	_, err = store.Copy(ctx, s, "a/none", "b/none", store.Cond{})
	if err := Wants(err, store.ErrNotExist, "copy of what is absent"); err != nil {
		return err
	}
	if err := Absent(ctx, s, "b/none"); err != nil {
		return err
	}
	if !s.Guarantees().PutIfAbsent {
		return nil
	}
	_, err = store.Copy(ctx, s, "b/c/y", "a/x", store.Cond{IfAbsent: true})
	return Wants(err, store.ErrExist, "copy if absent over what exists")
}

func bulkRename(ctx context.Context, s store.Store) error {
	if err := putAll(ctx, s, "a/zarr.json", "a/c/0/0", "a/c/0/1", "ab/x", "z/x"); err != nil {
		return err
	}
	if err := store.Rename(ctx, s, "a/", "new/place/b/"); err != nil {
		return err
	}
	if err := errors.Join(Absent(ctx, s, "a/zarr.json"), Absent(ctx, s, "a/c/0/0")); err != nil {
		return err
	}
	for _, rest := range []string{"zarr.json", "c/0/0", "c/0/1"} {
		if err := Holds(ctx, s, "new/place/b/"+rest, []byte("a/"+rest)); err != nil {
			return err
		}
	}
	top, err := Keys(ctx, s, store.ListOptions{Shallow: true})
	if err != nil {
		return err
	}
	slices.Sort(top)
	if !slices.Equal(top, []string{"ab/", "new/", "z/"}) {
		return fmt.Errorf("after a/ was renamed the store lists %q", top)
	}
	if err := store.Rename(ctx, s, "new/place/b/", "a/"); err != nil {
		return fmt.Errorf("renaming back: %w", err)
	}
	return lists(ctx, s, "a/zarr.json", "a/c/0/0", "a/c/0/1", "ab/x", "z/x")
}

func bulkRenameRefused(ctx context.Context, s store.Store) error {
	keys := []string{"a/x", "a/b/y", "c/x", "f", "g/other"}
	if err := putAll(ctx, s, keys...); err != nil {
		return err
	}
	for _, c := range []struct {
		from, to string
		want     error
	}{
		{"a/", "c/", store.ErrExist},
		{"a/", "g/", store.ErrExist},
		{"none/", "d/", store.ErrNotExist},
		{"f/", "d/", store.ErrNotExist},
		{"a/", "a/b/", store.ErrInvalid},
		{"a/b/", "a/", store.ErrInvalid},
		{"a/", "a/", store.ErrInvalid},
		{"", "d/", store.ErrInvalid},
		{"a/", "", store.ErrInvalid},
		{"a", "d", store.ErrInvalid},
		{"a/", "../d/", store.ErrInvalid},
	} {
		err := store.Rename(ctx, s, c.from, c.to)
		if err := Wants(err, c.want, "rename of %q to %q", c.from, c.to); err != nil {
			return err
		}
		if err := lists(ctx, s, keys...); err != nil {
			return fmt.Errorf("after a refused rename of %q to %q: %w", c.from, c.to, err)
		}
	}
	return nil
}

func bulkSync(ctx context.Context, s store.Store) error {
	if err := store.Sync(ctx, s); err != nil {
		return fmt.Errorf("with nothing done: %w", err)
	}
	if err := putAll(ctx, s, tree...); err != nil {
		return err
	}
	if err := s.Delete(ctx, "aa/b/c/d", store.Cond{}); err != nil {
		return err
	}
	if err := store.DeletePrefix(ctx, s, "b/"); err != nil {
		return err
	}
	return errors.Join(store.Sync(ctx, s), store.Sync(ctx, s))
}
