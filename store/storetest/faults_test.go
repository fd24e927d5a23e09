package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/memstore"
	"github.com/dosna/dosna/store/storetest/check"
)

func TestFaultsWithoutPlan(t *testing.T) {
	RunLayer(t, func(t *testing.T) store.Store { return memstore.New() }, func(s store.Store) store.Store { return NewFaults(s, nil) })
}

// TestFaultsFail has every operation fail before and after it is done: what has
// happened shows in the store below.
func TestFaultsFail(t *testing.T) {
	for _, done := range []bool{false, true} {
		for what := range check.Operations(memstore.New()) {
			below := memstore.New()
			if err := putAll(t.Context(), below, "a/x", "a/y"); err != nil {
				t.Fatal(err)
			}
			f := NewFaults(below, Plan(Rule{Match: func(op Op) bool { return op.Name != "Write" && op.Name != "OpenWriter" }, Fault: Fault{Err: store.ErrTemporary, Done: done}}))
			before := snapshot(t, below)
			if err := check.Wants(check.Operations(f)[what](t.Context()), store.ErrTemporary, "%s", what); err != nil {
				t.Error(err)
			}
			changed := !slices.Equal(before, snapshot(t, below))
			if events := f.Log(); changed != (done && events[len(events)-1].Op.Writes()) {
				t.Errorf("%s, failed with Done %v: the store has changed is %v; events %+v", what, done, changed, events)
			}
			if f.Hits() != 1 {
				t.Errorf("%s met with %d faults", what, f.Hits())
			}
		}
	}
}

// snapshot is the keys and objects of a store.
func snapshot(t *testing.T, s store.Store) []string {
	t.Helper()
	keys, err := check.Keys(t.Context(), s, store.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i, key := range keys {
		got, _, err := s.Get(t.Context(), key, store.GetOptions{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		keys[i] += "=" + string(got)
	}
	return keys
}

func TestFaultsLost(t *testing.T) {
	ctx := t.Context()
	f := NewFaults(memstore.New(), Plan(Rule{Op: "Put", Key: "a/", Skip: 1, Times: 1, Fault: Lost()}))
	if _, err := put(ctx, f, "a/x", []byte("1")); err != nil {
		t.Fatal(err)
	}
	if _, err := put(ctx, f, "b", nil); err != nil {
		t.Fatalf("another key met with the fault: %v", err)
	}
	v, err := put(ctx, f, "a/x", []byte("2"))
	if err := check.Wants(err, store.ErrUnknownOutcome, "a put whose reply is lost"); err != nil || v != "" {
		t.Fatal(v, err)
	}
	if err := check.Holds(ctx, f, "a/x", []byte("2")); err != nil {
		t.Errorf("the put was not done: %v", err)
	}
	if _, err := put(ctx, f, "a/x", []byte("3")); err != nil {
		t.Errorf("the third put met with a fault: %v", err)
	}
	if n := f.Count(Rule{Op: "Put", Key: "a/"}); n != 3 {
		t.Errorf("counted %d puts, want 3", n)
	}
	f.Reset()
	if n := f.Count(Rule{}); n != 0 {
		t.Errorf("counted %d operations after a reset", n)
	}
}

// TestFaultsCut tears objects in every way that they can be written.
func TestFaultsCut(t *testing.T) {
	data := check.Pattern(100, 1)
	for name, write := range map[string]func(ctx context.Context, s store.Store) error{
		"Put": func(ctx context.Context, s store.Store) error {
			_, err := s.Put(ctx, "x", [][]byte{data[:50], data[50:]}, store.Cond{})
			return err
		},
		"Commit": func(ctx context.Context, s store.Store) error {
			w, err := store.OpenWriter(ctx, s, "x", store.Cond{})
			if err != nil {
				return err
			}
			defer w.Close()
			if _, err := w.Write(data); err != nil {
				return err
			}
			_, err = w.Commit()
			return err
		},
		"Copy": func(ctx context.Context, s store.Store) error {
			_, err := store.Copy(ctx, s, "y", "x", store.Cond{})
			return err
		},
	} {
		for _, blank := range []bool{false, true} {
			for _, ferr := range []error{nil, ErrCut} {
				below := memstore.New()
				if _, err := put(t.Context(), below, "y", data); err != nil {
					t.Fatal(err)
				}
				f := NewFaults(below, Plan(Rule{Op: name, Fault: Fault{Cut: 30, Blank: blank, Err: ferr}}))
				if err := write(t.Context(), f); !errors.Is(err, ferr) {
					t.Errorf("%s cut with %v returned %v", name, ferr, err)
				}
				want := bytes.Clone(data[:70])
				if blank {
					want = append(want, make([]byte, 30)...)
				}
				if err := check.Holds(t.Context(), below, "x", want); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
	}
	if !bytes.Equal(data, check.Pattern(100, 1)) {
		t.Error("the caller's bytes were changed")
	}
}

func TestFaultsDelay(t *testing.T) {
	f := NewFaults(memstore.New(), Plan(Rule{Op: "Stat", Fault: Fault{Delay: time.Hour}}))
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(time.Millisecond, cancel)
	_, err := f.Stat(ctx, "x")
	if err := check.Wants(err, context.Canceled, "a delayed operation, cancelled"); err != nil {
		t.Error(err)
	}
	f.SetPlan(Plan(Rule{Fault: Fault{Delay: time.Nanosecond}}))
	_, err = f.Stat(t.Context(), "x")
	if err := check.Wants(err, store.ErrNotExist, "a delayed operation"); err != nil {
		t.Error(err)
	}
}

// TestFaultsHooks has somebody else write between a reading and a writing.
func TestFaultsHooks(t *testing.T) {
	ctx := t.Context()
	below := memstore.New()
	v, err := put(ctx, below, "x", nil)
	if err != nil {
		t.Fatal(err)
	}
	after := 0
	f := NewFaults(below, Plan(Rule{Op: "Put", Times: 1, Fault: Fault{
		Before: func(ctx context.Context) error { _, err := put(ctx, below, "x", []byte("theirs")); return err },
		After:  func() { after++ },
	}}))
	_, err = f.Put(ctx, "x", nil, store.Cond{IfMatch: v})
	if err := check.Wants(err, store.ErrConflict, "a put that somebody else came before"); err != nil || after != 1 {
		t.Error(err, after)
	}
}

func TestFaultsListing(t *testing.T) {
	ctx := t.Context()
	below := memstore.New()
	if err := putAll(ctx, below, "a", "b"); err != nil {
		t.Fatal(err)
	}
	f := NewFaults(below, Plan(Rule{Op: "List", Fault: DoneBut(io.ErrUnexpectedEOF)}))
	keys, err := check.Keys(ctx, f, store.ListOptions{})
	if err := check.Wants(err, io.ErrUnexpectedEOF, "a listing that breaks off"); err != nil || !slices.Equal(keys, []string{"a", "b"}) {
		t.Error(keys, err)
	}
	for range f.List(ctx, store.ListOptions{}) {
		break
	}
}

func TestPlanKeys(t *testing.T) {
	for _, c := range []struct {
		pattern string
		yes, no []string
	}{
		{"", []string{"", "x", "a/b"}, nil},
		{"a/", []string{"a/b", "a/b/c"}, []string{"a", "ab/c", "b/a/c"}},
		{"zarr.json", []string{"zarr.json", "a/b/zarr.json"}, []string{"zarr.json/c", "a.json"}},
		{"*.json", []string{"zarr.json", "a/b/zarr.json"}, []string{"a"}},
		{"a/*/0", []string{"a/c/0"}, []string{"a/0", "a/c/d/0", "b/a/c/0"}},
		{"[", nil, []string{"[", "x"}},
	} {
		for _, key := range c.yes {
			if !(Rule{Key: c.pattern}).matches(Op{Key: key}) || !(Rule{Key: c.pattern}).matches(Op{Key: "-", To: key}) && key != "" {
				t.Errorf("%q does not match %q", c.pattern, key)
			}
		}
		for _, key := range c.no {
			if (Rule{Key: c.pattern}).matches(Op{Key: key}) {
				t.Errorf("%q matches %q", c.pattern, key)
			}
		}
	}
	if r := (Rule{Op: "Put Delete"}); !r.matches(Op{Name: "Delete"}) || r.matches(Op{Name: "DeleteAll"}) {
		t.Error("a rule for two operations is for others")
	}
}

// TestRandom shows that chance does not depend on the order of operations, and
// is about what was asked for.
func TestRandom(t *testing.T) {
	plan := func() func(Op) Fault { return Random(7, 0.25, Fail(io.EOF), Lost(), Fault{Cut: 1}) }
	var ops []Op
	for i := range 4000 {
		ops = append(ops, Op{Name: "Put", Key: fmt.Sprint(i % 100), N: i / 100})
	}
	forth, back, hits, kinds := plan(), plan(), 0, map[string]bool{}
	there := make([]Fault, len(ops))
	for i, op := range ops {
		there[i] = forth(op)
	}
	for i, op := range slices.Backward(ops) {
		if again := back(op); fmt.Sprint(again) != fmt.Sprint(there[i]) {
			t.Fatalf("%+v met with %+v in one order and %+v in another", op, there[i], again)
		}
		if !there[i].none() {
			hits++
			kinds[fmt.Sprint(there[i])] = true
		}
	}
	if hits < 800 || hits > 1200 || len(kinds) != 3 {
		t.Errorf("%d of 4000 operations met with %d kinds of faults, where 1000 and 3 were to be expected", hits, len(kinds))
	}
	if f := Random(1, 1)(Op{}); !f.none() {
		t.Errorf("without faults to choose from there is %+v", f)
	}
}

func TestDiesAfter(t *testing.T) {
	ctx := t.Context()
	below := memstore.New()
	f := NewFaults(below, DiesAfter(2))
	for i, want := range []error{nil, nil, ErrCut, ErrCut} {
		if _, err := put(ctx, f, fmt.Sprint(i), nil); !errors.Is(err, want) {
			t.Errorf("put %d: %v, want %v", i, err, want)
		}
	}
	if _, err := f.Stat(ctx, "0"); !errors.Is(err, ErrCut) {
		t.Errorf("the dead store answers: %v", err)
	}
	if keys, err := check.Keys(ctx, below, store.ListOptions{}); err != nil || len(keys) != 2 {
		t.Errorf("the store holds %q, %v", keys, err)
	}
}
