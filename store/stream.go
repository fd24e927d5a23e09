package store

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// OpenReader reads the object, or o.Range of it, as a stream of one version;
// its conditions and errors are those of Get. Reads fail once ctx is done.
// Stores without [Streamer] read the whole range into memory first: set o.Max
// where that could hurt.
func OpenReader(ctx context.Context, s Store, key string, o GetOptions) (io.ReadCloser, Info, error) {
	if st, ok := s.(Streamer); ok {
		r, info, err := st.OpenReader(ctx, key, o)
		if !errors.Is(err, errors.ErrUnsupported) {
			return r, info, err
		}
	}
	data, info, err := s.Get(ctx, key, o, nil)
	if err != nil {
		return nil, Info{}, err
	}
	return &memoryReader{ctx: ctx, s: s, key: key, rest: data}, info, nil
}

// memoryReader reads an object that was read already.
type memoryReader struct {
	ctx    context.Context
	s      Store
	key    string
	rest   []byte
	closed bool
}

func (r *memoryReader) Read(p []byte) (int, error) {
	err := r.ctx.Err()
	if r.closed {
		err = ErrClosed
	}
	if err != nil {
		return 0, &Error{Op: "get", Store: Name(r.s), Key: r.key, Err: err}
	}
	if len(r.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func (r *memoryReader) Close() error {
	r.rest, r.closed = nil, true
	return nil
}

// OpenWriter writes the object as a stream. The condition is decided at
// Commit; ctx governs the writer until then. Stores without [Streamer] gather
// the object in memory, up to Guarantees().MaxObject.
func OpenWriter(ctx context.Context, s Store, key string, c Cond) (Writer, error) {
	if st, ok := s.(Streamer); ok {
		w, err := st.OpenWriter(ctx, key, c)
		if !errors.Is(err, errors.ErrUnsupported) {
			return w, err
		}
	}
	fail := func(err error) (Writer, error) {
		return nil, &Error{Op: "write", Store: Name(s), Key: key, Err: err}
	}
	if err := CheckKey(key); err != nil {
		return fail(err)
	}
	if err := c.CheckPut(); err != nil {
		return fail(err)
	}
	if err := ctx.Err(); err != nil {
		return fail(err)
	}
	return &memoryWriter{ctx: ctx, s: s, key: key, cond: c, room: s.Guarantees().MaxObject}, nil
}

// memoryWriter gathers an object in pieces that are never moved, so that its
// memory is what was written and no more.
type memoryWriter struct {
	ctx   context.Context
	s     Store
	key   string
	cond  Cond
	parts [][]byte
	size  int64
	room  int64
	err   error // why nothing more can be done
}

// writerPiece is the size of pieces once an object has proved to be large.
const writerPiece = 1 << 20

func (w *memoryWriter) Write(p []byte) (int, error) {
	if w.err == nil {
		w.err = w.ctx.Err()
	}
	if w.err == nil && w.room > 0 && int64(len(p)) > w.room-w.size {
		w.err = fmt.Errorf("%w: more than %d bytes", ErrTooLarge, w.room)
	}
	if w.err != nil {
		return 0, w.fail()
	}
	written := len(p)
	for len(p) > 0 {
		last := len(w.parts) - 1
		if last < 0 || len(w.parts[last]) == cap(w.parts[last]) {
			room := min(max(len(p), int(w.size), 512), writerPiece)
			w.parts = append(w.parts, make([]byte, 0, room))
			last++
		}
		part := w.parts[last]
		n := min(len(p), cap(part)-len(part))
		w.parts[last] = append(part, p[:n]...)
		w.size += int64(n)
		p = p[n:]
	}
	return written, nil
}

func (w *memoryWriter) Commit() (Version, error) {
	if w.err != nil {
		return "", w.fail()
	}
	v, err := w.s.Put(w.ctx, w.key, w.parts, w.cond)
	w.parts, w.err = nil, ErrClosed
	return v, err
}

func (w *memoryWriter) Close() error {
	w.parts, w.err = nil, ErrClosed
	return nil
}

func (w *memoryWriter) fail() error {
	return &Error{Op: "write", Store: Name(w.s), Key: w.key, Err: w.err}
}
