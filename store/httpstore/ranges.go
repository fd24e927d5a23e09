package httpstore

import (
	"context"
	"errors"
	"io"
	"math"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
)

const (
	maxGap  = 64 << 10 // bytes between two spans that are read and thrown away rather than asking once more
	maxRun  = 8 << 20  // bytes after which spans are asked for apart, to be had in parallel
	atATime = 8        // requests of one call under way
)

// GetRanges implements store.RangeGetter. Spans that follow each other closely are
// asked for together, and what lies far apart in parallel, all in the version of
// the first answer. Where there are no versions one request is for everything from
// the first span to the last.
func (s *Store) GetRanges(ctx context.Context, key string, c store.Cond, spans []nd.Span) (store.Info, error) {
	info, err := s.getRanges(ctx, key, c, spans)
	if err != nil {
		return store.Info{}, s.fail("get ranges of", key, err)
	}
	return info, nil
}

func (s *Store) getRanges(ctx context.Context, key string, c store.Cond, spans []nd.Span) (store.Info, error) {
	if err := store.CheckKey(key); err != nil {
		return store.Info{}, err
	}
	if err := c.CheckRead(); err != nil {
		return store.Info{}, err
	}
	var r store.Range
	switch first, ok := firstRange(spans, s.unversioned.Load()); {
	case ok:
		r = first
	default: // there is nothing to read, or nothing that could be there
		info, err := s.stat(ctx, key)
		if err == nil {
			err = c.MeetRead(info.Version)
		}
		if err == nil {
			_, err = place(spans, info.Size)
		}
		return info, err
	}
	p, err := s.open(ctx, key, store.GetOptions{Range: r, Cond: c})
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return store.Info{}, err // the range begins beyond the end
	}
	if err != nil {
		return store.Info{}, err
	}
	runs, err := place(spans, p.info.Size)
	if err != nil {
		p.close()
		return store.Info{}, err
	}
	if p.all { // of a server that sends all anyway everything is taken from that
		err := p.scatter(slices.Concat(runs...))
		p.close()
		return p.info, err
	}
	if p.info.Version == "" {
		runs = [][]piece{slices.Concat(runs...)}
	}
	runs, err = p.take(runs)
	p.close()
	if err != nil {
		return store.Info{}, err
	}
	return p.info, s.rest(ctx, key, p.info, runs)
}

// rest reads the runs that the first answer did not have, in its version.
func (s *Store) rest(ctx context.Context, key string, info store.Info, runs [][]piece) error {
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(atATime)
	for _, run := range runs {
		g.Go(func() error {
			begin, end := extent(run)
			o := store.GetOptions{Range: store.Range{Off: begin, Len: end - begin}, Cond: store.Cond{IfMatch: info.Version}}
			p, err := s.open(gctx, key, o)
			if errors.Is(err, io.ErrUnexpectedEOF) {
				return store.ErrConflict // it had that range before
			}
			if err != nil {
				return err
			}
			defer p.close()
			if p.info.Size != info.Size || p.n != end-begin {
				return store.ErrConflict
			}
			return p.scatter(run)
		})
	}
	err := g.Wait()
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// firstRange returns the range to ask for first: what is counted from the end,
// since the answer tells where that is; or the first run of spans, or all from the
// first span to the last. There is none if no span has bytes, or one has its end
// beyond all numbers.
func firstRange(spans []nd.Span, together bool) (store.Range, bool) {
	var suffix int64
	var known []piece
	for _, span := range spans {
		n := int64(len(span.Dst))
		switch {
		case span.Off == math.MinInt64 || span.Off > math.MaxInt64-n:
			return store.Range{}, false
		case n == 0:
		case span.Off < 0:
			suffix = max(suffix, -span.Off)
		default:
			known = append(known, piece{span.Off, span.Dst})
		}
	}
	switch {
	case suffix > 0:
		return store.Range{Off: -suffix}, true
	case len(known) == 0:
		return store.Range{}, false
	}
	runs := group(known)
	begin, end := extent(runs[0])
	if together {
		_, end = extent(slices.Concat(runs...))
	}
	return store.Range{Off: begin, Len: end - begin}, true
}

// piece is a span whose offset counts from the beginning.
type piece struct {
	off int64
	dst []byte
}

func (p piece) end() int64 { return p.off + int64(len(p.dst)) }

// place returns the spans, which must lie in an object of that size, in runs that
// are to be asked for together, ordered by offset.
func place(spans []nd.Span, size int64) ([][]piece, error) {
	pieces := make([]piece, 0, len(spans))
	for _, span := range spans {
		off, err := store.SpanIn(span, size)
		if err != nil {
			return nil, err
		}
		if len(span.Dst) > 0 {
			pieces = append(pieces, piece{off, span.Dst})
		}
	}
	return group(pieces), nil
}

// group sorts pieces and cuts them into runs.
func group(pieces []piece) [][]piece {
	slices.SortFunc(pieces, func(a, b piece) int {
		switch {
		case a.off < b.off:
			return -1
		case a.off > b.off:
			return 1
		}
		return 0
	})
	var runs [][]piece
	var begin, end int64
	start := 0
	for i, p := range pieces {
		if i > start && (p.off-end > maxGap || p.end()-begin > maxRun && p.off >= end) {
			runs, start = append(runs, pieces[start:i]), i
		}
		if i == start {
			begin, end = p.off, p.end()
		}
		end = max(end, p.end())
	}
	if start < len(pieces) {
		runs = append(runs, pieces[start:])
	}
	return runs
}

// extent returns where a run of sorted pieces begins and ends.
func extent(run []piece) (begin, end int64) {
	begin = run[0].off
	for _, p := range run {
		end = max(end, p.end())
	}
	return begin, end
}

// take fills, from the part, the runs that lie wholly in it, and returns the
// others.
func (p *part) take(runs [][]piece) (left [][]piece, err error) {
	var here []piece
	for _, run := range runs {
		if begin, end := extent(run); begin >= p.off && end <= p.off+p.n {
			here = append(here, run...)
		} else {
			left = append(left, run)
		}
	}
	return left, p.scatter(here)
}

var buffers = sync.Pool{New: func() any { return new([64 << 10]byte) }}

// scatter fills sorted pieces, which lie in the part, from its bytes.
func (p *part) scatter(pieces []piece) error {
	if len(pieces) == 0 {
		return nil
	}
	begin, end := extent(pieces)
	if err := p.seek(begin); err != nil {
		return err
	}
	if len(pieces) == 1 {
		if err := p.fill(pieces[0].dst); err != nil {
			return err
		}
	} else {
		buf := buffers.Get().(*[64 << 10]byte)
		defer buffers.Put(buf)
		for at := begin; at < end; {
			got := buf[:min(end-at, int64(len(buf)))]
			if err := p.fill(got); err != nil {
				return err
			}
			next := at + int64(len(got))
			for len(pieces) > 0 && pieces[0].end() <= at {
				pieces = pieces[1:]
			}
			for _, q := range pieces {
				if q.off >= next {
					break
				}
				from, to := max(q.off, at), min(q.end(), next)
				if from < to {
					copy(q.dst[from-q.off:to-q.off], got[from-at:])
				}
			}
			at = next
		}
	}
	if end == p.off+p.n {
		return p.end()
	}
	return nil
}
