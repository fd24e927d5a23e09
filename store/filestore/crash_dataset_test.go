//go:build linux || darwin

package filestore_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/engine"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/filestore"
)

// tree is what may be in a tree of datasets and groups after a loss of power.
type tree map[string]*leaf

// leaf is a dataset of bytes in two dimensions, or a group.
type leaf struct {
	spec  *dosna.DatasetSpec // nil: a group
	shape [2]int
	attr  int
	cells map[[2]int][]string // what a stored object may hold, whole; the last is the one without a loss of power
}

// extent is the shape of a stored object.
func (l *leaf) extent() [2]int {
	if l.spec.Shards != nil {
		return [2]int(l.spec.Shards)
	}
	return [2]int(l.spec.Chunks)
}

func (l *leaf) past(cell [2]int) []string {
	if p := l.cells[cell]; p != nil {
		return p
	}
	e := l.extent()
	return []string{string(make([]byte, e[0]*e[1]))}
}

func (l *leaf) clone() *leaf {
	c := *l
	c.cells = maps.Clone(l.cells)
	return &c
}

func (t tree) clone() tree {
	c := tree{}
	for path, l := range t {
		c[path] = l.clone()
	}
	return c
}

func (t tree) synced() tree {
	c := t.clone()
	for _, l := range c {
		for cell, p := range l.cells {
			l.cells[cell] = p[len(p)-1:]
		}
	}
	return c
}

// write notes that a box has other values.
func (l *leaf) write(box nd.Box, value func(y, x int) byte) {
	e := l.extent()
	changed := map[[2]int][]byte{}
	for y := box.Start[0]; y < box.Stop(0); y++ {
		for x := box.Start[1]; x < box.Stop(1); x++ {
			cell := [2]int{y / e[0], x / e[1]}
			if changed[cell] == nil {
				p := l.past(cell)
				changed[cell] = []byte(p[len(p)-1])
			}
			changed[cell][y%e[0]*e[1]+x%e[1]] = value(y, x)
		}
	}
	for cell, now := range changed {
		l.cells[cell] = append(slices.Clone(l.past(cell)), string(now))
	}
}

// resize notes that what lies outside is gone.
func (l *leaf) resize(shape [2]int) {
	e := l.extent()
	l.shape = shape
	for cell, p := range l.cells {
		p = slices.Clone(p)
		for i := range p {
			p[i] = cut(p[i], e, cell, shape)
		}
		l.cells[cell] = p
	}
}

// cut fills what a cell has outside a shape.
func cut(object string, e, cell, shape [2]int) string {
	out := []byte(object)
	for i := range out {
		if cell[0]*e[0]+i/e[1] >= shape[0] || cell[1]*e[1]+i%e[1] >= shape[1] {
			out[i] = 0
		}
	}
	return string(out)
}

// across reports whether the edge of a shape goes through a cell.
func across(e, cell, shape [2]int) bool {
	for axis, n := range shape {
		if n > cell[axis]*e[axis] && n < (cell[axis]+1)*e[axis] {
			return true
		}
	}
	return false
}

// careless is a store that syncs only when the test itself asks.
type careless struct {
	*filestore.Store
	unordered, torn bool // Sync does nothing; what is to be durable is not
	asked           bool
}

func (c *careless) Sync(ctx context.Context) error {
	if c.unordered && !c.asked {
		return nil
	}
	return c.Store.Sync(ctx)
}

func (c *careless) Put(ctx context.Context, key string, parts [][]byte, cond store.Cond) (store.Version, error) {
	if c.torn {
		ctx = context.Background()
	}
	return c.Store.Put(ctx, key, parts, cond)
}

func (c *careless) Rename(ctx context.Context, from, to string) error {
	if c.torn {
		ctx = context.Background()
	}
	return c.Store.Rename(ctx, from, to)
}

// chapter is the time from one call's beginning to its end.
type chapter struct {
	end           int
	what          string
	before, after tree
	moved         []string // this is there at exactly one of two places
}

var specs = []dosna.DatasetSpec{
	{Type: dtype.Uint8, Chunks: []int{4, 4}},
	{Type: dtype.Uint8, Chunks: []int{4, 4}, Codec: "none", Checksum: "none"},
	{Type: dtype.Uint8, Chunks: []int{3, 4}, Shards: []int{6, 4}, Codec: "none"},
}

// live does random things to a tree.
func live(ctx context.Context, disk *filestore.Disk, s *careless, r *rand.Rand, steps int) ([]chapter, error) {
	c, err := dosna.OpenStore(ctx, s, &dosna.Options{Mode: dosna.Create, Engine: engine.New(nil, 1)})
	if err != nil {
		return nil, err
	}
	paths := []string{"a", "b", "g/a", "g/h/a", "g"}
	t := tree{"": {}}
	chapters := []chapter{{disk.Now(), "begin", t, t, nil}}
	for i := range steps {
		path := paths[r.IntN(len(paths))]
		now := t[path]
		next := t.clone()
		var moved []string
		var what string
		var err error
		if now == nil {
			what = "create"
			for at := range path {
				if path[at] == '/' && next[path[:at]] == nil {
					next[path[:at]] = &leaf{}
				}
			}
			if path == "g" {
				next[path] = &leaf{}
				_, err = c.CreateGroup(ctx, path, nil)
			} else {
				spec := specs[r.IntN(len(specs))]
				spec.Shape = []int{1 + r.IntN(12), 1 + r.IntN(12)}
				next[path] = &leaf{&spec, [2]int(spec.Shape), 0, map[[2]int][]string{}}
				_, err = c.CreateDataset(ctx, path, spec)
			}
			if t["g"] != nil && t["g"].spec != nil {
				err, next = nil, t
			}
		} else if n := r.IntN(20); n < 2 || now.spec == nil && n < 4 {
			what = "delete"
			maps.DeleteFunc(next, func(p string, _ *leaf) bool { return p == path || len(p) > len(path) && p[:len(path)+1] == path+"/" })
			err = c.Delete(ctx, path)
		} else if n < 5 {
			what = "attribute of"
			next[path].attr = i
			var node dosna.Node
			if node, err = c.Open(ctx, path); err == nil {
				err = node.UpdateAttrs(ctx, func(a dosna.Attributes) error { a["n"] = i; return nil })
			}
		} else if now.spec == nil {
			continue
		} else if n < 7 {
			to := paths[r.IntN(4)]
			if t[to] != nil {
				continue
			}
			what, moved = "move to "+to+" from", []string{path, to}
			for at := range to {
				if to[at] == '/' && next[to[:at]] == nil {
					next[to[:at]] = &leaf{}
				}
			}
			next[to] = next[path]
			delete(next, path)
			err = c.Move(ctx, "/"+path, "/"+to)
		} else if n < 9 {
			what = "sync, not"
			next = t.synced()
			s.asked = true
			err = c.Sync(ctx)
			s.asked = false
		} else {
			var d *dosna.Dataset
			if d, err = c.OpenDataset(ctx, path); err != nil {
				return nil, err
			}
			box := nd.Box{Start: []int{0, 0}, Shape: []int{now.shape[0], now.shape[1]}}
			switch {
			case n < 12:
				what = "resize"
				shape := []int{r.IntN(13), r.IntN(13)}
				next[path].resize([2]int(shape))
				err = d.Resize(ctx, shape)
				box.Shape[0] = 0
			case n < 13:
				what = "append to"
				box.Start[0], box.Shape[0] = now.shape[0], 1+r.IntN(4)
				next[path].shape[0] += box.Shape[0]
			case n < 17:
				what = "write a part of"
				for axis := range 2 {
					if n := box.Shape[axis]; n > 0 {
						box.Start[axis] = r.IntN(n)
						box.Shape[axis] = 1 + r.IntN(n-box.Start[axis])
					}
				}
			default:
				what = "write"
			}
			value := func(y, x int) byte { return byte(i*16 + y*3 + x + 1) }
			if r.IntN(8) == 0 {
				value = func(y, x int) byte { return 0 }
			}
			if n := nd.Full(box.Shape).Size(); n > 0 {
				next[path].write(box, value)
				raw := make([]byte, 0, n)
				for y := range box.Shape[0] {
					for x := range box.Shape[1] {
						raw = append(raw, value(box.Start[0]+y, box.Start[1]+x))
					}
				}
				v := nd.NewView(raw, box.Shape, 1)
				if r.IntN(4) == 0 {
					what = "durably " + what
					d = d.With(dosna.Options{Durable: true, Engine: engine.New(nil, 1)})
					next = next.synced()
				}
				if strings.HasSuffix(what, "append to") {
					_, err = d.Append(ctx, 0, v)
				} else {
					err = d.WriteBox(ctx, box, v)
				}
			} else if what == "append to" {
				next = t
			}
		}
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", what, path, err)
		}
		chapters = append(chapters, chapter{disk.Now(), fmt.Sprintf("%d: %s %s", i, what, path), t, next, moved})
		t = next
	}
	return chapters, nil
}

// checkTree opens the tree that a disk holds and looks whether that may be.
func checkTree(ctx context.Context, root string, c chapter) error {
	conn, err := dosna.Open(ctx, root, &dosna.Options{Mode: dosna.ReadWrite, Engine: engine.New(nil, 1)})
	if err != nil {
		return err
	}
	defer conn.Close()
	g, err := conn.Root(ctx)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for n, err := range g.Walk(ctx) {
		if err != nil {
			return err
		}
		path := n.Path()[1:]
		seen[path] = true
		if err := checkNode(ctx, root, n, c.before[path], c.after[path]); err != nil {
			return err
		}
	}
	for path := range c.before {
		if c.after[path] != nil && !seen[path] && path != "" {
			return fmt.Errorf("%q is gone", path)
		}
	}
	if c.moved != nil && seen[c.moved[0]] == seen[c.moved[1]] {
		return fmt.Errorf("of %q there are %v", c.moved, seen)
	}
	return deleteAll(ctx, conn, g, root)
}

func checkNode(ctx context.Context, root string, n dosna.Node, before, after *leaf) error {
	if before == nil && after == nil {
		return fmt.Errorf("%s should not be there", n.Path())
	}
	if before == nil {
		before = after
	} else if after == nil {
		after = before
	}
	if v, ok := n.Attrs()["n"]; ok != (fmt.Sprint(v) != "<nil>") || ok && fmt.Sprint(v) != strconv.Itoa(before.attr) && fmt.Sprint(v) != strconv.Itoa(after.attr) ||
		!ok && before.attr != 0 && after.attr != 0 {
		return fmt.Errorf("the attribute of %s is %v, should be %d or %d", n.Path(), v, before.attr, after.attr)
	}
	d, ok := n.(*dosna.Dataset)
	if ok != (before.spec != nil) {
		return fmt.Errorf("%s is another node", n.Path())
	}
	if !ok {
		return nil
	}
	shape := [2]int(d.Shape())
	if shape != before.shape && shape != after.shape {
		return fmt.Errorf("%s has the shape %v, should have %v or %v", n.Path(), shape, before.shape, after.shape)
	}
	e := before.extent()
	for y := range (shape[0] + e[0] - 1) / e[0] {
		for x := range (shape[1] + e[1] - 1) / e[1] {
			cell := [2]int{y, x}
			box := nd.Box{Start: []int{y * e[0], x * e[1]}, Shape: []int{min(e[0], shape[0]-y*e[0]), min(e[1], shape[1]-x*e[1])}}
			got := make([]byte, e[0]*e[1])
			v := nd.View{Data: got, Shape: box.Shape, Strides: []int{e[1], 1}, Item: 1}
			err := d.ReadView(ctx, nd.BoxSelection(box), v)
			past := slices.Concat(before.past(cell), after.past(cell))
			unsynced := len(before.past(cell)) > 1 || len(after.past(cell)) > 1
			if before.shape != after.shape { // what the edges cut is stored anew
				unsynced = unsynced || across(e, cell, before.shape) || across(e, cell, after.shape)
			}
			if errors.Is(err, dosna.ErrCorrupt) && unsynced {
				continue
			}
			if err != nil {
				return fmt.Errorf("%s, cell %v, which may hold %q: %w", n.Path(), cell, past, err)
			}
			if !d.Checked() && unsynced {
				info, err := os.Stat(filepath.Join(root, n.Path(), "c", strconv.Itoa(y), strconv.Itoa(x)))
				if err == nil && info.Size() != int64(e[0]*e[1]) {
					return fmt.Errorf("%s, cell %v of %d bytes was read as %q", n.Path(), cell, info.Size(), got)
				}
				continue // of the right length, and nobody can tell
			}
			if !slices.ContainsFunc(past, func(p string) bool { return cut(p, e, cell, shape) == string(got) }) {
				return fmt.Errorf("%s, shape %v, cell %v holds %q; it may hold %q before and %q after", n.Path(), shape, cell, got, before.past(cell), after.past(cell))
			}
		}
	}
	return nil
}

// deleteAll shows that everything can be made new, and deleted with all leftovers.
func deleteAll(ctx context.Context, conn *dosna.Connection, g *dosna.Group, root string) error {
	for _, path := range []string{"a", "b", "g"} {
		if err := conn.Delete(ctx, path); err != nil && !errors.Is(err, dosna.ErrNotExist) {
			return err
		}
		d, err := conn.CreateDataset(ctx, path, dosna.DatasetSpec{Shape: []int{5, 5}, Type: dtype.Uint8, Chunks: []int{4, 4}})
		if err != nil {
			return err
		}
		got := make([]byte, 25)
		if err := d.ReadRaw(ctx, nd.Selection{}, got); err != nil || slices.Max(got) != 0 {
			return fmt.Errorf("a new dataset holds %v, %w", got, err)
		}
		if err := d.Delete(ctx); err != nil {
			return err
		}
	}
	if err := conn.Close(); err != nil {
		return err
	}
	left, err := os.ReadDir(root)
	if err == nil && len(left) != 1 {
		err = fmt.Errorf("after everything was deleted there are %v", left)
	}
	return err
}

// cutTree checks a tree after losses of power at random.
func cutTree(t *testing.T, s *careless, seed uint64, times int) error {
	ctx := t.Context()
	root := t.TempDir()
	disk := filestore.Record(t, root)
	s.Store = open(t, root)
	chapters, err := live(ctx, disk, s, rand.New(rand.NewPCG(seed, 3)), 40)
	disk.Stop()
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	for i := range times {
		choose := filestore.Chance(seed*1000 + uint64(i))
		to, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			t.Fatal(err)
		}
		n := chapters[0].end + choose(disk.Now()-chapters[0].end+1)
		if err := disk.PowerCut(n, choose, to); err != nil {
			t.Fatal(err)
		}
		at, _ := slices.BinarySearchFunc(chapters, n, func(c chapter, n int) int {
			if c.end <= n {
				return -1
			}
			return 1
		})
		c := chapter{what: "the end", before: chapters[len(chapters)-1].after, after: chapters[len(chapters)-1].after}
		if at < len(chapters) {
			c = chapters[at]
		}
		if err := checkTree(ctx, to, c); err != nil {
			return fmt.Errorf("seed %d, cut %d at %d of %d in %q: %w", seed, i, n, disk.Now(), c.what, err)
		}
		if err := os.RemoveAll(to); err != nil {
			t.Fatal(err)
		}
	}
	return nil
}

// TestPowerCutOfTrees shows that a loss of power leaves a tree that can be read,
// in which what was synced is there, and the rest is old, new, or damaged and
// known to be.
func TestPowerCutOfTrees(t *testing.T) {
	for seed := range uint64(cuts(4)) {
		if err := cutTree(t, &careless{}, seed, 20); err != nil {
			t.Fatal(err)
		}
	}
}

// TestPowerCutOfTreesIsNoticed leaves out what datasets do for it.
func TestPowerCutOfTreesIsNoticed(t *testing.T) {
	for name, c := range map[string]careless{"documents as if they were chunks": {torn: true}, "no sync between the steps": {unordered: true}} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(200) {
				c := c
				if err := cutTree(t, &c, seed, 20); err != nil {
					t.Log(err)
					return
				}
			}
			t.Error("nobody notices")
		})
	}
}
