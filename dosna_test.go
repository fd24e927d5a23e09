package dosna_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/engine"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/nd"
)

func TestMain(m *testing.M) {
	if text := os.Getenv(buildVar); text != "" {
		os.Exit(buildAndDie(text))
	}
	if text := os.Getenv(jobVar); text != "" {
		os.Exit(runJob(text))
	}
	goleak.VerifyTestMain(m)
}

var ctx = context.Background()

func create(t testing.TB, address string) *dosna.Connection {
	t.Helper()
	c, err := dosna.Open(ctx, address, &dosna.Options{Mode: dosna.Create})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func selection(t testing.TB, s string) nd.Selection {
	t.Helper()
	sel, err := nd.ParseSelection(s)
	if err != nil {
		t.Fatal(err)
	}
	return sel
}

func ramp(n int) []float32 {
	s := make([]float32, n)
	for i := range s {
		s[i] = float32(i)
	}
	return s
}

func TestWriteAndReadBack(t *testing.T) {
	for _, address := range []string{"mem://", testenv.ScratchDir(t) + "/pool"} {
		c := create(t, address)
		d, err := c.CreateDataset(ctx, "scan/raw", dosna.DatasetSpec{Shape: []int{10, 20, 30}, Type: dtype.Float32, Chunks: []int{4, 8, 16}})
		if err != nil {
			t.Fatal(err)
		}
		if err := dosna.Write(ctx, d, nd.Selection{}, ramp(6000)); err != nil {
			t.Fatal(err)
		}
		again, err := c.OpenDataset(ctx, "/scan/raw")
		if err != nil {
			t.Fatal(err)
		}
		got, err := dosna.ReadAll[float32](ctx, again, selection(t, "3, -1, ::-10"))
		if want := []float32{2399, 2389, 2379}; err != nil || !slices.Equal(got, want) {
			t.Errorf("read %v, %v; want %v", got, err, want)
		}
	}
}

// TestAgainstModel does random assignments and reads on datasets of random
// layouts, and on plain memory, and compares.
func TestAgainstModel(t *testing.T) {
	codecs := []string{"none", "zstd:1", "gzip:1", "blosc:lz4:5:shuffle", "blosc:zstd:1:bitshuffle"}
	dir := testenv.ScratchDir(t)
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		address := "mem://"
		if rapid.Bool().Draw(t, "file") {
			address = fmt.Sprintf("%s/%d", dir, n)
		}
		o := &dosna.Options{Mode: dosna.Create, Engine: engine.Threads(rapid.IntRange(1, 3).Draw(t, "workers"))}
		if rapid.Bool().Draw(t, "lazy") {
			o.Verify = dosna.VerifyLazy
		}
		if rapid.Bool().Draw(t, "cached") {
			o.Cache = dosna.NewCache(rapid.SampledFrom([]int{4000, 1 << 20}).Draw(t, "budget"))
			o.Cache.MaxAge = time.Duration(rapid.IntRange(0, 1).Draw(t, "hours")) * time.Hour
		}
		c, err := dosna.Open(ctx, address, o)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		ndim := rapid.IntRange(0, 4).Draw(t, "ndim")
		shape := rapid.SliceOfN(rapid.IntRange(0, 9), ndim, ndim).Draw(t, "shape")
		chunks := rapid.SliceOfN(rapid.IntRange(1, 5), ndim, ndim).Draw(t, "chunks")
		spec := dosna.DatasetSpec{
			Shape: shape, Chunks: chunks, Type: rapid.SampledFrom(dtype.All()).Draw(t, "type"),
			Order: rapid.SampledFrom([]dtype.Order{dtype.Little, dtype.Big}).Draw(t, "order"),
			Codec: rapid.SampledFrom(codecs).Draw(t, "codec"), Checksum: rapid.SampledFrom([]string{"none", "crc32c"}).Draw(t, "checksum"),
			Keys: rapid.SampledFrom([]string{"default", "v2", "default.", "v2/"}).Draw(t, "keys"), Fill: 1,
		}
		if rapid.Bool().Draw(t, "sharded") {
			for _, n := range chunks {
				spec.Shards = append(spec.Shards, n*rapid.IntRange(1, 3).Draw(t, "chunks in a shard"))
			}
		}
		if rapid.Bool().Draw(t, "rectilinear") {
			spread(t, &spec)
		}
		d, err := c.CreateDataset(ctx, "a/b", spec)
		if err != nil {
			t.Fatal(err)
		}
		item := spec.Type.Size()
		size := nd.Full(shape).Size()
		model := nd.NewView(bytes.Repeat(d.Fill(), size), shape, item)
		for range 8 {
			sel := nd.BoxSelection(box(t, shape))
			if rapid.Bool().Draw(t, "fancy") {
				sel = fancy(t, shape)
			}
			r, err := sel.Resolve(shape)
			if err != nil {
				t.Fatal(err)
			}
			whole, err := nd.NewGrid(shape, cells(shape))
			if err != nil {
				t.Fatal(err)
			}
			if rapid.Bool().Draw(t, "write") {
				v := values(t, spec.Type, r.Shape)
				if err := d.WriteView(ctx, sel, v); err != nil {
					t.Fatal(err)
				}
				full, err := v.Broadcast(r.Shape)
				if err != nil {
					t.Fatal(err)
				}
				flat := nd.NewView(make([]byte, r.Size()*item), r.Shape, item)
				nd.Copy(flat, full)
				canon, _ := r.Canonical(flat)
				for i := range r.Pieces(whole).Len() {
					p := r.Pieces(whole).At(i)
					p.Scatter(model.Sub(p.Box), canon)
				}
			}
			got := make([]byte, r.Size()*item)
			if err := d.ReadRaw(ctx, sel, got); err != nil {
				t.Fatal(err)
			}
			want := nd.NewView(make([]byte, r.Size()*item), r.Shape, item)
			canon, _ := r.Canonical(want)
			for i := range r.Pieces(whole).Len() {
				p := r.Pieces(whole).At(i)
				p.Gather(canon, model.Sub(p.Box))
			}
			if !bytes.Equal(got, want.Data) {
				t.Fatalf("%s of %v reads\n% x, want\n% x", sel, shape, got, want.Data)
			}
		}
		faults := 0
		if _, err := d.Verify(ctx, func(f dosna.Fault) { faults++ }); err != nil || faults > 0 {
			t.Fatalf("verify: %d faults, %v", faults, err)
		}
	})
}

func cells(shape []int) []int {
	c := slices.Clone(shape)
	for i := range c {
		c[i] = max(c[i], 1)
	}
	return c
}

func box(t *rapid.T, shape []int) nd.Box {
	b := nd.Box{Start: make([]int, len(shape)), Shape: make([]int, len(shape))}
	for i, n := range shape {
		b.Start[i] = rapid.IntRange(0, n).Draw(t, "start")
		b.Shape[i] = rapid.IntRange(0, n-b.Start[i]).Draw(t, "length")
	}
	return b
}

func fancy(t *rapid.T, shape []int) nd.Selection {
	var items []nd.Index
	for _, n := range shape {
		switch kind := rapid.IntRange(0, 4).Draw(t, "kind"); {
		case kind == 0 && n > 0:
			items = append(items, nd.At(rapid.IntRange(-n, n-1).Draw(t, "at")))
		case kind == 1 && n > 0:
			items = append(items, nd.List(rapid.SliceOfN(rapid.IntRange(-n, n-1), 3, 3).Draw(t, "list")...))
		default:
			step := rapid.IntRange(-3, 3).Filter(func(i int) bool { return i != 0 }).Draw(t, "step")
			items = append(items, nd.RangeStep(rapid.IntRange(-n-1, n+1).Draw(t, "from"), rapid.IntRange(-n-1, n+1).Draw(t, "to"), step))
		}
	}
	return nd.Sel(items...)
}

// values draws a view that broadcasts to shape, with elements that are now and
// then all fill.
func values(t *rapid.T, typ dtype.Type, shape []int) nd.View {
	own := slices.Clone(shape)
	for i := range own {
		if rapid.IntRange(0, 3).Draw(t, "broadcast") == 0 {
			own[i] = 1
		}
	}
	v := nd.NewView(make([]byte, nd.Full(own).Size()*typ.Size()), own, typ.Size())
	one, _ := typ.Encode(1)
	nd.Fill(v, one)
	if rapid.Bool().Draw(t, "random") {
		for i := range v.Data {
			v.Data[i] = byte(rand.IntN(2))
		}
	}
	return v
}

func TestNodes(t *testing.T) {
	c := create(t, testenv.ScratchDir(t)+"/pool")
	spec := dosna.DatasetSpec{Shape: []int{4}, Type: dtype.Int16}
	if _, err := c.CreateDataset(ctx, "a/b/data", spec); err != nil {
		t.Fatal(err)
	}
	g, err := c.OpenGroup(ctx, "a/b")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.CreateGroup(ctx, "../x", nil); err == nil {
		t.Error("created a group outside")
	}
	for _, path := range []string{"data", "/a/b/data", "data/"} {
		if d, err := g.OpenDataset(ctx, path); err != nil || d.Path() != "/a/b/data" {
			t.Errorf("open %q: %v, %v", path, d, err)
		}
	}
	if _, err := g.CreateDataset(ctx, "data", spec); !errors.Is(err, dosna.ErrExist) {
		t.Errorf("created twice: %v", err)
	}
	if _, err := g.CreateDataset(ctx, "data/below", spec); err == nil || !strings.Contains(err.Error(), "is a dataset") {
		t.Errorf("created below a dataset: %v", err)
	}
	if err := c.Move(ctx, "a/b", "moved/here"); err != nil {
		t.Fatal(err)
	}
	var paths []string
	root, err := c.Root(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for n, err := range root.Walk(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, n.Path())
	}
	if want := []string{"/a", "/moved", "/moved/here", "/moved/here/data"}; !slices.Equal(paths, want) {
		t.Errorf("walked %v, want %v", paths, want)
	}
	if err := c.Delete(ctx, "moved"); err != nil {
		t.Fatal(err)
	}
	if ok, err := root.Has(ctx, "moved/here/data"); ok || err != nil {
		t.Errorf("after deletion: %v, %v", ok, err)
	}
	if err := c.Delete(ctx, "moved"); !errors.Is(err, dosna.ErrNotExist) {
		t.Errorf("deleted twice: %v", err)
	}
}

func TestResize(t *testing.T) {
	for _, shards := range [][]int{nil, {4, 6}} {
		c := create(t, "mem://")
		d, err := c.CreateDataset(ctx, "x", dosna.DatasetSpec{Shape: []int{7, 9}, Type: dtype.Float32, Chunks: []int{2, 3}, Shards: shards, Fill: -1})
		if err != nil {
			t.Fatal(err)
		}
		if err := dosna.Write(ctx, d, nd.Selection{}, ramp(63)); err != nil {
			t.Fatal(err)
		}
		if err := d.Resize(ctx, []int{3, 4}); err != nil {
			t.Fatal(err)
		}
		if err := d.Resize(ctx, []int{7, 9}); err != nil {
			t.Fatal(err)
		}
		got, err := dosna.ReadAll[float32](ctx, d, nd.Selection{})
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range got {
			want := float32(-1)
			if i/9 < 3 && i%9 < 4 {
				want = float32(i)
			}
			if v != want {
				t.Fatalf("shards %v: element %d is %v, want %v", shards, i, v, want)
			}
		}
	}
}

func TestAppendFromMany(t *testing.T) {
	c := create(t, "mem://")
	d, err := c.CreateDataset(ctx, "x", dosna.DatasetSpec{Shape: []int{0, 3}, Type: dtype.Float32, Chunks: []int{4, 2}})
	if err != nil {
		t.Fatal(err)
	}
	err = engine.Threads(8).Run(ctx, 50, engine.RunOptions{}, func(ctx context.Context, i int) error {
		v := float32(i + 1)
		_, err := d.Append(ctx, 0, nd.NewView(dtype.Bytes([]float32{v, v, v, v, v, v}), []int{2, 3}, 4))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := dosna.ReadAll[float32](ctx, d, nd.Selection{})
	if err != nil || len(got) != 300 {
		t.Fatalf("%d elements, %v", len(got), err)
	}
	slices.Sort(got)
	for i, v := range got {
		if v != float32(i/6+1) {
			t.Fatalf("element %d is %v", i, v)
		}
	}
}

func TestApplyCountsEveryUpdate(t *testing.T) {
	dir := testenv.ScratchDir(t) + "/pool"
	c := create(t, dir)
	if _, err := c.CreateDataset(ctx, "x", dosna.DatasetSpec{Shape: []int{5, 5}, Type: dtype.Int32, Chunks: []int{3, 3}}); err != nil {
		t.Fatal(err)
	}
	err := engine.Threads(6).Run(ctx, 6, engine.RunOptions{}, func(ctx context.Context, i int) error {
		own, err := dosna.Open(ctx, dir, &dosna.Options{Mode: dosna.ReadWrite}) // locks of its own
		if err != nil {
			return err
		}
		defer own.Close()
		d, err := own.OpenDataset(ctx, "x")
		if err != nil {
			return err
		}
		for range 20 {
			err := d.Apply(ctx, func(_ context.Context, b dosna.Block) error {
				for y := range b.Out.Shape[0] {
					for x := range b.Out.Shape[1] {
						e := b.Out.Index(0, y).Index(0, x)
						p := dtype.Slice[int32](e.Data[e.Off : e.Off+4])
						p[0]++
					}
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	d, err := c.OpenDataset(ctx, "x")
	if err != nil {
		t.Fatal(err)
	}
	got, err := dosna.ReadAll[int32](ctx, d, nd.Selection{})
	if err != nil || slices.Min(got) != 120 || slices.Max(got) != 120 {
		t.Errorf("counted %v, %v; want 120 everywhere", got, err)
	}
}

func TestBufferGathersSpectra(t *testing.T) {
	c := create(t, "mem://")
	d, err := c.CreateDataset(ctx, "cube", dosna.DatasetSpec{Shape: []int{7, 6, 50}, Type: dtype.Float32, Chunks: []int{4, 4, 20}})
	if err != nil {
		t.Fatal(err)
	}
	b, err := d.Buffer(3000) // smaller than the array, so that it has to make room
	if err != nil {
		t.Fatal(err)
	}
	all := ramp(7 * 6 * 50)
	for _, i := range rand.Perm(42) {
		box := nd.Box{Start: []int{i / 6, i % 6, 0}, Shape: []int{1, 1, 50}}
		if err := b.WriteBox(ctx, box, nd.NewView(dtype.Bytes(all[i*50:(i+1)*50]), []int{50}, 4)); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Close(ctx); err != nil {
		t.Fatal(err)
	}
	got, err := dosna.ReadAll[float32](ctx, d, nd.Selection{})
	if err != nil || !slices.Equal(got, all) {
		t.Errorf("read back differently: %v", err)
	}
	if err := b.WriteBox(ctx, nd.Full([]int{7, 6, 50}), nd.NewView(dtype.Bytes(all), []int{7, 6, 50}, 4)); err == nil {
		t.Error("a closed buffer took a write")
	}
}
