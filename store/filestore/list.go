package filestore

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"path/filepath"
	"strings"

	"github.com/dosna/dosna/store"
)

// List implements store.Store.
func (s *Store) List(ctx context.Context, o store.ListOptions) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		open := func(prefix string) (store.Folder, error) {
			f, err := s.openFolder(prefix)
			if err != nil {
				return nil, err
			}
			return f, nil
		}
		for info, err := range store.Walk(ctx, o, open) {
			if err != nil {
				err = s.fail("list", o.Prefix, err)
			}
			if !yield(info, err) {
				return
			}
		}
	}
}

// listing is a folder being listed. It implements store.Folder.
type listing struct {
	s      *Store
	d      dir
	prefix string
}

func (s *Store) openFolder(prefix string) (*listing, error) {
	d, err := s.openDir(prefix)
	if err != nil {
		return nil, err
	}
	return &listing{s, d, prefix}, nil
}

// readFolder opens a folder, to be closed, and reads its entries; nil if it is not
// there, or not any more.
func (s *Store) readFolder(prefix string) (l *listing, names, temps []string, err error) {
	l, err = s.openFolder(prefix)
	if err == nil {
		if names, temps, err = l.entries(); err == nil {
			return l, names, temps, nil
		}
		_ = l.Close() // only read
	}
	if errors.Is(err, store.ErrNotExist) {
		err = nil
	}
	return nil, nil, nil, err
}

func (l *listing) Entries(context.Context) ([]string, error) {
	names, _, err := l.entries()
	return names, err
}

// entries returns the names of objects and folders, and those of unfinished
// objects.
func (l *listing) entries() (names, temps []string, err error) {
	all, err := l.d.read(filepath.Join(l.s.path, filepath.FromSlash(l.prefix)))
	if err != nil {
		if isAbsent(err) {
			err = store.ErrNotExist // removed since it was opened
		}
		return nil, nil, err
	}
	names = make([]string, 0, len(all))
	for _, e := range all {
		name := e.Name()
		if strings.HasPrefix(name, store.TempPrefix) {
			temps = append(temps, name)
			continue
		}
		if store.CheckKey(l.prefix+name) != nil || checkName(name) != nil {
			continue
		}
		switch kind := e.Type(); {
		case kind.IsRegular():
			names = append(names, name)
		case kind.IsDir():
			names = append(names, name+"/")
		case kind&fs.ModeSymlink != 0:
			a, err := l.d.stat(name)
			switch {
			case err != nil && (isAbsent(err) || isLoop(err)):
			case err != nil:
				return nil, nil, err
			case a.kind == regular:
				names = append(names, name)
			case a.kind == folder && !l.within(a):
				names = append(names, name+"/")
			}
		}
	}
	return names, temps, nil
}

// within reports whether the folder lies in the directory a.
func (l *listing) within(a attr) bool {
	for prefix := l.prefix; ; prefix, _ = split(prefix) {
		var above attr
		err := l.s.inRoot(func(root dir) (err error) {
			above, err = root.stat(rel(prefix))
			return err
		})
		if err == nil && above.dev == a.dev && above.ino == a.ino {
			return true
		}
		if prefix == "" {
			return false
		}
	}
}

func (l *listing) Info(name string) (store.Info, error) {
	a, err := l.d.stat(name)
	if err != nil && isAbsent(err) || err == nil && a.kind != regular {
		return store.Info{}, store.ErrNotExist
	}
	return a.info(""), err
}

func (l *listing) Close() error { return l.d.close() }
