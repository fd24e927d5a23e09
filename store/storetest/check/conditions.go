package check

import (
	"context"
	"errors"
	"fmt"

	"github.com/dosna/dosna/store"
)

var condChecks = []Check{
	{Area: "conditions", Name: "put if absent", Run: condAbsent, Needs: func(g store.Guarantees) bool { return g.PutIfAbsent }},
	{Area: "conditions", Name: "put if match", Run: condPut, Needs: func(g store.Guarantees) bool { return g.PutIfMatch }},
	{Area: "conditions", Name: "delete if match", Run: condDelete, Needs: func(g store.Guarantees) bool { return g.DeleteIfMatch }},
	{Area: "conditions", Name: "get if match", Run: condGet, Needs: func(g store.Guarantees) bool { return g.GetIfMatch }},
	{Area: "conditions", Name: "never ignored", Run: condNeverIgnored},
	{Area: "conditions", Name: "bad", Run: condBad},
}

func condAbsent(ctx context.Context, s store.Store) error {
	if _, err := s.Put(ctx, "a/x", [][]byte{[]byte("1")}, store.Cond{IfAbsent: true}); err != nil {
		return err
	}
	_, err := s.Put(ctx, "a/x", [][]byte{[]byte("2")}, store.Cond{IfAbsent: true})
	if err := Wants(err, store.ErrExist, "put if absent of what exists"); err != nil {
		return err
	}
	if err := Holds(ctx, s, "a/x", []byte("1")); err != nil {
		return err
	}
	if _, err := put(ctx, s, "empty", nil); err != nil {
		return err
	}
	_, err = s.Put(ctx, "empty", nil, store.Cond{IfAbsent: true})
	if err := Wants(err, store.ErrExist, "put if absent of an empty object"); err != nil {
		return err
	}
	if err := s.Delete(ctx, "a/x", store.Cond{}); err != nil {
		return err
	}
	if _, err := s.Put(ctx, "a/x", [][]byte{[]byte("3")}, store.Cond{IfAbsent: true}); err != nil {
		return fmt.Errorf("put if absent of what was deleted: %w", err)
	}
	return Holds(ctx, s, "a/x", []byte("3"))
}

func condPut(ctx context.Context, s store.Store) error {
	v1, err := put(ctx, s, "a/x", []byte("1"))
	if err != nil {
		return err
	}
	v2, err := s.Put(ctx, "a/x", [][]byte{[]byte("2")}, store.Cond{IfMatch: v1})
	if err != nil {
		return err
	}
	for _, key := range []string{"a/x", "a/y", "b/c/d", "a/x/below", "a"} {
		_, err = s.Put(ctx, key, [][]byte{[]byte("3")}, store.Cond{IfMatch: v1})
		if err := Wants(err, store.ErrConflict, "put over an older version of a/x, at %q,", key); err != nil {
			return err
		}
	}
	if err := errors.Join(Holds(ctx, s, "a/x", []byte("2")), Absent(ctx, s, "a/y"), Absent(ctx, s, "b/c/d")); err != nil {
		return err
	}
	for what, v := range map[string]func() (store.Version, error){
		"stat": func() (store.Version, error) { i, err := s.Stat(ctx, "a/x"); return i.Version, err },
		"get": func() (store.Version, error) {
			_, i, err := s.Get(ctx, "a/x", store.GetOptions{}, nil)
			return i.Version, err
		},
	} {
		v, err := v()
		if err != nil {
			return err
		}
		if v != v2 {
			return fmt.Errorf("%s returned the version %q of what put returned as %q", what, v, v2)
		}
	}
	keys, err := Keys(ctx, s, store.ListOptions{Shallow: true})
	if err == nil && len(keys) != 1 {
		err = fmt.Errorf("a refused put left a folder: %q", keys)
	}
	return err
}

func condDelete(ctx context.Context, s store.Store) error {
	v1, err := put(ctx, s, "a/x", []byte("1"))
	if err != nil {
		return err
	}
	v2, err := put(ctx, s, "a/x", []byte("2"))
	if err != nil {
		return err
	}
	if err := Wants(s.Delete(ctx, "a/x", store.Cond{IfMatch: v1}), store.ErrConflict, "delete of an older version"); err != nil {
		return err
	}
	if err := Holds(ctx, s, "a/x", []byte("2")); err != nil {
		return err
	}
	if err := s.Delete(ctx, "a/x", store.Cond{IfMatch: v2}); err != nil {
		return err
	}
	if err := Absent(ctx, s, "a/x"); err != nil {
		return err
	}
	return Wants(s.Delete(ctx, "a/x", store.Cond{IfMatch: v2}), store.ErrConflict, "delete of a version of what is absent")
}

func condGet(ctx context.Context, s store.Store) error {
	v1, err := put(ctx, s, "x", []byte("1"))
	if err != nil {
		return err
	}
	v2, err := put(ctx, s, "x", []byte("2"))
	if err != nil {
		return err
	}
	get := func(c store.Cond) (string, error) {
		got, _, err := s.Get(ctx, "x", store.GetOptions{Cond: c}, nil)
		return string(got), err
	}
	for _, c := range []store.Cond{{IfMatch: v2}, {IfNoneMatch: v1}} {
		if got, err := get(c); err != nil || got != "2" {
			return fmt.Errorf("get with %+v returned %q, %w", c, got, err)
		}
	}
	_, err = get(store.Cond{IfMatch: v1})
	if err := Wants(err, store.ErrConflict, "get of an older version"); err != nil {
		return err
	}
	_, err = get(store.Cond{IfNoneMatch: v2})
	return Wants(err, store.ErrNotModified, "get unless still of this version")
}

// condNeverIgnored: promised or not, a condition that does not hold never lets
// the operation happen.
func condNeverIgnored(ctx context.Context, s store.Store) error {
	if err := putAll(ctx, s, "x"); err != nil {
		return err
	}
	never := store.Cond{IfMatch: "no version of anything"}
	if _, err := s.Put(ctx, "x", nil, never); err == nil {
		return errors.New("put succeeded where the version did not match")
	}
	if _, err := s.Put(ctx, "x", nil, store.Cond{IfAbsent: true}); err == nil {
		return errors.New("put if absent succeeded where the object exists")
	}
	if err := s.Delete(ctx, "x", never); err == nil {
		return errors.New("delete succeeded where the version did not match")
	}
	if _, _, err := s.Get(ctx, "x", store.GetOptions{Cond: never}, nil); err == nil {
		return errors.New("get succeeded where the version did not match")
	}
	return Holds(ctx, s, "x", []byte("x"))
}

func condBad(ctx context.Context, s store.Store) error {
	if err := putAll(ctx, s, "x"); err != nil {
		return err
	}
	for _, c := range []store.Cond{{IfNoneMatch: "1"}, {IfAbsent: true, IfMatch: "1"}} {
		_, err := s.Put(ctx, "y", nil, c)
		if err := Wants(err, store.ErrInvalid, "put with %+v", c); err != nil {
			return err
		}
		_, err = store.OpenWriter(ctx, s, "y", c)
		if err := Wants(err, store.ErrInvalid, "a writer with %+v", c); err != nil {
			return err
		}
	}
	return Absent(ctx, s, "y")
}
