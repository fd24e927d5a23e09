package filestore

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"path/filepath"
	"strings"
	"time"

	"github.com/dosna/dosna/store"
)

// List implements store.Store.
func (s *Store) List(ctx context.Context, o store.ListOptions) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		open := func(prefix string) (store.Folder, error) {
			f, err := s.openFolder(prefix)
			if errors.Is(err, store.ErrNotExist) {
				return nil, err
			}
			if err != nil {
				return nil, s.fail("list", prefix, err)
			}
			f.unfinished = o.Unfinished
			return f, nil
		}
		for info, err := range store.Walk(ctx, o, open) {
			if named := new(store.Error); err != nil && !errors.As(err, &named) {
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

	unfinished bool // it yields what dead writers have left, too
}

func (s *Store) openFolder(prefix string) (*listing, error) {
	d, err := s.openDir(prefix)
	if err != nil {
		return nil, err
	}
	return &listing{s: s, d: d, prefix: prefix}, nil
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
	names, temps, err := l.entries()
	if l.unfinished {
		names = append(names, temps...)
	}
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
			case err != nil && !isAbsent(err) && !isLoop(err):
				return nil, nil, err
			case err != nil || a.kind != folder:
				names = append(names, name)
			case !l.within(a):
				names = append(names, name+"/")
			}
		default:
			names = append(names, name)
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

// Info returns what is known of an object. What cannot be read, since it is a
// symbolic link that leads nowhere, or neither file nor folder, is told of as an
// object of no size, so that whoever reads all objects comes to know of it.
func (l *listing) Info(name string) (store.Info, error) {
	if strings.HasPrefix(name, store.TempPrefix) {
		return left(l.d, name)
	}
	a, err := l.d.stat(name)
	if err != nil && (isAbsent(err) || isLoop(err)) {
		if a, err = l.d.lstat(name); err != nil && isAbsent(err) {
			return store.Info{}, store.ErrNotExist
		}
	}
	switch {
	case err != nil:
		return store.Info{}, err
	case a.kind == folder:
		return store.Info{}, store.ErrNotExist
	case a.kind == other:
		return store.Info{ModTime: time.Unix(0, a.mtime)}, nil
	}
	return a.info(""), nil
}

func (l *listing) Close() error { return l.d.close() }
