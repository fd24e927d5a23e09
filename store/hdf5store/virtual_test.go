package hdf5store_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/hdf5store"
)

// virtualPrograms makes virtual datasets as detectors and scans have them, and says what h5py reads.
const virtualPrograms = `
import base64, json, os, sys
import h5py, numpy as np
os.chdir(sys.argv[1])
rng = np.random.default_rng(3)
frames = rng.integers(0, 9, (40, 12, 10)).astype("<u2")
gzip = {"compression": "gzip", "shuffle": True}

# Four writers that take turns, in blocks of three frames.
for k in range(4):
    mine = [i for i in range(40) if i // 3 % 4 == k]
    with h5py.File(f"writer_{k}.h5", "w") as f:
        f.create_dataset("data", data=frames[mine], chunks=(1, 12, 10), **gzip)
# The same, one frame at a time and two in a chunk.
for k in range(4):
    with h5py.File(f"turns_{k}.h5", "w") as f:
        f.create_dataset("data", data=frames[k::4], chunks=(2, 12, 10), **gzip)
# A file for each frame: two dimensions, uncompressed.
for i in range(12):
    with h5py.File(f"frame_{i}.h5", "w") as f:
        f["image"] = frames[i]
# Raw data beside, a number of rows in each of two files.
with open("raw_0.bin", "wb") as f:
    f.write(b"head" + frames[:7].tobytes())
with open("raw_1.bin", "wb") as f:
    f.write(frames[7:10].tobytes())
# One that stores only some chunks, and one that is cut otherwise, and compressed otherwise.
with h5py.File("some.h5", "w") as f:
    d = f.create_dataset("data", (20, 12, 10), "<u2", chunks=(1, 12, 10), **gzip)
    d[3], d[17] = frames[3], frames[17]
with h5py.File("other.h5", "w") as f:
    f.create_dataset("data", data=frames[20:], chunks=(3, 6, 10))

with h5py.File("virtual.h5", "w", libver="latest") as f:
    def virtual(name, shape, put, fill=None):
        layout = h5py.VirtualLayout(shape, "<u2")
        put(layout)
        f.create_virtual_dataset(name, layout, fillvalue=fill)
    def blocks(layout):
        for k in range(4):
            n = len([i for i in range(40) if i // 3 % 4 == k])
            source = h5py.VirtualSource(f"writer_{k}.h5", "data", (n, 12, 10))
            for j in range(0, n, 3):
                begin = (j // 3 * 4 + k) * 3
                m = min(3, 40 - begin)
                layout[begin:begin + m] = source[j:j + m]
    virtual("blocks", (40, 12, 10), blocks)
    def turns(layout):
        for k in range(4):
            layout[k::4] = h5py.VirtualSource(f"turns_{k}.h5", "data", (10, 12, 10))
    virtual("turns", (40, 12, 10), turns)
    def stack(layout):
        for i in range(14):  # the last two are not there
            layout[i] = h5py.VirtualSource(f"frame_{i}.h5", "image", (12, 10))
    virtual("stack", (14, 12, 10), stack, 5)
    def mixed(layout):
        layout[:20] = h5py.VirtualSource("some.h5", "data", (20, 12, 10))
        layout[20:40] = h5py.VirtualSource("other.h5", "data", (20, 12, 10))
    virtual("mixed", (42, 12, 10), mixed)
    def crop(layout):
        layout[:, :, :] = h5py.VirtualSource("writer_0.h5", "data", (10, 12, 10))[1:9, 2:12, 0:5]
    virtual("crop", (8, 10, 5), crop)
    def edge(layout):
        layout[:] = h5py.VirtualSource("turns_0.h5", "data", (10, 12, 10))[:7]
    virtual("edge", (7, 12, 10), edge)
    layout = h5py.VirtualLayout((12, 12, 10), "<u2", maxshape=(None, 12, 10))
    space = h5py.h5s.create_simple((12, 12, 10), (h5py.h5s.UNLIMITED, 12, 10))
    space.select_hyperslab((0, 0, 0), (h5py.h5s.UNLIMITED, 1, 1), (1, 12, 10), (1, 12, 10))
    p = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    whole = h5py.h5s.create_simple((12, 10))
    whole.select_all()
    p.set_virtual(space, b"frame_%b.h5", b"image", whole)
    h5py.h5d.create(f.id, b"numbered", h5py.h5t.STD_U16LE, h5py.h5s.create_simple((0, 12, 10), (h5py.h5s.UNLIMITED, 12, 10)), p)
    f.create_dataset("one raw", (7, 12, 10), "<u2", external=[("raw_0.bin", 4, 7 * 240)])
    f.create_dataset("raw", (10, 12, 10), "<u2", external=[("raw_0.bin", 4, 7 * 240), ("raw_1.bin", 0, 3 * 240)])
with h5py.File("virtual.h5") as f:
    json.dump({name: [list(d.shape), base64.b64encode(d[()].tobytes()).decode()] for name, d in f.items()}, open("want.json", "w"))
`

// Virtual datasets are read as h5py reads them, and where chunks lie as they are in other files, they are
// located there: nothing of them goes into references.
func TestVirtual(t *testing.T) {
	dir := t.TempDir()
	testenv.RunPython(t, []string{"h5py", "numpy"}, virtualPrograms, dir)
	raw, err := os.ReadFile(filepath.Join(dir, "want.json"))
	if err != nil {
		t.Fatal(err)
	}
	var want map[string][2]any
	if err := json.Unmarshal(raw, &want); err != nil || len(want) != 9 {
		t.Fatal(len(want), err)
	}
	c := count(t, dir)
	s, err := hdf5store.Open(t.Context(), c, "virtual.h5", nil)
	if err != nil {
		t.Fatal(err)
	}
	tree, err := dosna.OpenStore(t.Context(), s, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	linked, err := dosna.Open(t.Context(), filepath.Join(dir, "pool"), &dosna.Options{Mode: dosna.Create})
	if err != nil {
		t.Fatal(err)
	}
	defer linked.Close()
	if _, _, err := dosna.LinkFiles(t.Context(), []string{filepath.Join(dir, "virtual.h5")}, linked, "/linked", ""); err != nil {
		t.Fatal(err)
	}
	// How many chunks lie somewhere, and how many have to be made.
	places := map[string][2]int{
		"blocks": {40, 0}, "turns": {0, 20}, "stack": {12, 0}, "numbered": {12, 0}, "edge": {4, 0}, "crop": {0, 8},
		"mixed": {2, 20}, "raw": {0, 1}, "one raw": {1, 0},
	}
	for name, w := range want {
		elements, err := base64.StdEncoding.DecodeString(w[1].(string))
		if err != nil {
			t.Fatal(err)
		}
		for what, path := range map[*dosna.Connection]string{tree: name, linked: "/linked/" + name} {
			d, err := what.OpenDataset(t.Context(), path)
			if err != nil {
				t.Errorf("%s: %v", path, err)
				continue
			}
			got := make([]byte, d.Bytes())
			if err := d.ReadRaw(t.Context(), nd.Sel(nd.Ellipsis()), got); err != nil || !bytes.Equal(got, elements) {
				t.Errorf("%s, chunks of %v: other elements, or %v", path, d.Chunks(), err)
			}
		}
		var found [2]int
		for l, err := range s.Locate(t.Context(), name+"/c/") {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if l.Source != "" {
				found[0]++
				part, _, err := c.Get(t.Context(), l.Source, store.GetOptions{Range: l.Range}, nil)
				chunk, _, err2 := s.Get(t.Context(), l.Key, store.GetOptions{}, nil)
				if err != nil || err2 != nil || !bytes.Equal(part, chunk) {
					t.Errorf("%s is not in %s at %v: %v, %v", l.Key, l.Source, l.Range, err, err2)
				}
			} else {
				found[1]++
			}
		}
		if found != places[name] {
			t.Errorf("%s: %v chunks are located and made, want %v", name, found, places[name])
		}
	}
}

// Files outside the folder are read where that is allowed, and else virtual datasets and raw data do not lead there.
func TestOutside(t *testing.T) {
	dir := t.TempDir()
	testenv.RunPython(t, []string{"h5py", "numpy"}, `
import os, sys
import h5py, numpy as np
os.chdir(sys.argv[1])
os.makedirs("raw"), os.makedirs("master")
a = np.arange(24, dtype="<i4").reshape(4, 6)
with h5py.File("raw/x.h5", "w") as f:
    f.create_dataset("a", data=a, chunks=(1, 6), compression="gzip")
a.tofile("raw/a.bin")
with h5py.File("master/m.h5", "w", libver="latest") as f:
    f["link"] = h5py.ExternalLink("../raw/x.h5", "/a")
    layout = h5py.VirtualLayout((4, 6), "<i4")
    layout[:] = h5py.VirtualSource("../raw/x.h5", "a", (4, 6))
    f.create_virtual_dataset("virtual", layout, fillvalue=-1)
    f.create_dataset("raw", (4, 6), "<i4", external=[(os.path.abspath("raw/a.bin"), 0, 96)])
`, dir)
	master := filepath.Join(dir, "master", "m.h5")
	raw, err := store.AllowPrefixes(filepath.Join(dir, "raw"))
	if err != nil {
		t.Fatal(err)
	}
	for what, allow := range map[string]store.Policy{"allowed": raw, "not": nil} {
		c, err := dosna.Open(t.Context(), master, &dosna.Options{Allow: allow})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		for _, name := range []string{"link", "virtual", "raw"} {
			d, err := c.OpenDataset(t.Context(), name)
			var got []int32
			if err == nil {
				got, err = dosna.ReadAll[int32](t.Context(), d, nd.Sel(nd.At(2)))
			}
			if allow == nil && name != "link" { // which leads to trees, as all links of local trees may
				if !errors.Is(err, store.ErrPermission) {
					t.Errorf("%s, %s: %v, %v", what, name, got, err)
				}
				continue
			}
			if err != nil || !slices.Equal(got, []int32{12, 13, 14, 15, 16, 17}) {
				t.Errorf("%s, %s: %v, %v", what, name, got, err)
			}
		}
	}
	// What is linked leads to the files themselves.
	pool, err := dosna.Open(t.Context(), filepath.Join(dir, "pool"), &dosna.Options{Mode: dosna.Create, Allow: raw})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if _, _, err := dosna.LinkFiles(t.Context(), []string{master + "#/virtual"}, pool, "/v", ""); err != nil {
		t.Fatal(err)
	}
	d, err := pool.OpenDataset(t.Context(), "v")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := dosna.ReadAll[int32](t.Context(), d, nd.Sel(nd.At(3))); err != nil || !slices.Equal(got, []int32{18, 19, 20, 21, 22, 23}) {
		t.Errorf("linked: %v, %v", got, err)
	}
	if err := os.Remove(filepath.Join(dir, "raw", "x.h5")); err != nil {
		t.Fatal(err)
	}
	if got, err := dosna.ReadAll[int32](t.Context(), d, nd.Sel(nd.At(1))); err == nil {
		t.Errorf("the file is gone, and there is %v", got)
	}
}
