package dosna_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/lock"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/memstore"
	"github.com/dosna/dosna/zarr"
)

func withLock(t *testing.T, n dosna.Node, f func(ctx context.Context) error) {
	t.Helper()
	if err := dosna.WithLock(ctx, n, nil, f); err != nil {
		t.Error(err)
	}
}

// TestWithLock has each kind of node, and one through another root.
func TestWithLock(t *testing.T) {
	root := filepath.Join(testenv.ScratchDir(t), "pool")
	c := create(t, root)
	d := bytesDataset(t, c, "g/x", []int{4, 4}, []int{2, 2})
	if _, err := c.CreateLink(ctx, "l", "/g/x"); err != nil {
		t.Fatal(err)
	}
	part, err := dosna.Open(ctx, filepath.Join(root, "g"), &dosna.Options{Mode: dosna.ReadWrite})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = part.Close() })
	try := &dosna.LockOptions{Wait: -1}
	withLock(t, d, func(ctx context.Context) error {
		for _, other := range []struct {
			c    *dosna.Connection
			path string
		}{{c, "g/x"}, {part, "x"}, {c, "l"}} {
			var held *lock.HeldError
			if _, err := other.c.Lock(ctx, other.path, try); !errors.As(err, &held) || held.Holders[0].PID != os.Getpid() {
				t.Errorf("%s: %v", other.path, err)
			}
		}
		for _, path := range []string{"", "g"} {
			l, err := c.Lock(ctx, path, try)
			if err == nil {
				err = l.Release(ctx)
			}
			if err != nil {
				t.Error(err)
			}
		}
		return d.WriteBox(ctx, area([]int{0, 0}, []int{4, 4}), cell(1))
	})
	state, err := d.LockState(ctx)
	if err != nil || len(state.Holders) != 0 || state.Fence == 0 {
		t.Errorf("%+v, %v", state, err)
	}
	got, err := dosna.ReadAll[uint8](ctx, d, selection(t, "..."))
	if err != nil || got[15] != 1 {
		t.Errorf("%v, %v", got, err)
	}
	reading, err := dosna.Open(ctx, root, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer reading.Close()
	if _, err := reading.Lock(ctx, "g/x", nil); !errors.Is(err, dosna.ErrPermission) {
		t.Error(err)
	}
	fails := errors.New("something else")
	if err := dosna.WithLock(ctx, d, nil, func(context.Context) error { return fails }); err != fails {
		t.Error(err)
	}
}

// TestLateWriters stops a writer before each of its requests, until its lease is somebody
// else's and that has written: what the successor wrote stays.
func TestLateWriters(t *testing.T) {
	whole := area([]int{0, 0}, []int{4, 4})
	ways := map[string]func(ctx context.Context, d *dosna.Dataset) error{
		"whole": func(ctx context.Context, d *dosna.Dataset) error { return d.WriteBox(ctx, whole, cell(1)) },
		"part": func(ctx context.Context, d *dosna.Dataset) error {
			return d.WriteBox(ctx, area([]int{0, 0}, []int{1, 4}), cell(1))
		},
		"fill": func(ctx context.Context, d *dosna.Dataset) error { return d.WriteBox(ctx, whole, cell(0)) },
		"chunk": func(ctx context.Context, d *dosna.Dataset) error {
			k, err := d.Chunk(0, 0)
			if err != nil {
				return err
			}
			return k.Delete(ctx)
		},
		"clear": func(ctx context.Context, d *dosna.Dataset) error { return d.Clear(ctx) },
		"copy": func(ctx context.Context, d *dosna.Dataset) error {
			return dataset(t, d.Connection(), "src").CopyTo(ctx, d)
		},
	}
	for name, write := range ways {
		for _, kept := range []bool{true, false} {
			if name == "clear" && !kept {
				continue // objects are removed without a condition then
			}
			t.Run(fmt.Sprintf("%s/DeleteIfMatch=%v", name, kept), func(t *testing.T) {
				n := 0
				for stopWriter(t, n, kept, write) {
					n++
				}
				if n < 2 {
					t.Errorf("%d requests were stopped", n)
				}
			})
		}
	}
}

// stopWriter stops a writer before its request number n. It is false if there are not so many.
func stopWriter(t *testing.T, n int, kept bool, write func(ctx context.Context, d *dosna.Dataset) error) bool {
	h, through, direct := two(t, dosna.Options{})
	if !kept {
		g := h.Store.Guarantees()
		g.DeleteIfMatch = false
		h.promises = &g
	}
	whole := area([]int{0, 0}, []int{4, 4})
	for _, path := range []string{"x", "src"} {
		if err := bytesDataset(t, direct, path, []int{4, 4}, []int{4, 4}).WriteBox(ctx, whole, cell(7)); err != nil {
			t.Fatal(err)
		}
	}
	d, successor := dataset(t, through, "x"), dataset(t, direct, "x")
	l, err := d.Lock(ctx, &dosna.LockOptions{TTL: lock.MinTTL})
	if err != nil {
		t.Fatal(err)
	}
	before := func(f func(op, key string) error) {
		h.hook.Lock()
		defer h.hook.Unlock()
		h.before = f
	}
	asked, stopped := 0, ""
	before(func(op, key string) error {
		if strings.HasSuffix(key, zarr.LockKey) {
			return nil
		}
		if asked++; asked != n+1 {
			return nil
		}
		stopped = op + " " + key
		if _, err := successor.BreakLock(ctx, true); err != nil {
			t.Error(err)
		}
		withLock(t, successor, func(ctx context.Context) error { return successor.WriteBox(ctx, whole, cell(2)) })
		<-l.Context().Done()
		return nil
	})
	err = write(context.WithoutCancel(l.Context()), d)
	before(nil)
	if again := l.Release(ctx); again != nil {
		t.Error(again)
	}
	if stopped == "" {
		return false
	}
	got, rerr := dosna.ReadAll[uint8](ctx, successor, selection(t, "..."))
	if rerr != nil || got[0] != 2 || got[15] != 2 {
		t.Errorf("stopped before %q a writer (%v) has replaced what its successor wrote: %v, %v", stopped, err, got, rerr)
	}
	return true
}

func area(start, shape []int) nd.Box { return nd.Box{Start: start, Shape: shape} }

func cell(v uint8) nd.View { return nd.View{Data: []byte{v}, Item: 1} }

// TestLostLease refuses what is done under a lease that has ended.
func TestLostLease(t *testing.T) {
	h, c, direct := two(t, dosna.Options{})
	d := bytesDataset(t, c, "x", []int{4}, []int{4})
	err := dosna.WithLock(ctx, d, &dosna.LockOptions{TTL: 200 * time.Millisecond}, func(lctx context.Context) error {
		if _, err := dataset(t, direct, "x").BreakLock(ctx, false); err != nil {
			t.Error(err)
		}
		<-lctx.Done()
		h.reset()
		under := context.WithoutCancel(lctx)
		for name, change := range map[string]func() error{
			"write":  func() error { return d.WriteBox(under, area([]int{0}, []int{4}), cell(1)) },
			"part":   func() error { return d.WriteBox(under, area([]int{0}, []int{1}), cell(1)) },
			"attrs":  func() error { return d.UpdateAttrs(under, func(a dosna.Attributes) error { a["a"] = 1; return nil }) },
			"resize": func() error { return d.Resize(under, []int{2}) },
			"create": func() error { _, err := c.CreateGroup(under, "g", nil); return err },
			"delete": func() error { return d.Delete(under) },
			"move":   func() error { return c.Move(under, "x", "y") },
		} {
			if err := change(); !errors.Is(err, dosna.ErrLost) {
				t.Errorf("%s: %v", name, err)
			}
		}
		for _, op := range h.ops {
			if strings.HasPrefix(op, "put") || strings.HasPrefix(op, "delete") {
				t.Errorf("%s was asked for", op)
			}
		}
		return nil
	})
	if !errors.Is(err, dosna.ErrLost) || !strings.Contains(err.Error(), "broken by") {
		t.Error(err)
	}
}

// TestLockIsNoNode has the object of a lease in a node's folder: nobody takes it for
// something else, and it goes with the node.
func TestLockIsNoNode(t *testing.T) {
	for _, format := range []int{2, 3} {
		c := create(t, filepath.Join(testenv.ScratchDir(t), "pool"))
		if _, err := c.CreateDataset(ctx, "g/x", dosna.DatasetSpec{Shape: []int{4}, Type: dtype.Uint8, Chunks: []int{2}, Format: format}); err != nil {
			t.Fatal(err)
		}
		d := dataset(t, c, "g/x")
		g, err := c.OpenGroup(ctx, "g")
		if err != nil {
			t.Fatal(err)
		}
		root, err := c.Root(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range []dosna.Node{root, g, d} {
			withLock(t, n, func(ctx context.Context) error { return d.WriteBox(ctx, area([]int{0}, []int{4}), cell(3)) })
		}
		if _, err := c.Store().Stat(ctx, "g/x/"+zarr.LockKey); err != nil {
			t.Fatal(err)
		}
		names, err := g.Names(ctx)
		if err != nil || len(names) != 1 {
			t.Errorf("%v, %v", names, err)
		}
		if u, err := d.Usage(ctx); err != nil || u.Objects != 2 {
			t.Errorf("%+v, %v", u, err)
		}
		v, err := c.Verify(ctx, "", dosna.VerifyOptions{Report: func(f dosna.Finding) {
			if f.Kind != dosna.Unchecked {
				t.Errorf("%+v", f)
			}
		}})
		if err != nil || v.Objects != 2 {
			t.Errorf("%+v, %v", v, err)
		}
		if _, err := dosna.Copy(ctx, g, c, "copy", nil); err != nil {
			t.Fatal(err)
		}
		for info, err := range c.Store().List(ctx, store.ListOptions{Prefix: "copy/"}) {
			if err != nil || strings.HasSuffix(info.Key, zarr.LockKey) {
				t.Errorf("%s, %v", info.Key, err)
			}
		}
		if _, err := c.CreateGroup(ctx, "g/"+zarr.LockKey, nil); !errors.Is(err, dosna.ErrInvalid) {
			t.Error(err)
		}
		withLock(t, g, func(ctx context.Context) error { return d.Delete(ctx) })
		withLock(t, g, func(ctx context.Context) error { return c.Delete(ctx, "g") })
		if _, err := d.Lock(ctx, nil); !errors.Is(err, dosna.ErrNotExist) {
			t.Error(err)
		}
		checkClean(t, c, "g")
	}
}

// TestChangesAreGuarded finds code of this package that changes a store but through the one
// function that knows of leases.
func TestChangesAreGuarded(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	bare := regexp.MustCompile(`\.store\.(Put|Delete)\(|store\.(Copy|OpenWriter|Rename|DeleteAll|DeletePrefix)\([^\n]*\.store,`)
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		for _, found := range bare.FindAllString(string(text), -1) {
			t.Errorf("%s: %s changes the store past Connection.guarded", name, found)
		}
	}
}

func ExampleWithLock() {
	ctx := context.Background()
	c, err := dosna.OpenStore(ctx, memstore.New(), &dosna.Options{Mode: dosna.Create})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	d, err := c.CreateDataset(ctx, "counts", dosna.DatasetSpec{Shape: []int{3}, Type: dtype.Int64})
	if err != nil {
		log.Fatal(err)
	}
	// Of all programs, on all hosts, that do this, one is in the function at a time.
	err = dosna.WithLock(ctx, d, &dosna.LockOptions{Note: "counting"}, func(ctx context.Context) error {
		counts, err := dosna.ReadAll[int64](ctx, d, nd.Selection{})
		if err != nil {
			return err
		}
		for i := range counts {
			counts[i] += int64(i)
		}
		return dosna.Write(ctx, d, nd.Selection{}, counts)
	})
	if err != nil {
		log.Fatal(err)
	}
	counts, err := dosna.ReadAll[int64](ctx, d, nd.Selection{})
	fmt.Println(counts, err)
	// Output: [0 1 2] <nil>
}
