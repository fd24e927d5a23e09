package dosna_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/memstore"
)

// keys lists what is in a store.
func keys(t testing.TB, s store.Store) []string {
	t.Helper()
	list := []string{}
	for info, err := range s.List(ctx, store.ListOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, info.Key)
	}
	slices.Sort(list)
	return list
}

func wantKeys(t testing.TB, s store.Store, want string) {
	t.Helper()
	if got := strings.Join(keys(t, s), " "); got != want {
		t.Errorf("there are %s\nwant %s", got, want)
	}
}

// value returns what a store has under a key.
func value(t testing.TB, s store.Store, key string) string {
	t.Helper()
	raw, _, err := s.Get(ctx, key, store.GetOptions{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func putValue(t testing.TB, s store.Store, key, text string) {
	t.Helper()
	if _, err := s.Put(ctx, key, [][]byte{[]byte(text)}, store.Cond{}); err != nil {
		t.Fatal(err)
	}
}

// zarray is a .zarray of bytes in chunks of 4.
func zarray(n int) string {
	return fmt.Sprintf(`{"zarr_format": 2, "shape": [%d], "chunks": [4], "dtype": "|u1", "compressor": null, "fill_value": 9, "order": "C", "filters": null, "other": [1]}`, n)
}

func setAttr(t testing.TB, n dosna.Node, name string, v any) {
	t.Helper()
	if err := n.UpdateAttrs(ctx, func(a dosna.Attributes) error { a[name] = v; return nil }); err != nil {
		t.Fatal(err)
	}
}

// TestV2Tree: everything that can be done to a tree of Zarr v2, and that it stays
// one.
func TestV2Tree(t *testing.T) {
	s := memstore.New()
	c := open(t, s, dosna.Options{Format: 2})
	wantKeys(t, s, ".zgroup")
	d, err := c.CreateDataset(ctx, "a/x", dosna.DatasetSpec{
		Shape: []int{6, 5}, Type: dtype.Uint8, Chunks: []int{4, 4}, Codec: "none", Fill: 9, DimensionNames: []string{"y", "x"}, Attrs: dosna.Attributes{"u": "mm"},
	})
	if err != nil {
		t.Fatal(err)
	}
	wantKeys(t, s, ".zgroup a/.zgroup a/x/.zarray a/x/.zattrs")
	if d.Format() != 2 || fmt.Sprint(d.DimensionNames(), d.Attrs()) != "[y x] map[u:mm]" {
		t.Errorf("Zarr v%d, names %v, attributes %v", d.Format(), d.DimensionNames(), d.Attrs())
	}
	if got := value(t, s, "a/x/.zattrs"); !strings.Contains(got, `"_ARRAY_DIMENSIONS"`) {
		t.Errorf("attributes %s", got)
	}
	write(t, d, "...", 1)
	wantKeys(t, s, ".zgroup a/.zgroup a/x/.zarray a/x/.zattrs a/x/0.0 a/x/0.1 a/x/1.0 a/x/1.1")
	if err := d.Resize(ctx, []int{4, 4}); err != nil {
		t.Fatal(err)
	}
	if err := d.Resize(ctx, []int{5, 4}); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(read(t, dataset(t, c, "a/x"), "3:, 0")); got != "[1 9]" {
		t.Errorf("shrunk and grown: %s", got)
	}
	if at, err := d.Append(ctx, 0, nd.View{Data: []byte{2}, Shape: []int{2, 4}, Strides: []int{0, 0}, Item: 1}); err != nil || at != 5 {
		t.Errorf("appended at %d, %v", at, err)
	}
	setAttr(t, d, "v", 5)
	d = dataset(t, c, "a/x")
	if got := fmt.Sprint(read(t, d, "2:, 1"), d.Shape(), d.Attrs(), d.DimensionNames()); got != "[1 1 9 2 2] [7 4] map[u:mm v:5] [y x]" {
		t.Errorf("got %s", got)
	}
	g, err := c.CreateGroup(ctx, "b", nil)
	if err != nil || g.Format() != 2 {
		t.Fatalf("%v %v", g, err)
	}
	setAttr(t, g, "w", 1)
	wantKeys(t, s, ".zgroup a/.zgroup a/x/.zarray a/x/.zattrs a/x/0.0 a/x/1.0 b/.zattrs b/.zgroup")
	if _, err := dosna.Copy(ctx, d, c, "b/y", nil); err != nil {
		t.Fatal(err)
	}
	if err := c.Move(ctx, "b/y", "z"); err != nil {
		t.Fatal(err)
	}
	y := dataset(t, c, "z")
	if got := fmt.Sprint(read(t, y, "2:, 1"), y.Attrs(), y.DimensionNames(), y.Format()); got != "[1 1 9 2 2] map[u:mm v:5] [y x] 2" {
		t.Errorf("a copy: %s", got)
	}
	if _, err := y.Clone(ctx, "clone", true); err != nil {
		t.Fatal(err)
	}
	if _, err := c.CreateDataset(ctx, "a/x", dosna.DatasetSpec{Shape: []int{1}, Type: dtype.Uint8}); !errors.Is(err, dosna.ErrExist) {
		t.Errorf("created again: %v", err)
	}
	if _, err := c.BuildDataset(ctx, "built", dosna.DatasetSpec{Shape: []int{4}, Type: dtype.Uint8, Chunks: []int{4}}, func(_ context.Context, d *dosna.Dataset) error {
		write(t, d, ":", 3)
		if ok, err := rootGroup(t, c).Has(ctx, "built"); ok || err != nil {
			t.Errorf("there before it is complete: %v %v", ok, err)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(read(t, dataset(t, c, "built"), ":")); got != "[3 3 3 3]" {
		t.Errorf("built: %s", got)
	}
	var findings []string
	v, err := c.Verify(ctx, "", dosna.VerifyOptions{Report: func(f dosna.Finding) {
		if f.Kind != dosna.Unchecked && f.Kind != dosna.Cut {
			findings = append(findings, fmt.Sprint(f))
		}
	}})
	if err != nil || len(findings) > 0 || v.Nodes != 7 || v.Datasets != 4 {
		t.Errorf("verify: %+v %v %v", v, findings, err)
	}
	for _, path := range []string{"a", "b", "z", "clone", "built"} {
		if err := c.Delete(ctx, path); err != nil {
			t.Fatal(err)
		}
		if err := c.Delete(ctx, path); !errors.Is(err, dosna.ErrNotExist) {
			t.Errorf("deleted twice: %v", err)
		}
	}
	wantKeys(t, s, ".zgroup")
}

func rootGroup(t testing.TB, c *dosna.Connection) *dosna.Group {
	t.Helper()
	g, err := c.Root(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// TestV2Foreign: what is not known in a document stays when it changes.
func TestV2Foreign(t *testing.T) {
	s := memstore.New()
	putValue(t, s, ".zgroup", `{"zarr_format": 2}`)
	putValue(t, s, "x/.zarray", zarray(6))
	putValue(t, s, "x/1", "\x01\x02\x00\x00")
	c, err := dosna.OpenStore(ctx, s, &dosna.Options{Mode: dosna.ReadWrite})
	if err != nil {
		t.Fatal(err)
	}
	d := dataset(t, c, "x")
	if got := fmt.Sprint(read(t, d, ":"), d.Attrs()); got != "[9 9 9 9 1 2] map[]" {
		t.Errorf("read %s", got)
	}
	setAttr(t, d, "a", 1)
	if err := d.Resize(ctx, []int{7}); err != nil {
		t.Fatal(err)
	}
	if got := value(t, s, "x/.zarray"); !strings.Contains(got, `"other"`) || strings.Contains(got, "separator") || !strings.Contains(got, `[7]`) {
		t.Errorf("resized: %s", got)
	}
	if err := d.UpdateAttrs(ctx, func(a dosna.Attributes) error { delete(a, "a"); return nil }); err != nil {
		t.Fatal(err)
	}
	if got := strings.TrimSpace(value(t, s, "x/.zattrs")); got != "{}" {
		t.Errorf("attributes: %s", got)
	}
	wantKeys(t, s, ".zgroup x/.zarray x/.zattrs x/1")
}

// TestBothFormats: of a node in both formats v3 counts, trees may be mixed, and what
// is created follows the group that it is in.
func TestBothFormats(t *testing.T) {
	s := memstore.New()
	c := open(t, s, dosna.Options{})
	if _, err := c.CreateDataset(ctx, "x", dosna.DatasetSpec{Shape: []int{3}, Type: dtype.Int16, Codec: "gzip"}); err != nil {
		t.Fatal(err)
	}
	putValue(t, s, "x/.zarray", zarray(6))
	if d := dataset(t, c, "x"); d.Format() != 3 || d.Shape()[0] != 3 {
		t.Errorf("Zarr v%d, shape %v", d.Format(), d.Shape())
	}
	putValue(t, s, "old/.zgroup", `{"zarr_format": 2}`)
	putValue(t, s, "old/x/.zarray", zarray(6))
	spec := dosna.DatasetSpec{Shape: []int{3}, Type: dtype.Int16}
	for path, want := range map[string]int{"new": 3, "old/new": 2, "old/deep/new": 2, "deep/new": 3} {
		d, err := c.CreateDataset(ctx, path, spec)
		if err != nil || d.Format() != want {
			t.Errorf("%s: %v %v", path, d, err)
		}
	}
	if g, err := c.CreateGroup(ctx, "old/group", nil); err != nil || g.Format() != 2 {
		t.Errorf("%v %v", g, err)
	}
	spec.Format = 2
	if d, err := c.CreateDataset(ctx, "said", spec); err != nil || d.Format() != 2 {
		t.Errorf("%v %v", d, err)
	}
	spec.Format = 3
	if d, err := c.CreateDataset(ctx, "old/said", spec); err != nil || d.Format() != 3 {
		t.Errorf("%v %v", d, err)
	}
	spec.Format = 4
	if _, err := c.CreateDataset(ctx, "four", spec); !errors.Is(err, dosna.ErrInvalid) {
		t.Errorf("%v", err)
	}
	for _, spec := range []dosna.DatasetSpec{
		{Shape: []int{4}, Type: dtype.Int16, Format: 2, Checksum: "crc32c"},
		{Shape: []int{4}, Type: dtype.Int16, Format: 2, Chunks: []int{2}, Shards: []int{4}},
		{Shape: []int{4}, Type: dtype.Int16, Format: 2, Keys: "default."},
		{Shape: []int{4}, Type: dtype.Bfloat16, Format: 2},
	} {
		if d, err := c.CreateDataset(ctx, "impossible", spec); !errors.Is(err, dosna.ErrInvalid) {
			t.Errorf("%+v: %v %v", spec, d, err)
		}
	}
	names, err := rootGroup(t, c).Names(ctx)
	if err != nil || strings.Join(names, " ") != "deep new old said x" {
		t.Errorf("%v %v", names, err)
	}
	// copies follow as well, or are asked for
	src := dataset(t, c, "x")
	if err := dosna.Write(ctx, src, selection(t, ":"), []int16{1, 2, 3}); err != nil {
		t.Fatal(err)
	}
	for path, o := range map[string]*dosna.CopyOptions{"old/copy": nil, "copy": {Format: 2}} {
		n, err := dosna.Copy(ctx, src, c, path, o)
		if err != nil || n.Format() != 2 {
			t.Fatalf("%s: %v %v", path, n, err)
		}
		got := make([]int16, 3)
		if err := dosna.Read(ctx, n.(*dosna.Dataset), selection(t, ":"), got); err != nil || fmt.Sprint(got) != "[1 2 3]" {
			t.Errorf("%s: %v %v", path, got, err)
		}
		back, err := dosna.Copy(ctx, n, c, "back/"+path, nil)
		if err != nil || back.Format() != 3 {
			t.Errorf("%v %v", back, err)
		}
	}
	if err := c.Delete(ctx, "x"); err != nil {
		t.Fatal(err)
	}
	for _, key := range keys(t, s) {
		if strings.HasPrefix(key, "x/") {
			t.Errorf("%s is left", key)
		}
	}
}

// TestV2Shards: a copy in Zarr v2 has chunks where there were shards.
func TestV2Shards(t *testing.T) {
	c := open(t, memstore.New(), dosna.Options{})
	d, err := c.CreateDataset(ctx, "x", dosna.DatasetSpec{Shape: []int{7, 9}, Type: dtype.Uint8, Chunks: []int{2, 3}, Shards: []int{4, 6}})
	if err != nil {
		t.Fatal(err)
	}
	write(t, d, "1:, 2:", 5)
	n, err := dosna.Copy(ctx, d, c, "y", &dosna.CopyOptions{Format: 2})
	if err != nil {
		t.Fatal(err)
	}
	y := n.(*dosna.Dataset)
	if y.Shards() != nil || fmt.Sprint(y.Chunks()) != "[2 3]" || !slices.Equal(read(t, d, "..."), read(t, y, "...")) {
		t.Errorf("chunks %v, shards %v", y.Chunks(), y.Shards())
	}
}

// TestV2Root: a dataset of Zarr v2 as a whole tree.
func TestV2Root(t *testing.T) {
	for _, root := range []int{2, 3} {
		s := memstore.New()
		c := open(t, s, dosna.Options{Format: root})
		d, err := c.CreateDataset(ctx, "", dosna.DatasetSpec{Shape: []int{4}, Type: dtype.Uint8, Format: 2, Codec: "none", Attrs: dosna.Attributes{"a": 1}})
		if err != nil {
			t.Fatal(err)
		}
		write(t, d, ":", 4)
		wantKeys(t, s, ".zarray .zattrs 0")
		s = memstore.New()
		c = open(t, s, dosna.Options{Format: root})
		if d, err = c.BuildDataset(ctx, "", dosna.DatasetSpec{Shape: []int{4}, Type: dtype.Uint8, Codec: "none"}, func(_ context.Context, d *dosna.Dataset) error {
			write(t, d, ":", 4)
			return nil
		}); err != nil || d.Format() != root {
			t.Fatalf("%v %v", d, err)
		}
		wantKeys(t, s, map[int]string{2: ".zarray .zattrs 0", 3: "c/0 zarr.json"}[root])
	}
}

// TestV2EveryMemberWrong: as TestEveryMemberWrong.
func TestV2EveryMemberWrong(t *testing.T) {
	documents := map[string]string{
		"x/.zarray": `{"zarr_format": 2, "shape": [6, 5], "chunks": [2, 4], "dtype": "<i2", "compressor": {"id": "zstd", "level": 3},
			"fill_value": 7, "order": "F", "filters": [{"id": "zlib", "level": 1}], "dimension_separator": "."}`,
		"y/.zarray": `{"zarr_format": 2, "shape": [8], "chunks": [4], "dtype": [["a", "<i2"], ["b", "|b1"]],
			"compressor": {"id": "blosc", "cname": "lz4", "clevel": 5, "shuffle": 1, "blocksize": 0}, "fill_value": "AAAA", "order": "C", "filters": null}`,
	}
	for key, text := range documents {
		s := memstore.New()
		c := open(t, s, dosna.Options{})
		path := strings.TrimSuffix(key, "/.zarray")
		refused := 0
		for _, at := range placesIn(t, text) {
			for wrong, bad := range spoiled(t, text, at) {
				putValue(t, s, key, bad)
				_, err := c.Open(ctx, path)
				if err == nil {
					continue
				}
				refused++
				switch {
				case errors.Is(err, dosna.ErrNotExist):
					t.Errorf("%s: %s: %s: taken for a node that is not there", key, at, wrong)
				case !strings.Contains(err.Error(), key):
					t.Errorf("%s: %s: %s: the error does not name the document: %.200v", key, at, wrong, err)
				case len(err.Error()) > 1000:
					t.Errorf("%s: %s: %s: an error of %d bytes", key, at, wrong, len(err.Error()))
				}
			}
		}
		if refused < 200 {
			t.Errorf("only %d documents were refused", refused)
		}
		if err := c.Delete(ctx, path); err != nil {
			t.Errorf("what is damaged cannot be deleted: %v", err)
		}
	}
}

// placesIn lists every value in a document.
func placesIn(t testing.TB, text string) []place {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return places(v, nil)
}
