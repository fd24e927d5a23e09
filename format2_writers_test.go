package dosna_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store/memstore"
)

// TestV2DeathAtEveryRequest lets the process die at every request that changes the
// store. A reader that knows nothing of v3 finds all of a dataset or none of it, and
// what is left is no obstacle.
func TestV2DeathAtEveryRequest(t *testing.T) {
	dead := errors.New("dead")
	spec := dosna.DatasetSpec{Shape: []int{8}, Type: dtype.Uint8, Chunks: []int{4}, Codec: "none", Attrs: dosna.Attributes{"a": 1}}
	for name, act := range map[string]func(c *dosna.Connection) error{
		"create": func(c *dosna.Connection) error {
			_, err := c.CreateDataset(ctx, "g/new", spec)
			return err
		},
		"delete": func(c *dosna.Connection) error { return c.Delete(ctx, "g/x") },
		"deep":   func(c *dosna.Connection) error { return c.Delete(ctx, "g") },
		"copy": func(c *dosna.Connection) error {
			_, err := dosna.Copy(ctx, dataset(t, c, "g/x"), c, "g/new", nil)
			return err
		},
	} {
		for fail := 0; ; fail++ {
			below := memstore.New()
			direct := open(t, below, dosna.Options{Format: 2})
			d, err := direct.CreateDataset(ctx, "g/x", spec)
			if err != nil {
				t.Fatal(err)
			}
			write(t, d, ":", 7)
			putValue(t, below, "g/new/0", "litter") // of somebody who died
			h := &hooked{Store: below}
			n := 0
			h.before = func(op, key string) error {
				if op == "put" || op == "delete" {
					if n++; n > fail {
						return dead
					}
				}
				return nil
			}
			c, err := dosna.OpenStore(ctx, h, &dosna.Options{Mode: dosna.ReadWrite})
			if err != nil {
				t.Fatal(err)
			}
			err = act(c)
			// what somebody sees who looks at .zarray alone
			all := keys(t, below)
			if slices.Contains(all, "g/x/.zarray") != (slices.Contains(all, "g/x/0") && slices.Contains(all, "g/x/1")) && slices.Contains(all, "g/x/.zarray") {
				t.Fatalf("%s, %d changes: an array without its chunks: %v", name, fail, all)
			}
			if slices.Contains(all, "g/new/.zarray") && slices.Contains(all, "g/new/0") && value(t, below, "g/new/0") == "litter" {
				t.Fatalf("%s, %d changes: an array with another's content: %v", name, fail, all)
			}
			for _, path := range []string{"g/x", "g/new"} {
				n, again := direct.Open(ctx, path)
				if again != nil && !errors.Is(again, dosna.ErrNotExist) {
					t.Fatalf("%s, %d changes: %v", name, fail, again)
				}
				if d, ok := n.(*dosna.Dataset); ok && (path == "g/x" || name == "copy") && fmt.Sprint(read(t, d, ":")) != "[7 7 7 7 7 7 7 7]" {
					t.Fatalf("%s, %d changes: %s is %v", name, fail, path, read(t, d, ":"))
				}
				if d, ok := n.(*dosna.Dataset); ok && fmt.Sprint(d.Attrs()) != "map[a:1]" {
					t.Fatalf("%s, %d changes: attributes %v", name, fail, d.Attrs())
				}
				if again == nil {
					if err := direct.Delete(ctx, path); err != nil {
						t.Fatalf("%s, %d changes: %v", name, fail, err)
					}
				}
				made, err := direct.CreateDataset(ctx, path, dosna.DatasetSpec{Shape: []int{8}, Type: dtype.Uint8, Chunks: []int{4}, Codec: "none"})
				if err != nil {
					t.Fatalf("%s, %d changes: create %s again: %v", name, fail, path, err)
				}
				if got := fmt.Sprint(read(t, made, ":"), made.Attrs()); got != "[0 0 0 0 0 0 0 0] map[]" {
					t.Fatalf("%s, %d changes: what is new in %s: %s", name, fail, path, got)
				}
			}
			if n <= fail {
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				break
			}
		}
	}
}

// TestV2AttributesOfADeleted: attributes that come late do not become those of
// another dataset.
func TestV2AttributesOfADeleted(t *testing.T) {
	for when := 1; ; when++ {
		below := memstore.New()
		h := &hooked{Store: below}
		c := open(t, h, dosna.Options{Format: 2})
		direct := open(t, below, dosna.Options{})
		d := bytesDataset(t, c, "x", []int{4}, []int{4})
		n := 0
		h.before = func(op, key string) error {
			if n++; n == when {
				return direct.Delete(ctx, "x")
			}
			return nil
		}
		err := d.UpdateAttrs(ctx, func(a dosna.Attributes) error { a["late"] = 1; return nil })
		done := n < when
		h.before = nil
		if !done {
			if err != nil && !errors.Is(err, dosna.ErrNotExist) {
				t.Fatalf("deleted at request %d: %v", when, err)
			}
			wantKeys(t, below, ".zgroup")
			continue
		}
		if err != nil || when < 4 {
			t.Fatalf("%d requests, %v", when, err)
		}
		return
	}
}

// TestV2AttributesFromMany: changes to attributes are applied again where somebody
// else has changed them.
func TestV2AttributesFromMany(t *testing.T) {
	below := memstore.New()
	h := &hooked{Store: below}
	c := open(t, h, dosna.Options{Format: 2})
	direct := open(t, below, dosna.Options{})
	d := bytesDataset(t, c, "x", []int{4}, []int{4})
	n := 0
	h.before = func(op, key string) error {
		if op == "put" && key == "x/.zattrs" && n < 3 {
			n++
			setAttr(t, dataset(t, direct, "x"), fmt.Sprint("other", n), n)
		}
		return nil
	}
	setAttr(t, d, "mine", 1)
	if got := fmt.Sprint(dataset(t, direct, "x").Attrs()); got != "map[mine:1 other1:1 other2:2 other3:3]" {
		t.Errorf("attributes %s", got)
	}
}

// TestV2FromMany: of those who create a node at the same time one does, none of those
// who create others is lost, and nothing is left of the rest.
func TestV2FromMany(t *testing.T) {
	const many = 8
	rounds := 20
	if testing.Short() {
		rounds = 5
	}
	for _, address := range []string{"mem://", testenv.ScratchDir(t)} {
		c, err := dosna.Open(ctx, address, &dosna.Options{Mode: dosna.Create, Format: 2})
		if err != nil {
			t.Fatal(err)
		}
		created := 0
		for round := range rounds {
			path := fmt.Sprintf("g%d", round)
			errs, made := make([]error, many), make([]error, many)
			var all sync.WaitGroup
			for i := range many {
				all.Go(func() {
					_, errs[i] = c.CreateDataset(ctx, path+"/same", dosna.DatasetSpec{Shape: []int{i + 1}, Type: dtype.Uint8, Chunks: []int{4}, Attrs: dosna.Attributes{"by": i}})
					d, err := c.CreateDataset(ctx, fmt.Sprint(path, "/own", i), dosna.DatasetSpec{Shape: []int{4}, Type: dtype.Uint8, Chunks: []int{4}})
					if err == nil {
						err = dosna.Write(ctx, d, nd.Selection{}, []uint8{uint8(i)})
					}
					if g, again := c.OpenGroup(ctx, path); err == nil && again == nil {
						err = g.UpdateAttrs(ctx, func(a dosna.Attributes) error { a[fmt.Sprint(i)] = i; return nil })
					} else {
						err = errors.Join(err, again)
					}
					made[i] = err
				})
			}
			all.Wait()
			if err := errors.Join(made...); err != nil {
				t.Fatal(err)
			}
			winners := 0
			for i, err := range errs {
				if err == nil {
					winners++
					d := dataset(t, c, path+"/same")
					if d.Shape()[0] != i+1 || fmt.Sprint(d.Attrs()) != fmt.Sprintf("map[by:%d]", i) {
						t.Errorf("%s: created by %d, and it is of shape %v with %v", path, i, d.Shape(), d.Attrs())
					}
				} else if !errors.Is(err, dosna.ErrExist) && !errors.Is(err, dosna.ErrConflict) {
					t.Error(err)
				}
			}
			created += winners
			if winners > 1 {
				t.Errorf("%s: %d have created it", path, winners)
			}
			if g, err := c.OpenGroup(ctx, path); err != nil || len(g.Attrs()) != many {
				t.Errorf("attributes %v %v", g.Attrs(), err)
			}
			for i := range many {
				if got := read(t, dataset(t, c, fmt.Sprint(path, "/own", i)), ":"); got[0] != uint8(i) {
					t.Errorf("%v", got)
				}
			}
		}
		t.Logf("created in %d of %d rounds", created, rounds)
		for _, key := range keys(t, c.Store()) {
			if strings.HasSuffix(key, "zarr.json") {
				t.Errorf("%s is left", key)
			}
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestV2Resume: a copy in Zarr v2 that was interrupted is gone on with.
func TestV2Resume(t *testing.T) {
	src := grown(t, memstore.New(), 3)
	n, err := src.Open(ctx, "a")
	if err != nil {
		t.Fatal(err)
	}
	dead := errors.New("dead")
	for fail := 0; ; fail++ {
		below := memstore.New()
		h := &hooked{Store: below}
		to := open(t, h, dosna.Options{Format: 2})
		left := fail
		h.before = func(op, key string) error {
			if op == "put" || op == "delete" {
				if left--; left < 0 {
					return dead
				}
			}
			return nil
		}
		_, err := dosna.Copy(ctx, n, to, "copy", &dosna.CopyOptions{Resume: true})
		h.before = nil
		if err != nil {
			g, again := to.OpenGroup(ctx, "copy")
			if again == nil { // all but the removal of the mark
				setAttr(t, g, "a", 1)
			} else if _, err := dosna.Copy(ctx, n, to, "copy", &dosna.CopyOptions{Resume: true}); err != nil {
				t.Fatalf("%d changes: %v", fail, err)
			}
		}
		if got, want := walkedText(t, to, "copy"), strings.ReplaceAll(walkedText(t, src, "a"), "/a/", "/copy/"); got != want {
			t.Fatalf("%d changes: got %s, want %s", fail, got, want)
		}
		if got := fmt.Sprint(read(t, dataset(t, to, "copy/deep/y"), ":")); got != "[1 1 1 1]" {
			t.Fatalf("%d changes: %s", fail, got)
		}
		for _, key := range keys(t, below) {
			if strings.HasSuffix(key, "zarr.json") {
				t.Fatalf("%d changes: %s is left", fail, key)
			}
		}
		if err == nil {
			return
		}
	}
}
