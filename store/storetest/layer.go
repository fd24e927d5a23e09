package storetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"reflect"
	"testing"

	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
)

// RunLayer checks a layer: a store made by wrap from another. On a store with
// all optional operations and on one with none, it must do what Run demands, and
// answer as the plain store does (see [Compare]); and each optional operation must
// reach the store below as one. The plain store itself is for [Run].
func RunLayer(t *testing.T, open func(t *testing.T) store.Store, wrap func(store.Store) store.Store) {
	t.Run("wrapped", func(t *testing.T) {
		Run(t, func(t *testing.T) store.Store { return wrap(open(t)) })
	})
	t.Run("wrapped without optional operations", func(t *testing.T) {
		Run(t, func(t *testing.T) store.Store { return wrap(bare{open(t)}) })
	})
	t.Run("compared", func(t *testing.T) { Compare(t, open, wrap, true) })
	t.Run("compared without optional operations", func(t *testing.T) {
		Compare(t, func(t *testing.T) store.Store { return bare{open(t)} }, wrap, true)
	})
	t.Run("forwards", func(t *testing.T) {
		if err := Forwards(t.Context(), wrap); err != nil {
			t.Error(err)
		}
	})
}

// Bare returns s without its optional operations, as if it had but those of
// [store.Store].
func Bare(s store.Store) store.Store { return bare{s} }

type bare struct{ store.Store }

func (b bare) String() string { return store.Name(b.Store) }

// optional are the optional operations: the interface, and for each method its
// name, whether it changes the store, and a call through the package function.
var optional = []struct {
	of     reflect.Type
	method string
	writes bool
	call   func(ctx context.Context, s store.Store) error
}{
	{reflect.TypeFor[store.RangeGetter](), "GetRanges", false, func(ctx context.Context, s store.Store) error {
		_, err := store.GetRanges(ctx, s, "a", store.Cond{}, []nd.Span{{Dst: make([]byte, 1)}})
		return err
	}},
	{reflect.TypeFor[store.Streamer](), "OpenReader", false, func(ctx context.Context, s store.Store) error {
		_, _, err := store.OpenReader(ctx, s, "a", store.GetOptions{})
		return err
	}},
	{reflect.TypeFor[store.Streamer](), "OpenWriter", true, func(ctx context.Context, s store.Store) error {
		_, err := store.OpenWriter(ctx, s, "a", store.Cond{})
		return err
	}},
	{reflect.TypeFor[store.Syncer](), "Sync", false, func(ctx context.Context, s store.Store) error {
		return store.Sync(ctx, s)
	}},
	{reflect.TypeFor[store.BulkDeleter](), "DeleteAll", true, func(ctx context.Context, s store.Store) error {
		return store.DeleteAll(ctx, s, []string{"a"})
	}},
	{reflect.TypeFor[store.BulkDeleter](), "DeletePrefix", true, func(ctx context.Context, s store.Store) error {
		return store.DeletePrefix(ctx, s, "a/")
	}},
	{reflect.TypeFor[store.Copier](), "Copy", true, func(ctx context.Context, s store.Store) error {
		_, err := store.Copy(ctx, s, "a", "b", store.Cond{})
		return err
	}},
	{reflect.TypeFor[store.Renamer](), "Rename", true, func(ctx context.Context, s store.Store) error {
		return store.Rename(ctx, s, "a/", "b/")
	}},
	{reflect.TypeFor[store.Locator](), "Locate", false, func(ctx context.Context, s store.Store) error {
		for _, err := range store.Locate(ctx, s, "a/") {
			return err
		}
		return nil
	}},
}

// Forwards says what is wrong unless every optional operation on a store made
// by wrap reaches the same operation of the store below; one that changes the
// store may be refused with ErrPermission instead.
func Forwards(ctx context.Context, wrap func(store.Store) store.Store) error {
	var errs []error
	for _, o := range optional {
		below := &spy{}
		s := wrap(below)
		if !reflect.TypeOf(s).Implements(o.of) {
			errs = append(errs, fmt.Errorf("%T lacks %s", s, o.of))
			continue
		}
		err := o.call(ctx, s)
		switch {
		case errors.Is(err, store.ErrPermission) && o.writes && below.called == "":
		case !errors.Is(err, errSpy):
			errs = append(errs, fmt.Errorf("%T does not return what %s of the store below does, but: %v", s, o.method, err))
		case below.called != o.method:
			errs = append(errs, fmt.Errorf("%T answers %s by calling %s of the store below", s, o.method, below.called))
		}
	}
	return errors.Join(errs...)
}

var errSpy = errors.New("the spy was called")

// spy is a store that notes which of its methods was called first.
type spy struct{ called string }

func (p *spy) note(method string) error {
	if p.called == "" {
		p.called = method
	}
	return errSpy
}

func (p *spy) Get(_ context.Context, _ string, _ store.GetOptions, dst []byte) ([]byte, store.Info, error) {
	return dst, store.Info{}, p.note("Get")
}

func (p *spy) Stat(context.Context, string) (store.Info, error) {
	return store.Info{}, p.note("Stat")
}

func (p *spy) Put(context.Context, string, [][]byte, store.Cond) (store.Version, error) {
	return "", p.note("Put")
}

func (p *spy) Delete(context.Context, string, store.Cond) error { return p.note("Delete") }

func (p *spy) List(context.Context, store.ListOptions) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) { yield(store.Info{}, p.note("List")) }
}

func (p *spy) Guarantees() store.Guarantees { return store.Guarantees{} }

func (p *spy) Close() error { return nil }

func (p *spy) GetRanges(context.Context, string, store.Cond, []nd.Span) (store.Info, error) {
	return store.Info{}, p.note("GetRanges")
}

func (p *spy) OpenReader(context.Context, string, store.GetOptions) (io.ReadCloser, store.Info, error) {
	return nil, store.Info{}, p.note("OpenReader")
}

func (p *spy) OpenWriter(context.Context, string, store.Cond) (store.Writer, error) {
	return nil, p.note("OpenWriter")
}

func (p *spy) Sync(context.Context) error { return p.note("Sync") }

func (p *spy) DeleteAll(context.Context, []string) error { return p.note("DeleteAll") }

func (p *spy) DeletePrefix(context.Context, string) error { return p.note("DeletePrefix") }

func (p *spy) Copy(context.Context, string, string, store.Cond) (store.Version, error) {
	return "", p.note("Copy")
}

func (p *spy) Rename(context.Context, string, string) error { return p.note("Rename") }

func (p *spy) Locate(context.Context, string) iter.Seq2[store.Location, error] {
	return func(yield func(store.Location, error) bool) { yield(store.Location{}, p.note("Locate")) }
}
