package storetest_test

import (
	"context"
	"crypto/rand"
	"os"
	"strings"
	"testing"

	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/filestore"
	"github.com/dosna/dosna/store/memstore"
	"github.com/dosna/dosna/store/storetest"
)

var processes = storetest.Processes{Open: openDir}

// broken begins places whose store has conditions that hold in one process only.
const broken = "broken:"

func openDir(_ context.Context, dir string) (store.Store, error) {
	dir, wrong := strings.CutPrefix(dir, broken)
	s, err := filestore.Open(dir, store.OpenOptions{})
	if wrong && err == nil {
		return storetest.OwnLock(s), nil
	}
	return s, err
}

// TestProcessesNotice shows that processes find out what one alone cannot.
func TestProcessesNotice(t *testing.T) {
	const race = "put if match loses no update"
	for n, want := range map[int]bool{1: true, 4: false} {
		var err error
		for range 10 { // it need not show at once
			if err = processes.Race(t.Context(), race, broken+t.TempDir(), n); err != nil {
				break
			}
		}
		if (err == nil) != want {
			t.Errorf("%d processes, with locks of their own: %v", n, err)
		}
	}
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
