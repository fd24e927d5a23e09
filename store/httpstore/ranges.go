package httpstore

import (
	"context"
	"errors"
	"io"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/gather"
)

const atATime = 8 // requests of one call under way

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
	switch first, ok := gather.First(spans, s.unversioned.Load()); {
	case ok:
		r = first
	default: // there is nothing to read, or nothing that could be there
		info, err := s.stat(ctx, key)
		if err == nil {
			err = c.MeetRead(info.Version)
		}
		if err == nil {
			_, err = gather.Place(spans, info.Size)
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
	runs, err := gather.Place(spans, p.info.Size)
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
		runs = [][]gather.Piece{slices.Concat(runs...)}
	}
	runs, err = p.take(runs)
	p.close()
	if err != nil {
		return store.Info{}, err
	}
	return p.info, s.rest(ctx, key, p.info, runs)
}

// rest reads the runs that the first answer did not have, in its version.
func (s *Store) rest(ctx context.Context, key string, info store.Info, runs [][]gather.Piece) error {
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(atATime)
	for _, run := range runs {
		g.Go(func() error {
			begin, end := gather.Extent(run)
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

// take fills, from the part, the runs that lie wholly in it, and returns the
// others.
func (p *part) take(runs [][]gather.Piece) (left [][]gather.Piece, err error) {
	var here []gather.Piece
	for _, run := range runs {
		if begin, end := gather.Extent(run); begin >= p.off && end <= p.off+p.n {
			here = append(here, run...)
		} else {
			left = append(left, run)
		}
	}
	return left, p.scatter(here)
}

// scatter fills sorted pieces, which lie in the part, from its bytes.
func (p *part) scatter(pieces []gather.Piece) error {
	if len(pieces) == 0 {
		return nil
	}
	begin, end := gather.Extent(pieces)
	if err := p.seek(begin); err != nil {
		return err
	}
	if err := gather.Scatter(filler{p}, pieces); err != nil {
		return err
	}
	if end == p.off+p.n {
		return p.end()
	}
	return nil
}

// filler reads a part, whose errors say what they mean, as a stream.
type filler struct{ *part }

func (f filler) Read(b []byte) (int, error) {
	if err := f.fill(b); err != nil {
		return 0, err
	}
	return len(b), nil
}
