package filestore_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/dosna/dosna/store"
)

// asNobody runs f with the file permissions of an unprivileged user, on a
// thread of its own, which ends with it.
func asNobody(t *testing.T, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked
		if os.Getuid() == 0 {
			if _, err := unix.SetfsuidRetUid(65534); err != nil {
				t.Error(err)
				return
			}
		}
		f()
	}()
	<-done
}

// TestNotAllowed shows that what the system forbids is neither absent nor done.
func TestNotAllowed(t *testing.T) {
	root := t.TempDir()
	ctx := t.Context()
	for _, key := range []string{"hidden/x", "fixed/x", "secret"} {
		write(t, filepath.Join(root, key), "data")
	}
	s := open(t, root)
	for path, mode := range map[string]os.FileMode{"hidden": 0, "fixed": 0o555, "secret": 0} {
		path = filepath.Join(root, path)
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		defer os.Chmod(path, 0o777)
	}
	asNobody(t, func() {
		for what, try := range map[string]func() error{
			"get, hidden":    func() error { _, _, err := s.Get(ctx, "hidden/x", store.GetOptions{}, nil); return err },
			"get absent":     func() error { _, _, err := s.Get(ctx, "hidden/none", store.GetOptions{}, nil); return err },
			"get, secret":    func() error { _, _, err := s.Get(ctx, "secret", store.GetOptions{}, nil); return err },
			"stat":           func() error { _, err := s.Stat(ctx, "hidden/x"); return err },
			"put":            func() error { _, err := s.Put(ctx, "fixed/x", nil, store.Cond{}); return err },
			"put, new":       func() error { _, err := s.Put(ctx, "fixed/y", nil, store.Cond{}); return err },
			"put, deep":      func() error { _, err := s.Put(ctx, "fixed/y/z", nil, store.Cond{}); return err },
			"delete":         func() error { return s.Delete(ctx, "fixed/x", store.Cond{}) },
			"delete, hidden": func() error { return s.Delete(ctx, "hidden/x", store.Cond{}) },
			"delete prefix":  func() error { return s.DeletePrefix(ctx, "fixed/") },
			"rename":         func() error { return s.Rename(ctx, "fixed/", "hidden/y/") },
			"list": func() error {
				for _, err := range s.List(ctx, store.ListOptions{Prefix: "hidden/"}) {
					return err
				}
				return nil
			},
		} {
			err := try()
			if !errors.Is(err, store.ErrPermission) || errors.Is(err, store.ErrNotExist) {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
	if got, _, err := s.Get(ctx, "fixed/x", store.GetOptions{}, nil); os.Getuid() == 0 && (err != nil || string(got) != "data") {
		t.Errorf("get returned %q, %v", got, err)
	}
}
