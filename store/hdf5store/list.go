package hdf5store

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/dosna/dosna/hdf5"
	"github.com/dosna/dosna/store"
)

// List implements store.Store. How large a chunk is that has to be made is found out by making it.
func (s *Store) List(ctx context.Context, o store.ListOptions) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		err := s.ready(ctx)
		if err == nil {
			err = store.CheckPrefix(o.Prefix)
		}
		if err == nil {
			l := lister{s: s, o: o, yield: yield}
			err = l.prefix(ctx, strings.TrimSuffix(o.Prefix, "/"))
			if l.stopped {
				return
			}
		}
		if err != nil && !errors.Is(err, store.ErrNotExist) {
			yield(store.Info{}, s.fail("list", o.Prefix, err))
		}
	}
}

// lister yields the entries of one listing.
type lister struct {
	s       *Store
	o       store.ListOptions
	yield   func(store.Info, error) bool
	located func(store.Location, error) bool // instead of yield
	stopped bool
	nodes   int64
}

// give yields an entry.
func (l *lister) give(i store.Info) {
	if i.Key > l.o.After && !l.stopped && !l.yield(i, nil) {
		l.stopped = true
	}
}

// object yields what a key stands for.
func (l *lister) object(key string, o object) {
	switch {
	case l.located == nil:
		l.give(l.s.info(key, o))
	case strings.HasPrefix(key, l.o.Prefix) && !l.stopped:
		l.stopped = !l.located(l.s.location(key, o), nil)
	}
}

// prefix lists what is at a folder: that of a node, or one of its chunks.
func (l *lister) prefix(ctx context.Context, at string) error {
	n, err := l.s.node(ctx, at)
	if err == nil {
		return l.node(ctx, n)
	}
	if !errors.Is(err, store.ErrNotExist) {
		return err
	}
	parts := strings.Split(at, "/")
	for i := len(parts) - 1; i >= 0; i-- {
		if parts[i] == "c" {
			n, err := l.s.node(ctx, strings.Join(parts[:i], "/"))
			if err != nil || n.array == nil {
				return err
			}
			return l.chunks(ctx, n)
		}
	}
	return nil
}

func under(at, name string) string {
	if at == "" {
		return name
	}
	return at + "/" + name
}

// node yields what is at a node and, in deep listings, below.
func (l *lister) node(ctx context.Context, n *node) error {
	if err := l.s.ready(ctx); err != nil || l.stopped {
		return err
	}
	// Each node but for those of groups with several paths, which are links, takes some bytes of the file.
	if l.nodes++; l.nodes > l.s.src.Size() {
		return fmt.Errorf("%w: the groups of the file contain each other", store.ErrCorrupt)
	}
	l.object(under(n.path, document), object{data: n.document, size: int64(len(n.document))})
	if n.array != nil {
		return l.chunks(ctx, n)
	}
	l.s.ahead(ctx, n)
	for _, name := range n.names {
		if l.stopped {
			return nil
		}
		if l.o.Shallow && !l.s.netCDF {
			l.give(store.Info{Key: under(n.path, name) + "/", Dir: true})
			continue
		}
		child, err := l.s.node(ctx, under(n.path, name))
		if errors.Is(err, store.ErrNotExist) {
			continue // a dimension of netCDF that is no variable
		}
		if err != nil {
			return err
		}
		if l.o.Shallow {
			l.give(store.Info{Key: under(n.path, name) + "/", Dir: true})
			continue
		}
		if err := l.node(ctx, child); err != nil {
			return err
		}
	}
	return nil
}

// ahead sees to it that the children, which whoever lists them looks at next, are not asked for one by one.
func (s *Store) ahead(ctx context.Context, n *node) {
	var headers []uint64
	s.mu.Lock()
	for _, name := range n.names {
		if l := n.children[name]; l.Kind == hdf5.HardLink && s.nodes[under(n.path, name)] == nil {
			headers = append(headers, l.Addr)
		}
	}
	s.mu.Unlock()
	s.file.Ahead(ctx, headers)
}

// chunks yields those of an array that are below the prefix.
func (l *lister) chunks(ctx context.Context, n *node) error {
	base := under(n.path, "c")
	seen := ""
	for coord, err := range n.array.coords(ctx) {
		if err != nil {
			return err
		}
		if err := l.s.ready(ctx); err != nil || l.stopped {
			return err
		}
		key := base
		for _, at := range coord {
			key += "/" + strconv.Itoa(at)
		}
		rest, ok := strings.CutPrefix(key, l.o.Prefix)
		if !ok {
			continue
		}
		if slash := strings.IndexByte(rest, '/'); l.o.Shallow && slash >= 0 {
			if folder := key[:len(l.o.Prefix)+slash+1]; folder != seen {
				seen = folder
				l.give(store.Info{Key: folder, Dir: true})
			}
			continue
		}
		if key <= l.o.After {
			continue
		}
		o, stored, err := l.s.place(ctx, n, coord)
		switch {
		case errors.Is(err, store.ErrNotExist):
			continue // what a virtual dataset has from nowhere
		case err != nil:
		case o.made && l.located != nil:
			o.size = -1
		case o.made:
			o, err = l.s.madeKept(ctx, n, key, coord, stored)
		}
		if err != nil {
			return fmt.Errorf("%q: %w", key, err)
		}
		l.object(key, o)
	}
	return nil
}

// coords yields the places of the chunks that there are, in C order.
func (a *array) coords(ctx context.Context) iter.Seq2[[]int, error] {
	return func(yield func([]int, error) bool) {
		more := make([]int, len(a.grid)-len(a.shape))
		switch {
		case a.d.Space.Null, a.d.Layout.Class == hdf5.Contiguous && a.d.Layout.Addr == hdf5.Undefined && len(a.d.Files) == 0:
			return
		case a.d.Layout.Class == hdf5.Chunked:
			index, err := a.d.Index(ctx)
			if err != nil {
				yield(nil, err)
				return
			}
			for c := range index.All() {
				if !yield(append(c.Coord, more...), nil) {
					return
				}
			}
			return
		}
		at := make([]int, len(a.grid))
		for i := range a.grid {
			if a.grid[i] == 0 {
				return
			}
		}
		for {
			if !yield(append([]int(nil), at...), nil) {
				return
			}
			i := len(at) - 1
			for ; i >= 0; i-- {
				if at[i]++; at[i] < a.grid[i] {
					break
				}
				at[i] = 0
			}
			if i < 0 {
				return
			}
		}
	}
}
