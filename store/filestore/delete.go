package filestore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dosna/dosna/store"
)

// Delete implements store.Store.
func (s *Store) Delete(ctx context.Context, key string, c store.Cond) error {
	err := ready(ctx, key)
	if err == nil {
		err = c.CheckDelete()
	}
	if err == nil {
		prefix, name := split(key)
		err = s.deleteIn(ctx, prefix, []string{name}, c)
	}
	if err != nil {
		return s.fail("delete", key, err)
	}
	return nil
}

// DeleteAll implements store.BulkDeleter: one lock for all keys of a folder
// that stand together.
func (s *Store) DeleteAll(ctx context.Context, keys []string) error {
	for _, key := range keys {
		if err := ready(ctx, key); err != nil {
			return s.fail("delete", key, err)
		}
	}
	var names []string
	for i, key := range keys {
		prefix, name := split(key)
		names = append(names, name)
		if i+1 < len(keys) {
			if next, _ := split(keys[i+1]); next == prefix {
				continue
			}
		}
		if err := s.deleteIn(ctx, prefix, names, store.Cond{}); err != nil {
			return s.fail("delete", key, err)
		}
		names = names[:0]
	}
	return nil
}

// deleteIn removes objects of one folder, and the folder if none is left.
func (s *Store) deleteIn(ctx context.Context, prefix string, names []string, c store.Cond) error {
	d, err := s.openDir(prefix)
	if errors.Is(err, store.ErrNotExist) {
		return c.MeetWrite(false, "")
	}
	if err != nil {
		return err
	}
	locked, unlock, err := s.lock(ctx, d, prefix)
	if err != nil {
		d.close()
		return err
	}
	removed := false
	for _, name := range names {
		var gone bool
		if gone, err = remove(d, name, c, locked); err != nil {
			break
		}
		removed = removed || gone
	}
	unlock()
	if removed {
		s.dirty.folder(prefix)
		s.prune(prefix)
		if store.IsDurable(ctx) {
			err = errors.Join(err, s.settle(prefix))
		}
	}
	return err
}

func remove(d dir, name string, c store.Cond, locked bool) (bool, error) {
	a, err := meet(d, name, c, locked)
	if c == (store.Cond{}) && (err != nil || a.links == 0) { // what cannot be read can be removed
		a, err = d.lstat(name)
		if err != nil && isAbsent(err) {
			return false, nil
		}
	}
	if err != nil || a.links == 0 || a.kind == folder {
		return false, err
	}
	if err := d.unlink(name); err != nil && !isAbsent(err) {
		return false, err
	}
	return true, nil
}

// DeletePrefix implements store.BulkDeleter. It also removes the unfinished
// objects that dead processes left.
func (s *Store) DeletePrefix(ctx context.Context, prefix string) error {
	err := store.CheckPrefix(prefix)
	if err == nil {
		err = s.deleteTree(ctx, prefix)
	}
	if err != nil {
		return s.fail("delete all under", prefix, err)
	}
	s.prune(prefix)
	return nil
}

func (s *Store) deleteTree(ctx context.Context, prefix string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f, names, temps, err := s.readFolder(prefix)
	if f == nil || err != nil {
		return err
	}
	defer f.Close()
	for _, name := range temps {
		sweep(f.d, name)
	}
	var files []string
	for _, name := range names {
		if strings.HasSuffix(name, "/") {
			if err := s.deleteTree(ctx, prefix+name); err != nil {
				return err
			}
		} else {
			files = append(files, name)
		}
	}
	for part := range slices.Chunk(files, 100) {
		if err := s.deleteIn(ctx, prefix, part, store.Cond{}); err != nil {
			return err
		}
	}
	if prefix != "" && s.rmdir(prefix) == nil {
		above, _ := split(prefix)
		s.dirty.folder(above)
	}
	return nil
}

// Rename implements store.Renamer.
func (s *Store) Rename(ctx context.Context, from, to string) error {
	err := ctx.Err()
	if err == nil {
		err = store.CheckRename(from, to)
	}
	if err == nil {
		err = s.rename(from, to)
	}
	if errors.Is(err, errors.ErrUnsupported) {
		return errors.ErrUnsupported
	}
	if err != nil {
		return s.fail(fmt.Sprintf("rename to %q", to), from, err)
	}
	above, _ := split(from)
	s.prune(above)
	if store.IsDurable(ctx) {
		into, _ := split(to)
		if err := errors.Join(s.settle(into), s.settle(above)); err != nil {
			return s.fail(fmt.Sprintf("rename to %q", to), from, fmt.Errorf("%w: renamed, but it may not survive a loss of power: %w", store.ErrUnknownOutcome, err))
		}
	}
	return nil
}

func (s *Store) rename(from, to string) (err error) {
	f, err := s.openDir(from)
	if err != nil {
		return err
	}
	f.close()
	above, _ := split(to)
	made := false
	defer func() {
		if err != nil && made {
			s.prune(above)
		}
	}()
	for range tries {
		d, again, err := s.makeDir(above)
		if err != nil {
			return err
		}
		made = made || again
		err = s.inRoot(func(root dir) error { return root.moveDir(rel(from), rel(to)) })
		d.close()
		switch {
		case err == nil:
			s.dirty.moved()
			return nil
		case isCrossDevice(err):
			return errors.ErrUnsupported
		case isFull(err) || isNotDir(err):
			return fmt.Errorf("%w: %q is not empty", store.ErrExist, to)
		case !isAbsent(err):
			return err
		}
		if f, err := s.openDir(from); err != nil {
			return err
		} else {
			f.close()
		}
	}
	return errVanished
}
