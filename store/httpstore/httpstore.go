package httpstore

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/dosna/dosna/store"
)

// Options modify how a server is talked to; the zero value is right for most.
type Options struct {
	// Transport does the requests; nil is one of the store's own, without
	// compression, that keeps enough connections to read from in parallel.
	Transport http.RoundTripper

	// Allow, if not nil, is asked before each request, redirects included, and
	// forbids it by an error: for addresses that come from strangers.
	Allow func(*url.URL) error

	// Idle is how long a server may send nothing; 0: a minute.
	Idle time.Duration
}

// Store is a folder of a web server.
type Store struct {
	base   url.URL // without slash at its end
	name   string
	client *http.Client
	o      Options
	gate   gate
	closed atomic.Bool

	unversioned atomic.Bool // the last answer had no version
	reached     atomic.Bool // the server has answered
}

// concurrency is how many requests at a time are worth having under way.
const concurrency = 32

// Open returns the store of a URL, without asking the server anything.
func Open(address string, o Options) (*Store, error) {
	base, err := url.Parse(address)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: the address of a web server is malformed", store.ErrInvalid)
	case base.Scheme != "http" && base.Scheme != "https":
		return nil, fmt.Errorf("%w: %q is not an http:// or https:// address", store.ErrInvalid, address)
	case base.Host == "" || base.Hostname() == "":
		return nil, fmt.Errorf("%w: %q names no host", store.ErrInvalid, address)
	case base.User != nil:
		return nil, fmt.Errorf("%w: a user's name or password does not belong in an address", store.ErrInvalid)
	case base.Fragment != "":
		return nil, fmt.Errorf("%w: %q has a # in it; write %%23", store.ErrInvalid, address)
	}
	s := &Store{base: *base, o: o}
	s.base.RawPath = strings.TrimRight(base.EscapedPath(), "/")
	s.base.Path, _ = url.PathUnescape(s.base.RawPath) // Parse has looked at it
	shown := s.base
	shown.RawQuery = ""
	s.name = shown.String()
	if base.RawQuery != "" {
		s.name += "?…"
	}
	if s.o.Idle <= 0 {
		s.o.Idle = time.Minute
	}
	if s.o.Transport == nil {
		s.o.Transport = &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DisableCompression:     true,
			ForceAttemptHTTP2:      true,
			MaxIdleConnsPerHost:    2 * concurrency,
			IdleConnTimeout:        90 * time.Second,
			TLSHandshakeTimeout:    20 * time.Second,
			MaxResponseHeaderBytes: 256 << 10,
		}
	}
	s.client = &http.Client{Transport: s.o.Transport, CheckRedirect: s.redirect}
	return s, nil
}

// OpenURL opens an http:// or https:// URL.
func OpenURL(ctx context.Context, u store.URL, o store.OpenOptions) (store.Store, error) {
	if o.Create {
		return nil, fmt.Errorf("%w: %s cannot be created: web servers are only read from", store.ErrPermission, u.Root)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var options Options
	if o.Requests != nil {
		options.Allow = func(to *url.URL) error {
			u, err := store.ParseURL(to.String())
			if err != nil {
				return err
			}
			return o.Requests.Check(u)
		}
	}
	s, err := Open(u.Root, options)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// InitURL refuses: nothing can be made on a web server.
func InitURL(_ context.Context, u store.URL) error {
	return fmt.Errorf("%w: %s cannot be made: web servers are only read from", store.ErrPermission, u.Root)
}

// String is the URL, without its query.
func (s *Store) String() string { return s.name }

// Guarantees promises what reads can keep.
func (s *Store) Guarantees() store.Guarantees {
	return store.Guarantees{ReadOnly: true, GetIfMatch: true, Shared: true, Remote: true, Concurrency: concurrency}
}

// Close closes idle connections. What is under way goes on.
func (s *Store) Close() error {
	if !s.closed.Swap(true) {
		s.client.CloseIdleConnections()
	}
	return nil
}

func (s *Store) fail(op, key string, err error) error {
	return &store.Error{Op: op, Store: s.name, Key: key, Err: err}
}

var errReadOnly = fmt.Errorf("%w: web servers are only read from", store.ErrPermission)

// Put is refused.
func (s *Store) Put(_ context.Context, key string, _ [][]byte, _ store.Cond) (store.Version, error) {
	return "", s.fail("put", key, errReadOnly)
}

// Delete is refused.
func (s *Store) Delete(_ context.Context, key string, _ store.Cond) error {
	return s.fail("delete", key, errReadOnly)
}

// OpenWriter is refused.
func (s *Store) OpenWriter(_ context.Context, key string, _ store.Cond) (store.Writer, error) {
	return nil, s.fail("write", key, errReadOnly)
}

var errNoListing = fmt.Errorf("%w: web servers do not list what they have; nodes can be opened by their path, and groups know what is below them once their metadata is consolidated, where they are stored, with: dosna consolidate",
	errors.ErrUnsupported)

// List is errors.ErrUnsupported.
func (s *Store) List(ctx context.Context, o store.ListOptions) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		err := store.CheckPrefix(o.Prefix)
		if err == nil {
			err = ctx.Err()
		}
		if err == nil && s.closed.Load() {
			err = store.ErrClosed
		}
		if err == nil {
			err = errNoListing
		}
		yield(store.Info{}, s.fail("list", o.Prefix, err))
	}
}

// locate returns the URL of an object.
func (s *Store) locate(key string) *url.URL {
	u := s.base
	u.Path += "/" + key
	var b strings.Builder
	b.WriteString(u.RawPath)
	for segment := range strings.SplitSeq(key, "/") {
		b.WriteByte('/')
		// A plus is itself in a path, but some servers take it for a space.
		b.WriteString(strings.ReplaceAll(url.PathEscape(segment), "+", "%2B"))
	}
	u.RawPath = b.String()
	return &u
}
