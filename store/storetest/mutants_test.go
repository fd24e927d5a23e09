package storetest

import (
	"context"
	"errors"
	"iter"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/memstore"
	"github.com/dosna/dosna/store/storetest/check"
)

func plainGet(s store.Store, ctx context.Context, key string, o store.GetOptions, dst []byte) ([]byte, store.Info, error) {
	return s.Get(ctx, key, o, dst)
}

// mutants are wrong stores, by what is wrong with them, and an area in which
// some check must notice it, or the one that must.
var mutants = map[string]struct {
	area string
	make func() store.Store
}{
	"a deleted version is replaced": {"race/a version is changed once", func() store.Store {
		return mutant{Store: memstore.New(), delete: func(s store.Store, ctx context.Context, key string, c store.Cond) error {
			if c.IfMatch != "" {
				if info, err := s.Stat(ctx, key); err != nil || info.Version != c.IfMatch {
					return &store.Error{Op: "delete", Store: "x", Err: store.ErrConflict}
				}
				runtime.Gosched()
				c.IfMatch = ""
			}
			return s.Delete(ctx, key, c)
		}}
	}},
	"put returns the version that is there": {"race/versions are never used twice", func() store.Store {
		return mutant{Store: memstore.New(), put: func(s store.Store, ctx context.Context, key string, parts [][]byte, c store.Cond) (store.Version, error) {
			v, err := s.Put(ctx, key, parts, c)
			if err != nil {
				return v, err
			}
			runtime.Gosched()
			if info, err := s.Stat(ctx, key); err == nil {
				v = info.Version
			}
			return v, nil
		}}
	}},
	"a reader mixes versions":     {"race/streams", func() store.Store { return mixedReader{bare{memstore.New()}} }},
	"ranges ignore the condition": {"race/get if match returns that version", func() store.Store { return looseRanges{bare{memstore.New()}} }},
	"listing goes on by number":   {"race/listing what changes", func() store.Store { return &paging{Store: memstore.New()} }},
	"refuses when busy":           {"race/busy", func() store.Store { return &slots{Store: memstore.New(), most: 20} }},
	"listing holds a slot":        {"race/busy", func() store.Store { return &slots{Store: memstore.New(), most: 40, listing: true} }},
	"larger than MaxObject":       {"put/too large", func() store.Store { return promising{bare{memstore.New()}, 1000, 1 << 40} }},
	"smaller than MaxObject":      {"put/too large", func() store.Store { return promising{bare{memstore.New()}, 1000, 999} }},

	"lost update": {"race", func() store.Store {
		return mutant{Store: memstore.New(), put: func(s store.Store, ctx context.Context, key string, parts [][]byte, c store.Cond) (store.Version, error) {
			if c.IfMatch != "" {
				if info, err := s.Stat(ctx, key); err != nil || info.Version != c.IfMatch {
					return "", &store.Error{Op: "put", Store: "x", Err: store.ErrConflict}
				}
				runtime.Gosched()
				c.IfMatch = ""
			}
			return s.Put(ctx, key, parts, c)
		}}
	}},
	"two put if absent win": {"race", func() store.Store {
		return mutant{Store: memstore.New(), put: func(s store.Store, ctx context.Context, key string, parts [][]byte, c store.Cond) (store.Version, error) {
			if c.IfAbsent {
				if _, err := s.Stat(ctx, key); err == nil {
					return "", &store.Error{Op: "put", Store: "x", Err: store.ErrExist}
				}
				time.Sleep(time.Microsecond)
				c.IfAbsent = false
			}
			return s.Put(ctx, key, parts, c)
		}}
	}},
	"delete takes another version": {"race", func() store.Store {
		return mutant{Store: memstore.New(), delete: func(s store.Store, ctx context.Context, key string, c store.Cond) error {
			if c.IfMatch != "" {
				if info, err := s.Stat(ctx, key); err != nil || info.Version != c.IfMatch {
					return &store.Error{Op: "delete", Store: "x", Err: store.ErrConflict}
				}
				time.Sleep(time.Microsecond)
				c.IfMatch = ""
			}
			return s.Delete(ctx, key, c)
		}}
	}},
	"torn read": {"race", func() store.Store {
		return mutant{Store: memstore.New(), get: func(s store.Store, ctx context.Context, key string, o store.GetOptions, dst []byte) ([]byte, store.Info, error) {
			got, info, err := s.Get(ctx, key, o, dst)
			if err != nil || o != (store.GetOptions{}) || len(got)-len(dst) < 4 {
				return got, info, err
			}
			runtime.Gosched()
			half := (len(got) - len(dst)) / 2
			late, _, err := s.Get(ctx, key, store.GetOptions{Range: store.Range{Off: int64(half)}}, nil)
			if err == nil {
				copy(got[len(dst)+half:], late)
			}
			return got, info, nil
		}}
	}},
	"version of another state": {"race", func() store.Store {
		return mutant{Store: memstore.New(), get: func(s store.Store, ctx context.Context, key string, o store.GetOptions, dst []byte) ([]byte, store.Info, error) {
			info, err := s.Stat(ctx, key)
			if err != nil || o.Check() != nil || o.Cond.MeetRead(info.Version) != nil || o.Max != 0 {
				return s.Get(ctx, key, o, dst)
			}
			runtime.Gosched()
			o.Cond = store.Cond{}
			got, now, err := s.Get(ctx, key, o, dst)
			if err == nil {
				now.Version = info.Version
			}
			return got, now, err
		}}
	}},
	"keeps the caller's buffer": {"put", func() store.Store {
		return &aliasing{Store: memstore.New(), kept: map[string][]byte{}}
	}},
	"returns its own buffer": {"get", func() store.Store {
		return &sharing{Store: memstore.New(), kept: map[string][]byte{}}
	}},
	"keeps the first part only": {"put", func() store.Store {
		return mutant{Store: memstore.New(), put: func(s store.Store, ctx context.Context, key string, parts [][]byte, c store.Cond) (store.Version, error) {
			return s.Put(ctx, key, parts[:min(1, len(parts))], c)
		}}
	}},
	"empty objects are absent": {"get", func() store.Store {
		return mutant{Store: memstore.New(), get: func(s store.Store, ctx context.Context, key string, o store.GetOptions, dst []byte) ([]byte, store.Info, error) {
			got, info, err := s.Get(ctx, key, o, dst)
			if err == nil && info.Size == 0 {
				return dst, store.Info{}, &store.Error{Op: "get", Store: "x", Key: key, Err: store.ErrNotExist}
			}
			return got, info, err
		}}
	}},
	"overwrites dst": {"get", func() store.Store {
		return mutant{Store: memstore.New(), get: func(s store.Store, ctx context.Context, key string, o store.GetOptions, dst []byte) ([]byte, store.Info, error) {
			got, info, err := s.Get(ctx, key, o, dst[:0])
			if err != nil {
				return dst, info, err
			}
			return got, info, err
		}}
	}},
	"loses dst on error": {"get", func() store.Store {
		return mutant{Store: memstore.New(), get: func(s store.Store, ctx context.Context, key string, o store.GetOptions, dst []byte) ([]byte, store.Info, error) {
			got, info, err := s.Get(ctx, key, o, dst)
			if err != nil {
				got = nil
			}
			return got, info, err
		}}
	}},
	"never uses dst": {"get", func() store.Store {
		return mutant{Store: memstore.New(), get: func(s store.Store, ctx context.Context, key string, o store.GetOptions, dst []byte) ([]byte, store.Info, error) {
			got, info, err := s.Get(ctx, key, o, slices.Clone(dst))
			if err != nil {
				got = dst
			}
			return got, info, err
		}}
	}},
	"absent is empty": {"get", func() store.Store {
		return mutant{Store: memstore.New(), get: func(s store.Store, ctx context.Context, key string, o store.GetOptions, dst []byte) ([]byte, store.Info, error) {
			got, info, err := s.Get(ctx, key, o, dst)
			if errors.Is(err, store.ErrNotExist) {
				return dst, store.Info{Key: key}, nil
			}
			return got, info, err
		}}
	}},
	"ignores Max": {"get", func() store.Store {
		return mutant{Store: memstore.New(), get: func(s store.Store, ctx context.Context, key string, o store.GetOptions, dst []byte) ([]byte, store.Info, error) {
			o.Max = max(0, -o.Max)
			return plainGet(s, ctx, key, o, dst)
		}}
	}},
	"size of the range": {"get", func() store.Store {
		return mutant{Store: memstore.New(), get: func(s store.Store, ctx context.Context, key string, o store.GetOptions, dst []byte) ([]byte, store.Info, error) {
			got, info, err := s.Get(ctx, key, o, dst)
			if err == nil {
				info.Size = int64(len(got) - len(dst))
			}
			return got, info, err
		}}
	}},
	"ignores ranges": {"ranges", func() store.Store {
		return mutant{Store: memstore.New(), get: func(s store.Store, ctx context.Context, key string, o store.GetOptions, dst []byte) ([]byte, store.Info, error) {
			o.Range = store.Range{}
			return plainGet(s, ctx, key, o, dst)
		}}
	}},
	"no suffix ranges": {"ranges", func() store.Store {
		return mutant{Store: memstore.New(), get: func(s store.Store, ctx context.Context, key string, o store.GetOptions, dst []byte) ([]byte, store.Info, error) {
			o.Range.Off = max(o.Range.Off, 0)
			return plainGet(s, ctx, key, o, dst)
		}}
	}},
	"beyond the end is empty": {"ranges", func() store.Store {
		return mutant{Store: memstore.New(), get: func(s store.Store, ctx context.Context, key string, o store.GetOptions, dst []byte) ([]byte, store.Info, error) {
			got, info, err := s.Get(ctx, key, o, dst)
			if err != nil && !errors.Is(err, store.ErrNotExist) && o.Range.Off > 0 {
				info, err = s.Stat(ctx, key)
			}
			return got, info, err
		}}
	}},
	"ignores conditions of reads": {"conditions", func() store.Store {
		return mutant{Store: memstore.New(), get: func(s store.Store, ctx context.Context, key string, o store.GetOptions, dst []byte) ([]byte, store.Info, error) {
			o.Cond.IfMatch = ""
			return plainGet(s, ctx, key, o, dst)
		}}
	}},
	"ignores conditions of deletes": {"conditions", func() store.Store {
		return mutant{Store: memstore.New(), delete: func(s store.Store, ctx context.Context, key string, c store.Cond) error {
			c.IfMatch = ""
			return s.Delete(ctx, key, c)
		}}
	}},
	"ignores if absent": {"conditions", func() store.Store {
		return mutant{Store: memstore.New(), put: func(s store.Store, ctx context.Context, key string, parts [][]byte, c store.Cond) (store.Version, error) {
			c.IfAbsent = false
			return s.Put(ctx, key, parts, c)
		}}
	}},
	"deleting the absent fails": {"delete", func() store.Store {
		return mutant{Store: memstore.New(), delete: func(s store.Store, ctx context.Context, key string, c store.Cond) error {
			if _, err := s.Stat(ctx, key); err != nil {
				return err
			}
			return s.Delete(ctx, key, c)
		}}
	}},
	"delete takes the folder": {"delete", func() store.Store {
		return mutant{Store: memstore.New(), delete: func(s store.Store, ctx context.Context, key string, c store.Cond) error {
			if c == (store.Cond{}) && store.CheckKey(key) == nil {
				if err := store.DeletePrefix(ctx, s, key+"/"); err != nil {
					return err
				}
			}
			return s.Delete(ctx, key, c)
		}}
	}},
	"prefix without its slash": {"list", func() store.Store {
		return mutant{Store: memstore.New(), list: func(s store.Store, ctx context.Context, o store.ListOptions) iter.Seq2[store.Info, error] {
			if o.Shallow || store.CheckPrefix(o.Prefix) != nil {
				return s.List(ctx, o)
			}
			prefix := strings.TrimSuffix(o.Prefix, "/")
			o.Prefix = ""
			return filtered(s.List(ctx, o), func(i store.Info) bool { return strings.HasPrefix(i.Key, prefix) })
		}}
	}},
	"After is included": {"list", func() store.Store {
		return mutant{Store: memstore.New(), list: func(s store.Store, ctx context.Context, o store.ListOptions) iter.Seq2[store.Info, error] {
			after := o.After
			o.After = ""
			return filtered(s.List(ctx, o), func(i store.Info) bool { return i.Key >= after })
		}}
	}},
	"folders sort without their slash": {"list", func() store.Store {
		return mutant{Store: memstore.New(), list: func(s store.Store, ctx context.Context, o store.ListOptions) iter.Seq2[store.Info, error] {
			return func(yield func(store.Info, error) bool) {
				var all []store.Info
				for info, err := range s.List(ctx, o) {
					if err != nil {
						yield(info, err)
						return
					}
					all = append(all, info)
				}
				slices.SortFunc(all, func(a, b store.Info) int {
					return slices.Compare(strings.Split(a.Key, "/"), strings.Split(b.Key, "/"))
				})
				for _, info := range all {
					if !yield(info, nil) {
						return
					}
				}
			}
		}}
	}},
	"lists a thousand": {"list", func() store.Store {
		return mutant{Store: memstore.New(), list: func(s store.Store, ctx context.Context, o store.ListOptions) iter.Seq2[store.Info, error] {
			return func(yield func(store.Info, error) bool) {
				n := 0
				for info, err := range s.List(ctx, o) {
					if n++; n > 1000 || !yield(info, err) {
						return
					}
				}
			}
		}}
	}},
	"holds a lock while listing": {"list", func() store.Store { return &locking{Store: memstore.New()} }},
	"takes any key": {"keys", func() store.Store {
		return mutant{Store: memstore.New(), put: func(s store.Store, ctx context.Context, key string, parts [][]byte, c store.Cond) (store.Version, error) {
			if key == "a/../b" {
				key = "b"
			}
			return s.Put(ctx, key, parts, c)
		}}
	}},
	"keys are case-insensitive": {"list", func() store.Store {
		return mutant{Store: memstore.New(), put: func(s store.Store, ctx context.Context, key string, parts [][]byte, c store.Cond) (store.Version, error) {
			return s.Put(ctx, strings.ToLower(key), parts, c)
		}}
	}},
	"ignores the context": {"context", func() store.Store {
		return mutant{Store: memstore.New(), put: func(s store.Store, ctx context.Context, key string, parts [][]byte, c store.Cond) (store.Version, error) {
			return s.Put(context.WithoutCancel(ctx), key, parts, c)
		}}
	}},
	"listing ignores the context": {"context", func() store.Store {
		return mutant{Store: memstore.New(), list: func(s store.Store, ctx context.Context, o store.ListOptions) iter.Seq2[store.Info, error] {
			return s.List(context.WithoutCancel(ctx), o)
		}}
	}},
	"close does nothing": {"close", func() store.Store {
		return mutant{Store: memstore.New(), close: func(store.Store) error { return nil }}
	}},
	"errors of its own": {"get", func() store.Store {
		return mutant{Store: memstore.New(), stat: func(s store.Store, ctx context.Context, key string) (store.Info, error) {
			info, err := s.Stat(ctx, key)
			if errors.Is(err, store.ErrNotExist) {
				err = store.ErrNotExist
			}
			return info, err
		}}
	}},
	"other versions in stat": {"get", func() store.Store {
		return mutant{Store: memstore.New(), stat: func(s store.Store, ctx context.Context, key string) (store.Info, error) {
			info, err := s.Stat(ctx, key)
			if err == nil {
				info.Version += "x"
			}
			return info, err
		}}
	}},
	"versions repeat": {"put", func() store.Store {
		return mutant{Store: memstore.New(), put: func(s store.Store, ctx context.Context, key string, parts [][]byte, c store.Cond) (store.Version, error) {
			v, err := s.Put(ctx, key, parts, c)
			if len(v) > 1 {
				v = v[:1]
			}
			return v, err
		}}
	}},
	"spans cut short": {"ranges", func() store.Store {
		return badRanges{bare{memstore.New()}, func(s store.Store, ctx context.Context, key string, spans []nd.Span) (store.Info, error) {
			spans = slices.Clone(spans)
			for i, p := range spans {
				if len(p.Dst) > 64 {
					spans[i].Dst = p.Dst[:len(p.Dst)-1]
				}
			}
			return store.GetRanges(ctx, s, key, store.Cond{}, spans)
		}}
	}},
	"spans read too far": {"ranges", func() store.Store {
		return badRanges{bare{memstore.New()}, func(s store.Store, ctx context.Context, key string, spans []nd.Span) (store.Info, error) {
			info, err := store.GetRanges(ctx, s, key, store.Cond{}, spans)
			for _, p := range spans {
				if err == nil && cap(p.Dst) > len(p.Dst) {
					p.Dst[:len(p.Dst)+1][len(p.Dst)]++
				}
			}
			return info, err
		}}
	}},
	"spans from different versions": {"race", func() store.Store {
		return badRanges{bare{memstore.New()}, func(s store.Store, ctx context.Context, key string, spans []nd.Span) (store.Info, error) {
			info, err := s.Stat(ctx, key)
			for _, p := range spans {
				if err == nil {
					runtime.Gosched()
					_, err = store.GetRanges(ctx, s, key, store.Cond{}, []nd.Span{p})
				}
			}
			return info, err
		}}
	}},
	"spans beyond the end are zero": {"ranges", func() store.Store {
		return badRanges{bare{memstore.New()}, func(s store.Store, ctx context.Context, key string, spans []nd.Span) (store.Info, error) {
			info, err := store.GetRanges(ctx, s, key, store.Cond{}, spans)
			if err != nil && !errors.Is(err, store.ErrNotExist) && !errors.Is(err, context.Canceled) {
				return s.Stat(ctx, key)
			}
			return info, err
		}}
	}},
	"close commits": {"stream", func() store.Store { return badWriter{bare{memstore.New()}} }},
	"delete prefix takes siblings": {"bulk", func() store.Store {
		return badDeletePrefix{bare{memstore.New()}, func(s store.Store, ctx context.Context, prefix string) error {
			for info := range s.List(ctx, store.ListOptions{}) {
				if strings.HasPrefix(info.Key, strings.TrimSuffix(prefix, "/")) {
					if err := s.Delete(ctx, info.Key, store.Cond{}); err != nil {
						return err
					}
				}
			}
			return nil
		}}
	}},
	"delete prefix stops early": {"bulk", func() store.Store {
		return badDeletePrefix{bare{memstore.New()}, func(s store.Store, ctx context.Context, prefix string) error {
			n := 0
			for info := range s.List(ctx, store.ListOptions{Prefix: prefix}) {
				if n++; n > 1000 {
					return nil
				}
				if err := s.Delete(ctx, info.Key, store.Cond{}); err != nil {
					return err
				}
			}
			return nil
		}}
	}},
	"copy forgets the condition": {"bulk", func() store.Store { return badCopy{bare{memstore.New()}} }},
	"rename overwrites":          {"bulk", func() store.Store { return badRename{bare{memstore.New()}} }},
}

// TestMutants shows that the suite tells wrong stores from right ones.
func TestMutants(t *testing.T) {
	for name, m := range mutants {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			var noticed []string
			for range 20 { // races need not show at once
				for _, c := range check.All() {
					if (c.Area != m.area && c.String() != m.area) || !c.For(m.make().Guarantees()) {
						continue
					}
					ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
					if err := c.Run(ctx, m.make()); err != nil {
						noticed = append(noticed, c.String()+": "+err.Error())
					}
					cancel()
				}
				if noticed != nil {
					t.Logf("%.200q", noticed)
					return
				}
			}
			t.Errorf("a store that is wrong passes the checks of %q", m.area)
		})
	}
}

// TestPromising shows that a store which honours MaxObject passes.
func TestPromising(t *testing.T) {
	if testing.Short() {
		return // each object is large, for the race detector too large
	}
	Run(t, func(t *testing.T) store.Store { return promising{bare{memstore.New()}, 12 << 20, 12 << 20} })
}

// sharedMutants are stores whose openings know too little of each other; make
// returns openings of one.
var sharedMutants = map[string]struct {
	area string
	make func() []store.Store
}{
	"a cache that nobody tells": {"shared/seen at once", func() []store.Store {
		below := memstore.New()
		return []store.Store{
			&sharing{Store: bare{below}, kept: map[string][]byte{}},
			&sharing{Store: bare{below}, kept: map[string][]byte{}},
		}
	}},
	"versions of its own": {"shared/conditions", func() []store.Store {
		below := memstore.New()
		return []store.Store{below, mutant{Store: below, stat: func(s store.Store, ctx context.Context, key string) (store.Info, error) {
			info, err := s.Stat(ctx, key)
			info.Version += "-"
			return info, err
		}}}
	}},
	"a lock for each opening": {"race/put if match loses no update", func() []store.Store {
		below := memstore.New()
		return []store.Store{&ownLock{Store: below}, &ownLock{Store: below}}
	}},
	"a lock for each opening, if absent": {"race/one put if absent wins", func() []store.Store {
		below := memstore.New()
		return []store.Store{&ownLock{Store: below}, &ownLock{Store: below}}
	}},
}

func TestSharedMutants(t *testing.T) {
	for name, m := range sharedMutants {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			for range 20 { // races need not show at once
				for _, c := range check.All() {
					if c.String() != m.area {
						continue
					}
					ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
					err := c.Shared(ctx, m.make())
					cancel()
					if err != nil {
						t.Logf("%.200v", err)
						return
					}
				}
			}
			t.Errorf("a store that is wrong passes %q", m.area)
		})
	}
}
