package storetest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
)

// mutant is a right store with some methods replaced by wrong ones.
type mutant struct {
	store.Store
	get    func(s store.Store, ctx context.Context, key string, o store.GetOptions, dst []byte) ([]byte, store.Info, error)
	stat   func(s store.Store, ctx context.Context, key string) (store.Info, error)
	put    func(s store.Store, ctx context.Context, key string, parts [][]byte, c store.Cond) (store.Version, error)
	delete func(s store.Store, ctx context.Context, key string, c store.Cond) error
	list   func(s store.Store, ctx context.Context, o store.ListOptions) iter.Seq2[store.Info, error]
	close  func(s store.Store) error
}

func (m mutant) String() string { return "mutant" }

func (m mutant) Get(ctx context.Context, key string, o store.GetOptions, dst []byte) ([]byte, store.Info, error) {
	if m.get != nil {
		return m.get(m.Store, ctx, key, o, dst)
	}
	return m.Store.Get(ctx, key, o, dst)
}

func (m mutant) Stat(ctx context.Context, key string) (store.Info, error) {
	if m.stat != nil {
		return m.stat(m.Store, ctx, key)
	}
	return m.Store.Stat(ctx, key)
}

func (m mutant) Put(ctx context.Context, key string, parts [][]byte, c store.Cond) (store.Version, error) {
	if m.put != nil {
		return m.put(m.Store, ctx, key, parts, c)
	}
	return m.Store.Put(ctx, key, parts, c)
}

func (m mutant) Delete(ctx context.Context, key string, c store.Cond) error {
	if m.delete != nil {
		return m.delete(m.Store, ctx, key, c)
	}
	return m.Store.Delete(ctx, key, c)
}

func (m mutant) List(ctx context.Context, o store.ListOptions) iter.Seq2[store.Info, error] {
	if m.list != nil {
		return m.list(m.Store, ctx, o)
	}
	return m.Store.List(ctx, o)
}

func (m mutant) Close() error {
	if m.close != nil {
		return m.close(m.Store)
	}
	return m.Store.Close()
}

var (
	_ store.RangeGetter = badRanges{}
	_ store.Streamer    = badWriter{}
	_ store.BulkDeleter = badDeletePrefix{}
	_ store.Copier      = badCopy{}
	_ store.Renamer     = badRename{}
)

// The types below are mutants in an optional operation.
type (
	badRanges struct {
		bare
		do func(s store.Store, ctx context.Context, key string, spans []nd.Span) (store.Info, error)
	}
	badWriter       struct{ bare }
	badDeletePrefix struct {
		bare
		do func(s store.Store, ctx context.Context, prefix string) error
	}
	badCopy   struct{ bare }
	badRename struct{ bare }
)

func (b badRanges) GetRanges(ctx context.Context, key string, c store.Cond, spans []nd.Span) (store.Info, error) {
	if c != (store.Cond{}) {
		return store.Info{}, errors.ErrUnsupported
	}
	return b.do(b.Store, ctx, key, spans)
}

func (b badWriter) OpenReader(context.Context, string, store.GetOptions) (io.ReadCloser, store.Info, error) {
	return nil, store.Info{}, errors.ErrUnsupported
}

func (b badWriter) OpenWriter(ctx context.Context, key string, c store.Cond) (store.Writer, error) {
	w, err := store.OpenWriter(ctx, b.bare, key, c)
	return writesAtClose{w}, err
}

type writesAtClose struct{ store.Writer }

func (w writesAtClose) Close() error { w.Commit(); return nil }

func (b badDeletePrefix) DeleteAll(context.Context, []string) error { return errors.ErrUnsupported }

func (b badDeletePrefix) DeletePrefix(ctx context.Context, prefix string) error {
	if err := store.CheckPrefix(prefix); err != nil {
		return &store.Error{Op: "x", Store: "x", Err: err}
	}
	return b.do(b.Store, ctx, prefix)
}

func (b badCopy) Copy(ctx context.Context, from, to string, c store.Cond) (store.Version, error) {
	return store.Copy(ctx, b.bare, from, to, store.Cond{}) // forgets the condition
}

func (b badRename) Rename(ctx context.Context, from, to string) error {
	if err := store.CheckRename(from, to); err != nil {
		return &store.Error{Op: "x", Store: "x", Err: err}
	}
	if err := store.DeletePrefix(ctx, b.bare, to); err != nil { // overwrites
		return err
	}
	return store.Rename(ctx, b.bare, from, to)
}

func filtered(seq iter.Seq2[store.Info, error], keep func(store.Info) bool) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		for info, err := range seq {
			if (err != nil || keep(info)) && !yield(info, err) {
				return
			}
		}
	}
}

// aliasing keeps the memory of objects of one part instead of copying it.
type aliasing struct {
	store.Store
	mu   sync.Mutex
	kept map[string][]byte
}

func (a *aliasing) Put(ctx context.Context, key string, parts [][]byte, c store.Cond) (store.Version, error) {
	v, err := a.Store.Put(ctx, key, parts, c)
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.kept, key)
	if err == nil && len(parts) == 1 {
		a.kept[key] = parts[0]
	}
	return v, err
}

func (a *aliasing) Get(ctx context.Context, key string, o store.GetOptions, dst []byte) ([]byte, store.Info, error) {
	got, info, err := a.Store.Get(ctx, key, o, dst)
	a.mu.Lock()
	defer a.mu.Unlock()
	if kept, ok := a.kept[key]; ok && err == nil && o == (store.GetOptions{}) {
		got = append(dst, kept...)
	}
	return got, info, err
}

// sharing returns the same memory to all who ask without a dst.
type sharing struct {
	store.Store
	mu   sync.Mutex
	kept map[string][]byte
}

func (s *sharing) Get(ctx context.Context, key string, o store.GetOptions, dst []byte) ([]byte, store.Info, error) {
	got, info, err := s.Store.Get(ctx, key, o, dst)
	if err != nil || dst != nil || o != (store.GetOptions{}) {
		return got, info, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if kept := s.kept[key]; len(kept) == len(got) && kept != nil {
		return kept, info, nil
	}
	s.kept[key] = bytes.Clone(got)
	return s.kept[key], info, nil
}

// locking cannot be used from the body of a loop over its listing.
type locking struct {
	store.Store
	listing sync.Mutex
}

func (l *locking) List(ctx context.Context, o store.ListOptions) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		l.listing.Lock()
		defer l.listing.Unlock()
		l.Store.List(ctx, o)(yield)
	}
}

func (l *locking) Delete(ctx context.Context, key string, c store.Cond) error {
	if !l.listing.TryLock() {
		return errors.New("deadlock")
	}
	defer l.listing.Unlock()
	return l.Store.Delete(ctx, key, c)
}

// mixedReader reads a stream in pieces of whatever is there.
type mixedReader struct{ bare }

func (m mixedReader) OpenReader(ctx context.Context, key string, o store.GetOptions) (io.ReadCloser, store.Info, error) {
	info, err := m.Stat(ctx, key)
	if err != nil || o != (store.GetOptions{}) {
		return nil, store.Info{}, errors.ErrUnsupported
	}
	return io.NopCloser(&pieces{ctx, m.bare, key, 0}), info, nil
}

func (m mixedReader) OpenWriter(context.Context, string, store.Cond) (store.Writer, error) {
	return nil, errors.ErrUnsupported
}

type pieces struct {
	ctx context.Context
	s   store.Store
	key string
	off int64
}

func (p *pieces) Read(b []byte) (int, error) {
	got, info, err := p.s.Get(p.ctx, p.key, store.GetOptions{Range: store.Range{Off: p.off, Len: int64(len(b))}}, nil)
	if err != nil {
		return 0, err
	}
	if p.off += int64(len(got)); p.off == info.Size {
		return copy(b, got), io.EOF
	}
	return copy(b, got), nil
}

// looseRanges reads ranges of whatever version there is.
type looseRanges struct{ bare }

func (l looseRanges) GetRanges(ctx context.Context, key string, _ store.Cond, spans []nd.Span) (store.Info, error) {
	return store.GetRanges(ctx, l.Store, key, store.Cond{}, spans)
}

// paging lists a few keys at a time and goes on behind as many.
type paging struct{ store.Store }

func (p *paging) List(ctx context.Context, o store.ListOptions) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		for page, more := 0, true; more; page++ {
			more = false
			n := 0
			for info, err := range p.Store.List(ctx, o) {
				if n++; n > page*10 {
					if !yield(info, err) {
						return
					}
					if more = n == page*10+10; more {
						break
					}
				}
			}
		}
	}
}

// slots refuses what is beyond so many operations at a time, of which a listing
// may be one as long as it lasts.
type slots struct {
	store.Store
	most    int64
	listing bool
	taken   atomic.Int64
}

func (s *slots) take(ctx context.Context) error {
	if s.taken.Add(1) > s.most {
		return errors.New("too many at once")
	}
	runtime.Gosched()
	return nil
}

func (s *slots) Get(ctx context.Context, key string, o store.GetOptions, dst []byte) ([]byte, store.Info, error) {
	defer s.taken.Add(-1)
	if err := s.take(ctx); err != nil {
		return dst, store.Info{}, err
	}
	return s.Store.Get(ctx, key, o, dst)
}

func (s *slots) List(ctx context.Context, o store.ListOptions) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		if s.listing {
			defer s.taken.Add(-1)
			if err := s.take(ctx); err != nil {
				yield(store.Info{}, err)
				return
			}
		}
		s.Store.List(ctx, o)(yield)
	}
}

// promising promises one size of objects and takes another.
type promising struct {
	bare
	promised, taken int64
}

func (p promising) Guarantees() store.Guarantees {
	g := p.bare.Guarantees()
	g.MaxObject = p.promised
	return g
}

func (p promising) Put(ctx context.Context, key string, parts [][]byte, c store.Cond) (store.Version, error) {
	if n := len(bytes.Join(parts, nil)); int64(n) > p.taken {
		return "", &store.Error{Op: "put", Store: "x", Key: key, Err: store.ErrTooLarge}
	}
	return p.bare.Put(ctx, key, parts, c)
}

// ownLock checks conditions under a lock that other openings do not know.
type ownLock struct {
	store.Store
	mu sync.Mutex
}

func (l *ownLock) Put(ctx context.Context, key string, parts [][]byte, c store.Cond) (store.Version, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	info, err := l.Stat(ctx, key)
	if err := c.MeetWrite(err == nil, info.Version); err != nil {
		return "", &store.Error{Op: "put", Store: "x", Key: key, Err: err}
	}
	time.Sleep(time.Microsecond)
	return l.Store.Put(ctx, key, parts, store.Cond{})
}
