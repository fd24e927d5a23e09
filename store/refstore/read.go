package refstore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"

	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
)

// versionOf names inline bytes.
func versionOf(data []byte) store.Version {
	sum := sha256.Sum256(data)
	return store.Version("inline " + hex.EncodeToString(sum[:16]))
}

// prepare returns what a key stands for, and what of it o names.
func (s *Store) prepare(ctx context.Context, key string, o store.GetOptions) (t *target, off, n int64, err error) {
	if err = o.Check(); err != nil {
		return
	}
	r, err := s.find(ctx, key)
	if err != nil {
		return
	}
	if t, err = s.open(ctx, r); err != nil {
		return
	}
	off, n, err = o.Range.In(t.size())
	if o.Cond != (store.Cond{}) || o.Max > 0 {
		off, n, err = o.In(t.size(), t.describe(key).Version)
	}
	return
}

// part is what to ask the source for; n is not 0, which would mean all.
func (t *target) part(off, n int64) store.GetOptions {
	return store.GetOptions{Range: store.Range{Off: t.Range.Off + off, Len: n}, Cond: store.Cond{IfMatch: t.info.Version}}
}

// short makes of an error about a range, which lay within the source when it was
// first used, one of a source that changed.
func (t *target) short(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return t.changed()
	}
	return t.lost(err)
}

// Get implements store.Store.
func (s *Store) Get(ctx context.Context, key string, o store.GetOptions, dst []byte) ([]byte, store.Info, error) {
	t, off, n, err := s.prepare(ctx, key, o)
	out := dst
	switch {
	case err != nil:
	case t.Source == nil:
		if len(dst) > 0 && int64(cap(dst)-len(dst)) < n {
			out = append(make([]byte, 0, int64(len(dst))+n), dst...)
		}
		out = append(out, t.Inline[off:off+n]...)
	case n == 0:
		err = t.confirm(ctx)
	default:
		var now store.Info
		if out, now, err = t.store.Get(ctx, t.key, t.part(off, n), dst); err != nil {
			err = t.short(err)
		} else if err = t.same(now); err == nil && int64(len(out)-len(dst)) != n {
			err = t.changed()
		}
	}
	if err != nil {
		return dst, store.Info{}, s.fail("get", key, err)
	}
	return out, t.describe(key), nil
}

// GetRanges implements store.RangeGetter.
func (s *Store) GetRanges(ctx context.Context, key string, c store.Cond, spans []nd.Span) (store.Info, error) {
	info, err := s.getRanges(ctx, key, c, spans)
	if err != nil {
		return store.Info{}, s.fail("get ranges of", key, err)
	}
	return info, nil
}

func (s *Store) getRanges(ctx context.Context, key string, c store.Cond, spans []nd.Span) (store.Info, error) {
	t, _, _, err := s.prepare(ctx, key, store.GetOptions{Cond: c})
	if err != nil {
		return store.Info{}, err
	}
	moved := make([]nd.Span, 0, len(spans))
	for _, span := range spans {
		off, err := store.SpanIn(span, t.size())
		if err != nil {
			return store.Info{}, err
		}
		if t.Source == nil {
			copy(span.Dst, t.Inline[off:])
		} else if len(span.Dst) > 0 {
			moved = append(moved, nd.Span{Off: t.Range.Off + off, Dst: span.Dst})
		}
	}
	if len(moved) == 0 {
		return t.describe(key), t.confirm(ctx)
	}
	now, err := store.GetRanges(ctx, t.store, t.key, store.Cond{IfMatch: t.info.Version}, moved)
	if err != nil {
		return store.Info{}, t.short(err)
	}
	return t.describe(key), t.same(now)
}

// OpenReader implements store.Streamer.
func (s *Store) OpenReader(ctx context.Context, key string, o store.GetOptions) (io.ReadCloser, store.Info, error) {
	t, off, n, err := s.prepare(ctx, key, o)
	r := &reader{s: s, ctx: ctx, key: key, t: t}
	switch {
	case err != nil:
	case t.Source == nil:
		r.below = io.NopCloser(bytes.NewReader(t.Inline[off : off+n]))
	case n == 0:
		r.below, err = io.NopCloser(bytes.NewReader(nil)), t.confirm(ctx)
	default:
		var now store.Info
		if r.below, now, err = store.OpenReader(ctx, t.store, t.key, t.part(off, n)); err != nil {
			err = t.short(err)
		} else if err = t.same(now); err != nil {
			err = errors.Join(err, r.below.Close())
		}
		r.left = n
	}
	if err != nil {
		return nil, store.Info{}, s.fail("get", key, err)
	}
	return r, t.describe(key), nil
}

// reader reads a part of a source.
type reader struct {
	s     *Store
	ctx   context.Context
	key   string
	t     *target
	below io.ReadCloser
	left  int64 // of a source
	done  bool
}

func (r *reader) Read(p []byte) (int, error) {
	err := r.ctx.Err()
	if r.done {
		err = store.ErrClosed
	}
	if err != nil {
		return 0, r.s.fail("get", r.key, err)
	}
	n, err := r.below.Read(p)
	r.left -= int64(n)
	switch {
	case err == nil:
	case !errors.Is(err, io.EOF):
		err = r.s.fail("get", r.key, r.t.short(err))
	case r.left > 0:
		err = r.s.fail("get", r.key, r.t.changed())
	}
	return n, err
}

func (r *reader) Close() error {
	if r.done {
		return nil
	}
	r.done = true
	return r.below.Close()
}
