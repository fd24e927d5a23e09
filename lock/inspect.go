package lock

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"

	"github.com/dosna/dosna/store"
)

// State is who has a lock.
type State struct {
	Holders []Claim // one exclusive, or any number of shared ones
	Waiting []Claim // the first is the next
	// Fence is the highest fencing number that was given out so far, or a higher one.
	Fence uint64
}

func (r record) state() State {
	return State{slices.Clone(r.Holders), slices.Clone(r.Waiting), r.Revision}
}

// Inspect returns who has the lock at a key: also those who have died, of whom nobody
// has taken it over yet. Without a record there is nobody.
func Inspect(ctx context.Context, s store.Store, key string) (State, error) {
	r, _, err := object{s, key}.load(ctx)
	return r.state(), err
}

// Break takes the lock at a key from its holders, and returns who they were. A holder that is
// alive learns of it with its next renewal, within a quarter of its time to live, and
// its context ends; who waits gets the lease then, or when a holder that has died has
// not renewed it for its time to live.
//
// With now, claims of holders and of those who wait are removed at once, and also a
// record that makes no sense. That is for holders who are known to be dead: one that is not may
// work on, at the same time as the next holder, until it tries to renew its
// lease or its time to live is over. What it changes under [Guard] meanwhile does not
// replace what others have stored.
func Break(ctx context.Context, s store.Store, key string, now bool) ([]Claim, error) {
	o, err := open(s, key)
	if err != nil {
		return nil, err
	}
	host, name := whoAmI()
	by := tidy(name + " on " + host)
	var broken []Claim
	as := "broken by " + by + ", " + rand.Text() // which is in no other record
	err = o.change(ctx, as, func(r *record) bool {
		broken = slices.Clone(r.Holders)
		if now {
			return r.drop(func(Claim) bool { return true })
		}
		changed := false
		for i := range r.Holders {
			changed = changed || r.Holders[i].Broken == ""
			r.Holders[i].Broken = by
		}
		return changed
	})
	if now && errors.Is(err, store.ErrCorrupt) {
		return nil, o.clear(ctx, as)
	}
	if err != nil {
		return nil, fmt.Errorf("break the lock: %w", err)
	}
	return broken, nil
}

// clear puts an empty record in the place of one that makes no sense.
func (o object) clear(ctx context.Context, by string) error {
	info, err := o.s.Stat(ctx, o.key)
	if err != nil {
		return err
	}
	_, err = o.swap(ctx, info.Version, record{Format: recordFormat, Revision: 1, By: by})
	return err
}
