package dosna_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/engine"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/memstore"
	"github.com/dosna/dosna/store/storetest"
)

// errFault is what a store fails with in these tests.
var errFault = errors.New("the network is down")

// faultKinds are what happens to one operation of a store.
var faultKinds = map[string]storetest.Fault{
	"failed":   storetest.Fail(errFault),
	"lost":     storetest.Lost(), // done, but the reply was lost
	"not sent": storetest.Fail(store.ErrUnknownOutcome),
}

// faulty is a call that is made while the store fails.
type faulty struct {
	name string
	do   func(c *dosna.Connection) error
	// twice says that after an error the call may fail with this when it is made
	// again, as it had come through.
	twice error
	// bulk says that it uses operations that stores may have or not.
	bulk bool
	// check looks at the tree after the first call, and what that returned. If it is
	// nil, the tree is to be as after a call without faults.
	check func(t *testing.T, c *dosna.Connection, err error)
}

const faultyLen = 20

func line(n int, v uint8) nd.View { return nd.NewView(bytes.Repeat([]byte{v}, n), []int{n}, 1) }

// plusOne adds one to some elements, or to those of every object.
func plusOne(_ context.Context, b dosna.Block) error {
	for i := range b.Out.Data {
		b.Out.Data[i]++
	}
	return nil
}

// faultyCalls are all that change something.
var faultyCalls = []faulty{
	{name: "create dataset", twice: dosna.ErrExist, do: func(c *dosna.Connection) error {
		_, err := c.CreateDataset(ctx, "new/deep/y", dosna.DatasetSpec{Shape: []int{8}, Type: dtype.Uint8, Chunks: []int{4}})
		return err
	}},
	{name: "create over leftovers", twice: dosna.ErrExist, do: func(c *dosna.Connection) error {
		_, err := c.CreateDataset(ctx, "litter", dosna.DatasetSpec{Shape: []int{8}, Type: dtype.Uint8, Chunks: []int{4}})
		return err
	}},
	{name: "create group", twice: dosna.ErrExist, do: func(c *dosna.Connection) error {
		_, err := c.CreateGroup(ctx, "new/group", dosna.Attributes{"a": 1})
		return err
	}},
	{name: "require group", do: func(c *dosna.Connection) error {
		g, err := c.Root(ctx)
		if err == nil {
			_, err = g.RequireGroup(ctx, "new/group")
		}
		return err
	}},
	{name: "write", do: func(c *dosna.Connection) error {
		return withX(c, func(d *dosna.Dataset) error { return d.WriteBox(ctx, nd.Full([]int{faultyLen}), line(faultyLen, 9)) })
	}},
	{name: "write parts", do: func(c *dosna.Connection) error {
		return withX(c, func(d *dosna.Dataset) error { return d.WriteBox(ctx, box1(2, 11), line(11, 9)) })
	}},
	{name: "write fill", do: func(c *dosna.Connection) error {
		return withX(c, func(d *dosna.Dataset) error { return d.WriteBox(ctx, box1(2, 11), line(11, 0)) })
	}},
	{name: "load", do: func(c *dosna.Connection) error {
		from, err := dosna.InMemory([]int{faultyLen}, bytes.Repeat([]byte{8}, faultyLen))
		if err != nil {
			return err
		}
		return withX(c, func(d *dosna.Dataset) error { return d.Load(ctx, from) })
	}},
	{name: "clear", bulk: true, do: func(c *dosna.Connection) error {
		return withX(c, func(d *dosna.Dataset) error { return d.Clear(ctx) })
	}},
	{name: "buffer", do: func(c *dosna.Connection) error {
		return withX(c, func(d *dosna.Dataset) error {
			b, err := d.Buffer(0)
			if err != nil {
				return err
			}
			for i := 3; i < 15; i++ {
				if err := b.WriteBox(ctx, box1(i, 1), line(1, uint8(i))); err != nil {
					return errors.Join(err, b.Close(ctx))
				}
			}
			return b.Close(ctx)
		})
	}},
	{name: "delete chunk", do: func(c *dosna.Connection) error {
		return withX(c, func(d *dosna.Dataset) error {
			k, err := d.Chunk(1)
			if err == nil {
				err = k.Delete(ctx)
			}
			return err
		})
	}},
	{name: "create chunk", twice: dosna.ErrExist, do: func(c *dosna.Connection) error {
		d, err := c.OpenDataset(ctx, "empty")
		if err != nil {
			return err
		}
		k, err := d.Chunk(4)
		if err == nil {
			err = k.Create(ctx, line(4, 3))
		}
		return err
	}},
	{name: "set attributes", do: func(c *dosna.Connection) error {
		return withX(c, func(d *dosna.Dataset) error {
			return d.UpdateAttrs(ctx, func(a dosna.Attributes) error { a["set"] = "yes"; return nil })
		})
	}},
	{name: "count in attributes", do: func(c *dosna.Connection) error {
		return withX(c, func(d *dosna.Dataset) error {
			return d.UpdateAttrs(ctx, func(a dosna.Attributes) error {
				n, err := a["n"].(json.Number).Int64()
				a["n"] = n + 1
				return err
			})
		})
	}, check: func(t *testing.T, c *dosna.Connection, err error) {
		n := fmt.Sprint(dataset(t, c, "g/x").Attrs()["n"])
		if known := !errors.Is(err, dosna.ErrUnknownOutcome); n != "5" && n != "6" || err == nil && n != "6" || err != nil && known && n != "5" {
			t.Errorf("counted to %s, and the error was %v", n, err)
		}
	}},
	{name: "update", do: func(c *dosna.Connection) error {
		return withX(c, func(d *dosna.Dataset) error { return d.Update(ctx, box1(2, 11), plusOne) })
	}, check: checkPlusOne(2, 13)},
	{name: "apply", do: func(c *dosna.Connection) error {
		return withX(c, func(d *dosna.Dataset) error { return d.Apply(ctx, plusOne) })
	}, check: checkPlusOne(0, faultyLen)},
	{name: "grow", do: func(c *dosna.Connection) error {
		return withX(c, func(d *dosna.Dataset) error { return d.Resize(ctx, []int{30}) })
	}},
	{name: "shrink", do: func(c *dosna.Connection) error {
		return withX(c, func(d *dosna.Dataset) error { return d.Resize(ctx, []int{5}) })
	}},
	{name: "shrink and grow", do: func(c *dosna.Connection) error {
		return withX(c, func(d *dosna.Dataset) error {
			if err := d.Resize(ctx, []int{5}); err != nil {
				return err
			}
			return d.Resize(ctx, []int{faultyLen})
		})
	}},
	{name: "append", do: func(c *dosna.Connection) error {
		return withX(c, func(d *dosna.Dataset) error {
			_, err := d.Append(ctx, 0, line(6, 9))
			return err
		})
	}, check: func(t *testing.T, c *dosna.Connection, err error) {
		got := read(t, dataset(t, c, "g/x"), ":")
		tail := got[faultyLen:]
		switch {
		case err == nil && !slices.Equal(tail, bytes.Repeat([]byte{9}, 6)):
			t.Errorf("appended %v", tail)
		case len(tail) != 0 && len(tail) != 6:
			t.Errorf("%d elements are new, after %v", len(tail), err)
		}
		for i, v := range tail {
			if v != 0 && v != 9 {
				t.Errorf("new element %d is %d", i, v)
			}
		}
		if d := dataset(t, c, "g/x"); err != nil {
			at, err := d.Append(ctx, 0, line(6, 7))
			if err != nil {
				t.Fatal(err)
			}
			if got := read(t, d, fmt.Sprint(at, ":")); !slices.Equal(got, bytes.Repeat([]byte{7}, 6)) {
				t.Errorf("appended again: %v", got)
			}
		}
	}},
	{name: "delete", bulk: true, twice: dosna.ErrNotExist, do: func(c *dosna.Connection) error { return c.Delete(ctx, "g/x") }},
	{name: "delete group", bulk: true, twice: dosna.ErrNotExist, do: func(c *dosna.Connection) error { return c.Delete(ctx, "g") }},
	{name: "move", bulk: true, twice: dosna.ErrNotExist, do: func(c *dosna.Connection) error { return c.Move(ctx, "g", "new/place") }},
	{name: "create link", twice: dosna.ErrExist, do: func(c *dosna.Connection) error {
		_, err := c.CreateLink(ctx, "new/links/l", "/g/x")
		return err
	}},
	{name: "create through link", twice: dosna.ErrExist, do: func(c *dosna.Connection) error {
		_, err := c.CreateGroup(ctx, "links/g/new/group", nil)
		return err
	}},
	{name: "write through link", do: func(c *dosna.Connection) error {
		d, err := c.OpenDataset(ctx, "links/g/x")
		if err != nil {
			return err
		}
		return d.WriteBox(ctx, box1(2, 11), line(11, 9))
	}},
	{name: "change link", do: func(c *dosna.Connection) error {
		l, err := c.OpenLink(ctx, "links/x")
		if err != nil {
			return err
		}
		return l.SetTarget(ctx, "/g/other")
	}},
	{name: "delete link", bulk: true, twice: dosna.ErrNotExist, do: func(c *dosna.Connection) error { return c.Delete(ctx, "links/g") }},
	{name: "delete through link", bulk: true, twice: dosna.ErrNotExist, do: func(c *dosna.Connection) error { return c.Delete(ctx, "links/g/other") }},
	movesLink("move link", "links/x", "new/place/link", ""),
	movesLink("move links", "links", "new/place", "/x"),
	{name: "copy links", bulk: true, twice: dosna.ErrExist, do: func(c *dosna.Connection) error {
		g, err := c.OpenGroup(ctx, "links")
		if err == nil {
			_, err = dosna.Copy(ctx, g, c, "new/links", nil)
		}
		return err
	}},
	{name: "copy data", bulk: true, do: func(c *dosna.Connection) error {
		return withX(c, func(d *dosna.Dataset) error {
			to, err := c.OpenDataset(ctx, "empty")
			if err == nil {
				err = d.CopyTo(ctx, to)
			}
			return err
		})
	}},
}

func box1(at, n int) nd.Box { return nd.Box{Start: []int{at}, Shape: []int{n}} }

func withX(c *dosna.Connection, f func(*dosna.Dataset) error) error {
	d, err := c.OpenDataset(ctx, "g/x")
	if err != nil {
		return err
	}
	return f(d)
}

// checkPlusOne checks that elements have grown by no more than one, and by one if
// there was no error.
func checkPlusOne(from, to int) func(t *testing.T, c *dosna.Connection, err error) {
	return func(t *testing.T, c *dosna.Connection, err error) {
		for i, v := range read(t, dataset(t, c, "g/x"), ":") {
			was := uint8(i + 1)
			if v == was && (err != nil || i < from || i >= to) || v == was+1 && i >= from && i < to {
				continue
			}
			t.Errorf("element %d was %d and is %d, after %v", i, was, v, err)
		}
	}
}

// faultyTree makes the tree in which faults happen: the dataset that is changed,
// one that is not, and what a program left that died.
func faultyTree(t *testing.T) store.Store {
	t.Helper()
	below := memstore.New()
	c := open(t, below, dosna.Options{})
	for _, path := range []string{"g/x", "g/other", "empty"} {
		d, err := c.CreateDataset(ctx, path, dosna.DatasetSpec{
			Shape: []int{faultyLen}, Type: dtype.Uint8, Chunks: []int{2}, Shards: []int{4}, Attrs: dosna.Attributes{"n": 5}})
		if err != nil {
			t.Fatal(err)
		}
		values := make([]uint8, faultyLen)
		for i := range values {
			values[i] = uint8(i + 1)
		}
		if path != "empty" {
			write(t, d, ":", values...)
		}
	}
	link(t, c, "links/g", "/g")
	link(t, c, "links/x", "../g/x")
	if _, err := below.Put(ctx, "litter/c/0", [][]byte{{1, 2, 3}}, store.Cond{}); err != nil {
		t.Fatal(err)
	}
	return below
}

// everything is all that is in a tree: the bytes of each document, and what each
// dataset reads as.
func everything(t *testing.T, c *dosna.Connection) map[string]string {
	t.Helper()
	all := map[string]string{}
	for info, err := range c.Store().List(ctx, store.ListOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		raw, _, err := c.Store().Get(ctx, info.Key, store.GetOptions{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		all[info.Key] = string(raw)
	}
	return all
}

// TestFaultsAtEveryCall makes every call that changes something while one of the
// operations that it asks of the store goes wrong: each in turn with -scale full,
// and otherwise some.
func TestFaultsAtEveryCall(t *testing.T) {
	step := 3
	switch {
	case *scale == "full":
		step = 1
	case testenv.Race || testing.Short():
		step = 15
	}
	for _, f := range faultyCalls {
		for kind, fault := range faultKinds {
			t.Run(f.name+"/"+kind, func(t *testing.T) {
				perfect := open(t, faultyTree(t), dosna.Options{Engine: engine.CPU()})
				if err := f.do(perfect); err != nil {
					t.Fatal(err)
				}
				want := everything(t, perfect)
				for _, bare := range []bool{false, true} {
					if bare && !f.bulk {
						return
					}
					n := rand.IntN(step)
					for faultAt(t, f, fault, n, bare, want) {
						if t.Failed() {
							t.Fatalf("when operation %d was %s, without optional operations: %v", n, kind, bare)
						}
						n += step
					}
					if n < 2 {
						t.Errorf("there are no more than %d operations", n)
					}
				}
			})
		}
	}
}

// faultAt makes a call while operation n goes wrong; false if there is none.
func faultAt(t *testing.T, f faulty, fault storetest.Fault, n int, bare bool, want map[string]string) bool {
	t.Helper()
	below := faultyTree(t)
	calls := 0
	var hit storetest.Op
	s := storetest.NewFaults(below, nil)
	var top store.Store = s
	if bare {
		top = storetest.Bare(s)
	}
	c := open(t, top, dosna.Options{Engine: engine.CPU()})
	s.SetPlan(func(op storetest.Op) storetest.Fault {
		if calls++; calls-1 != n {
			return storetest.Fault{}
		}
		hit = op
		return fault
	})
	err := f.do(c)
	s.SetPlan(nil)
	if calls <= n {
		if err != nil {
			t.Errorf("without a fault: %v", err)
		}
		return false
	}
	if err != nil && !errors.Is(err, errFault) && !errors.Is(err, store.ErrUnknownOutcome) {
		t.Errorf("%s %q: the error is %v", hit.Name, hit.Key, err)
	}
	if err != nil && !strings.Contains(err.Error(), "g") && !strings.Contains(err.Error(), hit.Key) {
		t.Errorf("the error names nothing: %v", err)
	}
	direct := open(t, top, dosna.Options{Engine: engine.CPU()})
	if f.check != nil {
		f.check(t, direct, err)
	} else {
		if err != nil {
			if again := f.do(direct); again != nil && (f.twice == nil || !errors.Is(again, f.twice)) {
				t.Errorf("%s %q: after %v, again: %v", hit.Name, hit.Key, err, again)
			}
		}
		got := everything(t, direct)
		for key, v := range want {
			if got[key] != v {
				t.Errorf("%s %q: %s is %q, want %q; the error was %v", hit.Name, hit.Key, key, got[key], v, err)
			}
		}
		for key := range got {
			if _, ok := want[key]; !ok {
				t.Errorf("%s %q: %s is left; the error was %v", hit.Name, hit.Key, key, err)
			}
		}
	}
	if err := below.Delete(ctx, "litter/c/0", store.Cond{}); err != nil && f.name != "create over leftovers" {
		t.Error(err)
	}
	checkTree(t, direct)
	return true
}

// TestTornObjects tears each object that a call stores, as a loss of power may.
// What is read then is what was there, what was to be, or an error that names it.
func TestTornObjects(t *testing.T) {
	for _, blank := range []bool{false, true} {
		for cut := int64(1); cut < 40; cut += 6 {
			for n := 0; ; n++ {
				below := faultyTree(t)
				s := storetest.NewFaults(below, nil)
				c := open(t, s, dosna.Options{Engine: engine.CPU()})
				d := dataset(t, c, "g/x")
				puts := 0
				s.SetPlan(func(op storetest.Op) storetest.Fault {
					if op.Name != "Put" {
						return storetest.Fault{}
					}
					if puts++; puts-1 != n {
						return storetest.Fault{}
					}
					return storetest.Fault{Cut: cut, Blank: blank}
				})
				err := errors.Join(d.WriteBox(ctx, box1(2, 11), line(11, 99)), d.Resize(ctx, []int{30}))
				if puts <= n {
					if err != nil {
						t.Error(err)
					}
					break
				}
				got := make([]uint8, faultyLen)
				now, err := open(t, below, dosna.Options{}).OpenDataset(ctx, "g/x")
				if err == nil {
					err = now.ReadBox(ctx, nd.Full([]int{faultyLen}), nd.NewView(got, []int{faultyLen}, 1))
				}
				if err != nil {
					if !strings.Contains(err.Error(), "g/x/") {
						t.Errorf("%d bytes cut off: the error does not name the object: %v", cut, err)
					}
					continue
				}
				for i, v := range got {
					if was := uint8(i + 1); v != was && (v != 99 || i < 2 || i >= 13) {
						t.Errorf("%d bytes cut off object %d: element %d reads as %d", cut, n, i, v)
					}
				}
			}
		}
	}
}
