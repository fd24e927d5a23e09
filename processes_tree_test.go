package dosna_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
)

func countInAttributes(j *job, c *dosna.Connection) error {
	n, err := c.Open(ctx, j.Path)
	if err != nil {
		return err
	}
	for i := range j.Times {
		err := n.UpdateAttrs(ctx, func(a dosna.Attributes) error {
			count, _ := a["count"].(json.Number)
			was, _ := count.Int64()
			a["count"] = was + 1
			a[fmt.Sprint("process ", j.Worker)] = i
			return nil
		})
		if err != nil {
			return err
		}
		if err := j.report("%d", i); err != nil {
			return err
		}
	}
	return nil
}

func TestProcessesChangeAttributes(t *testing.T) {
	for _, kill := range killing() {
		t.Run(fmt.Sprintf("kill=%v", kill), func(t *testing.T) {
			workers, times := hammer()
			c, ways := waysTo(t)
			bytesDataset(t, c, "g/x", []int{4}, []int{4})
			begin := time.Now()
			ps := start(t, job{Do: "attrs", Times: times}, workers, ways...)
			killed := 0
			if kill {
				killed = killSome(t, ps, rand.New(rand.NewPCG(rand.Uint64(), 1)))
			}
			wait(t, ps)
			attrs := dataset(t, c, "g/x").Attrs()
			done := 0
			for _, p := range ps {
				n := len(p.done(t))
				done += n
				got, _ := attrs[fmt.Sprint("process ", p.Worker)].(json.Number)
				if last, _ := got.Int64(); n > 0 && int(last) != n-1 && !(p.killed.Load() && int(last) == n) {
					t.Errorf("process %d did %d changes, and its attribute is %v", p.Worker, n, got)
				}
			}
			count, err := attrs["count"].(json.Number).Int64()
			if err != nil || int(count) < done || int(count) > done+killed {
				t.Errorf("counted to %d, and %d are reported; %d processes were killed", count, done, killed)
			}
			t.Logf("%d processes, %d killed: %d changes in %v", workers, killed, done, time.Since(begin).Round(time.Millisecond))
			checkTree(t, c)
		})
	}
}

// appendRows appends rows that say who made them, and which of his they are.
func appendRows(j *job, c *dosna.Connection) error {
	d, err := c.OpenDataset(ctx, j.Path)
	if err != nil {
		return err
	}
	for i := range j.Times {
		row := []uint32{uint32(j.Worker + 1), uint32(i + 1)}
		at, err := d.Append(ctx, 0, nd.NewView(dtype.Bytes(row), []int{1, 2}, 4))
		if err != nil {
			return err
		}
		if err := j.report("%d", at); err != nil {
			return err
		}
	}
	return nil
}

func TestProcessesAppend(t *testing.T) {
	for _, shards := range [][]int{nil, {96, 2}} {
		for _, kill := range killing() {
			t.Run(fmt.Sprintf("shards=%v/kill=%v", shards, kill), func(t *testing.T) {
				workers, times := hammer()
				c, ways := waysTo(t)
				_, err := c.CreateDataset(ctx, "g/x", dosna.DatasetSpec{Shape: []int{0, 2}, Type: dtype.Uint32, Chunks: []int{32, 2}, Shards: shards})
				if err != nil {
					t.Fatal(err)
				}
				begin := time.Now()
				ps := start(t, job{Do: "append", Times: times}, workers, ways...)
				killed := 0
				if kill {
					killed = killSome(t, ps, rand.New(rand.NewPCG(rand.Uint64(), 1)))
				}
				wait(t, ps)
				took := time.Since(begin)
				d := dataset(t, c, "g/x")
				got, err := dosna.ReadAll[uint32](ctx, d, selection(t, "..."))
				if err != nil {
					t.Fatal(err)
				}
				done, unclaimed := 0, map[int]bool{}
				for at := range len(got) / 2 {
					unclaimed[at] = true
				}
				for _, p := range ps {
					for i, line := range p.done(t) {
						var at int
						if _, err := fmt.Sscan(line, &at); err != nil {
							t.Fatal(err)
						}
						if !unclaimed[at] || got[2*at] != uint32(p.Worker+1) || got[2*at+1] != uint32(i+1) {
							t.Errorf("process %d appended its row %d at %d, and there is %v", p.Worker, i, at, got[2*at:2*at+2])
						}
						delete(unclaimed, at)
						done++
					}
				}
				if len(unclaimed) > killed {
					t.Errorf("%d rows that nobody reported, and %d processes were killed", len(unclaimed), killed)
				}
				for at := range unclaimed { // made by a process that was killed: no row of another
					if who := got[2*at]; who != 0 && !ps[who-1].killed.Load() {
						t.Errorf("row %d is %v, and was not reported", at, got[2*at:2*at+2])
					}
				}
				t.Logf("%d processes, %d killed: %d rows appended in %v", workers, killed, done, took.Round(time.Millisecond))
				checkTree(t, c)
			})
		}
	}
}

// createNodes creates trees and nodes that all try to create, and some of its own.
func createNodes(j *job, c *dosna.Connection) error {
	for i := range 20 {
		tree, err := dosna.Open(ctx, fmt.Sprintf("%s/tree %d", filepath.Dir(j.Stop), i), &dosna.Options{Mode: dosna.Exclusive})
		if err == nil {
			err = errors.Join(j.report("tree %d", i), tree.Close())
		}
		if err != nil && !errors.Is(err, dosna.ErrExist) {
			return err
		}
	}
	spec := dosna.DatasetSpec{Shape: []int{4}, Type: dtype.Uint32, Chunks: []int{2}, Attrs: dosna.Attributes{"by": j.Worker}}
	for i := range j.Times {
		_, err := c.CreateDataset(ctx, fmt.Sprintf("%s/of all/%d", j.Path, i), spec)
		if err == nil {
			err = j.report("%d", i)
		} else if errors.Is(err, dosna.ErrExist) {
			err = nil
		}
		if err == nil {
			_, err = c.CreateGroup(ctx, fmt.Sprintf("%s/own/%d of %d", j.Path, i, j.Worker), nil)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func TestProcessesCreate(t *testing.T) {
	workers, times := hammer()
	c, ways := waysTo(t)
	begin := time.Now()
	ps := start(t, job{Do: "create", Times: times}, workers, ways...)
	wait(t, ps)
	took := time.Since(begin)
	by, trees := map[string]int{}, map[string]bool{}
	for _, p := range ps {
		for _, line := range p.done(t) {
			if strings.HasPrefix(line, "tree") {
				if trees[line] {
					t.Errorf("%s was created twice", line)
				}
				trees[line] = true
				continue
			}
			if other, ok := by[line]; ok {
				t.Errorf("%q was created by both %d and %d", line, other, p.Worker)
			}
			by[line] = p.Worker
			if got := fmt.Sprint(dataset(t, c, "g/x/of all/"+line).Attrs()["by"]); got != fmt.Sprint(p.Worker) {
				t.Errorf("%q says that %s created it, and it was %d", line, got, p.Worker)
			}
		}
	}
	if len(by) != times || len(trees) != 20 {
		t.Errorf("%d nodes of %d were created, and %d trees of 20", len(by), times, len(trees))
	}
	own, err := c.OpenGroup(ctx, "g/x/own")
	if err != nil {
		t.Fatal(err)
	}
	names, err := own.Names(ctx)
	if err != nil || len(names) != workers*times {
		t.Errorf("%d children of %d are there, %v", len(names), workers*times, err)
	}
	t.Logf("%d processes: %d nodes of the same names, %d of their own, in %v", workers, times, len(names), took.Round(time.Millisecond))
	checkTree(t, c)
	checkClean(t, c, "g")
}

// createChildren creates nodes, writes to them and changes their attributes, in a
// group that is deleted again and again.
func createChildren(j *job, c *dosna.Connection) error {
	lost := func(err error) error {
		if errors.Is(err, dosna.ErrNotExist) {
			return nil
		}
		return err
	}
	for i := range j.Times {
		path := fmt.Sprintf("%s/%d/of %d", j.Path, i%7, j.Worker)
		d, err := c.CreateDataset(ctx, path, dosna.DatasetSpec{Shape: []int{40}, Type: dtype.Uint32, Chunks: []int{8}})
		switch {
		case errors.Is(err, dosna.ErrExist):
		case err != nil:
			return err
		default:
			if err := lost(d.WriteBox(ctx, nd.Box{Start: []int{3}, Shape: []int{30}}, one(7))); err != nil {
				return err
			}
			if err := lost(d.UpdateAttrs(ctx, func(a dosna.Attributes) error { a["i"] = i; return nil })); err != nil {
				return err
			}
		}
		if err := j.report("%d", i); err != nil {
			return err
		}
	}
	return nil
}

// TestProcessesCreateInDeletedGroups deletes a group, and groups in it, while
// others create nodes in them.
func TestProcessesCreateInDeletedGroups(t *testing.T) {
	workers, times := hammer()
	c, ways := waysTo(t)
	begin := time.Now()
	ps := start(t, job{Do: "children", Times: times}, workers, ways...)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		wait(t, ps)
	}()
	deleted := 0
	for under := true; under; {
		for _, path := range []string{"g/x/3", "g/x", "g/x/5"} {
			err := c.Delete(ctx, path)
			if err == nil {
				deleted++
			} else if !errors.Is(err, dosna.ErrNotExist) {
				t.Error(err)
			}
			time.Sleep(time.Millisecond)
		}
		select {
		case <-ended:
			under = false
		default:
		}
	}
	t.Logf("%d processes created %d nodes each, in groups that were deleted %d times, in %v", workers, times, deleted, time.Since(begin).Round(time.Millisecond))
	checkTree(t, c)
	checkClean(t, c, "g")
}
