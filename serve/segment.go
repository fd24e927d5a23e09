package serve

import (
	"fmt"
	"math/bits"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dosna/dosna/internal/prefault"
	"github.com/dosna/dosna/store"
)

// segment is memory shared with a client.
type segment struct {
	id   uint64
	data []byte
	fd   int
	use  uint64    // how often it has been lent
	sent bool      // the client has its descriptor
	cold bool      // its memory has been given back
	bare bool      // its pages are not there yet
	idle time.Time // since when it is free
}

// pool has the segments of a session. Those that are free are used again, since their
// pages are there already, in both processes.
type pool struct {
	budget *budget

	mu     sync.Mutex
	last   uint64
	used   map[uint64]*segment
	free   []*segment // what was used last comes last
	closed bool
}

// keepWarm is for how long a free segment keeps its memory.
const keepWarm = 20 * time.Second

// take returns a segment of at least n bytes.
func (p *pool) take(n int) (*segment, error) {
	size := sizeClass(n)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, fmt.Errorf("%w: the client has gone", store.ErrClosed)
	}
	// Of those that fit the one used last, which is the warmest, and none that is more
	// than twice as large.
	for i := len(p.free) - 1; i >= 0; i-- {
		g := p.free[i]
		if len(g.data) < n || len(g.data) > 2*size {
			continue
		}
		p.free = slices.Delete(p.free, i, i+1)
		if err := p.warmLocked(g); err != nil {
			p.free = append(p.free, g)
			return nil, err
		}
		g.use++
		p.used[g.id] = g
		return g, nil
	}
	if err := p.reserveLocked(size); err != nil {
		return nil, err
	}
	p.last++
	g, err := newSegment(p.last, size)
	if err != nil {
		p.budget.give(size)
		return nil, err
	}
	g.use++
	g.bare = true
	p.used[g.id] = g
	return g, nil
}

// populate asks for the pages of the first n bytes, if they are not there, on all processors.
func (g *segment) populate(n int) {
	if !g.bare {
		return
	}
	g.bare = false
	parts := prefault.Stretches(n)
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(parts, runtime.GOMAXPROCS(0)) {
		workers.Go(func() {
			for i := next.Add(1) - 1; int(i) < parts; i = next.Add(1) - 1 {
				prefault.Stretch(g.data[:n], int(i))
			}
		})
	}
	workers.Wait()
}

// warmLocked takes into account the memory that a segment is going to have again.
func (p *pool) warmLocked(g *segment) error {
	if !g.cold {
		return nil
	}
	g.cold, g.bare = false, true
	return p.reserveLocked(len(g.data))
}

// reserveLocked takes memory from the budget, at the cost of free segments.
func (p *pool) reserveLocked(size int) error {
	for i := 0; !p.budget.take(size); i++ {
		if i == len(p.free) {
			return p.budget.errorf(size)
		}
		p.coolLocked(p.free[i])
	}
	return nil
}

// coolLocked gives the memory of a free segment back to the system. The client need
// not know: it finds zeros there.
func (p *pool) coolLocked(g *segment) {
	if !g.cold && g.empty() == nil {
		g.cold = true
		p.budget.give(len(g.data))
	}
}

// use returns a segment that the client has.
func (p *pool) use(id uint64) (*segment, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	g := p.used[id]
	if g == nil {
		return nil, fmt.Errorf("%w: the client has no segment %d", store.ErrInvalid, id)
	}
	return g, nil
}

// give takes a segment back. With forget it is not to be used again, since the client
// has it no more or keeps it for itself. What is said of an earlier use has been said
// before, and is passed over.
func (p *pool) give(id, use uint64, forget bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	g := p.used[id]
	if g == nil || g.use != use {
		return
	}
	delete(p.used, id)
	if forget || p.closed {
		p.closeLocked(g)
		return
	}
	g.idle = time.Now()
	p.free = append(p.free, g)
}

func (p *pool) closeLocked(g *segment) {
	if !g.cold {
		p.budget.give(len(g.data))
	}
	_ = g.close()
}

// trim gives memory back to the system that has not been used for a while.
func (p *pool) trim(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, g := range p.free {
		if now.Sub(g.idle) > keepWarm {
			p.coolLocked(g)
		}
	}
}

// close drops everything; nobody works on the segments any more.
func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, g := range p.used {
		p.closeLocked(g)
	}
	for _, g := range p.free {
		p.closeLocked(g)
	}
	clear(p.used)
	p.free = nil
}

// sizeClass rounds a size up, by at most a quarter, so that segments fit several uses.
func sizeClass(n int) int {
	const least = 1 << 16
	if n <= least {
		return least
	}
	step := 1 << (bits.Len(uint(n-1)) - 3)
	return (n + step - 1) / step * step
}

// budget bounds the memory of all sessions.
type budget struct {
	mu          sync.Mutex
	used, limit int
}

func (b *budget) take(n int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.limit > 0 && n > b.limit-b.used {
		return false
	}
	b.used += n
	return true
}

func (b *budget) give(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= n
}

func (b *budget) now() (used, limit int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.used, b.limit
}

func (b *budget) errorf(n int) error {
	used, limit := b.now()
	return fmt.Errorf("%w: %d bytes of memory to share are wanted, and %d of at most %d are in use; read in smaller parts, drop arrays that are not needed, or start the server with more --memory", errNoMemory, n, used, limit)
}
