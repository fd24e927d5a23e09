package storetest_test

import (
	"context"
	"crypto/rand"
	"os"
	"testing"

	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/filestore"
	"github.com/dosna/dosna/store/memstore"
	"github.com/dosna/dosna/store/storetest"
)

var processes = storetest.Processes{Open: openDir}

func openDir(_ context.Context, dir string) (store.Store, error) {
	return filestore.Open(dir, store.OpenOptions{})
}

func TestMain(m *testing.M) {
	processes.Child()
	os.Exit(m.Run())
}

func TestProcesses(t *testing.T) {
	processes.Run(t, 3, func(t *testing.T) string { return t.TempDir() })
}

func TestShared(t *testing.T) {
	t.Run("file", func(t *testing.T) {
		storetest.RunShared(t, func(t *testing.T) storetest.Opener {
			dir := t.TempDir()
			return func(ctx context.Context) (store.Store, error) { return openDir(ctx, dir) }
		})
	})
	t.Run("mem", func(t *testing.T) {
		storetest.RunShared(t, func(t *testing.T) storetest.Opener {
			name := rand.Text()
			return func(context.Context) (store.Store, error) { return memstore.Named(name), nil }
		})
	})
}
