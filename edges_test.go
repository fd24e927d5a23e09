package dosna_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/engine"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/nd"
)

// spread gives the stored objects of a spec, along some axes, lengths of their own.
func spread(t *rapid.T, s *dosna.DatasetSpec) {
	s.Edges = make([][]int, len(s.Shape))
	cells := s.Chunks
	if s.Shards != nil {
		cells = s.Shards
	}
	s.Chunks = slices.Clone(s.Chunks)
	for axis, n := range s.Shape {
		if rapid.IntRange(0, 3).Draw(t, "regular") == 0 {
			continue
		}
		unit := 1
		if s.Shards != nil {
			unit = s.Chunks[axis]
		}
		for sum := 0; sum < n || len(s.Edges[axis]) == 0; {
			edge := unit * rapid.IntRange(1, 4).Draw(t, "edge")
			s.Edges[axis] = append(s.Edges[axis], edge)
			sum += edge
		}
		if s.Shards == nil {
			s.Chunks[axis] = 0
		} else {
			cells[axis] = slices.Max(s.Edges[axis])
		}
	}
}

var edgesSpec = dosna.DatasetSpec{Shape: []int{10, 9}, Type: dtype.Uint8, Edges: [][]int{{2, 5, 1, 4}, nil}, Chunks: []int{0, 4}, Fill: 9}

func edgesDataset(t testing.TB, c *dosna.Connection, path string, s dosna.DatasetSpec) *dosna.Dataset {
	t.Helper()
	d, err := c.CreateDataset(ctx, path, s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func count(n int) []uint8 {
	s := make([]uint8, n)
	for i := range s {
		s[i] = uint8(i)
	}
	return s
}

func TestEdges(t *testing.T) {
	dir := testenv.ScratchDir(t)
	d := edgesDataset(t, create(t, dir+"/pool"), "x", edgesSpec)
	if got, want := fmt.Sprint(d.Chunks(), d.Shards(), d.Edges(), d.Grid().Counts()), "[5 4] [] [[2 5 1 4] []] [4 3]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	write(t, d, "...", count(90)...)
	for _, c := range []struct{ sel, want string }{
		{"2:8, 3:5", "[21 22 30 31 39 40 48 49 57 58 66 67]"},
		{"::-4, 8", "[89 53 17]"},
		{"[7, 1, 9], [0, 4, 8]", "[63 13 89]"},
	} {
		if got := fmt.Sprint(read(t, d, c.sel)); got != c.want {
			t.Errorf("[%s] is %s, want %s", c.sel, got, c.want)
		}
	}
	if u, err := d.Usage(ctx); err != nil || u.Objects != 12 || u.Cells != 12 {
		t.Errorf("%+v, %v", u, err)
	}
	if n, err := d.Verify(ctx, func(f dosna.Fault) { t.Error(f) }); n != 12 || err != nil {
		t.Errorf("%d verified, %v", n, err)
	}
	if _, err := d.Chunk(4, 0); err == nil {
		t.Error("there is a fifth chunk")
	}
	doc, err := os.ReadFile(filepath.Join(dir, "pool/x/zarr.json"))
	if err != nil {
		t.Fatal(err)
	}
	if want := `"kind": "inline", "chunk_shapes": [ [2, 5, 1, 4], 4 ]`; !strings.Contains(strings.Join(strings.Fields(string(doc)), " "), want) {
		t.Errorf("the document is\n%s", doc)
	}
}

// TestEdgesAreStoredWithTheirShape reads the bytes of chunks without codecs.
func TestEdgesAreStoredWithTheirShape(t *testing.T) {
	dir := testenv.ScratchDir(t)
	s := edgesSpec
	s.Codec, s.Checksum = "none", "none"
	d := edgesDataset(t, create(t, dir+"/pool"), "x", s)
	write(t, d, "...", count(90)...)
	for name, want := range map[string][]uint8{
		"2/1": {67, 68, 69, 70},
		"0/2": {8, 9, 9, 9, 17, 9, 9, 9}, // behind the array's edge is fill
		"3/0": {72, 73, 74, 75, 81, 82, 83, 84, 9, 9, 9, 9, 9, 9, 9, 9},
	} {
		if got, err := os.ReadFile(filepath.Join(dir, "pool/x/c", name)); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s is %v, %v; want %v", name, got, err, want)
		}
	}
}

func TestSpecsWithEdges(t *testing.T) {
	c := create(t, "mem://")
	for i, s := range []dosna.DatasetSpec{
		{Edges: [][]int{{4, 8}, {9}}},
		{Edges: [][]int{{4, 8}, nil}},
		{Edges: [][]int{{4, 8}, nil}, Chunks: []int{0, 3}},
		{Edges: [][]int{{4, 8}, nil}, Chunks: []int{8, 3}},
		{Edges: [][]int{{4, 8}, nil}, Chunks: []int{2, 3}, Shards: []int{0, 6}},
		{Edges: [][]int{{4, 6}, nil}, Shards: []int{0, 6}}, // chunks are guessed
		{Edges: [][]int{nil, nil}, Chunks: []int{2, 3}},
		{Edges: [][]int{{4, 8, 100, 100}, {20}}, Codec: "blosc:lz4:5:shuffle"},
	} {
		s.Shape, s.Type = []int{10, 9}, dtype.Uint8
		d := edgesDataset(t, c, fmt.Sprint(i), s)
		write(t, d, "...", count(90)...)
		again := edgesDataset(t, c, fmt.Sprint("again", i), d.Spec())
		if !reflect.DeepEqual(again.Spec(), d.Spec()) {
			t.Errorf("%+v\nis made\n%+v\nof which is made\n%+v", s, d.Spec(), again.Spec())
		}
		if got := read(t, dataset(t, c, fmt.Sprint(i)), "..."); !slices.Equal(got, count(90)) {
			t.Errorf("%+v: read %v", s, got)
		}
		if (d.Edges() == nil) != (i == 6) {
			t.Errorf("%+v: edges %v", s, d.Edges())
		}
	}
	for _, bad := range []struct {
		want string
		s    dosna.DatasetSpec
	}{
		{"Edges for 1 axes", dosna.DatasetSpec{Edges: [][]int{{4, 8}}}},
		{"both Edges and Access", dosna.DatasetSpec{Edges: [][]int{{10}, nil}, Access: "planes:0"}},
		{"the lengths add up to 0", dosna.DatasetSpec{Edges: [][]int{{10}, {}}}},
		{"chunks of shape [4]", dosna.DatasetSpec{Edges: [][]int{{4, 8}, nil}, Chunks: []int{4}}},
		{"a length of 4 along axis 0, where Edges lists them: 0 is to be given there, or the longest, 8", dosna.DatasetSpec{Edges: [][]int{{4, 8}, nil}, Chunks: []int{4, 9}}},
		{"axis 1 has no length", dosna.DatasetSpec{Edges: [][]int{{4, 8}, nil}, Chunks: []int{0, 0}}},
		{"the lengths add up to 9, and the shape [10 9] has 10", dosna.DatasetSpec{Edges: [][]int{{4, 5}, nil}}},
		{"0 is below 1", dosna.DatasetSpec{Edges: [][]int{{4, 0, 8}, nil}}},
		{"-1 is below 1", dosna.DatasetSpec{Edges: [][]int{{12, -1}, nil}}},
		{"-4 is below 1", dosna.DatasetSpec{Edges: [][]int{{-4, -8}, nil}, Chunks: []int{0, 3}}},
		{"shard 1 along axis 0 has the length 7, which is not made of whole chunks of 2", dosna.DatasetSpec{Edges: [][]int{{4, 7, 8}, nil}, Chunks: []int{2, 3}, Shards: []int{0, 6}}},
		{"not made of whole chunks", dosna.DatasetSpec{Edges: [][]int{{4, 7}, nil}, Chunks: []int{2, 3}, Shards: []int{0, 6}}},
		{"more than 63 bits", dosna.DatasetSpec{Edges: [][]int{slices.Repeat([]int{1 << 50}, 1<<14), nil}, Chunks: []int{1, 3}, Shards: []int{0, 3}}},
		{"held in memory", dosna.DatasetSpec{Edges: [][]int{{4, 8}, {1 << 40}}}},
	} {
		bad.s.Shape, bad.s.Type = []int{10, 9}, dtype.Uint8
		if _, err := c.CreateDataset(ctx, "bad", bad.s); !errors.Is(err, dosna.ErrInvalid) || !strings.Contains(err.Error(), bad.want) {
			t.Errorf("%+v: got %.200v, want %s", bad.s.Chunks, err, bad.want)
		}
	}
}

// TestEdgesGrow: what an array grows by becomes a chunk, or several that are no longer
// than the longest; what it shrinks by stays in the grid.
func TestEdgesGrow(t *testing.T) {
	for _, c := range []struct {
		shards []int
		shapes []int // one after the other
		want   []int
	}{
		{nil, []int{13}, []int{4, 8, 1}},
		{nil, []int{12}, []int{4, 8}},
		{nil, []int{17}, []int{4, 8, 5}},
		{nil, []int{17, 18, 25}, []int{4, 8, 5, 1, 7}},
		{nil, []int{30}, []int{4, 8, 8, 8, 2}},
		{nil, []int{28}, []int{4, 8, 8, 8}},
		{nil, []int{0, 5, 12}, []int{4, 8}},
		{nil, []int{3, 20}, []int{4, 8, 8}},
		{[]int{0}, []int{17}, []int{4, 8, 6}}, // shards are of whole chunks
		{[]int{0}, []int{13, 29}, []int{4, 8, 2, 8, 8}},
	} {
		conn := create(t, "mem://")
		s := dosna.DatasetSpec{Shape: []int{11}, Type: dtype.Uint8, Edges: [][]int{{4, 8}}, Shards: c.shards}
		if c.shards != nil {
			s.Chunks = []int{2}
		}
		d := edgesDataset(t, conn, "x", s)
		write(t, d, ":", 7)
		least := 11
		for _, n := range c.shapes {
			if err := d.Resize(ctx, []int{n}); err != nil {
				t.Fatal(err)
			}
			least = min(least, n)
		}
		n := d.Shape()[0]
		want := append(slices.Repeat([]uint8{7}, least), make([]uint8, n-least)...)
		for _, d := range []*dosna.Dataset{d, dataset(t, conn, "x")} {
			if got := d.Edges()[0]; !slices.Equal(got, c.want) {
				t.Errorf("%v: lengths %v, want %v", c.shapes, got, c.want)
			}
			if got := read(t, d, ":"); !slices.Equal(got, want) {
				t.Errorf("%v: read %v, want %v", c.shapes, got, want)
			}
			write(t, d, ":", count(n)...)
			if got := read(t, d, ":"); !slices.Equal(got, count(n)) {
				t.Errorf("%v: read %v", c.shapes, got)
			}
			want = count(n)
		}
	}
	empty := edgesDataset(t, create(t, "mem://"), "x", dosna.DatasetSpec{Shape: []int{0}, Type: dtype.Uint8, Edges: [][]int{{}}})
	if at, err := empty.Append(ctx, 0, nd.NewView(count(5), []int{5}, 1)); at != 0 || err != nil || !slices.Equal(read(t, empty, ":"), count(5)) || !slices.Equal(empty.Edges()[0], []int{5}) {
		t.Errorf("appended at %d, %v; lengths %v", at, err, empty.Edges())
	}
	d := edgesDataset(t, create(t, "mem://"), "x", dosna.DatasetSpec{Shape: []int{3}, Type: dtype.Uint8, Edges: [][]int{{1, 2}}})
	if err := d.Resize(ctx, []int{1 << 40}); !errors.Is(err, dosna.ErrInvalid) || !strings.Contains(err.Error(), "more than 1048576 chunks") {
		t.Errorf("grown too far: %v", err)
	}
}

// TestEdgesResizeAgainstModel shrinks, grows, appends and writes in any order.
func TestEdgesResizeAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, err := dosna.Open(ctx, "mem://", &dosna.Options{Mode: dosna.Create})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		s := dosna.DatasetSpec{
			Shape: rapid.SliceOfN(rapid.IntRange(0, 12), 2, 2).Draw(t, "shape"), Chunks: rapid.SliceOfN(rapid.IntRange(1, 4), 2, 2).Draw(t, "chunks"),
			Type: dtype.Uint8, Fill: 200,
		}
		if rapid.Bool().Draw(t, "sharded") {
			s.Shards = []int{2 * s.Chunks[0], 3 * s.Chunks[1]}
		}
		spread(t, &s)
		d, err := c.CreateDataset(ctx, "x", s)
		if err != nil {
			t.Fatal(err)
		}
		stale, err := c.OpenDataset(ctx, "x") // which somebody else opened
		if err != nil {
			t.Fatal(err)
		}
		model := nd.NewView(make([]byte, s.Shape[0]*s.Shape[1]), s.Shape, 1)
		nd.Fill(model, []byte{200})
		reshape := func(shape []int) {
			next := nd.NewView(make([]byte, shape[0]*shape[1]), shape, 1)
			nd.Fill(next, []byte{200})
			if both, ok := nd.Full(shape).Intersect(nd.Full(model.Shape)); ok {
				nd.Copy(next.Sub(both), model.Sub(both))
			}
			model = next
		}
		for i := range 8 {
			if rapid.IntRange(0, 2).Draw(t, "whose") == 0 {
				if d, err = stale.Refresh(ctx); err != nil {
					t.Fatal(err)
				}
			}
			switch rapid.IntRange(0, 3).Draw(t, "call") {
			case 0:
				shape := rapid.SliceOfN(rapid.IntRange(0, 20), 2, 2).Draw(t, "shape")
				if err := d.Resize(ctx, shape); err != nil {
					t.Fatal(err)
				}
				reshape(shape)
			case 1:
				axis := rapid.IntRange(0, 1).Draw(t, "axis")
				shape, at := slices.Clone(model.Shape), model.Shape[axis]
				shape[axis] = rapid.IntRange(1, 5).Draw(t, "more")
				if got, err := d.Append(ctx, axis, nd.View{Data: []byte{byte(i)}, Shape: shape, Strides: []int{0, 0}, Item: 1}); err != nil || got != at {
					t.Fatalf("appended at %d, %v; want %d", got, err, at)
				}
				box := nd.Box{Start: make([]int, 2), Shape: shape}
				box.Start[axis] = at
				whole := slices.Clone(model.Shape)
				whole[axis] += shape[axis]
				reshape(whole)
				nd.Fill(model.Sub(box), []byte{byte(i)})
			default:
				b := box(t, model.Shape)
				if err := d.WriteBox(ctx, b, nd.NewView([]byte{byte(100 + i)}, nil, 1)); err != nil {
					t.Fatal(err)
				}
				nd.Fill(model.Sub(b), []byte{byte(100 + i)})
			}
			got, err := dosna.ReadAll[uint8](ctx, d, nd.Selection{})
			if err != nil || !slices.Equal(got, model.Data) {
				t.Fatalf("edges %v: read %v of shape %v, %v; want %v of %v", d.Edges(), got, d.Shape(), err, model.Data, model.Shape)
			}
		}
		if v, err := c.Verify(ctx, "x", dosna.VerifyOptions{}); err != nil || v.Losses() > 0 || v.Findings[dosna.Outside] > 0 {
			t.Fatalf("%+v, %v", v, err)
		}
	})
}

// TestManyShapes has more shapes of chunks than codecs are bound to at a time.
func TestManyShapes(t *testing.T) {
	edges := make([]int, 300)
	n := 0
	for i := range edges {
		edges[i] = i + 1
		n += i + 1
	}
	for _, codec := range []string{"none", "zstd:1"} {
		d := edgesDataset(t, create(t, "mem://"), "x", dosna.DatasetSpec{Shape: []int{n}, Type: dtype.Uint8, Edges: [][]int{edges}, Codec: codec})
		for range 2 {
			write(t, d, ":", count(n)...)
			write(t, d, "1::2", 5)
			want := count(n)
			for i := 1; i < n; i += 2 {
				want[i] = 5
			}
			if got := read(t, d, ":"); !slices.Equal(got, want) {
				t.Fatal("read back differently")
			}
		}
	}
}

// TestEdgesChangedByMany: changes of parts of the same chunks, in connections with
// locks of their own, and appends meanwhile.
func TestEdgesChangedByMany(t *testing.T) {
	dir := testenv.ScratchDir(t) + "/pool"
	for path, s := range map[string]dosna.DatasetSpec{
		"chunks": {Shape: []int{9, 10}, Edges: [][]int{{2, 7}, {6, 1, 3}}},
		"shards": {Shape: []int{9, 10}, Edges: [][]int{{2, 8}, {6, 4}}, Chunks: []int{2, 2}, Shards: []int{0, 0}},
	} {
		s.Type = dtype.Int32
		edgesDataset(t, create(t, dir), path, s)
		err := engine.Threads(6).Run(ctx, 6, engine.RunOptions{}, func(ctx context.Context, i int) error {
			own, err := dosna.Open(ctx, dir, &dosna.Options{Mode: dosna.ReadWrite})
			if err != nil {
				return err
			}
			defer own.Close()
			d, err := own.OpenDataset(ctx, path)
			if err != nil {
				return err
			}
			for round := range 10 {
				err := d.Update(ctx, nd.Full([]int{9, 10}), func(_ context.Context, b dosna.Block) error {
					for y := range b.Out.Shape[0] {
						for x := range b.Out.Shape[1] {
							e := b.Out.Index(0, y).Index(0, x)
							dtype.Slice[int32](e.Data[e.Off : e.Off+4])[0]++
						}
					}
					return nil
				})
				if err != nil {
					return err
				}
				if round%5 == 0 {
					if _, err := d.Append(ctx, 0, nd.View{Data: dtype.Bytes([]int32{-1}), Shape: []int{3, 10}, Strides: []int{0, 0}, Item: 4}); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		d := dataset(t, create(t, dir), path)
		if got := d.Shape(); !slices.Equal(got, []int{9 + 12*3, 10}) {
			t.Errorf("%s: shape %v", path, got)
		}
		counted, err := dosna.ReadAll[int32](ctx, d, selection(t, ":9"))
		if err != nil || slices.Min(counted) != 60 || slices.Max(counted) != 60 {
			t.Errorf("%s: counted %v, %v; want 60 everywhere", path, counted, err)
		}
		appended, err := dosna.ReadAll[int32](ctx, d, selection(t, "9:"))
		if err != nil || slices.Min(appended) != -1 || slices.Max(appended) != -1 {
			t.Errorf("%s: appended %v, %v; want -1 everywhere", path, appended, err)
		}
	}
}

// TestEdgesGatheredByABuffer writes single elements of chunks of all shapes.
func TestEdgesGatheredByABuffer(t *testing.T) {
	d := edgesDataset(t, create(t, "mem://"), "x", edgesSpec)
	b, err := d.Buffer(30)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 90 {
		i = i * 7 % 90
		if err := b.WriteBox(ctx, nd.Box{Start: []int{i / 9, i % 9}, Shape: []int{1, 1}}, nd.NewView([]byte{byte(i)}, nil, 1)); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Close(ctx); err != nil {
		t.Fatal(err)
	}
	if got := read(t, d, "..."); !slices.Equal(got, count(90)) {
		t.Errorf("read %v", got)
	}
}

// TestEdgesInCopiesAndMaps: copies keep the grid, or get another, and blocks of a map
// are of whole chunks.
func TestEdgesInCopiesAndMaps(t *testing.T) {
	c := create(t, "mem://")
	d := edgesDataset(t, c, "x", edgesSpec)
	write(t, d, "...", count(90)...)
	for i, o := range []*dosna.CopyOptions{
		nil, {Codec: "gzip:1"}, {Chunks: []int{3, 3}}, {Access: "boxes"}, {Chunks: []int{0, 2}, Edges: [][]int{{3, 7}, nil}},
		{Chunks: []int{2, 3}, Shards: []int{0, 0}, Edges: [][]int{{4, 6}, {9}}},
	} {
		n, err := dosna.Copy(ctx, d, c, fmt.Sprint("copy", i), o)
		if err != nil {
			t.Fatal(err)
		}
		to := n.(*dosna.Dataset)
		want := [][]int(nil)
		if o == nil || o.Codec != "" {
			want = d.Edges()
		} else if o.Edges != nil {
			want = o.Edges
		}
		if !reflect.DeepEqual(to.Edges(), want) || !slices.Equal(read(t, to, "..."), count(90)) {
			t.Errorf("copy %d: edges %v, want %v; %v", i, to.Edges(), want, read(t, to, "..."))
		}
	}
	n, err := dosna.Copy(ctx, d, c, "v2", &dosna.CopyOptions{Format: 2})
	if err != nil {
		t.Fatal(err)
	}
	if to := n.(*dosna.Dataset); to.Edges() != nil || !slices.Equal(to.Chunks(), []int{5, 4}) || !slices.Equal(read(t, to, "..."), count(90)) {
		t.Errorf("in Zarr v2: edges %v, chunks %v; %v", to.Edges(), to.Chunks(), read(t, to, "..."))
	}
	if _, err := dosna.Copy(ctx, d, c, "bad", &dosna.CopyOptions{Edges: d.Edges()}); !errors.Is(err, dosna.ErrInvalid) {
		t.Errorf("edges of neither chunks nor shards: %v", err)
	}
	for _, o := range []dosna.MapOptions{{}, {Halo: []int{1, 2}}, {BlockBytes: 1}, {BlockBytes: 60}, {BlockBytes: 1 << 20}} {
		out := edgesDataset(t, c, fmt.Sprintf("out%d", o.BlockBytes+len(o.Halo)), edgesSpec)
		err := d.Map(ctx, out, o, func(_ context.Context, b dosna.Block) error {
			inner := nd.Box{Start: b.Halo, Shape: b.Box.Shape}
			for axis := range b.Box.Start {
				if b.Box.Start[axis] != out.Grid().Floor(axis, b.Box.Start[axis]) {
					return fmt.Errorf("block %v cuts a chunk", b.Box)
				}
			}
			nd.Copy(b.Out, b.In.Sub(inner))
			return nil
		})
		if err != nil || !slices.Equal(read(t, out, "..."), count(90)) {
			t.Errorf("%+v: %v; %v", o, err, read(t, out, "..."))
		}
	}
}

// TestAnotherGridInItsPlace: who has opened a dataset, and finds one with other chunk
// lengths in its place, writes nothing to it.
func TestAnotherGridInItsPlace(t *testing.T) {
	c := create(t, "mem://")
	d := edgesDataset(t, c, "x", edgesSpec)
	if err := c.Delete(ctx, "x"); err != nil {
		t.Fatal(err)
	}
	s := edgesSpec
	s.Edges = [][]int{{2, 4, 2, 4}, nil}
	s.Chunks = []int{0, 4}
	other := edgesDataset(t, c, "x", s)
	if err := d.Resize(ctx, []int{11, 9}); !errors.Is(err, dosna.ErrNotExist) {
		t.Errorf("resized: %v", err)
	}
	if got := other.Shape()[0]; got != 10 {
		t.Errorf("%d rows", got)
	}
}
