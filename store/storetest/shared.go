package storetest

import (
	"context"
	"slices"
	"testing"

	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/storetest/check"
)

// Opener opens a store. Each call gives another handle of the same objects.
type Opener func(ctx context.Context) (store.Store, error)

// handles is how many openings RunShared uses.
const handles = 4

// RunShared runs the checks that are about several users of one store, each with
// an opening of its own. place returns the opener of a place that is new and
// empty. Stores that do not promise Shared may be checked as well: then it is
// for openings in one process. What is to be left out is as for Run.
func RunShared(t *testing.T, place func(t *testing.T) Opener, except ...string) {
	for _, c := range check.All() {
		if c.Shared == nil || slices.Contains(except, c.Name) {
			continue
		}
		t.Run(c.String(), func(t *testing.T) {
			open := place(t)
			var all []store.Store
			for range handles {
				s, err := open(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				defer func() {
					if err := s.Close(); err != nil {
						t.Errorf("close: %v", err)
					}
				}()
				all = append(all, s)
			}
			if !c.For(all[0].Guarantees()) {
				return // a promise that is not made
			}
			ctx, cancel := context.WithTimeout(t.Context(), checkTime)
			defer cancel()
			if err := c.Shared(ctx, all); err != nil {
				t.Error(err)
			}
		})
	}
}
