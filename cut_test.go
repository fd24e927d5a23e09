package dosna_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/engine"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
)

func TestGrowingAfterAnInterruptedCut(t *testing.T) {
	broken := errors.New("the line is cut")
	for _, shards := range [][]int{nil, {4, 6}} {
		for fail := range 9 { // how many changes come through
			h, c, direct := two(t, dosna.Options{Engine: engine.CPU()})
			d, err := c.CreateDataset(ctx, "x", dosna.DatasetSpec{Shape: []int{7, 9}, Type: dtype.Uint8, Chunks: []int{2, 3}, Shards: shards})
			if err != nil {
				t.Fatal(err)
			}
			write(t, d, "...", 5)
			n := 0
			h.before = func(op, key string) error {
				if (op == "put" || op == "delete") && strings.HasPrefix(key, "x/c") {
					if n++; n > fail {
						return broken
					}
				}
				return nil
			}
			if err := d.Resize(ctx, []int{3, 4}); fail == 0 && !errors.Is(err, broken) {
				t.Fatalf("the cut was not interrupted: %v", err)
			}
			h.before = nil
			grown := dataset(t, direct, "x")
			if fail%2 == 0 {
				_, err = grown.Append(ctx, 0, nd.View{Data: []byte{6}, Shape: []int{2, 4}, Strides: []int{0, 0}, Item: 1})
				if err != nil {
					t.Fatal(err)
				}
			}
			if err := grown.Resize(ctx, []int{7, 9}); err != nil {
				t.Fatal(err)
			}
			for i, v := range read(t, grown, "...") {
				want := uint8(0)
				if y, x := i/9, i%9; y < 3 && x < 4 {
					want = 5
				} else if y < 5 && x < 4 && fail%2 == 0 {
					want = 6
				}
				if v != want {
					t.Fatalf("shards %v, %d changes made: element %d is %d, want %d", shards, fail, i, v, want)
				}
			}
			if usage, err := grown.Usage(ctx); err != nil || shards == nil && usage.Objects > 6 {
				t.Errorf("%d objects are left, %v", usage.Objects, err)
			}
		}
	}
}

// TestACutLeavesWhatGrewMeanwhile lets another connection grow the array, and write
// to it, at every request of a cut.
func TestACutLeavesWhatGrewMeanwhile(t *testing.T) {
	for when := 1; ; when++ {
		h, c, direct := two(t, dosna.Options{Engine: engine.CPU()})
		d := bytesDataset(t, c, "x", []int{10}, []int{4})
		write(t, d, ":", 5)
		h.reset()
		other := dataset(t, direct, "x")
		n, grew := 0, false
		h.before = func(op, key string) error {
			if n++; n == when && other != nil {
				if now, err := other.Refresh(ctx); err != nil || now.Shape()[0] == 10 {
					return err // not cut yet
				} else if err := now.Resize(ctx, []int{10}); err != nil {
					return err
				} else if err := dosna.Write(ctx, now, selection(t, "3:"), []uint8{7}); err != nil {
					return err
				}
				grew = true
			}
			return nil
		}
		if err := d.Resize(ctx, []int{3}); err != nil {
			t.Fatal(err)
		}
		done := n < when
		h.before = nil
		if grew {
			want := []uint8{5, 5, 5, 7, 7, 7, 7, 7, 7, 7}
			if got := read(t, dataset(t, direct, "x"), ":"); !slices.Equal(got, want) {
				t.Fatalf("grown at request %d: read %v, want %v", when, got, want)
			}
		}
		if done {
			break
		}
	}
}

func TestGrowingWithoutACutLooksAtNothing(t *testing.T) {
	h, c, _ := two(t, dosna.Options{})
	d := bytesDataset(t, c, "x", []int{10}, []int{4})
	write(t, d, ":", 5)
	h.reset()
	if err := d.Resize(ctx, []int{20}); err != nil {
		t.Fatal(err)
	}
	if h.count("list") != 0 || h.count("get x/c") != 0 {
		t.Errorf("requests %v", h.ops)
	}
	for _, n := range []int{15, 25} { // the first growth after a cut tidies, and the mark goes
		if err := d.Resize(ctx, []int{n}); err != nil {
			t.Fatal(err)
		}
	}
	h.reset()
	if err := d.Resize(ctx, []int{30}); err != nil {
		t.Fatal(err)
	}
	if h.count("list") != 0 {
		t.Errorf("requests %v", h.ops)
	}
}

// TestADeletionLeavesWhatIsCreatedMeanwhile lets another connection finish the
// deletion, create a dataset in the place and write to it, at every request.
func TestADeletionLeavesWhatIsCreatedMeanwhile(t *testing.T) {
	for when := 1; ; when++ {
		h, c, direct := two(t, dosna.Options{Engine: engine.CPU()})
		d := bytesDataset(t, c, "x", []int{10}, []int{4})
		write(t, d, ":", 5)
		h.reset()
		n, created := 0, false
		h.before = func(op, key string) error {
			if n++; n == when {
				if _, err := direct.OpenDataset(ctx, "x"); err == nil {
					return nil // not marked yet
				}
				again := bytesDataset(t, direct, "x", []int{10}, []int{4})
				write(t, again, ":", 7)
				created = true
			}
			return nil
		}
		if err := d.Delete(ctx); err != nil {
			t.Fatal(err)
		}
		done := n < when
		h.before = nil
		if created {
			if got := read(t, dataset(t, direct, "x"), ":"); slices.Min(got) != 7 {
				t.Fatalf("created at request %d: read %v", when, got)
			}
		}
		if done {
			break
		}
	}
}

// TestStoresThatPromiseLittle has stores without conditions, shared with others or
// not.
func TestStoresThatPromiseLittle(t *testing.T) {
	none := store.Guarantees{Shared: true}
	h, c, direct := two(t, dosna.Options{})
	d := bytesDataset(t, direct, "x", []int{10}, []int{4})
	write(t, d, ":", 5)
	h.promises = &none
	d = dataset(t, c, "x")
	view := nd.NewView([]byte{1}, []int{1}, 1)
	_, appended := d.Append(ctx, 0, view)
	_, created := c.CreateGroup(ctx, "g", nil)
	k, err := d.Chunk(0)
	if err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{
		"a part":     dosna.Write(ctx, d, selection(t, "0:1"), []uint8{1}),
		"apply":      d.Apply(ctx, func(context.Context, dosna.Block) error { t.Error("called"); return nil }),
		"attributes": d.UpdateAttrs(ctx, func(dosna.Attributes) error { return nil }),
		"resize":     d.Resize(ctx, []int{5}), "append": appended, "create": created, "delete": d.Delete(ctx), "chunk": k.Create(ctx, view),
	} {
		if !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), "Unsafe") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := dosna.Write(ctx, d, selection(t, "0:8"), []uint8{6}); err != nil {
		t.Errorf("whole chunks: %v", err)
	}
	for name, o := range map[string]struct {
		dosna.Options
		store.Guarantees
	}{
		"unsafe":                       {dosna.Options{Unsafe: true}, none},
		"private":                      {dosna.Options{}, store.Guarantees{}},
		"without conditional deletion": {dosna.Options{}, store.Guarantees{Shared: true, PutIfMatch: true, PutIfAbsent: true}},
	} {
		h, _, direct := two(t, dosna.Options{})
		h.promises = &o.Guarantees
		c := open(t, h, o.Options)
		d := bytesDataset(t, c, "a/x", []int{10}, []int{4})
		write(t, d, ":", 5)
		if err := engine.Threads(8).Run(ctx, 4, engine.RunOptions{}, func(ctx context.Context, i int) error { // parts of one chunk
			return dosna.Write(ctx, d, nd.Sel(nd.At(i)), []uint8{0})
		}); err != nil {
			t.Fatal(err)
		}
		got := read(t, dataset(t, direct, "a/x"), ":")
		if want := []uint8{0, 0, 0, 0, 5, 5, 5, 5, 5, 5}; !slices.Equal(got, want) {
			t.Errorf("%s: read %v", name, got)
		}
		k, err := d.Chunk(0)
		if err != nil {
			t.Fatal(err)
		}
		if ok, err := k.Exists(ctx); !ok || err != nil { // stored as fill
			t.Errorf("%s: the chunk that became fill was removed: %v", name, err)
		}
		if err := errors.Join(d.Resize(ctx, []int{5}), d.Resize(ctx, []int{12}), k.Delete(ctx)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := read(t, d, ":"); !slices.Equal(got, []uint8{0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0}) {
			t.Errorf("%s: resized, it reads %v", name, got)
		}
		if err := c.Delete(ctx, "a"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestWholeAndPartialWritesDoNotMeet writes whole chunks while parts of them are
// being changed, on a store that does not notice.
func TestWholeAndPartialWritesDoNotMeet(t *testing.T) {
	h, _, _ := two(t, dosna.Options{})
	h.promises = &store.Guarantees{}
	c := open(t, h, dosna.Options{})
	d := bytesDataset(t, c, "x", []int{4}, []int{4})
	write(t, d, ":", 1)
	whole := make(chan error, 1)
	var started atomic.Bool
	h.atOnce = true
	h.before = func(op, key string) error {
		if op == "put" && key == "x/c/0" && !started.Swap(true) { // of the part
			go func() { whole <- dosna.Write(ctx, d, nd.Selection{}, []uint8{9}) }()
			select {
			case err := <-whole: // it did not wait
				whole <- err
			case <-time.After(20 * time.Millisecond):
			}
		}
		return nil
	}
	write(t, d, "0:1", 2)
	if err := <-whole; err != nil {
		t.Fatal(err)
	}
	if got := read(t, d, ":"); !slices.Equal(got, []uint8{9, 9, 9, 9}) {
		t.Errorf("read %v: the whole chunk was lost", got)
	}
}

// TestResizeAgainstModel resizes, appends and writes at random, and compares with
// plain memory.
func TestResizeAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, err := dosna.Open(ctx, "mem://", &dosna.Options{Mode: dosna.Create})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		ndim := rapid.IntRange(1, 3).Draw(t, "ndim")
		lengths := rapid.SliceOfN(rapid.IntRange(0, 7), ndim, ndim)
		spec := dosna.DatasetSpec{Shape: lengths.Draw(t, "shape"), Type: dtype.Uint8, Fill: 3, Codec: rapid.SampledFrom([]string{"none", "zstd:1"}).Draw(t, "codec")}
		spec.Chunks = rapid.SliceOfN(rapid.IntRange(1, 4), ndim, ndim).Draw(t, "chunks")
		if rapid.Bool().Draw(t, "sharded") {
			for _, n := range spec.Chunks {
				spec.Shards = append(spec.Shards, 2*n)
			}
		}
		d, err := c.CreateDataset(ctx, "x", spec)
		if err != nil {
			t.Fatal(err)
		}
		handles := []*dosna.Dataset{d, d.With(dosna.Options{Engine: engine.CPU()})}
		model := nd.NewView(bytes.Repeat([]byte{3}, nd.Full(spec.Shape).Size()), spec.Shape, 1)
		reshape := func(shape []int) {
			next := nd.NewView(bytes.Repeat([]byte{3}, nd.Full(shape).Size()), shape, 1)
			if both, ok := nd.Full(shape).Intersect(nd.Full(model.Shape)); ok {
				nd.Copy(next.Sub(both), model.Sub(both))
			}
			model = next
		}
		for range 12 {
			d := handles[rapid.IntRange(0, 1).Draw(t, "handle")]
			v := []byte{rapid.Byte().Draw(t, "value")}
			switch rapid.IntRange(0, 2).Draw(t, "what") {
			case 0:
				shape := lengths.Draw(t, "to")
				if err := d.Resize(ctx, shape); err != nil {
					t.Fatal(err)
				}
				reshape(shape)
			case 1:
				axis := rapid.IntRange(0, ndim-1).Draw(t, "axis")
				rows := nd.View{Data: v, Shape: slices.Clone(model.Shape), Strides: make([]int, ndim), Item: 1}
				rows.Shape[axis] = rapid.IntRange(0, 3).Draw(t, "rows")
				at, err := d.Append(ctx, axis, rows)
				if err != nil || at != model.Shape[axis] {
					t.Fatalf("appended at %d: %v", at, err)
				}
				shape := slices.Clone(model.Shape)
				shape[axis] += rows.Shape[axis]
				reshape(shape)
				end := nd.Full(slices.Clone(shape))
				end.Start[axis], end.Shape[axis] = at, shape[axis]-at
				nd.Fill(model.Sub(end), v)
			default:
				b := box(t, model.Shape)
				if err := d.WriteBox(ctx, b, nd.NewView(v, nil, 1)); err != nil {
					t.Fatal(err)
				}
				nd.Fill(model.Sub(b), v)
			}
			got, err := dosna.ReadAll[uint8](ctx, handles[0], nd.Selection{})
			if err != nil || !bytes.Equal(got, model.Data) {
				t.Fatalf("shape %v reads\n%v, want\n%v, %v", model.Shape, got, model.Data, err)
			}
		}
	})
}
