package layer

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
)

// believed returns what is known of a key, if the store need not be asked.
func (c *Cached) believed(ctx context.Context, key string) (known, bool) {
	if c.o.Believe <= 0 || ctx.Err() != nil {
		return known{}, false
	}
	k, ok := c.mem.look(key)
	return k, ok && k.complete && time.Since(k.checked) < c.o.Believe
}

// Get implements store.Store.
func (c *Cached) Get(ctx context.Context, key string, o store.GetOptions, dst []byte) ([]byte, store.Info, error) {
	if o.Check() != nil || o.Cond.IfNoneMatch != "" {
		return c.below.Get(ctx, key, o, dst)
	}
	id := flightKey{key, o}
	for arrival := c.flights.now(); ; {
		if k, ok := c.believed(ctx, key); ok {
			if k.absent {
				return dst, store.Info{}, c.fail("get", key, store.ErrNotExist)
			}
			if p := k.piece(o.Range); p != nil && o.Cond.MeetRead(k.info.Version) == nil {
				return c.answer(k.info, p, o, dst)
			}
		}
		f, leader := c.flights.join(id)
		if leader {
			got, info, p, err := c.fetch(ctx, key, o, dst)
			c.flights.land(id, f, info, p, err)
			return got, info, err
		}
		select {
		case <-f.done:
		case <-ctx.Done():
			return dst, store.Info{}, c.fail("get", key, ctx.Err())
		}
		kept := f.piece != nil || f.err != nil
		switch {
		case kept && f.began <= arrival: // it may have read before this call was made
		case f.piece != nil:
			return c.answer(f.info, f.piece, o, dst)
		case errors.Is(f.err, store.ErrNotExist) && ctx.Err() == nil:
			return dst, store.Info{}, f.err
		default: // too large to be kept, or an error that was the other's: nobody waits for more
			got, info, _, err := c.fetch(ctx, key, o, dst)
			return got, info, err
		}
	}
}

// answer answers a Get from a piece that covers its range.
func (c *Cached) answer(info store.Info, p *piece, o store.GetOptions, dst []byte) ([]byte, store.Info, error) {
	off, n, err := o.In(info.Size, info.Version)
	if err != nil {
		return dst, store.Info{}, c.fail("get", info.Key, err)
	}
	c.mem.use(p)
	if len(dst) > 0 && int64(cap(dst)-len(dst)) < n {
		dst = append(make([]byte, 0, int64(len(dst))+n), dst...)
	}
	return append(dst, p.data[off-p.off:off-p.off+n]...), info, nil
}

// fetch answers a Get by asking the store: for the bytes, or whether those that
// are here are still right. The piece is what they are kept in; nil: nothing.
func (c *Cached) fetch(ctx context.Context, key string, o store.GetOptions, dst []byte) ([]byte, store.Info, *piece, error) {
	w := c.mem.watch(key)
	k, _ := c.mem.look(key)
	if p := k.piece(o.Range); p != nil {
		if o.Cond.IfMatch != "" || !k.complete || !c.below.Guarantees().GetIfMatch {
			info, err := c.below.Stat(ctx, key)
			c.learn(w, info, err)
			if err == nil && info.Version == k.info.Version {
				got, info, err := c.answer(info, p, o, dst)
				return got, info, p, err
			}
			w = c.mem.watch(key)
		} else {
			o.Cond.IfNoneMatch = k.info.Version
			got, info, err := c.below.Get(ctx, key, o, dst)
			if errors.Is(err, store.ErrNotModified) {
				o.Cond.IfNoneMatch = ""
				c.learn(w, k.info, nil)
				got, info, err := c.answer(k.info, p, o, dst)
				return got, info, p, err
			}
			return c.fetched(w, o, dst, got, info, err)
		}
	}
	got, info, err := c.below.Get(ctx, key, o, dst)
	return c.fetched(w, o, dst, got, info, err)
}

// fetched keeps what the store has returned for a Get.
func (c *Cached) fetched(w *watch, o store.GetOptions, dst, got []byte, info store.Info, err error) ([]byte, store.Info, *piece, error) {
	data := got[len(dst):]
	off, n, rangeErr := o.Range.In(info.Size)
	if err != nil || rangeErr != nil || n != int64(len(data)) || !c.mem.takes(info.Version, n) {
		c.learn(w, info, err)
		c.mem.missed()
		return got, info, nil, err
	}
	c.mem.missed()
	p := &piece{off: off, data: bytes.Clone(data)}
	c.mem.keep(w, info, []*piece{p})
	return got, info, p, nil
}

// GetRanges implements store.RangeGetter.
func (c *Cached) GetRanges(ctx context.Context, key string, cond store.Cond, spans []nd.Span) (store.Info, error) {
	if cond.CheckRead() != nil || cond.IfNoneMatch != "" || len(spans) == 0 {
		return store.GetRanges(ctx, c.below, key, cond, spans)
	}
	if k, ok := c.believed(ctx, key); ok {
		if k.absent {
			return store.Info{}, c.fail("get ranges of", key, store.ErrNotExist)
		}
		if here, missing := k.split(spans); len(missing) == 0 && cond.MeetRead(k.info.Version) == nil {
			c.fill(here)
			return k.info, nil
		}
	}
	w := c.mem.watch(key)
	k, _ := c.mem.look(key)
	here, missing := k.split(spans)
	if len(here) > 0 {
		var info store.Info
		var err error
		if len(missing) > 0 {
			info, err = store.GetRanges(ctx, c.below, key, cond, missing)
		} else if info, err = c.below.Stat(ctx, key); err == nil {
			if err = cond.MeetRead(info.Version); err != nil {
				err = c.fail("get ranges of", key, err)
			}
		}
		if err != nil || info.Version == k.info.Version {
			if err == nil {
				c.fill(here)
			}
			return c.rangesFetched(w, missing, info, err)
		}
		c.learn(w, info, nil)
		w = c.mem.watch(key)
	}
	info, err := store.GetRanges(ctx, c.below, key, cond, spans)
	return c.rangesFetched(w, spans, info, err)
}

// rangesFetched keeps what the store has filled spans with.
func (c *Cached) rangesFetched(w *watch, spans []nd.Span, info store.Info, err error) (store.Info, error) {
	var pieces []*piece
	var size int64
	for _, s := range spans {
		off, rangeErr := store.SpanIn(s, info.Size)
		if size += int64(len(s.Dst)) + pieceCost; err != nil || rangeErr != nil || !c.mem.takes(info.Version, size) {
			pieces = nil
			break
		}
		if len(s.Dst) > 0 {
			pieces = append(pieces, &piece{off: off, data: bytes.Clone(s.Dst)})
		}
	}
	if len(spans) > 0 {
		c.mem.missed()
	}
	if pieces == nil {
		c.learn(w, info, err)
	} else {
		c.mem.keep(w, info, pieces)
	}
	return info, err
}

// covered is a span that a piece covers.
type covered struct {
	span  nd.Span
	piece *piece
	off   int64 // in the piece
}

// split tells spans that are here from those that are not.
func (k known) split(spans []nd.Span) (here []covered, missing []nd.Span) {
	for _, s := range spans {
		off, err := store.SpanIn(s, k.info.Size)
		var p *piece
		if err == nil && len(s.Dst) > 0 {
			p = k.at(off, int64(len(s.Dst)))
		}
		if p == nil {
			missing = append(missing, s)
		} else {
			here = append(here, covered{s, p, off - p.off})
		}
	}
	return here, missing
}

func (c *Cached) fill(spans []covered) {
	for _, s := range spans {
		copy(s.span.Dst, s.piece.data[s.off:])
		c.mem.use(s.piece)
	}
}
