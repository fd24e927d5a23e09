package check

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
)

var keyChecks = []Check{
	{Area: "keys", Name: "hostile", Run: keysHostile},
	{Area: "keys", Name: "unusual", Run: keysUnusual},
	{Area: "keys", Name: "long", Run: keysLong},
}

// hostile are keys that no store may take, for what they could be taken for.
var hostile = []string{
	"", "/", "//", "/etc/passwd", "a/", "a//b", "/a", ".", "..", "./a", "a/.", "a/./b", "../a", "a/..", "a/../b",
	"../../../../../../etc/passwd", "a\x00b", "\x00", "a\nb", "a\rb", "a\tb", "a\x7fb", "a\u0085b", "a\xffb", "\xc3/\xa9", "\xed\xa0\x80",
	store.TempPrefix, store.TempPrefix + "x", "a/" + store.TempPrefix + "x", store.TempPrefix + "x/a",
	strings.Repeat("x", store.MaxSegment+1), "a/" + strings.Repeat("x", store.MaxSegment+1) + "/b",
	strings.Repeat("é", store.MaxSegment/2+1),
	strings.Repeat("x/", store.MaxKey/2) + "x",
}

// keysHostile: every operation refuses them, and nothing happens.
func keysHostile(ctx context.Context, s store.Store) error {
	if err := putAll(ctx, s, "good/x"); err != nil {
		return err
	}
	for _, key := range hostile {
		for what, try := range map[string]func() error{
			"put":         func() error { _, err := put(ctx, s, key, []byte("bad")); return err },
			"get":         func() error { _, _, err := s.Get(ctx, key, store.GetOptions{}, nil); return err },
			"stat":        func() error { _, err := s.Stat(ctx, key); return err },
			"delete":      func() error { return s.Delete(ctx, key, store.Cond{}) },
			"get ranges":  func() error { _, err := store.GetRanges(ctx, s, key, store.Cond{}, []nd.Span{{}}); return err },
			"open reader": func() error { _, _, err := store.OpenReader(ctx, s, key, store.GetOptions{}); return err },
			"open writer": func() error { _, err := store.OpenWriter(ctx, s, key, store.Cond{}); return err },
			"delete all":  func() error { return store.DeleteAll(ctx, s, []string{"none", key}) },
			"copy from":   func() error { _, err := store.Copy(ctx, s, key, "y", store.Cond{}); return err },
			"copy to":     func() error { _, err := store.Copy(ctx, s, "good/x", key, store.Cond{}); return err },
			"rename from": func() error { return store.Rename(ctx, s, key+"/", "y/") },
			"rename to":   func() error { return store.Rename(ctx, s, "good/", key+"/") },
		} {
			if err := Wants(try(), store.ErrInvalid, "%s with the key %q", what, key); err != nil {
				return err
			}
		}
	}
	keys, err := Keys(ctx, s, store.ListOptions{})
	if err == nil && !slices.Equal(keys, []string{"good/x"}) {
		err = fmt.Errorf("after bad keys were refused the store lists %q", keys)
	}
	return err
}

// keysUnusual are valid, and mean nothing but themselves.
func keysUnusual(ctx context.Context, s store.Store) error {
	keys := []string{
		"...", "..a", "a..", "a/.../b", ".hidden", ".zarray", "a.b", "-", "--help", "~", "~root/x", "$HOME", "%2e%2e", "%2F", "a%00b",
		"a b", " a", "#", "a#/b", "x#y", "q?x=1", "a&b=c", "a+b", "a,b;c", "a=b", "a@b", "(a)", "[a]", "{a}", "'a'", "!a", "`a`",
		"é", "e\u0301x", "日本語/データ", "🙂/🙃", "c/0/0/0", "0.0.0", "zarr.json", "a\u202eb", "\ufeffa",
	}
	for i, key := range keys {
		if _, err := put(ctx, s, key, Pattern(20, byte(i))); err != nil {
			return err
		}
	}
	for i, key := range keys {
		if err := Holds(ctx, s, key, Pattern(20, byte(i))); err != nil {
			return err
		}
	}
	got, err := Keys(ctx, s, store.ListOptions{})
	if err != nil {
		return err
	}
	slices.Sort(got)
	slices.Sort(keys)
	if !slices.Equal(got, keys) {
		return fmt.Errorf("list yielded %q of the keys %q", got, keys)
	}
	for _, key := range keys {
		if err := s.Delete(ctx, key, store.Cond{}); err != nil {
			return err
		}
	}
	if got, err = Keys(ctx, s, store.ListOptions{}); err == nil && len(got) > 0 {
		err = fmt.Errorf("after every key was deleted list yields %q", got)
	}
	return err
}

// keysLong: up to the bounds every key works. A layer that adds a prefix takes
// its length from them.
func keysLong(ctx context.Context, s store.Store) error {
	room := store.MaxKey
	for ; room > store.MaxKey-store.MaxSegment; room-- {
		if _, err := s.Stat(ctx, longKey(room)); !errors.Is(err, store.ErrInvalid) {
			break
		}
	}
	for _, key := range []string{
		longKey(store.MaxSegment),
		"a/" + longKey(2*store.MaxSegment+1),
		longKey(room),
		strings.Repeat("d/", room/2-1) + "e",
	} {
		if _, err := put(ctx, s, key, []byte("long")); err != nil {
			return err
		}
		if err := Holds(ctx, s, key, []byte("long")); err != nil {
			return err
		}
		keys, err := Keys(ctx, s, store.ListOptions{})
		if err != nil {
			return err
		}
		if !slices.Equal(keys, []string{key}) {
			return fmt.Errorf("list yielded %d keys, or another, where there is one of %d bytes", len(keys), len(key))
		}
		if err := s.Delete(ctx, key, store.Cond{}); err != nil {
			return err
		}
	}
	return nil
}

// longKey returns a key of n bytes with as few segments as can be.
func longKey(n int) string {
	key := bytes.Repeat([]byte("s"), n)
	for i := store.MaxSegment; i < n-1; i += store.MaxSegment + 1 {
		key[i] = '/'
	}
	return string(key)
}
