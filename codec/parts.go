package codec

import (
	"cmp"
	"context"
	"slices"

	"github.com/dosna/dosna/internal/bufpool"
	"github.com/dosna/dosna/nd"
)

// Part is a box of a chunk, in chunk coordinates, and where its elements are
// wanted: Dst has the box's shape.
type Part struct {
	Box nd.Box
	Dst nd.View
}

// ReadParts is [Chain.Read] for several boxes, such as single elements, far from
// each other: what several of them need is read and decoded once, and what none of
// them needs, if it can be left out, not at all.
func (c *Chain) ReadParts(ctx context.Context, src Source, parts []Part) error {
	for i := range parts {
		if err := c.admits(parts[i].Box, parts[i].Dst); err != nil {
			return err
		}
	}
	parts = slices.DeleteFunc(slices.Clone(parts), func(p Part) bool { return p.Box.Empty() })
	if len(parts) == 0 {
		return nil
	}
	sc := newScratch()
	defer sc.free()
	return c.readParts(ctx, sc, src, parts)
}

// readParts takes parts that it may change.
func (c *Chain) readParts(ctx context.Context, sc *scratch, src Source, parts []Part) error {
	if len(c.bytes) == 0 || c.bare() {
		return c.array.readParts(ctx, sc, src, c.turned(sc, parts))
	}
	data, held, err := c.fetch(ctx, src)
	defer put(held)
	if err != nil {
		return err
	}
	return c.decodeParts(ctx, sc, data, parts)
}

// turned changes parts to stored axis order.
func (c *Chain) turned(sc *scratch, parts []Part) []Part {
	if c.perm != nil {
		for i := range parts {
			p := &parts[i]
			p.Box, p.Dst = sc.transposed(c.perm, p.Box, p.Dst)
		}
	}
	return parts
}

// decodeParts decodes parts, which it may change, out of all of the stored bytes.
func (c *Chain) decodeParts(ctx context.Context, sc *scratch, data []byte, parts []Part) error {
	parts = c.turned(sc, parts)
	from, stop := 0, 0
	var d partDecoder
	n := c.size
	if c.raw != nil && len(c.bytes) > 0 {
		lo, hi := c.raw.span(parts)
		if d, from, n = c.partOf(lo, hi-lo); d != nil {
			stop = 1
		}
	}
	data, held, err := c.peel(data, stop)
	defer put(held)
	switch {
	case err != nil:
		return err
	case c.raw == nil:
		return c.array.readParts(ctx, sc, Bytes(data), parts)
	case d == nil:
		if err := c.raw.check(ctx, sc, data); err != nil {
			return err
		}
	default:
		room := bufpool.Get(n)
		defer bufpool.Put(room)
		if err := d.decodePart(*room, data, from, c.size); err != nil {
			return err
		}
		data = *room
	}
	c.raw.windows(sc, data, from, parts)
	return nil
}

// span returns where the encoded elements of parts begin and end.
func (r *rawBytes) span(parts []Part) (lo, hi int) {
	lo = r.size
	for i := range parts {
		off, n := r.extent(parts[i].Box, 0)
		lo, hi = min(lo, off), max(hi, off+n)
	}
	return lo, hi
}

// windows is window for several boxes.
func (r *rawBytes) windows(sc *scratch, data []byte, off int, parts []Part) {
	mark := len(sc.ints)
	for i := range parts {
		r.window(sc, data, off, parts[i].Box, parts[i].Dst)
		sc.ints = sc.ints[:mark]
	}
}

// readParts reads those parts together that are one run each.
func (r *rawBytes) readParts(ctx context.Context, sc *scratch, src Source, parts []Part) error {
	if b, ok := src.(Bytes); ok && len(b) == r.size {
		r.windows(sc, b, 0, parts)
		return nil
	}
	base := len(sc.jobs)
	defer func() { sc.jobs = sc.jobs[:base] }()
	for i := range parts {
		p := &parts[i]
		axes := r.cut(p.Box)
		if off, n := r.extent(p.Box, axes); n <= rangeMax && !slices.ContainsFunc(p.Box.Shape[:axes], func(n int) bool { return n > 1 }) {
			sc.jobs = append(sc.jobs, job{at: i, off: int64(off), n: n})
			continue
		}
		mark := len(sc.ints)
		if err := r.read(ctx, sc, src, p.Box, p.Dst); err != nil {
			return err
		}
		sc.ints = sc.ints[:mark]
	}
	jobs := sc.jobs[base:]
	slices.SortFunc(jobs, byOffset)
	for len(jobs) > 0 {
		n, total := sc.plan(jobs[:min(len(jobs), rangeSpans)], rangeMax, rangeGap)
		held := bufpool.Get(total)
		err := sc.fetch(ctx, src, *held)
		for _, j := range jobs[:n] {
			if err == nil {
				r.windows(sc, (*held)[j.pos:j.pos+j.n], int(j.off), parts[j.at:j.at+1])
			}
		}
		bufpool.Put(held)
		if err != nil {
			return err
		}
		jobs = jobs[n:]
	}
	return nil
}

// item is what a part has of one inner chunk.
type item struct{ at, part int }

func byChunk(a, b item) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.part, b.part)) }

// readParts reads every inner chunk once that holds some of the parts.
func (s *sharding) readParts(ctx context.Context, sc *scratch, src Source, parts []Part) error {
	r := shardRead{sharding: s, sc: sc, src: src, parts: parts}
	held, err := r.open(ctx)
	if err != nil {
		return err
	}
	defer put(held)
	var items []item
	for i := range parts {
		mark := len(sc.ints)
		for c := s.cursor(sc, parts[i].Box); c.more; c.next() {
			items = append(items, item{c.number(), i})
		}
		sc.ints = sc.ints[:mark]
	}
	slices.SortFunc(items, byChunk)
	r.place = newPlace(sc, len(s.counts))
	for len(items) > 0 {
		n := 1
		for n < len(items) && items[n].at == items[0].at && !s.inner.bare() { // of which each is a range of its own
			n++
		}
		r.items = items[:n:n]
		if err := r.visit(ctx, items[0].at); err != nil {
			return err
		}
		items = items[n:]
	}
	return r.flush(ctx)
}

// eachItem calls f with what is wanted of an inner chunk.
func (r *shardRead) eachItem(j *job, f func(parts []Part) error) error {
	base := len(r.sc.parts)
	defer func() {
		clear(r.sc.parts[base:])
		r.sc.parts = r.sc.parts[:base]
	}()
	for _, it := range j.items {
		pl := newPlace(r.sc, len(r.counts))
		p := &r.parts[it.part]
		r.locate(&pl, j.at, p.Box)
		r.sc.parts = append(r.sc.parts, Part{pl.cell, pl.of(p.Dst)})
	}
	return f(r.sc.parts[base:])
}
