package httpstore_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/httpstore"
	"github.com/dosna/dosna/store/layer"
	"github.com/dosna/dosna/store/memstore"
	"github.com/dosna/dosna/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve starts a server and returns a store of it.
func serve(t *testing.T, h http.Handler, path string, o httpstore.Options) *httpstore.Store {
	t.Helper()
	srv := httptest.NewServer(h)
	s, err := httpstore.Open(srv.URL+path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		srv.CloseClientConnections()
		srv.Close()
	})
	return s
}

// site serves the objects of a store below /tree, in the ways of various servers.
type site struct {
	objects   store.Store
	noRanges  bool // answers with all
	noHead    bool
	noLength  bool // does not tell the length of what it sends
	noVersion bool
	dates     bool // has no entity tags, but old dates
}

func (h site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	key, ok := strings.CutPrefix(r.URL.Path, "/tree/")
	if !ok {
		http.NotFound(w, r)
		return
	}
	if r.Method == http.MethodHead && h.noHead {
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	data, info, err := h.objects.Get(r.Context(), key, store.GetOptions{}, nil)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	var changed time.Time
	switch {
	case h.noVersion:
	case h.dates:
		changed = time.Now().Add(-time.Hour)
	default:
		w.Header().Set("ETag", `"`+string(info.Version)+`"`)
	}
	if h.noRanges {
		r.Header.Del("Range")
	}
	if h.noLength {
		for i := 0; i < len(data); i += 1000 {
			w.Write(data[i:min(i+1000, len(data))])
			w.(http.Flusher).Flush()
		}
		return
	}
	http.ServeContent(w, r, "", changed, bytes.NewReader(data))
}

// hybrid reads through the web what it writes to memory, so that the checks of
// all stores can be made.
type hybrid struct {
	*httpstore.Store
	below store.Store
	tags  bool
}

func (h *hybrid) there(c store.Cond) store.Cond {
	c.IfMatch, c.IfNoneMatch = store.Version(strings.Trim(string(c.IfMatch), `"`)), store.Version(strings.Trim(string(c.IfNoneMatch), `"`))
	return c
}

func (h *hybrid) here(v store.Version, err error) (store.Version, error) {
	if v == "" || !h.tags {
		return "", err
	}
	return `"` + v + `"`, err
}

func (h *hybrid) Put(ctx context.Context, key string, parts [][]byte, c store.Cond) (store.Version, error) {
	return h.here(h.below.Put(ctx, key, parts, h.there(c)))
}

func (h *hybrid) Delete(ctx context.Context, key string, c store.Cond) error {
	return h.below.Delete(ctx, key, h.there(c))
}

func (h *hybrid) List(ctx context.Context, o store.ListOptions) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		for info, err := range h.below.List(ctx, o) {
			info.Version = ""
			if !yield(info, err) {
				return
			}
		}
	}
}

func (h *hybrid) OpenWriter(context.Context, string, store.Cond) (store.Writer, error) {
	return nil, errors.ErrUnsupported
}

func (h *hybrid) Close() error {
	return errors.Join(h.Store.Close(), h.below.Close())
}

func (h *hybrid) Guarantees() store.Guarantees {
	g := h.below.Guarantees()
	if !h.tags {
		return store.Guarantees{}
	}
	return g
}

// TestReads makes the checks of all stores, of which the reading is done through
// servers of several kinds.
func TestReads(t *testing.T) {
	for name, h := range map[string]site{
		"plain":                {},
		"no ranges":            {noRanges: true},
		"no HEAD":              {noHead: true},
		"no versions":          {noVersion: true},
		"no ranges nor length": {noRanges: true, noLength: true, noHead: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			open := func(t *testing.T) store.Store {
				h := h
				h.objects = memstore.New()
				s := serve(t, h, "/tree", httpstore.Options{})
				return &hybrid{s, h.objects, !h.noVersion}
			}
			if h == (site{}) && !testing.Short() {
				storetest.Run(t, open)
				return
			}
			for _, c := range storetest.Checks() {
				if s := open(t); !c.Heavy && c.For(s.Guarantees()) {
					if err := c.Run(t.Context(), s); err != nil {
						t.Errorf("%s: %v", c, err)
					}
				}
			}
		})
	}
}

func TestForwards(t *testing.T) {
	s := serve(t, http.NotFoundHandler(), "", httpstore.Options{})
	for what, err := range map[string]error{
		"put":    second(s.Put(t.Context(), "x", nil, store.Cond{})),
		"delete": s.Delete(t.Context(), "x", store.Cond{}),
		"write":  second(store.OpenWriter(t.Context(), s, "x", store.Cond{})),
	} {
		if !errors.Is(err, store.ErrPermission) || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, err := range s.List(t.Context(), store.ListOptions{}) {
		if !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), "consolidated") {
			t.Errorf("list: %v", err)
		}
	}
}

func second[A any](_ A, err error) error { return err }

func TestAddresses(t *testing.T) {
	for address, ok := range map[string]bool{
		"http://h": true, "https://h/a?x=1&x=2": true, "HTTP://h:80/a/": true, "http://[::1]:8/": true,
		"http://": false, "http:///x": false, "ftp://h": false, "h/x": false, "http://u:p@h/": false, "http://h/#a": false, "http://h:x": false, "http://%zz": false,
	} {
		s, err := httpstore.Open(address, httpstore.Options{})
		if (err == nil) != ok || err != nil && !errors.Is(err, store.ErrInvalid) {
			t.Errorf("%s: %v", address, err)
		}
		if err == nil && strings.Contains(s.String(), "x=") {
			t.Errorf("%s is called %s", address, s)
		}
	}
	u, _ := store.ParseURL("http://h/x")
	if _, err := httpstore.OpenURL(t.Context(), u, store.OpenOptions{Create: true}); !errors.Is(err, store.ErrPermission) {
		t.Errorf("created: %v", err)
	}
	if err := httpstore.InitURL(t.Context(), u); !errors.Is(err, store.ErrPermission) {
		t.Errorf("made: %v", err)
	}
}

// TestQuery: the query goes with every request, as it was written, and escapes in
// the path stay what they are.
func TestQuery(t *testing.T) {
	var seen []string
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.RequestURI)
		if r.Header.Get("Accept-Encoding") != "identity" {
			t.Errorf("the encoding %q was asked for", r.Header.Get("Accept-Encoding"))
		}
		io.WriteString(w, "data")
	}), "/a%2Fb/c%20d/?sig=a%2Bb+c&sig=2;x", httpstore.Options{})
	for _, key := range []string{"x/y", "ä +?#%&=:@;"} {
		if _, _, err := s.Get(t.Context(), key, store.GetOptions{}, nil); err != nil {
			t.Error(err)
		}
	}
	want := []string{"/a%2Fb/c%20d/x/y?sig=a%2Bb+c&sig=2;x", "/a%2Fb/c%20d/%C3%A4%20%2B%3F%23%25&=:@%3B?sig=a%2Bb+c&sig=2;x"}
	if strings.Join(seen, "\n") != strings.Join(want, "\n") {
		t.Errorf("asked for %q, want %q", seen, want)
	}
	_, _, err := s.Get(t.Context(), "", store.GetOptions{}, nil)
	if err == nil || strings.Contains(err.Error(), "sig") {
		t.Errorf("the message tells the query: %v", err)
	}
}

func TestStatus(t *testing.T) {
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		code, _ := strconv.Atoi(r.URL.Path[1:])
		w.WriteHeader(code)
	}), "", httpstore.Options{})
	kinds := []error{store.ErrNotExist, store.ErrPermission, store.ErrTemporary, store.ErrConflict, store.ErrNotModified}
	for code, want := range map[int]error{
		404: store.ErrNotExist, 410: store.ErrNotExist, 401: store.ErrPermission, 403: store.ErrPermission, 407: store.ErrPermission,
		408: store.ErrTemporary, 425: store.ErrTemporary, 429: store.ErrTemporary, 500: store.ErrTemporary, 502: store.ErrTemporary,
		503: store.ErrTemporary, 504: store.ErrTemporary, 507: store.ErrTemporary, 599: store.ErrTemporary, 412: store.ErrConflict,
		501: nil, 505: nil, 400: nil, 418: nil, 300: nil, 204: nil, 206: nil, 304: nil, 416: nil,
	} {
		key := strconv.Itoa(code)
		_, _, err := s.Get(t.Context(), key, store.GetOptions{}, nil)
		if err == nil || want != nil && !errors.Is(err, want) {
			t.Errorf("%d: %v", code, err)
			continue
		}
		for _, kind := range kinds {
			if kind != want && errors.Is(err, kind) {
				t.Errorf("%d is also %v: %v", code, kind, err)
			}
		}
		if _, err := s.Stat(t.Context(), key); err == nil || want != nil && !errors.Is(err, want) {
			t.Errorf("stat %d: %v", code, err)
		}
	}
}

func TestFolders(t *testing.T) {
	dir := t.TempDir()
	files := http.FileServer(http.Dir(dir))
	s := serve(t, files, "", httpstore.Options{})
	if err := writeFile(dir, "a/b/x", "data"); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"a", "a/b"} {
		if _, _, err := s.Get(t.Context(), key, store.GetOptions{}, nil); !errors.Is(err, store.ErrNotExist) {
			t.Errorf("get of the folder %s: %v", key, err)
		}
		if _, err := s.Stat(t.Context(), key); !errors.Is(err, store.ErrNotExist) {
			t.Errorf("stat of the folder %s: %v", key, err)
		}
	}
	if got, info, err := s.Get(t.Context(), "a/b/x", store.GetOptions{Range: store.Range{Off: 1, Len: 2}}, nil); err != nil || string(got) != "at" || info.Size != 4 {
		t.Errorf("%q, %+v, %v", got, info, err)
	}
}

// TestDates: a date names a version only once it is old.
func TestDates(t *testing.T) {
	changed := time.Now()
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "", changed, strings.NewReader("data"))
	}), "", httpstore.Options{})
	if info, err := s.Stat(t.Context(), "x"); err != nil || info.Version != "" || info.ModTime.IsZero() {
		t.Errorf("of now: %+v, %v", info, err)
	}
	changed = changed.Add(-time.Hour)
	info, err := s.Stat(t.Context(), "x")
	if err != nil || info.Version == "" {
		t.Fatalf("of an hour ago: %+v, %v", info, err)
	}
	if _, _, err := s.Get(t.Context(), "x", store.GetOptions{Cond: store.Cond{IfMatch: info.Version}, Range: store.Range{Len: 2}}, nil); err != nil {
		t.Error(err)
	}
	if _, _, err := s.Get(t.Context(), "x", store.GetOptions{Cond: store.Cond{IfNoneMatch: info.Version}}, nil); !errors.Is(err, store.ErrNotModified) {
		t.Error(err)
	}
	changed = changed.Add(5 * time.Second)
	if _, _, err := s.Get(t.Context(), "x", store.GetOptions{Cond: store.Cond{IfMatch: info.Version}}, nil); !errors.Is(err, store.ErrConflict) {
		t.Error(err)
	}
}

// TestTags: weak entity tags are no versions, and conditions that the server does
// not heed are kept all the same.
func TestTags(t *testing.T) {
	tag := ""
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("ETag", tag)
		w.Header().Set("Last-Modified", "Mon, 01 Jan 2001 00:00:00 GMT")
		io.WriteString(w, "data")
	}), "", httpstore.Options{})
	for _, tag = range []string{`W/"a"`, `a`, `"a`, `"a b"`, `"`} {
		if info, err := s.Stat(t.Context(), "x"); err != nil || info.Version != "" {
			t.Errorf("%s: %+v, %v", tag, info, err)
		}
	}
	tag = `"now"`
	for c, want := range map[store.Cond]error{
		{IfMatch: `"now"`}: nil, {IfMatch: `"old"`}: store.ErrConflict, {IfNoneMatch: `"now"`}: store.ErrNotModified, {IfNoneMatch: `"old"`}: nil,
		{IfMatch: "date Mon, 01 Jan 2001 00:00:00 GMT, 4 bytes"}: store.ErrConflict, {IfMatch: "\"\r\nX: y\""}: store.ErrConflict,
	} {
		_, _, err := s.Get(t.Context(), "x", store.GetOptions{Cond: c}, nil)
		if !errors.Is(err, want) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// TestGetRanges: near spans are one request, far ones several, all of one version.
func TestGetRanges(t *testing.T) {
	data := make([]byte, 20<<20)
	for i := range data {
		data[i] = byte(i * i >> 7)
	}
	var asked atomic.Int64
	var mu sync.Mutex
	tag := `"1"`
	heed := true
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked.Add(1)
		w.Header().Set("ETag", tag)
		if !heed {
			r.Header.Del("If-Match")
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
	}), "", httpstore.Options{})
	for _, c := range []struct {
		at       []int64
		requests int64
	}{
		{nil, 1}, {[]int64{5}, 1}, {[]int64{5, 3, 200, 60000}, 1}, {[]int64{-100}, 1}, {[]int64{-100, -300}, 1},
		{[]int64{0, 10 << 20}, 2}, {[]int64{0, 5 << 20, 10 << 20, -100}, 4}, {[]int64{-1000, 20<<20 - 500}, 1},
	} {
		var spans []nd.Span
		for _, off := range c.at {
			spans = append(spans, nd.Span{Off: off, Dst: make([]byte, 100)})
		}
		asked.Store(0)
		info, err := s.GetRanges(t.Context(), "x", store.Cond{}, spans)
		if err != nil || info.Size != int64(len(data)) || info.Version != `"1"` {
			t.Fatalf("%v: %+v, %v", c.at, info, err)
		}
		if asked.Load() != c.requests {
			t.Errorf("%v: %d requests, want %d", c.at, asked.Load(), c.requests)
		}
		for _, span := range spans {
			off := span.Off
			if off < 0 {
				off += int64(len(data))
			}
			if !bytes.Equal(span.Dst, data[off:off+100]) {
				t.Errorf("%v: wrong bytes at %d", c.at, off)
			}
		}
	}
	// The object changes after the first answer, for servers that say so and those that do not.
	for _, heed = range []bool{true, false} {
		n := 0
		s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			n++
			w.Header().Set("ETag", `"`+strconv.Itoa(n)+`"`)
			if !heed {
				r.Header.Del("If-Match")
			}
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
		}), "", httpstore.Options{})
		_, err := s.GetRanges(t.Context(), "x", store.Cond{}, []nd.Span{{Off: 0, Dst: make([]byte, 9)}, {Off: 10 << 20, Dst: make([]byte, 9)}})
		if !errors.Is(err, store.ErrConflict) {
			t.Errorf("changed between two ranges: %v", err)
		}
	}
}

// TestParallel: connections are used again, and as many as are worth having are.
func TestParallel(t *testing.T) {
	var mu sync.Mutex
	conns := map[string]bool{}
	var under, most atomic.Int64
	all := make(chan struct{})
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		conns[r.RemoteAddr] = true
		mu.Unlock()
		if n := under.Add(1); n == int64(s0concurrency) {
			most.Store(n)
			close(all)
		}
		if strings.HasPrefix(r.URL.Path, "/first") {
			<-all
		}
		under.Add(-1)
		if strings.HasSuffix(r.URL.Path, "7") {
			http.NotFound(w, r)
			return
		}
		io.WriteString(w, "data")
	}), "", httpstore.Options{})
	for _, round := range []string{"first", "second", "third"} {
		var wg sync.WaitGroup
		for i := range s0concurrency {
			wg.Go(func() { s.Get(t.Context(), round+strconv.Itoa(i), store.GetOptions{}, nil) })
		}
		wg.Wait()
	}
	if most.Load() != s0concurrency || len(conns) != s0concurrency {
		t.Errorf("%d requests at a time over %d connections, want %d", most.Load(), len(conns), s0concurrency)
	}
}

const s0concurrency = 32

// TestRetry: a server that is busy is asked again, when it said.
func TestRetry(t *testing.T) {
	var n atomic.Int64
	var first time.Time
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if n.Add(1) == 1 {
			first = time.Now()
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		if time.Since(first) < 900*time.Millisecond {
			t.Errorf("asked again after %v", time.Since(first))
		}
		io.WriteString(w, "data")
	}), "", httpstore.Options{})
	got, _, err := layer.Retry(s, layer.RetryOptions{Base: time.Millisecond}).Get(t.Context(), "x", store.GetOptions{}, nil)
	if err != nil || string(got) != "data" {
		t.Errorf("%q, %v", got, err)
	}

	n.Store(0)
	s = serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n.Add(1)
		w.Header().Set("Retry-After", "100")
		w.WriteHeader(http.StatusTooManyRequests)
	}), "", httpstore.Options{})
	for range 3 {
		if _, err := s.Stat(t.Context(), "x"); !errors.Is(err, store.ErrTemporary) {
			t.Error(err)
		}
	}
	if n.Load() != 1 {
		t.Errorf("a server that wants to be left alone was asked %d times", n.Load())
	}
}
