package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/storetest/check"
)

// Compare does the same random operations on a plain store, which open returns
// new and empty, and on one of the same kind made into another by wrap: both must
// give the same answers, whatever the versions are called. With others, some of
// the operations go through a second layer over the same store, as those of
// another process would. RunLayer does it with others.
func Compare(t *testing.T, open func(t *testing.T) store.Store, wrap func(store.Store) store.Store, others bool) {
	t.Helper()
	rapid.Check(t, compare(t, open, wrap, others))
}

// compare is what is done with each choice of operations.
func compare(t *testing.T, open func(t *testing.T) store.Store, wrap func(store.Store) store.Store, others bool) func(*rapid.T) {
	return func(rt *rapid.T) {
		below := open(t)
		p := &pair{t: rt, ctx: t.Context(), plain: open(t), layers: []store.Store{wrap(below)}, versions: map[versionOf]store.Version{}, known: map[string][]store.Version{}}
		if others {
			p.layers = append(p.layers, wrap(below))
		}
		for range rapid.IntRange(1, 60).Draw(rt, "operations") {
			p.step()
		}
		for _, s := range append(p.layers, p.plain) {
			if err := s.Close(); err != nil {
				rt.Errorf("close: %v", err)
			}
		}
	}
}

// pair is two stores that should answer alike.
type pair struct {
	t        *rapid.T
	ctx      context.Context
	plain    store.Store
	layers   []store.Store
	versions map[versionOf]store.Version // those of the layers, by those of the plain store
	known    map[string][]store.Version  // of the plain store, by key
}

type versionOf struct {
	key     string
	version store.Version
}

// answer is what an operation returned.
type answer struct {
	data    string
	version store.Version
	size    int64
	keys    []string
	err     error
}

// kinds are the errors that callers tell apart.
var kinds = []error{
	store.ErrNotExist, store.ErrExist, store.ErrPermission, store.ErrInvalid, store.ErrClosed, store.ErrConflict, store.ErrNotModified,
	store.ErrTooLarge, store.ErrCorrupt, store.ErrUnknownOutcome, store.ErrTemporary, io.ErrUnexpectedEOF, context.Canceled, errors.ErrUnsupported,
}

func (a answer) String() string {
	if a.err != nil {
		return fmt.Sprintf("the error: %v", a.err)
	}
	return fmt.Sprintf("%s of %d bytes, version %q, keys %q", check.Brief([]byte(a.data)), a.size, a.version, a.keys)
}

// both does an operation on a key of both stores and compares. The condition given to the
// layer is of its own versions.
func (p *pair) both(what, key string, c store.Cond, do func(s store.Store, c store.Cond) answer) {
	layer := p.layers[rapid.IntRange(0, len(p.layers)-1).Draw(p.t, "layer")]
	want := do(p.plain, c)
	theirs := c
	theirs.IfMatch, theirs.IfNoneMatch = p.translate(key, c.IfMatch), p.translate(key, c.IfNoneMatch)
	got := do(layer, theirs)
	same := got.data == want.data && got.size == want.size && slices.Equal(got.keys, want.keys) && (got.err == nil) == (want.err == nil)
	for _, kind := range kinds {
		same = same && errors.Is(got.err, kind) == errors.Is(want.err, kind)
	}
	if same && (want.version != "" || got.version != "") {
		id := versionOf{key, want.version}
		if known, ok := p.versions[id]; ok {
			same = known == got.version
		} else {
			p.versions[id] = got.version
			p.known[key] = append(p.known[key], want.version)
		}
	}
	if !same {
		p.t.Fatalf("%s %q with %+v\nshould return %v\nbut it is     %v", what, key, c, want, got)
	}
}

func (p *pair) translate(key string, v store.Version) store.Version {
	if theirs, ok := p.versions[versionOf{key, v}]; ok && v != "" {
		return theirs
	}
	return v
}

func (p *pair) key(label string) string {
	return rapid.SampledFrom([]string{"a", "a/x", "b/x", "b/y", "b/c/z", "d", "", "../x"}).Draw(p.t, label)
}

func (p *pair) prefix(label string) string {
	return rapid.SampledFrom([]string{"", "b/", "b/c/", "a/", "e/", "f/", "x"}).Draw(p.t, label)
}

// cond draws a condition, mostly one that makes sense.
func (p *pair) cond(key string, read bool) store.Cond {
	version := store.Version("none")
	if known := p.known[key]; len(known) > 0 && rapid.IntRange(0, 5).Draw(p.t, "known") > 0 {
		version = known[len(known)-1-min(rapid.IntRange(0, 4).Draw(p.t, "age"), len(known)-1)]
	}
	switch kind := rapid.IntRange(0, 9).Draw(p.t, "condition"); {
	case kind < 5:
		return store.Cond{}
	case kind < 8:
		return store.Cond{IfMatch: version}
	case read:
		return store.Cond{IfNoneMatch: version}
	}
	return store.Cond{IfAbsent: true}
}

func (p *pair) bytes() []byte {
	return check.Pattern(rapid.SampledFrom([]int{0, 1, 10, 100, 3000}).Draw(p.t, "size"), byte(rapid.IntRange(0, 255).Draw(p.t, "seed")))
}

func (p *pair) getOptions(key string) store.GetOptions {
	o := store.GetOptions{Cond: p.cond(key, true)}
	if rapid.Bool().Draw(p.t, "part") {
		o.Range = store.Range{Off: int64(rapid.IntRange(-20, 120).Draw(p.t, "off")), Len: int64(rapid.IntRange(0, 50).Draw(p.t, "len"))}
	}
	o.Max = rapid.SampledFrom([]int64{0, 0, 0, 5, 5000}).Draw(p.t, "max")
	return o
}

func of(info store.Info, err error, data []byte) answer {
	return answer{data: string(data), version: info.Version, size: info.Size, keys: []string{info.Key}, err: err}
}

// step does one operation.
func (p *pair) step() {
	switch rapid.IntRange(0, 15).Draw(p.t, "operation") {
	case 0, 1, 2, 3:
		p.get()
	case 4, 5, 6:
		key, data := p.key("key"), p.bytes()
		p.both("put", key, p.cond(key, false), func(s store.Store, c store.Cond) answer {
			v, err := s.Put(p.ctx, key, [][]byte{data[:len(data)/2], data[len(data)/2:]}, c)
			return answer{version: v, err: err}
		})
	case 7:
		key := p.key("key")
		p.both("delete", key, p.cond(key, false), func(s store.Store, c store.Cond) answer { return answer{err: s.Delete(p.ctx, key, c)} })
	case 8:
		key := p.key("key")
		p.both("stat", key, store.Cond{}, func(s store.Store, _ store.Cond) answer {
			info, err := s.Stat(p.ctx, key)
			return of(info, err, nil)
		})
	case 9, 10:
		p.ranges()
	case 11:
		o := store.ListOptions{Prefix: p.prefix("prefix"), Shallow: rapid.Bool().Draw(p.t, "shallow"), After: rapid.SampledFrom([]string{"", "b", "b/c/"}).Draw(p.t, "after")}
		p.both(fmt.Sprintf("list %+v", o), "", store.Cond{}, func(s store.Store, _ store.Cond) answer {
			keys, err := check.Keys(p.ctx, s, o)
			return answer{keys: keys, err: err}
		})
	case 12:
		p.write()
	case 13:
		from, to := p.key("from"), p.key("to")
		p.both("copy "+from+" to", to, p.cond(to, false), func(s store.Store, c store.Cond) answer {
			v, err := store.Copy(p.ctx, s, from, to, c)
			return answer{version: v, err: err}
		})
	case 14:
		from, to := p.prefix("from"), p.prefix("to")
		p.both("rename "+from+" to", to, store.Cond{}, func(s store.Store, _ store.Cond) answer {
			return answer{err: store.Rename(p.ctx, s, from, to)}
		})
	case 15:
		keys, prefix := []string{p.key("key"), p.key("key")}, p.prefix("prefix")
		many := rapid.Bool().Draw(p.t, "all")
		p.both(fmt.Sprintf("delete all of %q or under", keys), prefix, store.Cond{}, func(s store.Store, _ store.Cond) answer {
			if many && !slices.Contains(keys, "") && !slices.Contains(keys, "../x") { // else some may be gone
				return answer{err: store.DeleteAll(p.ctx, s, keys)}
			}
			return answer{err: store.DeletePrefix(p.ctx, s, prefix)}
		})
	}
}

func (p *pair) get() {
	key := p.key("key")
	o := p.getOptions(key)
	stream := rapid.Bool().Draw(p.t, "stream")
	what := "get"
	if stream {
		what = "a reader"
	}
	p.both(fmt.Sprintf("%s %+v of", what, o), key, o.Cond, func(s store.Store, c store.Cond) answer {
		o := o
		o.Cond = c
		if !stream {
			got, info, err := s.Get(p.ctx, key, o, []byte("head"))
			return of(info, err, got)
		}
		r, info, err := store.OpenReader(p.ctx, s, key, o)
		if err != nil {
			return of(info, err, nil)
		}
		data, err := io.ReadAll(r)
		return of(info, errors.Join(err, r.Close()), data)
	})
}

func (p *pair) ranges() {
	key := p.key("key")
	c := p.cond(key, true)
	var at []nd.Span
	for range rapid.IntRange(0, 4).Draw(p.t, "spans") {
		at = append(at, nd.Span{Off: int64(rapid.IntRange(-12, 90).Draw(p.t, "off")), Dst: make([]byte, rapid.IntRange(0, 12).Draw(p.t, "len"))})
	}
	p.both("get ranges of", key, c, func(s store.Store, c store.Cond) answer {
		spans := make([]nd.Span, len(at))
		var all [][]byte
		for i, a := range at {
			spans[i] = nd.Span{Off: a.Off, Dst: make([]byte, len(a.Dst))}
			all = append(all, spans[i].Dst)
		}
		info, err := store.GetRanges(p.ctx, s, key, c, spans)
		if err != nil {
			return answer{err: err}
		}
		return of(info, nil, bytes.Join(all, []byte("|")))
	})
}

func (p *pair) write() {
	key, data := p.key("key"), p.bytes()
	commit := rapid.Bool().Draw(p.t, "commit")
	p.both("write", key, p.cond(key, false), func(s store.Store, c store.Cond) answer {
		w, err := store.OpenWriter(p.ctx, s, key, c)
		if err != nil {
			return answer{err: err}
		}
		if _, err := w.Write(data); err != nil {
			return answer{err: errors.Join(err, w.Close())}
		}
		if !commit {
			return answer{err: w.Close()}
		}
		v, err := w.Commit()
		return answer{version: v, err: err}
	})
}
