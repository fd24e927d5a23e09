package store_test

import (
	"errors"
	"path"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/dosna/dosna/store"
)

func TestCheckKey(t *testing.T) {
	for _, key := range []string{"a", "a/b", "...", ".x", "é", "a b", "%2e", "c/0/0", strings.Repeat("x", 255), strings.Repeat("x/", 511) + "xx"} {
		if err := store.CheckKey(key); err != nil {
			t.Errorf("%q: %v", key, err)
		}
		if err := store.CheckPrefix(key + "/"); err != nil {
			t.Errorf("%q: %v", key+"/", err)
		}
		if err := store.CheckPrefix(key); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("the prefix %q: %v", key, err)
		}
	}
	for key, says := range map[string]string{
		"": "empty", "/": "empty segment", "a/": "empty segment", "/a": "empty segment", "a//b": "empty segment",
		".": `"."`, "a/..": `".."`, "../a": `".."`, "a\x00": "control", "a\nb": "control", "\u0085": "control", "\x7f": "control", "\xff": "UTF-8",
		strings.Repeat("x", 256): "256 bytes", strings.Repeat("x/", 512) + "x": "1025 bytes", "a/.dosna-tmp-": "unfinished",
	} {
		err := store.CheckKey(key)
		if !errors.Is(err, store.ErrInvalid) || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v; want an error about %q", key, err, says)
		}
	}
	if err := store.CheckPrefix(""); err != nil {
		t.Error(err)
	}
}

func FuzzCheckKey(f *testing.F) {
	for _, key := range []string{"", "a/b", "../a", "a//b", "é/ü", "\xff", "a/.dosna-tmp-x", "a\x00"} {
		f.Add(key)
	}
	f.Fuzz(func(t *testing.T, key string) {
		if store.CheckKey(key) != nil {
			return
		}
		if path.Clean("/"+key) != "/"+key || len(key) > store.MaxKey || !utf8.ValidString(key) || strings.ContainsAny(key, "\x00\n\r\t\x7f") ||
			strings.Contains("/"+key, "/"+store.TempPrefix) {
			t.Errorf("%q was accepted", key)
		}
		for segment := range strings.SplitSeq(key, "/") {
			if len(segment) > store.MaxSegment {
				t.Errorf("%q was accepted", key)
			}
		}
	})
}
