// Package storetest holds what any [store.Store] must do, as checks that anyone
// can run on theirs:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) store.Store { return mystore.New() })
//	}
//
// A check gets a store and returns an error; it needs no testing.T, so that a
// program can run the same ones on a live site, as "dosna selftest" does. Checks
// of promises are for the stores that make them, see [store.Guarantees], and
// hammer those with many goroutines; [RunShared] does so through several openings
// of one store, and [Processes] in several processes. [RunLayer] is for stores
// made of stores, which [Compare] holds against what they are made of.
//
// What is built on stores is tested over [Faults], in which operations fail, wait,
// succeed without the caller learning of it, and tear what they write, by plan.
package storetest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/dosna/dosna/store"
)

// Check is one thing that a store must do.
type Check struct {
	Area string // "get", "put", "list", …
	Name string

	// Run returns what is wrong with the store, which must be empty and is
	// left with objects in it.
	Run func(ctx context.Context, s store.Store) error

	// Shared does what Run does with several openings of the same store, which
	// take turns or race; nil where that would show nothing new.
	Shared func(ctx context.Context, handles []store.Store) error

	// Needs reports whether the check is for stores with these promises;
	// nil: for all.
	Needs func(store.Guarantees) bool

	// Heavy checks make thousands of requests: a quick look at a live store
	// leaves them out.
	Heavy bool

	closes bool // Run closes the store
}

// String is the area and the name: "get/absent".
func (c Check) String() string { return c.Area + "/" + c.Name }

// For reports whether the check is for stores with these promises.
func (c Check) For(g store.Guarantees) bool { return c.Needs == nil || c.Needs(g) }

// Checks returns every check that leaves its store open, so that they can be
// run one after the other on layer.Prefix folders of one store.
func Checks() []Check {
	return slices.DeleteFunc(all(), func(c Check) bool { return c.closes })
}

func all() []Check {
	return slices.Concat(
		getChecks, putChecks, deleteChecks, listChecks, rangeChecks, condChecks, keyChecks,
		streamChecks, bulkChecks, contextChecks, sharedChecks, raceChecks,
	)
}

// checkTime is how long a check may take before its context ends.
const checkTime = 2 * time.Minute

// Run runs every check that is for the store, each on a new one, which open
// returns empty. Run closes them.
func Run(t *testing.T, open func(t *testing.T) store.Store) {
	for _, c := range all() {
		t.Run(c.String(), func(t *testing.T) {
			s := open(t)
			defer func() {
				if err := s.Close(); err != nil {
					t.Errorf("close: %v", err)
				}
			}()
			if !c.For(s.Guarantees()) {
				return // a promise that is not made
			}
			ctx, cancel := context.WithTimeout(t.Context(), checkTime)
			defer cancel()
			if err := c.Run(ctx, s); err != nil {
				t.Error(err)
			}
		})
	}
}
