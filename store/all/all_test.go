package all_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/all"
)

func open(t *testing.T, url string, o store.OpenOptions) store.Store {
	t.Helper()
	s, err := all.Open(t.Context(), url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func put(t *testing.T, s store.Store, key string) {
	t.Helper()
	if _, err := s.Put(t.Context(), key, nil, store.Cond{}); err != nil {
		t.Fatal(err)
	}
}

func TestMem(t *testing.T) {
	s := open(t, "mem://all-test#/node", store.OpenOptions{})
	put(t, s, "x")
	s.Close()
	if _, err := open(t, "mem://all-test", store.OpenOptions{}).Stat(t.Context(), "x"); err != nil {
		t.Errorf("an object of a named store did not outlive the handle: %v", err)
	}
	for _, other := range []string{"mem://all-test2", "mem://", "mem://all-test/x"} {
		if _, err := open(t, other, store.OpenOptions{}).Stat(t.Context(), "x"); !errors.Is(err, store.ErrNotExist) {
			t.Errorf("%s holds the object of another: %v", other, err)
		}
	}
	put(t, open(t, "mem://", store.OpenOptions{}), "y")
	if _, err := open(t, "mem://", store.OpenOptions{}).Stat(t.Context(), "y"); !errors.Is(err, store.ErrNotExist) {
		t.Errorf("two stores without a name are one: %v", err)
	}
}

func TestFile(t *testing.T) {
	dir := t.TempDir()
	strange := filepath.Join(dir, "a b#c?d%e")
	put(t, open(t, strange, store.OpenOptions{Create: true}), "x")
	escaped := "file://" + filepath.ToSlash(dir) + "/a%20b%23c%3Fd%25e"
	for _, url := range []string{strange, strange + "#/node", escaped, escaped + "#/node", strings.Replace(escaped, "file://", "FILE://localhost", 1)} {
		if _, err := open(t, url, store.OpenOptions{}).Stat(t.Context(), "x"); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
	t.Chdir(dir)
	for _, path := range []string{"a b#c?d%e", "./a b#c?d%e"} {
		if _, err := open(t, path, store.OpenOptions{}).Stat(t.Context(), "x"); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestErrors(t *testing.T) {
	dir := t.TempDir()
	for url, says := range map[string]string{
		"":                         "no root",
		"s4://bucket":              "file, mem",
		"file://":                  "no directory",
		"file://tmp/x":             "file:///tmp/x",
		"file:///tmp?x=1":          `"x"`,
		"mem://x?y=1":              `"y"`,
		filepath.Join(dir, "none"): "dosna init",
	} {
		for what, try := range map[string]func(context.Context) error{
			"open": func(ctx context.Context) error { _, err := all.Open(ctx, url, store.OpenOptions{}); return err },
			"init": func(ctx context.Context) error { return all.Init(ctx, url) },
		} {
			if what == "init" && says == "dosna init" {
				continue
			}
			if err := try(t.Context()); err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("%s %q: %v; want an error about %q", what, url, err, says)
			}
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, url := range []string{dir, "mem://x"} {
		if _, err := all.Open(ctx, url, store.OpenOptions{}); !errors.Is(err, context.Canceled) {
			t.Errorf("open %s with a cancelled context: %v", url, err)
		}
	}
}

func TestInit(t *testing.T) {
	deep := filepath.Join(t.TempDir(), "a", "b", "c")
	if _, err := all.Open(t.Context(), deep, store.OpenOptions{Create: true}); !errors.Is(err, store.ErrNotExist) {
		t.Errorf("open made missing parents: %v", err)
	}
	for range 2 {
		if err := all.Init(t.Context(), "file://"+filepath.ToSlash(deep)); err != nil {
			t.Fatal(err)
		}
	}
	put(t, open(t, deep, store.OpenOptions{}), "x")
	if err := all.Init(t.Context(), "mem://x"); err != nil {
		t.Error(err)
	}
}

func TestReadOnly(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "x"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir, store.OpenOptions{ReadOnly: true})
	if _, err := s.Stat(t.Context(), "x"); err != nil {
		t.Error(err)
	}
	if _, err := s.Put(t.Context(), "y", nil, store.Cond{}); !errors.Is(err, store.ErrPermission) {
		t.Errorf("put: %v", err)
	}
	_, err := all.Open(t.Context(), filepath.Join(dir, "none"), store.OpenOptions{ReadOnly: true, Create: true})
	if !errors.Is(err, store.ErrInvalid) {
		t.Errorf("read-only, but to be created: %v", err)
	}
}

func TestSchemes(t *testing.T) {
	if got := all.Schemes(); !slices.Equal(got, []string{"file", "mem", "http", "https", "s3"}) {
		t.Errorf("the schemes are %q", got)
	}
}
