package all_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/all"
)

// TestParquetReferences opens what kerchunk wrote, in a folder and through a server.
func TestParquetReferences(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../refstore/testdata")); err != nil {
		t.Fatal(err)
	}
	write(t, dir+"/data.bin", strings.Repeat("0123456789", 10))
	srv := httptest.NewServer(http.FileServer(http.Dir(dir)))
	t.Cleanup(srv.Close)
	for _, address := range []string{dir + "/kerchunk.parq", dir + "/kerchunk.json", srv.URL + "/kerchunk.parq#/t"} {
		s := open(t, address, store.OpenOptions{})
		if got, _, err := s.Get(t.Context(), "t/1.2", store.GetOptions{}, nil); err != nil || string(got) != "234567" {
			t.Errorf("%s: %q, %v", address, got, err)
		}
		if _, _, err := s.Get(t.Context(), "t/1.1", store.GetOptions{}, nil); !errors.Is(err, store.ErrNotExist) {
			t.Errorf("%s: what is absent: %v", address, err)
		}
		if _, _, err := s.Get(t.Context(), "t/4.0", store.GetOptions{}, nil); err == nil || errors.Is(err, store.ErrNotExist) || !strings.Contains(err.Error(), "other.bin") {
			t.Errorf("%s: a source that is gone: %v", address, err)
		}
	}
	put(t, open(t, dir+"/plain.parq", store.OpenOptions{Create: true}), "x") // a root like others
	if _, err := open(t, dir+"/plain.parq", store.OpenOptions{}).Stat(t.Context(), "x"); err != nil {
		t.Error(err)
	}
}

func write(t *testing.T, path, data string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, []byte(data), 0o666)); err != nil {
		t.Fatal(err)
	}
}

// TestReferences: they lead to what is in their folder, however that is written, and
// elsewhere only by leave.
func TestReferences(t *testing.T) {
	dir := filepath.ToSlash(t.TempDir())
	redirect := ""
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/moved" {
			http.Redirect(w, r, redirect, http.StatusFound)
			return
		}
		http.FileServer(http.Dir(dir+"/in")).ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	other := httptest.NewServer(http.FileServer(http.Dir(dir + "/out")))
	t.Cleanup(other.Close)
	redirect = other.URL + "/b"
	write(t, dir+"/in/sub/a", "0123456789")
	write(t, dir+"/out/b", "secret")
	write(t, dir+"/in/refs.json", fmt.Sprintf(`{"zarr.json": "{}", "rel": ["sub/a", 2, 3], "dots": ["./sub/../sub/a", 2, 3], "abs": ["%[1]s/in/sub/a", 2, 3], "url": ["file://%[1]s/in/sub/a", 2, 3],
		"up": ["../out/b"], "upabs": ["%[1]s/in/../out/b"], "far": ["%[1]s/out/b"], "farurl": ["file://%[1]s/out/b"], "web": ["%[2]s/sub/a", 2, 3], "moved": ["%[2]s/moved"], "mem": ["mem://x/y"],
		"gone": ["sub/none", 0, 1], "odd": ["s9://x/y"]}`, dir, srv.URL))
	t.Chdir(dir)
	get := func(s store.Store, key string) (string, error) {
		got, _, err := s.Get(t.Context(), key, store.GetOptions{}, nil)
		return string(got), err
	}
	for address, works := range map[string]string{
		dir + "/in/refs.json": "rel dots abs url", "in/refs.json#/node": "rel dots abs url", "file://" + dir + "/in/refs.json": "rel dots abs url", srv.URL + "/refs.json": "rel dots web",
	} {
		s := open(t, address, store.OpenOptions{ReadOnly: true})
		for key := range strings.FieldsSeq(works) {
			if got, err := get(s, key); err != nil || got != "234" {
				t.Errorf("%s in %s: %q, %v", key, address, got, err)
			}
		}
		for key := range strings.FieldsSeq("up upabs far farurl mem moved odd") {
			if key == "moved" && strings.HasPrefix(address, "http") {
				continue // whoever opens a server goes where it sends
			}
			if got, err := get(s, key); !errors.Is(err, store.ErrPermission) {
				t.Errorf("%s in %s: %q, %v", key, address, got, err)
			}
		}
		if _, err := get(s, "gone"); err == nil || errors.Is(err, store.ErrNotExist) || !strings.Contains(err.Error(), "sub/none") {
			t.Errorf("a source that is gone: %v", err)
		}
	}
	allow, err := store.AllowPrefixes(srv.URL, dir+"/out", dir+"/in")
	if err != nil {
		t.Fatal(err)
	}
	s, err := all.Open(t.Context(), dir+"/in/refs.json", store.OpenOptions{Allow: allow})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for key, want := range map[string]string{"rel": "234", "web": "234", "far": "secret", "farurl": "secret"} {
		if got, err := get(s, key); err != nil || got != want {
			t.Errorf("%s: %q, %v", key, got, err)
		}
	}
	// On the server that the references are on they may lead anywhere, and no further.
	write(t, dir+"/in/deep/refs.json", fmt.Sprintf(`{"same": ["%[1]s/sub/a", 2, 3], "moved": ["%[1]s/moved"], "port": ["%[2]s/b"], "up": ["%[1]s/deep/%%2e%%2e/sub/a"]}`, srv.URL, other.URL))
	served := open(t, srv.URL+"/deep/refs.json", store.OpenOptions{})
	if got, err := get(served, "same"); err != nil || got != "234" {
		t.Errorf("%q, %v", got, err)
	}
	for _, key := range []string{"moved", "port", "up"} {
		if got, err := get(served, key); !errors.Is(err, store.ErrPermission) {
			t.Errorf("%s: %q, %v", key, got, err)
		}
	}
	for _, key := range []string{"mem", "moved", "up", "upabs"} {
		if got, err := get(s, key); !errors.Is(err, store.ErrPermission) {
			t.Errorf("%s: %q, %v", key, got, err)
		}
	}
	write(t, dir+"/bad.json", "{")
	if _, err := all.Open(t.Context(), "bad.json", store.OpenOptions{}); err == nil || !strings.Contains(err.Error(), "bad.json") {
		t.Error(err)
	}
	if _, err := all.Open(t.Context(), "none.json", store.OpenOptions{}); !errors.Is(err, store.ErrNotExist) {
		t.Error(err)
	}
}
