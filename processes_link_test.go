package dosna_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/testenv"
)

// fillGroup creates children of all kinds in one group, of its own names and of names
// that all try to create, counts in the group's attributes and changes a link that all
// change.
func fillGroup(j *job, c *dosna.Connection) error {
	g, err := c.OpenGroup(ctx, j.Path)
	if err != nil {
		return err
	}
	shared, err := g.OpenLink(ctx, "shared")
	if err != nil {
		return err
	}
	spec := dosna.DatasetSpec{Shape: []int{4}, Type: dtype.Uint32, Chunks: []int{4}}
	for i := range j.Times {
		own := fmt.Sprintf("%d of %d", i, j.Worker)
		spec.Attrs = dosna.Attributes{"by": j.Worker}
		_, dataset := g.CreateDataset(ctx, "dataset "+own, spec)
		_, group := g.CreateGroup(ctx, "group "+own, dosna.Attributes{"by": j.Worker})
		_, link := g.CreateLink(ctx, "link "+own, "dataset "+own)
		if err := errors.Join(dataset, group, link); err != nil {
			return err
		}
		_, err := g.CreateLink(ctx, fmt.Sprint("of all ", i), "dataset "+own)
		if err == nil {
			err = j.report("won %d", i)
		} else if errors.Is(err, dosna.ErrExist) {
			err = nil
		}
		if err == nil {
			err = shared.SetTarget(ctx, "dataset "+own)
		}
		if err == nil {
			err = g.UpdateAttrs(ctx, func(a dosna.Attributes) error {
				count, _ := a["count"].(json.Number)
				was, _ := count.Int64()
				a["count"] = was + 1
				a[fmt.Sprint("process ", j.Worker)] = i
				return nil
			})
		}
		if err == nil {
			err = j.report("%d", i)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// TestProcessesFillOneGroup: of what many processes create in one group at the same
// time, children, links and attributes, nothing is lost.
func TestProcessesFillOneGroup(t *testing.T) {
	workers, times := 16, 4
	switch {
	case *scale == "full":
		times = 250
	case testenv.Race || testing.Short():
		workers, times = 4, 3
	}
	c, ways := waysTo(t)
	g, err := c.CreateGroup(ctx, "g/x", nil)
	if err != nil {
		t.Fatal(err)
	}
	link(t, c, "g/x/shared", "nothing yet")
	begin := time.Now()
	ps := start(t, job{Do: "fill", Times: times}, workers, ways...)
	wait(t, ps)
	took := time.Since(begin)

	won := map[string]int{}
	for _, p := range ps {
		done := 0
		for _, line := range p.done(t) {
			var i int
			if _, err := fmt.Sscanf(line, "won %d", &i); err != nil {
				done++
				continue
			}
			name := fmt.Sprint("of all ", i)
			if other, ok := won[name]; ok {
				t.Errorf("%q was created by both %d and %d", name, other, p.Worker)
			}
			won[name] = p.Worker
		}
		if done != times {
			t.Errorf("process %d reports %d of %d", p.Worker, done, times)
		}
	}
	found := map[string]int{}
	for n, err := range g.Children(ctx) {
		if err != nil {
			t.Error(err)
			continue
		}
		switch n := n.(type) {
		case *dosna.Link:
			found["links"]++
			to, err := n.Follow(ctx)
			if err != nil {
				t.Error(err)
			} else if by, ok := won[n.Name()]; ok && fmt.Sprint(to.Attrs()["by"]) != fmt.Sprint(by) {
				t.Errorf("%q leads to %s, and %d has created it", n.Name(), to.Path(), by)
			}
		case *dosna.Dataset:
			found["datasets"]++
		default:
			found["groups"]++
		}
	}
	if want := (map[string]int{"datasets": workers * times, "groups": workers * times, "links": workers*times + times + 1}); fmt.Sprint(found) != fmt.Sprint(want) || len(won) != times {
		t.Errorf("there are %v, want %v; %d were created by one of all", found, want, len(won))
	}
	now, err := c.OpenGroup(ctx, "g/x")
	if err != nil {
		t.Fatal(err)
	}
	attrs := now.Attrs()
	if fmt.Sprint(attrs["count"]) != fmt.Sprint(workers*times) {
		t.Errorf("counted to %v, want %d", attrs["count"], workers*times)
	}
	var last []string
	for w := range workers {
		last = append(last, fmt.Sprintf("dataset %d of %d", times-1, w))
		if fmt.Sprint(attrs[fmt.Sprint("process ", w)]) != fmt.Sprint(times-1) {
			t.Errorf("the last of process %d is %v", w, attrs[fmt.Sprint("process ", w)])
		}
	}
	shared, err := c.OpenLink(ctx, "g/x/shared")
	if err != nil || !slices.Contains(last, shared.Target()) {
		t.Errorf("the link that all have changed leads to %q, which nobody wrote last: %v", shared.Target(), err)
	}
	t.Logf("%d processes: %v and %d changes of attributes and of a link each in one group, in %v", workers, found, workers*times, took.Round(time.Millisecond))
	checkTree(t, c)
}
