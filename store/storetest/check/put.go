package check

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/dosna/dosna/store"
)

var putChecks = []Check{
	{Area: "put", Name: "parts", Run: putParts},
	{Area: "put", Name: "keeps no buffer", Run: putKeepsNothing},
	{Area: "put", Name: "replaces", Run: putReplaces},
	{Area: "put", Name: "versions differ", Run: putVersions},
	{Area: "put", Name: "object or folder", Run: putFolder},
	{Area: "put", Name: "too large", Run: putTooLarge, Needs: func(g store.Guarantees) bool { return g.MaxObject > 0 && g.MaxObject < 1<<26 }},
}

// putParts: an object is its parts joined, whatever their number and sizes, and
// the slices are the caller's again.
func putParts(ctx context.Context, s store.Store) error {
	many := make([][]byte, 3000)
	for i := range many {
		many[i] = Pattern(i%7, byte(i))
	}
	for i, parts := range [][][]byte{
		nil,
		{},
		{nil},
		{{}, nil, {}},
		{[]byte("one")},
		{[]byte("o"), []byte("n"), nil, []byte("e")},
		{nil, Pattern(70000, 3), Pattern(1, 4), Pattern(70000, 5)},
		many,
	} {
		before := slices.Clone(parts)
		key := fmt.Sprintf("parts/%d", i)
		if _, err := s.Put(ctx, key, parts, store.Cond{}); err != nil {
			return err
		}
		if err := Holds(ctx, s, key, bytes.Join(before, nil)); err != nil {
			return err
		}
		for j := range parts {
			if !bytes.Equal(parts[j], before[j]) || len(parts[j]) != len(before[j]) {
				return fmt.Errorf("put changed part %d of the %d it was given", j, len(parts))
			}
		}
	}
	return nil
}

// putKeepsNothing: callers reuse their buffers at once.
func putKeepsNothing(ctx context.Context, s store.Store) error {
	for _, n := range []int{1, 100, 1 << 17} {
		a, b := Pattern(n, 1), Pattern(n, 2)
		want := slices.Concat(a, b)
		parts := [][]byte{a, b}
		if _, err := s.Put(ctx, "two", parts, store.Cond{}); err != nil {
			return err
		}
		if _, err := s.Put(ctx, "one", parts[:1], store.Cond{}); err != nil {
			return err
		}
		clear(a)
		clear(b)
		clear(parts)
		if err := errors.Join(Holds(ctx, s, "two", want), Holds(ctx, s, "one", want[:n])); err != nil {
			return fmt.Errorf("the caller's buffers were overwritten after put: %w", err)
		}
	}
	return nil
}

func putReplaces(ctx context.Context, s store.Store) error {
	for i, n := range []int{10, 1000, 3, 0, 5} {
		data := Pattern(n, byte(i))
		if _, err := put(ctx, s, "a/x", data); err != nil {
			return err
		}
		if err := Holds(ctx, s, "a/x", data); err != nil {
			return err
		}
	}
	keys, err := Keys(ctx, s, store.ListOptions{})
	if err == nil && !slices.Equal(keys, []string{"a/x"}) {
		err = fmt.Errorf("five puts under one key left the keys %q", keys)
	}
	return err
}

// putVersions: objects that differ have versions that differ, however quickly
// they follow each other, and even if the key was absent in between.
func putVersions(ctx context.Context, s store.Store) error {
	seen := map[store.Version]int{}
	for i := range 300 {
		v, err := put(ctx, s, "x", []byte{byte(i), byte(i >> 8)})
		if err != nil {
			return err
		}
		if v == "" {
			if g := s.Guarantees(); g.PutIfMatch || g.GetIfMatch || g.DeleteIfMatch {
				return errors.New("put returned no version, where conditions on it are promised")
			}
			return nil
		}
		if first, ok := seen[v]; ok {
			return fmt.Errorf("puts %d and %d of different bytes share the version %q", first, i, v)
		}
		seen[v] = i
		if i%3 == 0 {
			if err := s.Delete(ctx, "x", store.Cond{}); err != nil {
				return err
			}
		}
	}
	return nil
}

// putFolder: where "x" and "x/y" cannot both exist, the second is refused and
// the first stays.
func putFolder(ctx context.Context, s store.Store) error {
	for _, c := range []struct{ first, second string }{
		{"a/x", "a/x/y"},
		{"b/x/y", "b/x"},
		{"c", "c/d/e/f"},
		{"d/e/f", "d"},
	} {
		if err := putAll(ctx, s, c.first); err != nil {
			return err
		}
		_, err := put(ctx, s, c.second, []byte("second"))
		if err == nil {
			if err := Holds(ctx, s, c.second, []byte("second")); err != nil {
				return fmt.Errorf("%q was accepted beside %q: %w", c.second, c.first, err)
			}
		} else if err := Wants(err, store.ErrExist, "put of %q beside %q", c.second, c.first); err != nil {
			return err
		}
		if err := Holds(ctx, s, c.first, []byte(c.first)); err != nil {
			return fmt.Errorf("after a put of %q: %w", c.second, err)
		}
		if err := s.Delete(ctx, c.first, store.Cond{}); err != nil {
			return err
		}
		if err := putAll(ctx, s, c.second); err != nil {
			return fmt.Errorf("%q was deleted, but still is in the way: %w", c.first, err)
		}
		if err := Holds(ctx, s, c.second, []byte(c.second)); err != nil {
			return err
		}
	}
	return nil
}

// putTooLarge: MaxObject bytes can be stored, and one more cannot, by whatever
// operation.
func putTooLarge(ctx context.Context, s store.Store) error {
	data := make([]byte, s.Guarantees().MaxObject)
	if _, err := put(ctx, s, "largest", data); err != nil {
		return err
	}
	if _, err := store.Copy(ctx, s, "largest", "copy", store.Cond{}); err != nil {
		return err
	}
	if err := errors.Join(Holds(ctx, s, "largest", data), Holds(ctx, s, "copy", data)); err != nil {
		return err
	}
	_, err := put(ctx, s, "larger", append(data, 0))
	if err := Wants(err, store.ErrTooLarge, "put of one byte more than MaxObject"); err != nil {
		return err
	}
	w, err := store.OpenWriter(ctx, s, "larger", store.Cond{})
	if err != nil {
		return err
	}
	defer w.Close()
	if _, err = w.Write(data); err != nil {
		return err
	}
	if _, err = w.Write([]byte{0}); err == nil {
		_, err = w.Commit()
	}
	if err := Wants(err, store.ErrTooLarge, "writing one byte more than MaxObject as a stream"); err != nil {
		return err
	}
	return Absent(ctx, s, "larger")
}
