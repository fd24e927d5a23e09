package layer

import (
	"cmp"
	"context"
	"errors"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
)

// Prefix returns the part of s under a folder, given as "a/b/", as a store of
// its own: the key "x" of it is the key "a/b/x" of s, and keys are checked
// before the prefix is added, so that none leads out. With the prefix "" it
// returns s. With a bad prefix every operation is an ErrInvalid, as it is where
// prefix and key are too long together.
func Prefix(s store.Store, prefix string) store.Store {
	if prefix == "" {
		return s
	}
	return &prefixed{s, prefix, store.CheckPrefix(prefix)}
}

type prefixed struct {
	below  store.Store
	prefix string
	bad    error // what is wrong with prefix
}

func (p *prefixed) String() string {
	return store.Name(p.below) + "#/" + strings.TrimSuffix(p.prefix, "/")
}

// key is the key below, of a key that is valid here.
func (p *prefixed) key(op, key string) (string, error) {
	if err := cmp.Or(p.bad, store.CheckKey(key)); err != nil {
		return "", &store.Error{Op: op, Store: p.String(), Key: key, Err: err}
	}
	return p.prefix + key, nil
}

// folder is the prefix below, of a prefix that is valid here.
func (p *prefixed) folder(op, prefix string) (string, error) {
	if err := cmp.Or(p.bad, store.CheckPrefix(prefix)); err != nil {
		return "", &store.Error{Op: op, Store: p.String(), Key: prefix, Err: err}
	}
	return p.prefix + prefix, nil
}

// here gives an info, or error, of the store below the key that it has here.
func (p *prefixed) here(info store.Info, err error) (store.Info, error) {
	info.Key = strings.TrimPrefix(info.Key, p.prefix)
	return info, p.fault(err)
}

func (p *prefixed) fault(err error) error {
	var e *store.Error
	if !errors.As(err, &e) || !strings.HasPrefix(e.Key, p.prefix) {
		return err
	}
	return &store.Error{Op: e.Op, Store: p.String(), Key: e.Key[len(p.prefix):], Err: e.Err}
}

func (p *prefixed) Get(ctx context.Context, key string, o store.GetOptions, dst []byte) ([]byte, store.Info, error) {
	below, err := p.key("get", key)
	if err != nil {
		return dst, store.Info{}, err
	}
	dst, info, err := p.below.Get(ctx, below, o, dst)
	info, err = p.here(info, err)
	return dst, info, err
}

func (p *prefixed) Stat(ctx context.Context, key string) (store.Info, error) {
	below, err := p.key("stat", key)
	if err != nil {
		return store.Info{}, err
	}
	return p.here(p.below.Stat(ctx, below))
}

func (p *prefixed) Put(ctx context.Context, key string, parts [][]byte, c store.Cond) (store.Version, error) {
	below, err := p.key("put", key)
	if err != nil {
		return "", err
	}
	v, err := p.below.Put(ctx, below, parts, c)
	return v, p.fault(err)
}

func (p *prefixed) Delete(ctx context.Context, key string, c store.Cond) error {
	below, err := p.key("delete", key)
	if err != nil {
		return err
	}
	return p.fault(p.below.Delete(ctx, below, c))
}

func (p *prefixed) List(ctx context.Context, o store.ListOptions) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		below, err := p.folder("list", o.Prefix)
		if err != nil {
			yield(store.Info{}, err)
			return
		}
		o := o // the sequence may be ranged over again
		o.Prefix = below
		if o.After != "" {
			o.After = p.prefix + o.After
		}
		for info, err := range p.below.List(ctx, o) {
			if !yield(p.here(info, err)) {
				return
			}
		}
	}
}

func (p *prefixed) Guarantees() store.Guarantees { return p.below.Guarantees() }

func (p *prefixed) Close() error { return p.below.Close() }

func (p *prefixed) GetRanges(ctx context.Context, key string, c store.Cond, spans []nd.Span) (store.Info, error) {
	below, err := p.key("get ranges of", key)
	if err != nil {
		return store.Info{}, err
	}
	return p.here(store.GetRanges(ctx, p.below, below, c, spans))
}

func (p *prefixed) OpenReader(ctx context.Context, key string, o store.GetOptions) (io.ReadCloser, store.Info, error) {
	below, err := p.key("get", key)
	if err != nil {
		return nil, store.Info{}, err
	}
	r, info, err := store.OpenReader(ctx, p.below, below, o)
	info, err = p.here(info, err)
	return r, info, err
}

func (p *prefixed) OpenWriter(ctx context.Context, key string, c store.Cond) (store.Writer, error) {
	below, err := p.key("write", key)
	if err != nil {
		return nil, err
	}
	w, err := store.OpenWriter(ctx, p.below, below, c)
	return w, p.fault(err)
}

func (p *prefixed) Sync(ctx context.Context) error { return store.Sync(ctx, p.below) }

func (p *prefixed) DeleteAll(ctx context.Context, keys []string) error {
	below := slices.Clone(keys)
	for i, key := range keys {
		var err error
		if below[i], err = p.key("delete", key); err != nil {
			return err
		}
	}
	return p.fault(store.DeleteAll(ctx, p.below, below))
}

func (p *prefixed) DeletePrefix(ctx context.Context, prefix string) error {
	below, err := p.folder("delete all under", prefix)
	if err != nil {
		return err
	}
	return p.fault(store.DeletePrefix(ctx, p.below, below))
}

func (p *prefixed) Copy(ctx context.Context, from, to string, c store.Cond) (store.Version, error) {
	from, err := p.key("copy", from)
	if err != nil {
		return "", err
	}
	if to, err = p.key("copy to", to); err != nil {
		return "", err
	}
	v, err := store.Copy(ctx, p.below, from, to, c)
	return v, p.fault(err)
}

func (p *prefixed) Rename(ctx context.Context, from, to string) error {
	if err := cmp.Or(p.bad, store.CheckRename(from, to)); err != nil {
		return &store.Error{Op: "rename", Store: p.String(), Key: from, Err: err}
	}
	return p.fault(store.Rename(ctx, p.below, p.prefix+from, p.prefix+to))
}

func (p *prefixed) Locate(ctx context.Context, prefix string) iter.Seq2[store.Location, error] {
	return func(yield func(store.Location, error) bool) {
		below, err := p.folder("locate", prefix)
		if err != nil {
			yield(store.Location{}, err)
			return
		}
		for at, err := range store.Locate(ctx, p.below, below) {
			at.Key = strings.TrimPrefix(at.Key, p.prefix)
			if !yield(at, p.fault(err)) {
				return
			}
		}
	}
}
