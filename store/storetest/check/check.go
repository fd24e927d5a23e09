// Package check holds what any [store.Store] must do as functions that get a store
// and return what is wrong with it. Nothing here is of package testing, so that a
// program can run the checks on a live store, as "dosna selftest" does; tests run
// them by package storetest.
//
// Checks of promises are for the stores that make them, see [store.Guarantees],
// and hammer those with many goroutines.
package check

import (
	"context"
	"slices"

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

	// Closes says that Run closes the store.
	Closes bool
}

// String is the area and the name: "get/absent".
func (c Check) String() string { return c.Area + "/" + c.Name }

// For reports whether the check is for stores with these promises.
func (c Check) For(g store.Guarantees) bool { return c.Needs == nil || c.Needs(g) }

// All returns every check.
func All() []Check {
	return slices.Concat(
		getChecks, putChecks, deleteChecks, listChecks, rangeChecks, condChecks, keyChecks,
		streamChecks, bulkChecks, contextChecks, sharedChecks, raceChecks,
	)
}

// Open returns every check that leaves its store open, so that they can be run
// one after the other on layer.Prefix folders of one store.
func Open() []Check {
	return slices.DeleteFunc(All(), func(c Check) bool { return c.Closes })
}
