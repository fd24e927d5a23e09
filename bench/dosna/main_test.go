//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/testenv"
)

// generate makes the data of the benchmark, with edges of 64 elements.
const generate = `
import os, runpy, sys
os.environ['BENCH_N'] = '64'
sys.path.insert(0, sys.argv[1])
sys.argv = ['gen.py', sys.argv[2]]
runpy.run_path(sys.path[0] + '/gen.py')
`

// compare looks at the arrays that operations have left, through TensorStore.
const compare = `
import os, sys
sys.path.insert(0, sys.argv[1])
import run
for name in os.listdir(sys.argv[2] + '/out'):
    dtype, _, op = name.removeprefix('dosna_').removesuffix('.zarr').split('_', 2)
    wrong = run.compare(sys.argv[2], sys.argv[2] + '/out/' + name, dtype, op)
    print(name, wrong or 'right')
`

var needs = []string{"numpy", "scipy", "tensorstore"}

func TestPeer(t *testing.T) {
	scripts, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	testenv.RunPython(t, needs, generate, scripts, dir)
	t.Run("operations", func(t *testing.T) { testOperations(t, scripts, dir) })
	t.Run("default layout", func(t *testing.T) { testDefaultLayout(t, dir) })
	t.Run("profiles", func(t *testing.T) { testProfiles(t, dir) })
}

// testOperations does every operation on every layout. What is read has to add up
// to what NumPy makes of the data, and what is written is read by TensorStore.
func testOperations(t *testing.T, scripts, dir string) {
	layouts, err := filepath.Glob(filepath.Join(dir, "ref", "??_*.zarr"))
	if err != nil || len(layouts) < 11 {
		t.Fatalf("layouts %v, %v", layouts, err)
	}
	var sel struct{ Checks map[string]map[string]float64 }
	raw, err := os.ReadFile(filepath.Join(dir, "sel.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &sel); err != nil {
		t.Fatal(err)
	}
	if testing.Short() {
		layouts = slices.DeleteFunc(layouts, func(path string) bool {
			return !slices.Contains([]string{"f4_zstd3.zarr", "f4_shard.zarr", "u2_raw64.zarr"}, filepath.Base(path))
		})
	}
	written := 0
	for _, path := range layouts {
		layout := strings.TrimSuffix(filepath.Base(path), ".zarr")
		for _, op := range opNames {
			if op == "blur" && layout != "f4_zstd3" {
				continue
			}
			args := []string{"--root", dir, "--layout", layout, "--op", op}
			if strings.HasSuffix(op, "_again") {
				args = append(args, "--cache", "10000000", "--max-age", "1m")
			}
			var out bytes.Buffer
			if err := run(args, &out); err != nil {
				t.Fatalf("%s %s: %v", layout, op, err)
			}
			var r result
			if err := json.Unmarshal(out.Bytes(), &r); err != nil {
				t.Fatalf("%s %s: %v in %q", layout, op, err, out.Bytes())
			}
			if r.Layout != layout || r.Op != op || r.Seconds <= 0 || r.RSS <= 0 {
				t.Errorf("%s %s: %s", layout, op, out.Bytes())
			}
			want, reads := sel.Checks[layout[:2]][op]
			switch {
			case !reads:
				written++
			case r.Check == nil || *r.Check != want:
				t.Errorf("%s %s: the elements add up to %s, want %v", layout, op, out.Bytes(), want)
			}
		}
	}
	text := string(testenv.RunPython(t, needs, compare, scripts, dir))
	if n := strings.Count(text, "right\n"); n != written || strings.Count(text, "\n") != written || written < 4*len(layouts) {
		t.Errorf("%d of %d arrays are right:\n%s", n, written, text)
	}
}

// testDefaultLayout compares the layout of that name with what we store.
func testDefaultLayout(t *testing.T, dir string) {
	ctx := context.Background()
	ref, err := open(ctx, filepath.Join(dir, "ref", "f4_default.zarr"), nil)
	if err != nil {
		t.Fatal(err)
	}
	c, err := dosna.Open(ctx, "mem://", &dosna.Options{Mode: dosna.Create})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	d, err := c.CreateDataset(ctx, "x", dosna.DatasetSpec{Shape: []int{512, 512, 512}, Type: dtype.Float32})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(d.Chunks(), ref.Chunks()) || d.Shards() != nil || codecs(t, d) != codecs(t, ref) {
		t.Errorf("the layout is chunks of %v by %s, and by default we store chunks of %v by %s", ref.Chunks(), codecs(t, ref), d.Chunks(), codecs(t, d))
	}
}

func codecs(t *testing.T, d *dosna.Dataset) string {
	t.Helper()
	raw, err := json.Marshal(d.Codecs())
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func testProfiles(t *testing.T, dir string) {
	cpu, mem := filepath.Join(dir, "cpu"), filepath.Join(dir, "mem")
	var out bytes.Buffer
	args := []string{"--root", dir, "--layout", "u2_shard", "--op", "zplanes", "--peer-name", "me", "--repeat", "3", "--cpuprofile", cpu, "--memprofile", mem}
	if err := run(args, &out); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), `"peer":"me"`); n != 3 {
		t.Errorf("%d lines, want 3:\n%s", n, out.String())
	}
	for _, path := range []string{cpu, mem} {
		if s, err := os.Stat(path); err != nil || s.Size() == 0 {
			t.Errorf("profile %s: %v, %v", path, s, err)
		}
	}
}

func TestWhatIsRefused(t *testing.T) {
	dir := t.TempDir()
	for _, args := range [][]string{
		{},
		{"--root", dir, "--layout", "f4_raw64"},
		{"--root", dir, "--layout", "f8_raw64", "--op", "read"},
		{"--root", dir, "--layout", "f4_raw64", "--op", "eat"},
		{"--root", dir, "--layout", "f4_raw64", "--op", "read"},
	} {
		if err := run(args, io.Discard); err == nil {
			t.Errorf("%q: no error", args)
		}
	}
}
