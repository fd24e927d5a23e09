package dosna

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/dosna/dosna/internal/slots"
	"github.com/dosna/dosna/store"
)

// What meets a change by somebody else is tried again, with growing pauses: up to
// some times what a try takes, as there may be so many others.
const (
	maxTries   = 1000
	firstPause = 50 * time.Microsecond
	maxPause   = 2 * time.Second
	crowd      = 8
)

// retry calls try until it does not ask for another time.
func (c *Connection) retry(ctx context.Context, key string, try func() (again bool, err error)) error {
	pause := firstPause
	for n := 1; ; n++ {
		begin := time.Now()
		again, err := try()
		if !again {
			return err
		}
		if n == maxTries {
			return fmt.Errorf("%q in %s: given up after %d times, since others keep changing it: %w", key, c.url, n, err)
		}
		took := time.Since(begin)
		wait := slots.Leave(ctx)
		select {
		case <-ctx.Done():
			wait.Return()
			return context.Cause(ctx)
		case <-time.After(pause/2 + rand.N(pause)): // so that those who collided do not collide again
		}
		wait.Return()
		pause = min(2*pause, max(crowd*took, firstPause), maxPause)
	}
}

// maxDoubts is how often something is tried whose outcome is not known.
const maxDoubts = 5

// certain calls do again as long as its outcome is not known: it is something
// that may be done twice.
func (c *Connection) certain(ctx context.Context, do func() error) error {
	pause := firstPause
	for n := 1; ; n++ {
		err := do()
		if !errors.Is(err, ErrUnknownOutcome) || n == maxDoubts {
			return err
		}
		if _, ok := errors.AsType[settled](err); ok {
			return err
		}
		wait := slots.Leave(ctx)
		select {
		case <-ctx.Done():
			wait.Return()
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		case <-time.After(pause):
		}
		wait.Return()
		pause = min(4*pause, maxPause)
	}
}

// settled is an error that no other try would change.
type settled struct{ error }

func (s settled) Unwrap() error { return s.error }

// doubts are what is known of a conditional change whose outcome is not.
type doubts struct {
	n       int
	err     error
	version store.Version // that was to be replaced
	there   bool
}

// again notes the outcome of a try, and reports whether it is unknown and another
// try may find it out.
func (d *doubts) again(err error, v store.Version, there bool) bool {
	if _, ok := errors.AsType[settled](err); ok || !errors.Is(err, ErrUnknownOutcome) {
		return false
	}
	d.n++
	d.err, d.version, d.there = err, v, there
	return d.n < maxDoubts
}

// same reports whether an object is in the state in which it was before: then
// nothing has happened, and if something still will, it fails by its condition.
// An object that is absent may have been stored and removed meanwhile.
func (d *doubts) same(v store.Version, there bool) bool {
	return d.n == 0 || there && d.there && v == d.version && v != ""
}

// join adds the doubt, if there is one, to what keeps it from being settled.
func (d *doubts) join(err error) error {
	if d.n == 0 {
		return err
	}
	return fmt.Errorf("%w; then: %w", d.err, err)
}
