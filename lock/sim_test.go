package lock

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/memstore"
)

// sim is a store as one host sees it through a bad network: requests arrive late, also
// those that their sender has given up, replies get lost, and for some time nothing
// passes at all.
type sim struct {
	store.Store
	net *network

	mu   sync.Mutex
	down time.Time // until when the host is cut off
}

// network is what hosts have in common.
type network struct {
	mu      sync.Mutex
	r       *rand.Rand
	flying  sync.WaitGroup
	most    time.Duration // a request takes, and a reply
	lose    float64       // share of requests, and of replies, that are lost
	late    float64       // share of requests that take a hundred times as long
	landed  func(key string, value []byte)
	noMatch bool // no conditional deletion
}

func (n *network) float() float64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.r.Float64()
}

func (n *network) delay() time.Duration {
	d := time.Duration(n.float() * float64(n.most))
	if n.float() < n.late {
		d *= 100
	}
	return d
}

func newNetwork(seed uint64) *network { return &network{r: rand.New(rand.NewPCG(seed, 1))} }

func (n *network) host(s store.Store) *sim { return &sim{Store: s, net: n} }

func (s *sim) cutOff(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = time.Now().Add(d)
}

func (s *sim) isDown() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Before(s.down)
}

func (s *sim) Guarantees() store.Guarantees {
	g := s.Store.Guarantees()
	g.DeleteIfMatch = !s.net.noMatch
	return g
}

type reply struct {
	data []byte
	info store.Info
	v    store.Version
	err  error
}

// ask sends a request, which arrives even if nobody waits for it any more.
func (s *sim) ask(ctx context.Context, do func() reply) reply {
	if err := ctx.Err(); err != nil {
		return reply{err: err}
	}
	back := make(chan reply, 1)
	there, here := s.net.delay(), s.net.delay()
	lost, unheard := s.net.float() < s.net.lose, s.net.float() < s.net.lose
	s.net.flying.Go(func() {
		time.Sleep(there)
		if lost || s.isDown() {
			return
		}
		r := do()
		time.Sleep(here)
		if !unheard && !s.isDown() {
			back <- r
		}
	})
	select {
	case r := <-back:
		return r
	case <-ctx.Done():
		return reply{err: fmt.Errorf("%w: %w", store.ErrUnknownOutcome, ctx.Err())}
	}
}

func (s *sim) Get(ctx context.Context, key string, o store.GetOptions, dst []byte) ([]byte, store.Info, error) {
	r := s.ask(ctx, func() (r reply) {
		r.data, r.info, r.err = s.Store.Get(context.Background(), key, o, nil)
		return r
	})
	return append(dst, r.data...), r.info, r.err
}

func (s *sim) Stat(ctx context.Context, key string) (store.Info, error) {
	r := s.ask(ctx, func() (r reply) {
		r.info, r.err = s.Store.Stat(context.Background(), key)
		return r
	})
	return r.info, r.err
}

func (s *sim) Put(ctx context.Context, key string, parts [][]byte, c store.Cond) (store.Version, error) {
	var whole []byte
	for _, p := range parts {
		whole = append(whole, p...)
	}
	r := s.ask(ctx, func() (r reply) {
		r.v, r.err = s.Store.Put(context.Background(), key, [][]byte{whole}, c)
		if r.err == nil && s.net.landed != nil {
			s.net.landed(key, whole)
		}
		return r
	})
	return r.v, r.err
}

func (s *sim) Delete(ctx context.Context, key string, c store.Cond) error {
	return s.ask(ctx, func() reply { return reply{err: s.Store.Delete(context.Background(), key, c)} }).err
}

// ticker returns the clock of a host, which runs at a rate, began at a time, and
// has nothing to do with those of other hosts.
func ticker(rate float64, offset time.Duration) func() time.Duration {
	began := time.Now()
	return func() time.Duration { return offset + time.Duration(float64(time.Since(began))*rate) }
}

func newMem() store.Store { return memstore.New() }
