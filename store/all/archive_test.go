package all_test

import (
	"archive/zip"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/all"
)

// makeZip writes an archive with the object x.
func makeZip(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := zip.NewWriter(f)
	e, err := w.Create("x")
	if err == nil {
		_, err = e.Write([]byte("data"))
	}
	if err := errors.Join(err, w.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestArchives(t *testing.T) {
	dir := t.TempDir()
	makeZip(t, filepath.Join(dir, "a b.zip"))
	makeZip(t, filepath.Join(dir, "B.ZIP"))
	srv := httptest.NewServer(http.FileServer(http.Dir(dir)))
	t.Cleanup(srv.Close)
	slashed := filepath.ToSlash(dir)
	t.Chdir(dir)
	for _, address := range []string{
		filepath.Join(dir, "a b.zip"), "a b.zip", "./a b.zip#/node", "B.ZIP", "file://" + slashed + "/a%20b.zip", "file://" + slashed + "/a b.zip#/node",
		srv.URL + "/a%20b.zip", srv.URL + "/B.ZIP?x=.zip#/node",
	} {
		s := open(t, address, store.OpenOptions{})
		if got, _, err := s.Get(t.Context(), "x", store.GetOptions{}, nil); err != nil || string(got) != "data" {
			t.Errorf("%s: %q, %v", address, got, err)
		}
		if _, err := s.Put(t.Context(), "y", nil, store.Cond{}); !errors.Is(err, store.ErrPermission) {
			t.Errorf("%s: put: %v", address, err)
		}
	}
	if err := os.Mkdir("d.zip", 0o777); err != nil {
		t.Fatal(err)
	}
	put(t, open(t, "d.zip", store.OpenOptions{}), "x")
	put(t, open(t, "new.zip", store.OpenOptions{Create: true}), "x")
	if err := os.WriteFile("bad.zip", []byte("x"), 0o666); err != nil {
		t.Fatal(err)
	}
	for address, says := range map[string]string{
		"none.zip": "dosna init", "none/none.zip": "none.zip", "bad.zip": "no ZIP archive", "file://" + slashed + "/none.zip": "dosna init",
		srv.URL + "/bad.zip": "no ZIP archive", "file:///x.zip?y=1": `"y"`,
	} {
		if _, err := all.Open(t.Context(), address, store.OpenOptions{}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestWeb(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "x"), []byte("data"), 0o666); err != nil {
		t.Fatal(err)
	}
	tries := 0
	files := http.FileServer(http.Dir(dir))
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if tries++; tries == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		files.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	s := open(t, srv.URL+"/?sig=1", store.OpenOptions{ReadOnly: true})
	if got, _, err := s.Get(t.Context(), "x", store.GetOptions{}, nil); err != nil || string(got) != "data" || tries != 2 {
		t.Errorf("%q, %v, %d tries", got, err, tries)
	}
	if err := all.Init(t.Context(), srv.URL); !errors.Is(err, store.ErrPermission) {
		t.Errorf("init: %v", err)
	}
	if _, err := all.Open(t.Context(), srv.URL, store.OpenOptions{Create: true}); !errors.Is(err, store.ErrPermission) {
		t.Errorf("create: %v", err)
	}
}
