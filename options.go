package dosna

import (
	"fmt"
	"sync"

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

// Options modify how a connection or a dataset works; the zero value is right
// for most.
type Options struct {
	Mode Mode
	// Engine runs the work on chunks; nil is engine.Threads(0).
	Engine *engine.Engine
	Verify Verify
	// Durable makes every call that changes something return only when the
	// change would survive a loss of power.
	Durable bool
	// Unsafe allows changes to parts of stored objects on a store that cannot
	// keep several writers apart. There must be only one then.
	Unsafe bool
	// Progress, if not nil, is told of each finished part of a long call:
	// done of total. Calls come one at a time.
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

// meter returns a function to call when a part is finished.
func (o Options) meter(total int) func() {
	if o.Progress == nil {
		return func() {}
	}
	var mu sync.Mutex
	done := 0
	return func() {
		mu.Lock()
		defer mu.Unlock()
		done++
		o.Progress(done, total)
	}
}

func (o Options) writable(what string) error {
	if o.Mode == ReadOnly {
		return fmt.Errorf("%s: %w: the connection was opened read-only; open it with Mode ReadWrite or Create", what, ErrPermission)
	}
	return nil
}
