package dosna

import (
	"context"
	"fmt"
	"sync"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/engine"
	"github.com/dosna/dosna/store"
)

// Errors to be tested with errors.Is.
var (
	ErrNotExist   = store.ErrNotExist   // there is no such store, node or chunk
	ErrExist      = store.ErrExist      // there is one already
	ErrPermission = store.ErrPermission // the connection or the store is read-only
	ErrInvalid    = store.ErrInvalid    // the call makes no sense
	ErrCorrupt    = store.ErrCorrupt    // stored bytes are damaged
	ErrConflict   = store.ErrConflict   // somebody else kept changing the same object

	// ErrUnknownOutcome is a change that may have been made or not: a reply of
	// the store was lost, and the change is not one that may be made twice.
	ErrUnknownOutcome = store.ErrUnknownOutcome
)

// Mode says what a connection may do.
type Mode int

// The modes.
const (
	ReadOnly  Mode = iota
	ReadWrite      // the tree must exist
	Create         // the tree is created if it does not exist
	Exclusive      // the tree must not exist, and is created
)

// Verify says when the checksums of chunks are checked.
type Verify int

// The ways to verify.
const (
	VerifyFull Verify = iota // a chunk under a checksum is read and checked whole before any of it is returned
	VerifyLazy               // byte ranges of it may be read, which are not checked
)

// Links says which links are followed. Those that lead to a node of the same tree
// always are.
type Links int

// What links may lead to. A tree may come from a stranger, and could otherwise have
// files of this machine read, and servers that only this machine can reach.
const (
	// LinksAllowed follows links to trees that Options.Allow allows. Those of trees
	// in local files may lead to others of this kind, as symbolic links could.
	LinksAllowed Links = iota
	LinksWithin        // follows no link out of its tree
)

// Options modify how a connection or a dataset works; the zero value is right
// for most.
type Options struct {
	Mode Mode
	// Engine runs the work on chunks; nil is engine.Threads(0).
	Engine *engine.Engine
	Verify Verify
	// Requests is how many requests a store behind a network is to have under way
	// at a time, at most; 0 is what the store says is worth having. The engine's workers
	// still say how many chunks are decoded or encoded at a time.
	Requests int
	// InFlight is about how many bytes the tasks of a call hold that are on their
	// way from such a store or to it, or wait for a worker; 0 is 256 MiB. There are always as
	// many tasks as workers, so that objects may be larger.
	InFlight int64
	// Durable makes every call that changes something return only when the
	// change would survive a loss of power.
	Durable bool
	// Unsafe allows changes to documents and to parts of stored objects on a
	// store that cannot keep several writers apart. There must be only one
	// connection that writes then; its goroutines are kept apart.
	Unsafe bool
	// Allow says which other stores what is in the tree may have us open: where its
	// references lead, beside their own folder and web server, and where its links
	// do; see [store.AllowPrefixes]. For references it is that of the time when the
	// tree is opened.
	Allow store.Policy
	// Links says which links out of their tree are followed.
	Links Links
	// Cache, if not nil, keeps decoded chunks for reads; nil is not to keep any.
	Cache *Cache
	// Profile, if not nil, adds up requests and time. It stays with a connection and
	// all that With makes of it.
	Profile *Profile
	// Format is that of Zarr, 2 or 3, of the root group that opening creates; 0 is 3.
	Format int
	// Progress, if not nil, is told of the parts of a call, stored objects or
	// blocks, as they are finished: done of total. Calls come one at a time,
	// and done goes up by one. Where objects are found by listing them, total
	// grows until all have been; on an engine of several ranks each tells of
	// its own parts, of the total of all. A part that fails is not told of.
	Progress func(done, total int)
}

func (o *Options) orDefault() Options {
	if o == nil {
		return Options{}
	}
	return *o
}

func (o Options) engine() *engine.Engine {
	if o.Engine == nil {
		return engine.Threads(0)
	}
	return o.Engine
}

// local is the engine for work that every rank does by itself, such as reading
// a selection.
func (o Options) local() *engine.Engine {
	e := o.engine()
	if e.Comm().Size() == 1 {
		return e
	}
	return engine.New(engine.Alone(), e.Workers())
}

// run runs the n tasks of a call, and tells of their progress. Where all of them
// are this process's own, workers without a task help the others.
func (o Options) run(ctx context.Context, e *engine.Engine, n int, task func(ctx context.Context, i int) error) error {
	if e.Comm().Size() == 1 && e.Workers() > 1 {
		c := newCrew(e.Workers(), n)
		c.profile = o.Profile
		ctx = codec.WithParallel(ctx, c.run)
		whole := task
		task = func(ctx context.Context, i int) error {
			defer c.left.Add(-1)
			return whole(ctx, i)
		}
	}
	return o.metered(ctx, e, n, task)
}

// metered runs tasks and tells of their progress.
func (o Options) metered(ctx context.Context, e *engine.Engine, n int, task func(ctx context.Context, i int) error) error {
	if o.Progress == nil {
		return e.Run(ctx, n, engine.RunOptions{}, task)
	}
	m := o.meter()
	m.expect(n)
	return e.Run(ctx, n, engine.RunOptions{}, func(ctx context.Context, i int) error {
		err := task(ctx, i)
		if err == nil {
			m.tick()
		}
		return err
	})
}

// meter counts the parts of a call.
type meter struct {
	report func(done, total int)

	mu          sync.Mutex
	done, total int
}

func (o Options) meter() *meter { return &meter{report: o.Progress} }

// expect adds parts to the total.
func (m *meter) expect(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.total += n
}

// tick counts a finished part.
func (m *meter) tick() {
	if m.report == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.done++
	m.report(m.done, m.total)
}

func (o Options) writable() error {
	if o.Mode == ReadOnly {
		return fmt.Errorf("%w: the connection was opened read-only; open it with Mode ReadWrite or Create", ErrPermission)
	}
	return nil
}
