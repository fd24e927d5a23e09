package testenv

import (
	"os"
	"testing"
)

// memory is where Linux mounts a file system that is in memory.
const memory = "/dev/shm"

// ScratchDir returns a new directory that is removed at the end of the test, as
// t.TempDir does, in memory where there is a file system for that: a test of what
// files hold need not wait for a disk. Tests of durability, of full disks and of
// the file system itself use t.TempDir. What is in it is bounded: a test that
// writes more than a few MB has no place there.
func ScratchDir(t testing.TB) string {
	t.Helper()
	if info, err := os.Stat(memory); err != nil || !info.IsDir() {
		return t.TempDir()
	}
	dir, err := os.MkdirTemp(memory, "dosna-test-")
	if err != nil { // it may be full, or not ours to write
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}
