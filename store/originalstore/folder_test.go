package originalstore_test

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/filestore"
	"github.com/dosna/dosna/store/originalstore"
	"github.com/dosna/dosna/store/present"
)

//go:embed testdata/folder.py
var folderProgram string

// inFolder is what the first DosNa stored.
type inFolder struct {
	Shape, Chunk []int
	Type         string
	Chunks       [][]int
	Data, Fill   []byte
}

// connection returns a folder of the first DosNa, and what is in it.
func connection(t *testing.T) (string, map[string]inFolder) {
	t.Helper()
	dir := t.TempDir()
	testenv.RunPython(t, []string{"h5py", "numpy"}, folderProgram, dir)
	raw, err := os.ReadFile(filepath.Join(dir, "values.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]inFolder
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	return dir, all
}

func same(t *testing.T, d *dosna.Dataset, w inFolder) {
	t.Helper()
	got := make([]byte, d.Bytes())
	if err := d.ReadRaw(t.Context(), nd.Sel(nd.Ellipsis()), got); err != nil {
		t.Errorf("%s: %v", d, err)
		return
	}
	if !bytes.Equal(got, w.Data) || !bytes.Equal(d.Fill(), w.Fill) && d.Type().Format(d.Fill()) != d.Type().Format(w.Fill) {
		t.Errorf("%s: other elements, or fill value: %s", d, d.Type().FormatFill(d.Fill()))
	}
	if d.Type().NumPy(dtype.Little) != w.Type || !slices.Equal(d.Shape(), w.Shape) || !slices.Equal(d.Spec().Chunks, w.Chunk) {
		t.Errorf("%s: %s %v in chunks of %v; want %+v", d, d.Type(), d.Shape(), d.Spec().Chunks, w)
	}
}

// Every dataset is read in place as it was stored, and is so where it was copied to.
func TestFolder(t *testing.T) {
	dir, all := connection(t)
	for _, address := range []string{dir, "file://" + filepath.ToSlash(dir)} {
		c, err := dosna.Open(t.Context(), address, nil)
		if err != nil {
			t.Fatal(err)
		}
		root, err := c.OpenGroup(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		var found []string
		for n, err := range root.Walk(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if d, ok := n.(*dosna.Dataset); ok {
				path := strings.TrimPrefix(d.Path(), "/")
				found = append(found, path)
				same(t, d, all[path])
			}
		}
		if len(found) != len(all) || len(all) < 19 {
			t.Errorf("%q of %d datasets", found, len(all))
		}
		pool := filepath.Join(t.TempDir(), "pool")
		to, err := dosna.Open(t.Context(), pool, &dosna.Options{Mode: dosna.Create})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := dosna.Copy(t.Context(), root, to, "/moved", nil); err != nil {
			t.Fatal(err)
		}
		for path, w := range all {
			d, err := to.OpenDataset(t.Context(), "/moved/"+path)
			if err != nil {
				t.Fatal(err)
			}
			same(t, d, w)
		}
		// A dataset can be opened by its own folder.
		one, err := dosna.Open(t.Context(), address+"/frames", nil)
		if err != nil {
			t.Fatal(err)
		}
		d, err := one.OpenDataset(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		same(t, d, all["frames"])
		for _, c := range []*dosna.Connection{c, to, one} {
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

func folderStore(t *testing.T, dir string) *present.Store {
	t.Helper()
	below, err := filestore.Open(dir, store.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s := originalstore.NewFolder(below, filepath.ToSlash(dir))
	t.Cleanup(func() { s.Close() })
	return s
}

// The chunks are those that were stored, and most of them are parts of their files.
func TestFolderChunks(t *testing.T) {
	dir, all := connection(t)
	s := folderStore(t, dir)
	for path, w := range all {
		chunks, there := 0, 0
		for l, err := range s.Locate(t.Context(), path+"/") {
			if err != nil {
				t.Fatal(err)
			}
			data, info, err := s.Get(t.Context(), l.Key, store.GetOptions{}, nil)
			if err != nil || int64(len(data)) != l.Size || info.Size != l.Size {
				t.Errorf("%s: %d bytes, want %d: %v", l.Key, len(data), l.Size, err)
			}
			if strings.HasSuffix(l.Key, "/zarr.json") {
				continue
			}
			chunks++
			if l.Source == "" {
				continue
			}
			there++
			raw, err := os.ReadFile(l.Source)
			if err != nil || !bytes.Equal(raw[l.Range.Off:l.Range.Off+l.Range.Len], data) || l.Whole != int64(len(raw)) {
				t.Errorf("%s is not at %+v: %v", l.Key, l, err)
			}
		}
		if unwritten := map[string]int{"frames": 1}[path]; chunks != len(w.Chunks) || there != chunks-unwritten {
			t.Errorf("%s: %d chunks, %d in files, want %d", path, chunks, there, len(w.Chunks))
		}
	}
	for _, key := range []string{"frames/c/1/1", "frames/c/9/9", "frames/c/0", "none/zarr.json", "nothing/zarr.json", "frames/dataset.h5", "many/c/00"} {
		if _, err := s.Stat(t.Context(), key); !errors.Is(err, store.ErrNotExist) {
			t.Errorf("%s: %v", key, err)
		}
	}
	if _, err := s.Put(t.Context(), "x", nil, store.Cond{}); !errors.Is(err, store.ErrPermission) || !strings.Contains(err.Error(), "dosna migrate") {
		t.Errorf("put: %v", err)
	}
}

// What is damaged is an error, and never a chunk that is missing or has other values.
func TestFolderDamaged(t *testing.T) {
	dir, _ := connection(t)
	s := folderStore(t, dir)
	move := func(from, to string) {
		t.Helper()
		raw, err := os.ReadFile(filepath.Join(dir, from))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, to), raw, 0o666)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	move("volume/chunk_0_0_0.h5", "frames/chunk_1_1.h5")      // another shape
	move("type-int8/chunk_0_0.h5", "type-uint8/chunk_0_0.h5") // another type
	move("volume/dataset.h5", "volume/chunk_0_0_0.h5")        // no data
	move("values.json", "whole/chunk_0_0.h5")                 // no HDF5
	move("values.json", "texts/dataset.h5")
	for _, key := range []string{"frames/c/1/1", "type-uint8/c/0/0", "volume/c/0/0/0", "whole/c/0/0", "texts/zarr.json", "texts/c/0"} {
		if _, _, err := s.Get(t.Context(), key, store.GetOptions{}, nil); !errors.Is(err, store.ErrCorrupt) {
			t.Errorf("%s: %v", key, err)
		}
	}
	if _, _, err := s.Get(t.Context(), "frames/c/0/0", store.GetOptions{}, nil); err != nil {
		t.Error(err)
	}
	whole, err := os.ReadFile(filepath.Join(dir, "frames", "dataset.h5"))
	if err != nil {
		t.Fatal(err)
	}
	for at := 0; at < len(whole); at += 7 {
		bad := bytes.Clone(whole)
		bad[at] ^= 0xff
		if err := os.WriteFile(filepath.Join(dir, "frames", "dataset.h5"), bad, 0o666); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.Get(t.Context(), "frames/zarr.json", store.GetOptions{}, nil); errors.Is(err, store.ErrNotExist) {
			t.Errorf("byte %d: %v", at, err)
		}
	}
}

// Only folders with a dataset in them, and no tree of ours, are taken for such.
func TestHoldsFolder(t *testing.T) {
	dir := t.TempDir()
	holds := func() bool {
		t.Helper()
		below, err := filestore.Open(dir, store.OpenOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer below.Close()
		ok, err := originalstore.HoldsFolder(t.Context(), below)
		if err != nil {
			t.Fatal(err)
		}
		return ok
	}
	put := func(name string, data []byte) {
		t.Helper()
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if holds() {
		t.Error("an empty folder is one")
	}
	dataset, err := os.ReadFile("testdata/connection/flags/dataset.h5")
	if err != nil {
		t.Fatal(err)
	}
	chunk, err := os.ReadFile("testdata/connection/flags/chunk_0.h5")
	if err != nil {
		t.Fatal(err)
	}
	put("a/other.h5", dataset)
	put("a2/dataset.h5", chunk)
	put("a3/dataset.h5", []byte("text"))
	if holds() {
		t.Error("a folder without datasets of the first DosNa is one")
	}
	put("b/dataset.h5", dataset)
	if !holds() {
		t.Error("a folder with a dataset is none")
	}
	put("zarr.json", nil)
	if holds() {
		t.Error("a tree of ours is one")
	}
}
