package storetest

import (
	"context"
	"flag"
	"iter"
	"runtime"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/memstore"
)

// TestCompareNotices wraps stores by layers that answer a little differently.
func TestCompareNotices(t *testing.T) {
	for name, value := range map[string]string{"rapid.shrinktime": "0s", "rapid.nofailfile": "true", "rapid.checks": "1000"} {
		f := flag.Lookup(name)
		old := f.Value.String()
		if err := f.Value.Set(value); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Value.Set(old) })
	}
	for name, wrap := range map[string]func(store.Store) store.Store{
		"forgets conditions of deletes": func(s store.Store) store.Store {
			return mutant{Store: s, delete: func(s store.Store, ctx context.Context, key string, c store.Cond) error {
				return s.Delete(ctx, key, store.Cond{})
			}}
		},
		"remembers": func(s store.Store) store.Store {
			kept := map[string]store.Info{}
			return mutant{Store: s, stat: func(s store.Store, ctx context.Context, key string) (store.Info, error) {
				info, err := s.Stat(ctx, key)
				if old, ok := kept[key]; ok {
					return old, nil
				}
				if err == nil {
					kept[key] = info
				}
				return info, err
			}}
		},
		"hides a folder": func(s store.Store) store.Store {
			return mutant{Store: s, list: func(s store.Store, ctx context.Context, o store.ListOptions) iter.Seq2[store.Info, error] {
				return filtered(s.List(ctx, o), func(i store.Info) bool { return !strings.HasPrefix(i.Key, "b/c/") })
			}}
		},
		"versions change": func(s store.Store) store.Store {
			n := 0
			return mutant{Store: s, stat: func(s store.Store, ctx context.Context, key string) (store.Info, error) {
				info, err := s.Stat(ctx, key)
				n++
				info.Version += store.Version(strings.Repeat("+", n))
				return info, err
			}}
		},
	} {
		r := &recorder{TB: t}
		done := make(chan struct{})
		go func() { // a failure ends the goroutine
			defer close(done)
			rapid.Check(r, compare(t, func(t *testing.T) store.Store { return bare{memstore.New()} }, wrap, false))
		}()
		<-done
		if !r.failed {
			t.Errorf("%s: the layer answers otherwise, and that was not noticed", name)
		}
	}
}

// recorder takes note of failures instead of failing.
type recorder struct {
	rapid.TB
	failed bool
}

func (r *recorder) Name() string          { return "" }
func (r *recorder) Failed() bool          { return r.failed }
func (r *recorder) Fail()                 { r.failed = true }
func (r *recorder) FailNow()              { r.failed = true; runtime.Goexit() }
func (r *recorder) Error(...any)          { r.failed = true }
func (r *recorder) Errorf(string, ...any) { r.failed = true }
func (r *recorder) Fatal(...any)          { r.FailNow() }
func (r *recorder) Fatalf(string, ...any) { r.FailNow() }
func (r *recorder) Log(...any)            {}
func (r *recorder) Logf(string, ...any)   {}
