package dosna_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/zarr"
)

// changeNodes creates nodes, changes their attributes and shapes, moves and deletes
// them, and changes the attributes of the groups that all of them are in.
func changeNodes(j *job, c *dosna.Connection) error {
	r := j.random()
	for i := range j.Times {
		path := fmt.Sprintf("%s/%d of %d", j.Path, i, j.Worker)
		d, err := c.CreateDataset(ctx, path, dosna.DatasetSpec{Shape: []int{4}, Type: dtype.Uint8, Attrs: dosna.Attributes{"i": i}})
		if err != nil {
			return err
		}
		switch r.IntN(5) {
		case 0:
			err = c.Delete(ctx, path)
		case 1:
			err = d.Resize(ctx, []int{5 + i})
		case 2:
			err = c.Move(ctx, path, fmt.Sprintf("%s/moved/%d of %d", j.Path, i, j.Worker))
		case 3:
			err = d.UpdateAttrs(ctx, func(a dosna.Attributes) error { a["changed"] = j.Worker; return nil })
		case 4:
			for _, shared := range []string{"", "g"} {
				g, err := c.OpenGroup(ctx, shared)
				if err == nil {
					err = g.UpdateAttrs(ctx, func(a dosna.Attributes) error { a[fmt.Sprint("of ", j.Worker)] = i; return nil })
				}
				if err != nil {
					return err
				}
			}
		}
		if err != nil {
			return err
		}
		if err := j.report("%d", i); err != nil {
			return err
		}
	}
	return nil
}

// TestProcessesChangeConsolidated: when processes have changed a tree with consolidated
// metadata at the same time, this is there and says what is so. If some of them died
// there may be none, until it is made anew.
func TestProcessesChangeConsolidated(t *testing.T) {
	for _, format := range []int{2, 3} {
		for _, kill := range []bool{false, true} {
			t.Run(fmt.Sprintf("v%d/kill=%v", format, kill), func(t *testing.T) {
				workers, times := hammer()
				times /= 10
				if !testenv.Race && !testing.Short() {
					workers = 16
				}
				root := filepath.Join(testenv.ScratchDir(t), "pool")
				c, err := dosna.Open(ctx, root, &dosna.Options{Mode: dosna.Create, Format: format})
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				if !c.Store().Guarantees().PutIfMatch {
					t.Skip("the file system does not keep writers apart")
				}
				g, err := c.CreateGroup(ctx, "g", nil)
				if err != nil {
					t.Fatal(err)
				}
				top := rootGroup(t, c)
				if err := errors.Join(g.Consolidate(ctx), top.Consolidate(ctx)); err != nil {
					t.Fatal(err)
				}
				begin := time.Now()
				ps := start(t, job{Do: "consolidated", Times: times}, workers, [2]string{root, "g"})
				killed := 0
				if kill {
					killed = killSome(t, ps, rand.New(rand.NewPCG(rand.Uint64(), 1)))
				}
				wait(t, ps)
				t.Logf("%d processes, %d killed, of %d rounds each, in %v", workers, killed, times, time.Since(begin).Round(time.Millisecond))
				for _, group := range []string{"", "g"} {
					if why := lies(t, c.Store(), group, format); why != "" {
						t.Errorf("in %q %s", group, why)
					}
					if !kill && copiesIn(t, c.Store(), group, format) == nil {
						t.Errorf("there are no copies in %q", group)
					}
				}
				if kill {
					if err := errors.Join(g.Consolidate(ctx), top.Consolidate(ctx)); err != nil {
						t.Fatal(err)
					}
					for _, group := range []string{"", "g"} {
						if copiesIn(t, c.Store(), group, format) == nil || lies(t, c.Store(), group, format) != "" {
							t.Errorf("made anew, in %q: %s", group, lies(t, c.Store(), group, format))
						}
					}
				}
				if format == 2 {
					sameAsZarr2(t, root, c.Store())
				}
			})
		}
	}
}

// sameAsZarr2 compares the consolidated metadata of the root with what zarr-python 2
// makes of a copy of the tree.
func sameAsZarr2(t *testing.T, root string, s store.Store) {
	t.Helper()
	python := testenv.Zarr2(t)
	theirs := filepath.Join(testenv.ScratchDir(t), "copy")
	if err := os.CopyFS(theirs, os.DirFS(root)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), python, "-c", `
import sys, zarr
names = []
zarr.open_consolidated(sys.argv[1], mode='r').visit(names.append)
zarr.consolidate_metadata(sys.argv[2])
again = []
zarr.open_consolidated(sys.argv[2], mode='r').visit(again.append)
assert sorted(names) == sorted(again), (names, again)
`, root, theirs)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("zarr-python 2: %v\n%s", err, out)
	}
	documents := func(raw []byte) map[string]any {
		var all struct {
			Metadata map[string]any `json:"metadata"`
		}
		if err := json.Unmarshal(raw, &all); err != nil {
			t.Fatal(err)
		}
		for key, doc := range all.Metadata { // objects of no attributes need not be among them
			members, _ := doc.(map[string]any)
			delete(members, "dosna.consolidating") // which are no part of the copies
			if members != nil && len(members) == 0 && strings.HasSuffix(key, zarr.AttrsKey) {
				delete(all.Metadata, key)
			}
		}
		return all.Metadata
	}
	raw, err := os.ReadFile(filepath.Join(theirs, zarr.ConsolidatedKey))
	if err != nil {
		t.Fatal(err)
	}
	got, want := documents([]byte(value(t, s, zarr.ConsolidatedKey))), documents(raw)
	if len(want) < 2 || !reflect.DeepEqual(got, want) {
		t.Errorf("the copies are %v\nand zarr-python 2 makes %v", got, want)
	}
}
