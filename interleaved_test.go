package dosna_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/memstore"
	"github.com/dosna/dosna/zarr"
)

// stepped is a change by a writer of its own, which goes on by one request whenever it
// is told to.
type stepped struct {
	op   string     // the request that it is about to make
	next chan error // what becomes of it
	at   chan string
	done bool
	dead bool
	err  error
}

var (
	errDead   = errors.New("dead")
	errLost   = errors.New("the answer is lost")
	errMissed = errors.New("the request is lost")
)

// forgetful is a store that does not answer a change that is to be lost.
type forgetful struct {
	store.Store
	lose error // errLost or errMissed, for the next change
}

func (f *forgetful) change(do func() error) error {
	lose := f.lose
	f.lose = nil
	if lose == errMissed {
		return fmt.Errorf("%w: %w", store.ErrUnknownOutcome, lose)
	}
	if err := do(); err != nil || lose == nil {
		return err
	}
	return fmt.Errorf("%w: %w", store.ErrUnknownOutcome, lose)
}

func (f *forgetful) Put(ctx context.Context, key string, parts [][]byte, c store.Cond) (v store.Version, err error) {
	err = f.change(func() error { v, err = f.Store.Put(ctx, key, parts, c); return err })
	return v, err
}

func (f *forgetful) Delete(ctx context.Context, key string, c store.Cond) error {
	return f.change(func() error { return f.Store.Delete(ctx, key, c) })
}

func (f *forgetful) Copy(ctx context.Context, from, to string, c store.Cond) (v store.Version, err error) {
	err = f.change(func() error { v, err = store.Copy(ctx, f.Store, from, to, c); return err })
	return v, err
}

// step begins a change: it stops before its first request.
func step(t *testing.T, s store.Store, format int, change func(c *dosna.Connection) error) *stepped {
	t.Helper()
	w := &stepped{next: make(chan error), at: make(chan string)}
	below := &forgetful{Store: s}
	h := &hooked{Store: below}
	c, err := dosna.OpenStore(ctx, h, &dosna.Options{Mode: dosna.ReadWrite})
	if err != nil {
		t.Fatal(err)
	}
	dead := false // only before uses it, one call at a time
	h.before = func(op, key string) error {
		if dead {
			return errDead
		}
		if name := key[strings.LastIndexByte(key, '/')+1:]; op == "get" && name != zarr.GroupKey && (format == 2 || name != zarr.Key) {
			return nil // it is asked for together with others
		}
		w.at <- op + " " + key
		err := <-w.next
		if err == errLost || err == errMissed {
			below.lose, err = err, nil
		}
		dead = errors.Is(err, errDead)
		return err
	}
	go func() {
		w.err = change(c)
		close(w.at)
	}()
	w.wait()
	return w
}

func (w *stepped) wait() {
	op, ok := <-w.at
	w.op, w.done = op, !ok
}

// go1 lets the writer make a request.
func (w *stepped) go1() { w.meets(nil) }

// meets lets it make a request and tells what becomes of it: after errDead it makes
// none any more.
func (w *stepped) meets(what error) {
	if !w.done {
		w.dead = w.dead || what == errDead
		w.next <- what
		w.wait()
	}
}

// writes reports whether the writer is about to change something.
func (w *stepped) writes() bool {
	return strings.HasPrefix(w.op, "put") || strings.HasPrefix(w.op, "delete") || strings.HasPrefix(w.op, "copy")
}

// smallChanges are changes that two writers make at once, each to nodes of its own.
func smallChanges(worker int) map[string]func(c *dosna.Connection) error {
	name := fmt.Sprint("n", worker)
	attrs := func(path string) func(c *dosna.Connection) error {
		return func(c *dosna.Connection) error {
			n, err := c.Open(ctx, path)
			if err != nil {
				return err
			}
			return n.UpdateAttrs(ctx, func(a dosna.Attributes) error { a[name] = 1; return nil })
		}
	}
	return map[string]func(c *dosna.Connection) error{
		"attributes": attrs(name),
		"shared":     attrs("shared"),
		"root":       attrs(""),
		"create": func(c *dosna.Connection) error {
			_, err := c.CreateDataset(ctx, "new"+name, dosna.DatasetSpec{Shape: []int{2}, Type: dtype.Uint8})
			return err
		},
		"consolidate": func(c *dosna.Connection) error {
			g, err := c.Root(ctx)
			if err == nil {
				err = g.Consolidate(ctx)
			}
			return err
		},
		"delete": func(c *dosna.Connection) error { return c.Delete(ctx, name) },
		"empty":  func(c *dosna.Connection) error { return c.DeleteEmpty(ctx, "empty"+name) },
		"move":   func(c *dosna.Connection) error { return c.Move(ctx, name, "to/"+name) },
	}
}

// small makes a tree for smallChanges.
func small(t *testing.T, format int) map[string]string {
	t.Helper()
	s := memstore.New()
	c := open(t, s, dosna.Options{Format: format})
	for _, path := range []string{"n0", "n1", "n2", "shared", "emptyn0", "emptyn1", "emptyn2"} {
		if _, err := c.CreateGroup(ctx, path, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := rootGroup(t, c).Consolidate(ctx); err != nil {
		t.Fatal(err)
	}
	objects := map[string]string{}
	for _, key := range keys(t, s) {
		objects[key] = value(t, s, key)
	}
	return objects
}

func restored(t *testing.T, objects map[string]string) *memstore.Store {
	t.Helper()
	s := memstore.New()
	for key, v := range objects {
		putValue(t, s, key, v)
	}
	return s
}

// TestConsolidatedInterleaved stops one writer at every request, another at every one
// of its own, and lets the first go on: the copies are there in the end, and true, and
// whenever there are any.
func TestConsolidatedInterleaved(t *testing.T) {
	for _, format := range []int{2, 3} {
		objects := small(t, format)
		runs := 0
		pairs := [][2]string{{"attributes", "attributes"}}
		if *scale == "full" {
			pairs = append(pairs, [][2]string{{"shared", "root"}, {"create", "attributes"}, {"delete", "shared"}, {"move", "empty"}}...)
		}
		for _, pair := range pairs {
			first, second := smallChanges(0)[pair[0]], smallChanges(1)[pair[1]]
			for i, more := 0, true; more; i += everyRequest() {
				for j := 0; ; j += everyRequest() {
					below := restored(t, objects)
					a, b := step(t, below, format, first), step(t, below, format, second)
					for range i {
						a.go1()
					}
					more = !a.done
					for range j {
						b.go1()
					}
					last := b.done
					for _, w := range []*stepped{a, b} {
						for !w.done {
							if w.writes() {
								checkCopies(t, below, format, fmt.Sprint(pair, i, j), w.op)
							}
							w.go1()
						}
						if w.err != nil {
							t.Fatalf("v%d: %v, at %d and %d: %v", format, pair, i, j, w.err)
						}
					}
					runs++
					checkCopies(t, below, format, fmt.Sprint(pair, i, j), "the end")
					if copiesIn(t, below, "", format) == nil || changing(t, below, "", format) != nil {
						t.Fatalf("v%d: %v, at %d and %d: there are no copies", format, pair, i, j)
					}
					if last {
						break
					}
				}
			}
		}
		t.Logf("v%d: %d runs", format, runs)
	}
}

func checkCopies(t *testing.T, s store.Store, format int, run, when string) {
	t.Helper()
	if why := lies(t, s, "", format); why != "" {
		t.Fatalf("v%d: %s: before %s: %s", format, run, when, why)
	}
}

// TestConsolidatedAtRandom lets three writers go on in turn by chance, and some of them
// die, or not learn what has become of a request: the copies are true whenever there
// are any, and are there in the end if nothing of that has happened, or when they are
// made anew.
func TestConsolidatedAtRandom(t *testing.T) {
	times := 200
	switch {
	case *scale == "full":
		times = 10_000
	case testing.Short() || testenv.Race:
		times = 50
	}
	for _, format := range []int{2, 3} {
		objects := small(t, format)
		for range times {
			seed := rand.Uint64()
			r := rand.New(rand.NewPCG(seed, 0))
			run := fmt.Sprint("seed ", seed)
			below := restored(t, objects)
			ws := make([]*stepped, 3)
			for i := range ws {
				changes := smallChanges(i)
				names := slices.Sorted(maps.Keys(changes))
				name := names[r.IntN(len(names))]
				run += " " + name
				ws[i] = step(t, below, format, changes[name])
			}
			anew := strings.Contains(run, "consolidate") // which forgets those who are at it, so that they must not die
			died := false                                // or has not learnt what has become of a request
			for left := slices.Clone(ws); len(left) > 0; left = slices.DeleteFunc(left, func(w *stepped) bool { return w.done }) {
				w := left[r.IntN(len(left))]
				if what := []error{errDead, errLost, errMissed}[r.IntN(3)]; r.IntN(40) == 0 && (what == errDead && !anew || what != errDead && w.writes()) {
					died = true
					run += fmt.Sprintf(", %d at %s: %v", slices.Index(ws, w), w.op, what)
					w.meets(what)
					continue
				}
				for n := 1 + r.IntN(12); n > 0 && !w.done; n-- {
					if w.writes() && !anew {
						checkCopies(t, below, format, run, w.op)
					}
					w.go1()
				}
			}
			for i, w := range ws {
				if w.err != nil && !w.dead && !errors.Is(w.err, dosna.ErrUnknownOutcome) {
					t.Fatalf("v%d: %s: %d: %v", format, run, i, w.err)
				}
			}
			checkCopies(t, below, format, run, "the end")
			if died || anew {
				if err := rootGroup(t, open(t, below, dosna.Options{})).Consolidate(ctx); err != nil {
					t.Fatal(err)
				}
				checkCopies(t, below, format, run, "going home")
			}
			if copiesIn(t, below, "", format) == nil || changing(t, below, "", format) != nil {
				t.Fatalf("v%d: %s: there are no copies", format, run)
			}
			for _, key := range keys(t, below) {
				if strings.HasPrefix(key, ".zmetadata.") {
					t.Errorf("v%d: %s: %s stays", format, run, key)
				}
			}
		}
	}
}
