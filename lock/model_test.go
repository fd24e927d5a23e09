package lock

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/dosna/dosna/store"
)

const (
	testKey  = "x/.dosna-lock"
	chunkKey = "x/c/0/0"
)

// history is what has happened in a model, and what was wrong with it.
type history struct {
	mu       sync.Mutex
	alive    []*Lease
	fence    uint64
	granted  int
	faults   []string
	written  map[string]uint64 // the fencing number last stored
	reported map[string]uint64 // the highest one whose writer was told that it was stored
}

func (h *history) fault(format string, args ...any) {
	h.faults = append(h.faults, fmt.Sprintf(format, args...))
}

// look checks the leases that are alive at this moment. Time stands still meanwhile.
func (h *history) look() {
	h.mu.Lock()
	defer h.mu.Unlock()
	var alive []*Lease
	exclusive := 0
	for _, l := range h.alive {
		if l.Err() == nil {
			alive = append(alive, l)
			if !l.Claim().Shared {
				exclusive++
			}
		}
	}
	h.alive = alive
	if exclusive > 0 && len(alive) > 1 {
		h.fault("%d leases are alive at a time, %d of them exclusive", len(alive), exclusive)
	}
}

func (h *history) got(l *Lease) {
	h.mu.Lock()
	h.alive = append(h.alive, l)
	h.granted++
	if l.Fence() <= h.fence && !l.Claim().Shared {
		h.fault("the fencing number %d was given out after %d", l.Fence(), h.fence)
	}
	h.fence = max(h.fence, l.Fence())
	h.mu.Unlock()
	h.look()
}

// landed is called when something has been stored.
func (h *history) landed(key string, value []byte) {
	if key == testKey {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	n, err := strconv.ParseUint(string(value), 10, 64)
	if err != nil {
		h.fault("%v", err)
	}
	if n < h.written[key] {
		h.fault("the holder %d has overwritten what %d, which came later, had stored", n, h.written[key])
	}
	h.written[key] = n
}

// model is a run of hosts that want the same lease.
type model struct {
	hosts, rounds   int
	ttl             time.Duration
	shared          float64 // share of leases
	most            time.Duration
	lose, late      float64
	cut, stop, skew float64
	breaks          float64
	noMatch         bool
	seed            uint64
}

func (m model) run(t *testing.T) []string {
	h := &history{written: map[string]uint64{}, reported: map[string]uint64{}}
	synctest.Test(t, func(t *testing.T) {
		net := newNetwork(m.seed)
		net.most, net.lose, net.late, net.noMatch = m.most, m.lose, m.late, m.noMatch
		net.landed = h.landed
		below := newMem()
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for i := range m.hosts {
			r := rand.New(rand.NewPCG(m.seed, uint64(i)+2))
			rate := 1 + (r.Float64()-0.5)*m.skew
			wg.Go(func() { m.host(ctx, h, net.host(below), r, ticker(rate, time.Duration(r.Int64N(1e15)))) })
		}
		audited := make(chan struct{})
		go func() {
			defer close(audited)
			for ctx.Err() == nil {
				time.Sleep(m.ttl / 50)
				h.look()
			}
		}()
		wg.Wait()
		cancel()
		<-audited
		net.flying.Wait()
		h.look()
	})
	if h.granted == 0 && m.lose < 0.2 {
		h.fault("nobody ever got the lease")
	}
	return h.faults
}

func (m model) host(ctx context.Context, h *history, s *sim, r *rand.Rand, clock func() time.Duration) {
	for range m.rounds {
		if r.Float64() < m.breaks {
			bctx, cancel := context.WithTimeout(ctx, m.ttl)
			_, _ = Break(bctx, s, testKey, false)
			cancel()
		}
		actx, cancel := context.WithTimeout(ctx, 20*m.ttl)
		l, err := Acquire(actx, s, testKey, &Options{TTL: m.ttl, Shared: r.Float64() < m.shared, now: clock})
		if err != nil {
			cancel()
			continue
		}
		h.got(l)
		m.work(h, s, l, r)
		switch dies := r.Float64(); {
		case dies < 0.2: // and is never heard of again
		default:
			rctx, end := context.WithTimeout(ctx, m.ttl)
			_ = l.Release(rctx)
			end()
		}
		cancel()
		h.look()
	}
}

// work stores the fencing number in objects, one after the other. A host that is stopped
// does not look at its clock: what it was about to do it does afterwards.
func (m model) work(h *history, s *sim, l *Lease, r *rand.Rand) {
	if l.Claim().Shared {
		_ = pause(l.Context(), time.Duration(r.Int64N(int64(m.ttl))))
		return
	}
	for range 1 + r.IntN(4) {
		if r.Float64() < m.cut {
			s.cutOff(time.Duration(r.Int64N(int64(3 * m.ttl))))
		}
		key := "x/c/" + strconv.Itoa(r.IntN(2))
		ctx := l.Context()
		below := store.Store(s)
		if r.Float64() < m.stop { // stopped between the look at the clock and the request
			below = stopping{s, time.Duration(r.Int64N(int64(3 * m.ttl)))}
			ctx = context.WithoutCancel(ctx) // as it does not notice
		}
		wctx, cancel := context.WithTimeout(ctx, 5*m.ttl)
		_, err := Guard(wctx, below).Put(wctx, key, [][]byte{[]byte(strconv.FormatUint(l.Fence(), 10))}, store.Cond{})
		cancel()
		h.look()
		if err == nil {
			h.mu.Lock()
			if last := h.reported[key]; last > l.Fence() {
				h.fault("the holder %d was told that it had stored something after %d had", l.Fence(), last)
			}
			h.reported[key] = l.Fence()
			h.mu.Unlock()
		}
		if l.Err() != nil {
			return
		}
		_ = pause(l.Context(), time.Duration(r.Int64N(int64(m.ttl))))
	}
}

// stopping is the store of a process that is stopped just before it stores something.
type stopping struct {
	store.Store
	d time.Duration
}

func (s stopping) Put(ctx context.Context, key string, parts [][]byte, c store.Cond) (store.Version, error) {
	time.Sleep(s.d)
	return s.Store.Put(ctx, key, parts, c)
}

func draw(t *rapid.T) model {
	share := func(name string, most float64) float64 { return rapid.Float64Range(0, most).Draw(t, name) }
	ttl := time.Duration(rapid.IntRange(200, 30_000).Draw(t, "ttl")) * time.Millisecond
	return model{
		hosts: rapid.IntRange(2, 5).Draw(t, "hosts"), rounds: rapid.IntRange(1, 6).Draw(t, "rounds"), ttl: ttl,
		shared: share("shared", 0.8), most: time.Duration(share("most", 0.1) * float64(ttl)),
		lose: share("lose", 0.3), late: share("late", 0.2), cut: share("cut", 0.5), stop: share("stop", 0.5),
		skew: share("skew", 0.1), breaks: share("break", 0.3), noMatch: rapid.Bool().Draw(t, "noMatch"),
		seed: rapid.Uint64().Draw(t, "seed"),
	}
}

// TestModel lets hosts acquire, lose, break and release leases over a bad network, with
// clocks that run at different rates, and looks at every moment at which leases are alive,
// and at what is stored under them.
func TestModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		if faults := draw(rt).run(t); len(faults) > 0 {
			rt.Fatal(faults)
		}
	})
}

// TestModelFinds runs models that break what the package relies on: the checks must
// see that something goes wrong.
func TestModelFinds(t *testing.T) {
	m := model{hosts: 4, rounds: 6, ttl: time.Second, most: 20 * time.Millisecond, cut: 0.5, stop: 0.3}
	found := false
	for seed := range uint64(20) {
		m.seed, m.skew = seed, 1.6 // clocks that go up to nine times as fast as others
		found = found || len(m.run(t)) > 0
	}
	if !found {
		t.Error("clocks that run at any rate keep leases apart, which cannot be")
	}
}

func TestErrorsOfHolders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMem()
		l, err := Acquire(t.Context(), s, testKey, &Options{Note: "import", now: ticker(1, 0)})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		_, err = Acquire(t.Context(), s, testKey, &Options{Wait: -1, now: ticker(1, 0)})
		var held *HeldError
		if !errors.Is(err, ErrHeld) || !errors.As(err, &held) || len(held.Holders) != 1 || held.Holders[0].Note != "import" || held.Free != DefaultTTL {
			t.Errorf("%v", err)
		}
		if err := l.Release(t.Context()); err != nil || !errors.Is(l.Err(), ErrReleased) || !errors.Is(context.Cause(l.Context()), ErrReleased) {
			t.Errorf("%v, %v", err, l.Err())
		}
	})
}
