//go:build linux || darwin

package filestore

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dosna/dosna/store"
)

// TestListUnfinished lists the temporary files of dead writers if asked to, and
// those of living ones never.
func TestListUnfinished(t *testing.T) {
	s := openTest(t)
	if _, err := s.Put(t.Context(), "a/x", [][]byte{[]byte("x")}, store.Cond{}); err != nil {
		t.Fatal(err)
	}
	dead := "a/" + store.TempPrefix + "dead"
	if err := os.WriteFile(filepath.Join(s.path, dead), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	w, err := s.OpenWriter(t.Context(), "a/y", store.Cond{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if _, err := w.Write([]byte("being written")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		o    store.ListOptions
		want []string
	}{
		{store.ListOptions{}, []string{"a/x"}},
		{store.ListOptions{Unfinished: true}, []string{dead, "a/x"}},
		{store.ListOptions{Unfinished: true, Prefix: "a/", Shallow: true}, []string{dead, "a/x"}},
		{store.ListOptions{Unfinished: true, After: dead}, []string{"a/x"}},
	} {
		var got []string
		for info, err := range s.List(t.Context(), c.o) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, info.Key)
			if info.Key == dead && info.Size != 4 {
				t.Errorf("%+v", info)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%+v: %s", c.o, strings.Join(got, " "))
		}
	}
}
