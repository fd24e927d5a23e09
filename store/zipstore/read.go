package zipstore

import (
	"archive/zip"
	"bufio"
	"compress/flate"
	"context"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"sync"

	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
)

// trusted is how much memory is taken for a size that the archive tells, before
// as many bytes were expanded.
const trusted = 64 << 20

// prepare returns the entry of a key and what of it o names.
func (s *Store) prepare(ctx context.Context, key string, o store.GetOptions) (e *entry, off, n int64, err error) {
	if err = o.Check(); err != nil {
		return
	}
	if e, err = s.find(ctx, key); err != nil {
		return
	}
	if off, n, err = o.In(e.size, s.version(e)); err != nil {
		return
	}
	return e, off, n, e.readable()
}

// mostRatio is how much longer than itself a DEFLATE stream can expand to be.
const mostRatio = 1032

// readable says whether the entry can be read.
func (e *entry) readable() error {
	switch {
	case e.encrypted:
		return errors.New("the entry is encrypted, which is not supported")
	case e.method == zip.Store && e.packed != e.size:
		return fmt.Errorf("%w: the entry is stored as it is, in %d bytes, and has %d", store.ErrCorrupt, e.packed, e.size)
	case e.method == zip.Deflate && e.size/mostRatio > e.packed:
		return fmt.Errorf("%w: the entry has %d compressed bytes, which cannot be the %d that it should have", store.ErrCorrupt, e.packed, e.size)
	case e.method != zip.Store && e.method != zip.Deflate:
		return fmt.Errorf("the entry is compressed by method %d of ZIP, and only 0 (stored) and 8 (deflated) are supported", e.method)
	}
	return nil
}

// Get implements store.Store.
func (s *Store) Get(ctx context.Context, key string, o store.GetOptions, dst []byte) ([]byte, store.Info, error) {
	e, off, n, err := s.prepare(ctx, key, o)
	out := dst
	if err == nil {
		if e.method == zip.Store {
			out, err = s.stored(ctx, e, off, n, dst)
		} else {
			out, err = s.expanded(ctx, e, off, n, dst)
		}
	}
	if err != nil {
		return dst, store.Info{}, s.fail("get", key, err)
	}
	return out, s.info(e), nil
}

// stored appends n bytes of an entry that is as it is.
func (s *Store) stored(ctx context.Context, e *entry, off, n int64, dst []byte) ([]byte, error) {
	if n == 0 {
		return dst, s.unchanged(ctx)
	}
	at, err := s.locate(ctx, e)
	if err != nil {
		return nil, err
	}
	have := int64(len(dst))
	if int64(cap(dst))-have < n { // no more than the archive has
		dst = append(make([]byte, 0, have+n), dst...)
	}
	out := dst[:have+n]
	if err := s.read(ctx, at+off, out[have:]); err != nil {
		return nil, err
	}
	if n == e.size && crc32.ChecksumIEEE(out[have:]) != e.crc {
		return nil, errSum
	}
	return out, nil
}

var errSum = fmt.Errorf("%w: the CRC-32 does not match", store.ErrCorrupt)

// expanded appends n bytes of a deflated entry.
func (s *Store) expanded(ctx context.Context, e *entry, off, n int64, dst []byte) ([]byte, error) {
	r, err := s.expand(ctx, e, off, n)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	have := int64(len(dst))
	for out := dst; ; {
		at := int64(len(out))
		left := have + n - at
		if left == 0 {
			return out, r.end()
		}
		if int64(cap(out))-at < min(left, trusted) || at == have && int64(cap(out))-at < left {
			out = append(make([]byte, 0, at+min(left, max(trusted, at))), out...)
		}
		out = out[:at+min(left, int64(cap(out))-at)]
		if _, err := io.ReadFull(r, out[at:]); err != nil {
			return nil, err
		}
	}
}

// GetRanges implements store.RangeGetter.
func (s *Store) GetRanges(ctx context.Context, key string, c store.Cond, spans []nd.Span) (store.Info, error) {
	fail := func(err error) (store.Info, error) { return store.Info{}, s.fail("get ranges of", key, err) }
	e, _, _, err := s.prepare(ctx, key, store.GetOptions{Cond: c})
	if err != nil {
		return fail(err)
	}
	moved := make([]nd.Span, 0, len(spans))
	var end int64
	for _, span := range spans {
		off, err := store.SpanIn(span, e.size)
		if err != nil {
			return fail(err)
		}
		if len(span.Dst) > 0 {
			moved = append(moved, nd.Span{Off: off, Dst: span.Dst})
			end = max(end, off+int64(len(span.Dst)))
		}
	}
	switch {
	case len(moved) == 0:
		err = s.unchanged(ctx)
	case e.method == zip.Store:
		err = s.storedRanges(ctx, e, moved)
	default:
		var data []byte
		if data, err = s.expanded(ctx, e, 0, end, nil); err == nil {
			for _, span := range moved {
				copy(span.Dst, data[span.Off:])
			}
		}
	}
	if err != nil {
		return fail(err)
	}
	return s.info(e), nil
}

func (s *Store) storedRanges(ctx context.Context, e *entry, spans []nd.Span) error {
	at, err := s.locate(ctx, e)
	if err != nil {
		return err
	}
	for i := range spans {
		spans[i].Off += at
	}
	info, err := store.GetRanges(ctx, s.below, s.key, store.Cond{IfMatch: s.archive.Version}, spans)
	if err != nil {
		return s.lost(err)
	}
	return s.same(info)
}

// OpenReader implements store.Streamer.
func (s *Store) OpenReader(ctx context.Context, key string, o store.GetOptions) (io.ReadCloser, store.Info, error) {
	e, off, n, err := s.prepare(ctx, key, o)
	var r *reader
	if err == nil {
		r, err = s.expand(ctx, e, off, n)
	}
	if err != nil {
		return nil, store.Info{}, s.fail("get", key, err)
	}
	return named{r}, s.info(e), nil
}

// reader reads a part of an entry.
type reader struct {
	s     *Store
	e     *entry
	ctx   context.Context
	below io.ReadCloser
	from  io.Reader
	left  int64
	sum   hash.Hash32 // nil: not all of the entry is read
	err   error
}

var inflaters = sync.Pool{New: func() any { return flate.NewReader(nil) }}

// expand opens n bytes of an entry, which begin at off.
func (s *Store) expand(ctx context.Context, e *entry, off, n int64) (*reader, error) {
	r := &reader{s: s, e: e, ctx: ctx, left: n}
	if n == e.size {
		r.sum = crc32.NewIEEE()
	}
	at, err := s.locate(ctx, e)
	if err != nil {
		return nil, err
	}
	rng := store.Range{Off: at, Len: e.packed}
	if e.method == zip.Store {
		rng = store.Range{Off: at + off, Len: n}
	}
	if rng.Len == 0 { // which would mean all
		if e.method != zip.Store {
			return nil, fmt.Errorf("%w: a deflated entry of no bytes", store.ErrCorrupt)
		}
		r.from = eof{}
		return r, s.unchanged(ctx)
	}
	below, info, err := store.OpenReader(ctx, s.below, s.key, store.GetOptions{Range: rng, Cond: store.Cond{IfMatch: s.archive.Version}})
	if err != nil {
		return nil, s.lost(err)
	}
	if err := s.same(info); err != nil {
		return nil, errors.Join(err, below.Close())
	}
	r.below, r.from = below, below
	if e.method == zip.Store {
		return r, nil
	}
	r.from = &inflater{in: &input{s: s, from: below}}
	if err := r.skip(off); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// skip throws expanded bytes away.
func (r *reader) skip(n int64) error {
	for n > 0 {
		if err := r.ctx.Err(); err != nil {
			return err
		}
		m, err := io.CopyN(io.Discard, r.from, min(n, 4<<20))
		n -= m
		if err != nil {
			return r.explain(err)
		}
	}
	return nil
}

func (r *reader) Read(p []byte) (int, error) {
	if r.err == nil {
		r.err = r.ctx.Err()
	}
	if r.err == nil && r.left == 0 {
		if r.err = r.end(); r.err == nil {
			r.err = io.EOF
		}
	}
	if r.err != nil || len(p) == 0 {
		return 0, r.err
	}
	n, err := r.from.Read(p[:min(int64(len(p)), r.left, 4<<20)])
	r.left -= int64(n)
	if r.sum != nil {
		_, _ = r.sum.Write(p[:n])
	}
	if err != nil && (err != io.EOF || r.left > 0) {
		r.err = r.explain(err)
	}
	return n, r.err
}

// end says what is wrong with an entry that was read to its end.
func (r *reader) end() error {
	if r.sum == nil {
		return nil
	}
	if r.e.method != zip.Store {
		var more [1]byte
		n, err := io.ReadFull(r.from, more[:])
		if n > 0 {
			return fmt.Errorf("%w: the entry expands to more than the %d bytes that it should have", store.ErrCorrupt, r.e.size)
		}
		if err != io.EOF {
			return r.explain(err)
		}
	}
	if r.sum.Sum32() != r.e.crc {
		return errSum
	}
	return nil
}

// explain says what an error of reading means.
func (r *reader) explain(err error) error {
	if i, ok := r.from.(*inflater); ok && i.in.err == nil {
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("%w: the entry expands to less than the %d bytes that it should have", store.ErrCorrupt, r.e.size)
		}
		return fmt.Errorf("%w: %s", store.ErrCorrupt, err.Error()) // which has io.ErrUnexpectedEOF in it
	} else if ok {
		err = i.in.err
	}
	if errors.Is(err, io.EOF) {
		return errChanged
	}
	return r.s.lost(err)
}

func (r *reader) Close() error {
	r.err = store.ErrClosed
	if i, ok := r.from.(*inflater); ok {
		i.free()
	}
	r.from = eof{}
	if r.below == nil {
		return nil
	}
	err := r.below.Close()
	r.below = nil
	return err
}

// inflater expands; its state comes from a pool when it is first needed.
type inflater struct {
	in *input
	r  io.ReadCloser
}

func (i *inflater) Read(p []byte) (int, error) {
	if i.r == nil {
		i.r = inflaters.Get().(io.ReadCloser)
		if err := i.r.(flate.Resetter).Reset(bufio.NewReaderSize(i.in, 32<<10), nil); err != nil {
			return 0, err
		}
	}
	return i.r.Read(p)
}

func (i *inflater) free() {
	if i.r != nil {
		inflaters.Put(i.r)
		i.r = nil
	}
}

// input remembers why compressed bytes did not come.
type input struct {
	s    *Store
	from io.Reader
	err  error
}

func (i *input) Read(p []byte) (int, error) {
	n, err := i.from.Read(p)
	if err != nil && err != io.EOF {
		i.err = err
	}
	return n, err
}

// eof has nothing to read.
type eof struct{}

func (eof) Read([]byte) (int, error) { return 0, io.EOF }

// named is a reader whose errors are the store's.
type named struct{ r *reader }

func (n named) Read(p []byte) (int, error) {
	got, err := n.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = n.r.s.fail("get", n.r.e.name, err)
	}
	return got, err
}

func (n named) Close() error { return n.r.Close() }
