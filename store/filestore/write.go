package filestore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/dosna/dosna/store"
)

// tries bounds how often an operation begins anew because its folder was
// removed, with its last object, while it was under way.
const tries = 1000

// errVanished is that case.
var errVanished = errors.New("the folder is being removed again and again")

var errNotFolder = fmt.Errorf("%w: what should be a folder of the key is an object", store.ErrExist)

// Put implements store.Store.
func (s *Store) Put(ctx context.Context, key string, parts [][]byte, c store.Cond) (store.Version, error) {
	w, err := s.create(ctx, key, c)
	if err != nil {
		return "", s.fail("put", key, err)
	}
	if err := w.write(parts); err != nil {
		w.abort()
		return "", s.fail("put", key, err)
	}
	v, err := w.commit()
	if err != nil {
		return "", s.fail("put", key, err)
	}
	return v, nil
}

// writer is an unfinished object: a temporary file beside its target. One of
// commit and abort ends it.
type writer struct {
	s            *Store
	ctx          context.Context
	key          string
	cond         store.Cond
	prefix, name string
	d            dir
	source       string // what is copied, if it is in the same folder
	temp         file
	tempName     string
}

// create begins an object. A condition that fails already is not worth writing
// bytes for, and fails here.
func (s *Store) create(ctx context.Context, key string, c store.Cond) (*writer, error) {
	if err := ready(ctx, key); err != nil {
		return nil, err
	}
	if err := c.CheckPut(); err != nil {
		return nil, err
	}
	w := &writer{s: s, ctx: ctx, key: key, cond: c}
	w.prefix, w.name = split(key)
	for range tries {
		err := w.begin()
		if err == nil {
			return w, nil
		}
		if !errors.Is(err, errVanished) {
			return nil, err
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	return nil, errVanished
}

func (w *writer) begin() error {
	var d dir
	var made bool
	var err error
	if w.cond.IfMatch == "" {
		d, made, err = w.s.makeDir(w.prefix)
	} else {
		d, err = w.s.openDir(w.prefix) // no folder, no object to match
	}
	if errors.Is(err, store.ErrNotExist) {
		return w.cond.MeetWrite(false, "")
	}
	if err != nil {
		return err
	}
	if w.cond != (store.Cond{}) {
		if _, err := meet(d, w.name, w.cond, true); err != nil {
			d.close()
			w.s.prune(w.prefix)
			return err
		}
	}
	w.d = d
	if err := w.makeTemp(); err != nil {
		d.close()
		if made {
			w.s.prune(w.prefix)
		}
		return err
	}
	return nil
}

// makeTemp makes the temporary file. It is locked as long as it is open, which
// tells it from one that a dead process left behind. The object has few names for
// it, each used again once its file is dead: leftovers do not accumulate.
func (w *writer) makeTemp() error {
	slot := uint64(0)
	for {
		w.tempName = tempName(w.name, slot)
		f, err := w.d.create(w.tempName)
		if isExist(err) {
			if !sweep(w.d, w.tempName) {
				slot++
			}
			continue
		}
		if err != nil {
			if isAbsent(err) {
				return errVanished
			}
			return err
		}
		locked, err := f.tryLock()
		if err == nil && locked {
			a, aerr := f.attr()
			if aerr == nil && a.links > 0 {
				w.temp = f
				return nil
			}
			err = aerr
		} else if errors.Is(err, errors.ErrUnsupported) {
			w.temp = f
			return nil
		}
		f.close()
		if err != nil {
			return err
		}
		// Somebody who looks for leftovers was quicker than the lock, and
		// removes this one.
	}
}

// tempNames is how many names of its own an object has for temporary files; when
// writers that live have all of them, others are taken by chance.
const tempNames = 8

func tempName(name string, slot uint64) string {
	h := uint64(14695981039346656037) // FNV-1a
	for i := range len(name) {
		h = (h ^ uint64(name[i])) * 1099511628211
	}
	if slot >= tempNames {
		slot = rand.Uint64()
	}
	var buf [len(store.TempPrefix) + 13]byte
	return string(strconv.AppendUint(append(buf[:0], store.TempPrefix...), h+slot, 36))
}

// step is how many bytes are moved between two looks at the context.
const step = 64 << 20

// write appends parts.
func (w *writer) write(parts [][]byte) error {
	for len(parts) > 0 {
		n, size := 0, 0
		for n < len(parts) && len(parts[n]) <= step-size {
			size += len(parts[n])
			n++
		}
		if n == 0 {
			for piece := range slices.Chunk(parts[0], step) {
				if err := w.write([][]byte{piece}); err != nil {
					return err
				}
			}
			n = 1
		} else {
			if err := w.ctx.Err(); err != nil {
				return err
			}
			if err := w.temp.write(parts[:n]); err != nil {
				return err
			}
		}
		parts = parts[n:]
	}
	return nil
}

func (w *writer) abort() {
	w.d.unlink(w.tempName)
	w.temp.close()
	w.d.close()
	w.s.prune(w.prefix)
}

// commit gives the temporary file the object's name.
func (w *writer) commit() (store.Version, error) {
	var err error
	durable := store.IsDurable(w.ctx)
	if durable {
		err = w.temp.sync()
	}
	var locked bool
	var unlock func()
	if err == nil {
		locked, unlock, err = w.s.lock(w.ctx, w.d, w.prefix)
	}
	if err != nil {
		w.abort()
		return "", err
	}
	a, err := w.publish(locked)
	if err != nil {
		w.d.unlink(w.tempName)
	}
	w.temp.close()
	unlock()
	if err != nil {
		w.s.prune(w.prefix)
		return "", err
	}
	if durable {
		err := w.s.settle(w.prefix)
		if err == nil {
			return a.version(), nil
		}
		err = fmt.Errorf("%w: stored, but it may not survive a loss of power: %w", store.ErrUnknownOutcome, err)
		w.s.dirty.put(w.key, w.prefix, a.mtime, a.dev != w.s.dev)
		return "", err
	}
	w.s.dirty.put(w.key, w.prefix, a.mtime, a.dev != w.s.dev)
	return a.version(), nil
}

func (w *writer) publish(locked bool) (attr, error) {
	old, err := meet(w.d, w.name, w.cond, locked)
	if err != nil {
		return attr{}, err
	}
	if w.source != "" {
		if _, err := w.d.stat(w.source); isAbsent(err) {
			return attr{}, fmt.Errorf("%w: what is copied has been deleted", store.ErrNotExist)
		} else if err != nil {
			return attr{}, err
		}
	}
	a, err := w.setTime(old.mtime)
	if err != nil {
		return attr{}, err
	}
	if w.cond.IfAbsent && !locked {
		if err := w.d.link(w.tempName, w.name); err != nil {
			return attr{}, err
		}
		w.d.unlink(w.tempName)
		return a, nil
	}
	if locked && old.links > 0 && old.kind == regular {
		return a, w.d.replace(w.tempName, w.name)
	}
	err = w.d.rename(w.tempName, w.name)
	if old.kind == folder && isFolder(err) {
		// An empty directory is nobody's folder.
		if err := w.d.rmdir(w.name); err != nil && !isAbsent(err) {
			return attr{}, fmt.Errorf("%w: it is a folder", store.ErrExist)
		}
		err = w.d.rename(w.tempName, w.name)
	}
	return a, err
}

// setTime gives the temporary file a time later than old, as the file system
// understands it: some know only seconds, or two.
func (w *writer) setTime(old int64) (attr, error) {
	want := stamp(old)
	for _, later := range []int64{0, 1e3, 1e6, 1e9, 2e9, 4e9} {
		if err := w.d.setTime(w.tempName, want+later); err != nil {
			return attr{}, err
		}
		a, err := w.temp.attr()
		if err != nil || a.mtime > old {
			return a, err
		}
	}
	return attr{}, errors.New("the file system does not keep modification times")
}

// makeDir opens a folder, which it makes if need be, wholly or not at all.
func (s *Store) makeDir(prefix string) (d dir, made bool, err error) {
	err = s.inRoot(func(root dir) error {
		for range tries {
			d, err = root.openDir(rel(prefix))
			if err == nil {
				return nil
			}
			if isNotDir(err) {
				return errNotFolder
			}
			if err := s.absent(root, rel(prefix), err); !errors.Is(err, store.ErrNotExist) {
				return err
			}
			if err := s.mkdirs(root, prefix, &made); err != nil {
				return err
			}
		}
		return errVanished
	})
	if err != nil && made {
		s.prune(prefix)
	}
	return d, made, err
}

// mkdirs makes a folder and those above it, and tells if it did.
func (s *Store) mkdirs(root dir, prefix string, made *bool) error {
	if prefix == "" {
		return nil
	}
	above, _ := split(prefix)
	for range 2 {
		err := root.mkdir(rel(prefix))
		switch {
		case err == nil:
			*made = true
			s.dirty.folder(above)
			return nil
		case isNotDir(err):
			return errNotFolder
		case isExist(err):
			return nil
		}
		if err := s.absent(root, rel(prefix), err); !errors.Is(err, store.ErrNotExist) {
			return err
		}
		if err := s.mkdirs(root, above, made); err != nil {
			return err
		}
	}
	return nil // removed again meanwhile: the caller looks
}

func (s *Store) rmdir(prefix string) error {
	return s.inRoot(func(root dir) error { return root.rmdir(rel(prefix)) })
}

// prune removes a folder if it is empty, and those above it likewise. Whoever is
// about to put something there finds it gone and makes it again. A folder that is
// not empty is looked at later, by tidy.
func (s *Store) prune(prefix string) {
	for prefix != "" {
		err := s.rmdir(prefix)
		if err != nil && !isAbsent(err) {
			if isFull(err) {
				s.dirty.remains(prefix)
			}
			return
		}
		prefix, _ = split(prefix)
		if err == nil {
			s.dirty.folder(prefix)
		}
	}
}
