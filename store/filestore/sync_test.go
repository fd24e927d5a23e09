//go:build linux || darwin

package filestore

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/dosna/dosna/store"
)

// TestSyncFails shows that what the system could not write is not forgotten: it
// does not try again, and answers the next time as if all were well.
func TestSyncFails(t *testing.T) {
	for name, objects := range map[string]int{"each": 3, "all": dirtyMost + 1} {
		t.Run(name, func(t *testing.T) {
			s := openTest(t)
			for i := range objects {
				if _, err := s.Put(t.Context(), fmt.Sprint("a/", i), nil, store.Cond{}); err != nil {
					t.Fatal(err)
				}
			}
			t.Cleanup(func() { sys = genuine })
			sys.fsync = func(int) error { return unix.EIO }
			sys.syncfs = sys.fsync
			if err := s.Sync(t.Context()); !errors.Is(err, unix.EIO) {
				t.Errorf("a disk that fails: %v", err)
			}
			sys = genuine
			if err := s.Sync(t.Context()); !errors.Is(err, unix.EIO) {
				t.Errorf("the next time: %v", err)
			}
			again, err := Open(s.path, store.OpenOptions{})
			if err != nil {
				t.Fatal(err)
			}
			defer again.Close()
			if err := again.Sync(t.Context()); err != nil {
				t.Errorf("through another store: %v", err)
			}
		})
	}
}

// TestSyncSettlesFoldersOfOthers syncs an object in folders that another store has
// made, and that were not synced.
func TestSyncSettlesFoldersOfOthers(t *testing.T) {
	s := openTest(t)
	other, err := Open(s.path, store.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, err := other.Put(t.Context(), "a/b/other", nil, store.Cond{}); err != nil {
		t.Fatal(err)
	}
	synced := map[uint64]bool{}
	t.Cleanup(func() { sys = genuine })
	sys.fsync = func(fd int) error {
		synced[inode(fd)] = true
		return nil
	}
	for what, put := range map[string]func() error{
		"Sync": func() error {
			if _, err := s.Put(t.Context(), "a/b/x", nil, store.Cond{}); err != nil {
				return err
			}
			return s.Sync(t.Context())
		},
		"Durably": func() error {
			_, err := s.Put(store.Durably(t.Context()), "a/b/y", nil, store.Cond{})
			return err
		},
	} {
		clear(synced)
		if err := put(); err != nil {
			t.Fatal(err)
		}
		for _, folder := range []string{".", "a", "a/b"} {
			a, err := s.root.stat(folder)
			if err != nil {
				t.Fatal(err)
			}
			if !synced[a.ino] {
				t.Errorf("%s: the folder %s was not synced", what, folder)
			}
		}
	}
}

// TestDurablePutSyncsOnce counts the syncs of durable puts: of the file and its
// folder, and of the folders above only until they are known to be durable.
func TestDurablePutSyncsOnce(t *testing.T) {
	s := openTest(t)
	n := 0
	t.Cleanup(func() { sys = genuine })
	sys.fsync = func(int) error { n++; return nil }
	put := func(key string, want int) {
		t.Helper()
		n = 0
		if _, err := s.Put(store.Durably(t.Context()), key, nil, store.Cond{}); err != nil {
			t.Fatal(err)
		}
		if s.root.identity() == (identity{}) {
			want = 2 + strings.Count(key, "/") // where folders have no birthday
		}
		if n != want {
			t.Errorf("%s: %d syncs, want %d", key, n, want)
		}
	}
	put("a/b/x", 4)
	put("a/b/x", 2)
	put("a/y", 2)
	put("a/c/x", 3)
	if err := s.DeletePrefix(t.Context(), "a/b/"); err != nil {
		t.Fatal(err)
	}
	put("a/b/x", 3)
	if err := s.Rename(t.Context(), "a/", "d/"); err != nil {
		t.Fatal(err)
	}
	put("d/b/x", 4)
	put("a/x", 3)
}
