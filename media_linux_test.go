package dosna_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
)

// The tests of this file use real media: disks that are full, read-only, or
// another user's. Each runs in a process of its own, with mounts of its own.

// childVar tells a process that it is the one, and where the data is.
const mediaVar = "DOSNA_TEST_MEDIA"

// alone reports whether this is the process for the test; if not it starts that,
// and reports how it ended. There it returns a directory given to it.
func alone(t *testing.T, dir string, how *syscall.SysProcAttr, component, why string) (string, bool) {
	t.Helper()
	if dir := os.Getenv(mediaVar); dir != "" {
		return dir, true
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if how != nil && how.Credential != nil { // who may not enter where that is
		if self, err = copyOf(self, dir); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), self, "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), mediaVar+"="+dir, "TMPDIR="+dir)
	cmd.Dir = dir
	cmd.SysProcAttr = how
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		testenv.Require(t, component, false, why+": "+err.Error())
	}
	if err := cmd.Wait(); err != nil || !strings.Contains(out.String(), "--- PASS") {
		t.Errorf("%v\n%s", err, out.String())
	}
	return "", false
}

// copyOf copies a program to a directory that others may enter.
func copyOf(program, dir string) (string, error) {
	raw, err := os.ReadFile(program)
	if err != nil {
		return "", err
	}
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil {
		return "", err
	}
	out := filepath.Join(dir, "program")
	return out, os.WriteFile(out, raw, 0o755)
}

// withMounts runs the test where it may mount what it likes.
func withMounts(t *testing.T) (string, bool) {
	t.Helper()
	how := &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	if os.Getuid() != 0 {
		how.Cloneflags = syscall.CLONE_NEWUSER
		how.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		how.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	return alone(t, t.TempDir(), how, "mounts", "as root, or where users may have namespaces of their own")
}

// disk mounts a small disk.
func disk(t *testing.T, dir, options string) string {
	t.Helper()
	dir = filepath.Join(dir, "disk")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// content is what a tree has: shapes, attributes and elements by path.
type content map[string]*struct {
	shape []int
	attrs string
	data  []byte
}

func contentOf(root string) (content, error) {
	c, err := dosna.Open(ctx, root, nil)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	g, err := c.Root(ctx)
	if err != nil {
		return nil, err
	}
	found := content{}
	for n, err := range g.Walk(ctx) {
		if err != nil {
			return nil, err
		}
		found[n.Path()] = new(struct {
			shape []int
			attrs string
			data  []byte
		})
		found[n.Path()].attrs = fmt.Sprint(n.Attrs())
		if d, ok := n.(*dosna.Dataset); ok {
			found[n.Path()].shape = d.Shape()
			found[n.Path()].data = make([]byte, d.Bytes())
			if err := d.ReadRaw(ctx, nd.Selection{}, found[n.Path()].data); err != nil {
				return nil, err
			}
		}
	}
	return found, nil
}

// between says what in a content is neither as before a change nor as after it.
func (now content) between(before, after content) error {
	for path := range before {
		if after[path] != nil && now[path] == nil {
			return fmt.Errorf("%s is gone", path)
		}
	}
	for path, n := range now {
		b, a := before[path], after[path]
		had := 0 // beyond that there may be nothing yet
		if b != nil {
			had = len(b.data)
		}
		if b == nil {
			b = a
		} else if a == nil {
			a = b
		}
		switch {
		case a == nil:
			return fmt.Errorf("%s has appeared", path)
		case n.attrs != a.attrs && n.attrs != b.attrs:
			return fmt.Errorf("%s has the attributes %s", path, n.attrs)
		case !slices.Equal(n.shape, a.shape) && !slices.Equal(n.shape, b.shape):
			return fmt.Errorf("%s has the shape %v", path, n.shape)
		}
		for i, v := range n.data {
			if i >= had && v == 0 {
				continue
			}
			if (i >= len(a.data) || v != a.data[i]) && (i >= len(b.data) || v != b.data[i]) {
				return fmt.Errorf("element %d of %s is %d", i, path, v)
			}
		}
	}
	return nil
}

// unfinished returns what is left of objects that did not become any.
func unfinished(t *testing.T, root string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if strings.HasPrefix(e.Name(), store.TempPrefix) {
			names = append(names, path)
		}
		if e.IsDir() && err == nil {
			if below, err := os.ReadDir(path); err == nil && len(below) == 0 {
				names = append(names, path)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// noise is data that does not compress.
func noise(n int, seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, 0))
	data := make([]byte, n)
	for i := range data {
		data[i] = byte(r.Uint32())
	}
	return data
}

const side = 128 // of the dataset "x", in chunks of half of it: 4 pages each

func fillTree(root string) error {
	c, err := dosna.Open(ctx, root, &dosna.Options{Mode: dosna.Create})
	if err != nil {
		return err
	}
	defer c.Close()
	d, err := c.CreateDataset(ctx, "g/x", dosna.DatasetSpec{Shape: []int{side, side}, Type: dtype.Uint8, Chunks: []int{side / 2, side / 2}})
	if err != nil {
		return err
	}
	return d.WriteRaw(ctx, nd.Selection{}, noise(side*side, 1))
}

// changes are all kinds of changes to a tree as fillTree makes it.
var changes = []struct {
	name string
	do   func(c *dosna.Connection) error
}{
	{"create a group", func(c *dosna.Connection) error {
		_, err := c.CreateGroup(ctx, "a/b", dosna.Attributes{"n": 1})
		return err
	}},
	{"create a dataset", func(c *dosna.Connection) error {
		_, err := c.CreateDataset(ctx, "a/b", dosna.DatasetSpec{Shape: []int{4}, Type: dtype.Uint8})
		return err
	}},
	{"write", onX(func(d *dosna.Dataset) error { return d.WriteRaw(ctx, nd.Selection{}, noise(side*side, 2)) })},
	{"write a part", onX(func(d *dosna.Dataset) error {
		return d.WriteBox(ctx, nd.Box{Start: []int{40, 40}, Shape: []int{40, 40}}, nd.NewView(noise(1600, 3), []int{40, 40}, 1))
	})},
	{"change attributes", onX(func(d *dosna.Dataset) error {
		return d.UpdateAttrs(ctx, func(a dosna.Attributes) error { a["n"] = 1; return nil })
	})},
	{"cut", onX(func(d *dosna.Dataset) error { return d.Resize(ctx, []int{50, 100}) })},
	{"grow", onX(func(d *dosna.Dataset) error { return d.Resize(ctx, []int{side + 10, side}) })},
	{"append", onX(func(d *dosna.Dataset) error {
		if n := d.Shape()[0]; n > side { // once more
			return d.WriteBox(ctx, nd.Box{Start: []int{side, 0}, Shape: []int{40, side}}, nd.NewView(noise(40*side, 4), []int{40, side}, 1))
		}
		_, err := d.Append(ctx, 0, nd.NewView(noise(40*side, 4), []int{40, side}, 1))
		return err
	})},
	{"copy", onX(func(d *dosna.Dataset) error {
		if n, err := d.Connection().Open(ctx, "y"); err == nil { // once more
			return d.CopyTo(ctx, n.(*dosna.Dataset))
		}
		_, err := d.Clone(ctx, "/y", true)
		return err
	})},
	{"copy a tree", func(c *dosna.Connection) error {
		g, err := c.Open(ctx, "g")
		if err == nil {
			_, err = dosna.Copy(ctx, g, c, "/w", &dosna.CopyOptions{Resume: true})
		}
		return err
	}},
	{"load", func(c *dosna.Connection) error {
		d, err := c.CreateDataset(ctx, "z", dosna.DatasetSpec{Shape: []int{side, side}, Type: dtype.Uint8, Chunks: []int{32, side}})
		if errors.Is(err, dosna.ErrExist) {
			var n dosna.Node
			if n, err = c.Open(ctx, "z"); err == nil {
				d = n.(*dosna.Dataset)
			}
		}
		if err != nil {
			return err
		}
		from, err := dosna.InMemory([]int{side, side}, noise(side*side, 5))
		if err != nil {
			return err
		}
		return d.Load(ctx, from)
	}},
	{"move", func(c *dosna.Connection) error { return c.Move(ctx, "g/x", "/h/x") }},
	{"delete", func(c *dosna.Connection) error { return c.Delete(ctx, "g") }},
}

func onX(f func(d *dosna.Dataset) error) func(c *dosna.Connection) error {
	return func(c *dosna.Connection) error {
		d, err := c.OpenDataset(ctx, "g/x")
		if err != nil {
			return err
		}
		return f(d)
	}
}

func change(root string, do func(c *dosna.Connection) error) error {
	c, err := dosna.Open(ctx, root, &dosna.Options{Mode: dosna.ReadWrite})
	if err != nil {
		return err
	}
	defer c.Close()
	return do(c)
}

// TestFullDisk makes every change on disks with room for less and more of it: for
// bytes, and for files. It fails with an error that tells of the disk and of the
// node, leaves everything as it was or as it was to be and nothing unfinished, and
// succeeds once there is room.
func TestFullDisk(t *testing.T) {
	dir, ok := withMounts(t)
	if !ok {
		return
	}
	for what, fill := range map[string]func(t *testing.T, disk string, free int){
		"size=1m":              fillBytes,
		"size=1m,nr_inodes=60": fillFiles,
	} {
		for _, c := range changes {
			t.Run(what+"/"+c.name, func(t *testing.T) {
				full := 0
				for free := 0; ; free++ {
					at := disk(t, dir, what)
					root := filepath.Join(at, "pool")
					if err := fillTree(root); err != nil {
						t.Fatal(err)
					}
					before, err := contentOf(root)
					if err != nil {
						t.Fatal(err)
					}
					fill(t, at, free)
					err = change(root, c.do)
					now, reading := contentOf(root)
					if reading != nil {
						t.Fatalf("%d free: %v; then: %v", free, err, reading)
					}
					if left := unfinished(t, root); left != nil {
						t.Errorf("%d free: %v; and there is left %v", free, err, left)
					}
					if err := os.RemoveAll(filepath.Join(at, "ballast")); err != nil {
						t.Fatal(err)
					}
					if err == nil {
						if full == 0 {
							t.Error("the disk was never full")
						}
						return
					}
					full++
					if now["/w"] != nil || now["/w/x"] != nil {
						t.Errorf("%d free: %v; and a half of the copy can be seen", free, err)
					}
					if !errors.Is(err, unix.ENOSPC) || !strings.Contains(err.Error(), "/") {
						t.Errorf("%d free: %v", free, err)
					}
					if err := change(root, c.do); err != nil {
						t.Fatalf("%d free, then again with room: %v", free, err)
					}
					after, err := contentOf(root)
					if err == nil {
						err = now.between(before, after)
					}
					if err != nil {
						t.Errorf("%d free: %v", free, err)
					}
					if left := unfinished(t, root); left != nil {
						t.Errorf("%d free, then again with room: there is left %v", free, left)
					}
				}
			})
		}
	}
}

// fillBytes leaves room for so many pages.
func fillBytes(t *testing.T, disk string, free int) {
	t.Helper()
	var st unix.Statfs_t
	if err := unix.Statfs(disk, &st); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(disk, "ballast"), make([]byte, max(0, int(st.Bavail)-free)*int(st.Bsize)), 0o666); err != nil {
		t.Fatal(err)
	}
}

// fillFiles leaves room for so many files.
func fillFiles(t *testing.T, disk string, free int) {
	t.Helper()
	ballast := filepath.Join(disk, "ballast")
	if err := os.Mkdir(ballast, 0o777); err != nil {
		t.Fatal(err)
	}
	var st unix.Statfs_t
	if err := unix.Statfs(disk, &st); err != nil {
		t.Fatal(err)
	}
	for i := range int(st.Ffree) - free {
		if err := os.WriteFile(filepath.Join(ballast, fmt.Sprint(i)), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// TestReadOnlyDisk shows that everything can be read from a disk that cannot be
// written to, and that every change is refused.
func TestReadOnlyDisk(t *testing.T) {
	dir, ok := withMounts(t)
	if !ok {
		return
	}
	at := disk(t, dir, "size=1m")
	root := filepath.Join(at, "pool")
	if err := fillTree(root); err != nil {
		t.Fatal(err)
	}
	before, err := contentOf(root)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("", at, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	for _, c := range changes {
		err := change(root, c.do)
		if !errors.Is(err, dosna.ErrPermission) || !errors.Is(err, unix.EROFS) || !strings.Contains(err.Error(), "read-only") || !strings.Contains(err.Error(), "/") {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	now, err := contentOf(root)
	if err == nil {
		err = now.between(before, before)
	}
	if err != nil {
		t.Error(err)
	}
	if _, err := dosna.Open(ctx, filepath.Join(at, "new"), &dosna.Options{Mode: dosna.Create}); !errors.Is(err, dosna.ErrPermission) {
		t.Errorf("a tree created there: %v", err)
	}
	if err := dosna.Init(ctx, filepath.Join(at, "new", "er")); !errors.Is(err, dosna.ErrPermission) {
		t.Errorf("a directory made there: %v", err)
	}
}

// TestTooManyFiles makes every change and reads with few files that may be open.
func TestTooManyFiles(t *testing.T) {
	dir, ok := alone(t, t.TempDir(), nil, "", "")
	if !ok {
		return
	}
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	read := func(c *dosna.Connection) error {
		d, err := c.OpenDataset(ctx, "g/x")
		if err == nil {
			err = d.ReadRaw(ctx, nd.Selection{}, make([]byte, d.Bytes()))
		}
		return err
	}
	for i, c := range append(slices.Clone(changes), struct {
		name string
		do   func(c *dosna.Connection) error
	}{"read", read}) {
		for few := 0; ; few++ {
			root := filepath.Join(dir, fmt.Sprintf("pool%d-%d", i, few))
			if err := fillTree(root); err != nil {
				t.Fatal(err)
			}
			before, err := contentOf(root)
			if err != nil {
				t.Fatal(err)
			}
			next, err := unix.Dup(0)
			if err != nil {
				t.Fatal(err)
			}
			unix.Close(next)
			low := limit
			low.Cur = uint64(next + few)
			if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &low); err != nil {
				t.Fatal(err)
			}
			err = change(root, c.do)
			if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
				t.Fatal(err)
			}
			now, reading := contentOf(root)
			if reading != nil {
				t.Fatalf("%s, %d files: %v; then: %v", c.name, few, err, reading)
			}
			if left := unfinished(t, root); left != nil {
				t.Errorf("%s, %d files: %v; and there is left %v", c.name, few, err, left)
			}
			if err == nil {
				break
			}
			if !errors.Is(err, unix.EMFILE) || !strings.Contains(err.Error(), "/") {
				t.Errorf("%s, %d files: %v", c.name, few, err)
			}
			if err := change(root, c.do); err != nil {
				t.Fatalf("%s, %d files, then again with more: %v", c.name, few, err)
			}
			after, err := contentOf(root)
			if err == nil {
				err = now.between(before, after)
			}
			if err != nil {
				t.Errorf("%s, %d files: %v", c.name, few, err)
			}
		}
	}
}

// TestAnotherUser works on a tree that belongs to somebody else.
func TestAnotherUser(t *testing.T) {
	dir := os.Getenv(mediaVar)
	if dir == "" {
		if os.Getuid() != 0 {
			testenv.Require(t, "root", false, "only root becomes another user")
		}
		dir = anothersTree(t)
	}
	who := &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	if _, ok := alone(t, dir, who, "root", "only root becomes another user"); !ok {
		nothingChanged(t, dir)
		return
	}
	c, err := dosna.Open(ctx, filepath.Join(dir, "pool"), &dosna.Options{Mode: dosna.ReadWrite})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	g, err := c.Root(ctx)
	if err != nil {
		t.Fatal(err)
	}
	half := nd.BoxSelection(nd.Box{Start: []int{0}, Shape: []int{2}})
	refused := map[string]struct {
		do  func(ctx context.Context) error
		key string // to be named
	}{
		"open, in a folder that cannot be entered": {func(ctx context.Context) error { _, err := c.Open(ctx, "hidden"); return err }, "hidden/zarr.json"},
		"open, document that cannot be read":       {func(ctx context.Context) error { _, err := c.Open(ctx, "secret"); return err }, "secret/zarr.json"},
		"read":                                     {onNode(c, "chunk", func(d *dosna.Dataset) error { return d.ReadRaw(ctx, nd.Selection{}, make([]byte, 4)) }), "chunk/c/1"},
		"read, no folder":                          {onNode(c, "chunks", func(d *dosna.Dataset) error { return d.ReadRaw(ctx, nd.Selection{}, make([]byte, 4)) }), "chunks/c/"},
		"read what is not there":                   {onNode(c, "nothing", func(d *dosna.Dataset) error { return d.ReadRaw(ctx, nd.Selection{}, make([]byte, 4)) }), "nothing/c/"},
		"write":                                    {onNode(c, "fixed", func(d *dosna.Dataset) error { return d.WriteRaw(ctx, nd.Selection{}, []byte("abcd")) }), "fixed/c/"},
		"write a part":                             {onNode(c, "fixed", func(d *dosna.Dataset) error { return d.WriteRaw(ctx, half, []byte("ab")) }), "fixed/c/0"},
		"change attributes": {onNode(c, "fixed", func(d *dosna.Dataset) error {
			return d.UpdateAttrs(ctx, func(a dosna.Attributes) error { a["n"] = 1; return nil })
		}), "fixed"},
		"resize": {onNode(c, "fixed", func(d *dosna.Dataset) error { return d.Resize(ctx, []int{3}) }), "fixed"},
		"delete": {func(ctx context.Context) error { return c.Delete(ctx, "fixed") }, "fixed"},
		"create": {func(ctx context.Context) error { _, err := c.CreateGroup(ctx, "new/er", nil); return err }, "new"},
		"move":   {func(ctx context.Context) error { return c.Move(ctx, "fixed", "/moved") }, "fixed"},
	}
	for name, r := range refused {
		err := r.do(ctx)
		if !errors.Is(err, dosna.ErrPermission) || errors.Is(err, dosna.ErrNotExist) || !strings.Contains(err.Error(), r.key) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var seen []string
	for n, err := range g.Walk(ctx) {
		if err != nil {
			if !errors.Is(err, dosna.ErrPermission) {
				t.Errorf("walking: %v", err)
			}
			continue
		}
		seen = append(seen, n.Path())
	}
	if want := []string{"/chunk", "/chunks", "/fixed", "/kept", "/nothing"}; !slices.Equal(seen, want) {
		t.Errorf("walking showed %v, want %v", seen, want)
	}
	// A dataset whose document may be changed, and whose chunks may not be removed.
	if err := c.Delete(ctx, "kept"); !errors.Is(err, dosna.ErrPermission) || !strings.Contains(err.Error(), "again") {
		t.Errorf("delete a dataset with fixed chunks: %v", err)
	}
	if _, err := c.Open(ctx, "kept"); !errors.Is(err, dosna.ErrNotExist) {
		t.Errorf("a dataset that is half deleted: %v", err)
	}
}

func onNode(c *dosna.Connection, path string, f func(d *dosna.Dataset) error) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		n, err := c.Open(ctx, path)
		if err != nil {
			return fmt.Errorf("it cannot even be opened: %v", err)
		}
		return f(n.(*dosna.Dataset))
	}
}

// anothersTree makes a tree in which others than root may do few things.
func anothersTree(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	c, err := dosna.Open(ctx, filepath.Join(dir, "pool"), &dosna.Options{Mode: dosna.Create})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, name := range []string{"hidden", "secret", "chunk", "chunks", "nothing", "fixed", "kept"} {
		d, err := c.CreateDataset(ctx, name, dosna.DatasetSpec{Shape: []int{4}, Chunks: []int{2}, Type: dtype.Uint8})
		if err == nil && name != "nothing" {
			err = d.WriteRaw(ctx, nd.Selection{}, []byte{1, 2, 3, 4})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "pool/nothing/c"), 0); err != nil {
		t.Fatal(err)
	}
	for path, mode := range map[string]os.FileMode{
		"hidden": 0, "secret/zarr.json": 0, "chunk/c/1": 0, "chunks/c": 0, "nothing/c": 0,
		"fixed": 0o555, "fixed/c": 0o555, "kept": 0o777, "kept/c": 0o555, ".": 0o555,
	} {
		path = filepath.Join(dir, "pool", path)
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	return dir
}

// nothingChanged looks, as root, whether the other one could do what was refused.
func nothingChanged(t *testing.T, dir string) {
	t.Helper()
	root := filepath.Join(dir, "pool")
	now, err := contentOf(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/hidden", "/secret", "/chunk", "/chunks", "/nothing", "/fixed"} {
		want := []byte{1, 2, 3, 4}
		if path == "/nothing" {
			want = make([]byte, 4)
		}
		if now[path] == nil || !slices.Equal(now[path].data, want) || now[path].attrs != "map[]" {
			t.Errorf("%s is now %v", path, now[path])
		}
	}
	if left := unfinished(t, filepath.Join(root, "fixed")); left != nil {
		t.Errorf("left over: %v", left)
	}
	if err := change(root, func(c *dosna.Connection) error { return c.Delete(ctx, "kept") }); err != nil {
		t.Errorf("deleting again: %v", err)
	}
	if _, err := os.Stat(filepath.Join(root, "kept")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after deleting again: %v", err)
	}
}
