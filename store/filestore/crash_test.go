//go:build linux || darwin

package filestore_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/filestore"
)

var scale = flag.String("scale", "small", "small or full: how many losses of power are tried")

// cuts is how many losses of power a test tries.
func cuts(n int) int {
	switch {
	case *scale == "full":
		return 50 * n
	case testing.Short():
		return n / 5
	}
	return n
}

// past is what may be under a key after a loss of power: "" is nothing.
type past struct {
	values []string // the last is the one without a loss of power
	torn   bool     // or a torn one of them
}

func (p past) with(value string, torn bool) past {
	return past{append(slices.Clone(p.values), value), p.torn || torn}
}

// world is what may be under the keys.
type world map[string]past

func (w world) now(key string) string {
	if p, ok := w[key]; ok {
		return p.values[len(p.values)-1]
	}
	return ""
}

func (w world) past(key string) past {
	if p, ok := w[key]; ok {
		return p
	}
	return past{values: []string{""}}
}

// moment is the time from one operation's beginning to its end.
type moment struct {
	end           int // on the disk
	what          string
	before, after world
}

// work does random things in a directory, through two stores.
func work(ctx context.Context, disk *filestore.Disk, root string, r *rand.Rand, steps int) ([]moment, error) {
	a, err := filestore.Open(root, store.OpenOptions{})
	if err != nil {
		return nil, err
	}
	defer a.Close()
	if _, err := a.Put(ctx, "g/keep", [][]byte{[]byte("k")}, store.Cond{}); err != nil {
		return nil, err
	}
	if err := a.Sync(ctx); err != nil {
		return nil, err
	}
	b, err := filestore.Open(filepath.Join(root, "g"), store.OpenOptions{})
	if err != nil {
		return nil, err
	}
	defer b.Close()
	keys := []string{"x", "d/x", "d/y", "d/e/x", "g/x", "g/h/x", "g/h/i/x"}
	w := world{"g/keep": {values: []string{"k"}}}
	by := map[string]*filestore.Store{} // who has changed a key last
	moments := []moment{{disk.Now(), "begin", w, w}}
	for i := range steps {
		key := keys[r.IntN(len(keys))]
		s, name := a, key
		if in, ok := strings.CutPrefix(key, "g/"); ok && r.IntN(2) == 0 {
			s, name = b, in
		}
		next := maps.Clone(w)
		cond, ctx, durable := store.Cond{}, ctx, r.IntN(4) == 0
		if durable {
			ctx = store.Durably(ctx)
		}
		if r.IntN(3) == 0 {
			if info, err := s.Stat(ctx, name); err == nil {
				cond.IfMatch = info.Version
			} else {
				cond.IfAbsent = true
			}
		}
		value := fmt.Sprintf("<%d %s>", i, strings.Repeat("v", r.IntN(30)))
		change := func(key, value string) {
			next[key], by[key] = next.past(key).with(value, !durable && value != ""), s
			if durable {
				next[key] = past{values: []string{value}}
			}
		}
		var err error
		what := "put"
		switch n := r.IntN(16); {
		case n < 7:
			_, err = s.Put(ctx, name, [][]byte{[]byte(value[:3]), []byte(value[3:])}, cond)
			change(key, value)
		case n < 8:
			what = "stream"
			var writer store.Writer
			if writer, err = s.OpenWriter(ctx, name, cond); err == nil {
				_, err = writer.Write([]byte(value))
				if r.IntN(3) > 0 {
					_, again := writer.Commit()
					err = errors.Join(err, again)
					change(key, value)
				}
				err = errors.Join(err, writer.Close())
			}
		case n < 10:
			what = "delete"
			err = s.Delete(ctx, name, store.Cond{IfMatch: cond.IfMatch})
			if w.now(key) != "" {
				change(key, "")
			}
		case n < 11:
			what, s, durable = "delete prefix", a, false
			err = a.DeletePrefix(ctx, "d/")
			for key := range w {
				if strings.HasPrefix(key, "d/") && w.now(key) != "" {
					change(key, "")
				}
			}
		case n < 12:
			what, s, durable = "rename", a, true // or what is put there later may be found at the old place
			ctx = store.Durably(ctx)
			from, to := "d/", "g/h/"
			if r.IntN(2) == 0 {
				from, to = to, from
			}
			moved, owners := false, maps.Clone(by)
			for key := range w {
				if in, ok := strings.CutPrefix(key, from); ok { // also what was removed, and may be back
					moved = moved || w.now(key) != ""
					next[to+in], by[to+in] = past{append(w.past(to+in).values, w[key].values...), w[key].torn || w.past(to+in).torn}, a
					next[key], by[key] = past{append(slices.Clone(w[key].values), ""), w[key].torn}, a
					if durable {
						next[to+in], next[key] = past{w[key].values, w[key].torn}, past{values: []string{""}}
					}
				}
			}
			err = a.Rename(ctx, from, to)
			if errors.Is(err, store.ErrExist) || errors.Is(err, store.ErrNotExist) {
				err, next, by = nil, w, owners
			} else if !moved {
				err = errors.Join(err, errors.New("nothing was there to be renamed"))
			}
		case n < 13:
			what = "copy"
			_, err = s.Copy(ctx, name, name, store.Cond{})
			if errors.Is(err, store.ErrNotExist) {
				err = nil
			} else {
				change(key, w.now(key))
			}
		default:
			what = "sync"
			err = s.Sync(ctx)
			for key := range w {
				if by[key] == s {
					next[key] = past{values: []string{w.now(key)}}
				}
			}
		}
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", what, key, err)
		}
		moments = append(moments, moment{disk.Now(), fmt.Sprintf("%d: %s %s durable=%v", i, what, key, durable), w, next})
		w = next
	}
	return moments, nil
}

// during returns what is allowed when the power fails at n.
func during(moments []moment, n int) moment {
	for _, m := range moments {
		if n < m.end {
			return m
		}
	}
	last := moments[len(moments)-1]
	return moment{last.end, "the end", last.after, last.after}
}

// check opens what a disk holds and looks whether that may be.
func check(ctx context.Context, root string, m moment) error {
	s, err := filestore.Open(root, store.OpenOptions{})
	if err != nil {
		return err
	}
	defer s.Close()
	listed := map[string]bool{}
	for info, err := range s.List(ctx, store.ListOptions{}) {
		if err != nil {
			return err
		}
		listed[info.Key] = true
	}
	both := maps.Clone(m.before)
	maps.Copy(both, m.after)
	for key := range both {
		got, _, err := s.Get(ctx, key, store.GetOptions{}, nil)
		if (err == nil) != listed[key] || err != nil && !errors.Is(err, store.ErrNotExist) {
			return fmt.Errorf("%s: listed %v, and reading it: %v", key, listed[key], err)
		}
		before, after := m.before.past(key), m.after.past(key)
		ok := slices.Contains(before.values, string(got)) || slices.Contains(after.values, string(got)) || err == nil && (before.torn || after.torn)
		if !ok || err == nil && len(got) == 0 && !before.torn && !after.torn {
			return fmt.Errorf("%s holds %q, %v; before it was %v, after %v", key, got, err, before, after)
		}
		delete(listed, key)
	}
	if len(listed) > 0 {
		return fmt.Errorf("listed too: %v", listed)
	}
	if err := s.DeletePrefix(ctx, ""); err != nil {
		return err
	}
	if left, err := os.ReadDir(root); err != nil || len(left) > 0 {
		return fmt.Errorf("after everything was deleted there are %v, %v", left, err)
	}
	return nil
}

// cutPower checks a disk after losses of power at random.
func cutPower(ctx context.Context, t *testing.T, disk *filestore.Disk, moments []moment, seed uint64, times int) error {
	disk.Stop()
	root := t.TempDir()
	for i := range times {
		choose := filestore.Chance(seed*1000 + uint64(i))
		n := moments[0].end + choose(disk.Now()-moments[0].end+1)
		if err := disk.PowerCut(n, choose, root); err != nil {
			return err
		}
		m := during(moments, n)
		if err := check(ctx, root, m); err != nil {
			return fmt.Errorf("seed %d, cut %d in %q: %w", seed, i, m.what, err)
		}
	}
	return nil
}

// TestPowerCut shows that what was synced stays, and that of the rest nothing is
// half but what Sync was not asked for.
func TestPowerCut(t *testing.T) {
	for seed := range uint64(cuts(10)) {
		root := t.TempDir()
		disk := filestore.Record(t, root)
		moments, err := work(t.Context(), disk, root, rand.New(rand.NewPCG(seed, 2)), 30)
		if err == nil {
			err = cutPower(t.Context(), t, disk, moments, seed, 50)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestPowerCutIsNoticed leaves out syncs, which must be found out.
func TestPowerCutIsNoticed(t *testing.T) {
	for _, what := range []string{"file", "folder", "above", "all"} {
		t.Run(what, func(t *testing.T) {
			for seed := range uint64(200) {
				root := t.TempDir()
				disk := filestore.Record(t, root)
				disk.Forget = func(w string) bool { return w == what }
				moments, err := work(t.Context(), disk, root, rand.New(rand.NewPCG(seed, 2)), 30)
				if err != nil {
					t.Fatal(err)
				}
				if err := cutPower(t.Context(), t, disk, moments, seed, 50); err != nil {
					t.Logf("seed %d: %v", seed, err)
					return
				}
			}
			t.Errorf("nobody notices that %s is never synced", what)
		})
	}
}

// TestEveryPowerCut goes through all that a disk may hold at every moment of
// short work.
func TestEveryPowerCut(t *testing.T) {
	ctx := t.Context()
	put := func(key, value string, sync bool) func(*filestore.Store, world) error {
		return func(s *filestore.Store, w world) error {
			ctx := ctx
			w[key] = w.past(key).with(value, true)
			if sync {
				ctx = store.Durably(ctx)
				w[key] = past{values: []string{value}}
			}
			_, err := s.Put(ctx, key, [][]byte{[]byte(value)}, store.Cond{})
			return err
		}
	}
	sync := func(s *filestore.Store, w world) error {
		for key := range w {
			w[key] = past{values: []string{w.now(key)}}
		}
		return s.Sync(ctx)
	}
	remove := func(key string) func(*filestore.Store, world) error {
		return func(s *filestore.Store, w world) error {
			w[key] = w.past(key).with("", false)
			return s.Delete(ctx, key, store.Cond{})
		}
	}
	for name, script := range map[string][]func(*filestore.Store, world) error{
		"new":           {put("a", "1", false), sync},
		"new, deep":     {put("a/b/c", "1", true)},
		"replaced":      {put("a", "1", true), put("a", "22", true)},
		"replaced soon": {put("a", "1", true), put("a", "22", false)},
		"back again":    {put("a/x", "1", true), remove("a/x"), put("a/x", "2", true)},
		"gone":          {put("a/x", "1", false), sync, remove("a/x"), sync},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			disk := filestore.Record(t, root)
			s := open(t, root)
			w := world{}
			moments := []moment{{0, "begin", w, w}}
			for i, step := range script {
				next := maps.Clone(w)
				if err := step(s, next); err != nil {
					t.Fatal(err)
				}
				moments = append(moments, moment{disk.Now(), fmt.Sprint("step ", i), w, next})
				w = next
			}
			disk.Stop()
			to := t.TempDir()
			total := 0
			for n := range disk.Now() + 1 {
				times, err := filestore.Every(func(choose func(int) int) error {
					if err := disk.PowerCut(n, choose, to); err != nil {
						return err
					}
					return check(ctx, to, during(moments, n))
				})
				total += times
				if err != nil {
					t.Fatalf("power cut after %d operations, in %q: %v", n, during(moments, n).what, err)
				}
			}
			t.Logf("%d states at %d moments", total, disk.Now()+1)
		})
	}
}
