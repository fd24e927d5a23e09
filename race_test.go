package dosna_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/engine"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
)

func read(t testing.TB, d *dosna.Dataset, sel string) []uint8 {
	t.Helper()
	got, err := dosna.ReadAll[uint8](ctx, d, selection(t, sel))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func write(t testing.TB, d *dosna.Dataset, sel string, values ...uint8) {
	t.Helper()
	if err := dosna.Write(ctx, d, selection(t, sel), values); err != nil {
		t.Fatal(err)
	}
}

func TestPartialWriteAsksOnce(t *testing.T) {
	h, c, _ := two(t, dosna.Options{})
	d := bytesDataset(t, c, "x", []int{8}, []int{8})
	write(t, d, "0:4", 1)
	h.reset()
	write(t, d, "4:8", 2)
	if gets, stats, puts := h.count("get x/c"), h.count("stat x/c"), h.count("put x/c"); gets != 1 || stats != 0 || puts != 1 {
		t.Errorf("a change of a stored chunk made requests %v", h.ops)
	}
	if got := read(t, d, ":"); !slices.Equal(got, []uint8{1, 1, 1, 1, 2, 2, 2, 2}) {
		t.Errorf("read %v", got)
	}
}

func TestErrorsOfCallbacksEndTheCall(t *testing.T) {
	c := create(t, "mem://")
	d := bytesDataset(t, c, "x", []int{4}, []int{4})
	for _, stored := range []bool{false, true} {
		if stored {
			write(t, d, ":", 1)
		}
		for _, stop := range []error{dosna.ErrNotExist, dosna.ErrConflict} {
			calls := 0
			err := d.Apply(ctx, func(context.Context, dosna.Block) error { calls++; return stop })
			if !errors.Is(err, stop) || calls != 1 {
				t.Errorf("apply: %d calls, %v", calls, err)
			}
			calls = 0
			err = d.UpdateAttrs(ctx, func(dosna.Attributes) error { calls++; return stop })
			if !errors.Is(err, stop) || calls != 1 || !strings.Contains(err.Error(), `"/x"`) {
				t.Errorf("attributes: %d calls, %v", calls, err)
			}
		}
	}
}

// TestChangeFromWithinACallback writes to other datasets while chunks are being
// changed, in a way that would wait forever if chunks shared locks.
func TestChangeFromWithinACallback(t *testing.T) {
	c := create(t, "mem://")
	a := bytesDataset(t, c, "a", []int{600}, []int{1})
	b := bytesDataset(t, c, "b", []int{600}, []int{2})
	err := a.With(dosna.Options{Engine: engine.Threads(16)}).Apply(ctx, func(ctx context.Context, blk dosna.Block) error {
		return dosna.Write(ctx, b, nd.BoxSelection(blk.Box), []uint8{7})
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, b, ":"); bytes.Count(got, []byte{7}) != 600 {
		t.Errorf("read %v", got)
	}
}

func TestWaitingForAChangeEndsWithTheContext(t *testing.T) {
	c := create(t, "mem://")
	d := bytesDataset(t, c, "x", []int{4}, []int{4})
	inside, done := make(chan struct{}), make(chan error)
	leave := make(chan struct{})
	go func() {
		done <- d.Apply(ctx, func(context.Context, dosna.Block) error { close(inside); <-leave; return nil })
	}()
	<-inside
	short, cancel := context.WithCancel(ctx)
	waiting := make(chan error)
	go func() { waiting <- dosna.Write(short, d, selection(t, "0:2"), []uint8{1}) }()
	cancel()
	if err := <-waiting; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	close(leave)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestAReadShowsOneStateOfAShard replaces a shard while several tasks read parts
// of it.
func TestAReadShowsOneStateOfAShard(t *testing.T) {
	for _, promises := range []store.Guarantees{{GetIfMatch: true}, {}} {
		for _, checksum := range []string{"crc32c", "none"} {
			for when := range 36 {
				h, c, direct := two(t, dosna.Options{Engine: engine.Threads(2)})
				spec := dosna.DatasetSpec{Shape: []int{64}, Type: dtype.Uint8, Chunks: []int{4}, Shards: []int{64}, Codec: "none", Checksum: checksum}
				if _, err := direct.CreateDataset(ctx, "x", spec); err != nil {
					t.Fatal(err)
				}
				writer := dataset(t, direct, "x")
				first := when / 3 % 3 // absent, 1, 2
				if first > 0 {
					write(t, writer, ":", uint8(first))
				}
				promises.PutIfAbsent, promises.PutIfMatch = true, true
				h.promises = &promises
				d := dataset(t, c, "x")
				var n atomic.Int64
				h.before = func(op, key string) error {
					if strings.HasPrefix(key, "x/c") && n.Add(1) == int64(when/3) {
						write(t, writer, ":", 9)
					}
					return nil
				}
				got := read(t, d, []string{":", "::9", "[1,60,3,60,17,33,34]"}[when%3])
				if slices.Min(got) != slices.Max(got) {
					t.Fatalf("replaced before request %d, %+v, checksum %s: read %v", when, promises, checksum, got)
				}
			}
		}
	}
}

func TestWithIsTheSameDataset(t *testing.T) {
	c := create(t, "mem://")
	d := bytesDataset(t, c, "x", []int{4}, []int{4})
	w := d.With(dosna.Options{Verify: dosna.VerifyLazy})
	if err := w.Resize(ctx, []int{6}); err != nil {
		t.Fatal(err)
	}
	if err := d.UpdateAttrs(ctx, func(a dosna.Attributes) error { a["unit"] = "mm"; return nil }); err != nil {
		t.Fatal(err)
	}
	again := w.With(dosna.Options{})
	for _, v := range []*dosna.Dataset{d, w, again} {
		if !slices.Equal(v.Shape(), []int{6}) || v.Attrs()["unit"] != "mm" {
			t.Errorf("shape %v, attributes %v", v.Shape(), v.Attrs())
		}
	}
}

func TestAttributesThatCannotBeReadBack(t *testing.T) {
	c := create(t, "mem://")
	bytesDataset(t, c, "x", []int{4}, []int{4})
	var deep any
	for range 20_000 {
		deep = []any{deep}
	}
	d := dataset(t, c, "x")
	if err := d.UpdateAttrs(ctx, func(a dosna.Attributes) error { a["deep"] = deep; return nil }); !errors.Is(err, dosna.ErrInvalid) {
		t.Errorf("error %v", err)
	}
	dataset(t, c, "x") // can still be opened
}

func TestOneOfManyCreatesAChunk(t *testing.T) {
	c := create(t, "mem://")
	d := bytesDataset(t, c, "x", []int{3}, []int{4}) // cut by the edge
	var created atomic.Int64
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			k, err := d.Chunk(0)
			if err != nil {
				t.Error(err)
				return
			}
			err = k.Create(ctx, nd.NewView([]byte{byte(i + 1)}, nil, 1))
			switch {
			case err == nil:
				created.Add(1)
			case !errors.Is(err, dosna.ErrExist):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if created.Load() != 1 {
		t.Errorf("%d created the chunk", created.Load())
	}
	if got := read(t, d, ":"); slices.Min(got) != slices.Max(got) || got[0] == 0 {
		t.Errorf("read %v", got)
	}
}

// TestWhoComesLateFails writes to what was deleted, replaced or cut after it was
// opened: success would say that the values are there.
func TestWhoComesLateFails(t *testing.T) {
	all := func(d *dosna.Dataset) error { return dosna.Write(ctx, d, nd.Selection{}, []uint8{1}) }
	ways := map[string]func(d *dosna.Dataset) error{
		"write all":  all,
		"write part": func(d *dosna.Dataset) error { return dosna.Write(ctx, d, selection(t, "3:8"), []uint8{1}) },
		"load": func(d *dosna.Dataset) error {
			a, err := dosna.InMemory([]int{8}, make([]uint8, 8))
			if err != nil {
				return err
			}
			return d.Load(ctx, a)
		},
		"apply": func(d *dosna.Dataset) error {
			return d.Apply(ctx, func(_ context.Context, b dosna.Block) error { nd.Fill(b.Out, []byte{3}); return nil })
		},
		"buffer": func(d *dosna.Dataset) error {
			b, err := d.Buffer(0)
			if err != nil {
				return err
			}
			if err := b.Write(ctx, selection(t, "6:8"), nd.NewView([]byte{1}, nil, 1)); err != nil {
				return err
			}
			return b.Close(ctx)
		},
		"create chunk": func(d *dosna.Dataset) error {
			k, err := d.Chunk(3)
			if err != nil {
				return err
			}
			return k.Create(ctx, nd.NewView([]byte{1}, nil, 1))
		},
		"copy": func(d *dosna.Dataset) error {
			return bytesDataset(t, create(t, "mem://"), "from", []int{8}, []int{2}).CopyTo(ctx, d)
		},
		"map": func(d *dosna.Dataset) error {
			from := bytesDataset(t, create(t, "mem://"), "from", []int{8}, []int{3})
			return from.Map(ctx, d, dosna.MapOptions{}, func(_ context.Context, b dosna.Block) error { nd.Copy(b.Out, b.In); return nil })
		},
	}
	for _, sharedHandle := range []bool{false, true} {
		for name, way := range ways {
			for change, want := range map[string]error{"delete": dosna.ErrNotExist, "replace": dosna.ErrNotExist, "cut": dosna.ErrConflict} {
				_, c, other := two(t, dosna.Options{})
				d := bytesDataset(t, c, "x", []int{8}, []int{2})
				if sharedHandle { // has looked before
					if err := all(d); err != nil {
						t.Fatal(err)
					}
					if err := d.Clear(ctx); err != nil {
						t.Fatal(err)
					}
				}
				same := dataset(t, other, "x")
				var err error
				switch change {
				case "delete":
					err = same.Delete(ctx)
				case "replace":
					if err = same.Delete(ctx); err == nil {
						bytesDataset(t, other, "x", []int{8}, []int{4})
					}
				case "cut":
					err = same.Resize(ctx, []int{5})
				}
				if err != nil {
					t.Fatal(err)
				}
				if err := way(d); !errors.Is(err, want) || !strings.Contains(err.Error(), `"/x"`) {
					t.Errorf("%s after %s: %v", name, change, err)
				}
				if change == "cut" {
					if err := dosna.Write(ctx, d, selection(t, "0:5"), []uint8{1}); err != nil {
						t.Errorf("a write inside what is left: %v", err)
					}
					// What was written outside is not to come back.
					if err := same.Resize(ctx, []int{8}); err != nil {
						t.Fatal(err)
					}
					if got := read(t, same, "5:"); slices.Max(got) != 0 {
						t.Errorf("%s after the cut shows %v when growing", name, got)
					}
				}
			}
		}
	}
}
