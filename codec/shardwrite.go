package codec

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/dosna/dosna/internal/bufpool"
	"github.com/dosna/dosna/nd"
)

// encode implements arrayCodec. Inner chunks lie in the order of the index.
func (s *sharding) encode(sc *scratch, dst []byte, v nd.View, omit bool) ([]byte, bool, error) {
	start := len(dst)
	held := bufpool.Get(16 * s.n)
	defer bufpool.Put(held)
	index := shardIndex(*held)
	index.clear()
	if s.atStart {
		dst = grow(dst, s.indexLen)
	}
	box := nd.Box{Start: s.full.Start, Shape: v.Shape}
	p := newPlace(sc, len(s.counts))
	some := false
	for c := s.cursor(sc, box); c.more; c.next() {
		at, from, mark := c.number(), len(dst), len(sc.ints)
		s.locate(&p, at, box)
		out, stored, err := s.inner.encode(sc, dst, p.of(v), true)
		if err != nil {
			return dst[:start], false, err
		}
		if dst = out; stored {
			index.set(at, from-start, len(dst)-from)
			some = true
		}
		sc.ints = sc.ints[:mark]
	}
	if omit && !some {
		return dst[:start], false, nil
	}
	if s.atStart {
		return dst, true, s.fillIndex(sc, dst[start:start+s.indexLen], index)
	}
	dst, err := s.appendIndex(sc, dst, index)
	return dst, true, err
}

// fillIndex encodes the index into room of just its length.
func (s *sharding) fillIndex(sc *scratch, room []byte, index shardIndex) error {
	out, err := s.appendIndex(sc, room[:0], index)
	copy(room, out) // unless it is there already
	return err
}

// patch appends to p what the shard is to become, or nothing if all is fill.
// Inner chunks outside box are taken over encoded.
func (s *sharding) patch(ctx context.Context, sc *scratch, old Source, box nd.Box, v nd.View, p *Patched) error {
	was, err := s.keep(ctx, sc, old, box, p)
	if err != nil {
		return err
	}
	defer was.close()
	held := bufpool.Get(16 * s.n)
	defer bufpool.Put(held)
	index := shardIndex(*held)
	index.clear()
	mark := p.mark()
	var head []byte
	if s.atStart {
		head = p.tail(s.indexLen)[:s.indexLen]
		p.add(head)
	}
	if run := parallelOf(ctx); run != nil && s.meets(box) > 1 {
		err = s.patchRuns(ctx, run, was, box, v, index, p)
	} else {
		err = s.patchRun(ctx, sc, &was, 0, s.n, box, v, index, p)
	}
	switch {
	case err != nil:
		return err
	case p.size == mark.size+len(head):
		p.reset(mark)
		return nil
	}
	index.shift(0, s.n, len(head))
	if s.atStart {
		return s.fillIndex(sc, head, index)
	}
	tail, err := s.appendIndex(sc, p.tail(s.indexLen), index)
	p.add(tail)
	return err
}

// patchRun appends to p what the inner chunks of some numbers are to become. In
// the index they are found from where p ended.
func (s *sharding) patchRun(ctx context.Context, sc *scratch, was *keptShard, lo, hi int, box nd.Box, v nd.View, index shardIndex, p *Patched) error {
	first := p.size
	pl := newPlace(sc, len(s.counts))
	for at := lo; at < hi; at++ {
		from := p.size
		data, e := was.find(at)
		if s.locate(&pl, at, box) {
			if err := ctx.Err(); err != nil {
				return context.Cause(ctx)
			}
			if err := s.patchInner(ctx, sc, data, &pl, v, p); err != nil {
				return s.located(err, at, e)
			}
		} else {
			p.add(data)
		}
		if p.size > from {
			index.set(at, from-first, p.size-from)
		}
	}
	return nil
}

func (s *sharding) patchInner(ctx context.Context, sc *scratch, data []byte, pl *place, v nd.View, p *Patched) error {
	ints := len(sc.ints)
	defer func() { sc.ints = sc.ints[:ints] }()
	var old Source
	if data != nil {
		sc.old = data
		old = &sc.old
	}
	return s.inner.patch(ctx, sc, old, pl.cell, pl.of(v), p)
}

// keptShard is what a patch needs of the old shard: those inner chunks of which
// it does not replace every element.
type keptShard struct {
	sc   *scratch
	base int
	jobs []job  // in order of their numbers
	data []byte // that they lie in
}

// keep reads what a patch of box needs. The inner chunks last as long as p.
func (s *sharding) keep(ctx context.Context, sc *scratch, old Source, box nd.Box, p *Patched) (k keptShard, err error) {
	k = keptShard{sc: sc, base: len(sc.jobs)}
	if old == nil || slices.Equal(box.Shape, s.in.Shape) {
		return k, nil
	}
	var index shardIndex
	if p, ok := old.(*prepared); ok {
		old, index = p.Source, p.index
	} else {
		held, err := s.readIndex(ctx, sc, old)
		if err != nil {
			return k, err
		}
		defer bufpool.Put(held)
		index = *held
	}
	b, ready := inMemory(old)
	k.data = b
	pl := newPlace(sc, len(s.counts))
	for at := range s.n {
		e, stored, err := s.entry(index, at)
		if err != nil {
			return k, err
		}
		if !stored || s.locate(&pl, at, box) && slices.Equal(pl.cell.Shape, s.inner.in.Shape) {
			continue
		}
		if ready {
			if _, err := b.span(int64(e.off), int64(e.n)); err != nil {
				return k, s.located(err, at, e)
			}
		}
		sc.jobs = append(sc.jobs, job{at: at, off: int64(e.off), n: int(e.n), pos: int(e.off)})
	}
	k.jobs = sc.jobs[k.base:]
	if ready || len(k.jobs) == 0 {
		return k, nil
	}
	slices.SortFunc(k.jobs, byOffset)
	n, total := sc.plan(k.jobs, maxWhole)
	if n < len(k.jobs) {
		return k, fmt.Errorf("more than %d bytes of a shard are to be held in memory to change a part of it: use smaller shards", maxWhole)
	}
	k.data = *p.lend(total)
	if err := sc.fetch(ctx, old, k.data); err != nil {
		return k, s.beyond(err, k.jobs)
	}
	slices.SortFunc(k.jobs, byNumber)
	return k, nil
}

// find returns the inner chunk of that number, if it is one of those kept, and
// where it was.
func (k *keptShard) find(at int) ([]byte, entry) {
	i, ok := slices.BinarySearchFunc(k.jobs, at, func(j job, at int) int { return cmp.Compare(j.at, at) })
	if !ok {
		return nil, entry{}
	}
	j := k.jobs[i]
	return k.data[j.pos : j.pos+j.n], entry{uint64(j.off), uint64(j.n)}
}

func (k *keptShard) close() { k.sc.jobs = k.sc.jobs[:k.base] }
