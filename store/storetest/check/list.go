package check

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/dosna/dosna/store"
)

var listChecks = []Check{
	{Area: "list", Name: "empty", Run: listEmpty},
	{Area: "list", Name: "every option", Run: listOptions, Heavy: true},
	{Area: "list", Name: "many", Run: listMany, Heavy: true},
	{Area: "list", Name: "stops", Run: listStops},
	{Area: "list", Name: "body uses the store", Run: listBody},
	{Area: "list", Name: "bad prefix", Run: listBadPrefix},
}

func listEmpty(ctx context.Context, s store.Store) error {
	for _, o := range []store.ListOptions{{}, {Shallow: true}, {Prefix: "a/b/"}, {After: "x"}} {
		keys, err := Keys(ctx, s, o)
		if err != nil {
			return err
		}
		if len(keys) > 0 {
			return fmt.Errorf("list of an empty store with %+v yielded %q", o, keys)
		}
	}
	return nil
}

// tree has names whose order differs when slashes are compared as anything but
// the byte they are, and folders whose names begin alike.
var tree = []string{
	"a!/x", "a", "a-b/c", "a.b", "a.b.c/d", "a0", "aa/b/c/d", "aa/b/c.d", "aa/b/e", "aa.b", "aab/c",
	"b/zarr.json", "b/c/0/0", "b/c/0/1", "b/c/0.0", "b/c/1/0", "b/c/10/0", "b/c/2/0", "b0/c", "B-/c", ".hidden/x", "é/ü", "z",
}

// listOptions compares with a model every prefix, every After and both depths.
func listOptions(ctx context.Context, s store.Store) error {
	if err := putAll(ctx, s, tree...); err != nil {
		return err
	}
	prefixes := map[string]bool{"": true, "no/": true, "b/c/no/": true, "b/zarr.json/": true, "a/": true}
	afters := map[string]bool{"": true, "0": true, "~": true, "b/c": true, "b/c/0/": true, "aa": true}
	for _, key := range tree {
		afters[key] = true
		for i := range key {
			if key[i] == '/' {
				prefixes[key[:i+1]] = true
				afters[key[:i+1]] = true
			}
		}
	}
	for prefix := range prefixes {
		for after := range afters {
			for _, shallow := range []bool{false, true} {
				o := store.ListOptions{Prefix: prefix, After: after, Shallow: shallow}
				if err := listLikeModel(ctx, s, o); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func listLikeModel(ctx context.Context, s store.Store, o store.ListOptions) error {
	got, err := Keys(ctx, s, o)
	if err != nil {
		return err
	}
	want := model(tree, o)
	if !s.Guarantees().ListSorted {
		slices.Sort(got)
	}
	if !slices.Equal(got, want) {
		return fmt.Errorf("list with %+v yielded\n%q, want\n%q", o, got, want)
	}
	return nil
}

// model is what a listing of keys yields.
func model(keys []string, o store.ListOptions) []string {
	out := []string{}
	for _, key := range keys {
		rest, ok := strings.CutPrefix(key, o.Prefix)
		if !ok {
			continue
		}
		if i := strings.IndexByte(rest, '/'); o.Shallow && i >= 0 {
			key = o.Prefix + rest[:i+1]
		}
		if key > o.After {
			out = append(out, key)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// listMany: more keys than a server returns at once.
func listMany(ctx context.Context, s store.Store) error {
	want := make([]string, 0, 1300)
	for i := range cap(want) {
		want = append(want, fmt.Sprintf("many/%d.%d", i/50, i%50))
	}
	if err := putAll(ctx, s, want...); err != nil {
		return err
	}
	slices.Sort(want)
	got, err := Keys(ctx, s, store.ListOptions{Prefix: "many/"})
	if err != nil {
		return err
	}
	if s.Guarantees().ListSorted && !slices.IsSorted(got) {
		return fmt.Errorf("list is not sorted, as promised")
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		return fmt.Errorf("list of %d keys yielded %d, or others", len(want), len(got))
	}
	return nil
}

func listStops(ctx context.Context, s store.Store) error {
	if err := putAll(ctx, s, tree...); err != nil {
		return err
	}
	for n := range 5 {
		seen := 0
		for _, err := range s.List(ctx, store.ListOptions{}) {
			if err != nil {
				return err
			}
			if seen++; seen > n {
				break
			}
		}
	}
	seq := s.List(ctx, store.ListOptions{})
	for range 2 { // a sequence can be ranged over again
		seen := 0
		for _, err := range seq {
			if err != nil {
				return err
			}
			seen++
		}
		if seen != len(tree) {
			return fmt.Errorf("list of %d keys yielded %d", len(tree), seen)
		}
	}
	return nil
}

// listBody: a loop may read, put and delete, and sees every key that was there
// all the time.
func listBody(ctx context.Context, s store.Store) error {
	if err := putAll(ctx, s, tree...); err != nil {
		return err
	}
	seen := map[string]bool{}
	for info, err := range s.List(ctx, store.ListOptions{}) {
		if err != nil {
			return err
		}
		if strings.HasPrefix(info.Key, "zz/") {
			continue
		}
		seen[info.Key] = true
		if err := Holds(ctx, s, info.Key, []byte(info.Key)); err != nil {
			return err
		}
		if err := s.Delete(ctx, info.Key, store.Cond{}); err != nil {
			return err
		}
		if err := putAll(ctx, s, "zz/"+info.Key); err != nil {
			return err
		}
	}
	for _, key := range tree {
		if !seen[key] {
			return fmt.Errorf("list, while keys were deleted, did not yield %q", key)
		}
	}
	return nil
}

func listBadPrefix(ctx context.Context, s store.Store) error {
	if err := putAll(ctx, s, "a/b"); err != nil {
		return err
	}
	for _, prefix := range []string{"a", "/", "//", "a//", "../", "a/../", "./", "\x00/", "a/b"} {
		_, err := Keys(ctx, s, store.ListOptions{Prefix: prefix})
		if err := Wants(err, store.ErrInvalid, "list with the prefix %q", prefix); err != nil {
			return err
		}
		err = store.DeletePrefix(ctx, s, prefix)
		if err := Wants(err, store.ErrInvalid, "deleting all under the prefix %q", prefix); err != nil {
			return err
		}
	}
	return Holds(ctx, s, "a/b", []byte("a/b"))
}
