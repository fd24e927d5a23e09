package dosna_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/store"
)

// walked returns the paths of a walk; those of broken nodes begin with "!".
func walked(t *testing.T, c *dosna.Connection) []string {
	t.Helper()
	root, err := c.Root(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for n, err := range root.Walk(ctx) {
		var broken *dosna.NodeError
		switch {
		case err == nil:
			paths = append(paths, n.Path())
		case n == nil && errors.As(err, &broken) && strings.Contains(err.Error(), broken.Path[1:]):
			paths = append(paths, "!"+broken.Path)
		default:
			t.Errorf("node %v with %v", n, err)
		}
	}
	return paths
}

func TestWalkGoesOnBehindBrokenNodes(t *testing.T) {
	dir := testenv.ScratchDir(t)
	c := create(t, dir)
	for _, path := range []string{"a/x", "b/y/z", "b/z", "d"} {
		bytesDataset(t, c, path, []int{4}, []int{4})
	}
	for file, text := range map[string]string{
		"a/zarr.json":     `{`,
		"b/y/zarr.json":   `{"zarr_format": 3, "node_type": "array"}`,
		"d/zarr.json":     `{"zarr_format": 2}`,
		"notanode/x.txt":  "",
		"gone/zarr.json":  `{"zarr_format": 3, "node_type": "group", "dosna.deleting": {"must_understand": true}}`,
		"__x/zarr.json":   `{"zarr_format": 3, "node_type": "group"}`,
		"b/z/zarr.json.~": "",
	} {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(file)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := walked(t, c), []string{"!/a", "/b", "!/b/y", "/b/z", "!/d"}; !slices.Equal(got, want) {
		t.Errorf("walked %q, want %q", got, want)
	}
}

// A group that cannot be listed, and one that is a link to a folder above it, are
// no end of the walk.
func TestWalkOfHostileFolders(t *testing.T) {
	dir := testenv.ScratchDir(t)
	c := create(t, dir)
	for _, path := range []string{"a/x", "b/y"} {
		bytesDataset(t, c, path, []int{4}, []int{4})
	}
	for link, to := range map[string]string{"a/up": "..", "a/self": "self", "b/other": "../a", "a/other": "../b"} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	// through a link one comes to the other folder, and not back to where one was
	want := []string{"/a", "/a/other", "/a/other/y", "/a/x", "/b", "/b/other", "/b/other/x", "/b/y"}
	if got := walked(t, c); !slices.Equal(got, want) {
		t.Errorf("walked %q, want %q", got, want)
	}
}

func TestWalkTellsWhatCannotBeListed(t *testing.T) {
	h, c, direct := two(t, dosna.Options{})
	for _, path := range []string{"a/x", "b/y"} {
		bytesDataset(t, direct, path, []int{4}, []int{4})
	}
	h.before = func(op, key string) error {
		if op == "list" && key == "a/" {
			return &store.Error{Op: op, Store: "here", Key: key, Err: fs.ErrPermission}
		}
		return nil
	}
	if got, want := walked(t, c), []string{"/a", "!/a", "/b", "/b/y"}; !slices.Equal(got, want) {
		t.Errorf("walked %q, want %q", got, want)
	}
}

func TestWalkEndsWithItsContext(t *testing.T) {
	c := create(t, "mem://")
	for i := range 20 {
		if _, err := c.CreateGroup(ctx, fmt.Sprintf("g%d/h", i), nil); err != nil {
			t.Fatal(err)
		}
	}
	root, err := c.Root(ctx)
	if err != nil {
		t.Fatal(err)
	}
	stop := errors.New("stop")
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	nodes, errs := 0, []error{}
	for _, err := range root.Walk(ctx) {
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if nodes++; nodes == 3 {
			cancel(stop)
		}
	}
	var broken *dosna.NodeError
	if len(errs) != 1 || !errors.Is(errs[0], stop) || errors.As(errs[0], &broken) {
		t.Errorf("after %d nodes: %v", nodes, errs)
	}
}
