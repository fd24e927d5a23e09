package dosna_test

import (
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
)

// TestEveryFlippedBitIsReported flips each bit of each stored object in turn:
// reading must fail, and name the key.
func TestEveryFlippedBitIsReported(t *testing.T) {
	for name, spec := range map[string]dosna.DatasetSpec{
		"default": {Shape: []int{6, 5}, Type: dtype.Float32, Chunks: []int{3, 5}},
		"raw":     {Shape: []int{6, 5}, Type: dtype.Int16, Chunks: []int{3, 5}, Codec: "none"},
		"sharded": {Shape: []int{6, 5}, Type: dtype.Float32, Chunks: []int{3, 5}, Shards: []int{6, 5}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := testenv.ScratchDir(t)
			c := create(t, dir)
			d, err := c.CreateDataset(ctx, "x", spec)
			if err != nil {
				t.Fatal(err)
			}
			raw := make([]byte, d.Bytes())
			for i := range raw {
				raw[i] = byte(i * 7)
			}
			if err := d.WriteRaw(ctx, nd.Selection{}, raw); err != nil {
				t.Fatal(err)
			}
			for k, err := range d.StoredChunks(ctx) {
				if err != nil {
					t.Fatal(err)
				}
				file := filepath.Join(dir, filepath.FromSlash(k.Key()))
				good, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				for bit := range 8 * len(good) {
					bad := slices.Clone(good)
					bad[bit/8] ^= 1 << (bit % 8)
					if err := os.WriteFile(file, bad, 0o644); err != nil {
						t.Fatal(err)
					}
					err := d.ReadRaw(ctx, nd.Selection{}, make([]byte, len(raw)))
					if !errors.Is(err, dosna.ErrCorrupt) || !strings.Contains(err.Error(), k.Key()) {
						t.Fatalf("bit %d of %s flipped: %v", bit, k.Key(), err)
					}
					if err := k.Verify(ctx); !errors.Is(err, dosna.ErrCorrupt) {
						t.Fatalf("bit %d of %s flipped: verified with %v", bit, k.Key(), err)
					}
				}
				if err := os.WriteFile(file, good[:len(good)/2], 0o644); err != nil {
					t.Fatal(err)
				}
				var faults []string
				if n, err := d.Verify(ctx, func(f dosna.Fault) { faults = append(faults, f.Key) }); err != nil || n == 0 || !slices.Equal(faults, []string{k.Key()}) {
					t.Errorf("a truncated %s: verify found %v of %d, %v", k.Key(), faults, n, err)
				}
				if err := os.WriteFile(file, good, 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func TestOnlyAMissingObjectIsFill(t *testing.T) {
	dir := testenv.ScratchDir(t)
	c := create(t, dir)
	d, err := c.CreateDataset(ctx, "x", dosna.DatasetSpec{Shape: []int{4}, Type: dtype.Uint8, Chunks: []int{2}, Fill: 9})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := dosna.ReadAll[uint8](ctx, d, nd.Selection{}); err != nil || !slices.Equal(got, []uint8{9, 9, 9, 9}) {
		t.Errorf("read %v, %v", got, err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "x", "c"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("nowhere", filepath.Join(dir, "x", "c", "0")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("1", filepath.Join(dir, "x", "c", "1")); err != nil {
		t.Fatal(err)
	}
	if got, err := dosna.ReadAll[uint8](ctx, d, selection(t, "2:")); err == nil {
		t.Errorf("a file that cannot be opened read as %v", got)
	}
}

func TestWrongCallsSayWhatIsWrong(t *testing.T) {
	c := create(t, "mem://")
	d, err := c.CreateDataset(ctx, "x", dosna.DatasetSpec{Shape: []int{4, 5}, Type: dtype.Uint8})
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 100)
	for want, err := range map[string]error{
		"elements are uint8":  dosna.Read(ctx, d, nd.Selection{}, make([]float32, 20)),
		"which has 20":        dosna.Read(ctx, d, nd.Selection{}, make([]uint8, 19)),
		"4":                   d.ReadRaw(ctx, selection(t, "4"), buf[:5]),
		"do not broadcast":    d.WriteView(ctx, nd.Selection{}, nd.NewView(buf, []int{3}, 1)),
		"memory of shape":     d.ReadView(ctx, nd.Selection{}, nd.NewView(buf, []int{5, 4}, 1)),
		"of 2 bytes in memor": d.ReadView(ctx, nd.Selection{}, nd.NewView(buf, []int{4, 5}, 2)),
		"reaches bytes":       d.ReadView(ctx, nd.Selection{}, nd.NewView(buf[:3], []int{4, 5}, 1)),
		"dimensions":          d.Resize(ctx, []int{4}),
		"negative":            d.Resize(ctx, []int{4, -1}),
	} {
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), `"/x"`) {
			t.Errorf("error %v; want one with %q and the name of the dataset", err, want)
		}
	}
	for want, s := range map[string]dosna.DatasetSpec{
		"data type is missing": {Shape: []int{1}},
		"chunks of shape":      {Shape: []int{4}, Type: dtype.Int8, Chunks: []int{2, 2}},
		"no length":            {Shape: []int{4}, Type: dtype.Int8, Chunks: []int{0}},
		"whole chunks":         {Shape: []int{4}, Type: dtype.Int8, Chunks: []int{2}, Shards: []int{3}},
		"fill value":           {Shape: []int{4}, Type: dtype.Int8, Fill: 300},
		"unknown codec":        {Shape: []int{4}, Type: dtype.Int8, Codec: "zip"},
		"level":                {Shape: []int{4}, Type: dtype.Int8, Codec: "zstd:99"},
		"unknown checksum":     {Shape: []int{4}, Type: dtype.Int8, Checksum: "md5"},
		"negative":             {Shape: []int{-4}, Type: dtype.Int8},
		"no axis":              {Shape: []int{4}, Type: dtype.Int8, Access: "planes:1"},
		"names for":            {Shape: []int{4}, Type: dtype.Int8, DimensionNames: []string{"a", "b"}},
		"63 bits":              {Shape: []int{1 << 40, 1 << 40}, Type: dtype.Int8, Chunks: []int{1, 1}},
	} {
		if _, err := c.CreateDataset(ctx, "y", s); !errors.Is(err, dosna.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v; want one with %q", err, want)
		}
	}
	for _, path := range []string{"a//b", "../x", "a/./b", "__x", "zarr.json", "a/zarr.json/b", "..", "a\x00b"} {
		if _, err := c.CreateGroup(ctx, path, nil); err == nil {
			t.Errorf("created a group %q", path)
		}
	}
}

func TestReadOnly(t *testing.T) {
	dir := testenv.ScratchDir(t)
	c := create(t, dir)
	if _, err := c.CreateDataset(ctx, "x", dosna.DatasetSpec{Shape: []int{4}, Type: dtype.Uint8}); err != nil {
		t.Fatal(err)
	}
	ro, err := dosna.Open(ctx, dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer ro.Close()
	d, err := ro.OpenDataset(ctx, "x")
	if err != nil {
		t.Fatal(err)
	}
	_, create := ro.CreateGroup(ctx, "g", nil)
	_, buffer := d.Buffer(0)
	_, appended := d.Append(ctx, 0, nd.NewView([]byte{1}, []int{1}, 1))
	for i, err := range []error{
		create, buffer, appended, dosna.Write(ctx, d, nd.Selection{}, []uint8{1}), d.Clear(ctx), d.Delete(ctx), d.Resize(ctx, []int{2}),
		d.UpdateAttrs(ctx, func(dosna.Attributes) error { return nil }), ro.Move(ctx, "x", "y"),
	} {
		if !errors.Is(err, dosna.ErrPermission) {
			t.Errorf("call %d: %v", i, err)
		}
	}
}

func TestAttributes(t *testing.T) {
	c := create(t, testenv.ScratchDir(t))
	g, err := c.CreateGroup(ctx, "g", dosna.Attributes{"a": 1, "nested": map[string]any{"list": []any{1.5, "x", nil}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.UpdateAttrs(ctx, func(a dosna.Attributes) error { a["b"] = 1 << 60; delete(a, "a"); return nil }); err != nil {
		t.Fatal(err)
	}
	again, err := c.OpenGroup(ctx, "g")
	if err != nil {
		t.Fatal(err)
	}
	a := again.Attrs()
	if len(a) != 2 || a["b"].(interface{ String() string }).String() != "1152921504606846976" {
		t.Errorf("attributes %v", a)
	}
	a["b"] = nil
	if again.Attrs()["b"] == nil {
		t.Error("the caller's map is the node's own")
	}
	stop := errors.New("stop")
	if err := g.UpdateAttrs(ctx, func(dosna.Attributes) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("error %v", err)
	}
	if err := g.UpdateAttrs(ctx, func(a dosna.Attributes) error { a["f"] = func() {}; return nil }); err == nil {
		t.Error("stored a function")
	}
}

func TestGuessChunks(t *testing.T) {
	for _, c := range []struct {
		shape  []int
		item   int
		access string
		want   []int
	}{
		{[]int{512, 512, 512}, 4, "", []int{64, 64, 64}},
		{[]int{512, 512, 512}, 4, "planes:0", []int{1, 512, 512}},
		{[]int{512, 512, 512}, 4, "planes:2", []int{512, 512, 1}},
		{[]int{4096, 4096, 4096}, 2, "planes:0", []int{1, 512, 1024}},
		{[]int{500, 500, 20000}, 4, "lines:-1", []int{2, 4, 20000}},
		{[]int{10, 10}, 4, "", []int{10, 10}},
		{[]int{}, 8, "", []int{}},
		{[]int{0, 5}, 8, "", []int{1, 5}},
		{[]int{1 << 40}, 1, "boxes", []int{1 << 20}},
	} {
		got, err := dosna.GuessChunks(c.shape, c.item, c.access)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%v of %d bytes for %q: %v, %v; want %v", c.shape, c.item, c.access, got, err, c.want)
		}
	}
}

func TestInterruptedDeletionIsFinished(t *testing.T) {
	dir := testenv.ScratchDir(t)
	c := create(t, dir)
	spec := dosna.DatasetSpec{Shape: []int{4}, Type: dtype.Uint8, Chunks: []int{2}}
	d, err := c.CreateDataset(ctx, "x", spec)
	if err != nil {
		t.Fatal(err)
	}
	if err := dosna.Write(ctx, d, nd.Selection{}, []uint8{1, 2, 3, 4}); err != nil {
		t.Fatal(err)
	}
	key := filepath.Join(dir, "x", "zarr.json")
	doc, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, leave := range map[string]func() error{
		"marked": func() error {
			marked := strings.Replace(string(doc), "{", `{"dosna.deleting": {"must_understand": true},`, 1)
			return os.WriteFile(key, []byte(marked), 0o644)
		},
		"without document": func() error { return os.Remove(key) },
	} {
		if err := leave(); err != nil {
			t.Fatal(err)
		}
		if _, err := c.OpenDataset(ctx, "x"); !errors.Is(err, dosna.ErrNotExist) {
			t.Errorf("%s: opened with %v", name, err)
		}
		d, err := c.CreateDataset(ctx, "x", spec)
		if err != nil {
			t.Fatal(err)
		}
		got, err := dosna.ReadAll[uint8](ctx, d, nd.Selection{})
		if err != nil || slices.Max(got) != 0 {
			t.Errorf("%s: the new dataset reads %v, %v", name, got, err)
		}
		if err := dosna.Write(ctx, d, nd.Selection{}, []uint8{1, 2, 3, 4}); err != nil {
			t.Fatal(err)
		}
	}
}

// damage flips a bit in the middle of a file.
func damage(t testing.TB, file string) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	raw[len(raw)/2] ^= 4
	if err := os.WriteFile(file, raw, 0o644); err != nil {
		t.Fatal(err)
	}
}
