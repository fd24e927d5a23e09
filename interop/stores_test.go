package interop

import (
	"bufio"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/nd"
)

// writeTrees writes, with zarr-python, the same tree into the directory
// sys.argv[1] as a directory and as archives.
const writeTrees = `
import os, sys, warnings
import numpy as np, zarr
warnings.simplefilter('ignore')
def fill(store):
    group = zarr.open_group(store, mode='w')
    a = group.create_array('a', shape=(100, 70), chunks=(30, 30), dtype='i4')
    a[:] = np.arange(7000, dtype='i4').reshape(100, 70)
    b = group.create_array('sub/b', shape=(100, 70), chunks=(10, 10), shards=(50, 70), dtype='i4')
    b[:] = np.arange(7000, dtype='i4').reshape(100, 70)
    c = group.create_array('sub/c', shape=(100, 70), chunks=(30, 30), dtype='i4', compressors=None, fill_value=7)
    c[:30, :30] = np.arange(900, dtype='i4').reshape(30, 30)
os.chdir(sys.argv[1])
fill('tree')
zarr.consolidate_metadata('tree')
for name, method in ('stored.zip', 0), ('deflated.zip', 8):
    store = zarr.storage.ZipStore(name, mode='w', compression=method)
    fill(store)
    store.close()
`

// TestStores reads what zarr-python wrote from a directory, from archives, from
// references of kerchunk, and each through web servers with byte ranges and
// without.
func TestStores(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	testenv.RunPython(t, []string{"numpy", "zarr"}, writeTrees, dir)
	writeReferences(t, dir)
	files := httptest.NewServer(http.FileServer(http.Dir(dir)))
	t.Cleanup(files.Close)
	for _, base := range []string{dir, files.URL, pythonServer(t, dir)} {
		for _, name := range []string{"tree", "stored.zip", "deflated.zip", "tree.json"} {
			checkTree(t, base+"/"+name)
		}
	}
}

func checkTree(t *testing.T, address string) {
	t.Helper()
	ctx := t.Context()
	c, err := dosna.Open(ctx, address, nil)
	if err != nil {
		t.Error(err)
		return
	}
	defer c.Close()
	for _, path := range []string{"a", "sub/b", "sub/c"} {
		d, err := c.OpenDataset(ctx, path)
		if err != nil {
			t.Error(err)
			continue
		}
		checkValues(t, address+"#/"+path, path, d)
	}
	if _, err := c.Open(ctx, "none"); !errors.Is(err, dosna.ErrNotExist) {
		t.Errorf("%s: a node that is not there: %v", address, err)
	}
}

// writeReferences writes tree.json, references to the files of the tree, of which
// documents are inline.
func writeReferences(t *testing.T, dir string) {
	t.Helper()
	refs := map[string]any{}
	err := fs.WalkDir(os.DirFS(dir), "tree", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(dir, path))
		key := strings.TrimPrefix(path, "tree/")
		refs[key] = []any{path, 0, len(data)}
		if e.Name() == "zarr.json" {
			refs[key] = string(data)
		}
		return err
	})
	raw, merr := json.Marshal(map[string]any{"version": 1, "refs": refs})
	if err := errors.Join(err, merr, os.WriteFile(filepath.Join(dir, "tree.json"), raw, 0o666)); err != nil {
		t.Fatal(err)
	}
}

// pythonServer serves a directory by Python's http.server, which knows no ranges.
func pythonServer(t *testing.T, dir string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), testenv.Python(t, "zarr"), "-u", "-m", "http.server", "--bind", "127.0.0.1", "0")
	cmd.Dir = dir
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	port := regexp.MustCompile(`port (\d+)`).FindStringSubmatch(line)
	if port == nil {
		t.Fatalf("Python's server says %q, %v", line, err)
	}
	return "http://127.0.0.1:" + port[1]
}

// checkArray checks an array that is the root of an address.
func checkArray(t *testing.T, address, path string) {
	t.Helper()
	c, err := dosna.Open(t.Context(), address, nil)
	if err != nil {
		t.Error(err)
		return
	}
	defer c.Close()
	d, err := c.OpenDataset(t.Context(), "/")
	if err != nil {
		t.Error(err)
		return
	}
	checkValues(t, address, path, d)
}

// checkValues compares a dataset of a name with what is written to it.
func checkValues(t *testing.T, name, path string, d *dosna.Dataset) {
	t.Helper()
	for text, rows := range map[string][2]int{"...": {0, 100}, "95:": {95, 100}, "20:40": {20, 40}} {
		sel, err := nd.ParseSelection(text)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]int32, (rows[1]-rows[0])*70)
		if err := dosna.Read(t.Context(), d, sel, got); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for i, x := range got {
			row, column := rows[0]+i/70, i%70
			want := int32(70*row + column)
			if path == "sub/c" {
				if want = 7; row < 30 && column < 30 {
					want = int32(30*row + column)
				}
			}
			if x != want {
				t.Errorf("%s: element %d, %d is %d, want %d", name, row, column, x, want)
				break
			}
		}
	}
}
