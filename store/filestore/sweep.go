package filestore

import (
	"errors"
	"strings"
	"time"

	"github.com/dosna/dosna/store"
)

// staleAfter is when a temporary file whose writer cannot be asked by its lock
// is taken for dead.
const staleAfter = 24 * time.Hour

// sweep removes a temporary file unless its writer lives, and reports whether it is
// gone. The folder is locked meanwhile, for when an object is replaced the old one
// has the temporary name for a moment, and nobody's lock.
func sweep(d dir, name string) bool {
	locked, err := d.tryLock()
	if err == nil && !locked {
		return false
	}
	if locked {
		defer d.unlock()
	}
	f, a, err := d.open(name)
	if err != nil {
		return isAbsent(err)
	}
	defer f.close()
	dead, err := f.tryLock()
	if errors.Is(err, errors.ErrUnsupported) {
		dead = time.Since(time.Unix(0, a.mtime)) > staleAfter
	}
	return dead && a.kind == regular && d.unlink(name) == nil
}

// left describes a temporary file whose writer is dead; any other is ErrNotExist.
// It takes the locks that sweep does, for a moment, through a descriptor of its own,
// since others may read the folder through d.
func left(d dir, name string) (store.Info, error) {
	own, err := d.openDir(".")
	if err != nil {
		return store.Info{}, err
	}
	defer own.close()
	if locked, err := own.tryLock(); err == nil && !locked {
		return store.Info{}, store.ErrNotExist
	}
	f, a, err := d.open(name)
	switch {
	case err != nil && isAbsent(err):
		return store.Info{}, store.ErrNotExist
	case err != nil: // as for lack of permission: who it belongs to cannot be told
		a, err = d.lstat(name)
		if err != nil {
			return store.Info{}, store.ErrNotExist
		}
		return store.Info{Size: a.size, ModTime: time.Unix(0, a.mtime)}, nil
	}
	defer f.close()
	dead, err := f.tryLock()
	if errors.Is(err, errors.ErrUnsupported) {
		dead = time.Since(time.Unix(0, a.mtime)) > staleAfter
	}
	if !dead || a.kind != regular {
		return store.Info{}, store.ErrNotExist
	}
	return store.Info{Size: a.size, ModTime: time.Unix(0, a.mtime)}, nil
}

// tidy sweeps folders that objects were deleted from and that were not empty then.
// It waits for Sync or Close, since looking into a large folder takes longer than
// deleting what is in it.
func (s *Store) tidy() {
	for prefix := range s.dirty.takeRemains() {
		if s.sweepFolder(prefix) {
			s.prune(prefix)
		}
	}
}

// few is how many entries of a folder are looked at before going on: as a rule the
// first is an object, and answers the question.
const few = 32

// sweepFolder removes what there is in a folder besides objects: what dead writers
// have left, and folders with nothing else. It reports whether nothing remains.
func (s *Store) sweepFolder(prefix string) bool {
	d, err := s.openDir(prefix)
	if err != nil {
		return false
	}
	defer d.close()
	entries, done, err := d.peek(s.path)
	if err != nil {
		return false
	}
	defer done()
	for {
		some, err := entries(few)
		for _, e := range some {
			switch name := e.Name(); {
			case strings.HasPrefix(name, store.TempPrefix):
				if !sweep(d, name) {
					return false
				}
			case !e.IsDir() || store.CheckKey(prefix+name) != nil:
				return false
			default:
				if below := prefix + name + "/"; s.rmdir(below) != nil && !(s.sweepFolder(below) && s.rmdir(below) == nil) {
					return false
				}
			}
		}
		if err != nil || len(some) == 0 {
			return len(some) == 0
		}
	}
}
