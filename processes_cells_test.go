package dosna_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/nd"
)

// The array of these tests is cut into tiles of 3 × 3 elements, of which most
// writers have one after the other. Tiles lie across the edges of chunks.
const (
	tileRows, tileCols = 27, 300
	rows, cols         = 3 * tileRows, 3 * tileCols
)

// layouts are ways to store the array in few objects.
func layouts(t *testing.T) map[string]dosna.DatasetSpec {
	t.Helper()
	specs := map[string]dosna.DatasetSpec{
		"raw":     {Chunks: []int{32, 256}, Codec: "none", Checksum: "none"},
		"zstd":    {Chunks: []int{32, 256}},
		"sharded": {Chunks: []int{16, 64}, Shards: []int{48, 512}},
	}
	inner, err := codec.ParseSpecs("zstd:1", "crc32c", dtype.Uint32, dtype.Little)
	if err != nil {
		t.Fatal(err)
	}
	small, err := codec.ShardingSpec([]int{8, 32}, inner)
	if err != nil {
		t.Fatal(err)
	}
	shard, err := codec.ShardingSpec([]int{16, 128}, []codec.Spec{small})
	if err != nil {
		t.Fatal(err)
	}
	specs["nested"] = dosna.DatasetSpec{Chunks: []int{32, 512}, Codecs: []codec.Spec{shard}}
	if testenv.Race || testing.Short() {
		delete(specs, "raw")
		delete(specs, "sharded")
	}
	for name, s := range specs {
		s.Shape, s.Type = []int{rows, cols}, dtype.Uint32
		specs[name] = s
	}
	return specs
}

// tile returns the place of a tile; which is which is random.
func tile(order []int, i int) nd.Box {
	at := order[i]
	return nd.Box{Start: []int{at / tileCols * 3, at % tileCols * 3}, Shape: []int{3, 3}}
}

func tileOrder(seed uint64) []int { return rand.New(rand.NewPCG(seed, 0)).Perm(tileRows * tileCols) }

// one is a view of one element, to be broadcast.
func one(v uint32) nd.View {
	return nd.View{Data: binary.NativeEndian.AppendUint32(nil, v), Item: 4}
}

func writeTiles(j *job, c *dosna.Connection) error {
	d, err := c.OpenDataset(ctx, j.Path)
	if err != nil {
		return err
	}
	order := tileOrder(j.Seed)
	for n := range j.Times {
		i := n*j.Workers + j.Worker
		if err := d.WriteBox(ctx, tile(order, i), one(uint32(i+1))); err != nil {
			return err
		}
		if err := j.report("%d", i); err != nil {
			return err
		}
	}
	return nil
}

// bufferTiles writes through a buffer, and reports after each flush.
func bufferTiles(j *job, c *dosna.Connection) error {
	d, err := c.OpenDataset(ctx, j.Path)
	if err != nil {
		return err
	}
	b, err := d.Buffer(1 << 20)
	if err != nil {
		return err
	}
	order := tileOrder(j.Seed)
	const each = 20
	for n := range j.Times {
		i := n*j.Workers + j.Worker
		if err := b.WriteBox(ctx, tile(order, i), one(uint32(i+1))); err != nil {
			return err
		}
		if n%each != each-1 && n != j.Times-1 {
			continue
		}
		if err := b.Flush(ctx); err != nil {
			return err
		}
		for k := n - n%each; k <= n; k++ {
			if err := j.report("%d", k*j.Workers+j.Worker); err != nil {
				return err
			}
		}
	}
	return b.Close(ctx)
}

// checkTiles reports tiles that are not as the processes say. Those that a killed
// process did not get to report may be there, or not.
func checkTiles(t *testing.T, d *dosna.Dataset, ps []*process, order []int) (done int) {
	t.Helper()
	got, err := dosna.ReadAll[uint32](ctx, d, selection(t, "..."))
	if err != nil {
		t.Fatal(err)
	}
	state := map[int]int{} // 1: done, 2: perhaps
	for _, p := range ps {
		lines := p.done(t)
		done += len(lines)
		if !p.killed.Load() && len(lines) != p.Times {
			t.Errorf("process %d has done %d of %d", p.Worker, len(lines), p.Times)
		}
		for n := range p.Times {
			if n < len(lines) {
				state[n*p.Workers+p.Worker] = 1
			} else if p.killed.Load() {
				state[n*p.Workers+p.Worker] = 2
			}
		}
	}
	bad := 0
	for i := range order {
		box := tile(order, i)
		for k := range 9 {
			y, x := box.Start[0]+k/3, box.Start[1]+k%3
			v := got[y*cols+x]
			if want := uint32(i + 1); v == want && state[i] > 0 || v == 0 && state[i] != 1 {
				continue
			}
			if bad++; bad < 10 {
				t.Errorf("element (%d, %d) of tile %d, state %d, is %d", y, x, i, state[i], v)
			}
		}
	}
	return done
}

// TestProcessesWriteDisjointCells has processes write cells of the same objects,
// through different roots of the tree and symbolic links to them; in a second run
// some are killed.
func TestProcessesWriteDisjointCells(t *testing.T) {
	for name, spec := range layouts(t) {
		for _, do := range []string{"tiles", "buffer"} {
			for _, kill := range killing() {
				t.Run(fmt.Sprintf("%s/%s/kill=%v", name, do, kill), func(t *testing.T) {
					workers, times := hammer()
					c, ways := waysTo(t)
					d, err := c.CreateDataset(ctx, "g/x", spec)
					if err != nil {
						t.Fatal(err)
					}
					seed := rand.Uint64()
					begin := time.Now()
					ps := start(t, job{Do: do, Times: times, Seed: seed}, workers, ways...)
					killed := 0
					if kill {
						killed = killSome(t, ps, rand.New(rand.NewPCG(seed, 1)))
					}
					wait(t, ps)
					took := time.Since(begin)
					n := checkTiles(t, d, ps, tileOrder(seed))
					t.Logf("%d processes, %d killed: %d writes of tiles in %v", workers, killed, n, took.Round(time.Millisecond))
					checkTree(t, c)
					checkClean(t, c, "g")
				})
			}
		}
	}
}

// randomBox returns the next box of a process, of up to 40 × 200 elements.
func randomBox(r *rand.Rand) nd.Box {
	h, w := 1+r.IntN(40), 1+r.IntN(200)
	return nd.Box{Start: []int{r.IntN(rows - h + 1), r.IntN(cols - w + 1)}, Shape: []int{h, w}}
}

// unknown is reported of what may have been done, or not.
const unknown = "unknown"

func incrementBoxes(j *job, c *dosna.Connection) error {
	d, err := c.OpenDataset(ctx, j.Path)
	if err != nil {
		return err
	}
	r := j.random()
	for range j.Times {
		err := d.Update(ctx, randomBox(r), func(_ context.Context, b dosna.Block) error {
			for i := 0; i < len(b.Out.Data); i += 4 {
				binary.NativeEndian.PutUint32(b.Out.Data[i:], binary.NativeEndian.Uint32(b.In.Data[i:])+1)
			}
			return nil
		})
		mark := "done"
		if errors.Is(err, dosna.ErrUnknownOutcome) {
			mark, err = unknown, nil
		}
		if err != nil {
			return err
		}
		if err := j.report("%s", mark); err != nil {
			return err
		}
	}
	return nil
}

// checkIncrements reports elements that are not as often incremented as the processes
// say, and returns how many boxes they say. Those of which a process does not know, and one more
// of those that were killed, may be done or not.
func checkIncrements(t *testing.T, d *dosna.Dataset, ps []*process) (done int) {
	t.Helper()
	least, most := make([]uint32, rows*cols), make([]uint32, rows*cols)
	for _, p := range ps {
		r := p.random()
		lines := p.done(t)
		n := len(lines)
		if !p.killed.Load() && n != p.Times {
			t.Errorf("process %d has done %d of %d", p.Worker, n, p.Times)
		}
		for i := range min(n+1, p.Times) {
			box := randomBox(r)
			sure := i < n && lines[i] != unknown
			if sure {
				done++
			}
			for y := box.Start[0]; y < box.Stop(0); y++ {
				for x := box.Start[1]; x < box.Stop(1); x++ {
					most[y*cols+x]++
					if sure {
						least[y*cols+x]++
					}
				}
			}
		}
	}
	got, err := dosna.ReadAll[uint32](ctx, d, selection(t, "..."))
	if err != nil {
		t.Fatal(err)
	}
	bad := 0
	for i, v := range got {
		if v < least[i] || v > most[i] {
			if bad++; bad < 10 {
				t.Errorf("element (%d, %d) is %d, want %d to %d", i/cols, i%cols, v, least[i], most[i])
			}
		}
	}
	return done
}

// TestProcessesIncrement has processes add to boxes that overlap.
func TestProcessesIncrement(t *testing.T) {
	for name, spec := range layouts(t) {
		for _, kill := range killing() {
			t.Run(fmt.Sprintf("%s/kill=%v", name, kill), func(t *testing.T) {
				workers, times := hammer()
				c, ways := waysTo(t)
				d, err := c.CreateDataset(ctx, "g/x", spec)
				if err != nil {
					t.Fatal(err)
				}
				begin := time.Now()
				ps := start(t, job{Do: "increment", Times: times, Seed: rand.Uint64()}, workers, ways...)
				killed := 0
				if kill {
					killed = killSome(t, ps, rand.New(rand.NewPCG(ps[0].Seed, 1)))
				}
				wait(t, ps)
				took := time.Since(begin)
				done := checkIncrements(t, d, ps)
				t.Logf("%d processes, %d killed: %d boxes incremented in %v", workers, killed, done, took.Round(time.Millisecond))
				checkTree(t, c)
				checkClean(t, c, "g")
			})
		}
	}
}

// middle is what writeStamps writes to besides the whole: parts of all objects.
var middle = nd.Box{Start: []int{5, 17}, Shape: []int{rows - 11, cols - 40}}

// writeStamps writes one value to everything, or to the middle.
func writeStamps(j *job, c *dosna.Connection) error {
	d, err := c.OpenDataset(ctx, j.Path)
	if err != nil {
		return err
	}
	for n := range j.Times {
		box := middle
		if n%3 == 0 {
			box = nd.Full([]int{rows, cols})
		}
		if err := d.WriteBox(ctx, box, one(uint32(1+n*j.Workers+j.Worker))); err != nil {
			return err
		}
		if err := j.report("%d", n); err != nil {
			return err
		}
	}
	return nil
}

// lookForTears reads until it is stopped, and checks that in each stored object the
// middle is of one value, and the rest too.
func lookForTears(j *job, c *dosna.Connection) error {
	d, err := c.OpenDataset(ctx, j.Path)
	if err != nil {
		return err
	}
	whole, chunk := nd.Full([]int{rows, cols}), d.Spec().Chunks
	for n := 0; !j.stopped(); n++ {
		box := whole
		if n%2 == 1 {
			box = nd.Box{Start: []int{2, 30}, Shape: []int{rows - 4, cols - 100}}
		}
		got := make([]uint32, box.Size())
		if err := d.ReadBox(ctx, box, nd.NewView(dtype.Bytes(got), box.Shape, 4)); err != nil {
			return err
		}
		type part struct {
			y, x   int
			middle bool
		}
		seen := map[part]uint32{}
		for i, v := range got {
			y, x := box.Start[0]+i/box.Shape[1], box.Start[1]+i%box.Shape[1]
			in := y >= middle.Start[0] && y < middle.Stop(0) && x >= middle.Start[1] && x < middle.Stop(1)
			p := part{y / chunk[0], x / chunk[1], in}
			if first, ok := seen[p]; ok && first != v {
				return fmt.Errorf("object (%d, %d) is torn: %d and %d", p.y, p.x, first, v)
			}
			seen[p] = v
		}
		if err := j.report("%d", n); err != nil {
			return err
		}
	}
	return nil
}

// TestProcessesSeeNoTornObjects has processes read while others write; some of
// these are killed.
func TestProcessesSeeNoTornObjects(t *testing.T) {
	for name, spec := range layouts(t) {
		t.Run(name, func(t *testing.T) {
			workers, times := hammer()
			c, ways := waysTo(t)
			if _, err := c.CreateDataset(ctx, "g/x", spec); err != nil {
				t.Fatal(err)
			}
			begin := time.Now()
			readers := start(t, job{Do: "look", Times: times}, workers/2+1, ways...)
			writers := start(t, job{Do: "stamp", Times: times}, workers/2+1, ways...)
			killSome(t, writers, rand.New(rand.NewPCG(rand.Uint64(), 1)))
			wait(t, writers)
			for _, r := range readers { // also of what is there in the end
				r.reach(t, len(r.done(t))+2)
			}
			stop(t, readers)
			wait(t, readers)
			wrote, read := 0, 0
			for i := range writers {
				wrote += len(writers[i].done(t))
				read += len(readers[i].done(t))
			}
			if wrote == 0 || read == 0 {
				t.Errorf("%d writes and %d reads", wrote, read)
			}
			t.Logf("%d writes of everything or of the middle, %d reads in %v", wrote, read, time.Since(begin).Round(time.Millisecond))
			checkTree(t, c)
			checkClean(t, c, "g")
		})
	}
}
