package dosna

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/internal/bufpool"
	"github.com/dosna/dosna/store"
)

// Cache keeps decoded chunks (those inside shards one by one) and the indexes of
// shards, so that reading near what was read lately takes a copy instead of a
// decoding. Datasets use it whose options name it; it may be shared by any number
// of connections, datasets and goroutines.
//
// It is coherent by the versions of stored objects: a read asks the store once for
// the version of every object it touches, and takes chunks of that version only,
// so that it gives what a read without a cache gives, whoever has written. MaxAge
// spares the question. Where a store has no versions, nothing is kept.
//
// What is kept has been decoded whole, and so checked, whatever Verify says. A
// call that touches more bytes of chunks than the cache may hold uses what is
// there and leaves nothing: reading all of a large dataset does not drive out what
// others read again and again.
type Cache struct {
	// MaxAge is for how long what a store said of an object's version, or that
	// there is none, may be believed without asking again. Zero is to ask every
	// time. With more, a read may show what an object was so long ago. A change
	// that is made through the same connection, or through another to the same
	// address of a store that processes share, is seen at once if that connection
	// has the cache among its options too. It is to be set before the cache is
	// used.
	MaxAge time.Duration

	limit int64
	used  atomic.Int64
	clock atomic.Int64 // counts uses
	seed  maphash.Seed
	parts [cacheParts]cachePart
}

// NewCache returns a cache that never takes more than so many bytes, the memory to
// keep account of chunks included.
func NewCache(bytes int) *Cache {
	c := &Cache{limit: int64(bytes), seed: maphash.MakeSeed()}
	for i := range c.parts {
		p := &c.parts[i]
		p.objects = map[objectID]*cachedObject{}
		p.ring.prev, p.ring.next = &p.ring, &p.ring
	}
	return c
}

// CacheStats are counts since a cache was made, and what is in it.
type CacheStats struct {
	Hits      int64 // chunks that were there, or being decoded for another read
	Misses    int64 // chunks that had to be decoded
	Evictions int64 // chunks that were dropped to make room
	Bytes     int64 // in use
	Limit     int64
}

// Stats returns the counts of now.
func (c *Cache) Stats() CacheStats {
	s := CacheStats{Bytes: c.used.Load(), Limit: c.limit}
	for i := range c.parts {
		p := &c.parts[i]
		p.mu.Lock()
		s.Hits += p.hits
		s.Misses += p.misses
		s.Evictions += p.evictions
		p.mu.Unlock()
	}
	return s
}

// Clear drops everything.
func (c *Cache) Clear() { c.dropIf(func(objectID) bool { return true }) }

// cacheParts is how many locks there are.
const cacheParts = 16

// cachePart holds some of the objects.
type cachePart struct {
	mu         sync.Mutex
	objects    map[objectID]*cachedObject
	ring       cached // of all that may be evicted, from the most to the least recently used
	generation uint64 // counts changes by this process

	hits, misses, evictions int64
}

// objectID names a stored object.
type objectID struct {
	place string // of the store: see Connection.place
	key   string
}

// cachedObject is what is known of one state of a stored object. It is there as
// long as something of it is kept.
type cachedObject struct {
	id    objectID
	state objectState
	asked time.Time // when the store said so; zero: not to be believed
	items map[int]*cached
}

// objectState is a version of an object, as one dataset decodes it.
type objectState struct {
	form    string // see Dataset.form
	version store.Version
	absent  bool
}

// Numbers of items that are not chunks.
const (
	itemIndex = -1 // of a shard
	itemState = -2 // which keeps the object's state
)

// cached is an item of an object: a decoded chunk by its number in the object, or
// one of the above.
type cached struct {
	object *cachedObject
	number int
	data   *[]byte      // of a chunk
	index  codec.Source // of a shard
	size   int64
	refs   atomic.Int32 // those who use it, and one for being in the cache

	// Under the lock of the part:
	ready, failed bool
	wait          chan struct{} // closed when it is ready or has failed; nil if nobody waits
	used          int64
	prev, next    *cached // in the ring
}

// overhead is about what the account of an item takes, its object's included.
const overhead = 512

func (c *Cache) part(id objectID) *cachePart {
	return &c.parts[maphash.Comparable(c.seed, id)%cacheParts]
}

// release ends a use.
func (c *Cache) release(e *cached) {
	if e.refs.Add(-1) > 0 {
		return
	}
	if e.data != nil {
		bufpool.Put(e.data)
	}
	c.used.Add(-e.size)
}

// reserve takes room, for which it drops what was longest not used; false if that
// is not enough, since the rest is in use.
func (c *Cache) reserve(size int64) bool {
	for {
		used := c.used.Load()
		switch {
		case size > c.limit:
			return false
		case used <= c.limit-size:
			if c.used.CompareAndSwap(used, used+size) {
				return true
			}
		case !c.evict():
			return false
		}
	}
}

// evict drops what was longest not used; false if there is nothing.
func (c *Cache) evict() bool {
	var oldest *cachePart
	least := int64(0)
	for i := range c.parts {
		p := &c.parts[i]
		p.mu.Lock()
		if e := p.ring.prev; e != &p.ring && (oldest == nil || e.used < least) {
			oldest, least = p, e.used
		}
		p.mu.Unlock()
	}
	if oldest == nil {
		return false
	}
	oldest.mu.Lock()
	e := oldest.ring.prev
	if e == &oldest.ring { // somebody else was faster
		oldest.mu.Unlock()
		return true
	}
	oldest.remove(e)
	oldest.evictions++
	oldest.mu.Unlock()
	c.release(e)
	return true
}

// remove takes an item out, with its object if that has no other. The caller
// releases it.
func (p *cachePart) remove(e *cached) {
	if e.prev != nil {
		e.prev.next, e.next.prev = e.next, e.prev
		e.prev, e.next = nil, nil
	}
	o := e.object
	delete(o.items, e.number)
	if len(o.items) == 0 && p.objects[o.id] == o {
		delete(p.objects, o.id)
	}
}

// touch makes an item the most recently used.
func (p *cachePart) touch(c *Cache, e *cached) {
	if e.prev != nil {
		e.prev.next, e.next.prev = e.next, e.prev
	}
	e.prev, e.next = &p.ring, p.ring.next
	e.prev.next, e.next.prev = e, e
	e.used = c.clock.Add(1)
}

// find returns an object in a state, nil if there is none. What is there of another
// state is dropped. The part is locked.
func (c *Cache) find(p *cachePart, id objectID, s objectState) *cachedObject {
	o := p.objects[id]
	if o != nil && o.state != s {
		c.dropObject(p, o)
		return nil
	}
	return o
}

// add puts an item in, which is not there. The part is locked.
func (c *Cache) add(p *cachePart, id objectID, s objectState, e *cached) {
	o := c.find(p, id, s)
	if o == nil {
		o = &cachedObject{id: id, state: s, items: map[int]*cached{}}
		p.objects[id] = o
	}
	e.object = o
	o.items[e.number] = e
}

// item returns an item of an object in a state, nil if it is not there. The part is
// locked.
func (c *Cache) item(p *cachePart, id objectID, s objectState, number int) *cached {
	if o := c.find(p, id, s); o != nil {
		return o.items[number]
	}
	return nil
}

// dropObject drops an object with all its items.
func (c *Cache) dropObject(p *cachePart, o *cachedObject) {
	for _, e := range o.items {
		p.remove(e)
		c.release(e)
	}
	delete(p.objects, o.id)
}

// drop forgets an object, because this process has changed it.
func (c *Cache) drop(id objectID) {
	p := c.part(id)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.generation++
	if o := p.objects[id]; o != nil {
		c.dropObject(p, o)
	}
}

// dropIf forgets those objects for which which is true.
func (c *Cache) dropIf(which func(id objectID) bool) {
	for i := range c.parts {
		p := &c.parts[i]
		p.mu.Lock()
		p.generation++
		for id, o := range p.objects {
			if which(id) {
				c.dropObject(p, o)
			}
		}
		p.mu.Unlock()
	}
}
