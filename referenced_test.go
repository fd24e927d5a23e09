package dosna_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"pgregory.net/rapid"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
)

// sourceTree makes a tree with datasets of several layouts, and returns its directory.
func sourceTree(t testing.TB) string {
	t.Helper()
	dir := testenv.ScratchDir(t) + "/source"
	c := create(t, dir)
	for name, spec := range map[string]dosna.DatasetSpec{
		"g/plain":  {Shape: []int{6, 7}, Type: dtype.Float32, Chunks: []int{2, 3}, Codec: "gzip:1", Checksum: "none", Attrs: dosna.Attributes{"unit": "m"}},
		"g/shards": {Shape: []int{6, 7}, Type: dtype.Float32, Chunks: []int{2, 3}, Shards: []int{4, 6}, Fill: -1},
		"g/big":    {Shape: []int{6, 7}, Type: dtype.Float32, Chunks: []int{4, 4}, Order: dtype.Big, Codec: "none"},
		"g/edges":  {Shape: []int{6, 7}, Type: dtype.Float32, Edges: [][]int{{1, 2, 3}, nil}, Chunks: []int{0, 7}},
		"g/empty":  {Shape: []int{6, 7}, Type: dtype.Float32, Fill: 3},
		"v2/plain": {Shape: []int{6, 7}, Type: dtype.Float32, Chunks: []int{2, 3}, Format: 2},
	} {
		d, err := c.CreateDataset(ctx, name, spec)
		if err == nil && name != "g/empty" {
			err = dosna.Write(ctx, d, nd.Selection{}, ramp(42))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	link(t, c, "g/link", "plain")
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// refer makes a tree of references to a source, and opens the dataset at a path in it.
func referred(t testing.TB, source string, o *dosna.Options, path string) (*dosna.Connection, *dosna.Dataset) {
	t.Helper()
	c, err := dosna.Open(ctx, testenv.ScratchDir(t)+"/pool", o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if _, _, err := dosna.LinkFiles(ctx, []string{source}, c, "linked", ""); err != nil {
		t.Fatal(err)
	}
	d, err := c.OpenDataset(ctx, "linked/"+path)
	if err != nil {
		t.Fatal(err)
	}
	return c, d
}

func TestReferred(t *testing.T) {
	source := sourceTree(t)
	c, _ := referred(t, source, &dosna.Options{Mode: dosna.Create}, "g/plain")
	for _, name := range []string{"g/plain", "g/shards", "g/big", "g/edges", "g/empty", "v2/plain", "g/link"} {
		d, err := c.OpenDataset(ctx, "linked/"+name)
		if err != nil {
			t.Fatal(err)
		}
		want := ramp(42)
		if name == "g/empty" {
			want = slices.Repeat([]float32{3}, 42)
		}
		got, err := dosna.ReadAll[float32](ctx, d, nd.Selection{})
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: read %v, %v", name, got, err)
		}
		part, err := dosna.ReadAll[float32](ctx, d, selection(t, "3,::2"))
		if err != nil || len(part) != 4 || part[1] != want[23] {
			t.Errorf("%s: read %v, %v", name, part, err)
		}
		n := 0
		for range d.StoredChunks(ctx) {
			n++
		}
		if (n == 0) != (name == "g/empty") {
			t.Errorf("%s: %d chunks are stored", name, n)
		}
		copied, err := d.Clone(ctx, "cloned/"+name, true)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := dosna.ReadAll[float32](ctx, copied, nd.Selection{}); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: the copy has %v, %v", name, got, err)
		}
	}
	g, err := c.OpenGroup(ctx, "linked/g/plain")
	if err == nil {
		t.Errorf("a dataset opened as group %v", g)
	}
	if v, err := c.Verify(ctx, "linked", dosna.VerifyOptions{}); err != nil || v.Losses() > 0 || v.Findings[dosna.Stray] > 0 || v.Objects == 0 {
		t.Errorf("verified %+v, %v", v, err)
	}
	if err := c.Move(ctx, "linked", "moved/there"); err != nil {
		t.Fatal(err)
	}
	// The copies in the clone's tree have values, and no source.
	if err := os.RemoveAll(source); err != nil {
		t.Fatal(err)
	}
	if d, err := c.OpenDataset(ctx, "cloned/g/shards"); err != nil {
		t.Error(err)
	} else if got, err := dosna.ReadAll[float32](ctx, d, nd.Selection{}); err != nil || !slices.Equal(got, ramp(42)) {
		t.Errorf("read %v, %v", got, err)
	}
	d, err := c.OpenDataset(ctx, "moved/there/g/shards")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := dosna.ReadAll[float32](ctx, d, nd.Selection{}); err == nil || errors.Is(err, dosna.ErrNotExist) || !strings.Contains(err.Error(), source) {
		t.Errorf("without the source: read %v, %v", got, err)
	}
	if err := c.Delete(ctx, "moved"); err != nil {
		t.Fatal(err)
	}
	for info, err := range c.Store().List(ctx, store.ListOptions{Prefix: "moved/"}) {
		t.Errorf("left: %v, %v", info.Key, err)
	}
}

func TestReferredIsNotChanged(t *testing.T) {
	_, d := referred(t, sourceTree(t), &dosna.Options{Mode: dosna.Create}, "g/plain")
	for what, change := range map[string]func() error{
		"write":  func() error { return dosna.Write(ctx, d, nd.Selection{}, ramp(42)) },
		"set":    func() error { return dosna.Write(ctx, d, selection(t, "0,0"), []float32{1}) },
		"clear":  func() error { return d.Clear(ctx) },
		"resize": func() error { return d.Resize(ctx, []int{3, 3}) },
		"delete": func() error {
			k, err := d.Chunk(0, 0)
			if err == nil {
				err = k.Delete(ctx)
			}
			return err
		},
		"buffer": func() error {
			_, err := d.Buffer(1 << 20)
			return err
		},
		"copy onto": func() error {
			o, err := d.Clone(ctx, "other", true)
			if err == nil {
				err = o.CopyTo(ctx, d)
			}
			return err
		},
	} {
		if err := change(); !errors.Is(err, dosna.ErrPermission) || !strings.Contains(err.Error(), "references") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if got, err := dosna.ReadAll[float32](ctx, d, nd.Selection{}); err != nil || !slices.Equal(got, ramp(42)) {
		t.Errorf("read %v, %v", got, err)
	}
	err := d.UpdateAttrs(ctx, func(a dosna.Attributes) error { a["unit"] = "mm"; return nil })
	if again, fault := d.Refresh(ctx); err != nil || fault != nil || again.Attrs()["unit"] != "mm" {
		t.Errorf("attributes %v, %v, %v", again, err, fault)
	}
}

// TestReferredSourceChanges: values are those that were referred to, or an error.
func TestReferredSourceChanges(t *testing.T) {
	for what, change := range map[string]func(file string) error{
		"gone":    os.Remove,
		"longer":  func(file string) error { return appendTo(file, "x") },
		"touched": func(file string) error { return os.Chtimes(file, time.Now(), time.Now().Add(time.Hour)) },
		"shorter": func(file string) error { return os.Truncate(file, 3) },
	} {
		source := sourceTree(t)
		c, d := referred(t, source, &dosna.Options{Mode: dosna.Create}, "g/plain")
		if err := change(filepath.Join(source, "g/plain/c/0/0")); err != nil {
			t.Fatal(err)
		}
		got, err := dosna.ReadAll[float32](ctx, d, nd.Selection{})
		if err == nil || errors.Is(err, dosna.ErrNotExist) || !strings.Contains(err.Error(), "plain/c/0/0") {
			t.Errorf("%s: read %v, %v", what, got, err)
		}
		var found []string
		v, err := c.Verify(ctx, "linked", dosna.VerifyOptions{Report: func(f dosna.Finding) {
			if f.Kind.Loss() {
				found = append(found, f.Key+": "+f.Err.Error())
			}
		}})
		if err != nil || v.Losses() != 1 || !strings.HasPrefix(found[0], "linked/g/plain/references.") || !strings.Contains(found[0], "plain/c/0/0") {
			t.Errorf("%s: verified %+v %q, %v", what, v, found, err)
		}
	}
}

func appendTo(file, text string) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

// TestReferencesDamaged: without its references a dataset is no array of fill values.
func TestReferencesDamaged(t *testing.T) {
	for what, change := range map[string]func(file string) error{
		"gone":  os.Remove,
		"cut":   func(file string) error { return os.Truncate(file, 20) },
		"other": func(file string) error { return os.WriteFile(file, bytes.Repeat([]byte("x"), 100), 0o666) },
	} {
		c, d := referred(t, sourceTree(t), &dosna.Options{Mode: dosna.Create}, "g/plain")
		files, err := filepath.Glob(filepath.Join(c.URL(), "linked/g/plain/references.*"))
		if err != nil || len(files) != 1 {
			t.Fatal(files, err)
		}
		if err := change(files[0]); err != nil {
			t.Fatal(err)
		}
		got, err := dosna.ReadAll[float32](ctx, d, nd.Selection{})
		if !errors.Is(err, dosna.ErrCorrupt) || errors.Is(err, dosna.ErrNotExist) {
			t.Errorf("%s: read %v, %v", what, got, err)
		}
	}
}

// TestReferredPolicy: references lead where links may.
func TestReferredPolicy(t *testing.T) {
	source := sourceTree(t)
	c, _ := referred(t, source, &dosna.Options{Mode: dosna.Create}, "g/plain")
	read := func(o dosna.Options, path string) error {
		c, err := dosna.Open(ctx, c.URL(), &o)
		if err != nil {
			return err
		}
		defer c.Close()
		d, err := c.OpenDataset(ctx, path)
		if err == nil {
			_, err = dosna.ReadAll[float32](ctx, d, nd.Selection{})
		}
		return err
	}
	if err := read(dosna.Options{Links: dosna.LinksWithin}, "linked/g/plain"); !errors.Is(err, dosna.ErrPermission) {
		t.Errorf("out of the tree: %v", err)
	}
	if err := read(dosna.Options{}, "linked/g/plain"); err != nil {
		t.Error(err)
	}
	n, err := c.OpenDataset(ctx, "linked/g/plain")
	if err == nil {
		n, err = n.Clone(ctx, "own", true)
	}
	if err == nil {
		_, err = dosna.Copy(ctx, n, c, "within", &dosna.CopyOptions{Refer: true})
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := read(dosna.Options{Links: dosna.LinksWithin}, "within"); err != nil {
		t.Errorf("within the tree: %v", err)
	}
	at := filepath.Join(filepath.Dir(c.URL()), "moved")
	if err := os.Rename(c.URL(), at); err != nil {
		t.Fatal(err)
	}
	moved := create(t, at)
	d, err := moved.OpenDataset(ctx, "within")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := dosna.ReadAll[float32](ctx, d, nd.Selection{}); err != nil || !slices.Equal(got, ramp(42)) {
		t.Errorf("after the tree was moved: %v, %v", got, err)
	}
}

func TestReferBad(t *testing.T) {
	source := sourceTree(t)
	from, err := dosna.Open(ctx, source, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	d, err := from.OpenDataset(ctx, "g/plain")
	if err != nil {
		t.Fatal(err)
	}
	to, private := create(t, testenv.ScratchDir(t)+"/pool"), create(t, "mem://")
	own, err := private.CreateDataset(ctx, "x", dosna.DatasetSpec{Shape: []int{3}, Type: dtype.Uint8})
	if err == nil {
		err = dosna.Write(ctx, own, nd.Selection{}, []uint8{1, 2, 3})
	}
	if err != nil {
		t.Fatal(err)
	}
	for what, do := range map[string]func() (dosna.Node, error){
		"chunks": func() (dosna.Node, error) {
			return dosna.Copy(ctx, d, to, "x", &dosna.CopyOptions{Refer: true, Chunks: []int{1, 1}})
		},
		"codec": func() (dosna.Node, error) {
			return dosna.Copy(ctx, d, to, "x", &dosna.CopyOptions{Refer: true, Codec: "zstd"})
		},
		"format": func() (dosna.Node, error) {
			return dosna.Copy(ctx, d, to, "x", &dosna.CopyOptions{Refer: true, Format: 2})
		},
		"in memory": func() (dosna.Node, error) { return dosna.Copy(ctx, own, to, "x", &dosna.CopyOptions{Refer: true}) },
		"nothing":   func() (dosna.Node, error) { return dosna.Concatenate(ctx, nil, "0", to, "x") },
		"no axis":   func() (dosna.Node, error) { return dosna.Concatenate(ctx, []dosna.Node{d, own}, "0", to, "x") },
	} {
		if n, err := do(); !errors.Is(err, dosna.ErrInvalid) {
			t.Errorf("%s: %v, %v", what, n, err)
		}
		if _, err := to.OpenEntry(ctx, "x"); !errors.Is(err, dosna.ErrNotExist) {
			t.Errorf("%s: left: %v", what, err)
		}
	}
	if v, err := to.Verify(ctx, "", dosna.VerifyOptions{}); err != nil || len(v.Findings) > 0 {
		t.Errorf("left: %+v, %v", v, err)
	}
}

func viewOf(data []int32, shape []int) nd.View {
	return nd.NewView(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(data))), 4*len(data)), shape, 4)
}

// TestConcatenate: what is put together is what NumPy's concatenate gives, however the parts
// are cut and encoded.
func TestConcatenate(t *testing.T) {
	dir := testenv.ScratchDir(t)
	run := 0
	rapid.Check(t, func(r *rapid.T) {
		run++
		at := fmt.Sprintf("%s/%d", dir, run)
		rank := rapid.IntRange(1, 3).Draw(r, "rank")
		axis := rapid.IntRange(0, rank-1).Draw(r, "axis")
		shape, chunk, names := make([]int, rank), make([]int, rank), make([]string, rank)
		for i := range shape {
			shape[i], chunk[i] = rapid.IntRange(1, 6).Draw(r, "n"), rapid.IntRange(1, 7).Draw(r, "chunk")
			names[i] = fmt.Sprint("axis", i)
		}
		codec := rapid.SampledFrom([]string{"none", "gzip:1", "zstd"}).Draw(r, "codec")
		sum := rapid.SampledFrom([]string{"none", "crc32c"}).Draw(r, "checksum")
		var srcs []dosna.Node
		var views []nd.View
		total, next := 0, int32(0)
		for p := range rapid.IntRange(1, 4).Draw(r, "parts") {
			shape[axis] = rapid.IntRange(0, 6).Draw(r, "length")
			if rapid.Bool().Draw(r, "others") {
				chunk[axis] = rapid.IntRange(1, 7).Draw(r, "chunk")
			}
			c := create(t, fmt.Sprintf("%s-part%d", at, p))
			d, err := c.CreateDataset(ctx, "d", dosna.DatasetSpec{Shape: shape, Type: dtype.Int32, Chunks: chunk, Codec: codec, Checksum: sum, DimensionNames: names, Fill: -1})
			if err != nil {
				t.Fatal(err)
			}
			n, _ := nd.Size(shape)
			data := make([]int32, n)
			for i := range data {
				next++
				data[i] = next
			}
			if err := dosna.Write(ctx, d, nd.Selection{}, data); err != nil {
				t.Fatal(err)
			}
			root, err := c.Root(ctx)
			if err != nil {
				t.Fatal(err)
			}
			srcs, views = append(srcs, root), append(views, viewOf(data, slices.Clone(shape)))
			total += shape[axis]
		}
		to := create(t, at+"-pool")
		name := rapid.SampledFrom([]string{fmt.Sprint(axis), fmt.Sprint("axis", axis)}).Draw(r, "name")
		if _, err := dosna.Concatenate(ctx, srcs, name, to, "all"); err != nil {
			r.Fatal(err)
		}
		d, err := to.OpenDataset(ctx, "all/d")
		if err != nil {
			r.Fatal(err)
		}
		shape[axis] = total
		n, _ := nd.Size(shape)
		want := make([]int32, n)
		all, start := viewOf(want, shape), make([]int, rank)
		for _, v := range views {
			nd.Copy(all.Sub(nd.Box{Start: start, Shape: v.Shape}), v)
			start[axis] += v.Shape[axis]
		}
		got, err := dosna.ReadAll[int32](ctx, d, nd.Selection{})
		if err != nil || !slices.Equal(d.Shape(), shape) || !slices.Equal(got, want) {
			r.Fatalf("%v: %v, want %v: %v", d.Shape(), got, want, err)
		}
		if v, err := to.Verify(ctx, "", dosna.VerifyOptions{}); err != nil || v.Losses() > 0 || v.Findings[dosna.Stray]+v.Findings[dosna.Outside] > 0 {
			r.Fatalf("verified %+v, %v", v, err)
		}
	})
}
