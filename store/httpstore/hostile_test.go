package httpstore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/httpstore"
	"github.com/dosna/dosna/store/layer"
)

func writeFile(dir, key, data string) error {
	path := filepath.Join(dir, filepath.FromSlash(key))
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(data), 0o666)
}

// raw serves one connection after the other with the same bytes, whatever is
// asked.
func raw(t *testing.T, reply string) *httpstore.Store {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			buf := make([]byte, 4096)
			c.SetDeadline(time.Now().Add(10 * time.Second))
			c.Read(buf)
			io.WriteString(c, reply)
			c.Close()
		}
	}()
	s, err := httpstore.Open("http://"+l.Addr().String(), httpstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		l.Close()
		<-done
	})
	return s
}

// TestLies: answers that cannot be right are errors, and never an absent object.
func TestLies(t *testing.T) {
	for name, reply := range map[string]string{
		"short":                       "HTTP/1.1 206 x\r\nContent-Length: 4\r\nContent-Range: bytes 2-5/10\r\n\r\nab",
		"short chunked":               "HTTP/1.1 206 x\r\nTransfer-Encoding: chunked\r\nContent-Range: bytes 2-5/10\r\n\r\n2\r\nab\r\n",
		"short but ended":             "HTTP/1.1 206 x\r\nTransfer-Encoding: chunked\r\nContent-Range: bytes 2-5/10\r\n\r\n2\r\nab\r\n0\r\n\r\n",
		"long chunked":                "HTTP/1.1 206 x\r\nTransfer-Encoding: chunked\r\nContent-Range: bytes 2-5/10\r\n\r\n5\r\nabcde\r\n0\r\n\r\n",
		"other range":                 "HTTP/1.1 206 x\r\nContent-Length: 4\r\nContent-Range: bytes 3-6/10\r\n\r\nabcd",
		"less":                        "HTTP/1.1 206 x\r\nContent-Length: 3\r\nContent-Range: bytes 2-4/10\r\n\r\nabc",
		"more":                        "HTTP/1.1 206 x\r\nContent-Length: 5\r\nContent-Range: bytes 2-6/10\r\n\r\nabcde",
		"other length":                "HTTP/1.1 206 x\r\nContent-Length: 3\r\nContent-Range: bytes 2-5/10\r\n\r\nabc",
		"no range":                    "HTTP/1.1 206 x\r\nContent-Length: 4\r\n\r\nabcd",
		"no total":                    "HTTP/1.1 206 x\r\nContent-Length: 4\r\nContent-Range: bytes 2-5/*\r\n\r\nabcd",
		"total too small":             "HTTP/1.1 206 x\r\nContent-Length: 4\r\nContent-Range: bytes 2-5/3\r\n\r\nabcd",
		"negative":                    "HTTP/1.1 206 x\r\nContent-Length: 4\r\nContent-Range: bytes -2-5/10\r\n\r\nabcd",
		"backwards":                   "HTTP/1.1 206 x\r\nContent-Length: 4\r\nContent-Range: bytes 5-2/10\r\n\r\nabcd",
		"huge":                        "HTTP/1.1 206 x\r\nContent-Length: 4\r\nContent-Range: bytes 2-5/99999999999999999999\r\n\r\nabcd",
		"other unit":                  "HTTP/1.1 206 x\r\nContent-Length: 4\r\nContent-Range: rows 2-5/10\r\n\r\nabcd",
		"several ranges":              "HTTP/1.1 206 x\r\nContent-Length: 4\r\nContent-Type: multipart/byteranges; boundary=x\r\n\r\nabcd",
		"whole, broken off":           "HTTP/1.1 200 x\r\nContent-Length: 10\r\n\r\nabcd",
		"whole, before the range":     "HTTP/1.1 200 x\r\nContent-Length: 10\r\n\r\na",
		"whole, without an end":       "HTTP/1.1 200 x\r\n\r\nabcdefghij",
		"part, without an end":        "HTTP/1.1 206 x\r\nContent-Range: bytes 2-5/10\r\n\r\nabcd",
		"nothing":                     "",
		"half a header":               "HTTP/1.1 206 x\r\nContent-Le",
		"not HTTP":                    "SSH-2.0-OpenSSH_9.2\r\n",
		"two lengths":                 "HTTP/1.1 206 x\r\nContent-Length: 4\r\nContent-Length: 5\r\nContent-Range: bytes 2-5/10\r\n\r\nabcd",
		"gzip":                        "HTTP/1.1 206 x\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\nContent-Range: bytes 2-5/10\r\n\r\nabcd",
		"not satisfiable, and is":     "HTTP/1.1 416 x\r\nContent-Length: 0\r\nContent-Range: bytes */10\r\n\r\n",
		"redirect to another scheme":  "HTTP/1.1 302 x\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n",
		"redirect to no address":      "HTTP/1.1 302 x\r\nLocation: http://[::1\r\nContent-Length: 0\r\n\r\n",
		"redirect to nowhere":         "HTTP/1.1 302 x\r\nContent-Length: 0\r\n\r\n",
		"redirect in a circle":        "HTTP/1.1 302 x\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n",
		"switch to another protocol":  "HTTP/1.1 101 x\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
		"not modified, without asked": "HTTP/1.1 304 x\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := raw(t, reply)
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			dst := append(make([]byte, 0, 50), "head"...)
			o := store.GetOptions{Range: store.Range{Off: 2, Len: 4}}
			got, info, err := s.Get(ctx, "x", o, dst)
			check := func(what string, err error) {
				t.Helper()
				if err == nil || errors.Is(err, store.ErrNotExist) || errors.Is(err, io.ErrUnexpectedEOF) || ctx.Err() != nil {
					t.Errorf("%s: %v", what, err)
				}
				if e, ok := errors.AsType[*store.Error](err); !ok || e.Key != "x" {
					t.Errorf("%s: the error does not name the key: %v", what, err)
				}
			}
			check("get", err)
			if string(got) != "head" || info != (store.Info{}) {
				t.Errorf("%q, %+v with an error", got, info)
			}
			_, err = s.GetRanges(ctx, "x", store.Cond{}, []nd.Span{{Off: 2, Dst: make([]byte, 2)}, {Off: 4, Dst: make([]byte, 2)}})
			check("get ranges", err)
			r, _, err := s.OpenReader(ctx, "x", o)
			if err == nil {
				_, err = io.ReadAll(r)
				r.Close()
			}
			check("reader", err)
		})
	}
}

// endless is a body without end.
type endless struct{ w http.ResponseWriter }

func (e endless) send(r *http.Request) {
	buf := bytes.Repeat([]byte("x"), 1<<16)
	for r.Context().Err() == nil {
		if _, err := e.w.Write(buf); err != nil {
			return
		}
	}
}

// TestEndless: what is read of a body is bounded, and memory with it.
func TestEndless(t *testing.T) {
	length := ""
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if length != "" {
			w.Header().Set("Content-Length", length)
		}
		if r.Method != http.MethodHead {
			endless{w}.send(r)
		}
	}), "", httpstore.Options{})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, length = range []string{"", "1000000000000000"} {
		for _, o := range []store.GetOptions{{Max: 1000}, {Max: 1000, Range: store.Range{Off: 5}}} {
			if length == "" && o.Range.Off != 0 {
				continue // a quarter of a GiB is read for it: the object might be no longer
			}
			if _, _, err := s.Get(t.Context(), "x", o, nil); !errors.Is(err, store.ErrTooLarge) {
				t.Errorf("length %q, %+v: %v", length, o, err)
			}
		}
	}
	got, info, err := s.Get(t.Context(), "x", store.GetOptions{Range: store.Range{Off: 100, Len: 50}}, nil)
	if err != nil || len(got) != 50 || info.Size != 1e15 {
		t.Errorf("%d bytes, %+v, %v", len(got), info, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, _, err := s.Get(ctx, "x", store.GetOptions{Range: store.Range{Off: 1e14, Len: 50}}, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 50<<20 {
		t.Errorf("%d MiB were allocated", used>>20)
	}
}

// TestAnnouncedLength: memory is taken as bytes come, not as they are announced.
func TestAnnouncedLength(t *testing.T) {
	s := raw(t, "HTTP/1.1 200 x\r\nContent-Length: 4000000000000000000\r\n\r\nabcd")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, _, err := s.Get(t.Context(), "x", store.GetOptions{}, nil); !errors.Is(err, store.ErrTemporary) {
		t.Error(err)
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 100<<20 {
		t.Errorf("%d MiB were allocated for four bytes", used>>20)
	}
}

// TestSlow: a server that sends byte after byte can be left, and one that sends
// nothing is.
func TestSlow(t *testing.T) {
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100000")
		for r.Context().Err() == nil {
			io.WriteString(w, "x")
			w.(http.Flusher).Flush()
			time.Sleep(5 * time.Millisecond)
		}
	}), "", httpstore.Options{})
	for _, read := range readers(s) {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		if err := read(ctx); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, store.ErrTemporary) {
			t.Error(err)
		}
		cancel()
	}
	for name, head := range map[string]bool{"header": true, "body": false} {
		s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !head {
				w.Header().Set("Content-Length", "100000")
				w.(http.Flusher).Flush()
			}
			<-r.Context().Done()
		}), "", httpstore.Options{Idle: 20 * time.Millisecond})
		for _, read := range readers(s) {
			if err := read(t.Context()); !errors.Is(err, store.ErrTemporary) || !strings.Contains(err.Error(), "sent nothing") {
				t.Errorf("no %s: %v", name, err)
			}
		}
	}
}

func readers(s store.Store) []func(ctx context.Context) error {
	return []func(ctx context.Context) error{
		func(ctx context.Context) error { return third(s.Get(ctx, "x", store.GetOptions{}, nil)) },
		func(ctx context.Context) error {
			_, err := store.GetRanges(ctx, s, "x", store.Cond{}, []nd.Span{{Off: 1000, Dst: make([]byte, 9)}, {Off: 9000, Dst: make([]byte, 9)}})
			return err
		},
		func(ctx context.Context) error {
			r, _, err := store.OpenReader(ctx, s, "x", store.GetOptions{})
			if err != nil {
				return err
			}
			defer r.Close()
			_, err = io.Copy(io.Discard, r)
			return err
		},
	}
}

func third[A, B any](_ A, _ B, err error) error { return err }

// TestBroken: a connection that breaks off is temporary, and a stream goes on
// where it was, in the same version.
func TestBroken(t *testing.T) {
	data := bytes.Repeat([]byte("0123456789"), 10000)
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"1"`)
		http.ServeContent(&breaking{ResponseWriter: w, left: 30000}, r, "", time.Time{}, bytes.NewReader(data))
	}), "", httpstore.Options{})
	if _, _, err := s.Get(t.Context(), "x", store.GetOptions{}, nil); !errors.Is(err, store.ErrTemporary) {
		t.Error(err)
	}
	r, _, err := store.OpenReader(t.Context(), layer.Retry(s, layer.RetryOptions{Base: 1}), "x", store.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

// breaking breaks the connection off after some bytes.
type breaking struct {
	http.ResponseWriter
	left int
}

func (b *breaking) Write(p []byte) (int, error) {
	if len(p) > b.left {
		b.ResponseWriter.Write(p[:b.left])
		b.ResponseWriter.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	b.left -= len(p)
	return b.ResponseWriter.Write(p)
}

func TestUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	s, err := httpstore.Open("http://"+l.Addr().String(), httpstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Stat(t.Context(), "x"); err == nil || errors.Is(err, store.ErrTemporary) || !strings.Contains(err.Error(), "no answer") {
		t.Errorf("never there: %v", err)
	}
	if l, err = net.Listen("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: http.NotFoundHandler()}
	go func() { _ = srv.Serve(l) }()
	if _, err := s.Stat(t.Context(), "x"); !errors.Is(err, store.ErrNotExist) {
		t.Errorf("there: %v", err)
	}
	srv.Close()
	if _, err := s.Stat(t.Context(), "x"); !errors.Is(err, store.ErrTemporary) {
		t.Errorf("gone: %v", err)
	}
	s.Close()
	if _, err := s.Stat(t.Context(), "x"); !errors.Is(err, store.ErrClosed) {
		t.Error(err)
	}
}

// TestAllow: what is not allowed is not asked, directly or by a redirect.
func TestAllow(t *testing.T) {
	asked := false
	inner := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }), "", httpstore.Options{})
	host := ""
	allow := func(u *url.URL) error {
		if u.Host != host {
			return fmt.Errorf("the host %s is not allowed", u.Host)
		}
		return nil
	}
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, inner.String()+"/secret", http.StatusFound)
	}), "", httpstore.Options{Allow: allow})
	for _, host = range []string{"other", strings.TrimPrefix(s.String(), "http://")} {
		if _, _, err := s.Get(t.Context(), "x", store.GetOptions{}, nil); !errors.Is(err, store.ErrPermission) || !strings.Contains(err.Error(), "is not allowed") {
			t.Errorf("allowed %s: %v", host, err)
		}
	}
	if asked {
		t.Error("the other host was asked")
	}
}
