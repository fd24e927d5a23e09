package dosna_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/store"
)

// put writes a file below a directory.
func put(t testing.TB, dir, key, text string) {
	t.Helper()
	file := filepath.Join(dir, filepath.FromSlash(key))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// verify returns what Verify finds, as "kind key", and what it counts.
func verify(t testing.TB, c *dosna.Connection, path string, o dosna.VerifyOptions) ([]string, dosna.Verified) {
	t.Helper()
	var found []string
	o.Report = func(f dosna.Finding) {
		found = append(found, string(f.Kind)+" "+f.Key)
		if f.Err == nil {
			t.Errorf("%s %s without an error", f.Kind, f.Key)
		}
	}
	v, err := c.Verify(ctx, path, o)
	if err != nil {
		t.Fatal(err)
	}
	return found, v
}

const (
	groupDoc  = `{"zarr_format": 3, "node_type": "group"}`
	markedDoc = `{"zarr_format": 3, "node_type": "group", "dosna.deleting": {"must_understand": true}}`
)

// brokenTree is a tree with everything that can be wrong in one, and what Verify
// is to find in it.
func brokenTree(t testing.TB, dir string) (c *dosna.Connection, want []string) {
	t.Helper()
	c = create(t, dir)
	for path, spec := range map[string]dosna.DatasetSpec{
		"a/good":      {Shape: []int{40}, Type: dtype.Uint8, Chunks: []int{10}},
		"a/damaged":   {Shape: []int{40}, Type: dtype.Uint8, Chunks: []int{10}},
		"a/sharded":   {Shape: []int{40}, Type: dtype.Uint8, Chunks: []int{5}, Shards: []int{10}},
		"a/unchecked": {Shape: []int{40}, Type: dtype.Uint8, Chunks: []int{10}, Checksum: "none", Codec: "none"},
		"a/nonsense":  {Shape: []int{40}, Type: dtype.Uint8, Chunks: []int{10}},
		"a/unknown":   {Shape: []int{40}, Type: dtype.Uint8, Chunks: []int{10}},
		"a/v2keys":    {Shape: []int{4, 4}, Type: dtype.Uint8, Chunks: []int{2, 2}, Keys: "v2"},
		"bare/node":   {Shape: []int{40}, Type: dtype.Uint8, Chunks: []int{10}},
		"cut":         {Shape: []int{40}, Type: dtype.Uint8, Chunks: []int{10}},
	} {
		d, err := c.CreateDataset(ctx, path, spec)
		if err != nil {
			t.Fatal(err)
		}
		write(t, d, "...", 5)
	}
	damage(t, dir+"/a/damaged/c/2")
	damage(t, dir+"/a/sharded/c/0")
	put(t, dir, "a/nonsense/zarr.json", "{")
	put(t, dir, "a/unknown/zarr.json", strings.Replace(document(t, dir, "a/good"), "zstd", "zpaq", 1))
	put(t, dir, "a/v2keys/c/0/0", "?")
	if err := os.Remove(dir + "/bare/zarr.json"); err != nil {
		t.Fatal(err)
	}
	if err := dataset(t, c, "cut").Resize(ctx, []int{15}); err != nil {
		t.Fatal(err)
	}
	put(t, dir, "cut/c/3", "?")
	put(t, dir, "going/zarr.json", markedDoc)
	put(t, dir, "going/x/c/0", "?")
	put(t, dir, "going/x/zarr.json", groupDoc)
	put(t, dir, "lost/c/0/0", "?")
	put(t, dir, "lost/c/0/1", "?")
	put(t, dir, "__reserved/zarr.json", groupDoc)
	put(t, dir, "readme.txt", "?")
	return c, []string{
		"stray __reserved/",
		"damaged a/damaged/c/2",
		"unreadable a/nonsense/zarr.json",
		"damaged a/sharded/c/0",
		"unchecked a/unchecked/zarr.json",
		"unreadable a/unknown/zarr.json",
		"stray a/v2keys/c/0/0",
		"stray bare/",
		"cut cut/zarr.json",
		"outside cut/c/3",
		"deleting going/zarr.json",
		"stray lost/",
		"stray readme.txt",
	}
}

func document(t testing.TB, dir, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, path, "zarr.json"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestVerifyFindsEverything(t *testing.T) {
	c, want := brokenTree(t, testenv.ScratchDir(t))
	found, v := verify(t, c, "", dosna.VerifyOptions{})
	if !slices.Equal(found, want) {
		t.Errorf("found\n%s\nwant\n%s", strings.Join(found, "\n"), strings.Join(want, "\n"))
	}
	kinds := map[dosna.FindingKind]int{}
	for _, f := range found {
		kind, _, _ := strings.Cut(f, " ")
		kinds[dosna.FindingKind(kind)]++
	}
	// of 4 groups the folder bare has no metadata, and the marked one has children
	if !maps.Equal(v.Findings, kinds) || v.Losses() != 4 || v.Datasets != 7 || v.Nodes != 10 || v.Objects != 4+4+4+4+4+4+2 || v.Bytes == 0 {
		t.Errorf("counted %+v", v)
	}
	for path, want := range map[string]string{
		"a/damaged":  "damaged a/damaged/c/2",
		"a/nonsense": "unreadable a/nonsense/zarr.json",
		"going":      "deleting going/zarr.json",
		"a/good":     "",
	} {
		if found, _ := verify(t, c, path, dosna.VerifyOptions{}); strings.Join(found, "\n") != want {
			t.Errorf("%s: found %q", path, found)
		}
	}
	for path, want := range map[string]error{"nothing": dosna.ErrNotExist, "lost": dosna.ErrNotExist, "a/../b": dosna.ErrInvalid} {
		if _, err := c.Verify(ctx, path, dosna.VerifyOptions{}); !errors.Is(err, want) {
			t.Errorf("verified %q: %v", path, err)
		}
	}
}

// TestVerifyGoesOn stops after every step, and begins anew where it was told to.
func TestVerifyGoesOn(t *testing.T) {
	dir := testenv.ScratchDir(t)
	c, _ := brokenTree(t, dir)
	big := bytesDataset(t, c, "a/big", []int{2000}, []int{1})
	write(t, big, ":", 3)
	damage(t, dir+"/a/big/c/777")
	want, all := verify(t, c, "", dosna.VerifyOptions{})
	stop := errors.New("stop")
	var found []string
	var sum dosna.Verified
	after, runs := "", 0
	for {
		runs++
		var last dosna.Verified
		v, err := c.Verify(ctx, "", dosna.VerifyOptions{
			After:  after,
			Report: func(f dosna.Finding) { found = append(found, string(f.Kind)+" "+f.Key) },
			Passed: func(v dosna.Verified) error { last = v; return stop },
		})
		if err == nil {
			last = v
		}
		sum.Nodes, sum.Datasets, sum.Objects, sum.Bytes = sum.Nodes+last.Nodes, sum.Datasets+last.Datasets, sum.Objects+last.Objects, sum.Bytes+last.Bytes
		if err == nil {
			break
		}
		if !errors.Is(err, stop) || last.Last <= after {
			t.Fatal(err, last.Last)
		}
		after = last.Last
	}
	if runs < 4 || !slices.Equal(found, want) {
		t.Errorf("found in %d runs\n%s\nwant\n%s", runs, strings.Join(found, "\n"), strings.Join(want, "\n"))
	}
	if sum.Nodes != all.Nodes || sum.Datasets != all.Datasets || sum.Objects != all.Objects || sum.Bytes != all.Bytes {
		t.Errorf("counted %+v, want %+v", sum, all)
	}
}

// TestVerifyAmongWriters changes the tree in the middle of it: nothing of that is
// damage.
func TestVerifyAmongWriters(t *testing.T) {
	for name, change := range map[string]func(t *testing.T, c *dosna.Connection){
		"recreated with other codecs": func(t *testing.T, c *dosna.Connection) {
			if err := c.Delete(ctx, "x"); err != nil {
				t.Fatal(err)
			}
			d, err := c.CreateDataset(ctx, "x", dosna.DatasetSpec{Shape: []int{40}, Type: dtype.Uint8, Chunks: []int{10}, Codec: "none"})
			if err != nil {
				t.Fatal(err)
			}
			write(t, d, ":", 9)
		},
		"deleted": func(t *testing.T, c *dosna.Connection) {
			if err := c.Delete(ctx, "x"); err != nil {
				t.Fatal(err)
			}
		},
		"grown and written": func(t *testing.T, c *dosna.Connection) {
			d := dataset(t, c, "x")
			if err := d.Resize(ctx, []int{80}); err != nil {
				t.Fatal(err)
			}
			write(t, d, ":", 9)
		},
	} {
		t.Run(name, func(t *testing.T) {
			h, through, direct := two(t, dosna.Options{})
			write(t, bytesDataset(t, direct, "x", []int{40}, []int{10}), ":", 5)
			done := false
			h.before = func(op, key string) error {
				if op == "get" && strings.HasPrefix(key, "x/c/") && !done {
					done = true
					change(t, direct)
				}
				return nil
			}
			if found, _ := verify(t, through, "", dosna.VerifyOptions{}); len(found) > 0 || !done {
				t.Errorf("found %q", found)
			}
		})
	}
}

func TestVerifyStopsWhereItCannotLook(t *testing.T) {
	h, c, direct := two(t, dosna.Options{})
	write(t, bytesDataset(t, direct, "x", []int{40}, []int{10}), ":", 5)
	var fault error
	h.before = func(op, key string) error {
		if op == "get" && key == "x/c/1" {
			return fault
		}
		return nil
	}
	fault = &store.Error{Op: "get", Store: "here", Key: "x/c/1", Err: fs.ErrPermission}
	if found, v := verify(t, c, "", dosna.VerifyOptions{}); !slices.Equal(found, []string{"unread x/c/1"}) || v.Losses() != 1 {
		t.Errorf("an object that may not be read: found %q", found)
	}
	fault = &store.Error{Op: "get", Store: "here", Key: "x/c/1", Err: store.ErrTemporary}
	if _, err := c.Verify(ctx, "", dosna.VerifyOptions{}); !errors.Is(err, store.ErrTemporary) || !strings.Contains(err.Error(), "x/c/1") {
		t.Errorf("an object that cannot be had now: %v", err)
	}
	fault = nil
	g := h.Store.Guarantees()
	g.ListSorted = false
	h.promises = &g
	if _, err := c.Verify(ctx, "", dosna.VerifyOptions{After: "x/c/1"}); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("went on in the middle of what is not in order: %v", err)
	}
	if found, v := verify(t, c, "", dosna.VerifyOptions{Passed: func(dosna.Verified) error { return fmt.Errorf("called") }}); len(found) > 0 || v.Objects != 4 {
		t.Errorf("not in order: found %q, %+v", found, v)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := c.Verify(ended, "", dosna.VerifyOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that is done: %v", err)
	}
}
