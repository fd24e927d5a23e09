package convert

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
)

// Arrays of all kinds arrive whole, from files and pipes, however little memory
// there is.
func TestImport(t *testing.T) {
	ctx, c, rng := t.Context(), openMem(t), rand.New(rand.NewPCG(1, 2))
	for i := range 150 {
		shape, chunks := make([]int, rng.IntN(5)), []int{}
		n := 1
		for i := range shape {
			shape[i] = rng.IntN(12)
			if rng.IntN(8) > 0 {
				shape[i]++
			}
			n *= shape[i]
			chunks = append(chunks, 1+rng.IntN(6))
		}
		types := dtype.All()
		l := Layout{Shape: shape, Type: types[rng.IntN(len(types))], Order: dtype.Order(rng.IntN(2)), Fortran: rng.IntN(2) == 0}
		elements := numbered(t, l.Type, n)
		stored := append(npyHeader(l), fileBytes(elements, l)...)
		var r io.Reader = bytes.NewReader(stored)
		if rng.IntN(2) == 0 {
			r = stream{r}
		}
		f, err := OpenNPY("x.npy", r)
		if err != nil {
			t.Fatal(err)
		}
		spec := dosna.DatasetSpec{Chunks: chunks, Codec: "none"}
		if rng.IntN(3) == 0 {
			spec.Shards = slices.Clone(chunks)
			for i := range chunks {
				spec.Shards[i] *= 1 + rng.IntN(3)
			}
		}
		o := &Options{Memory: rng.IntN(4000)}
		done, total, calls := 0, 0, 0
		conn := c.With(dosna.Options{Progress: func(d, n int) {
			if d < done {
				t.Errorf("progress falls from %d to %d", done, d)
			}
			done, total = d, n
			calls++
		}})
		d, err := Import(ctx, conn, fmt.Sprintf("a%d", i), spec, f, o)
		if err != nil {
			t.Fatal(err)
		}
		if done != total || len(elements) > 0 && total != len(elements) {
			t.Fatalf("%d of %d bytes reported, of %d", done, total, len(elements))
		}
		got := make([]byte, len(elements))
		if err := d.With(dosna.Options{}).ReadRaw(ctx, nd.Sel(), got); err != nil {
			t.Fatal(err)
		}
		mustEqual(t, fmt.Sprint(l, chunks, o), got, elements)
	}
}

func TestImportErrors(t *testing.T) {
	ctx, c := t.Context(), openMem(t)
	l := Layout{Shape: []int{10, 10}, Type: dtype.Int16, Order: dtype.Little}
	stored := append(npyHeader(l), make([]byte, 150)...)
	f, err := OpenNPY("cut.npy", stream{bytes.NewReader(stored)})
	if err != nil {
		t.Fatal(err)
	}
	_, err = Import(ctx, c, "cut", dosna.DatasetSpec{Chunks: []int{3, 3}}, f, &Options{Memory: 64})
	if !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(err.Error(), "cut.npy") {
		t.Fatalf("got error %v", err)
	}
	if _, err := c.OpenDataset(ctx, "cut"); !errors.Is(err, dosna.ErrNotExist) {
		t.Fatalf("half a dataset is left: %v", err)
	}

	d, err := c.CreateDataset(ctx, "other", dosna.DatasetSpec{Shape: []int{10, 9}, Type: dtype.Int16})
	if err != nil {
		t.Fatal(err)
	}
	f, err = OpenNPY("x.npy", stream{bytes.NewReader(stored)})
	if err != nil {
		t.Fatal(err)
	}
	if err := Load(ctx, d, f, nil); !errors.Is(err, dosna.ErrInvalid) || !strings.Contains(err.Error(), "[10 9]") {
		t.Fatalf("got error %v", err)
	}
}

// A cancelled import stops, and leaves nothing behind.
func TestImportCancelled(t *testing.T) {
	c := openMem(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	l := Layout{Shape: []int{1000, 100}, Type: dtype.Uint8}
	r := io.MultiReader(bytes.NewReader(npyHeader(l)), bytes.NewReader(make([]byte, 5000)), call(func() { cancel(why) }), bytes.NewReader(make([]byte, 95000)))
	f, err := OpenNPY("pipe", stream{r})
	if err != nil {
		t.Fatal(err)
	}
	_, err = Import(ctx, c, "x", dosna.DatasetSpec{Chunks: []int{10, 100}}, f, &Options{Memory: 4000})
	if !errors.Is(err, why) {
		t.Fatalf("got error %v", err)
	}
	if _, err := c.OpenDataset(t.Context(), "x"); !errors.Is(err, dosna.ErrNotExist) {
		t.Fatalf("half a dataset is left: %v", err)
	}
}

// call is an empty reader that calls a function when it is read.
type call func()

func (c call) Read([]byte) (int, error) {
	c()
	return 0, io.EOF
}

// randomGrid returns a grid along some axes of which cells have lengths of their own.
func randomGrid(t *testing.T, shape []int, rng *rand.Rand) nd.Grid {
	chunk, edges := make([]int, len(shape)), make([][]int, len(shape))
	for i, n := range shape {
		chunk[i] = 1 + rng.IntN(5)
		if rng.IntN(2) == 0 {
			continue
		}
		for sum := 0; sum < n || len(edges[i]) == 0; sum += edges[i][len(edges[i])-1] {
			edges[i] = append(edges[i], 1+rng.IntN(5))
		}
	}
	g, err := nd.NewRectilinear(shape, chunk, edges)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// Parts cover an array once, in order, within the limit.
func TestParts(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	for range 2000 {
		shape := make([]int, rng.IntN(5))
		for i := range shape {
			shape[i] = rng.IntN(10)
		}
		g := randomGrid(t, shape, rng)
		cell := g.Largest()
		inside := cutsOf(g) // where the result begins somewhere in a larger array
		whole := make([]int, len(shape))
		for i := range whole {
			inside.start[i] = rng.IntN(5)
			whole[i] = inside.start[i] + shape[i]
		}
		inside.grid = randomGrid(t, whole, rng)
		n, _ := nd.Size(shape)
		item, limit := 1+rng.IntN(8), 1+rng.IntN(3000)
		at := 0
		for b := range runs(shape, item, limit, inside) {
			v := nd.NewView(nil, shape, 1).Sub(b)
			if _, whole := runAxis(b, shape); !whole || v.Off != at || b.Empty() || b.Size()*item > max(limit, item) {
				t.Fatalf("%v: run %s of limit %d after %d elements", shape, b, limit/item, at)
			}
			at += b.Size()
		}
		if at != n {
			t.Fatalf("%v: runs of %d elements", shape, at)
		}
		seen := nd.NewView(make([]byte, n), shape, 1)
		least := item
		for i := range cell {
			least *= min(cell[i], shape[i])
		}
		for b := range blocks(g, item, limit) {
			if !nd.AllEqual(seen.Sub(b), []byte{0}) || b.Empty() || b.Size()*item > max(limit, least) {
				t.Fatalf("%v in cells %v: block %s, limit %d", shape, cell, b, limit)
			}
			nd.Fill(seen.Sub(b), []byte{1})
			for i := range shape {
				if b.Start[i] != g.Floor(i, b.Start[i]) || b.Stop(i) != shape[i] && b.Stop(i) != g.Floor(i, b.Stop(i)) {
					t.Fatalf("%v in cells %v: block %s cuts them", shape, cell, b)
				}
			}
		}
		if n > 0 && !nd.AllEqual(seen, []byte{1}) {
			t.Fatalf("%v: blocks leave gaps", shape)
		}
	}
}

// Where rows of cells fit, runs end between them.
func TestRunsKeepCellsWhole(t *testing.T) {
	g, err := nd.NewGrid([]int{23, 5}, []int{4, 2})
	if err != nil {
		t.Fatal(err)
	}
	var stops []int
	for b := range runs([]int{20, 5}, 1, 5*7, cuts{g, []int{0, 1}, []int{3, 0}}) {
		stops = append(stops, b.Stop(0))
	}
	if want := []int{5, 9, 13, 20}; !slices.Equal(stops, want) {
		t.Fatalf("got %v, want %v", stops, want)
	}
}

// TestLoadIsCancelledWhileAPipeIsSilent: what a stream will never give is not waited
// for.
func TestLoadIsCancelledWhileAPipeIsSilent(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	l := Layout{Shape: []int{4, 1 << 16}, Type: dtype.Uint8}
	if _, err := w.Write(append(npyHeader(l), 1, 2, 3)); err != nil {
		t.Fatal(err)
	}
	f, err := OpenNPY("the pipe", r)
	if err != nil {
		t.Fatal(err)
	}
	c, err := dosna.Open(t.Context(), "mem://", &dosna.Options{Mode: dosna.Create})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	stop := errors.New("stop")
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	timer := time.AfterFunc(20*time.Millisecond, func() { cancel(stop) })
	defer timer.Stop()
	if _, err := Import(ctx, c, "x", dosna.DatasetSpec{}, f, nil); !errors.Is(err, stop) {
		t.Errorf("import: %v", err)
	}
	if _, err := c.Open(t.Context(), "x"); !errors.Is(err, dosna.ErrNotExist) {
		t.Errorf("the dataset is still there: %v", err)
	}
	if _, err := Import(t.Context(), c, "x", dosna.DatasetSpec{}, f, nil); !errors.Is(err, errLeft) {
		t.Errorf("read on from nobody knows where: %v", err)
	}
	if err := errors.Join(w.Close(), f.Close(), r.Close()); err != nil {
		t.Error(err)
	}
}
