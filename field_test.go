package dosna_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
)

// starType is {x: float32, in: {n: uint8, m: int64}, name: S5}.
func starType(t *testing.T) dtype.Type {
	t.Helper()
	name, err := dtype.NewFixedBytes(5)
	if err != nil {
		t.Fatal(err)
	}
	in, err := dtype.NewStruct(dtype.Field{Name: "n", Type: dtype.Uint8}, dtype.Field{Name: "m", Type: dtype.Int64})
	if err != nil {
		t.Fatal(err)
	}
	typ, err := dtype.NewStruct(dtype.Field{Name: "x", Type: dtype.Float32}, dtype.Field{Name: "in", Type: in}, dtype.Field{Name: "name", Type: name})
	if err != nil {
		t.Fatal(err)
	}
	return typ
}

func starSets(t *testing.T, each func(t *testing.T, c *dosna.Connection, d *dosna.Dataset)) {
	for name, spec := range map[string]dosna.DatasetSpec{
		"chunks": {Chunks: []int{4, 5}},
		"shards": {Chunks: []int{2, 3}, Shards: []int{4, 6}},
		"big":    {Chunks: []int{3, 4}, Order: dtype.Big, Codec: "none"},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := dosna.Open(t.Context(), "mem://", &dosna.Options{Mode: dosna.Create})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			spec.Shape, spec.Type = []int{9, 11}, starType(t)
			spec.Fill = bytes.Repeat([]byte{3}, spec.Type.Size())
			d, err := c.CreateDataset(t.Context(), "stars", spec)
			if err != nil {
				t.Fatal(err)
			}
			each(t, c, d)
		})
	}
}

// A field is assigned to as a[name][selection] = values is in NumPy: the other fields stay.
func TestWriteField(t *testing.T) {
	starSets(t, func(t *testing.T, _ *dosna.Connection, d *dosna.Dataset) {
		rng := rand.New(rand.NewPCG(1, 2))
		item := d.Type().Size()
		model := bytes.Repeat([]byte{3}, 99*item)
		fields := map[string]int{"x": 0, "in/n": 4, "in/m": 5, "in": 4, "name": 13}
		for path, off := range fields {
			f, err := d.Field(path)
			if err != nil {
				t.Fatal(err)
			}
			size := f.Type().Size()
			for _, text := range []string{"2, 3", ":", "1:8:3, ::-2", "[0, 8, 4], 2:5", "::-1, 10", "[1, 1], [2, 2]", "3:3"} {
				sel := selection(t, text)
				r, err := sel.Resolve(d.Shape())
				if err != nil {
					t.Fatal(err)
				}
				values := make([]byte, r.Size()*size)
				for i := range values {
					values[i] = byte(rng.Uint32())
				}
				if len(values) == 0 {
					continue
				}
				if err := f.WriteRaw(t.Context(), sel, values); err != nil {
					t.Fatalf("%s [%s]: %v", path, text, err)
				}
				v := nd.NewView(model, []int{9, 11}, item)
				v.Off, v.Item = off, size
				canon, ok := r.Canonical(nd.NewView(values, r.Shape, size))
				if !ok {
					t.Fatal("no canonical form")
				}
				whole, err := nd.NewGrid([]int{9, 11}, []int{9, 11})
				if err != nil {
					t.Fatal(err)
				}
				pieces := r.Pieces(whole)
				for i := range pieces.Len() {
					p := pieces.At(i)
					p.Scatter(v.Sub(p.Box), canon)
				}
				got := make([]byte, len(model))
				if err := d.ReadRaw(t.Context(), nd.Selection{}, got); err != nil || !bytes.Equal(got, model) {
					t.Fatalf("%s [%s]: other elements, %v", path, text, err)
				}
			}
		}
	})
}

// Each field is changed by several writers at a time, and nothing is lost.
func TestFieldsAtOnce(t *testing.T) {
	starSets(t, func(t *testing.T, _ *dosna.Connection, d *dosna.Dataset) {
		ctx := t.Context()
		var wg sync.WaitGroup
		for _, path := range []string{"x", "in/n", "in/m"} {
			f, err := d.Field(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := f.WriteRaw(ctx, nd.Selection{}, make([]byte, f.Type().Size())); err != nil {
				t.Fatal(err)
			}
			for range 3 {
				wg.Go(func() {
					for range 10 {
						err := f.Update(ctx, nd.Full([]int{9, 11}), func(_ context.Context, b dosna.Block) error {
							for i := 0; i < len(b.Out.Data); i += b.Out.Item { // the lowest byte, which is that of an integer's value
								b.Out.Data[i]++
							}
							return nil
						})
						if err != nil {
							t.Error(err)
						}
					}
				})
			}
		}
		wg.Wait()
		for path, size := range map[string]int{"x": 4, "in/n": 1, "in/m": 8} {
			f, err := d.Field(path)
			if err != nil {
				t.Fatal(err)
			}
			got := make([]byte, 99*size)
			if err := f.ReadRaw(ctx, nd.Selection{}, got); err != nil {
				t.Fatal(err)
			}
			for i := 0; i < len(got); i += size {
				if got[i] != 30 {
					t.Fatalf("%s: %d of 30 increments of element %d", path, got[i], i/size)
				}
			}
		}
	})
}

// Load and Apply fill a field; what has no meaning for one is refused.
func TestFieldWhole(t *testing.T) {
	starSets(t, func(t *testing.T, c *dosna.Connection, d *dosna.Dataset) {
		ctx := t.Context()
		f, err := d.Field("in/m")
		if err != nil {
			t.Fatal(err)
		}
		want := make([]int64, 99)
		for i := range want {
			want[i] = int64(i) << 33
		}
		a, err := dosna.InMemory([]int{9, 11}, want)
		if err == nil {
			err = f.Load(ctx, a)
		}
		if err != nil {
			t.Fatal(err)
		}
		got, err := dosna.ReadAll[int64](ctx, f, nd.Selection{})
		if err != nil {
			t.Fatal(err)
		}
		for i := range got {
			if got[i] != want[i] {
				t.Fatalf("element %d is %d", i, got[i])
			}
		}
		if err := dosna.Write(ctx, f, nd.Selection{}, make([]int32, 99)); !errors.Is(err, dosna.ErrInvalid) {
			t.Errorf("values of another type: %v", err)
		}
		k, err := f.Chunk(0, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := k.Delete(ctx); err == nil {
			t.Error("the chunk of a field was deleted")
		}
		// Who may only read the dataset may only read its fields.
		ro := c.With(dosna.Options{})
		tree, err := dosna.OpenStore(ctx, ro.Store(), &dosna.Options{Mode: dosna.ReadOnly})
		if err != nil {
			t.Fatal(err)
		}
		e, err := tree.OpenDataset(ctx, "stars")
		if err == nil {
			e, err = e.Field("in")
		}
		if err == nil {
			e, err = e.Field("m")
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := dosna.Write(ctx, e, nd.Selection{}, want); !errors.Is(err, dosna.ErrPermission) {
			t.Errorf("through a connection that only reads: %v", err)
		}
	})
}
