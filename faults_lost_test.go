package dosna_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/engine"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/storetest"
)

// TestLostRepliesWhileOthersChange loses the reply to a put and lets somebody else
// change the same object at once, so that nobody can tell whether it was stored:
// what assigns is done again and keeps the other's change, and anything else fails
// rather than be done twice.
func TestLostRepliesWhileOthersChange(t *testing.T) {
	count := func(c *dosna.Connection) error {
		return withX(c, func(d *dosna.Dataset) error {
			return d.UpdateAttrs(ctx, func(a dosna.Attributes) error {
				n, err := a["n"].(json.Number).Int64()
				a["n"] = n + 1
				return err
			})
		})
	}
	set := func(name string) func(c *dosna.Connection) error {
		return func(c *dosna.Connection) error {
			return withX(c, func(d *dosna.Dataset) error {
				return d.UpdateAttrs(ctx, func(a dosna.Attributes) error { a[name] = "set"; return nil })
			})
		}
	}
	put := func(at int, v uint8) func(c *dosna.Connection) error {
		return func(c *dosna.Connection) error {
			return withX(c, func(d *dosna.Dataset) error { return d.WriteBox(ctx, box1(at, 1), line(1, v)) })
		}
	}
	add := func(c *dosna.Connection) error {
		return withX(c, func(d *dosna.Dataset) error { return d.Update(ctx, box1(1, 1), plusOne) })
	}
	grow := func(c *dosna.Connection) error {
		return withX(c, func(d *dosna.Dataset) error { _, err := d.Append(ctx, 0, line(2, 7)); return err })
	}
	attr := func(name, want string) func(t *testing.T, d *dosna.Dataset) {
		return func(t *testing.T, d *dosna.Dataset) {
			if got, _ := json.Marshal(d.Attrs()[name]); string(got) != want {
				t.Errorf("attribute %s is %s, want %s", name, got, want)
			}
		}
	}
	element := func(i int, want uint8) func(t *testing.T, d *dosna.Dataset) {
		return func(t *testing.T, d *dosna.Dataset) {
			if got := read(t, d, ":"); got[i] != want {
				t.Errorf("element %d is %d, want %d: %v", i, got[i], want, got)
			}
		}
	}
	type check = func(t *testing.T, d *dosna.Dataset)
	for _, c := range []struct {
		name     string
		key      string // the put that is lost
		do, then func(c *dosna.Connection) error
		sure     bool // do succeeds
		checks   []check
	}{
		{"count, and others count", "g/x/zarr.json", count, count, false, []check{attr("n", "7")}},
		{"count, and others set", "g/x/zarr.json", count, set("b"), false, []check{attr("n", "6"), attr("b", `"set"`)}},
		{"set, and others set", "g/x/zarr.json", set("a"), set("b"), true, []check{attr("a", `"set"`), attr("b", `"set"`)}},
		{"append, and others append", "g/x/zarr.json", grow, grow, false, []check{element(23, 7)}},
		{"append, and nobody else", "g/x/zarr.json", grow, nil, false, []check{element(20, 0), element(21, 0)}},
		{"assign, and others assign", "g/x/c/0", put(1, 77), put(2, 88), true, []check{element(1, 77), element(2, 88)}},
		{"assign, and others add", "g/x/c/0", put(2, 77), add, true, []check{element(1, 3), element(2, 77)}},
		{"add, and others add", "g/x/c/0", add, add, false, []check{element(1, 4)}},
		{"add, and others assign", "g/x/c/0", add, put(2, 88), false, []check{element(1, 3), element(2, 88)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			below := faultyTree(t)
			s := storetest.NewFaults(below, nil)
			through, direct := open(t, s, dosna.Options{Engine: engine.CPU()}), open(t, below, dosna.Options{})
			lost := 0
			s.SetPlan(func(op storetest.Op) storetest.Fault {
				if op.Name != "Put" || op.Key != c.key || lost > 0 {
					return storetest.Fault{}
				}
				lost++
				fault := storetest.Lost()
				fault.After = func() {
					if c.then == nil {
						return
					}
					if err := c.then(direct); err != nil {
						t.Error(err)
					}
				}
				return fault
			})
			err := c.do(through)
			if lost != 1 || c.sure != (err == nil) || err != nil && !errors.Is(err, dosna.ErrUnknownOutcome) {
				t.Errorf("%d replies lost: %v", lost, err)
			}
			for _, check := range c.checks {
				check(t, dataset(t, direct, "g/x"))
			}
			checkTree0(t, below)
		})
	}
}

// checkTree0 checks a tree without what faultyTree leaves in it.
func checkTree0(t *testing.T, s store.Store) {
	t.Helper()
	if err := s.Delete(ctx, "litter/c/0", store.Cond{}); err != nil {
		t.Fatal(err)
	}
	checkTree(t, open(t, s, dosna.Options{}))
}

// TestRequestsThatWereNotSent does what counts again when the store can tell that
// nothing has happened.
func TestRequestsThatWereNotSent(t *testing.T) {
	for _, key := range []string{"g/x/zarr.json", "g/x/c/0"} {
		below := faultyTree(t)
		s := storetest.NewFaults(below, nil)
		c := open(t, s, dosna.Options{Engine: engine.CPU()})
		d := dataset(t, c, "g/x")
		n := 0
		s.SetPlan(func(op storetest.Op) storetest.Fault {
			if n++; op.Name == "Put" && op.Key == key && n < 10 {
				return storetest.Fail(store.ErrUnknownOutcome)
			}
			return storetest.Fault{}
		})
		if err := d.Update(ctx, box1(0, 4), plusOne); err != nil {
			t.Error(err)
		}
		if _, err := d.Append(ctx, 0, line(2, 7)); err != nil {
			t.Error(err)
		}
		if got := read(t, d, ":"); !bytes.Equal(got[:5], []byte{2, 3, 4, 5, 5}) || !bytes.Equal(got[20:], []byte{7, 7}) {
			t.Errorf("%s: %v", key, got)
		}
	}
}
