package dosna_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/engine"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/nd"
)

// name is the text that stands for a number.
func name(i int64) string {
	switch {
	case i == 0:
		return "" // the fill value
	case i%7 == 0:
		return strings.Repeat("日本 ", int(i%50)) + fmt.Sprint(i)
	}
	return fmt.Sprint("n", i)
}

func names(numbers []int64) []string {
	out := make([]string, len(numbers))
	for i, n := range numbers {
		out[i] = name(n)
	}
	return out
}

// drawSelection draws any kind of selection of an array of a shape.
func drawSelection(t *rapid.T, shape []int) nd.Selection {
	position := func(n int) int { return rapid.IntRange(-n, n-1).Draw(t, "position") }
	list := func(n, most int) []int {
		return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) int { return rapid.IntRange(-n, n-1).Draw(t, "entry") }), 1, most).Draw(t, "list")
	}
	points := rapid.IntRange(1, 6).Draw(t, "points")
	var items []nd.Index
	for i, n := range shape {
		switch rapid.IntRange(0, 8).Draw(t, "kind") {
		case 0:
			items = append(items, nd.At(position(n)))
		case 1:
			items = append(items, nd.RangeStep(nd.None, nd.None, rapid.SampledFrom([]int{-3, -1, 2, 3}).Draw(t, "step")))
		case 2:
			items = append(items, nd.RangeStep(position(n), position(n), rapid.SampledFrom([]int{-2, -1, 1, 2}).Draw(t, "step")))
		case 3:
			entries := list(n, points)
			for len(entries) < points {
				entries = append(entries, entries[0])
			}
			items = append(items, nd.List(entries...))
		case 4:
			items = append(items, nd.NewAxis(), nd.All())
		case 5:
			if i == len(shape)-1 {
				mask := rapid.SliceOfN(rapid.Bool(), n, n).Draw(t, "mask")
				if slices.Contains(mask, true) && !slices.ContainsFunc(items, func(x nd.Index) bool { return strings.Contains(nd.Sel(x).String(), "[") }) {
					items = append(items, nd.Mask([]int{n}, mask))
					continue
				}
			}
			items = append(items, nd.All())
		case 6:
			items = append(items, nd.Range(rapid.IntRange(0, n-1).Draw(t, "start"), nd.None))
		default:
			items = append(items, nd.All())
		}
	}
	sel := nd.Sel(items...)
	if rapid.IntRange(0, 2).Draw(t, "orthogonal") == 0 {
		sel = sel.Orthogonal()
	}
	return sel
}

// TestTextsAreSelectedAsNumbers: whatever is written to and read from an array of
// numbers, which package nd compares with NumPy, an array of texts that stand for
// them does the same.
func TestTextsAreSelectedAsNumbers(t *testing.T) {
	dir := testenv.ScratchDir(t)
	run := 0
	rapid.Check(t, func(t *rapid.T) {
		run++
		address := "mem://"
		if rapid.IntRange(0, 3).Draw(t, "file") == 0 {
			address = fmt.Sprintf("%s/%d", dir, run)
		}
		o := &dosna.Options{Mode: dosna.Create, Engine: engine.Threads(rapid.IntRange(1, 3).Draw(t, "workers"))}
		if rapid.Bool().Draw(t, "cached") {
			o.Cache = dosna.NewCache(1 << 20)
		}
		c, err := dosna.Open(ctx, address, o)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		ndim := rapid.IntRange(1, 3).Draw(t, "ndim")
		spec := dosna.DatasetSpec{
			Codec: rapid.SampledFrom([]string{"none", "zstd:1", "gzip:1", "blosc"}).Draw(t, "codec"), Checksum: rapid.SampledFrom([]string{"none", "crc32c"}).Draw(t, "checksum"),
		}
		sharded := rapid.Bool().Draw(t, "sharded")
		for range ndim {
			n, chunk := rapid.IntRange(1, 9).Draw(t, "length"), rapid.IntRange(1, 4).Draw(t, "chunk")
			spec.Shape, spec.Chunks = append(spec.Shape, n), append(spec.Chunks, chunk)
			if sharded {
				spec.Shards = append(spec.Shards, chunk*rapid.IntRange(1, 3).Draw(t, "per shard"))
			}
		}
		if rapid.IntRange(0, 3).Draw(t, "rectilinear") == 0 {
			axis := rapid.IntRange(0, ndim-1).Draw(t, "listed")
			unit, total, list := spec.Chunks[axis], 0, []int(nil)
			if !sharded {
				unit = 1
			}
			for total < spec.Shape[axis] {
				list = append(list, unit*rapid.IntRange(1, 4).Draw(t, "edge"))
				total += list[len(list)-1]
			}
			spec.Edges = make([][]int, ndim)
			spec.Edges[axis] = list
			if sharded {
				spec.Shards[axis] = 0
			} else {
				spec.Chunks[axis] = 0
			}
		}
		spec.Type = dtype.Int64
		numbers, err := c.CreateDataset(ctx, "numbers", spec)
		if err != nil {
			t.Fatal(err)
		}
		spec.Type = rapid.SampledFrom([]dtype.Type{dtype.String, dtype.ByteStrings}).Draw(t, "type")
		texts, err := c.CreateDataset(ctx, "texts", spec)
		if err != nil {
			t.Fatal(err)
		}
		next := int64(1)
		compare := func(sel nd.Selection) {
			want, err := dosna.ReadAll[int64](ctx, numbers, sel)
			if err != nil {
				t.Fatal(err)
			}
			got, err := dosna.ReadText[string](ctx, texts, sel)
			if err != nil || !slices.Equal(got, names(want)) {
				t.Fatalf("[%s] of %v: got %q, %v; want %q", sel, spec.Shape, got, err, names(want))
			}
		}
		for range rapid.IntRange(1, 6).Draw(t, "steps") {
			sel := drawSelection(t, numbers.Shape())
			r, err := sel.Resolve(numbers.Shape())
			if err != nil {
				continue // lists of different lengths
			}
			switch rapid.IntRange(0, 5).Draw(t, "action") {
			case 0, 1, 2:
				values := make([]int64, r.Size())
				for i := range values {
					values[i] = next
					next++
				}
				if rapid.IntRange(0, 3).Draw(t, "one") == 0 {
					values = []int64{next * int64(rapid.IntRange(0, 1).Draw(t, "not fill"))}
					next++
				}
				if err := dosna.Write(ctx, numbers, sel, values); err != nil {
					t.Fatal(err)
				}
				if err := dosna.WriteText(ctx, texts, sel, names(values)); err != nil {
					t.Fatal(err)
				}
			case 3:
				compare(sel)
			case 4:
				shape := numbers.Shape()
				for i := range shape {
					shape[i] = rapid.IntRange(1, 9).Draw(t, "new length")
				}
				if err := errors.Join(numbers.Resize(ctx, shape), texts.Resize(ctx, shape)); err != nil {
					t.Fatal(err)
				}
			case 5:
				axis := rapid.IntRange(0, ndim-1).Draw(t, "axis")
				shape := numbers.Shape()
				shape[axis] = rapid.IntRange(0, 3).Draw(t, "more")
				values := make([]int64, nd.Full(shape).Size())
				for i := range values {
					values[i] = next
					next++
				}
				at, err := numbers.Append(ctx, axis, nd.NewView(dtype.Bytes(values), shape, 8))
				if err != nil {
					t.Fatal(err)
				}
				if got, err := texts.AppendBlock(ctx, axis, shape, codec.Join(names(values))); got != at || err != nil {
					t.Fatalf("appended at %d instead of %d: %v", got, at, err)
				}
			}
		}
		compare(nd.Selection{})
		usage := func(d *dosna.Dataset) int {
			u, err := d.Usage(ctx)
			if err != nil {
				t.Fatal(err)
			}
			return u.Objects
		}
		if n, want := usage(texts), usage(numbers); n != want {
			t.Fatalf("%d objects of texts are stored, and %d of numbers", n, want)
		}
		if n, err := texts.Verify(ctx, func(f dosna.Fault) { t.Errorf("%s: %v", f.Key, f.Err) }); err != nil || n != usage(texts) {
			t.Fatalf("verified %d: %v", n, err)
		}
	})
}
