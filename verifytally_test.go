package dosna_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/memstore"
	"github.com/dosna/dosna/store/storetest"
)

// findings returns all that Verify tells.
func findings(t *testing.T, c *dosna.Connection, path string) (found []dosna.Finding, v dosna.Verified) {
	t.Helper()
	v, err := c.Verify(ctx, path, dosna.VerifyOptions{Report: func(f dosna.Finding) { found = append(found, f) }})
	if err != nil {
		t.Fatal(err)
	}
	return found, v
}

// TestVerifyGathers gives a dataset a wrong chunk shape, and looks for one finding.
func TestVerifyGathers(t *testing.T) {
	dir := testenv.ScratchDir(t)
	c := create(t, dir)
	for _, path := range []string{"a", "b"} {
		write(t, bytesDataset(t, c, path, []int{600}, []int{2}), ":", 7)
	}
	wrong := strings.Replace(document(t, dir, "a"), `"chunk_shape": [2]`, `"chunk_shape": [300]`, 1)
	if wrong == document(t, dir, "a") {
		t.Fatal(wrong)
	}
	put(t, dir, "a/zarr.json", wrong)
	found, v := findings(t, c, "")
	var outside []dosna.Finding
	for _, f := range found {
		if f.Kind == dosna.Outside {
			outside = append(outside, f)
		}
	}
	if len(outside) != 1 || outside[0].Count != 298 || outside[0].Key != "a/c/10" || v.Findings[dosna.Outside] != 298 {
		t.Fatalf("found %+v", outside)
	}
	if text := outside[0].Err.Error(); !strings.Contains(text, "298 objects") || !strings.Contains(text, `"/a"`) || !strings.Contains(text, "[300]") {
		t.Error(text)
	}
}

// TestVerifyUnfinished finds what dead writers have left, and nothing else by it.
func TestVerifyUnfinished(t *testing.T) {
	dir := testenv.ScratchDir(t)
	c := create(t, dir)
	write(t, bytesDataset(t, c, "a", []int{8}, []int{2}), ":", 7)
	before, _ := findings(t, c, "")
	for i := range 3 {
		put(t, dir, fmt.Sprintf("a/c/%s%d", store.TempPrefix, i), strings.Repeat("?", 100))
	}
	found, v := findings(t, c, "")
	if len(found) != len(before)+1 || v.Findings[dosna.Unfinished] != 3 || v.Losses() != 0 || v.Objects != 4 {
		t.Fatalf("found %+v, %+v", found, v)
	}
	f := found[len(found)-1]
	if f.Kind != dosna.Unfinished || f.Count != 3 || !strings.Contains(f.Err.Error(), "300 bytes") || f.Key != "a/c/"+store.TempPrefix+"0" {
		t.Errorf("found %+v", f)
	}
}

// TestVerifyGoesOn makes each folder of a tree one that cannot be listed: it is told
// of, and what is in the others is looked at.
func TestVerifyPassesRefusedFolders(t *testing.T) {
	below := memstore.New()
	c := open(t, below, dosna.Options{})
	for _, path := range []string{"a", "b/x", "b/y", "c"} {
		d, err := c.CreateDataset(ctx, path, dosna.DatasetSpec{Shape: []int{4, 4}, Type: dtype.Uint8, Chunks: []int{2, 2}})
		if err != nil {
			t.Fatal(err)
		}
		write(t, d, "...", 7)
	}
	all, whole := findings(t, c, "")
	if len(all) > 0 || whole.Objects != 16 {
		t.Fatalf("found %v, %+v", all, whole)
	}
	for folder, lost := range map[string]int{"a/": 4, "a/c/": 4, "b/": 8, "b/x/c/1/": 2, "b/y/": 4, "c/c/0/": 2, "c/": 4} {
		refused := &unlisted{Store: below, folder: folder}
		found, v := findings(t, open(t, refused, dosna.Options{}), "")
		if len(found) != 1 || found[0].Kind != dosna.Unread || found[0].Key != folder || !errors.Is(found[0].Err, fs.ErrPermission) || v.Losses() != 1 {
			t.Errorf("%s: found %v", folder, found)
		}
		if v.Objects != 16-lost {
			t.Errorf("%s: looked at %d objects, want %d", folder, v.Objects, 16-lost)
		}
	}
	gone := open(t, storetest.NewFaults(below, storetest.Plan(storetest.Rule{Op: "List", Fault: storetest.Fail(store.ErrTemporary)})), dosna.Options{})
	if _, err := gone.Verify(ctx, "", dosna.VerifyOptions{}); !errors.Is(err, store.ErrTemporary) {
		t.Errorf("a store that does not answer: %v", err)
	}
}

// TestFolderInPlaceOfAChunk reads as an error that names it, not as fill.
func TestFolderInPlaceOfAChunk(t *testing.T) {
	dir := testenv.ScratchDir(t)
	d := bytesDataset(t, create(t, dir), "a", []int{8}, []int{2})
	write(t, d, ":", 7)
	for _, in := range []string{"", "/deeper"} {
		if err := errors.Join(os.RemoveAll(filepath.Join(dir, "a/c/1")), os.MkdirAll(filepath.Join(dir, "a/c/1"+in), 0o755)); err != nil {
			t.Fatal(err)
		}
		_, err := dosna.ReadAll[uint8](ctx, d, selection(t, ":"))
		if !errors.Is(err, dosna.ErrCorrupt) || !strings.Contains(err.Error(), "a/c/1") {
			t.Errorf("read: %v", err)
		}
		if _, err := dosna.ReadAll[uint8](ctx, d, selection(t, ":2")); err != nil {
			t.Errorf("the others: %v", err)
		}
	}
}
