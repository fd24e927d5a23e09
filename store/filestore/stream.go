package filestore

import (
	"context"
	"errors"
	"io"

	"github.com/dosna/dosna/store"
)

// OpenReader implements store.Streamer.
func (s *Store) OpenReader(ctx context.Context, key string, o store.GetOptions) (io.ReadCloser, store.Info, error) {
	f, a, off, n, err := s.openRange(ctx, key, o)
	if err != nil {
		return nil, store.Info{}, s.fail("get", key, err)
	}
	return &reader{s: s, ctx: ctx, key: key, f: f, off: off, end: off + n}, a.info(key), nil
}

// reader reads a part of one file.
type reader struct {
	s        *Store
	ctx      context.Context
	key      string
	f        file
	off, end int64
	closed   bool
}

func (r *reader) Read(p []byte) (int, error) {
	if r.closed {
		return 0, r.s.fail("get", r.key, store.ErrClosed)
	}
	if err := r.ctx.Err(); err != nil {
		return 0, r.s.fail("get", r.key, err)
	}
	if r.off == r.end {
		return 0, io.EOF
	}
	p = p[:min(int64(len(p)), r.end-r.off)]
	if err := r.f.readAt(p, r.off); err != nil {
		return 0, r.s.fail("get", r.key, err)
	}
	r.off += int64(len(p))
	return len(p), nil
}

func (r *reader) Close() error {
	if r.closed {
		return nil
	}
	r.closed = true
	return r.f.close()
}

// OpenWriter implements store.Streamer.
func (s *Store) OpenWriter(ctx context.Context, key string, c store.Cond) (store.Writer, error) {
	w, err := s.create(ctx, key, c)
	if err != nil {
		return nil, s.fail("write", key, err)
	}
	return &streamWriter{w: w}, nil
}

// streamWriter implements store.Writer. Once err is set the temporary file is
// gone.
type streamWriter struct {
	w   *writer
	err error
}

func (s *streamWriter) Write(p []byte) (int, error) {
	if s.err == nil {
		err := s.w.ctx.Err()
		if err == nil {
			err = s.w.write([][]byte{p})
		}
		if err == nil {
			return len(p), nil
		}
		s.w.abort()
		s.err = err
	}
	return 0, s.w.s.fail("write", s.w.key, s.err)
}

func (s *streamWriter) Commit() (store.Version, error) {
	if s.err != nil {
		return "", s.w.s.fail("write", s.w.key, s.err)
	}
	s.err = store.ErrClosed
	v, err := s.w.commit()
	if err != nil {
		return "", s.w.s.fail("write", s.w.key, err)
	}
	return v, nil
}

func (s *streamWriter) Close() error {
	if s.err == nil {
		s.err = store.ErrClosed
		s.w.abort()
	}
	return nil
}

// Copy implements store.Copier, within the kernel where that can.
func (s *Store) Copy(ctx context.Context, from, to string, c store.Cond) (store.Version, error) {
	v, err := s.copy(ctx, from, to, c)
	if errors.Is(err, errors.ErrUnsupported) {
		return "", errors.ErrUnsupported
	}
	return v, err
}

func (s *Store) copy(ctx context.Context, from, to string, c store.Cond) (store.Version, error) {
	src, a, _, _, err := s.openRange(ctx, from, store.GetOptions{})
	if err != nil {
		return "", s.fail("copy", from, err)
	}
	defer src.close()
	w, err := s.create(ctx, to, c)
	if err != nil {
		return "", s.fail("copy to", to, err)
	}
	if prefix, name := split(from); prefix == w.prefix {
		w.source = name
	}
	if err := w.temp.copyFrom(src, a.size); err != nil {
		w.abort()
		return "", s.fail("copy to", to, err)
	}
	v, err := w.commit()
	if err != nil {
		return "", s.fail("copy to", to, err)
	}
	return v, nil
}
