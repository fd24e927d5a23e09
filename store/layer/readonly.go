package layer

import (
	"context"
	"io"
	"iter"

	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
)

// ReadOnly returns s without the ability to change it: whatever would is an
// ErrPermission that says what was tried, even where it would have changed
// nothing. Sync is passed on.
func ReadOnly(s store.Store) store.Store {
	return &readOnly{s}
}

type readOnly struct{ below store.Store }

var errReadOnly = &readOnlyError{}

// readOnlyError is an ErrPermission that does not repeat its words.
type readOnlyError struct{}

func (*readOnlyError) Error() string        { return "the store was opened for reading only" }
func (*readOnlyError) Is(target error) bool { return target == store.ErrPermission }

func (r *readOnly) refuse(op, key string) error {
	return &store.Error{Op: op, Store: r.String(), Key: key, Err: errReadOnly}
}

func (r *readOnly) String() string { return store.Name(r.below) }

func (r *readOnly) Get(ctx context.Context, key string, o store.GetOptions, dst []byte) ([]byte, store.Info, error) {
	return r.below.Get(ctx, key, o, dst)
}

func (r *readOnly) Stat(ctx context.Context, key string) (store.Info, error) {
	return r.below.Stat(ctx, key)
}

func (r *readOnly) Put(_ context.Context, key string, _ [][]byte, _ store.Cond) (store.Version, error) {
	return "", r.refuse("put", key)
}

func (r *readOnly) Delete(_ context.Context, key string, _ store.Cond) error {
	return r.refuse("delete", key)
}

func (r *readOnly) List(ctx context.Context, o store.ListOptions) iter.Seq2[store.Info, error] {
	return r.below.List(ctx, o)
}

// Guarantees are those of the store below: what others write through it is
// still bound by them.
func (r *readOnly) Guarantees() store.Guarantees { return r.below.Guarantees() }

func (r *readOnly) Close() error { return r.below.Close() }

func (r *readOnly) GetRanges(ctx context.Context, key string, c store.Cond, spans []nd.Span) (store.Info, error) {
	return store.GetRanges(ctx, r.below, key, c, spans)
}

func (r *readOnly) OpenReader(ctx context.Context, key string, o store.GetOptions) (io.ReadCloser, store.Info, error) {
	return store.OpenReader(ctx, r.below, key, o)
}

func (r *readOnly) OpenWriter(_ context.Context, key string, _ store.Cond) (store.Writer, error) {
	return nil, r.refuse("write", key)
}

func (r *readOnly) Sync(ctx context.Context) error { return store.Sync(ctx, r.below) }

func (r *readOnly) DeleteAll(_ context.Context, keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	return r.refuse("delete", keys[0])
}

func (r *readOnly) DeletePrefix(_ context.Context, prefix string) error {
	return r.refuse("delete all under", prefix)
}

func (r *readOnly) Copy(_ context.Context, _, to string, _ store.Cond) (store.Version, error) {
	return "", r.refuse("copy to", to)
}

func (r *readOnly) Rename(_ context.Context, from, _ string) error {
	return r.refuse("rename", from)
}

func (r *readOnly) Locate(ctx context.Context, prefix string) iter.Seq2[store.Location, error] {
	return store.Locate(ctx, r.below, prefix)
}
