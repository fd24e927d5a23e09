package check

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
)

var getChecks = []Check{
	{Area: "get", Name: "absent", Run: getAbsent},
	{Area: "get", Name: "sizes", Run: getSizes},
	{Area: "get", Name: "appends", Run: getAppends},
	{Area: "get", Name: "keeps dst on error", Run: getKeepsDst},
	{Area: "get", Name: "private result", Run: getPrivate},
	{Area: "get", Name: "folder", Run: getFolder},
	{Area: "get", Name: "max", Run: getMax},
	{Area: "get", Name: "stat agrees", Run: getStat},
	{Area: "get", Name: "bad options", Run: getBadOptions},
}

// getAbsent: a missing key is ErrNotExist in every reading operation, and the
// error names the key.
func getAbsent(ctx context.Context, s store.Store) error {
	if err := putAll(ctx, s, "here/x"); err != nil {
		return err
	}
	for _, key := range []string{"nothing", "here/nothing", "not/here/at/all", "here/x/below", "her", "here/x1"} {
		if err := Absent(ctx, s, key); err != nil {
			return err
		}
		_, _, err := s.Get(ctx, key, store.GetOptions{}, nil)
		if !strings.Contains(err.Error(), key) {
			return fmt.Errorf("the error for the absent key %q does not name it: %w", key, err)
		}
		_, err = store.GetRanges(ctx, s, key, store.Cond{}, []nd.Span{{Dst: make([]byte, 1)}})
		if err := Wants(err, store.ErrNotExist, "ranges of the absent %q", key); err != nil {
			return err
		}
		_, _, err = store.OpenReader(ctx, s, key, store.GetOptions{})
		if err := Wants(err, store.ErrNotExist, "a reader of the absent %q", key); err != nil {
			return err
		}
		_, _, err = s.Get(ctx, key, store.GetOptions{Cond: store.Cond{IfMatch: "1-2-3"}}, nil)
		if err := Wants(err, store.ErrNotExist, "get with IfMatch of the absent %q", key); err != nil {
			return err
		}
	}
	return nil
}

func getSizes(ctx context.Context, s store.Store) error {
	for i, n := range []int{0, 1, 2, 511, 512, 4096, 65537, 1<<20 + 3} {
		key, data := fmt.Sprintf("sizes/%d", n), Pattern(n, byte(i))
		if _, err := put(ctx, s, key, data); err != nil {
			return err
		}
		if err := Holds(ctx, s, key, data); err != nil {
			return err
		}
	}
	return nil
}

// getAppends: what dst holds stays, and its room is used.
func getAppends(ctx context.Context, s store.Store) error {
	data := Pattern(1000, 1)
	if _, err := put(ctx, s, "x", data); err != nil {
		return err
	}
	for _, room := range []int{0, 1, 999, 1000, 1001, 5000} {
		dst := append(make([]byte, 0, 4+room), "head"...)
		got, _, err := s.Get(ctx, "x", store.GetOptions{}, dst)
		if err != nil {
			return err
		}
		if !bytes.Equal(got, append([]byte("head"), data...)) {
			return fmt.Errorf("get into a slice of 4 bytes with room for %d returned %s", room, Brief(got))
		}
		if room >= len(data) && &got[0] != &dst[0] {
			return fmt.Errorf("get did not use the room that dst has")
		}
		if string(dst) != "head" {
			return fmt.Errorf("get changed what dst held to %q", dst)
		}
		if room < len(data) && cap(got) > 2*(4+len(data)) {
			return fmt.Errorf("get of 1000 bytes after 4 returned a capacity of %d", cap(got))
		}
	}
	return nil
}

func getKeepsDst(ctx context.Context, s store.Store) error {
	if _, err := put(ctx, s, "x", Pattern(100, 1)); err != nil {
		return err
	}
	for what, get := range map[string]func(dst []byte) ([]byte, store.Info, error){
		"an absent key": func(dst []byte) ([]byte, store.Info, error) { return s.Get(ctx, "y", store.GetOptions{}, dst) },
		"a bad key":     func(dst []byte) ([]byte, store.Info, error) { return s.Get(ctx, "/", store.GetOptions{}, dst) },
		"too large":     func(dst []byte) ([]byte, store.Info, error) { return s.Get(ctx, "x", store.GetOptions{Max: 5}, dst) },
		"beyond the end": func(dst []byte) ([]byte, store.Info, error) {
			return s.Get(ctx, "x", store.GetOptions{Range: store.Range{Off: 101}}, dst)
		},
	} {
		dst := append(make([]byte, 0, 500), "head"...)
		got, info, err := get(dst)
		if err == nil {
			return fmt.Errorf("get: %s: no error", what)
		}
		if string(got) != "head" || &got[0] != &dst[0] {
			return fmt.Errorf("get: %s: returned %s, not the dst it was given", what, Brief(got))
		}
		if info != (store.Info{}) {
			return fmt.Errorf("get: %s: returned the info %+v with an error", what, info)
		}
	}
	return nil
}

// getPrivate: whoever changes what Get returned changes nothing else.
func getPrivate(ctx context.Context, s store.Store) error {
	data := Pattern(3000, 1)
	if _, err := put(ctx, s, "x", data); err != nil {
		return err
	}
	got, _, err := s.Get(ctx, "x", store.GetOptions{}, nil)
	if err != nil {
		return err
	}
	clear(got[:cap(got)])
	return Holds(ctx, s, "x", data)
}

// getFolder: a folder is not an object, and reading it fails.
func getFolder(ctx context.Context, s store.Store) error {
	if err := putAll(ctx, s, "a/b/c"); err != nil {
		return err
	}
	for _, key := range []string{"a", "a/b"} {
		_, err := s.Stat(ctx, key)
		if err := Wants(err, store.ErrNotExist, "stat of the folder %q", key); err != nil {
			return err
		}
		_, _, err = s.Get(ctx, key, store.GetOptions{}, nil)
		if errors.Is(err, store.ErrCorrupt) {
			continue
		}
		if err := Wants(err, store.ErrNotExist, "get of the folder %q", key); err != nil {
			return err
		}
	}
	return nil
}

func getMax(ctx context.Context, s store.Store) error {
	data := Pattern(100, 1)
	if _, err := put(ctx, s, "x", data); err != nil {
		return err
	}
	for _, c := range []struct {
		r   store.Range
		max int64
		ok  bool
	}{
		{store.Range{}, 99, false},
		{store.Range{}, 100, true},
		{store.Range{}, 1 << 40, true},
		{store.Range{Off: 10, Len: 5}, 5, true},
		{store.Range{Off: 10, Len: 5}, 4, false},
		{store.Range{Off: 98, Len: 50}, 2, true},
		{store.Range{Off: -3}, 3, true},
		{store.Range{Off: -3}, 2, false},
	} {
		o := store.GetOptions{Range: c.r, Max: c.max}
		_, _, err := s.Get(ctx, "x", o, nil)
		if c.ok && err != nil {
			return err
		}
		if !c.ok {
			if err := Wants(err, store.ErrTooLarge, "get of 100 bytes with %+v", o); err != nil {
				return err
			}
			_, _, err := store.OpenReader(ctx, s, "x", o)
			if err := Wants(err, store.ErrTooLarge, "a reader of 100 bytes with %+v", o); err != nil {
				return err
			}
		}
	}
	return nil
}

// getStat: Stat, Get and List tell the same.
func getStat(ctx context.Context, s store.Store) error {
	v, err := put(ctx, s, "a/x", Pattern(77, 1))
	if err != nil {
		return err
	}
	stat, err := s.Stat(ctx, "a/x")
	if err != nil {
		return err
	}
	if stat.Key != "a/x" || stat.Size != 77 || stat.Dir || stat.Version != v {
		return fmt.Errorf("stat of an object of 77 bytes, put as version %q, returned %+v", v, stat)
	}
	_, got, err := s.Get(ctx, "a/x", store.GetOptions{Range: store.Range{Off: 5, Len: 2}}, nil)
	if err != nil {
		return err
	}
	if got.Size != 77 || got.Version != v || got.Key != stat.Key || !got.ModTime.Equal(stat.ModTime) {
		return fmt.Errorf("get of a part returned %+v, but stat of the whole %+v", got, stat)
	}
	for info, err := range s.List(ctx, store.ListOptions{}) {
		if err != nil {
			return err
		}
		if info.Key != "a/x" || info.Size != 77 || info.Version != "" && info.Version != v {
			return fmt.Errorf("list yielded %+v, but stat returned %+v", info, stat)
		}
	}
	return nil
}

func getBadOptions(ctx context.Context, s store.Store) error {
	if _, err := put(ctx, s, "x", Pattern(10, 1)); err != nil {
		return err
	}
	for _, o := range []store.GetOptions{
		{Range: store.Range{Len: -1}},
		{Max: -1},
		{Cond: store.Cond{IfAbsent: true}},
		{Cond: store.Cond{IfMatch: "1", IfNoneMatch: "2"}},
	} {
		_, _, err := s.Get(ctx, "x", o, nil)
		if err := Wants(err, store.ErrInvalid, "get with %+v", o); err != nil {
			return err
		}
	}
	return nil
}
