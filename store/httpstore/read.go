package httpstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/dosna/dosna/store"
)

const (
	// mostUntold bounds what is read of an object whose length is not told.
	mostUntold = 256 << 20

	// trusted is how much memory is taken for a length that a server tells,
	// before as many bytes have come.
	trusted = 64 << 20
)

// part is the part of an object that a read asked for, as it comes.
type part struct {
	info store.Info
	off  int64 // where it lies in the object
	n    int64 // its bytes
	from io.Reader
	pos  int64   // where in the object from stands
	a    *answer // nil: there is nothing to close
	last bool    // nothing may follow its bytes
	all  bool    // the server sent the whole object, or would
}

func (p *part) close() {
	if p.a != nil {
		p.a.close()
	}
}

// open asks for what o names. The part must be closed.
func (s *Store) open(ctx context.Context, key string, o store.GetOptions) (*part, error) {
	if err := store.CheckKey(key); err != nil {
		return nil, err
	}
	if err := o.Check(); err != nil {
		return nil, err
	}
	h := http.Header{}
	demand(h, o.Cond)
	wanted := rangeHeader(o.Range)
	if wanted != "" {
		h.Set("Range", wanted)
	}
	a, err := s.ask(ctx, http.MethodGet, key, h)
	switch {
	case errors.Is(err, store.ErrConflict):
		if _, err := s.stat(ctx, key); errors.Is(err, store.ErrNotExist) {
			return nil, err
		}
		return nil, store.ErrConflict
	case errors.Is(err, store.ErrNotModified) && o.Cond.IfNoneMatch == "":
		return nil, refused("the server answered 304 Not Modified to a request without that condition")
	case err != nil:
		return nil, err
	}
	var p *part
	switch {
	case a.status == http.StatusOK:
		p, err = whole(key, o, a)
	case wanted == "":
		err = refused(fmt.Sprintf("the server answered %d %s to a request for all", a.status, http.StatusText(a.status)))
	case a.status == http.StatusPartialContent && !strings.HasSuffix(a.header.Get("Content-Range"), "/0"): // Go's of an empty object
		p, err = partial(key, o, a)
	default:
		a.close()
		return s.beyond(ctx, key, o)
	}
	if err != nil {
		a.close()
		return nil, err
	}
	s.unversioned.Store(p.info.Version == "")
	return p, nil
}

// rangeHeader returns the header that asks for a range; "" asks for all.
func rangeHeader(r store.Range) string {
	switch {
	case r.Off < 0 && r.Off > math.MinInt64:
		return "bytes=-" + strconv.FormatInt(-r.Off, 10) // of which r.Len are read
	case r.Off < 0 || r.Off == 0 && r.Len == 0:
		return ""
	case r.Len == 0 || r.Off > math.MaxInt64-r.Len:
		return fmt.Sprintf("bytes=%d-", r.Off)
	}
	return fmt.Sprintf("bytes=%d-%d", r.Off, r.Off+r.Len-1)
}

// partial makes a part of a 206, which must be of the range that was asked for.
func partial(key string, o store.GetOptions, a *answer) (*part, error) {
	first, last, size, err := contentRange(a.header.Get("Content-Range"))
	if err != nil {
		return nil, err
	}
	info := describe(key, size, a.header)
	off, n, err := o.In(size, info.Version)
	if err != nil {
		return nil, err
	}
	end := off + n
	if o.Range.Off < 0 {
		end = size // which was asked for, as that range cannot be
	}
	if first != off || last != end-1 {
		return nil, refused(fmt.Sprintf("the server sent bytes %d to %d of %d, where %d to %d were asked for", first, last, size, off, end-1))
	}
	if a.length >= 0 && a.length != last-first+1 {
		return nil, refused(fmt.Sprintf("the server announced %d bytes, and that these are bytes %d to %d", a.length, first, last))
	}
	if !a.framed {
		return nil, errUnframed
	}
	return &part{info: info, off: off, n: n, from: a.body, pos: off, a: a, last: off+n == end}, nil
}

const errUnframed = refused("the server tells neither how long its answer is nor where it ends, so that one which broke off could not be told")

// whole makes a part of a 200, though perhaps a range was asked for.
func whole(key string, o store.GetOptions, a *answer) (*part, error) {
	if !a.framed {
		return nil, errUnframed
	}
	p := &part{from: a.body, a: a, all: true}
	if a.length < 0 {
		most := int64(mostUntold)
		if o.Max > 0 && o.Range == (store.Range{}) {
			most = min(most, o.Max)
		}
		data, err := io.ReadAll(io.LimitReader(a.body, most+1))
		if err != nil {
			return nil, err
		}
		if int64(len(data)) > most {
			return nil, fmt.Errorf("%w: more than %d bytes; the server does not tell how many", store.ErrTooLarge, most)
		}
		p.info = describe(key, int64(len(data)), a.header)
		p.from = bytes.NewReader(data)
	} else {
		p.info = describe(key, a.length, a.header)
	}
	var err error
	p.off, p.n, err = o.In(p.info.Size, p.info.Version)
	return p, err
}

// seek throws away what comes before off.
func (p *part) seek(off int64) error {
	n := off - p.pos
	p.pos = off
	if b, ok := p.from.(*bytes.Reader); ok {
		_, err := b.Seek(n, io.SeekCurrent)
		return err
	}
	_, err := io.CopyN(io.Discard, p.from, n)
	if errors.Is(err, io.EOF) {
		err = errShort
	}
	return err
}

var errShort = fmt.Errorf("%w: the server sent fewer bytes than it announced", store.ErrTemporary)

// beyond answers a read whose range the server calls unsatisfiable: it may begin
// exactly at the end.
func (s *Store) beyond(ctx context.Context, key string, o store.GetOptions) (*part, error) {
	info, err := s.stat(ctx, key)
	if err != nil {
		return nil, err
	}
	off, n, err := o.In(info.Size, info.Version)
	if err != nil {
		return nil, err
	}
	if n > 0 {
		return nil, fmt.Errorf("%w: the server says that there are no bytes from %d, and that there are %d bytes", store.ErrTemporary, off, info.Size)
	}
	return &part{info: info, off: off, from: bytes.NewReader(nil)}, nil
}

// fill reads len(dst) bytes of the part.
func (p *part) fill(dst []byte) error {
	n, err := io.ReadFull(p.from, dst)
	p.pos += int64(n)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = errShort
	}
	return err
}

// end says what is wrong if more follows than should.
func (p *part) end() error {
	if !p.last || p.a.length >= 0 {
		return nil
	}
	var more [1]byte
	switch n, err := io.ReadFull(p.from, more[:]); {
	case n > 0:
		return refused("the server sent more bytes than were asked for")
	case err == io.EOF:
		return nil
	default:
		return err
	}
}

// appendTo appends the part to dst. Of what a server announces no more memory is
// taken at first than trusted.
func (p *part) appendTo(dst []byte) ([]byte, error) {
	if err := p.seek(p.off); err != nil {
		return dst, err
	}
	have := int64(len(dst))
	for out := dst; ; {
		at := int64(len(out))
		left := have + p.n - at
		if left == 0 {
			return out, p.end()
		}
		room := int64(cap(out)) - at
		if room < left {
			grown := at + min(left, max(trusted, at))
			if room == 0 || at == have {
				out = append(make([]byte, 0, grown), out...)
				room = grown - at
			}
		}
		out = out[:at+min(room, left)]
		if err := p.fill(out[at:]); err != nil {
			return dst, err
		}
	}
}

// Get implements store.Store.
func (s *Store) Get(ctx context.Context, key string, o store.GetOptions, dst []byte) ([]byte, store.Info, error) {
	p, err := s.open(ctx, key, o)
	if err != nil {
		return dst, store.Info{}, s.fail("get", key, err)
	}
	defer p.close()
	out, err := p.appendTo(dst)
	if err != nil {
		return dst, store.Info{}, s.fail("get", key, err)
	}
	return out, p.info, nil
}

// OpenReader implements store.Streamer.
func (s *Store) OpenReader(ctx context.Context, key string, o store.GetOptions) (io.ReadCloser, store.Info, error) {
	p, err := s.open(ctx, key, o)
	if err == nil {
		if err = p.seek(p.off); err != nil {
			p.close()
		}
	}
	if err != nil {
		return nil, store.Info{}, s.fail("get", key, err)
	}
	return &reader{s: s, ctx: ctx, key: key, p: p, left: p.n}, p.info, nil
}

// reader reads a part as it comes.
type reader struct {
	s    *Store
	ctx  context.Context
	key  string
	p    *part
	left int64
	err  error
}

func (r *reader) Read(p []byte) (int, error) {
	if r.err == nil && r.ctx.Err() != nil {
		r.err = r.s.fail("get", r.key, r.ctx.Err())
	}
	if r.err == nil && r.left == 0 {
		r.err = io.EOF
		if err := r.p.end(); err != nil {
			r.err = r.s.fail("get", r.key, err)
		}
	}
	if r.err != nil || len(p) == 0 {
		return 0, r.err
	}
	n, err := r.p.from.Read(p[:min(int64(len(p)), r.left)])
	r.left -= int64(n)
	if err == io.EOF {
		err = nil
		if r.left > 0 {
			err = errShort
		}
	}
	if err != nil {
		r.err = r.s.fail("get", r.key, err)
	}
	return n, r.err
}

func (r *reader) Close() error {
	if r.p != nil {
		r.p.close()
	}
	r.p, r.err = nil, r.s.fail("get", r.key, store.ErrClosed)
	return nil
}
