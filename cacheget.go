package dosna

import (
	"context"
	"time"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/internal/bufpool"
	"github.com/dosna/dosna/internal/slots"
)

// get returns a chunk of an object in a state, which is decoded into memory of so
// many bytes if it is not there; the caller releases it. Of several who want it at
// the same time one decodes it. It is nil if there is no room, or if the chunk is
// not there and not to be kept.
func (c *Cache) get(ctx context.Context, id objectID, s objectState, number, size int, keep bool, decode func(dst []byte) error) (*cached, error) {
	p := c.part(id)
	var spare *cached // what is put in if still nothing is there
	for {
		p.mu.Lock()
		e := c.item(p, id, s, number)
		switch {
		case e != nil && spare != nil:
			p.mu.Unlock()
			c.release(spare)
			spare = nil
			continue
		case e != nil:
			e.refs.Add(1)
			done, err := p.await(ctx, c, e)
			if done {
				return e, nil
			}
			c.release(e)
			if err != nil {
				return nil, err
			}
			continue // it failed for another reader, perhaps for reasons of its own
		case spare == nil:
			p.mu.Unlock()
			if !keep {
				return nil, nil
			}
			if spare = c.newItem(number, bufpool.Cap(size)); spare == nil {
				return nil, nil
			}
			spare.data = bufpool.Get(size)
			continue
		}
		spare.refs.Add(1)
		c.add(p, id, s, spare)
		p.misses++
		p.mu.Unlock()
		return spare, c.fill(p, spare, decode)
	}
}

// await unlocks the part, and waits until an item is ready.
func (p *cachePart) await(ctx context.Context, c *Cache, e *cached) (ready bool, err error) {
	p.hits++
	if e.ready {
		if e.prev != nil {
			p.touch(c, e)
		}
		p.mu.Unlock()
		return true, nil
	}
	if e.wait == nil {
		e.wait = make(chan struct{})
	}
	p.mu.Unlock()
	defer slots.Leave(ctx).Return()
	select {
	case <-e.wait:
		return !e.failed, nil // which are not altered any more
	case <-ctx.Done():
		return false, context.Cause(ctx)
	}
}

// fill decodes an item which is in the cache, and tells those who wait for it.
func (c *Cache) fill(p *cachePart, e *cached, decode func(dst []byte) error) (err error) {
	ok := false
	defer func() { // also after a panic
		p.mu.Lock()
		e.ready, e.failed = ok, !ok
		inside := e.object.items[e.number] == e
		switch {
		case !inside: // dropped meanwhile
		case ok:
			p.touch(c, e)
		default:
			p.remove(e)
		}
		if e.wait != nil {
			close(e.wait)
		}
		p.mu.Unlock()
		if !ok {
			if inside {
				c.release(e)
			}
			c.release(e)
		}
	}()
	err = decode(*e.data)
	ok = err == nil
	return err
}

// believed returns the state of an object that need not be asked for.
func (c *Cache) believed(id objectID, form string) (objectState, bool) {
	if c.MaxAge <= 0 {
		return objectState{}, false
	}
	p := c.part(id)
	p.mu.Lock()
	defer p.mu.Unlock()
	o := p.objects[id]
	if o == nil || o.state.form != form || o.asked.IsZero() || time.Since(o.asked) >= c.MaxAge {
		return objectState{}, false
	}
	return o.state, true
}

// asking is noted before a store is asked for an object's state.
func (c *Cache) asking(id objectID) (generation uint64) {
	p := c.part(id)
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.generation
}

// answered notes the answer: it is believed from when it was asked for, unless this
// process has changed something since.
func (c *Cache) answered(id objectID, s objectState, asked time.Time, generation uint64) {
	if c.MaxAge <= 0 {
		return
	}
	e := c.newItem(itemState, 0)
	if e == nil {
		return
	}
	p := c.part(id)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.generation != generation {
		c.release(e)
		return
	}
	e = p.keep(c, id, s, e)
	if e.object.asked.Before(asked) {
		e.object.asked = asked
	}
}

// indexOf returns what codec.Chain.Prepare made of an object, if it is there.
func (c *Cache) indexOf(id objectID, s objectState) codec.Source {
	p := c.part(id)
	p.mu.Lock()
	defer p.mu.Unlock()
	e := c.item(p, id, s, itemIndex)
	if e == nil {
		return nil
	}
	p.touch(c, e)
	return e.index
}

// keepIndex keeps what codec.Chain.Prepare made, of so many bytes.
func (c *Cache) keepIndex(id objectID, s objectState, index codec.Source, size int) {
	e := c.newItem(itemIndex, size)
	if e == nil {
		return
	}
	e.index = index
	p := c.part(id)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keep(c, id, s, e)
}

// newItem returns an item of so many bytes besides its account; nil if there is no
// room.
func (c *Cache) newItem(number, size int) *cached {
	if int64(size) > c.limit || !c.reserve(int64(size+overhead)) {
		return nil
	}
	e := &cached{number: number, size: int64(size + overhead)}
	e.refs.Store(1)
	return e
}

// keep puts an item in that is ready, or gives it back if there is one already, and
// returns which is there. The part is locked.
func (p *cachePart) keep(c *Cache, id objectID, s objectState, e *cached) *cached {
	if old := c.item(p, id, s, e.number); old != nil {
		c.release(e)
		e = old
	} else {
		e.ready = true
		c.add(p, id, s, e)
	}
	p.touch(c, e)
	return e
}
