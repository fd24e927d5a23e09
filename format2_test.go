package dosna_test

import (
	"context"
	"encoding/json"
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
