//go:build linux || darwin

package filestore

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/dosna/dosna/store"
)

// failing lets one call to the system fail: the one that changes something and
// comes after n others. It returns what tells the call's name, "" if there was
// none.
func failing(t testing.TB, n int, errno syscall.Errno) (failed func() string) {
	what := ""
	fail := func(call string) bool {
		n--
		if n == -1 {
			what = call
		}
		return n == -1
	}
	t.Cleanup(func() { sys = genuine })
	sys = genuine
	sys.open = func(at int, path string, flags int, mode uint32) (int, error) {
		if flags&unix.O_CREAT != 0 && fail("create") {
			return -1, errno
		}
		return genuine.open(at, path, flags, mode)
	}
	half := 0 // a disk is full in the middle of a write: that one is short, the next fails
	sys.write = func(fd int, p []byte) (int, error) {
		if half == 1 {
			half = 2
			return -1, errno
		}
		if fail("write") && len(p) > 1 {
			half = 1
			p = p[:len(p)/2]
		}
		return genuine.write(fd, p)
	}
	sys.writev = func(fd int, pieces [][]byte) (int, error) {
		if fail("writev") {
			return -1, errno
		}
		return genuine.writev(fd, pieces)
	}
	sys.copy = func(dst, src, n int) (int, error) {
		if fail("copy") {
			return -1, errno
		}
		return genuine.copy(dst, src, n)
	}
	sys.setTime = func(at int, name string, ns int64) error {
		if fail("setTime") {
			return errno
		}
		return genuine.setTime(at, name, ns)
	}
	sys.mkdir = func(at int, path string, mode uint32) error {
		if fail("mkdir") {
			return errno
		}
		return genuine.mkdir(at, path, mode)
	}
	sys.unlink = func(at int, path string, flags int) error {
		if fail("unlink") {
			return errno
		}
		return genuine.unlink(at, path, flags)
	}
	sys.rename = func(at int, old string, to int, name string) error {
		if fail("rename") {
			return errno
		}
		return genuine.rename(at, old, to, name)
	}
	sys.exchange = func(at int, old string, to int, name string) error {
		if fail("exchange") {
			return errno
		}
		return genuine.exchange(at, old, to, name)
	}
	sys.fsync = func(fd int) error {
		if fail("fsync") {
			return errno
		}
		return nil
	}
	sys.syncfs = func(int) error { return sys.fsync(0) }
	return func() string {
		sys = genuine
		return what
	}
}

// contents returns what lies below a directory, by key; folders without objects
// and unfinished objects too.
func contents(t *testing.T, root string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || path == root {
			return err
		}
		key, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if e.IsDir() {
			if below, err := os.ReadDir(path); err != nil || len(below) == 0 {
				found[key+"/"] = "empty"
			}
			return nil
		}
		raw, err := os.ReadFile(path)
		found[key] = string(raw)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestEveryCallFails lets each call to the system fail in turn, in every kind of
// change. There is an error then which tells of it, nothing is changed nor left
// over, and the change succeeds when it is tried again.
func TestEveryCallFails(t *testing.T) {
	whole := []byte("new bytes")
	parts := [][]byte{whole[:3], whole[3:]}
	for name, c := range map[string]struct {
		do    func(ctx context.Context, s *Store) error
		after map[string]string
	}{
		"put, new": {
			func(ctx context.Context, s *Store) error {
				_, err := s.Put(ctx, "b/c/d", parts, store.Cond{})
				return err
			},
			map[string]string{"a/x": "old x", "a/y": "old y", "b/c/d": "new bytes"},
		},
		"put": {
			func(ctx context.Context, s *Store) error {
				_, err := s.Put(ctx, "a/x", [][]byte{whole}, store.Cond{})
				return err
			},
			map[string]string{"a/x": "new bytes", "a/y": "old y"},
		},
		"put if match": {
			func(ctx context.Context, s *Store) error {
				info, err := s.Stat(ctx, "a/x")
				if err == nil {
					_, err = s.Put(ctx, "a/x", parts, store.Cond{IfMatch: info.Version})
				}
				return err
			},
			map[string]string{"a/x": "new bytes", "a/y": "old y"},
		},
		"put durably": {
			func(ctx context.Context, s *Store) error {
				_, err := s.Put(store.Durably(ctx), "b/c/d", parts, store.Cond{IfAbsent: true})
				if errors.Is(err, store.ErrUnknownOutcome) || errors.Is(err, store.ErrExist) {
					_, err = s.Put(store.Durably(ctx), "b/c/d", parts, store.Cond{})
				}
				return err
			},
			map[string]string{"a/x": "old x", "a/y": "old y", "b/c/d": "new bytes"},
		},
		"stream": {
			func(ctx context.Context, s *Store) error {
				w, err := s.OpenWriter(ctx, "b/c/d", store.Cond{})
				if err != nil {
					return err
				}
				defer w.Close()
				for _, p := range parts {
					if _, err := w.Write(p); err != nil {
						return err
					}
				}
				_, err = w.Commit()
				return err
			},
			map[string]string{"a/x": "old x", "a/y": "old y", "b/c/d": "new bytes"},
		},
		"copy": {
			func(ctx context.Context, s *Store) error {
				_, err := s.Copy(ctx, "a/x", "b/c/d", store.Cond{})
				return err
			},
			map[string]string{"a/x": "old x", "a/y": "old y", "b/c/d": "old x"},
		},
		"delete": {
			func(ctx context.Context, s *Store) error { return s.Delete(ctx, "a/x", store.Cond{}) },
			map[string]string{"a/y": "old y"},
		},
		"rename": {
			func(ctx context.Context, s *Store) error { return s.Rename(ctx, "a/", "b/c/") },
			map[string]string{"b/c/x": "old x", "b/c/y": "old y"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, errno := range []syscall.Errno{unix.ENOSPC, unix.EIO, unix.EACCES, unix.EROFS, unix.EMFILE} {
				for n := 0; ; n++ {
					ctx := t.Context()
					s := openTest(t)
					before := map[string]string{"a/x": "old x", "a/y": "old y"}
					for key, value := range before {
						if _, err := s.Put(ctx, key, [][]byte{[]byte(value)}, store.Cond{}); err != nil {
							t.Fatal(err)
						}
					}
					failed := failing(t, n, errno)
					err := c.do(ctx, s)
					what := failed()
					now := contents(t, s.path)
					switch {
					case err == nil:
						for key := range now { // what could not be removed is swept later
							if what == "unlink" && strings.Contains(key, store.TempPrefix) {
								delete(now, key)
							}
						}
						if !maps.Equal(now, c.after) {
							t.Fatalf("%v of %s: no error, and there is %q", errno, what, now)
						}
					case !errors.Is(err, errno) || !strings.Contains(err.Error(), s.path) || !strings.Contains(err.Error(), "/"):
						t.Fatalf("%v of %s: %v", errno, what, err)
					case (errno == unix.EROFS || errno == unix.EACCES) && !errors.Is(err, store.ErrPermission):
						t.Fatalf("%v of %s is no ErrPermission: %v", errno, what, err)
					case !maps.Equal(now, before):
						t.Fatalf("%v of %s: %v; then there is %q", errno, what, err, now)
					default:
						if err := c.do(ctx, s); err != nil {
							t.Fatalf("after %v of %s, again: %v", errno, what, err)
						}
						if now := contents(t, s.path); !maps.Equal(now, c.after) {
							t.Fatalf("after %v of %s, again: there is %q", errno, what, now)
						}
					}
					if what == "" {
						if n < 3 && name != "delete" && name != "rename" {
							t.Fatalf("there were only %d calls", n)
						}
						break
					}
				}
			}
		})
	}
}
