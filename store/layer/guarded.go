package layer

import (
	"context"
	"errors"
	"io"
	"iter"
	"time"

	"github.com/dosna/dosna/internal/slots"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
)

// guard is told of every operation on a guarded store. Streams count piece by
// piece, so that one that lies open holds nothing.
type guard interface {
	// begin is called before; an error is that of the operation, which then
	// is not done. given is how many bytes it brings, expected how many it will
	// return; -1: not known.
	begin(ctx context.Context, op op, given, expected int64) (ticket, error)

	// end is called after, with the bytes returned. The error
	// errors.ErrUnsupported means that nothing was done.
	end(t ticket, got int64, err error)
}

// ticket is an operation under way.
type ticket struct {
	op    op
	at    time.Time
	given int64
	taken int64
	place *slots.Place
}

// op is a kind of operation.
type op int

const (
	opGet op = iota
	opStat
	opPut
	opDelete
	opList
	opGetRanges
	opOpenReader
	opRead
	opOpenWriter
	opWrite
	opCommit
	opSync
	opDeleteAll
	opDeletePrefix
	opCopy
	opRename
	opLocate
	ops
)

var opNames = [ops]string{
	"get", "stat", "put", "delete", "list", "get ranges", "open reader", "read", "open writer", "write", "commit", "sync",
	"delete all", "delete prefix", "copy", "rename", "locate",
}

func (o op) String() string { return opNames[o] }

// guarded is a layer that asks a guard. What the store below does not offer is
// errors.ErrUnsupported here too, so that what stands in for it passes the guard
// operation by operation.
type guarded struct {
	below store.Store
	guard guard
}

func (g *guarded) String() string { return store.Name(g.below) }

func (g *guarded) Guarantees() store.Guarantees { return g.below.Guarantees() }

func (g *guarded) Close() error { return g.below.Close() }

// begin is guard.begin with the error that a store returns.
func (g *guarded) begin(ctx context.Context, op op, key string, given, expected int64) (ticket, error) {
	t, err := g.guard.begin(ctx, op, given, expected)
	if err != nil {
		err = &store.Error{Op: op.String(), Store: g.String(), Key: key, Err: err}
	}
	return t, err
}

// expected is how many bytes a read will return; -1: not known.
func expected(r store.Range) int64 {
	switch {
	case r.Len > 0:
		return r.Len
	case r.Off < 0:
		return -r.Off
	}
	return -1
}

func (g *guarded) Get(ctx context.Context, key string, o store.GetOptions, dst []byte) ([]byte, store.Info, error) {
	t, err := g.begin(ctx, opGet, key, 0, expected(o.Range))
	if err != nil {
		return dst, store.Info{}, err
	}
	got, info, err := g.below.Get(ctx, key, o, dst)
	g.guard.end(t, int64(len(got)-len(dst)), err)
	return got, info, err
}

func (g *guarded) Stat(ctx context.Context, key string) (store.Info, error) {
	t, err := g.begin(ctx, opStat, key, 0, 0)
	if err != nil {
		return store.Info{}, err
	}
	info, err := g.below.Stat(ctx, key)
	g.guard.end(t, 0, err)
	return info, err
}

func (g *guarded) Put(ctx context.Context, key string, parts [][]byte, c store.Cond) (store.Version, error) {
	var given int64
	for _, p := range parts {
		given += int64(len(p))
	}
	t, err := g.begin(ctx, opPut, key, given, 0)
	if err != nil {
		return "", err
	}
	v, err := g.below.Put(ctx, key, parts, c)
	g.guard.end(t, 0, err)
	return v, err
}

func (g *guarded) Delete(ctx context.Context, key string, c store.Cond) error {
	return g.call(ctx, opDelete, key, func() error { return g.below.Delete(ctx, key, c) })
}

// call guards an operation that moves no bytes.
func (g *guarded) call(ctx context.Context, op op, key string, do func() error) error {
	t, err := g.begin(ctx, op, key, 0, 0)
	if err != nil {
		return err
	}
	err = do()
	g.guard.end(t, 0, err)
	return err
}

// listPage is how many entries of a listing are taken for one request.
const listPage = 1000

// List is an operation for each page, which ends with the page's first entry:
// whatever the caller does with the entries does not count.
func (g *guarded) List(ctx context.Context, o store.ListOptions) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		t, err := g.begin(ctx, opList, o.Prefix, 0, 0)
		if err != nil {
			yield(store.Info{}, err)
			return
		}
		pending, n := true, 0
		finish := func(err error) {
			if pending {
				pending = false
				g.guard.end(t, 0, err)
			}
		}
		defer func() { finish(nil) }() // nothing was listed
		for info, err := range g.below.List(ctx, o) {
			finish(err)
			if !yield(info, err) {
				return
			}
			if n++; n%listPage == 0 {
				if t, err = g.begin(ctx, opList, o.Prefix, 0, 0); err != nil {
					yield(store.Info{}, err)
					return
				}
				pending = true
			}
		}
	}
}

func (g *guarded) GetRanges(ctx context.Context, key string, c store.Cond, spans []nd.Span) (store.Info, error) {
	rg, ok := g.below.(store.RangeGetter)
	if !ok {
		return store.Info{}, errors.ErrUnsupported
	}
	var size int64
	for _, s := range spans {
		size += int64(len(s.Dst))
	}
	t, err := g.begin(ctx, opGetRanges, key, 0, size)
	if err != nil {
		return store.Info{}, err
	}
	info, err := rg.GetRanges(ctx, key, c, spans)
	if err != nil {
		size = 0
	}
	g.guard.end(t, size, err)
	return info, err
}

func (g *guarded) Sync(ctx context.Context) error {
	sy, ok := g.below.(store.Syncer)
	if !ok {
		return errors.ErrUnsupported
	}
	return g.call(ctx, opSync, "", func() error { return sy.Sync(ctx) })
}

func (g *guarded) DeleteAll(ctx context.Context, keys []string) error {
	b, ok := g.below.(store.BulkDeleter)
	if !ok {
		return errors.ErrUnsupported
	}
	return g.call(ctx, opDeleteAll, "", func() error { return b.DeleteAll(ctx, keys) })
}

func (g *guarded) DeletePrefix(ctx context.Context, prefix string) error {
	b, ok := g.below.(store.BulkDeleter)
	if !ok {
		return errors.ErrUnsupported
	}
	return g.call(ctx, opDeletePrefix, prefix, func() error { return b.DeletePrefix(ctx, prefix) })
}

func (g *guarded) Copy(ctx context.Context, from, to string, c store.Cond) (v store.Version, err error) {
	cp, ok := g.below.(store.Copier)
	if !ok {
		return "", errors.ErrUnsupported
	}
	err = g.call(ctx, opCopy, from, func() (err error) {
		v, err = cp.Copy(ctx, from, to, c)
		return err
	})
	return v, err
}

func (g *guarded) Rename(ctx context.Context, from, to string) error {
	r, ok := g.below.(store.Renamer)
	if !ok {
		return errors.ErrUnsupported
	}
	return g.call(ctx, opRename, from, func() error { return r.Rename(ctx, from, to) })
}

func (g *guarded) OpenReader(ctx context.Context, key string, o store.GetOptions) (r io.ReadCloser, info store.Info, err error) {
	st, ok := g.below.(store.Streamer)
	if !ok {
		return nil, store.Info{}, errors.ErrUnsupported
	}
	err = g.call(ctx, opOpenReader, key, func() (err error) {
		r, info, err = st.OpenReader(ctx, key, o)
		return err
	})
	if err != nil {
		return nil, store.Info{}, err
	}
	return &guardedReader{r, ctx, g, key}, info, nil
}

type guardedReader struct {
	io.ReadCloser
	ctx context.Context
	g   *guarded
	key string
}

func (r *guardedReader) Read(p []byte) (int, error) {
	t, err := r.g.begin(r.ctx, opRead, r.key, 0, int64(len(p)))
	if err != nil {
		return 0, err
	}
	n, err := r.ReadCloser.Read(p)
	fault := err
	if errors.Is(err, io.EOF) {
		fault = nil
	}
	r.g.guard.end(t, int64(n), fault)
	return n, err
}

func (g *guarded) OpenWriter(ctx context.Context, key string, c store.Cond) (w store.Writer, err error) {
	st, ok := g.below.(store.Streamer)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	err = g.call(ctx, opOpenWriter, key, func() (err error) {
		w, err = st.OpenWriter(ctx, key, c)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &guardedWriter{w, ctx, g, key}, nil
}

type guardedWriter struct {
	store.Writer
	ctx context.Context
	g   *guarded
	key string
}

func (w *guardedWriter) Write(p []byte) (int, error) {
	t, err := w.g.begin(w.ctx, opWrite, w.key, int64(len(p)), 0)
	if err != nil {
		return 0, err
	}
	n, err := w.Writer.Write(p)
	w.g.guard.end(t, 0, err)
	return n, err
}

func (w *guardedWriter) Commit() (v store.Version, err error) {
	err = w.g.call(w.ctx, opCommit, w.key, func() (err error) {
		v, err = w.Writer.Commit()
		return err
	})
	return v, err
}

func (g *guarded) Locate(ctx context.Context, prefix string) iter.Seq2[store.Location, error] {
	return func(yield func(store.Location, error) bool) {
		t, err := g.begin(ctx, opLocate, prefix, 0, 0)
		if err != nil {
			yield(store.Location{}, err)
			return
		}
		pending := true
		finish := func(err error) {
			if pending {
				pending = false
				g.guard.end(t, 0, err)
			}
		}
		defer func() { finish(nil) }() // nothing was found
		for at, err := range store.Locate(ctx, g.below, prefix) {
			finish(err)
			if !yield(at, err) {
				return
			}
		}
	}
}
