package s3store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"golang.org/x/sync/errgroup"

	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/gather"
)

const (
	// trusted is how much memory is taken for a length that a server tells,
	// before as many bytes have come.
	trusted = 64 << 20

	// atATime is how many requests of one call are under way.
	atATime = 8
)

// part is the part of an object that a read asked for, as it comes.
type part struct {
	info store.Info
	n    int64 // its bytes
	body io.ReadCloser

	// Some servers (versitygw) look up the tag and then open the object, which
	// may have been replaced meanwhile.
	racy bool
}

// settled is the age of an object that was not replaced just now: the time of change is that of the object
// that the server opened.
const settled = time.Minute

// isRacy tells whether the tag in an answer may be that of the object's predecessor.
func isRacy(h http.Header, changed *time.Time) bool {
	if h.Get("Server") != "VERSITYGW" {
		return false
	}
	now, err := http.ParseTime(h.Get("Date"))
	return err != nil || changed == nil || now.Sub(*changed) < settled
}

// confirm is an error unless the bytes of the part that was read are of the version
// that came with them.
func (s *Store) confirm(ctx context.Context, p *part) error {
	if !p.racy {
		return nil
	}
	now, err := s.stat(ctx, p.info.Key)
	if errors.Is(err, store.ErrNotExist) || err == nil && now.Version != p.info.Version {
		return store.ErrConflict
	}
	return err
}

// open asks for what o names. The part's body must be closed.
func (s *Store) open(ctx context.Context, key string, o store.GetOptions) (*part, error) {
	if err := s.check(key); err != nil {
		return nil, err
	}
	if err := o.Check(); err != nil {
		return nil, err
	}
	if err := s.ready(ctx); err != nil {
		return nil, err
	}
	in := &s3.GetObjectInput{Bucket: s.bucket(), Key: s.key(key), RequestPayer: s.payer()}
	if o.Cond.IfMatch != "" {
		in.IfMatch = aws.String(string(o.Cond.IfMatch))
	}
	if o.Cond.IfNoneMatch != "" {
		in.IfNoneMatch = aws.String(string(o.Cond.IfNoneMatch))
	}
	if r := rangeHeader(o.Range); r != "" {
		in.Range = &r
	}
	out, err := s.client().GetObject(ctx, in)
	if err != nil {
		var answer *smithyhttp.ResponseError
		if errors.As(err, &answer) && answer.Response != nil && answer.HTTPStatusCode() == http.StatusRequestedRangeNotSatisfiable {
			return s.beyond(ctx, key, o)
		}
		err = s.explain(ctx, err, reading)
		if errors.Is(err, store.ErrConflict) { // the server may look at the condition before it looks for the object
			if _, err := s.stat(ctx, key); errors.Is(err, store.ErrNotExist) {
				return nil, err
			}
		}
		return nil, err
	}
	p, err := s.describe(key, o, in.Range != nil, out)
	if err != nil {
		_ = out.Body.Close()
		return nil, err
	}
	if raw, ok := awsmiddleware.GetRawResponse(out.ResultMetadata).(*smithyhttp.Response); ok {
		p.racy = isRacy(raw.Header, out.LastModified)
	}
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

// describe holds an answer against what was asked for.
func (s *Store) describe(key string, o store.GetOptions, ranged bool, out *s3.GetObjectOutput) (*part, error) {
	if out.ContentLength == nil || *out.ContentLength < 0 {
		return nil, refused("the server does not tell how long its answer is")
	}
	length := *out.ContentLength
	first, size := int64(0), length
	if out.ContentRange != nil {
		var last int64
		var err error
		if first, last, size, err = contentRange(*out.ContentRange); err != nil {
			return nil, err
		}
		if length != last-first+1 {
			return nil, refused(fmt.Sprintf("the server announced %d bytes, and that these are bytes %d to %d", length, first, last))
		}
		if !ranged {
			return nil, refused("the server sent a part where all was asked for")
		}
	}
	info := info(key, size, out.ETag, out.LastModified)
	off, n, err := o.In(size, info.Version)
	if err != nil {
		return nil, err
	}
	p := &part{info: info, n: n, body: out.Body}
	if off < first || off+n > first+length {
		return nil, refused(fmt.Sprintf("the server sent %d bytes from %d of %d, where %d from %d were asked for", length, first, size, n, off))
	}
	if skip := off - first; skip > 0 { // the server knows no ranges
		if _, err := io.CopyN(io.Discard, out.Body, skip); err != nil {
			return nil, lost("the answer broke off: "+cause(err), reading)
		}
	}
	return p, nil
}

func info(key string, size int64, tag *string, at *time.Time) store.Info {
	i := store.Info{Key: key, Size: size}
	if tag != nil && *tag != "" && !strings.HasPrefix(*tag, "W/") {
		i.Version = store.Version(`"` + strings.Trim(*tag, `"`) + `"`) // some answers leave the quotes out
	}
	if at != nil {
		i.ModTime = *at
	}
	return i
}

// contentRange reads a Content-Range header (RFC 9110, section 14.4) of bytes.
func contentRange(header string) (first, last, size int64, err error) {
	bad := refused(fmt.Sprintf("the server sent a Content-Range that means nothing: %.60q", header))
	rest, ok := strings.CutPrefix(header, "bytes ")
	where, total, ok2 := strings.Cut(rest, "/")
	from, to, ok3 := strings.Cut(where, "-")
	if !ok || !ok2 || !ok3 {
		return 0, 0, 0, bad
	}
	for _, f := range []struct {
		text string
		into *int64
	}{{from, &first}, {to, &last}, {total, &size}} {
		u, err := strconv.ParseUint(f.text, 10, 63)
		if err != nil {
			return 0, 0, 0, bad
		}
		*f.into = int64(u)
	}
	if first > last || last >= size {
		return 0, 0, 0, bad
	}
	return first, last, size, nil
}

// beyond answers a read whose range the server calls unsatisfiable: it may begin
// exactly at the end.
func (s *Store) beyond(ctx context.Context, key string, o store.GetOptions) (*part, error) {
	info, err := s.stat(ctx, key)
	if err != nil {
		return nil, err
	}
	_, n, err := o.In(info.Size, info.Version)
	if err != nil {
		return nil, err
	}
	if n > 0 {
		return nil, fmt.Errorf("%w: the server says that there are no such bytes, and that there are %d in all", store.ErrTemporary, info.Size)
	}
	return &part{info: info, body: http.NoBody}, nil
}

// appendTo appends the part to dst. Of what a server announces no more memory is
// taken at first than trusted.
func (p *part) appendTo(dst []byte) ([]byte, error) {
	have := int64(len(dst))
	for out := dst; ; {
		at := int64(len(out))
		left := have + p.n - at
		if left == 0 {
			return out, nil
		}
		room := int64(cap(out)) - at
		if room < left && (room == 0 || at == have) {
			grown := at + min(left, max(trusted, at))
			out = append(make([]byte, 0, grown), out...)
			room = grown - at
		}
		out = out[:at+min(room, left)]
		if _, err := io.ReadFull(p.body, out[at:]); err != nil {
			return dst, err
		}
	}
}

// broken is what an error means that came while an answer was read.
func (s *Store) broken(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return lost("the answer broke off: "+cause(err), reading)
}

// Get implements store.Store.
func (s *Store) Get(ctx context.Context, key string, o store.GetOptions, dst []byte) ([]byte, store.Info, error) {
	p, err := s.open(ctx, key, o)
	if err != nil {
		return dst, store.Info{}, s.fail("get", key, err)
	}
	defer p.body.Close()
	out, err := p.appendTo(dst)
	if err != nil {
		return dst, store.Info{}, s.fail("get", key, s.broken(ctx, err))
	}
	if o.Cond.IfMatch != "" {
		if err := s.confirm(ctx, p); err != nil {
			return dst, store.Info{}, s.fail("get", key, err)
		}
	}
	return out, p.info, nil
}

// Stat implements store.Store.
func (s *Store) Stat(ctx context.Context, key string) (store.Info, error) {
	err := s.check(key)
	if err == nil {
		err = s.ready(ctx)
	}
	var i store.Info
	if err == nil {
		i, err = s.stat(ctx, key)
	}
	if err != nil {
		return store.Info{}, s.fail("stat", key, err)
	}
	return i, nil
}

func (s *Store) stat(ctx context.Context, key string) (store.Info, error) {
	out, err := s.client().HeadObject(ctx, &s3.HeadObjectInput{Bucket: s.bucket(), Key: s.key(key), RequestPayer: s.payer()})
	if err != nil {
		return store.Info{}, s.explain(ctx, err, reading)
	}
	if out.ContentLength == nil {
		return store.Info{}, refused("the server does not tell how large the object is")
	}
	return info(key, *out.ContentLength, out.ETag, out.LastModified), nil
}

// GetRanges implements store.RangeGetter. Spans that follow each other closely are
// asked for together, and what lies far apart in parallel, all in the version of
// the first answer.
func (s *Store) GetRanges(ctx context.Context, key string, c store.Cond, spans []nd.Span) (store.Info, error) {
	i, err := s.getRanges(ctx, key, c, spans)
	if err != nil {
		return store.Info{}, s.fail("get ranges of", key, err)
	}
	return i, nil
}

func (s *Store) getRanges(ctx context.Context, key string, c store.Cond, spans []nd.Span) (store.Info, error) {
	if err := s.check(key); err != nil {
		return store.Info{}, err
	}
	if err := c.CheckRead(); err != nil {
		return store.Info{}, err
	}
	if err := s.ready(ctx); err != nil {
		return store.Info{}, err
	}
	first, ok := gather.First(spans, false)
	if !ok { // there is nothing to read, or nothing that could be there
		i, err := s.stat(ctx, key)
		if err == nil {
			err = c.MeetRead(i.Version)
		}
		if err == nil {
			_, err = gather.Place(spans, i.Size)
		}
		return i, err
	}
	p, err := s.open(ctx, key, store.GetOptions{Range: first, Cond: c})
	if err != nil {
		return store.Info{}, err
	}
	defer p.body.Close()
	if p.info.Version == "" {
		return store.Info{}, refused("the server gives objects no entity tag, so that parts of them cannot be told to belong together")
	}
	runs, err := gather.Place(spans, p.info.Size)
	if err != nil {
		return store.Info{}, err
	}
	off, _, err := first.In(p.info.Size)
	if err != nil {
		return store.Info{}, err
	}
	var left [][]gather.Piece
	taken := false
	for _, run := range runs {
		begin, end := gather.Extent(run)
		if taken || begin < off || end > off+p.n {
			left = append(left, run)
			continue
		}
		taken = true // a suffix may hold several; one of them comes from this answer
		_, err := io.CopyN(io.Discard, p.body, begin-off)
		if err == nil {
			err = gather.Scatter(p.body, run)
		}
		if err != nil {
			return store.Info{}, s.broken(ctx, err)
		}
	}
	err = s.rest(ctx, key, p.info, left)
	if err == nil && (c.IfMatch != "" || len(left) > 0) {
		err = s.confirm(ctx, p)
	}
	return p.info, err
}

// rest reads the runs that the first answer did not have, in its version.
func (s *Store) rest(ctx context.Context, key string, of store.Info, runs [][]gather.Piece) error {
	if len(runs) == 0 {
		return nil
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(atATime)
	for _, run := range runs {
		g.Go(func() error {
			begin, end := gather.Extent(run)
			o := store.GetOptions{Range: store.Range{Off: begin, Len: end - begin}, Cond: store.Cond{IfMatch: of.Version}}
			p, err := s.open(gctx, key, o)
			if errors.Is(err, io.ErrUnexpectedEOF) {
				return store.ErrConflict // it had that range before
			}
			if err != nil {
				return err
			}
			defer p.body.Close()
			if p.info.Size != of.Size || p.n != end-begin {
				return store.ErrConflict
			}
			if err := gather.Scatter(p.body, run); err != nil {
				return s.broken(gctx, err)
			}
			return nil
		})
	}
	err := g.Wait()
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// OpenReader implements store.Streamer.
func (s *Store) OpenReader(ctx context.Context, key string, o store.GetOptions) (io.ReadCloser, store.Info, error) {
	p, err := s.open(ctx, key, o)
	if err != nil {
		return nil, store.Info{}, s.fail("get", key, err)
	}
	return &reader{s: s, ctx: ctx, key: key, p: p, left: p.n, pinned: o.Cond.IfMatch != ""}, p.info, nil
}

// reader reads a part as it comes.
type reader struct {
	s    *Store
	ctx  context.Context
	key  string
	p    *part
	left int64
	err  error

	pinned bool // to a version
}

func (r *reader) Read(p []byte) (int, error) {
	if r.err == nil && r.ctx.Err() != nil {
		r.err = r.s.fail("get", r.key, r.ctx.Err())
	}
	if r.err == nil && r.left == 0 {
		r.err = io.EOF
		if r.pinned {
			if err := r.s.confirm(r.ctx, r.p); err != nil {
				r.err = r.s.fail("get", r.key, err)
			}
		}
	}
	if r.err != nil || len(p) == 0 {
		return 0, r.err
	}
	n, err := r.p.body.Read(p[:min(int64(len(p)), r.left)])
	r.left -= int64(n)
	if err == io.EOF {
		err = nil
		if r.left > 0 {
			err = io.ErrUnexpectedEOF
		}
	}
	if err != nil {
		r.err = r.s.fail("get", r.key, r.s.broken(r.ctx, err))
	}
	return n, r.err
}

func (r *reader) Close() error {
	if r.p != nil {
		_ = r.p.body.Close()
	}
	r.p, r.err = nil, r.s.fail("get", r.key, store.ErrClosed)
	return nil
}
