package layer

import (
	"sync"

	"github.com/dosna/dosna/store"
)

// flights are the reads that a cache has under way, so that several of the same
// bytes are one.
type flights struct {
	mu      sync.Mutex
	clock   uint64
	running map[flightKey]*flight
}

type flightKey struct {
	key string
	o   store.GetOptions
}

// flight is one read. The rest is for those who wait, once it is done.
type flight struct {
	began uint64
	done  chan struct{}

	info  store.Info
	piece *piece // nil: nothing was kept
	err   error
}

// now is a moment: flights that begin later have a greater one.
func (f *flights) now() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.clock++
	return f.clock
}

// join returns the flight of that read, which is the caller's to do and to land
// if there was none.
func (f *flights) join(id flightKey) (*flight, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if running := f.running[id]; running != nil {
		return running, false
	}
	f.clock++
	begun := &flight{began: f.clock, done: make(chan struct{})}
	f.running[id] = begun
	return begun, true
}

func (f *flights) land(id flightKey, landed *flight, info store.Info, p *piece, err error) {
	landed.info, landed.piece, landed.err = info, p, err
	f.mu.Lock()
	delete(f.running, id)
	f.mu.Unlock()
	close(landed.done)
}
