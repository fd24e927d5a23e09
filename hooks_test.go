package dosna_test

import (
	"context"
	"iter"
	"strings"
	"sync"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/memstore"
)

// hooked is a store that tells of each operation before doing it, and may promise
// less than the store below.
type hooked struct {
	store.Store
	hook     sync.Mutex
	atOnce   bool                       // calls of before may come at the same time
	before   func(op, key string) error // else they come one at a time
	promises *store.Guarantees          // nil: those of the store below

	mu  sync.Mutex
	ops []string // "get x/c/0"
}

func (h *hooked) tell(op, key string) error {
	h.mu.Lock()
	h.ops = append(h.ops, op+" "+key)
	h.mu.Unlock()
	if !h.atOnce {
		h.hook.Lock()
		defer h.hook.Unlock()
	}
	if h.before != nil {
		return h.before(op, key)
	}
	return nil
}

// count returns how often an operation was asked for on keys with that prefix,
// "get x/c", since the last reset.
func (h *hooked) count(prefix string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := 0
	for _, op := range h.ops {
		if strings.HasPrefix(op, prefix) {
			n++
		}
	}
	return n
}

func (h *hooked) reset() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ops = nil
}

func (h *hooked) Guarantees() store.Guarantees {
	if h.promises != nil {
		return *h.promises
	}
	return h.Store.Guarantees()
}

func (h *hooked) Get(ctx context.Context, key string, o store.GetOptions, dst []byte) ([]byte, store.Info, error) {
	if err := h.tell("get", key); err != nil {
		return dst, store.Info{}, err
	}
	if !h.Guarantees().GetIfMatch {
		o.Cond = store.Cond{}
	}
	return h.Store.Get(ctx, key, o, dst)
}

func (h *hooked) Stat(ctx context.Context, key string) (store.Info, error) {
	if err := h.tell("stat", key); err != nil {
		return store.Info{}, err
	}
	return h.Store.Stat(ctx, key)
}

func (h *hooked) Put(ctx context.Context, key string, parts [][]byte, c store.Cond) (store.Version, error) {
	if err := h.tell("put", key); err != nil {
		return "", err
	}
	return h.Store.Put(ctx, key, parts, c)
}

func (h *hooked) Copy(ctx context.Context, from, to string, c store.Cond) (store.Version, error) {
	if err := h.tell("copy", to); err != nil {
		return "", err
	}
	return store.Copy(ctx, h.Store, from, to, c)
}

func (h *hooked) Delete(ctx context.Context, key string, c store.Cond) error {
	if err := h.tell("delete", key); err != nil {
		return err
	}
	return h.Store.Delete(ctx, key, c)
}

func (h *hooked) List(ctx context.Context, o store.ListOptions) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		if err := h.tell("list", o.Prefix); err != nil {
			yield(store.Info{}, err)
			return
		}
		for info, err := range h.Store.List(ctx, o) {
			if !yield(info, err) {
				return
			}
		}
	}
}

// open opens a tree in the store with options of its own.
func open(t testing.TB, s store.Store, o dosna.Options) *dosna.Connection {
	t.Helper()
	o.Mode = dosna.Create
	c, err := dosna.OpenStore(ctx, s, &o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// two opens a tree in RAM twice: through a store with hooks, and directly.
func two(t testing.TB, o dosna.Options) (h *hooked, through, direct *dosna.Connection) {
	t.Helper()
	below := memstore.New()
	h = &hooked{Store: below}
	through, direct = open(t, h, o), open(t, below, dosna.Options{})
	h.reset()
	return h, through, direct
}

func bytesDataset(t testing.TB, c *dosna.Connection, path string, shape, chunks []int) *dosna.Dataset {
	t.Helper()
	d, err := c.CreateDataset(ctx, path, dosna.DatasetSpec{Shape: shape, Type: dtype.Uint8, Chunks: chunks})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func dataset(t testing.TB, c *dosna.Connection, path string) *dosna.Dataset {
	t.Helper()
	d, err := c.OpenDataset(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
