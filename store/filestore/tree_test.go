//go:build unix

package filestore_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/filestore"
	"github.com/dosna/dosna/store/storetest"
)

func write(t *testing.T, path, data string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(data), 0o666); err != nil {
		t.Fatal(err)
	}
}

func keys(t *testing.T, s store.Store, o store.ListOptions) []string {
	t.Helper()
	out := []string{}
	for info, err := range s.List(t.Context(), o) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, info.Key)
	}
	return out
}

// TestForeign shows what of another program's tree is seen.
func TestForeign(t *testing.T) {
	root, elsewhere := t.TempDir(), t.TempDir()
	write(t, filepath.Join(root, "zarr.json"), "{}")
	write(t, filepath.Join(root, "a", "c", "0"), "chunk")
	write(t, filepath.Join(root, "a", ".hidden"), "h")
	write(t, filepath.Join(root, "a", "zarr.json.1234.partial"), "p")
	write(t, filepath.Join(root, "a", store.TempPrefix+"1"), "temp")
	write(t, filepath.Join(root, "a", "new\nline"), "no key names it")
	write(t, filepath.Join(root, "a", "\xff"), "nor this")
	write(t, filepath.Join(elsewhere, "c", "1"), "on another disk")
	for name, target := range map[string]string{
		"a/disk2": elsewhere, "a/one": filepath.Join(elsewhere, "c", "1"), "a/dangling": "nowhere", "a/c/up": "..", "a/c/self": ".", "a/loop": "loop",
	} {
		if err := os.Symlink(target, filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(root, "empty"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(root, "a", "pipe"), 0o666); err != nil {
		t.Fatal(err)
	}
	s := open(t, root)
	want := []string{"a/.hidden", "a/c/0", "a/dangling", "a/disk2/c/1", "a/loop", "a/one", "a/pipe", "a/zarr.json.1234.partial", "zarr.json"}
	if got := keys(t, s, store.ListOptions{}); !slices.Equal(got, want) {
		t.Errorf("list yielded\n%q, want\n%q", got, want)
	}
	if got := keys(t, s, store.ListOptions{Shallow: true}); !slices.Equal(got, []string{"a/", "empty/", "zarr.json"}) {
		t.Errorf("shallow list yielded %q", got)
	}
	for key, want := range map[string]string{"a/disk2/c/1": "on another disk", "a/one": "on another disk", "a/c/up/c/0": "chunk"} {
		if got, _, err := s.Get(t.Context(), key, store.GetOptions{}, nil); err != nil || string(got) != want {
			t.Errorf("get %q returned %q, %v", key, got, err)
		}
	}
	for _, key := range []string{"a/dangling", "a/dangling/c/0", "a/loop", "a/loop/c/0", "a/pipe"} {
		_, _, err := s.Get(t.Context(), key, store.GetOptions{}, nil)
		if err == nil || errors.Is(err, store.ErrNotExist) {
			t.Errorf("get of %q: %v", key, err)
		}
		_, err = s.Stat(t.Context(), key)
		if err == nil || errors.Is(err, store.ErrNotExist) {
			t.Errorf("stat of %q: %v", key, err)
		}
	}
	for _, key := range []string{"a/disk2/c/2", "a/disk2/d/2", "a/c/up/c/1", "b/c/0"} {
		if _, err := s.Stat(t.Context(), key); !errors.Is(err, store.ErrNotExist) {
			t.Errorf("stat of %q, which is absent: %v", key, err)
		}
	}
	if _, err := s.Put(t.Context(), "a/pipe", nil, store.Cond{}); err == nil {
		t.Error("put replaced a pipe")
	}

	// A put replaces a link, not what it leads to, and an empty directory.
	for _, key := range []string{"a/one", "a/dangling", "empty"} {
		if _, err := s.Put(t.Context(), key, [][]byte{[]byte("new")}, store.Cond{}); err != nil {
			t.Error(err)
		}
		if got, _, err := s.Get(t.Context(), key, store.GetOptions{}, nil); err != nil || string(got) != "new" {
			t.Errorf("get %q returned %q, %v", key, got, err)
		}
	}
	if got, err := os.ReadFile(filepath.Join(elsewhere, "c", "1")); err != nil || string(got) != "on another disk" {
		t.Errorf("put through a link changed what it leads to: %q, %v", got, err)
	}

	// What cannot be read can be removed.
	if err := s.Delete(t.Context(), "a/pipe", store.Cond{}); err != nil {
		t.Error(err)
	}
	if err := store.DeletePrefix(t.Context(), s, "a/"); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"pipe", "loop", "dangling"} {
		if _, err := os.Lstat(filepath.Join(root, "a", name)); err == nil {
			t.Errorf("%s is still there", name)
		}
	}
}

// TestForeignWrite shows that a file which another program changed in place, or
// replaced, has another version.
func TestForeignWrite(t *testing.T) {
	root := t.TempDir()
	s := open(t, root)
	v, err := s.Put(t.Context(), "x", [][]byte{[]byte("ours")}, store.Cond{})
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(20 * time.Millisecond) // longer than a tick of the file system's clock
	write(t, filepath.Join(root, "x"), "them")
	_, err = s.Put(t.Context(), "x", nil, store.Cond{IfMatch: v})
	if !errors.Is(err, store.ErrConflict) {
		t.Errorf("put over what another program wrote: %v", err)
	}
}

// TestVersionsAdvance puts over a file of the future, and over one whose size
// and inode number may come again.
func TestVersionsAdvance(t *testing.T) {
	root := t.TempDir()
	s := open(t, root)
	write(t, filepath.Join(root, "x"), "0")
	future := time.Now().Add(240 * time.Hour)
	if err := os.Chtimes(filepath.Join(root, "x"), future, future); err != nil {
		t.Fatal(err)
	}
	last, err := s.Stat(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	for range 50 {
		if _, err := s.Put(t.Context(), "x", [][]byte{[]byte("1")}, store.Cond{IfMatch: last.Version}); err != nil {
			t.Fatal(err)
		}
		info, err := s.Stat(t.Context(), "x")
		if err != nil {
			t.Fatal(err)
		}
		if !info.ModTime.After(last.ModTime) {
			t.Fatalf("the time went from %v to %v", last.ModTime, info.ModTime)
		}
		last = info
	}
}

// TestRootGone shows that a chunk of a tree that is not there any more is not
// taken for one that was never written.
func TestRootGone(t *testing.T) {
	root := filepath.Join(t.TempDir(), "pool")
	if err := filestore.Init(root); err != nil {
		t.Fatal(err)
	}
	s := open(t, root)
	if err := os.Remove(root); err != nil {
		t.Fatal(err)
	}
	_, _, err := s.Get(t.Context(), "x", store.GetOptions{}, nil)
	check := func(what string, err error) {
		t.Helper()
		if err == nil || errors.Is(err, store.ErrNotExist) || !strings.Contains(err.Error(), root) {
			t.Errorf("%s of a store whose root is gone: %v", what, err)
		}
	}
	check("get", err)
	_, err = s.Stat(t.Context(), "x/y")
	check("stat", err)
	_, err = s.Put(t.Context(), "x/y", nil, store.Cond{})
	check("put", err)
	for _, err = range s.List(t.Context(), store.ListOptions{Prefix: "x/"}) {
	}
	check("list", err)
	check("delete", s.Delete(t.Context(), "x/y", store.Cond{}))
	if _, err := os.Stat(root); err == nil {
		t.Error("a put made the root anew")
	}
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "file"), "")
	for _, c := range []struct {
		path   string
		create bool
		want   error
		says   string
	}{
		{"", false, store.ErrInvalid, "empty"},
		{filepath.Join(dir, "none"), false, store.ErrNotExist, "dosna init"},
		{filepath.Join(dir, "none", "deeper"), true, store.ErrNotExist, "dosna init"},
		{filepath.Join(dir, "file"), false, syscall.ENOTDIR, "file"},
		{filepath.Join(dir, "file", "x"), true, syscall.ENOTDIR, "file"},
	} {
		_, err := filestore.Open(c.path, store.OpenOptions{Create: c.create})
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), c.path) {
			t.Errorf("open %q: %v", c.path, err)
		}
	}
	if _, err := filestore.Open(filepath.Join(dir, "none"), store.OpenOptions{ReadOnly: true}); !errors.Is(err, store.ErrNotExist) || strings.Contains(err.Error(), "init") {
		t.Errorf("who only reads is told to make it: %v", err)
	}
	for range 2 {
		s, err := filestore.Open(filepath.Join(dir, "new"), store.OpenOptions{Create: true})
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(s.Sync(t.Context()), s.Close()); err != nil {
			t.Error(err)
		}
	}
	if err := filestore.Init(filepath.Join(dir, "file", "x")); err == nil {
		t.Error("init below a file succeeded")
	}
	deep := filepath.Join(dir, "1", "2", "3")
	for range 2 {
		if err := filestore.Init(deep); err != nil {
			t.Fatal(err)
		}
	}
	open(t, deep)
}

// TestSyncs goes through every way to sync: few objects, more than are
// remembered, on another file system, and a moved folder.
func TestSyncs(t *testing.T) {
	defer goleak.VerifyNone(t)
	root := t.TempDir()
	s := open(t, root)
	ctx := t.Context()
	put := func(n int, folder string) {
		t.Helper()
		for i := range n {
			if _, err := s.Put(ctx, fmt.Sprintf("%s/%d/%d", folder, i%3, i), [][]byte{{1}}, store.Cond{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	steps := []func(){
		func() { put(5, "few") },
		func() { put(600, "many") },
		func() {
			put(3, "moved")
			if err := s.Rename(ctx, "moved/", "new/home/"); err != nil {
				t.Fatal(err)
			}
		},
		func() {
			if err := s.DeletePrefix(ctx, "many/"); err != nil {
				t.Fatal(err)
			}
		},
	}
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() && runtime.GOOS == "linux" {
		other, err := os.MkdirTemp("/dev/shm", "dosna-test")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(other)
		if err := os.Symlink(other, filepath.Join(root, "other")); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, func() { put(600, "other") })
	}
	for i, step := range steps {
		step()
		if err := s.Sync(ctx); err != nil {
			t.Errorf("sync %d: %v", i, err)
		}
	}
}

// TestTwoRoots shows that conditions hold between two stores of one tree
// in one process.
func TestTwoRoots(t *testing.T) {
	root := t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "a", "b"), 0o777); err != nil {
		t.Fatal(err)
	}
	outer, inner := open(t, root), open(t, filepath.Join(root, "a"))
	done := make(chan error)
	for i := range 16 {
		go func() {
			s, key := outer, "a/b/count"
			if i%2 == 0 {
				s, key = inner, "b/count"
			}
			var err error
			for range 20 {
				err = errors.Join(err, storetest.Increment(t.Context(), s, key))
			}
			done <- err
		}()
	}
	for range 16 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if n, err := storetest.Count(t.Context(), outer, "a/b/count"); err != nil || n != 320 {
		t.Errorf("320 increments counted to %d, %v", n, err)
	}
}
