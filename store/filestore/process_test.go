package filestore_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/filestore"
	"github.com/dosna/dosna/store/storetest"
)

// childVar makes this test binary a child process: its value says what to do,
// as "root key times".
const childVar = "DOSNA_TEST_FILESTORE_CHILD"

func TestMain(m *testing.M) {
	if job := os.Getenv(childVar); job != "" {
		if err := child(context.Background(), job); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func child(ctx context.Context, job string) error {
	var root, key string
	var times int
	if _, err := fmt.Sscanf(job, "%q %q %d", &root, &key, &times); err != nil {
		return err
	}
	s, err := filestore.Open(root, store.OpenOptions{})
	if err != nil {
		return err
	}
	defer s.Close()
	if times == 0 { // leave something unfinished, then die
		w, err := s.OpenWriter(ctx, key, store.Cond{})
		if err != nil {
			return err
		}
		if _, err := w.Write([]byte("unfinished")); err != nil {
			return err
		}
		os.Exit(7)
	}
	for range times {
		if err := storetest.Increment(ctx, s, key); err != nil {
			return err
		}
	}
	return nil
}

func startChild(t *testing.T, root, key string, times int) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), childVar+"="+strconv.Quote(root)+" "+strconv.Quote(key)+" "+strconv.Itoa(times))
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd
}

// TestProcessesLoseNoUpdate counts by conditional puts from several processes,
// through two roots of one tree and through a symbolic link to it.
func TestProcessesLoseNoUpdate(t *testing.T) {
	root := t.TempDir()
	s := open(t, root)
	if !s.Guarantees().PutIfMatch {
		t.Logf("conditional puts are not promised on this file system, and not tested")
		return
	}
	if err := os.MkdirAll(filepath.Join(root, "scan", "raw"), 0o777); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(filepath.Join(root, "scan"), link); err != nil {
		t.Fatal(err)
	}
	const times = 200
	var children []*exec.Cmd
	for _, c := range []struct{ root, key string }{
		{root, "scan/raw/count"},
		{filepath.Join(root, "scan"), "raw/count"},
		{filepath.Join(root, "scan", "raw"), "count"},
		{link, "raw/count"},
	} {
		children = append(children, startChild(t, c.root, c.key, times))
	}
	for _, c := range children {
		if err := c.Wait(); err != nil {
			t.Error(err)
		}
	}
	n, err := storetest.Count(t.Context(), s, "scan/raw/count")
	if err != nil {
		t.Fatal(err)
	}
	if n != len(children)*times {
		t.Errorf("%d processes counted %d times each to %d", len(children), times, n)
	}
}

// TestProcessDies shows that what a dead process left is not seen, and is
// swept, while what a living one is writing is not.
func TestProcessDies(t *testing.T) {
	root := t.TempDir()
	s := open(t, root)
	ctx := t.Context()
	if err := startChild(t, root, "a/b/x", 0).Wait(); err == nil || !strings.Contains(err.Error(), "7") {
		t.Fatalf("the child ended otherwise than planned: %v", err)
	}
	if n := temps(t, root); n != 1 {
		t.Fatalf("the dead process left %d temporary files, want 1", n)
	}
	for info, err := range s.List(ctx, store.ListOptions{}) {
		t.Errorf("list yielded %v, %v", info, err)
	}
	w, err := s.OpenWriter(ctx, "a/b/y", store.Cond{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := s.DeletePrefix(ctx, "a/"); err != nil {
		t.Fatal(err)
	}
	if n := temps(t, root); n != 1 {
		t.Errorf("after sweeping there are %d temporary files, want that of the writer alone", n)
	}
	if _, err := w.Write([]byte("finished")); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	if got, _, err := s.Get(ctx, "a/b/y", store.GetOptions{}, nil); err != nil || string(got) != "finished" {
		t.Errorf("get returned %q, %v", got, err)
	}
	if err := s.DeletePrefix(ctx, ""); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(root); err != nil || len(left) > 0 {
		t.Errorf("after all was deleted there are %v, %v", left, err)
	}
}

// temps counts temporary files below root.
func temps(t *testing.T, root string) int {
	t.Helper()
	n := 0
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if strings.HasPrefix(filepath.Base(path), store.TempPrefix) {
			n++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
