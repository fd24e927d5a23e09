package codec

import (
	"context"
	"slices"
	"unsafe"

	"github.com/dosna/dosna/internal/bufpool"
	"github.com/dosna/dosna/nd"
)

// Patched is what a stored object is to become.
type Patched struct {
	// Parts are the object's bytes in order; nil if every element is fill, so
	// that nothing is to be stored. They are valid until Release, and are not to
	// be altered: some may lie in the memory of what was given to Patch, which is
	// to stay as it is for so long.
	Parts [][]byte

	lent []*[]byte
	room []byte // of the last buffer, what is not used yet
	size int    // of all parts

	few  [4][]byte // what Parts and lent begin in
	some [6]*[]byte
}

// Release gives the parts' memory back.
func (p *Patched) Release() {
	for _, b := range p.lent {
		bufpool.Put(b)
	}
	*p = Patched{}
}

// lend returns n bytes that last until Release.
func (p *Patched) lend(n int) *[]byte {
	b := bufpool.Get(n)
	if p.lent == nil {
		p.lent = p.some[:0]
	}
	p.lent = append(p.lent, b)
	return b
}

// tail returns room for n bytes or more behind what was added last.
func (p *Patched) tail(n int) []byte {
	if cap(p.room) < n {
		p.room = (*p.lend(max(n, min(2*p.size, rangeMax))))[:0] // many parts come to few buffers
	}
	return p.room
}

// add appends a part, which takes up room if it is in tail.
func (p *Patched) add(part []byte) {
	if len(part) == 0 {
		return
	}
	p.size += len(part)
	if len(part) <= cap(p.room) && unsafe.SliceData(part) == unsafe.SliceData(p.room) {
		p.room = p.room[len(part):len(part)]
	}
	if n := len(p.Parts); n > 0 {
		last := p.Parts[n-1]
		if room := last[len(last):cap(last)]; len(room) >= len(part) && unsafe.SliceData(room) == unsafe.SliceData(part) {
			p.Parts[n-1] = last[:len(last)+len(part)]
			return
		}
	}
	if p.Parts == nil {
		p.Parts = p.few[:0]
	}
	p.Parts = append(p.Parts, part)
}

// join appends what q has, which it gives up.
func (p *Patched) join(q *Patched) {
	for _, part := range q.Parts {
		p.add(part)
	}
	p.lent = append(p.lent, q.lent...)
	p.room = nil
	*q = Patched{}
}

// mark is a state of Patched to which it can be reset.
type mark struct{ parts, last, size int }

func (p *Patched) mark() mark {
	m := mark{len(p.Parts), 0, p.size}
	if m.parts > 0 {
		m.last = len(p.Parts[m.parts-1])
	}
	return m
}

func (p *Patched) reset(m mark) {
	p.Parts, p.size = p.Parts[:m.parts], m.size
	if m.parts > 0 {
		p.Parts[m.parts-1] = p.Parts[m.parts-1][:m.last]
	}
}

// Patch encodes the chunk that old holds, or one of fill if old is nil, with
// the elements of box replaced by those of v. Inner chunks of a shard that box
// does not touch are taken over as they are. Everything taken from old has been
// checked or is still under its own checksum.
func (c *Chain) Patch(ctx context.Context, old Source, box nd.Box, v nd.View) (*Patched, error) {
	if err := c.admits(box, v); err != nil {
		return nil, err
	}
	sc := newScratch()
	defer sc.free()
	p := &Patched{}
	if err := c.patch(ctx, sc, old, box, v, p); err != nil {
		p.Release()
		return nil, err
	}
	if p.size == 0 {
		p.Parts = nil
	}
	return p, nil
}

// patch appends to p what the chunk is to become, or nothing if all is fill.
func (c *Chain) patch(ctx context.Context, sc *scratch, old Source, box nd.Box, v nd.View, p *Patched) error {
	if s, ok := c.array.(*sharding); ok && len(c.bytes) == 0 {
		box, v = sc.transposed(c.perm, box, v)
		return s.patch(ctx, sc, old, box, v, p)
	}
	if f, ok := c.array.(*filtered); ok && f.each && f.exact {
		box, v = sc.transposed(c.perm, box, v)
		return f.patch(ctx, sc, old, box, v, p)
	}
	if err := c.fits(); err != nil {
		return err
	}
	if slices.Equal(box.Shape, c.in.Shape) {
		return c.store(sc, v, p)
	}
	whole := c.view
	if c.native() {
		whole.Data = p.tail(c.MaxStored())[:c.size]
	} else {
		held := bufpool.Get(c.size)
		defer bufpool.Put(held)
		whole.Data = *held
	}
	if old == nil {
		nd.Fill(whole, c.fill)
	} else if err := c.read(ctx, sc, old, c.full, whole); err != nil {
		return err
	}
	nd.Copy(whole.Sub(box), v)
	if !c.native() {
		return c.store(sc, whole, p)
	}
	if !c.IsFill(whole) {
		out := whole.Data
		for _, b := range c.bytes {
			out = b.(*summed).seal(out, 0)
		}
		p.add(out)
	}
	return nil
}

// native reports whether a stored chunk is its elements as they are in memory,
// and checksums.
func (c *Chain) native() bool {
	return c.raw != nil && !c.raw.swap && c.left == 0 && c.perm == nil
}

// store appends an encoded chunk, unless it is all fill. If that is the very
// memory of v, it is not copied.
func (c *Chain) store(sc *scratch, v nd.View, p *Patched) error {
	if c.native() && len(c.bytes) == 0 {
		if mem, ok := c.raw.direct(v); ok {
			if !c.IsFill(v) {
				p.add(mem)
			}
			return nil
		}
	}
	room := p.tail(min(c.MaxStored(), 2*c.size+4096))
	out, stored, err := c.encode(sc, room, v, true)
	if err != nil || !stored {
		return err
	}
	p.add(out)
	return nil
}
