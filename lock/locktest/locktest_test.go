package locktest_test

import (
	"testing"

	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/lock/locktest"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/filestore"
	"github.com/dosna/dosna/store/layer"
	"github.com/dosna/dosna/store/memstore"
)

func TestRun(t *testing.T) {
	for name, open := range map[string]func(t *testing.T) store.Store{
		"mem": func(*testing.T) store.Store { return memstore.New() },
		"file": func(t *testing.T) store.Store {
			s, err := filestore.Open(testenv.ScratchDir(t), store.OpenOptions{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close() })
			return s
		},
		"prefix": func(*testing.T) store.Store { return layer.Prefix(memstore.New(), "a/") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			locktest.Run(t, open)
		})
	}
}
