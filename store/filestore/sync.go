package filestore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/dosna/dosna/store"
)

// dirtyMost is how many objects, or folders, are remembered to be synced one by
// one; beyond it everything is, so that memory is bounded.
const dirtyMost = 512

// settledMost is how many folders are remembered to be durable.
const settledMost = 10_000

// dirty is what was changed since the last Sync.
type dirty struct {
	mu      sync.Mutex
	lost    error               // of a Sync: the system does not try again to write what it failed to
	left    map[string]struct{} // folders that objects were deleted from, and that were not empty
	settled map[string]identity // folders whose names are durable, and all above
	changes
}

// remains notes that a folder is not empty, as far as there is room for notes.
func (d *dirty) remains(prefix string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.left == nil {
		d.left = map[string]struct{}{}
	}
	if len(d.left) < dirtyMost {
		d.left[prefix] = struct{}{}
	}
}

func (d *dirty) takeRemains() map[string]struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	left := d.left
	d.left = nil
	return left
}

type changes struct {
	root    bool // the root directory itself was made
	keys    map[string]struct{}
	folders map[string]struct{}
	since   int64 // no object put has an earlier modification time
	full    bool  // keys and folders do not tell all
	foreign bool  // objects were put on other file systems than the root's
}

// put notes that an object was put.
func (d *dirty) put(key, prefix string, mtime int64, foreign bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.since == 0 {
		d.since = mtime
	}
	d.since = min(d.since, mtime)
	d.foreign = d.foreign || foreign
	if d.full {
		return
	}
	if d.keys == nil {
		d.keys = map[string]struct{}{}
	}
	d.keys[key] = struct{}{}
	d.add(prefix)
}

// folder notes that names in a folder changed.
func (d *dirty) folder(prefix string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.full {
		d.add(prefix)
	}
}

func (d *dirty) add(prefix string) {
	if d.folders == nil {
		d.folders = map[string]struct{}{}
	}
	d.folders[prefix] = struct{}{}
	if len(d.folders) > dirtyMost || len(d.keys) > dirtyMost {
		d.keys, d.folders, d.full = nil, nil, true
	}
}

// moved notes that a folder has another name now.
func (d *dirty) moved() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.keys, d.folders, d.full = nil, nil, true
	d.settled = nil
}

func (d *dirty) take() changes {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := d.changes
	d.changes = changes{}
	return c
}

// giveBack notes that changes could not be made durable.
func (d *dirty) giveBack(c changes) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.root = d.root || c.root
	d.foreign = d.foreign || c.foreign
	if c.since != 0 && (d.since == 0 || c.since < d.since) {
		d.since = c.since
	}
	d.keys, d.folders, d.full = nil, nil, true
}

// Sync implements store.Syncer.
func (s *Store) Sync(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return s.fail("sync", "", err)
	}
	s.tidy()
	c, err := s.dirty.take(), s.dirty.wasLost()
	if err == nil {
		err = s.sync(ctx, c)
	}
	if err != nil {
		s.dirty.giveBack(c)
		if f := (failure{}); errors.As(err, &f) {
			s.dirty.lose(err)
		}
		return s.fail("sync", "", err)
	}
	return nil
}

// failure is the system's answer that it could not write something to the disk.
type failure struct{ error }

func (f failure) Unwrap() error { return f.error }

func failed(err error) error {
	if err != nil {
		err = failure{err}
	}
	return err
}

func (d *dirty) lose(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.lost == nil {
		d.lost = fmt.Errorf("what was put before a failed Sync may be lost at a loss of power; put it again through a store opened anew: %w", plain(err))
	}
}

func (d *dirty) wasLost() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.lost
}

func (s *Store) sync(ctx context.Context, c changes) error {
	if c.root {
		if err := syncDir(filepath.Dir(s.path)); err != nil {
			return err
		}
	}
	if !c.full {
		return s.syncEach(ctx, c)
	}
	if !c.foreign {
		err := s.inRoot(func(root dir) error { return failed(root.syncAll()) })
		if !errors.Is(err, errors.ErrUnsupported) {
			return err
		}
	}
	since := c.since
	if since == 0 {
		since = math.MaxInt64 // nothing but names changed
	}
	return s.syncTree(ctx, "", time.Unix(0, since).Add(-4*time.Second))
}

// syncEach syncs objects, which may be gone, and then the folders with their
// names.
func (s *Store) syncEach(ctx context.Context, c changes) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(16)
	for key := range c.keys {
		g.Go(func() error { return s.syncKey(ctx, key) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	// Those above may have been made by somebody else, and not be durable yet.
	done := map[string]bool{}
	for prefix := range c.folders {
		for !done[prefix] {
			if err := s.syncFolder(prefix); err != nil {
				return err
			}
			done[prefix] = true
			if prefix != "" {
				prefix, _ = split(prefix)
			}
		}
	}
	return nil
}

// settle makes the names in a folder durable, and those of all folders on the way
// to it, whoever has made them. It ends at one of which it did so before.
func (s *Store) settle(prefix string) error {
	found := map[string]identity{}
	for {
		id, known, err := s.settleOne(prefix)
		if err != nil {
			return err
		}
		if known {
			break
		}
		found[prefix] = id
		if prefix == "" {
			s.dirty.mu.Lock()
			made := s.dirty.root
			s.dirty.mu.Unlock()
			if made {
				err = syncDir(filepath.Dir(s.path))
			}
			if err != nil {
				return err
			}
			break
		}
		prefix, _ = split(prefix)
	}
	s.dirty.settle(found)
	return nil
}

// settleOne makes the names in a folder durable, and reports whether its own name
// and those above it are known to be.
func (s *Store) settleOne(prefix string) (id identity, known bool, err error) {
	d, err := s.openDir(prefix)
	if errors.Is(err, store.ErrNotExist) {
		return id, false, nil
	}
	if err != nil {
		return id, false, err
	}
	defer d.close()
	id = d.identity()
	return id, s.dirty.isSettled(prefix, id), d.sync()
}

// identity tells a directory from every other that was at the same place before or
// will be. The zero value is none.
type identity struct {
	dev, ino uint64
	born     int64
}

// settle notes folders whose own names, and all above, are durable.
func (d *dirty) settle(found map[string]identity) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.settled == nil || len(d.settled) > settledMost {
		d.settled = map[string]identity{}
	}
	maps.Copy(d.settled, found)
}

func (d *dirty) isSettled(prefix string, id identity) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return id != identity{} && d.settled[prefix] == id
}

// syncDir makes the names in a directory durable.
func syncDir(path string) error {
	d, err := openRoot(path)
	if err != nil {
		return err
	}
	defer d.close()
	return d.sync()
}

func (s *Store) syncKey(ctx context.Context, key string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f, _, err := s.open(key)
	if errors.Is(err, store.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.close()
	return failed(f.sync())
}

func (s *Store) syncFolder(prefix string) error {
	d, err := s.openDir(prefix)
	if errors.Is(err, store.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer d.close()
	return failed(d.sync())
}

// syncTree syncs every object put since then, and every folder.
func (s *Store) syncTree(ctx context.Context, prefix string, since time.Time) error {
	f, names, _, err := s.readFolder(prefix)
	if f == nil || err != nil {
		return err
	}
	defer f.Close()
	for _, name := range names {
		if strings.HasSuffix(name, "/") {
			if err := s.syncTree(ctx, prefix+name, since); err != nil {
				return err
			}
			continue
		}
		info, err := f.Info(name)
		if err == nil && !info.ModTime.Before(since) {
			err = s.syncKey(ctx, prefix+name)
		}
		if err != nil && !errors.Is(err, store.ErrNotExist) {
			return err
		}
	}
	return failed(f.d.sync())
}
