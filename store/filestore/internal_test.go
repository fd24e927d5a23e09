//go:build unix

package filestore

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/dosna/dosna/store"
)

func openTest(t *testing.T) *Store {
	t.Helper()
	s, err := Open(t.TempDir(), store.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// TestWithoutLocks goes the ways that a file system without flock makes a Put
// go.
func TestWithoutLocks(t *testing.T) {
	s := openTest(t)
	publish := func(c store.Cond) error {
		w, err := s.create(t.Context(), "a/x", store.Cond{})
		if err != nil {
			t.Fatal(err)
		}
		w.cond = c
		_, err = w.publish(false)
		w.abort()
		return err
	}
	if err := publish(store.Cond{IfMatch: "1"}); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("put if match: %v", err)
	}
	if err := publish(store.Cond{IfAbsent: true}); err != nil {
		t.Errorf("put if absent: %v", err)
	}
	if err := publish(store.Cond{IfAbsent: true}); !errors.Is(err, store.ErrExist) {
		t.Errorf("put if absent of what exists: %v", err)
	}
	if err := publish(store.Cond{}); err != nil {
		t.Errorf("put: %v", err)
	}
	left, err := os.ReadDir(filepath.Join(s.path, "a"))
	if err != nil || len(left) != 1 {
		t.Errorf("the folder holds %v, %v", left, err)
	}
}

// TestPutBeginsAnew lets a folder vanish between the steps of a Put.
func TestPutBeginsAnew(t *testing.T) {
	s := openTest(t)
	w := &writer{s: s, ctx: t.Context(), key: "a/x", prefix: "a/", name: "x"}
	d, _, err := s.makeDir("a/")
	if err != nil {
		t.Fatal(err)
	}
	w.d = d
	s.prune("a/")
	if err := w.makeTemp(); !errors.Is(err, errVanished) {
		t.Errorf("a temporary file in a removed folder: %v", err)
	}
	d.close()
	if _, err := s.Put(t.Context(), "a/x", nil, store.Cond{}); err != nil {
		t.Error(err)
	}
}

// TestTimesAdvance shows that a new file is later than the one it replaces, even
// one of the future, and stamps never repeat.
func TestTimesAdvance(t *testing.T) {
	s := openTest(t)
	w, err := s.create(t.Context(), "x", store.Cond{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.abort()
	old := time.Now().Add(time.Hour).UnixNano()
	a, err := w.setTime(old)
	if err != nil || a.mtime <= old {
		t.Errorf("the time after %d is %d, %v", old, a.mtime, err)
	}
	last := stamp(0)
	for range 1000 {
		next := stamp(0)
		if next <= last {
			t.Fatalf("the stamp after %d is %d", last, next)
		}
		last = next
	}
}

func TestPlain(t *testing.T) {
	for _, err := range []error{syscall.EROFS, &fs.PathError{Op: "open", Path: "p", Err: syscall.EROFS}} {
		if got := plain(err); !errors.Is(got, store.ErrPermission) || !errors.Is(got, syscall.EROFS) {
			t.Errorf("plain(%v) is %v", err, got)
		}
	}
	if got := plain(&os.LinkError{Op: "link", Old: "a", New: "b", Err: syscall.EIO}); got != syscall.EIO {
		t.Errorf("plain of a link's error is %v", got)
	}
}

// TestPieces drops what a short read or write did.
func TestPieces(t *testing.T) {
	pieces := [][]byte{[]byte("ab"), []byte("c"), {}, []byte("def")}
	for n, want := range map[int]string{0: "abcdef", 1: "bcdef", 2: "cdef", 3: "def", 5: "f", 6: ""} {
		var got []byte
		for _, p := range drop([][]byte{pieces[0], pieces[1], pieces[2], pieces[3]}, n) {
			got = append(got, p...)
		}
		if string(got) != want {
			t.Errorf("without the first %d bytes there is %q, want %q", n, got, want)
		}
	}
}

// TestLarge puts and gets a part larger than one step.
func TestLarge(t *testing.T) {
	s := openTest(t)
	large := make([]byte, step+3)
	large[step-1], large[step], large[step+2] = 1, 2, 3
	if _, err := s.Put(t.Context(), "x", [][]byte{{9}, large, {8, 7}}, store.Cond{}); err != nil {
		t.Fatal(err)
	}
	got, _, err := s.Get(t.Context(), "x", store.GetOptions{}, nil)
	if err != nil || len(got) != step+6 {
		t.Fatalf("get returned %d bytes, %v", len(got), err)
	}
	for at, want := range map[int]byte{0: 9, 1: 0, step: 1, step + 1: 2, step + 3: 3, step + 4: 8, step + 5: 7} {
		if got[at] != want {
			t.Errorf("byte %d is %d, want %d", at, got[at], want)
		}
	}
}
