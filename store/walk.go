package store

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
)

// Folder is one folder of a store that keeps its keys as a tree: what such a
// store tells [Walk].
type Folder interface {
	// Entries returns the names in the folder, in any order; those of
	// folders end in "/". Walk owns the slice afterwards. It may be
	// ErrNotExist, as open may.
	Entries(ctx context.Context) ([]string, error)

	// Info describes the object of that name, but for its Key. One that is
	// gone meanwhile is ErrNotExist and is left out.
	Info(name string) (Info, error)

	// Close is called when Walk is done with the folder and all below it.
	Close() error
}

// Walk lists a tree of folders as [Store] demands of List, sorted, holding in
// memory only the names of the folders it is in. open opens the folder with a
// prefix; one that does not exist is ErrNotExist and is left out. Errors come
// as open and the Folder return them.
func Walk(ctx context.Context, o ListOptions, open func(prefix string) (Folder, error)) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		w := walker{ctx, o, open, yield}
		if err := CheckPrefix(o.Prefix); err != nil {
			yield(Info{}, err)
			return
		}
		w.walk(o.Prefix)
	}
}

type walker struct {
	ctx   context.Context
	o     ListOptions
	open  func(prefix string) (Folder, error)
	yield func(Info, error) bool
}

// walk reports whether to go on.
func (w *walker) walk(prefix string) bool {
	if err := w.ctx.Err(); err != nil {
		w.yield(Info{}, err)
		return false
	}
	folder, err := w.open(prefix)
	if errors.Is(err, ErrNotExist) {
		return true
	}
	if err != nil {
		w.yield(Info{}, err)
		return false
	}
	defer folder.Close()
	names, err := folder.Entries(w.ctx)
	if errors.Is(err, ErrNotExist) {
		return true
	}
	if err != nil {
		w.yield(Info{}, err)
		return false
	}
	// A folder sorts with its slash: "a.b" < "a/b" < "a0".
	slices.Sort(names)
	for _, name := range names {
		key := prefix + name
		if !strings.HasSuffix(name, "/") {
			if key > w.o.After && !w.object(folder, key, name) {
				return false
			}
			continue
		}
		switch {
		case w.o.Shallow:
			if key > w.o.After && !w.yield(Info{Key: key, Dir: true}, nil) {
				return false
			}
		case key > w.o.After || strings.HasPrefix(w.o.After, key):
			if !w.walk(key) {
				return false
			}
		}
	}
	return true
}

func (w *walker) object(folder Folder, key, name string) bool {
	if err := w.ctx.Err(); err != nil {
		w.yield(Info{}, err)
		return false
	}
	info, err := folder.Info(name)
	if errors.Is(err, ErrNotExist) {
		return true
	}
	if err != nil {
		w.yield(Info{}, err)
		return false
	}
	info.Key = key
	return w.yield(info, nil)
}
