// Package storetest holds what any [store.Store] must do, as checks that anyone
// can run on theirs:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) store.Store { return mystore.New() })
//	}
//
// A check gets a store and returns an error; it needs no testing.T. The checks are
// in package check, so that a program can run the same ones on a live site, as
// "dosna selftest" does. Checks of promises are for the stores that make them, see
// [store.Guarantees], and hammer those with many goroutines; [RunShared] does so
// through several openings of one store, and [Processes] in several processes. [RunLayer] is for stores
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
	"github.com/dosna/dosna/store/storetest/check"
)

// Check is one thing that a store must do.
type Check = check.Check

// Checks returns every check that leaves its store open, so that they can be
// run one after the other on layer.Prefix folders of one store.
func Checks() []Check { return check.Open() }

// Increment adds one to the counter that is the object under key, as often as it
// takes until nobody else has changed it meanwhile.
func Increment(ctx context.Context, s store.Store, key string) error {
	return check.Increment(ctx, s, key)
}

// Count returns what the counter under key has come to.
func Count(ctx context.Context, s store.Store, key string) (int, error) {
	return check.Count(ctx, s, key)
}

// checkTime is how long a check may take before its context ends.
const checkTime = 2 * time.Minute

// Run runs every check that is for the store, each on a new one, which open
// returns empty. Run closes them. What is to be left out, by name, is what a server below
// the store is known to do wrong: the test that says so says why.
func Run(t *testing.T, open func(t *testing.T) store.Store, except ...string) {
	for _, c := range check.All() {
		if slices.Contains(except, c.Name) {
			continue
		}
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
