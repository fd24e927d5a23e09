package dosna_test

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/nd"
)

func TestRootDataset(t *testing.T) {
	dir := testenv.ScratchDir(t) + "/array.zarr"
	c := create(t, dir)
	spec := dosna.DatasetSpec{Shape: []int{5}, Type: dtype.Float32, Chunks: []int{2}}
	d, err := c.CreateDataset(ctx, "", spec)
	if err != nil {
		t.Fatal(err)
	}
	if err := dosna.Write(ctx, d, nd.Selection{}, ramp(5)); err != nil {
		t.Fatal(err)
	}
	again, err := dosna.Open(ctx, dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	d, err = again.OpenDataset(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := dosna.ReadAll[float32](ctx, d, nd.Selection{}); err != nil || !slices.Equal(got, ramp(5)) {
		t.Errorf("read %v, %v", got, err)
	}
	if _, err := c.CreateDataset(ctx, "below", spec); !errors.Is(err, dosna.ErrInvalid) || !strings.Contains(err.Error(), "no children") {
		t.Errorf("created below a dataset: %v", err)
	}
	if _, err := c.CreateDataset(ctx, "", spec); !errors.Is(err, dosna.ErrExist) {
		t.Errorf("created twice: %v", err)
	}
	full := create(t, "mem://")
	if _, err := full.CreateGroup(ctx, "g", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := full.CreateDataset(ctx, "", spec); !errors.Is(err, dosna.ErrExist) {
		t.Errorf("created over a tree: %v", err)
	}
}

func TestFillKeepsItsBits(t *testing.T) {
	c := create(t, "mem://")
	odd := dtype.Bytes([]float32{math.Float32frombits(0x7fc12345)})
	d, err := c.CreateDataset(ctx, "x", dosna.DatasetSpec{Shape: []int{2}, Type: dtype.Float32, Fill: odd})
	if err != nil {
		t.Fatal(err)
	}
	copied, err := d.Clone(ctx, "y", true)
	if err != nil || !slices.Equal(copied.Fill(), odd) {
		t.Errorf("the clone's fill value is % x, want % x; %v", copied.Fill(), odd, err)
	}
	if _, err := c.CreateDataset(ctx, "z", dosna.DatasetSpec{Shape: []int{2}, Type: dtype.Float64, Fill: odd}); !errors.Is(err, dosna.ErrInvalid) {
		t.Errorf("error %v", err)
	}
}

func TestDamagedMetadataCanBeDeleted(t *testing.T) {
	dir := testenv.ScratchDir(t)
	c := create(t, dir)
	if _, err := c.CreateDataset(ctx, "x", dosna.DatasetSpec{Shape: []int{2}, Type: dtype.Float32}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "x", "zarr.json"), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := c.OpenDataset(ctx, "x"); err == nil || errors.Is(err, dosna.ErrNotExist) {
		t.Errorf("opened with %v", err)
	}
	if err := c.Delete(ctx, "x"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "x")); !os.IsNotExist(err) {
		t.Errorf("after deletion: %v", err)
	}
}

// TestADeletedDatasetIsNotFill: with its objects gone, a dataset that somebody
// has open must not read as if it had never been written.
func TestADeletedDatasetIsNotFill(t *testing.T) {
	for _, shards := range [][]int{nil, {4}} {
		c := create(t, "mem://")
		d, err := c.CreateDataset(ctx, "x", dosna.DatasetSpec{Shape: []int{8}, Type: dtype.Float32, Chunks: []int{2}, Shards: shards})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := dosna.ReadAll[float32](ctx, d, nd.Selection{}); err != nil || slices.Max(got) != 0 {
			t.Errorf("an empty dataset reads %v, %v", got, err)
		}
		if err := c.Delete(ctx, "x"); err != nil {
			t.Fatal(err)
		}
		if got, err := dosna.ReadAll[float32](ctx, d, nd.Selection{}); !errors.Is(err, dosna.ErrNotExist) {
			t.Errorf("a deleted dataset reads %v, %v", got, err)
		}
		out, err := c.CreateDataset(ctx, "y", dosna.DatasetSpec{Shape: []int{8}, Type: dtype.Float32})
		if err != nil {
			t.Fatal(err)
		}
		if err := d.CopyTo(ctx, out); !errors.Is(err, dosna.ErrNotExist) {
			t.Errorf("a deleted dataset was copied: %v", err)
		}
	}
}
