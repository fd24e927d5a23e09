//go:build unix

package dosna_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
)

// TestHostileNames: names that no node can have are refused by every call that
// takes one, and the error names it.
func TestHostileNames(t *testing.T) {
	dir := t.TempDir()
	c := create(t, dir+"/pool")
	root, err := c.Root(ctx)
	if err != nil {
		t.Fatal(err)
	}
	d := bytesDataset(t, c, "x", []int{4}, []int{4})
	put(t, dir, "outside/zarr.json", groupDoc)
	long := strings.Repeat("a", 300)
	names := []string{
		"..", "../outside", "x/../../outside", "a/..", ".", "./x", "a/./b", "...", "a//b", "//", "a/ /../b",
		"a\x00b", "a\nb", "\xff\xfe", "zarr.json", "a/zarr.json", "zarr.json/a", ".zarray", "a/.zgroup", ".zattrs/b", ".zmetadata",
		"__x", "a/__x/b", "__", store.TempPrefix + "1", "a/" + store.TempPrefix, long, "a/" + long, strings.Repeat("a/", 600) + "b",
	}
	for _, name := range names {
		_, created := c.CreateGroup(ctx, name, nil)
		_, required := root.RequireGroup(ctx, name)
		_, made := c.CreateDataset(ctx, name, dosna.DatasetSpec{Shape: []int{1}, Type: dtype.Int8})
		_, opened := c.Open(ctx, name)
		_, has := root.Has(ctx, name)
		_, verified := c.Verify(ctx, name, dosna.VerifyOptions{})
		_, copied := dosna.Copy(ctx, d, c, name, nil)
		_, cloned := d.Clone(ctx, name, true)
		for call, err := range map[string]error{
			"create": created, "require": required, "dataset": made, "open": opened, "has": has, "verify": verified, "copy": copied, "clone": cloned,
			"delete": c.Delete(ctx, name), "move to": c.Move(ctx, "x", name), "move from": c.Move(ctx, name, "y"),
		} {
			if strings.Trim(name, "/") == "" || name == "/" {
				continue // the root
			}
			if !errors.Is(err, dosna.ErrInvalid) {
				t.Errorf("%s %.40q: %v", call, name, err)
			} else if len(name) < 100 && len(err.Error()) > 500 {
				t.Errorf("%s %q: an error of %d bytes", call, name, len(err.Error()))
			}
		}
	}
	if got := walked(t, c); !slices.Equal(got, []string{"/x"}) {
		t.Errorf("the tree has %q", got)
	}
	// these look odd, and are names
	for _, name := range []string{"c", "c/0", "0.0", "a:b", "a b", "ä", "#", "%2e%2e", "X", "con", "a.", ".a", "\\", strings.Repeat("b", 255)} {
		if _, err := c.CreateGroup(ctx, "odd/"+name, nil); err != nil {
			t.Errorf("create %q: %v", name, err)
		}
		if n, err := c.Open(ctx, "odd/"+name); err != nil || n.Path() != "/odd/"+name {
			t.Errorf("open %q: %v", name, err)
		}
	}
	if found, _ := verify(t, c, "", dosna.VerifyOptions{}); len(found) > 0 {
		t.Errorf("verify found %q", found)
	}
	if _, err := os.Stat(dir + "/outside/zarr.json"); err != nil {
		t.Error(err)
	}
}

// TestNodeNamedLikeChunks: a group with the names that chunks have is not taken for
// them by the dataset above, nor removed with them.
func TestNodesBelowADatasetAreRefused(t *testing.T) {
	c := create(t, t.TempDir())
	d := bytesDataset(t, c, "x", []int{4}, []int{2})
	write(t, d, ":", 5)
	for _, name := range []string{"x/c", "x/c/0", "x/y", "x/c/0/z"} {
		if _, err := c.CreateGroup(ctx, name, nil); !errors.Is(err, dosna.ErrInvalid) {
			t.Errorf("created %s below a dataset: %v", name, err)
		}
	}
}

// TestHostileFiles puts what is no file of bytes where objects are looked for: no
// call may wait for it, and none may take it for fill values, but for a folder, which
// a store of keys cannot tell from nothing.
func TestHostileFiles(t *testing.T) {
	for name, make := range map[string]func(path string) error{
		"fifo":   func(path string) error { return syscall.Mkfifo(path, 0o666) },
		"socket": func(path string) error { return socket(t, path) },
		"a link to fifo": func(path string) error {
			return errors.Join(syscall.Mkfifo(path+".fifo", 0o666), os.Symlink(path+".fifo", path))
		},
		"a link to zero": func(path string) error { return os.Symlink("/dev/zero", path) },
		"a loop":         func(path string) error { return os.Symlink(filepath.Base(path), path) },
		"a dead link":    func(path string) error { return os.Symlink("/nonexistent/disk", path) },
		"no permission":  func(path string) error { return unreadable(t, path) },
		"folder":         func(path string) error { return os.Mkdir(path, 0o777) },
		"full folder": func(path string) error {
			return errors.Join(os.Mkdir(path, 0o777), os.WriteFile(path+"/y", nil, 0o666))
		},
	} {
		folder := strings.Contains(name, "folder")
		places := []string{"x/c/0", "x/zarr.json", "x/c", "g/zarr.json", "g", "zarr.json"}
		if testing.Short() || *scale != "full" && name != "fifo" && name != "full folder" {
			places = places[:3]
		}
		for _, where := range places {
			t.Run(name+" "+where, func(t *testing.T) {
				dir := t.TempDir()
				c := create(t, dir)
				d := bytesDataset(t, c, "x", []int{4}, []int{2})
				write(t, d, ":", 5)
				bytesDataset(t, c, "g/y", []int{4}, []int{2})
				path := filepath.Join(dir, where)
				if err := os.RemoveAll(path); err != nil {
					t.Fatal(err)
				}
				err := make(path)
				testenv.Require(t, "an unprivileged user", !errors.Is(err, errMayAll), "this one may read every file")
				if err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
				defer cancel()
				fails := func(call string, err error, want bool) {
					t.Helper()
					if errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("%s hangs", call)
					}
					if want && err == nil {
						t.Errorf("%s takes it for something else", call)
					}
					if err != nil && !strings.Contains(err.Error(), dir) {
						t.Errorf("%s: the error does not name it: %v", call, err)
					}
				}
				_, err = dosna.ReadAll[uint8](ctx, d, nd.Selection{})
				// Behind a file that stands where a folder should be there is nothing.
				lost := where == "x/c/0" && !folder || where == "x/c" && (name == "a loop" || name == "a dead link")
				fails("read", err, lost || where == "x/c/0") // a folder there is no fill
				fails("write", dosna.Write(ctx, d, selection(t, "1"), []uint8{9}), where == "x/c/0")
				_, err = c.Open(ctx, "x")
				fails("open", err, where == "x/zarr.json")
				_, err = c.Open(ctx, "g")
				fails("open", err, strings.HasPrefix(where, "g"))
				if root, err := c.Root(ctx); err == nil {
					for _, err := range root.Walk(ctx) {
						fails("walk", err, false)
					}
				}
				v, err := c.Verify(ctx, "", dosna.VerifyOptions{})
				if err == nil && strings.HasSuffix(where, "zarr.json") && !folder && len(v.Findings) == 0 {
					t.Error("verify finds nothing")
				}
				fails("verify", err, false)
				if err == nil && (lost || where == "zarr.json" && folder) && v.Losses() == 0 {
					t.Errorf("verify finds no loss: %v", v)
				}
				_, err = d.Usage(ctx)
				fails("usage", err, false)
				_, err = dosna.Copy(ctx, d, create(t, "mem://"), "copy", nil)
				fails("copy", err, lost)
				if again, err := dosna.Open(ctx, dir, nil); err == nil {
					_ = again.Close()
				} else {
					fails("open the tree", err, false)
				}
				fails("delete", c.Delete(ctx, "x"), false)
				fails("delete", c.Delete(ctx, "g"), false)
				fails("create", func() error { _, err := c.CreateGroup(ctx, "g/z", nil); return err }(), false)
			})
		}
	}
}

func socket(t *testing.T, path string) error {
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		return err
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	return syscall.Bind(fd, &syscall.SockaddrUnix{Name: path})
}

// unreadable makes a file that its owner may not read, unless he may all.
func unreadable(t *testing.T, path string) error {
	if err := os.WriteFile(path, []byte("?"), 0o000); err != nil {
		return err
	}
	if f, err := os.Open(path); err == nil {
		return errors.Join(f.Close(), errMayAll)
	}
	return nil
}

var errMayAll = errors.New("the file may be read")
