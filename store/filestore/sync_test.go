//go:build linux || darwin

package filestore

import (
	"errors"
	"fmt"
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
