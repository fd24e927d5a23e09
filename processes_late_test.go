package dosna_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
)

// oneLayout is one of two ways to store an array; what is stored in one is damaged,
// or of the wrong size, in the other.
func oneLayout(i int) dosna.DatasetSpec {
	s := dosna.DatasetSpec{Shape: []int{rows, cols}, Type: dtype.Uint32, Chunks: []int{32, 256}}
	if i%2 == 1 {
		s.Codec = "none"
	}
	return s
}

// writeUntilGone writes to a dataset until it is deleted, and then to the one that
// takes its place, or creates that. There it may meet with what was stored by a
// writer who has not yet found out.
func writeUntilGone(j *job, c *dosna.Connection) error {
	r := j.random()
	for n := 0; n < j.Times; {
		d, err := c.OpenDataset(ctx, j.Path)
		if errors.Is(err, dosna.ErrNotExist) {
			d, err = c.CreateDataset(ctx, j.Path, oneLayout(r.IntN(2)))
		}
		for err == nil && n < j.Times {
			if err = d.WriteBox(ctx, randomBox(r), one(uint32(n))); err == nil {
				err = j.report("%d", n)
				n++
			}
		}
		if err != nil && !errors.Is(err, dosna.ErrNotExist) && !errors.Is(err, dosna.ErrExist) && !errors.Is(err, dosna.ErrCorrupt) {
			return err
		}
	}
	return nil
}

// whileUnder calls do again and again until processes have ended.
func whileUnder(t *testing.T, ps []*process, do func()) {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		wait(t, ps)
	}()
	for {
		select {
		case <-ended:
			return
		case <-time.After(time.Duration(rand.IntN(10)) * time.Millisecond):
			do()
		}
	}
}

// TestProcessesWriteToDeletedDatasets deletes a dataset that others write to and
// create anew. What a process stored that was killed before it noticed is not to be
// seen in what is created there next.
func TestProcessesWriteToDeletedDatasets(t *testing.T) {
	for _, kill := range []bool{false, true} {
		t.Run(fmt.Sprintf("kill=%v", kill), func(t *testing.T) {
			workers, times := hammer()
			c, ways := waysTo(t)
			begin := time.Now()
			ps := start(t, job{Do: "late", Times: times, Seed: rand.Uint64()}, workers, ways...)
			killed := make(chan int, 1)
			go func() {
				n := 0
				if kill {
					n = killSome(t, ps, rand.New(rand.NewPCG(ps[0].Seed, 1)))
				}
				killed <- n
			}()
			deleted := 0
			whileUnder(t, ps, func() {
				if err := c.Delete(ctx, "g/x"); err == nil {
					deleted++
				} else if !errors.Is(err, dosna.ErrNotExist) {
					t.Error(err)
				}
			})
			t.Logf("%d processes, %d killed, wrote up to %d times each to a dataset that was deleted %d times, in %v",
				workers, <-killed, times, deleted, time.Since(begin).Round(time.Millisecond))
			if !kill {
				checkTree(t, c)
			}
			if err := c.Delete(ctx, "g/x"); err != nil && !errors.Is(err, dosna.ErrNotExist) {
				t.Fatal(err)
			}
			d, err := c.CreateDataset(ctx, "g/x", oneLayout(0))
			if err != nil {
				t.Fatal(err)
			}
			got, err := dosna.ReadAll[uint32](ctx, d, selection(t, "..."))
			if err != nil || slices.Max(got) > 0 {
				t.Errorf("there is something in a new dataset, %v", err)
			}
			checkTree(t, c)
			checkClean(t, c, "g")
		})
	}
}

// writeWhereItIs writes tiles to a dataset that moves to and fro.
func writeWhereItIs(j *job, c *dosna.Connection) error {
	order := tileOrder(j.Seed)
	var d *dosna.Dataset
	for n, at := 0, 0; n < j.Times; {
		i := n*j.Workers + j.Worker
		var err error
		if d == nil {
			d, err = c.OpenDataset(ctx, j.Path+[]string{"", "2"}[at%2])
		}
		if err == nil {
			err = d.WriteBox(ctx, tile(order, i), one(uint32(i+1)))
		}
		switch {
		case errors.Is(err, dosna.ErrNotExist):
			d, at = nil, at+1
			continue
		case err == nil:
			err = j.report("%d", i)
			n++
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// TestProcessesWriteToMovingDataset moves a dataset, which the file store does at
// once, while others write to it.
func TestProcessesWriteToMovingDataset(t *testing.T) {
	for name, spec := range layouts(t) {
		t.Run(name, func(t *testing.T) {
			workers, times := hammer()
			c, ways := waysTo(t)
			if _, err := c.CreateDataset(ctx, "g/x", spec); err != nil {
				t.Fatal(err)
			}
			begin := time.Now()
			seed := rand.Uint64()
			ps := start(t, job{Do: "follow", Times: times, Seed: seed}, workers, ways...)
			moved, kept := 0, 0
			from, to := "g/x", "g/x2"
			whileUnder(t, ps, func() {
				err := c.Move(ctx, from, to)
				switch {
				case err == nil:
					moved++
					from, to = to, from
				case errors.Is(err, dosna.ErrExist): // somebody has come late, and is about to notice
					kept++
				default:
					t.Error(err)
				}
			})
			n := checkTiles(t, dataset(t, c, from), ps, tileOrder(seed))
			t.Logf("%d processes wrote %d tiles to a dataset that moved %d times, and could not %d times, in %v", workers, n, moved, kept, time.Since(begin).Round(time.Millisecond))
			checkTree(t, c)
			checkClean(t, c, "g")
		})
	}
}

// writeWhileCut writes boxes with numbers of their own to an array that is cut and
// grows again, and reports when each began and ended, and whether it was done.
func writeWhileCut(j *job, c *dosna.Connection) error {
	r := j.random()
	d, err := c.OpenDataset(ctx, j.Path)
	if err != nil {
		return err
	}
	for n := range j.Times {
		id := 1 + n*j.Workers + j.Worker
		begin := time.Now().UnixNano()
		box := randomBox(r)
		if shape := d.Shape(); box.Stop(0) > shape[0] || box.Stop(1) > shape[1] {
			if d, err = d.Refresh(ctx); err != nil {
				return err
			}
			continue
		}
		err := d.WriteBox(ctx, box, one(uint32(id)))
		done := err == nil
		if err != nil && !errors.Is(err, dosna.ErrConflict) {
			return err
		}
		if err := j.report("%d %d %d %t %d %d %d %d", id, begin, time.Now().UnixNano(), done, box.Start[0], box.Start[1], box.Shape[0], box.Shape[1]); err != nil {
			return err
		}
		if !done {
			if d, err = d.Refresh(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// TestProcessesWriteWhileCut cuts an array and lets it grow again while others
// write. What was written and reported before a cut is not to be seen after it.
func TestProcessesWriteWhileCut(t *testing.T) {
	for name, spec := range layouts(t) {
		t.Run(name, func(t *testing.T) {
			workers, times := hammer()
			c, ways := waysTo(t)
			d, err := c.CreateDataset(ctx, "g/x", spec)
			if err != nil {
				t.Fatal(err)
			}
			begin := time.Now()
			ps := start(t, job{Do: "stale", Times: times, Seed: rand.Uint64()}, workers, ways...)
			small := nd.Box{Start: []int{0, 0}, Shape: []int{21, 300}} // both within objects
			type look struct {
				cut, grown int64 // when the cut began, and the growth ended
				at         int64 // when what has been read was read
				got        []uint32
			}
			var looks []look
			whileUnder(t, ps, func() {
				l := look{cut: time.Now().UnixNano()}
				if err := d.Resize(ctx, small.Shape); err != nil {
					t.Error(err)
				}
				if err := d.Resize(ctx, []int{rows, cols}); err != nil {
					t.Error(err)
				}
				l.grown = time.Now().UnixNano()
				if len(looks)%2 == 0 { // let more be written
					time.Sleep(time.Duration(rand.IntN(10)) * time.Millisecond)
				}
				l.at = time.Now().UnixNano()
				var err error
				if l.got, err = dosna.ReadAll[uint32](ctx, d, selection(t, "...")); err != nil {
					t.Error(err)
					return
				}
				if len(looks) < 200 {
					looks = append(looks, l)
				}
			})
			type op struct {
				begin, end int64
				done       bool
				box        nd.Box
			}
			ops := map[uint32]op{}
			wrote := 0
			for _, p := range ps {
				for _, line := range p.done(t) {
					var id uint32
					o := op{box: nd.Box{Start: make([]int, 2), Shape: make([]int, 2)}}
					if _, err := fmt.Sscan(line, &id, &o.begin, &o.end, &o.done, &o.box.Start[0], &o.box.Start[1], &o.box.Shape[0], &o.box.Shape[1]); err != nil {
						t.Fatal(err)
					}
					ops[id] = o
					if o.done {
						wrote++
					}
				}
			}
			bad := 0
			for _, l := range looks {
				for i, v := range l.got {
					if y, x := i/cols, i%cols; v == 0 || y < small.Shape[0] && x < small.Shape[1] {
						continue
					}
					if o := ops[v]; o.end < l.cut {
						if bad++; bad < 10 {
							t.Errorf("element (%d, %d) is of a write (done: %v) that ended %v before a cut", i/cols, i%cols, o.done, time.Duration(l.cut-o.end))
						}
					}
				}
				for id, o := range ops { // what was written since the growth is there, or what was written later
					if !o.done || o.begin < l.grown || o.end > l.at {
						continue
					}
					for y := o.box.Start[0]; y < o.box.Stop(0); y++ {
						for x := o.box.Start[1]; x < o.box.Stop(1); x++ {
							v := l.got[y*cols+x]
							if later := ops[v]; v != id && (v == 0 || later.end < o.begin) {
								if bad++; bad < 10 {
									t.Errorf("element (%d, %d) is %d, and %d was written to it since", y, x, v, id)
								}
							}
						}
					}
				}
			}
			t.Logf("%d processes wrote %d boxes of %d to an array that was cut and grew %d times, in %v", workers, wrote, len(ops), len(looks), time.Since(begin).Round(time.Millisecond))
			checkTree(t, c)
			checkClean(t, c, "g")
		})
	}
}
