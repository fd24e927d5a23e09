package dosna

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/layer"
)

// Profile adds up what the connections do whose options name it: what is asked of
// the stores that [Open] opens for them, and the time that takes, and the time in
// codecs. Any number of connections may share one; the zero value is ready for use.
// A connection without one counts nothing, and pays nothing for it.
//
// It implements store.Observer, for stores that are opened by other means.
type Profile struct {
	mu     sync.Mutex
	meters []*layer.Meter

	retries          atomic.Int64
	decoded, encoded atomic.Int64
	busy, waited     atomic.Int64 // nanoseconds around codecs, and of these in waits
	cached, missed   atomic.Int64
}

// ProfileStats is what a [Profile] has added up.
type ProfileStats struct {
	// Requests are those that were made, by operation, of all stores together:
	// each try counts of those that were tried again.
	Requests []layer.OpMetrics
	// Underway is how many requests to one store were under way at a time, at most.
	Underway int64
	// Retries is how many requests were tried again, since their errors may pass.
	Retries int64
	// Store is the time that requests took. Those under way at the same time are
	// added up, as is the time of workers side by side in Codecs.
	Store time.Duration
	// Codecs is the time spent on decoding and encoding chunks, without waits.
	Codecs time.Duration
	// Decoded and Encoded are how often chunks, shards or boxes of them were.
	// A change of a part of one is an encoding.
	Decoded, Encoded int64
	// CacheHits and CacheMisses are how many chunks the caches had that the
	// options name, and had not.
	CacheHits, CacheMisses int64
}

// Stats returns what has been added up until now. Of what is at work meanwhile some
// numbers may show more than others.
func (p *Profile) Stats() ProfileStats {
	p.mu.Lock()
	meters := slices.Clone(p.meters)
	p.mu.Unlock()
	s := ProfileStats{
		Requests: layer.Total(meters...), Retries: p.retries.Load(), Decoded: p.decoded.Load(), Encoded: p.encoded.Load(),
		Codecs:      time.Duration(max(p.busy.Load()-p.waited.Load(), 0)),
		CacheMisses: p.missed.Load(),
	}
	s.CacheHits = max(p.cached.Load()-s.CacheMisses, 0)
	for _, m := range meters {
		s.Underway = max(s.Underway, m.Most())
	}
	for _, r := range s.Requests {
		s.Store += r.Time
	}
	return s
}

// Over implements store.Observer.
func (p *Profile) Over(s store.Store) store.Store {
	m := layer.Metrics(s)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.meters = append(p.meters, m)
	return m
}

// Retried implements store.Observer.
func (p *Profile) Retried() { p.retries.Add(1) }

// observer returns the profile for those who open stores.
func (p *Profile) observer() store.Observer {
	if p == nil {
		return nil
	}
	return p
}

// stopwatch measures a stretch of work for a profile; the zero value does nothing.
type stopwatch struct {
	p  *Profile
	at time.Time
}

func (p *Profile) begin() stopwatch {
	if p == nil {
		return stopwatch{}
	}
	return stopwatch{p, time.Now()}
}

// decoded ends a call of codecs that reads.
func (w stopwatch) decoded() {
	if w.p != nil {
		w.p.decoded.Add(1)
		w.helped()
	}
}

// encoded ends a call of codecs that writes.
func (w stopwatch) encoded() {
	if w.p != nil {
		w.p.encoded.Add(1)
		w.helped()
	}
}

// helped ends work for a call of codecs on another goroutine.
func (w stopwatch) helped() {
	if w.p != nil {
		w.p.busy.Add(int64(time.Since(w.at)))
	}
}

// waited ends a wait in the midst of a call of codecs.
func (w stopwatch) waited() {
	if w.p != nil {
		w.p.waited.Add(int64(time.Since(w.at)))
	}
}

// cacheUsed notes that a chunk was in a cache, or is now.
func (p *Profile) cacheUsed() {
	if p != nil {
		p.cached.Add(1)
	}
}

// cacheMissed notes that a chunk was not.
func (p *Profile) cacheMissed() {
	if p != nil {
		p.missed.Add(1)
	}
}
