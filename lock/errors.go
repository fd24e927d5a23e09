package lock

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Errors to be tested with errors.Is.
var (
	// ErrHeld is a lease that others hold, or wait for; see [HeldError].
	ErrHeld = errors.New("locked by others")
	// ErrLost is a lease that has ended before it was released. What was being stored
	// at the time may have been stored or not.
	ErrLost = errors.New("the lease is lost")
	// ErrReleased is a lease that its holder has released.
	ErrReleased = errors.New("the lease was released")
)

// HeldError says who has what was asked for. It is an ErrHeld.
type HeldError struct {
	Key, Store string
	State
	// Free is how long it takes at least until the lease can be had from holders who have died.
	Free time.Duration
}

func (e *HeldError) Error() string {
	if len(e.Holders) == 0 {
		return fmt.Sprintf("%q in %s: %v: %s waits for it since %s; wait for it too", e.Key, e.Store, ErrHeld, e.Waiting[0], clock(e.Waiting[0].Since))
	}
	h := e.Holders[0]
	kind, more := "held", ""
	if h.Shared {
		kind = "shared"
	}
	if n := len(e.Holders) + len(e.Waiting) - 1; n > 0 {
		more = fmt.Sprintf(" and %d more who hold it or wait", n)
	}
	return fmt.Sprintf("%q in %s: %v: %s by %s since %s%s; it is free when that is released or, should the process have died, in %v at the earliest; wait for it, or break it",
		e.Key, e.Store, ErrHeld, kind, h, clock(h.Since), more, e.Free.Round(time.Millisecond))
}

// Is makes it an ErrHeld.
func (e *HeldError) Is(target error) bool { return target == ErrHeld }

func clock(t time.Time) string { return t.Format(time.RFC3339) }

// lostTo says who has taken the place of a claim.
func lostTo(r record) error {
	if len(r.Holders) == 0 {
		return fmt.Errorf("%w: others took it from this process, of which they had not heard for its time to live, or somebody broke it", ErrLost)
	}
	names := make([]string, 0, 3)
	for _, h := range r.Holders[:min(len(r.Holders), 3)] {
		names = append(names, h.String())
	}
	return fmt.Errorf("%w: it is held by %s now", ErrLost, strings.Join(names, ", "))
}

func brokenBy(who string) error { return fmt.Errorf("%w: it was broken by %s", ErrLost, who) }
