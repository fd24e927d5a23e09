package filestore_test

import (
	"testing"

	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/filestore"
	"github.com/dosna/dosna/store/storetest"
)

func open(t testing.TB, path string) *filestore.Store {
	t.Helper()
	s, err := filestore.Open(path, store.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store { return open(t, t.TempDir()) })
}
