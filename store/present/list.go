package present

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/dosna/dosna/store"
)

// List implements store.Store.
func (s *Store) List(ctx context.Context, o store.ListOptions) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		l := lister{s: s, o: o, yield: yield}
		if err := l.run(ctx); err != nil && !l.stopped && !errors.Is(err, store.ErrNotExist) {
			yield(store.Info{}, s.fail("list", o.Prefix, err))
		}
	}
}

// Locate implements store.Locator. Objects that are made when they are read are nowhere.
func (s *Store) Locate(ctx context.Context, prefix string) iter.Seq2[store.Location, error] {
	return func(yield func(store.Location, error) bool) {
		l := lister{s: s, o: store.ListOptions{Prefix: prefix}, located: yield}
		if err := l.run(ctx); err != nil && !l.stopped {
			yield(store.Location{}, s.fail("locate", prefix, err))
		}
	}
}

// location is where the bytes of an object are.
func (o Object) location(key string) store.Location {
	at := store.Location{Key: key, Size: o.Size, Whole: -1}
	if o.Data == nil && o.Make == nil {
		i := o.File.info
		at.Source, at.Range = o.File.source, store.Range{Off: o.Off, Len: o.Size}
		at.Whole, at.Version, at.ModTime = i.Size, i.Version, i.ModTime
	} else if o.Make != nil && o.File != nil {
		i := o.File.info
		at.Of, at.Whole, at.Version, at.ModTime = o.File.source, i.Size, i.Version, i.ModTime
	}
	return at
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

// run lists what is at the prefix: a node, or chunks of one.
func (l *lister) run(ctx context.Context) error {
	if err := l.s.ready(ctx); err != nil {
		return err
	}
	if err := store.CheckPrefix(l.o.Prefix); err != nil {
		return err
	}
	at := strings.TrimSuffix(l.o.Prefix, "/")
	n, err := l.s.tree.Node(ctx, at)
	if err == nil {
		return l.node(ctx, at, n)
	}
	if !errors.Is(err, store.ErrNotExist) {
		return err
	}
	parts := strings.Split(at, "/")
	for i := len(parts) - 1; i >= 0; i-- {
		if parts[i] == "c" {
			at := strings.Join(parts[:i], "/")
			n, err := l.s.tree.Node(ctx, at)
			if err != nil || n.Array == nil {
				return err
			}
			return l.chunks(ctx, at, n.Array)
		}
	}
	return err
}

// give yields an entry.
func (l *lister) give(i store.Info) {
	if i.Key > l.o.After && !l.stopped && !l.yield(i, nil) {
		l.stopped = true
	}
}

func under(at, name string) string {
	if at == "" {
		return name
	}
	return at + "/" + name
}

// node yields what is at a node and, in deep listings, below.
func (l *lister) node(ctx context.Context, at string, n *Node) error {
	if err := l.s.ready(ctx); err != nil || l.stopped {
		return err
	}
	if l.nodes++; l.s.most > 0 && l.nodes > l.s.most {
		return fmt.Errorf("%w: groups contain each other", store.ErrCorrupt)
	}
	key := under(at, document)
	if l.located == nil {
		l.give(n.object().info(key))
	} else {
		l.stopped = !l.located(n.object().location(key), nil)
	}
	if n.Array != nil {
		return l.chunks(ctx, at, n.Array)
	}
	if n.Ahead != nil {
		n.Ahead(ctx)
	}
	for _, name := range n.Names {
		if l.stopped {
			return nil
		}
		if l.o.Shallow && !n.Unsure {
			l.give(store.Info{Key: under(at, name) + "/", Dir: true})
			continue
		}
		child, err := l.s.tree.Node(ctx, under(at, name))
		if errors.Is(err, store.ErrNotExist) {
			continue // it is not certain that it is there, or it was deleted meanwhile
		}
		if err != nil {
			return err
		}
		if l.o.Shallow {
			l.give(store.Info{Key: under(at, name) + "/", Dir: true})
			continue
		}
		if err := l.node(ctx, under(at, name), child); err != nil {
			return err
		}
	}
	return nil
}

// chunks yields those of an array that are below the prefix.
func (l *lister) chunks(ctx context.Context, at string, a Array) error {
	base := under(at, "c")
	folders := map[string]bool{}
	for c, err := range a.Chunks(ctx) {
		if err != nil {
			return err
		}
		if err := l.s.ready(ctx); err != nil || l.stopped {
			return err
		}
		key := base
		for _, i := range c.Coord {
			key += "/" + strconv.Itoa(i)
		}
		rest, ok := strings.CutPrefix(key, l.o.Prefix)
		if !ok {
			continue
		}
		if slash := strings.IndexByte(rest, '/'); l.o.Shallow && slash >= 0 {
			if folder := key[:len(l.o.Prefix)+slash+1]; !folders[folder] {
				folders[folder] = true
				l.give(store.Info{Key: folder, Dir: true})
			}
			continue
		}
		if c.Info.Key = key; key <= l.o.After {
			continue
		}
		if l.located == nil && c.Info.Size >= 0 {
			l.give(c.Info)
			continue
		}
		o, err := a.Chunk(ctx, c.Coord)
		if err == nil && l.located == nil && o.Size < 0 {
			err = l.s.made(ctx, key, &o)
		}
		switch {
		case errors.Is(err, store.ErrNotExist):
		case err != nil:
			return fmt.Errorf("%q: %w", key, err)
		case l.located == nil:
			l.give(o.info(key))
		default:
			l.stopped = !l.located(o.location(key), nil)
		}
	}
	return nil
}
