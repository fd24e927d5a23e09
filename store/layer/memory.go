package layer

import (
	"cmp"
	"container/list"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/dosna/dosna/store"
)

// memory is what a cache holds: for each key what is known of its object, and
// pieces of it, all of one version.
type memory struct {
	room int64

	mu           sync.Mutex
	used         int64
	objects      map[string]*cachedObject
	recent       *list.List // of *piece; the front was used last
	watches      map[*watch]bool
	hits, misses int64
}

// cachedObject is what is known of one key.
type cachedObject struct {
	known
	head piece // stands for the object itself, is used after each of its pieces, and so outlives them
}

// known is a state of what is known of one key. It does not change.
type known struct {
	info     store.Info
	complete bool // info is as the store gave it, or absent
	absent   bool
	checked  time.Time // when the store was asked
	pieces   []*piece  // ordered by their beginnings, and so by their ends, for none lies within another
}

// piece is some bytes of an object.
type piece struct {
	off  int64
	data []byte

	key   string // these are the memory's
	place *list.Element
}

// What it takes to find things again, about.
const (
	pieceCost = 160
	headCost  = 400
)

func (p *piece) cost() int64 { return int64(len(p.data)) + pieceCost }

func (o *cachedObject) cost() int64 { return headCost + 3*int64(len(o.head.key)) }

// watch is a reading, or writing, of one key that is under way.
type watch struct {
	key     string
	began   time.Time
	spoiled bool // the key has been changed since
}

func newMemory(room int64) memory {
	return memory{room: max(room, 0), objects: map[string]*cachedObject{}, recent: list.New(), watches: map[*watch]bool{}}
}

// at returns the piece that covers n bytes from off, or nil.
func (k known) at(off, n int64) *piece {
	i, ok := slices.BinarySearchFunc(k.pieces, off, func(p *piece, off int64) int { return cmp.Compare(p.off, off) })
	if !ok {
		i-- // the last that begins before; none that begins earlier ends later
	}
	if i >= 0 && off+n <= k.pieces[i].off+int64(len(k.pieces[i].data)) {
		return k.pieces[i]
	}
	return nil
}

// piece returns the piece that covers a range, or nil.
func (k known) piece(r store.Range) *piece {
	if len(k.pieces) == 0 {
		return nil
	}
	off, n, err := r.In(k.info.Size)
	if err != nil {
		return nil
	}
	return k.at(off, n)
}

// takes reports whether so many bytes of a version would be kept.
func (m *memory) takes(v store.Version, size int64) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return v != "" && size <= (m.room-headCost-3*store.MaxKey)/2-pieceCost
}

func (m *memory) look(key string) (known, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if o := m.objects[key]; o != nil {
		return o.known, true
	}
	return known{}, false
}

// use notes that a piece has answered a read.
func (m *memory) use(p *piece) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.hits++
	if o := m.objects[p.key]; o != nil && p.place != nil {
		m.recent.MoveToFront(p.place)
		m.recent.MoveToFront(o.head.place)
	}
}

func (m *memory) missed() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.misses++
}

func (m *memory) stats() CacheStats {
	m.mu.Lock()
	defer m.mu.Unlock()
	return CacheStats{Hits: m.hits, Misses: m.misses, Bytes: m.used, Objects: len(m.objects)}
}

// watch begins a reading: what it learns is kept if nobody has changed the key
// meanwhile. It ends with learn, keep, replace or unwatch.
func (m *memory) watch(key string) *watch {
	m.mu.Lock()
	defer m.mu.Unlock()
	w := &watch{key: key, began: time.Now()}
	m.watches[w] = true
	return w
}

func (m *memory) unwatch(w *watch) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.watches, w)
}

// spoil forgets the keys that match, and what is being read of them.
func (m *memory) spoil(match func(key string) bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for w := range m.watches {
		w.spoiled = w.spoiled || match(w.key)
	}
	for key, o := range m.objects {
		if match(key) {
			m.drop(o)
		}
	}
}

// spoilKey forgets a key, and what is being read of it, and reports whether there
// were pieces.
func (m *memory) spoilKey(key string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.spoilOne(key)
}

func (m *memory) spoilOne(key string) bool {
	for w := range m.watches {
		w.spoiled = w.spoiled || w.key == key
	}
	o := m.objects[key]
	if o == nil {
		return false
	}
	m.drop(o)
	return len(o.pieces) > 0
}

// close forgets everything, for good.
func (m *memory) close() {
	m.spoil(func(string) bool { return true })
	m.mu.Lock()
	defer m.mu.Unlock()
	m.room = 0
}

func (m *memory) drop(o *cachedObject) {
	for _, p := range o.pieces {
		m.release(p)
	}
	m.recent.Remove(o.head.place)
	m.used -= o.cost()
	delete(m.objects, o.head.key)
}

func (m *memory) release(p *piece) {
	m.recent.Remove(p.place)
	p.place = nil
	m.used -= p.cost()
}

// learn takes in what the store said of a key: what is another version, or
// absent, is forgotten. With always the answer itself is kept.
func (m *memory) learn(w *watch, info store.Info, err error, always bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.watches, w)
	absent := errors.Is(err, store.ErrNotExist)
	if err != nil && !absent || w.spoiled {
		return
	}
	o := m.objects[w.key]
	if o != nil && (absent || o.absent || o.info.Version != info.Version) {
		if o.checked.After(w.began) {
			return // this is older
		}
		m.drop(o)
		o = nil
	}
	if o == nil {
		if !always || !absent && info.Version == "" {
			return
		}
		o = m.object(w.key)
	}
	o.info, o.absent, o.complete = info, absent, true
	if o.checked.Before(w.began) {
		o.checked = w.began
	}
	m.fit()
}

// object adds an object of which nothing is known.
func (m *memory) object(key string) *cachedObject {
	o := &cachedObject{head: piece{key: key}}
	o.head.place = m.recent.PushFront(&o.head)
	m.objects[key] = o
	m.used += o.cost()
	return o
}

// keep adds pieces that were read of one version.
func (m *memory) keep(w *watch, info store.Info, pieces []*piece) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.watches, w)
	if !w.spoiled {
		m.add(w, info, true, pieces)
	}
}

// replace forgets what was there and adds an object that was put; nil: it is too
// large.
func (m *memory) replace(w *watch, info store.Info, data []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.watches, w)
	good := !w.spoiled
	m.spoilOne(w.key)
	if good && data != nil {
		m.add(w, info, false, []*piece{{data: data}})
	}
}

func (m *memory) add(w *watch, info store.Info, complete bool, pieces []*piece) {
	o := m.objects[w.key]
	if o != nil && (o.absent || o.info.Version != info.Version) {
		if o.checked.After(w.began) {
			return
		}
		m.drop(o)
		o = nil
	}
	if o == nil {
		o = m.object(w.key)
	}
	if o.info, o.complete = info, complete; o.checked.Before(w.began) {
		o.checked = w.began
	}
	all := slices.Concat(o.pieces, pieces)
	slices.SortStableFunc(all, func(a, b *piece) int {
		return cmp.Or(cmp.Compare(a.off, b.off), -cmp.Compare(len(a.data), len(b.data)))
	})
	left, end := all[:0], int64(-1)
	for _, p := range all {
		switch within := p.off+int64(len(p.data)) <= end; {
		case within && p.place != nil:
			m.release(p)
		case within:
		default:
			left, end = append(left, p), p.off+int64(len(p.data))
			if p.place == nil {
				p.key = w.key
				p.place = m.recent.PushFront(p)
				m.used += p.cost()
			}
		}
	}
	o.pieces = left
	m.recent.MoveToFront(o.head.place)
	m.fit()
}

// fit makes room.
func (m *memory) fit() {
	for m.used > m.room {
		p, _ := m.recent.Back().Value.(*piece)
		o := m.objects[p.key]
		if p == &o.head {
			m.drop(o)
			continue
		}
		m.release(p)
		o.pieces = slices.DeleteFunc(slices.Clone(o.pieces), func(q *piece) bool { return q == p })
		if len(o.pieces) == 0 {
			m.drop(o)
		}
	}
}
