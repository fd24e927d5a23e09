package dosna_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/memstore"
)

// TestVerifyWithoutListing: what a store that cannot list has is found by asking for
// all that there may be, and so is damage in it.
func TestVerifyWithoutListing(t *testing.T) {
	for _, format := range []int{3, 2} {
		below := memstore.New()
		direct := grown(t, below, format)
		c, err := dosna.OpenStore(ctx, silent{&hooked{Store: below}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		verify := func(path string) (dosna.Verified, []string, error) {
			var found []string
			v, err := c.Verify(ctx, path, dosna.VerifyOptions{Report: func(f dosna.Finding) {
				if f.Kind != dosna.Unchecked {
					found = append(found, fmt.Sprint(f.Kind, " ", f.Key))
				}
			}})
			slices.Sort(found)
			return v, found, err
		}
		// a dataset needs no consolidated metadata
		if v, found, err := verify("a/x"); err != nil || v.Objects != 2 || v.Datasets != 1 || len(found) > 0 || v.Bytes == 0 {
			t.Errorf("v%d: %+v %v %v", format, v, found, err)
		}
		if _, _, err := verify("a"); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("v%d: without consolidated metadata: %v", format, err)
		}
		if err := rootGroup(t, direct).Consolidate(ctx); err != nil {
			t.Fatal(err)
		}
		for path, want := range map[string]string{"": "{7 3 6}", "a": "{4 2 4}", "a/deep": "{2 1 2}"} {
			v, found, err := verify(path)
			if got := fmt.Sprint(struct{ a, b, c int }{v.Nodes, v.Datasets, v.Objects}); err != nil || len(found) > 0 || got != want {
				t.Errorf("v%d: %q: %s, want %s, %v %v", format, path, got, want, found, err)
			}
		}
		// damage, chunks that are not stored, and nodes that are there no more
		y := dataset(t, direct, "a/deep/y")
		chunk := func(i int) string {
			k, err := y.Chunk(i)
			if err != nil {
				t.Fatal(err)
			}
			return k.Key()
		}
		putValue(t, below, chunk(0), "no chunk")
		name := strings.TrimPrefix(documentName(format), "/")
		document := "b/z/" + strings.Replace(name, ".zgroup", ".zarray", 1)
		putValue(t, below, document, "no document")
		for _, key := range []string{chunk(1), "a/x/zarr.json", "a/x/.zarray"} {
			if err := below.Delete(ctx, key, store.Cond{}); err != nil {
				t.Fatal(err)
			}
		}
		v, found, err := verify("")
		want := fmt.Sprint([]string{"damaged " + chunk(0), "stray a/x/zarr.json", "unreadable " + document})
		if err != nil || v.Objects != 1 || fmt.Sprint(found) != want {
			t.Errorf("v%d: %+v, %v, want %v, %v", format, v, found, want, err)
		}
		n, err := dataset(t, c, "a/deep/y").Verify(ctx, func(f dosna.Fault) {
			if f.Key != chunk(0) {
				t.Errorf("v%d: %v", format, f)
			}
		})
		if n != 1 || err != nil {
			t.Errorf("v%d: %d objects, %v", format, n, err)
		}
	}
}

func TestProbe(t *testing.T) {
	below := memstore.New()
	direct := grown(t, below, 3)
	c, err := dosna.OpenStore(ctx, silent{&hooked{Store: below}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	write(t, dataset(t, direct, "a/x"), "2:", 0) // all fill: not stored
	want, err := dataset(t, direct, "a/x").Usage(ctx)
	if err != nil {
		t.Fatal(err)
	}
	d := dataset(t, c, "a/x")
	if _, err := d.Usage(ctx); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
	if got, err := d.Probe(ctx); err != nil || got != want || got.Objects != 1 {
		t.Errorf("%+v, want %+v, %v", got, want, err)
	}
}
