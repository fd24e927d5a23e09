package lock

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/storetest"
)

// opts returns options with a clock of the simulation.
func opts(o Options) *Options {
	o.now = ticker(1, 0)
	return &o
}

func acquire(t *testing.T, s store.Store, o Options) *Lease {
	t.Helper()
	l, err := Acquire(t.Context(), s, testKey, opts(o))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func release(t *testing.T, leases ...*Lease) {
	t.Helper()
	for _, l := range leases {
		if err := l.Release(context.Background()); err != nil {
			t.Error(err)
		}
	}
}

// TestFair lets readers come and go without a gap, and a writer come in between: it
// gets its turn when those have gone who were there before it.
func TestFair(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMem()
		ctx, cancel := context.WithCancel(t.Context())
		var readers atomic.Int64
		ended := make(chan struct{}, 3)
		for i := range 3 {
			go func() {
				defer func() { ended <- struct{}{} }()
				time.Sleep(time.Duration(i) * 5 * time.Second)
				for ctx.Err() == nil {
					l, err := Acquire(ctx, s, testKey, opts(Options{Shared: true}))
					if err != nil {
						continue
					}
					readers.Add(1)
					time.Sleep(15 * time.Second)
					if err := l.Release(context.Background()); err != nil {
						t.Error(err)
					}
				}
			}()
		}
		time.Sleep(time.Minute)
		began := time.Now()
		w := acquire(t, s, Options{})
		if d := time.Since(began); d > 20*time.Second {
			t.Errorf("a writer waited for %v, and those who held the lease when it came were gone within 15 s", d)
		}
		before := readers.Load()
		time.Sleep(time.Minute)
		if readers.Load() != before {
			t.Error("a reader got in")
		}
		release(t, w)
		time.Sleep(time.Minute)
		if readers.Load() == before {
			t.Error("no reader gets in any more")
		}
		cancel()
		for range 3 {
			<-ended
		}
	})
}

func TestShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMem()
		a, b := acquire(t, s, Options{Shared: true}), acquire(t, s, Options{Shared: true})
		if _, err := Acquire(t.Context(), s, testKey, opts(Options{Wait: -1})); !errors.Is(err, ErrHeld) {
			t.Error(err)
		}
		began := time.Now()
		if _, err := Acquire(t.Context(), s, testKey, opts(Options{Wait: 5 * time.Minute})); !errors.Is(err, ErrHeld) || time.Since(began) < 5*time.Minute {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		state, err := Inspect(t.Context(), s, testKey)
		if err != nil || len(state.Holders) != 2 || len(state.Waiting) != 0 {
			t.Errorf("%+v, %v", state, err)
		}
		if a.Err() != nil || b.Err() != nil {
			t.Errorf("%v, %v: leases that are renewed end", a.Err(), b.Err())
		}
		release(t, a, b, a)
		release(t, acquire(t, s, Options{}))
	})
}

// TestTakeover takes the lease of one who has died, no sooner than it may be, and that of one
// whose clock jumps.
func TestTakeover(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMem()
		dead := acquire(t, s, Options{TTL: time.Minute})
		fence := dead.Fence()
		dead.end(fmt.Errorf("%w: died", ErrLost))
		began := time.Now()
		l := acquire(t, s, Options{})
		if d := time.Since(began); d < time.Minute || d > 62*time.Second {
			t.Errorf("taken over after %v", d)
		}
		if l.Fence() <= fence {
			t.Errorf("fencing number %d after %d", l.Fence(), fence)
		}
		release(t, dead) // which takes nothing from others
		if err := l.Err(); err != nil {
			t.Error(err)
		}
		release(t, l)
	})
}

func TestClockJumps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMem()
		var jump atomic.Int64 // as of a machine that slept
		began := time.Now()
		l, err := Acquire(t.Context(), s, testKey, &Options{now: func() time.Duration { return time.Since(began) + time.Duration(jump.Load()) }})
		if err != nil {
			t.Fatal(err)
		}
		jump.Store(int64(23 * time.Second))
		if err := l.Err(); !errors.Is(err, ErrLost) {
			t.Errorf("after three quarters of its time to live a lease is held: %v", err)
		}
		if err := l.Context().Err(); err == nil {
			t.Error("its context goes on")
		}
		ctx := context.WithoutCancel(l.Context())
		if _, err := Guard(ctx, s).Put(ctx, chunkKey, nil, store.Cond{}); !errors.Is(err, ErrLost) {
			t.Errorf("a lost lease stores: %v", err)
		}
		release(t, l)
	})
}

func TestBreak(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMem()
		if broken, err := Break(t.Context(), s, testKey, false); err != nil || len(broken) != 0 {
			t.Errorf("%v, %v", broken, err)
		}
		l := acquire(t, s, Options{TTL: time.Minute})
		broken, err := Break(t.Context(), s, testKey, false)
		if err != nil || len(broken) != 1 || broken[0].ID != l.Claim().ID {
			t.Errorf("%v, %v", broken, err)
		}
		if _, err := Acquire(t.Context(), s, testKey, opts(Options{Wait: -1})); !errors.Is(err, ErrHeld) || l.Err() != nil {
			t.Errorf("the lease is free before its holder knows: %v, %v", err, l.Err())
		}
		time.Sleep(16 * time.Second)
		if err := l.Err(); !errors.Is(err, ErrLost) || !strings.Contains(err.Error(), "broken by ") {
			t.Error(err)
		}
		release(t, l)
		l = acquire(t, s, Options{TTL: time.Minute})
		if _, err := Break(t.Context(), s, testKey, true); err != nil {
			t.Error(err)
		}
		next := acquire(t, s, Options{Wait: -1})
		time.Sleep(16 * time.Second)
		if err := l.Err(); !errors.Is(err, ErrLost) || !strings.Contains(err.Error(), "held by") {
			t.Error(err)
		}
		if next.Fence() <= l.Fence() {
			t.Errorf("fencing number %d after %d", next.Fence(), l.Fence())
		}
		release(t, l, next)
	})
}

// TestRemoved removes the record with what it is on.
func TestRemoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMem()
		l := acquire(t, s, Options{})
		if err := s.Delete(t.Context(), testKey, store.Cond{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		if err := l.Err(); !errors.Is(err, ErrLost) {
			t.Error(err)
		}
		release(t, l)
		if _, err := s.Stat(t.Context(), testKey); !errors.Is(err, store.ErrNotExist) {
			t.Errorf("it is back: %v", err)
		}
		gone := errors.New("there is no such node")
		if _, err := Acquire(t.Context(), s, testKey, opts(Options{Exists: func() error { return gone }})); !errors.Is(err, gone) {
			t.Error(err)
		}
		asked := 0
		_, err := Acquire(t.Context(), s, testKey, opts(Options{Exists: func() error {
			if asked++; asked > 1 {
				return gone
			}
			return nil
		}}))
		if !errors.Is(err, gone) {
			t.Error(err)
		}
		if _, err := s.Stat(t.Context(), testKey); !errors.Is(err, store.ErrNotExist) {
			t.Errorf("a record is left: %v", err)
		}
	})
}

// TestRefused has what cannot be a lease.
func TestRefused(t *testing.T) {
	s := newMem()
	for _, c := range []struct {
		key  string
		s    store.Store
		o    Options
		want error
	}{
		{"", s, Options{}, store.ErrInvalid},
		{testKey, s, Options{TTL: time.Millisecond}, store.ErrInvalid},
		{testKey, s, Options{TTL: 25 * time.Hour}, store.ErrInvalid},
		{testKey, promising{s, store.Guarantees{PutIfAbsent: true}}, Options{}, errors.ErrUnsupported},
		{testKey, storetest.NewFaults(s, func(op storetest.Op) storetest.Fault {
			if op.Writes() {
				return storetest.Fail(store.ErrPermission)
			}
			return storetest.Fault{}
		}), Options{}, store.ErrPermission},
	} {
		if _, err := Acquire(t.Context(), c.s, c.key, &c.o); !errors.Is(err, c.want) {
			t.Errorf("%q, %+v: %v, want %v", c.key, c.o, err, c.want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Acquire(ctx, s, testKey, nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

type promising struct {
	store.Store
	g store.Guarantees
}

func (p promising) Guarantees() store.Guarantees { return p.g }

// TestCancelled ends an Acquire that waits: nothing of it is left.
func TestCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMem()
		l := acquire(t, s, Options{})
		ctx, cancel := context.WithTimeout(t.Context(), 45*time.Second)
		defer cancel()
		if _, err := Acquire(ctx, s, testKey, opts(Options{})); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		state, err := Inspect(t.Context(), s, testKey)
		if err != nil || len(state.Waiting) != 0 {
			t.Errorf("%v, %v", state, err)
		}
		release(t, l)
		inner, stop := context.WithCancel(t.Context())
		l, err = Acquire(inner, s, testKey, opts(Options{}))
		if err != nil {
			t.Fatal(err)
		}
		stop()
		synctest.Wait()
		if !errors.Is(l.Err(), context.Canceled) || l.Context().Err() == nil {
			t.Errorf("the context has ended, and the lease has not: %v", l.Err())
		}
		release(t, l)
	})
}

// TestGuard changes what there is in each way that there is.
func TestGuard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMem()
		f := storetest.NewFaults(s, nil)
		outer := acquire(t, s, Options{})
		l, err := Acquire(outer.Context(), s, "y/.dosna-lock", opts(Options{}))
		if err != nil {
			t.Fatal(err)
		}
		ctx := context.WithoutCancel(l.Context())
		g := Guard(ctx, f)
		ways := map[string]func() error{
			"put": func() error { _, err := g.Put(ctx, "a", [][]byte{[]byte("a")}, store.Cond{}); return err },
			"put if absent": func() error {
				_, err := g.Put(ctx, "b"+fmt.Sprint(time.Now().UnixNano()), nil, store.Cond{IfAbsent: true})
				return err
			},
			"copy":       func() error { _, err := store.Copy(ctx, g, "a", "c", store.Cond{}); return err },
			"delete":     func() error { return g.Delete(ctx, "c", store.Cond{}) },
			"delete all": func() error { return store.DeleteAll(ctx, g, []string{"c", "d"}) },
			"write": func() error {
				w, err := store.OpenWriter(ctx, g, "e", store.Cond{})
				if err != nil {
					return err
				}
				defer w.Close()
				if _, err := w.Write([]byte("e")); err != nil {
					return err
				}
				_, err = w.Commit()
				return err
			},
		}
		order := []string{"put", "put if absent", "copy", "delete", "delete all", "write"}
		for _, name := range order {
			if err := ways[name](); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		for _, e := range f.Log() {
			if c := e.Op.Cond; e.Op.Writes() && c.IfMatch == "" && !c.IfAbsent && e.Op.Name != "Commit" {
				t.Errorf("%s of %q has no condition", e.Op.Name, e.Op.Key)
			}
		}
		// somebody else is always faster once, and then is not
		first := true
		f.SetPlan(func(op storetest.Op) storetest.Fault {
			if op.Name != "Put" || !first {
				return storetest.Fault{}
			}
			first = false
			return storetest.Fault{Before: func(context.Context) error {
				_, err := s.Put(context.Background(), op.Key, [][]byte{[]byte("other")}, store.Cond{})
				return err
			}}
		})
		if err := ways["put"](); err != nil {
			t.Error(err)
		}
		if got, _, err := s.Get(ctx, "a", store.GetOptions{}, nil); err != nil || string(got) != "a" {
			t.Errorf("%q, %v", got, err)
		}
		// the lease ends while a reply is under way
		f.SetPlan(func(op storetest.Op) storetest.Fault {
			if op.Name != "Put" {
				return storetest.Fault{}
			}
			return storetest.Fault{After: func() { outer.end(fmt.Errorf("%w: test", ErrLost)) }}
		})
		if err := ways["put"](); !errors.Is(err, store.ErrUnknownOutcome) || !errors.Is(err, ErrLost) {
			t.Error(err)
		}
		f.SetPlan(nil)
		f.Reset()
		for _, name := range order {
			if err := ways[name](); !errors.Is(err, ErrLost) {
				t.Errorf("%s after the end of the outer lease: %v", name, err)
			}
		}
		for _, e := range f.Log() {
			if e.Op.Writes() {
				t.Errorf("%s of %q after the end", e.Op.Name, e.Op.Key)
			}
		}
		if Guard(t.Context(), s) != s || Check(t.Context()) != nil {
			t.Error("what is under no lease is guarded")
		}
		release(t, l, outer)
	})
}

// TestLostReplies loses each reply once, in turn.
func TestLostReplies(t *testing.T) {
	for lost := range 8 {
		synctest.Test(t, func(t *testing.T) {
			s := newMem()
			n := 0
			f := storetest.NewFaults(s, func(op storetest.Op) storetest.Fault {
				if op.Name == "Put" {
					if n++; n == lost+1 {
						return storetest.Lost()
					}
				}
				return storetest.Fault{}
			})
			a := acquire(t, f, Options{})
			time.Sleep(time.Minute)
			if err := a.Err(); err != nil {
				t.Errorf("reply %d lost: %v", lost, err)
			}
			release(t, a)
			b := acquire(t, f, Options{Wait: -1})
			release(t, b)
			state, err := Inspect(t.Context(), s, testKey)
			if err != nil || len(state.Holders)+len(state.Waiting) > 0 || b.Fence() <= a.Fence() {
				t.Errorf("reply %d lost: %+v, %v", lost, state, err)
			}
		})
	}
}

// TestRecord holds the form of a record to what is documented.
func TestRecord(t *testing.T) {
	at := time.Date(2026, 11, 23, 7, 30, 0, 0, time.UTC)
	c := Claim{ID: "A", Fence: 3, Beat: 7, Millis: 30000, Host: "node7", PID: 42, User: "ann", Note: "import", Since: at, Renewed: at}
	w := Claim{ID: "B", Shared: true, Beat: 1, Millis: 100, Host: "h", PID: 1, User: "u", Since: at, Renewed: at}
	r := record{recordFormat, 5, "B", []Claim{c}, []Claim{w}}
	raw, err := r.encode()
	const want = `{"dosna_lock":1,"revision":5,"by":"B","holders":[{"id":"A","shared":false,"fence":3,"beat":7,"ttl_ms":30000,"host":"node7","pid":42,"user":"ann","note":"import","since":"2026-11-23T07:30:00Z","renewed":"2026-11-23T07:30:00Z"}],"waiting":[{"id":"B","shared":true,"beat":1,"ttl_ms":100,"host":"h","pid":1,"user":"u","since":"2026-11-23T07:30:00Z","renewed":"2026-11-23T07:30:00Z"}]}` + "\n"
	if err != nil || string(raw) != want {
		t.Errorf("%s, %v", raw, err)
	}
	if got, err := parse(raw); err != nil || got.Revision != 5 || !slices.Equal(got.Holders, r.Holders) || !slices.Equal(got.Waiting, r.Waiting) {
		t.Errorf("%+v, %v", got, err)
	}
	for _, bad := range []string{
		``, `x`, `{}`, `[]`, `{"dosna_lock":2}`, `{"dosna_lock":1,"more":1}`, strings.Repeat(" ", maxRecord+1),
		strings.Replace(want, `30000`, `0`, 1), strings.Replace(want, `30000`, `99999999999`, 1), strings.Replace(want, `"id":"B"`, `"id":"A"`, 1),
		strings.Replace(want, `"fence":3`, `"fence":6`, 1), strings.Replace(want, `node7`, strings.Repeat("x", 300), 1), strings.Replace(want, `node7`, `\u001b[2J`, 1),
	} {
		if _, err := parse([]byte(bad)); !errors.Is(err, store.ErrCorrupt) {
			t.Errorf("%.60s: %v", bad, err)
		}
	}
}

// TestDamaged has something else where the record ought to be.
func TestDamaged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMem()
		if _, err := s.Put(t.Context(), testKey, [][]byte{[]byte("{}")}, store.Cond{}); err != nil {
			t.Fatal(err)
		}
		if _, err := Acquire(t.Context(), s, testKey, opts(Options{})); !errors.Is(err, store.ErrCorrupt) {
			t.Error(err)
		}
		if _, err := Break(t.Context(), s, testKey, false); !errors.Is(err, store.ErrCorrupt) {
			t.Error(err)
		}
		if _, err := Break(t.Context(), s, testKey, true); err != nil {
			t.Error(err)
		}
		release(t, acquire(t, s, Options{}))
	})
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"dosna_lock":1,"revision":5,"by":"B","holders":[{"id":"A","fence":3,"ttl_ms":30000}],"waiting":[]}`))
	f.Add([]byte(`{"dosna_lock":1}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := parse(raw)
		if err != nil {
			if !errors.Is(err, store.ErrCorrupt) {
				t.Error(err)
			}
			return
		}
		again, err := r.encode()
		if err != nil {
			if _, unsupported := errors.AsType[*json.MarshalerError](err); unsupported {
				return // a time that JSON has no form for
			}
			t.Fatal(err)
		}
		if _, err := parse(again); err != nil {
			t.Errorf("%s becomes %s: %v", raw, again, err)
		}
	})
}
