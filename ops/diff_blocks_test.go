package ops

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/engine"
	"github.com/dosna/dosna/nd"
)

func TestDiffTellsOfProgress(t *testing.T) {
	done, total := 0, 0
	c := open(t, "mem://", dosna.Options{})
	told := c.With(dosna.Options{Progress: func(d, n int) {
		if d != done+1 {
			t.Errorf("done %d after %d", d, done)
		}
		done, total = d, n
	}})
	for _, path := range []string{"a/x", "b/x", "a/y", "b/y"} {
		chunks := 10
		if path == "b/y" {
			chunks = 7
		}
		dataset(t, c, path, dosna.DatasetSpec{Shape: []int{100}, Type: dtype.Uint8, Chunks: []int{chunks}}, bytes.Repeat([]byte{1}, 100))
	}
	x, err := told.OpenGroup(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	y, err := c.OpenGroup(t.Context(), "b")
	if err != nil {
		t.Fatal(err)
	}
	got, _ := diff(t, x, y, DiffOptions{})
	expect(t, got)
	if done != total || done < 20 {
		t.Errorf("done %d of %d", done, total)
	}
}

func TestDiffBlocks(t *testing.T) {
	for _, c := range []struct {
		shape, a, b []int
		item        int
		want        []int
	}{
		{[]int{}, []int{}, []int{}, 8, []int{}},
		{[]int{10, 10}, []int{3, 3}, []int{4, 2}, 4, []int{10, 10}},
		{[]int{10000, 10000}, []int{64, 64}, []int{64, 64}, 4, []int{2048, 1024}},
		{[]int{512, 512, 512}, []int{1, 512, 512}, []int{64, 64, 64}, 4, []int{64, 512, 512}},
		{[]int{20000, 20000, 20000}, []int{1, 20000, 20000}, []int{64, 64, 64}, 4, []int{64, 625, 625}},
		{[]int{1 << 40, 1 << 40}, []int{1 << 40, 1}, []int{1, 1 << 40}, 1, []int{8192, 16384}},
	} {
		got := blockOf(c.shape, c.a, c.b, c.item)
		n, ok := nd.Size(got)
		if !ok || n*c.item > diffMost {
			t.Errorf("%+v: blocks of shape %v are too large", c, got)
		}
		if c.want != nil && !slices.Equal(got, c.want) {
			t.Errorf("%+v: blocks of shape %v", c, got)
		}
	}
}

// TestDiffFindsOneChange: of two copies of a random tree in different layouts, one
// is changed in one place, and exactly that is found.
func TestDiffFindsOneChange(t *testing.T) {
	rnd := rand.New(rand.NewPCG(11, 5))
	types := []string{"int8", "uint16", "float32", "float64", "complex64", "bool", "int64", "uint64", "float16", "U2", "S3", "datetime64[s]", "V5", "bfloat16", "struct{x: f4, y: i2}"}
	for round := range 30 {
		a, b := open(t, "mem://", dosna.Options{Engine: engine.Threads(2)}), open(t, "mem://", dosna.Options{})
		groups := []string{""}
		var datasets []string
		for i := range 2 + rnd.IntN(10) {
			path := strings.TrimPrefix(groups[rnd.IntN(len(groups))]+fmt.Sprintf("/n%d", i), "/")
			attrs := dosna.Attributes{"k": i, "deep": map[string]any{"x": i}}
			if i > 0 && rnd.IntN(3) == 0 {
				groups = append(groups, path)
				group(t, a, path, attrs)
				group(t, b, path, attrs)
				continue
			}
			datasets = append(datasets, path)
			dt, _, err := dtype.ParseType(types[rnd.IntN(len(types))])
			if err != nil {
				t.Fatal(err)
			}
			shape := make([]int, rnd.IntN(4))
			for i := range shape {
				shape[i] = 1 + rnd.IntN(6)
			}
			data := make([]byte, nd.Full(shape).Size()*dt.Size())
			if rnd.IntN(4) > 0 { // else nothing is stored
				for i := range data {
					data[i] = byte(rnd.IntN(2)) // as codecs keep of bools, and texts are code points
				}
			}
			s := dosna.DatasetSpec{Shape: shape, Type: dt, Chunks: randomChunk(rnd, shape), Attrs: attrs}
			dataset(t, a, path, s, data)
			if rnd.IntN(2) == 0 {
				s.Chunks, s.Codec = randomChunk(rnd, shape), "gzip:1"
			}
			dataset(t, b, path, s, data)
		}
		got, _ := diff(t, root(t, a), root(t, b), DiffOptions{})
		expect(t, got)
		if t.Failed() {
			t.Fatalf("round %d: before the change", round)
		}

		path := datasets[rnd.IntN(len(datasets))]
		d, err := b.OpenDataset(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		want := "/" + path + " "
		switch rnd.IntN(5) {
		case 0:
			err = d.UpdateAttrs(t.Context(), func(a dosna.Attributes) error {
				a["deep"] = map[string]any{"x": "other"}
				return nil
			})
			want += "attribute deep.x"
		case 1:
			err = b.Delete(t.Context(), path)
			want += "only in A"
		case 2:
			_, err = b.CreateGroup(t.Context(), path[:strings.LastIndexByte("/"+path, '/')]+"new", nil)
			want = "/" + path[:strings.LastIndexByte("/"+path, '/')] + "new only in B"
		default:
			at := make([]int, d.NDim())
			for i, n := range d.Shape() {
				at[i] = rnd.IntN(n)
			}
			box := nd.Box{Start: at, Shape: slices.Repeat([]int{1}, len(at))}
			elem := make([]byte, d.Type().Size())
			v := nd.NewView(elem, box.Shape, len(elem))
			if err := d.ReadBox(t.Context(), box, v); err != nil {
				t.Fatal(err)
			}
			elem[0] ^= 1
			err = d.WriteBox(t.Context(), box, v)
			want += fmt.Sprintf("values 1/%d %v ", d.Size(), at)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range []DiffOptions{{}, {First: true}} {
			if got, _ = diff(t, root(t, a), root(t, b), o); len(got) != 1 || !strings.HasPrefix(brief(got), want) {
				t.Fatalf("round %d: differences:\n%s\nwant %s", round, brief(got), want)
			}
		}
		got, _ = diff(t, root(t, b), root(t, a), DiffOptions{})
		if len(got) != 1 {
			t.Fatalf("round %d: the other way:\n%s", round, brief(got))
		}
	}
}
