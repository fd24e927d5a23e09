package all_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/layer"
)

// observer counts as store.Observer.
type observer struct {
	meters  []*layer.Meter
	retried atomic.Int64
}

func (o *observer) Retried() { o.retried.Add(1) }
func (o *observer) Over(s store.Store) store.Store {
	m := layer.Metrics(s)
	o.meters = append(o.meters, m)
	return m
}

func (o *observer) count(op string) (n, failed int64) {
	for _, m := range layer.Total(o.meters...) {
		if m.Op == op {
			for _, k := range m.Errors {
				failed += k
			}
			return m.Count, failed
		}
	}
	return 0, 0
}

// TestObserver: each kind of store is observed, below what asks again.
func TestObserver(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "x"), []byte("12345"), 0o666); err != nil {
		t.Fatal(err)
	}
	files := http.FileServer(http.Dir(dir))
	var requests atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if requests.Add(1) <= 2 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		files.ServeHTTP(w, r)
	}))
	defer server.Close()
	for _, c := range []struct {
		url     string
		retried int64
	}{{dir, 0}, {"mem://observer", 0}, {server.URL, 2}} {
		o := &observer{}
		s := open(t, c.url, store.OpenOptions{Observer: o, ReadOnly: c.retried > 0})
		if c.retried == 0 {
			put(t, s, "x")
		}
		if _, _, err := s.Get(t.Context(), "x", store.GetOptions{}, nil); err != nil {
			t.Errorf("%s: %v", c.url, err)
		}
		if n, failed := o.count("get"); n != c.retried+1 || failed != c.retried || o.retried.Load() != c.retried {
			t.Errorf("%s: %d gets, of which %d failed; %d were tried again", c.url, n, failed, o.retried.Load())
		}
	}
	o := &observer{}
	if _, err := open(t, filepath.Join(dir, "x.zip"), store.OpenOptions{Create: true, Observer: o}).Stat(t.Context(), "y"); !errors.Is(err, store.ErrNotExist) {
		t.Error(err)
	}
	if n, _ := o.count("stat"); n != 2 { // one to see whether there is an archive
		t.Errorf("%d looks at a directory that is called like an archive", n)
	}
}
