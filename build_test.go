package dosna_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store/memstore"
)

var builtSpec = dosna.DatasetSpec{Shape: []int{8}, Type: dtype.Uint8, Chunks: []int{2}}

// TestBuild fills datasets that nobody else sees meanwhile.
func TestBuild(t *testing.T) {
	errFill := errors.New("no more data")
	for _, path := range []string{"x", "g/x", ""} {
		for _, fails := range []bool{false, true} {
			below := memstore.New()
			c, other := open(t, below, dosna.Options{}), open(t, below, dosna.Options{})
			_, err := c.BuildDataset(ctx, path, builtSpec, func(ctx context.Context, d *dosna.Dataset) error {
				write(t, d, ":", 7)
				if got := read(t, d, ":"); !slices.Equal(got, slices.Repeat([]uint8{7}, 8)) {
					t.Errorf("who fills it reads %v", got)
				}
				if _, err := other.OpenDataset(ctx, path); !errors.Is(err, dosna.ErrUnfinished) || !errors.Is(err, dosna.ErrNotExist) {
					t.Errorf("somebody else opens it: %v", err)
				}
				if fails {
					return errFill
				}
				return nil
			})
			if fails {
				if !errors.Is(err, errFill) {
					t.Errorf("the error is %v", err)
				}
				for key := range everything(t, other) {
					if !strings.HasSuffix(key, "zarr.json") || key == "x/zarr.json" || key == "g/x/zarr.json" {
						t.Errorf("%s is left", key)
					}
				}
				if _, err := other.Root(ctx); err != nil {
					t.Error(err)
				}
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := read(t, dataset(t, other, path), ":"); !slices.Equal(got, slices.Repeat([]uint8{7}, 8)) {
				t.Errorf("in the end it reads %v", got)
			}
			checkTree(t, other)
		}
	}
}

// TestBuildTaken: another builds the same at the same time, and wins.
func TestBuildTaken(t *testing.T) {
	below := memstore.New()
	c, other := open(t, below, dosna.Options{}), open(t, below, dosna.Options{})
	_, err := c.BuildDataset(ctx, "x", builtSpec, func(ctx context.Context, d *dosna.Dataset) error {
		write(t, bytesDataset(t, other, "x", []int{3}, []int{3}), ":", 9)
		return nil
	})
	if !errors.Is(err, dosna.ErrConflict) {
		t.Errorf("the first has the error %v", err)
	}
	if got := read(t, dataset(t, other, "x"), ":"); !slices.Equal(got, []uint8{9, 9, 9}) {
		t.Errorf("what the other has made reads %v", got)
	}
	checkTree(t, other)
}

const buildVar = "DOSNA_TEST_BUILD"

// buildAndDie builds a dataset and is killed in the middle.
func buildAndDie(text string) int {
	dir, path, _ := strings.Cut(text, "#")
	c, err := dosna.Open(ctx, dir, &dosna.Options{Mode: dosna.Create})
	if err != nil {
		return 3
	}
	_, _ = c.BuildDataset(ctx, path, builtSpec, func(ctx context.Context, d *dosna.Dataset) error {
		if err := dosna.Write(ctx, d, nd.Selection{}, []uint8{7}); err != nil {
			return err
		}
		self, err := os.FindProcess(os.Getpid())
		if err != nil {
			return err
		}
		_ = self.Kill()
		select {}
	})
	return 4
}

// TestBuildKilled kills the process that builds: nobody sees what it leaves, Verify
// tells of it, and it goes with Delete or when something is made in its place.
func TestBuildKilled(t *testing.T) {
	for _, path := range []string{"g/x", ""} {
		for _, again := range []bool{false, true} {
			dir := testenv.ScratchDir(t) + "/pool"
			dead := exec.Command(os.Args[0])
			dead.Env = append(os.Environ(), buildVar+"="+dir+"#"+path)
			if err := dead.Run(); err == nil || dead.ProcessState.ExitCode() > 1 {
				t.Fatalf("it was not killed: %v", err)
			}
			c, err := dosna.Open(ctx, dir, nil)
			if path == "" {
				if !errors.Is(err, dosna.ErrUnfinished) {
					t.Fatalf("opened with %v", err)
				}
			} else {
				if err != nil {
					t.Fatal(err)
				}
				if _, err := c.Open(ctx, path); !errors.Is(err, dosna.ErrUnfinished) {
					t.Fatalf("opened with %v", err)
				}
				if found, v := verify(t, c, "", dosna.VerifyOptions{}); !slices.Equal(found, []string{"copying g/x/zarr.json"}) || v.Losses() > 0 {
					t.Errorf("found %v", found)
				}
				if names, err := must(t, c, "g").Names(ctx); err != nil || len(names) != 1 {
					t.Errorf("%v, %v", names, err)
				}
				for n, err := range must(t, c, "g").Children(ctx) {
					t.Errorf("a listing has %v, %v", n, err)
				}
			}
			w := create(t, dir)
			if again || path == "" {
				d, err := w.BuildDataset(ctx, path, builtSpec, func(ctx context.Context, d *dosna.Dataset) error { return nil })
				if err != nil {
					t.Fatal(err)
				}
				if got := read(t, d, ":"); !slices.Equal(got, make([]uint8, 8)) {
					t.Errorf("the next has %v", got)
				}
			} else if err := w.Delete(ctx, path); err != nil {
				t.Fatal(err)
			}
			if found, _ := verify(t, w, "", dosna.VerifyOptions{}); len(found) > 0 {
				t.Errorf("found %v", found)
			}
		}
	}
}

func must(t *testing.T, c *dosna.Connection, path string) *dosna.Group {
	t.Helper()
	n, err := c.Open(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	return n.(*dosna.Group)
}

// TestDeleteEmpty takes back groups with nothing in them, and no others.
func TestDeleteEmpty(t *testing.T) {
	h, c, direct := two(t, dosna.Options{})
	if !c.Created() || direct.Created() {
		t.Error("who has created the tree?")
	}
	for path, attrs := range map[string]dosna.Attributes{"empty": nil, "said": {"a": 1}, "full/below": nil} {
		if _, err := c.CreateGroup(ctx, path, attrs); err != nil {
			t.Fatal(err)
		}
	}
	bytesDataset(t, c, "data", []int{2}, []int{2})
	for path, want := range map[string]error{"empty": nil, "said": dosna.ErrExist, "full": dosna.ErrExist, "data": dosna.ErrExist, "none": dosna.ErrNotExist, "": dosna.ErrExist} {
		if err := c.DeleteEmpty(ctx, path); !errors.Is(err, want) {
			t.Errorf("%q: %v", path, err)
		}
	}
	h.before = func(op, key string) error { // somebody comes between
		if op == "delete" && key == "full/below/zarr.json" {
			h.before = nil
			bytesDataset(t, direct, "full/below/x", []int{2}, []int{2})
		}
		return nil
	}
	if err := c.DeleteEmpty(ctx, "full/below"); !errors.Is(err, dosna.ErrExist) {
		t.Errorf("with what came between: %v", err)
	}
	dataset(t, direct, "full/below/x")
	checkTree(t, direct)
}
