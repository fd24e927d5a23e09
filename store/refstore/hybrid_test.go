package refstore_test

import (
	"context"
	"errors"
	"io"
	"iter"
	"sync"

	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/refstore"
)

// member is an object to be referred to.
type member struct{ name, data string }

// hybrid writes to memory, and reads references to all that is there.
type hybrid struct {
	store.Store

	mu    sync.Mutex
	read  *refstore.Store // nil once something was written
	build func([]member) (*refstore.Store, error)
}

func (h *hybrid) table() (*refstore.Store, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.read != nil {
		return h.read, nil
	}
	var members []member
	for info, err := range h.Store.List(context.Background(), store.ListOptions{}) {
		if err != nil {
			return nil, err
		}
		data, _, err := h.Store.Get(context.Background(), info.Key, store.GetOptions{}, nil)
		if err != nil {
			return nil, err
		}
		members = append(members, member{info.Key, string(data)})
	}
	var err error
	h.read, err = h.build(members)
	return h.read, err
}

func (h *hybrid) Put(ctx context.Context, key string, parts [][]byte, c store.Cond) (store.Version, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.read = nil
	_, err := h.Store.Put(ctx, key, parts, c)
	return "", err
}

func (h *hybrid) Delete(ctx context.Context, key string, c store.Cond) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.read = nil
	return h.Store.Delete(ctx, key, c)
}

func (h *hybrid) Get(ctx context.Context, key string, o store.GetOptions, dst []byte) ([]byte, store.Info, error) {
	r, err := h.table()
	if err != nil {
		return dst, store.Info{}, err
	}
	got, info, err := r.Get(ctx, key, o, dst)
	info.Version = ""
	return got, info, err
}

func (h *hybrid) Stat(ctx context.Context, key string) (store.Info, error) {
	r, err := h.table()
	if err != nil {
		return store.Info{}, err
	}
	info, err := r.Stat(ctx, key)
	info.Version = ""
	return info, err
}

func (h *hybrid) List(ctx context.Context, o store.ListOptions) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		r, err := h.table()
		if err != nil {
			yield(store.Info{}, err)
			return
		}
		for info, err := range r.List(ctx, o) {
			info.Version = ""
			if !yield(info, err) {
				return
			}
		}
	}
}

func (h *hybrid) GetRanges(ctx context.Context, key string, c store.Cond, spans []nd.Span) (store.Info, error) {
	r, err := h.table()
	if err != nil {
		return store.Info{}, err
	}
	return r.GetRanges(ctx, key, c, spans)
}

func (h *hybrid) OpenReader(ctx context.Context, key string, o store.GetOptions) (io.ReadCloser, store.Info, error) {
	r, err := h.table()
	if err != nil {
		return nil, store.Info{}, err
	}
	return r.OpenReader(ctx, key, o)
}

func (h *hybrid) OpenWriter(context.Context, string, store.Cond) (store.Writer, error) {
	return nil, errors.ErrUnsupported
}

func (h *hybrid) Guarantees() store.Guarantees { return store.Guarantees{ListSorted: true} }

func (h *hybrid) Close() error {
	if r, err := h.table(); err == nil {
		r.Close()
	}
	return h.Store.Close()
}

func (h *hybrid) String() string { return "refs" }
