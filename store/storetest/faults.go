package storetest

import (
	"context"
	"errors"
	"io"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
)

// Op is an operation that somebody asks of a store with faults.
type Op struct {
	// Name is the method: "Get", "Stat", "Put", "Delete", "List",
	// "GetRanges", "OpenReader", "OpenWriter", "Sync", "DeleteAll",
	// "DeletePrefix", "Copy" or "Rename"; of a stream, "Read", "Write" and
	// "Commit".
	Name string

	Key  string // or prefix; "" where the operation has none; of Copy and Rename: the source
	To   string // of Copy and Rename: the destination
	Cond store.Cond
	Size int64 // of Put, Write and Commit: the bytes given; of DeleteAll: the number of keys
	N    int   // how many operations of this name, on this key, came before
}

// Writes reports whether the operation may change the store.
func (o Op) Writes() bool {
	switch o.Name {
	case "Put", "Delete", "Commit", "DeleteAll", "DeletePrefix", "Copy", "Rename":
		return true
	}
	return false
}

// Fault is what happens to an operation; the zero Fault is nothing.
type Fault struct {
	// Delay is how long the operation waits before it begins. It ends with
	// the operation's context.
	Delay time.Duration

	// Before is called before the operation begins, as by somebody who came
	// first; the operation fails with what it returns.
	Before func(ctx context.Context) error

	// After is called when the operation is done, before anybody hears of it.
	After func()

	// Err is what the operation fails with, as a [store.Error]. Nothing has
	// happened then, unless Done.
	Err error

	// Done does the operation all the same: the request arrived, and only
	// its reply was lost. A listing yields its entries and then fails.
	Done bool

	// Cut makes a Put, a Commit or a Copy store its object without so many
	// bytes of its end, as no sound store ever does, and a loss of power may
	// to one that was not synced. It succeeds, unless Err says otherwise.
	// Other operations take no notice.
	Cut int64

	// Blank makes the bytes cut zeros instead of missing.
	Blank bool
}

// Fail is a fault before anything has happened.
func Fail(err error) Fault { return Fault{Err: err} }

// Lost is an operation that is done, while its caller cannot know:
// store.ErrUnknownOutcome.
func Lost() Fault { return Fault{Err: store.ErrUnknownOutcome, Done: true} }

// DoneBut is an operation that is done, while its caller is told of a failure.
func DoneBut(err error) Fault { return Fault{Err: err, Done: true} }

// ErrCut is what operations fail with where a test cuts them off.
var ErrCut = errors.New("cut off by a test")

// Event is an operation and what was done to it.
type Event struct {
	Op    Op
	Fault Fault
	Err   error // what the caller was told
}

// Faults is a store in which things go wrong by plan. It promises what the
// store below does, and has all its optional operations; [Bare] hides them, so
// that callers use the others instead. Its errors are [store.Error], and its
// methods are as safe for concurrent use as those of the store below.
type Faults struct {
	below store.Store

	mu   sync.Mutex
	plan func(Op) Fault
	seen map[[2]string]int
	log  []Event
}

// NewFaults returns s with the faults that plan returns for each operation, one
// call at a time; nil: none. [Plan] and [Random] make plans.
func NewFaults(s store.Store, plan func(Op) Fault) *Faults {
	return &Faults{below: s, plan: plan, seen: map[[2]string]int{}}
}

// SetPlan replaces the plan.
func (f *Faults) SetPlan(plan func(Op) Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.plan = plan
}

// Log returns what has happened since the last Reset, in the order in which
// operations ended.
func (f *Faults) Log() []Event {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.log)
}

// Count returns how many operations that r is for have ended since the last
// Reset; its Skip and Times do not count.
func (f *Faults) Count(r Rule) int {
	n := 0
	for _, e := range f.Log() {
		if r.matches(e.Op) {
			n++
		}
	}
	return n
}

// Hits returns how many operations have met with a fault since the last Reset.
func (f *Faults) Hits() int {
	n := 0
	for _, e := range f.Log() {
		if !e.Fault.none() {
			n++
		}
	}
	return n
}

// Reset forgets what has happened.
func (f *Faults) Reset() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.log = nil
	clear(f.seen)
}

func (f Fault) none() bool {
	return f.Delay == 0 && f.Before == nil && f.After == nil && f.Err == nil && f.Cut == 0
}

// run does an operation as the plan wants it. do gets the fault, of which it
// needs to see to Cut alone.
func (f *Faults) run(ctx context.Context, op Op, do func(Fault) error) error {
	fault, done := f.begin(op)
	err := f.obey(ctx, op, fault, do)
	done(err)
	return err
}

// begin asks the plan; what it returns is to be called with the outcome.
func (f *Faults) begin(op Op) (Fault, func(error)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	id := [2]string{op.Name, op.Key}
	op.N = f.seen[id]
	f.seen[id]++
	var fault Fault
	if f.plan != nil {
		fault = f.plan(op)
	}
	if op.Name != "Put" && op.Name != "Commit" && op.Name != "Copy" {
		fault.Cut = 0
	}
	return fault, func(err error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.log = append(f.log, Event{op, fault, err})
	}
}

func (f *Faults) obey(ctx context.Context, op Op, fault Fault, do func(Fault) error) error {
	fail := func(err error) error {
		return &store.Error{Op: op.Name, Store: f.String(), Key: op.Key, Err: err}
	}
	if fault.Delay > 0 {
		timer := time.NewTimer(fault.Delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return fail(ctx.Err())
		}
	}
	if fault.Before != nil {
		if err := fault.Before(ctx); err != nil {
			return fail(err)
		}
	}
	if fault.Err != nil && !fault.Done && fault.Cut == 0 {
		return fail(fault.Err)
	}
	err := do(fault)
	if fault.After != nil {
		fault.After()
	}
	if err == nil && fault.Err != nil {
		err = fail(fault.Err)
	}
	return err
}

func (f *Faults) String() string { return store.Name(f.below) }

// Guarantees are those of the store below, though a plan may break them.
func (f *Faults) Guarantees() store.Guarantees { return f.below.Guarantees() }

// Close closes the store below.
func (f *Faults) Close() error { return f.below.Close() }

// Get implements store.Store.
func (f *Faults) Get(ctx context.Context, key string, o store.GetOptions, dst []byte) (got []byte, info store.Info, err error) {
	err = f.run(ctx, Op{Name: "Get", Key: key, Cond: o.Cond}, func(Fault) (err error) {
		got, info, err = f.below.Get(ctx, key, o, dst)
		return err
	})
	if err != nil {
		return dst, store.Info{}, err
	}
	return got, info, nil
}

// Stat implements store.Store.
func (f *Faults) Stat(ctx context.Context, key string) (info store.Info, err error) {
	err = f.run(ctx, Op{Name: "Stat", Key: key}, func(Fault) (err error) {
		info, err = f.below.Stat(ctx, key)
		return err
	})
	return unless(err, info)
}

// Put implements store.Store.
func (f *Faults) Put(ctx context.Context, key string, parts [][]byte, c store.Cond) (v store.Version, err error) {
	op := Op{Name: "Put", Key: key, Cond: c}
	for _, p := range parts {
		op.Size += int64(len(p))
	}
	err = f.run(ctx, op, func(fault Fault) (err error) {
		if fault.Cut > 0 {
			parts = [][]byte{fault.tear(slices.Concat(parts...))}
		}
		v, err = f.below.Put(ctx, key, parts, c)
		return err
	})
	return unless(err, v)
}

// tear returns data as the fault leaves it.
func (f Fault) tear(data []byte) []byte {
	whole := max(int64(len(data))-f.Cut, 0)
	if f.Blank {
		clear(data[whole:])
		return data
	}
	return data[:whole]
}

// Delete implements store.Store.
func (f *Faults) Delete(ctx context.Context, key string, c store.Cond) error {
	return f.run(ctx, Op{Name: "Delete", Key: key, Cond: c}, func(Fault) error { return f.below.Delete(ctx, key, c) })
}

// List implements store.Store. The plan is asked when the listing begins.
func (f *Faults) List(ctx context.Context, o store.ListOptions) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		stopped := false
		err := f.run(ctx, Op{Name: "List", Key: o.Prefix}, func(Fault) error {
			for info, err := range f.below.List(ctx, o) {
				if err != nil {
					return err
				}
				if stopped = !yield(info, nil); stopped {
					return nil
				}
			}
			return nil
		})
		if err != nil && !stopped {
			yield(store.Info{}, err)
		}
	}
}

// GetRanges implements store.RangeGetter.
func (f *Faults) GetRanges(ctx context.Context, key string, c store.Cond, spans []nd.Span) (info store.Info, err error) {
	err = f.run(ctx, Op{Name: "GetRanges", Key: key, Cond: c}, func(Fault) (err error) {
		info, err = store.GetRanges(ctx, f.below, key, c, spans)
		return err
	})
	return unless(err, info)
}

// Sync implements store.Syncer.
func (f *Faults) Sync(ctx context.Context) error {
	return f.run(ctx, Op{Name: "Sync"}, func(Fault) error { return store.Sync(ctx, f.below) })
}

// DeleteAll implements store.BulkDeleter.
func (f *Faults) DeleteAll(ctx context.Context, keys []string) error {
	return f.run(ctx, Op{Name: "DeleteAll", Size: int64(len(keys))}, func(Fault) error { return store.DeleteAll(ctx, f.below, keys) })
}

// DeletePrefix implements store.BulkDeleter.
func (f *Faults) DeletePrefix(ctx context.Context, prefix string) error {
	return f.run(ctx, Op{Name: "DeletePrefix", Key: prefix}, func(Fault) error { return store.DeletePrefix(ctx, f.below, prefix) })
}

// Copy implements store.Copier.
func (f *Faults) Copy(ctx context.Context, from, to string, c store.Cond) (v store.Version, err error) {
	err = f.run(ctx, Op{Name: "Copy", Key: from, To: to, Cond: c}, func(fault Fault) (err error) {
		if v, err = store.Copy(ctx, f.below, from, to, c); err == nil {
			v, err = f.torn(ctx, to, v, fault)
		}
		return err
	})
	return unless(err, v)
}

// torn cuts an object that is stored already.
func (f *Faults) torn(ctx context.Context, key string, v store.Version, fault Fault) (store.Version, error) {
	if fault.Cut <= 0 {
		return v, nil
	}
	data, _, err := f.below.Get(ctx, key, store.GetOptions{}, nil)
	if err != nil {
		return "", err
	}
	return f.below.Put(ctx, key, [][]byte{fault.tear(data)}, store.Cond{})
}

// Rename implements store.Renamer.
func (f *Faults) Rename(ctx context.Context, from, to string) error {
	return f.run(ctx, Op{Name: "Rename", Key: from, To: to}, func(Fault) error { return store.Rename(ctx, f.below, from, to) })
}

// OpenReader implements store.Streamer.
func (f *Faults) OpenReader(ctx context.Context, key string, o store.GetOptions) (r io.ReadCloser, info store.Info, err error) {
	err = f.run(ctx, Op{Name: "OpenReader", Key: key, Cond: o.Cond}, func(Fault) (err error) {
		r, info, err = store.OpenReader(ctx, f.below, key, o)
		return err
	})
	if err != nil {
		if r != nil {
			r.Close()
		}
		return nil, store.Info{}, err
	}
	return &faultyReader{f, ctx, key, r}, info, nil
}

// OpenWriter implements store.Streamer.
func (f *Faults) OpenWriter(ctx context.Context, key string, c store.Cond) (w store.Writer, err error) {
	err = f.run(ctx, Op{Name: "OpenWriter", Key: key, Cond: c}, func(Fault) (err error) {
		w, err = store.OpenWriter(ctx, f.below, key, c)
		return err
	})
	if err != nil {
		if w != nil {
			w.Close()
		}
		return nil, err
	}
	return &faultyWriter{f: f, ctx: ctx, key: key, cond: c, below: w}, nil
}

// unless returns v, or its zero value with an error.
func unless[V any](err error, v V) (V, error) {
	if err != nil {
		var none V
		return none, err
	}
	return v, nil
}

type faultyReader struct {
	f     *Faults
	ctx   context.Context
	key   string
	below io.ReadCloser
}

func (r *faultyReader) Read(p []byte) (n int, err error) {
	end := false
	err = r.f.run(r.ctx, Op{Name: "Read", Key: r.key, Size: int64(len(p))}, func(Fault) (err error) {
		n, err = r.below.Read(p)
		if end = err == io.EOF; end {
			return nil
		}
		return err
	})
	if err == nil && end {
		err = io.EOF
	}
	return n, err
}

func (r *faultyReader) Close() error { return r.below.Close() }

type faultyWriter struct {
	f      *Faults
	ctx    context.Context
	key    string
	cond   store.Cond
	below  store.Writer
	size   int64
	broken error
}

func (w *faultyWriter) Write(p []byte) (n int, err error) {
	if w.broken != nil {
		return 0, w.broken
	}
	w.broken = w.f.run(w.ctx, Op{Name: "Write", Key: w.key, Cond: w.cond, Size: int64(len(p))}, func(Fault) (err error) {
		n, err = w.below.Write(p)
		w.size += int64(n)
		return err
	})
	return n, w.broken
}

func (w *faultyWriter) Commit() (v store.Version, err error) {
	if w.broken != nil {
		return "", w.broken
	}
	err = w.f.run(w.ctx, Op{Name: "Commit", Key: w.key, Cond: w.cond, Size: w.size}, func(fault Fault) (err error) {
		if v, err = w.below.Commit(); err == nil {
			v, err = w.f.torn(w.ctx, w.key, v, fault)
		}
		return err
	})
	if err != nil {
		return "", errors.Join(err, w.below.Close())
	}
	return v, nil
}

func (w *faultyWriter) Close() error { return w.below.Close() }

// Locate implements store.Locator.
func (f *Faults) Locate(ctx context.Context, prefix string) iter.Seq2[store.Location, error] {
	return store.Locate(ctx, f.below, prefix)
}
