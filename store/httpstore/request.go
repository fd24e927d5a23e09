package httpstore

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/dosna/dosna/store"
)

var (
	errFolder     = fmt.Errorf("%w: the server has a directory there", store.ErrNotExist)
	errStalled    = errors.New("the server sent nothing")
	errRedirects  = errors.New("the server redirects in a circle, or too often")
	errDowngraded = errors.New("the server redirects from https to http")
)

// forbidden is what Options.Allow returned.
type forbidden struct{ error }

func (f forbidden) Unwrap() []error { return []error{store.ErrPermission, f.error} }

// redirect says whether to follow a redirect.
func (s *Store) redirect(next *http.Request, via []*http.Request) error {
	last := via[len(via)-1]
	switch {
	case next.URL.Host == last.URL.Host && next.URL.Path == last.URL.Path+"/":
		return errFolder
	case len(via) >= 10:
		return errRedirects
	case last.URL.Scheme == "https" && next.URL.Scheme != "https":
		return errDowngraded
	}
	return s.allow(next.URL)
}

func (s *Store) allow(u *url.URL) error {
	if s.o.Allow == nil {
		return nil
	}
	if err := s.o.Allow(u); err != nil {
		return forbidden{err}
	}
	return nil
}

// answer is a response whose header is good, and its body unread.
type answer struct {
	status int
	header http.Header
	length int64 // of the body; -1: not told
	framed bool  // the body's end is told from a connection that broke off
	body   *body
}

// ask sends a request for an object, and returns an answer of status 200, 206 or
// 416, or else the error that the status means. The answer must be closed.
func (s *Store) ask(ctx context.Context, method, key string, header http.Header) (*answer, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if s.closed.Load() {
		return nil, store.ErrClosed
	}
	if err := s.gate.wait(ctx); err != nil {
		return nil, err
	}
	u := s.locate(key)
	if err := s.allow(u); err != nil {
		return nil, err
	}
	rctx, cancel := context.WithCancelCause(ctx)
	b := &body{ctx: ctx, own: rctx, cancel: cancel, idle: s.o.Idle}
	b.timer = time.AfterFunc(b.idle, func() { cancel(errStalled) })
	req := (&http.Request{Method: method, URL: u, Host: u.Host, Header: header, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}).WithContext(rctx)
	header.Set("Accept-Encoding", "identity")
	header.Set("User-Agent", "dosna")
	resp, err := s.client.Do(req) //nolint:bodyclose // body.stop closes it
	if err != nil {
		dial, ok := errors.AsType[*net.OpError](err)
		if err = b.explain(err); ok && dial.Op == "dial" && !s.reached.Load() && ctx.Err() == nil {
			err = fmt.Errorf("no answer: %w", dial) // it is not there, rather than away for a while
		}
		b.stop()
		return nil, err
	}
	s.reached.Store(true)
	b.from = resp.Body
	framed := resp.ContentLength >= 0 || len(resp.TransferEncoding) > 0 || resp.ProtoMajor > 1
	a := &answer{resp.StatusCode, resp.Header, resp.ContentLength, framed, b}
	if err := s.judge(a); err != nil {
		a.close()
		return nil, err
	}
	return a, nil
}

// close frees the answer. What is left of a short body is read, if it is there at
// once, so that the connection can be used again.
func (a *answer) close() {
	const worth = 16 << 10
	left := a.length - a.body.read
	if a.length < 0 && a.status >= 300 {
		left = worth
	}
	if left > 0 && left <= worth && a.body.ctx.Err() == nil {
		a.body.timer.Reset(time.Second)
		_, _ = io.CopyN(io.Discard, a.body.from, worth)
	}
	a.body.stop()
}

// judge says what is wrong with an answer by its status and header.
func (s *Store) judge(a *answer) error {
	text := fmt.Sprintf("the server answered %d %s", a.status, http.StatusText(a.status))
	switch code := a.status; {
	case code == http.StatusOK, code == http.StatusPartialContent:
		if e := a.header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
			return refused(fmt.Sprintf("the server sends it in the transport encoding %.40q, though asked not to: these are not the bytes that are stored", e))
		}
		return nil
	case code == http.StatusRequestedRangeNotSatisfiable:
		return nil
	case code == http.StatusNotModified:
		return store.ErrNotModified
	case code == http.StatusNotFound, code == http.StatusGone:
		return store.ErrNotExist
	case code == http.StatusUnauthorized, code == http.StatusForbidden, code == http.StatusProxyAuthRequired:
		return fmt.Errorf("%w: %s", store.ErrPermission, text)
	case code == http.StatusPreconditionFailed:
		return store.ErrConflict
	case code == http.StatusNotImplemented, code == http.StatusHTTPVersionNotSupported:
		return refused(text)
	case code >= 500, code == http.StatusRequestTimeout, code == http.StatusTooEarly, code == http.StatusTooManyRequests:
		if when := a.header.Get("Retry-After"); when != "" {
			s.gate.shut(when)
			text += ", and to come again after " + when
			if len(when) < 4 {
				text += " seconds"
			}
		}
		return fmt.Errorf("%w: %s", store.ErrTemporary, text)
	}
	return refused(text)
}

// refused is an answer that means nothing else that callers tell apart.
type refused string

func (r refused) Error() string { return string(r) }

// body reads an answer's body. It ends when nothing comes for too long.
type body struct {
	ctx    context.Context // the caller's
	own    context.Context // the request's
	cancel context.CancelCauseFunc
	timer  *time.Timer
	idle   time.Duration
	from   io.ReadCloser // nil before there is an answer
	read   int64
}

func (b *body) Read(p []byte) (int, error) {
	b.timer.Reset(b.idle)
	n, err := b.from.Read(p)
	b.read += int64(n)
	if err != nil && err != io.EOF { //nolint:errorlint // wrapped, it is a connection that broke off
		err = b.explain(err)
	}
	return n, err
}

func (b *body) stop() {
	b.timer.Stop()
	b.cancel(context.Canceled)
	if b.from != nil {
		_ = b.from.Close()
	}
}

// explain says what an error of the connection means. It does not pass on
// io.ErrUnexpectedEOF, which means something else in stores, nor the URL.
func (b *body) explain(err error) error {
	switch {
	case errors.Is(context.Cause(b.own), errStalled):
		return fmt.Errorf("%w: %w for %v", store.ErrTemporary, errStalled, b.idle)
	case b.ctx.Err() != nil:
		return b.ctx.Err()
	case b.own.Err() != nil:
		return store.ErrClosed
	case errors.Is(err, errFolder):
		return errFolder
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	for _, ours := range []error{errRedirects, errDowngraded} {
		if errors.Is(err, ours) {
			return ours
		}
	}
	if f, ok := errors.AsType[forbidden](err); ok {
		return f
	}
	if forGood(err) {
		return fmt.Errorf("no answer: %w", err)
	}
	if b.from != nil {
		return fmt.Errorf("%w: the connection broke off after %d bytes: %s", store.ErrTemporary, b.read, err.Error())
	}
	return fmt.Errorf("%w: no answer: %s", store.ErrTemporary, err.Error())
}

// forGood reports whether trying again is no use.
func forGood(err error) bool {
	var dns *net.DNSError
	var cert *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var host x509.HostnameError
	switch {
	case errors.As(err, &dns):
		return dns.IsNotFound
	case errors.As(err, &cert), errors.As(err, &record), errors.As(err, &host):
		return true
	}
	return strings.Contains(err.Error(), "unsupported protocol scheme") || strings.Contains(err.Error(), "failed to parse Location")
}
