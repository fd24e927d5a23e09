package storetest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/memstore"
	"github.com/dosna/dosna/store/storetest"
)

// Anybody's store is tested so.
func ExampleRun() {
	_ = func(t *testing.T) { // func TestStore(t *testing.T)
		storetest.Run(t, func(t *testing.T) store.Store { return memstore.New() })
	}
}

// The second put of a chunk is done, but its reply is lost.
func ExampleNewFaults() {
	ctx := context.Background()
	s := storetest.NewFaults(memstore.New(), storetest.Plan(
		storetest.Rule{Op: "Put", Key: "a/c/", Skip: 1, Times: 1, Fault: storetest.Lost()},
		storetest.Rule{Op: "Get", Key: "zarr.json", Fault: storetest.Fail(store.ErrTemporary)},
	))
	for i := range 3 {
		_, err := s.Put(ctx, "a/c/0", [][]byte{{byte(i)}}, store.Cond{})
		got, _, _ := s.Get(ctx, "a/c/0", store.GetOptions{}, nil)
		fmt.Println(got, errors.Is(err, store.ErrUnknownOutcome))
	}
	_, _, err := s.Get(ctx, "a/zarr.json", store.GetOptions{}, nil)
	fmt.Println(err)
	fmt.Println(s.Count(storetest.Rule{Op: "Put"}), "puts,", s.Hits(), "faults")
	// Output:
	// [0] false
	// [1] true
	// [2] false
	// Get "a/zarr.json" in mem://: temporary failure
	// 3 puts, 2 faults
}
