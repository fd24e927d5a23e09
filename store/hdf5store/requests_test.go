package hdf5store_test

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/filestore"
	"github.com/dosna/dosna/store/hdf5store"
)

// counting counts journeys, and is far away. Ranges that are asked for together are one.
type counting struct {
	store.Store
	mu    sync.Mutex
	n     int
	bytes int
}

func (c *counting) count(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
	c.bytes += n
}

func (c *counting) Guarantees() store.Guarantees {
	g := c.Store.Guarantees()
	g.Remote = true
	return g
}

func (c *counting) Get(ctx context.Context, key string, o store.GetOptions, dst []byte) ([]byte, store.Info, error) {
	got, info, err := c.Store.Get(ctx, key, o, dst)
	c.count(len(got) - len(dst))
	return got, info, err
}

func (c *counting) GetRanges(ctx context.Context, key string, cond store.Cond, spans []nd.Span) (store.Info, error) {
	n := 0
	for _, s := range spans {
		n += len(s.Dst)
	}
	c.count(n)
	return store.GetRanges(ctx, c.Store, key, cond, spans)
}

func (c *counting) Stat(ctx context.Context, key string) (store.Info, error) {
	c.count(0)
	return c.Store.Stat(ctx, key)
}

func count(t *testing.T, dir string) *counting {
	t.Helper()
	below, err := filestore.Open(dir, store.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return &counting{Store: below}
}

// A file is opened, its root listed with all that is known of what is in it, and the first row of a
// dataset read, in a handful of journeys.
func TestFewRequests(t *testing.T) {
	dir := fixtures(t)
	for name, all := range cases(t, dir) {
		if strings.HasPrefix(name, "virtual") || name == "described-latest.h5" {
			continue // these have other files, and attributes of a megabyte
		}
		c := count(t, dir)
		s, err := hdf5store.Open(t.Context(), c, name, nil)
		if err != nil {
			t.Fatal(err)
		}
		tree, err := dosna.OpenStore(t.Context(), s, nil)
		if err != nil {
			t.Fatal(err)
		}
		if c.n > 6 || c.n > 2 && !strings.HasPrefix(name, "filters") { // which has a group of 200 in two megabytes
			t.Errorf("%s: %d requests to open it", name, c.n)
		}
		first := ""
		root, err := tree.OpenGroup(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		for n, err := range root.Children(t.Context()) {
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if d, ok := n.(*dosna.Dataset); ok && first == "" && d.Type().Size() > 0 && len(d.Shape()) > 0 && !slices.Contains(d.Shape(), 0) && all[d.Path()].Data != nil {
				first = d.Path()
			}
		}
		if listed := c.n; listed > 7 || listed > 3 && !strings.HasPrefix(name, "filters") {
			t.Errorf("%s: %d requests with the list", name, c.n)
		}
		if c.n = 0; first != "" {
			d, err := tree.OpenDataset(t.Context(), first)
			if err != nil {
				t.Fatal(err)
			}
			row := make([]byte, d.Bytes()/d.Shape()[0])
			if err := d.ReadRaw(t.Context(), nd.Sel(nd.At(0), nd.Ellipsis()), row); err != nil {
				t.Errorf("%s: %s: %v", name, first, err)
			}
			chunks := 1
			for i, n := range d.Shape()[1:] {
				chunks *= (n + d.Chunks()[i+1] - 1) / d.Chunks()[i+1]
			}
			if c.n > 1+chunks { // the chunks are asked for at the same time
				t.Errorf("%s: %d requests for a row of %s", name, c.n, first)
			}
		}
		tree.Close()
	}
}

const scattered = `
import sys
import h5py
import numpy as np
with h5py.File(sys.argv[1], "w") as f:
    for i in range(60):
        d = f.create_dataset(f"entry/{i}", data=np.full(100_000, i, "<i4"), chunks=(20_000,))
        d.attrs["units"], d.attrs["number"] = "mm", i
        f.create_group(f"entry/group {i}").attrs["text"] = "text"
    d = f.create_dataset("tree", (20000, 8), "u1", chunks=(1, 8))
    for i in range(20000):
        d.id.write_direct_chunk((i, 0), bytes([i % 251] * 8))
        if i % 40 == 0:
            f.create_dataset(f"between/{i}", data=np.zeros(10_000, "u1"))
`

// What is all over a file is read together, too: the headers of what a group has, and the leaves of an index.
func TestScattered(t *testing.T) {
	path := filepath.Join(t.TempDir(), "scattered.h5")
	testenv.RunPython(t, []string{"h5py", "numpy"}, scattered, path)
	c := count(t, filepath.Dir(path))
	s, err := hdf5store.Open(t.Context(), c, filepath.Base(path), nil)
	if err != nil {
		t.Fatal(err)
	}
	tree, err := dosna.OpenStore(t.Context(), s, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	entry, err := tree.OpenGroup(t.Context(), "entry")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for n, err := range entry.Children(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if d, ok := n.(*dosna.Dataset); ok {
			found += len(d.Shape())
		}
	}
	if found != 60 || c.n > 7 {
		t.Errorf("%d datasets in %d requests", found, c.n)
	}
	c.n = 0
	d, err := tree.OpenDataset(t.Context(), "tree")
	if err != nil {
		t.Fatal(err)
	}
	row := make([]byte, 8)
	if err := d.ReadRaw(t.Context(), nd.Sel(nd.At(19999), nd.Ellipsis()), row); err != nil || row[0] != 19999%251 {
		t.Errorf("%v, %v", row, err)
	}
	if c.n > 12 {
		t.Errorf("%d requests for an index of 20,000 chunks", c.n)
	}
}
