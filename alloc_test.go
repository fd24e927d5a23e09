package dosna_test

import (
	"math"
	"runtime/debug"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/engine"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/nd"
)

// TestAllocationsPerChunk counts what each further chunk of a call allocates once
// buffers are warm: small things that do not grow with the chunk.
//
// Of a read they are the piece (its place, and its part of each axis), its view of
// the result, its box in the chunk, the key, and what is known of the object: 6.
// Files add the system's form of the path, the version and its comparison (2 to 5,
// as there are one or two reads). Through a cache it is the same, and for files only
// what asks for the version.
//
// Of a write they are the piece (2), its view, box and key (3), what is to be
// stored, and the note of it, for memory the object with its bytes, name and
// version, and for files the path for each system call, the temporary name (2), the
// lock (2) and versions. A shard costs no more than a chunk. A change also reads,
// waits its turn, and may try again.
func TestAllocationsPerChunk(t *testing.T) {
	if testenv.Race {
		t.Skip("the race detector makes pools forget")
	}
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // so that pools do not forget
	for _, want := range []struct {
		store, layout              string
		read, boxes, write, change int // of whole chunks, of small boxes inside them
	}{
		{"mem", "raw", 6, 6, 10, 10},
		{"mem", "default", 6, 6, 10, 10},
		{"mem", "shard", 6, 6, 10, 10},
		{"mem", "cached", 6, 6, 10, 10},
		{"file", "raw", 9, 8, 19, 24},
		{"file", "default", 9, 9, 19, 24},
		{"file", "shard", 11, 11, 19, 26},
		{"file", "cached", 8, 8, 19, 24},
	} {
		address := "mem://"
		if want.store == "file" {
			address = t.TempDir() + "/pool"
		}
		// 16 chunks, or shards of 4 chunks, in a row.
		spec := dosna.DatasetSpec{Shape: []int{16 * 32, 32, 32}, Type: dtype.Float32, Chunks: []int{32, 32, 32}}
		o := dosna.Options{Engine: engine.CPU()}
		switch want.layout {
		case "raw":
			spec.Codec, spec.Checksum = "none", "none"
		case "shard":
			spec.Chunks, spec.Shards = []int{32, 16, 16}, spec.Chunks
		case "cached":
			o.Cache = dosna.NewCache(16 << 20)
		}
		d, err := create(t, address).CreateDataset(ctx, "x", spec)
		if err != nil {
			t.Fatal(err)
		}
		d = d.With(o)
		v := make([]float32, d.Size())
		for i := range v {
			v[i] = float32(i%100 + 1)
		}
		// each further chunk's share of a call on parts of n chunks
		each := func(call func(sel nd.Selection, part []float32) error, inside bool) int {
			allocs := func(n int) float64 {
				sel := nd.Sel(nd.Range(0, 32*n))
				if inside {
					sel = nd.Sel(nd.Range(16, 32*n-16), nd.Range(8, 24), nd.Range(8, 24))
				}
				r, err := sel.Resolve(spec.Shape)
				if err != nil {
					t.Fatal(err)
				}
				return testing.AllocsPerRun(10, func() {
					if err := call(sel, v[:r.Size()]); err != nil {
						t.Fatal(err)
					}
				})
			}
			return int(math.Round((allocs(16) - allocs(8)) / 8)) // a list that grows is no one's share
		}
		write := func(sel nd.Selection, part []float32) error { return dosna.Write(ctx, d, sel, part) }
		read := func(sel nd.Selection, part []float32) error { return dosna.Read(ctx, d, sel, part) }
		got := want
		got.write, got.change = each(write, false), each(write, true)
		got.read, got.boxes = each(read, false), each(read, true)
		if got != want {
			t.Errorf("allocated:\n%+v, want\n%+v", got, want)
		}
	}
}
