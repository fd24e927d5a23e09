package dosna_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/engine"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store/memstore"
	"github.com/dosna/dosna/store/storetest"
)

// TestCancelAtEveryCall makes every call that changes something, and ends its context
// at one of the requests that it makes of the store: when the request is made, which
// then fails, or when it has been carried out. Each in turn with -scale full, and
// otherwise some.
func TestCancelAtEveryCall(t *testing.T) {
	step := 3
	switch {
	case *scale == "full":
		step = 1
	case testenv.Race || testing.Short():
		step = 15
	}
	before := ctx
	defer func() { ctx = before }()
	for _, f := range faultyCalls {
		for _, done := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/done %v", f.name, done), func(t *testing.T) {
				ctx = before
				perfect := open(t, faultyTree(t), dosna.Options{Engine: engine.CPU()})
				if err := f.do(perfect); err != nil {
					t.Fatal(err)
				}
				want := everything(t, perfect)
				n := rand.IntN(step)
				for cancelAt(t, before, f, done, n, want) {
					if t.Failed() {
						t.Fatalf("when it was cancelled at operation %d", n)
					}
					n += step
				}
				goleak.VerifyNone(t)
			})
		}
	}
}

// cancelAt makes a call whose context ends at operation n; false if there is none.
func cancelAt(t *testing.T, alive context.Context, f faulty, done bool, n int, want map[string]string) bool {
	t.Helper()
	ctx = alive
	below := faultyTree(t)
	s := storetest.NewFaults(below, nil)
	c := open(t, s, dosna.Options{Engine: engine.CPU()})
	cancelled, cancel := context.WithCancel(alive)
	defer cancel()
	calls, refused := 0, false
	var hit storetest.Op
	s.SetPlan(func(op storetest.Op) storetest.Fault {
		if calls++; calls-1 != n {
			return storetest.Fault{}
		}
		hit = op
		if done {
			return storetest.Fault{After: cancel}
		}
		return storetest.Fault{Before: func(ctx context.Context) error {
			cancel()
			refused = ctx.Err() != nil // else it sees to what has been done already
			return ctx.Err()
		}}
	})
	ctx = cancelled
	err := f.do(c)
	ctx = alive
	after := calls - n - 1
	s.SetPlan(nil)
	if calls <= n {
		if err != nil {
			t.Errorf("without a fault: %v", err)
		}
		return false
	}
	if err != nil && !errors.Is(err, context.Canceled) || err == nil && refused {
		t.Errorf("%s %q: the error is %v", hit.Name, hit.Key, err)
	}
	if after > 30 { // what it has stored is looked at, and taken back
		t.Errorf("%s %q: it goes on for %d operations", hit.Name, hit.Key, after)
	}
	direct := open(t, below, dosna.Options{Engine: engine.CPU()})
	if f.check == nil {
		neverBetween(t, everything(t, open(t, faultyTree(t), dosna.Options{})), want, everything(t, direct))
	}
	if f.check != nil {
		f.check(t, direct, err)
		return true
	}
	if err != nil {
		if again := f.do(direct); again != nil && (f.twice == nil || !errors.Is(again, f.twice)) {
			t.Errorf("%s %q: after %v, again: %v", hit.Name, hit.Key, err, again)
		}
	}
	got := everything(t, direct)
	for key, v := range want {
		if got[key] != v {
			t.Errorf("%s %q: %s is %q, want %q; the error was %v", hit.Name, hit.Key, key, got[key], v, err)
		}
	}
	for key := range got {
		if _, ok := want[key]; !ok {
			t.Errorf("%s %q: %s is left; the error was %v", hit.Name, hit.Key, key, err)
		}
	}
	return true
}

// neverBetween checks that each stored chunk is as it was before a call or as it is
// after it.
func neverBetween(t *testing.T, before, after, now map[string]string) {
	t.Helper()
	for _, keys := range []map[string]string{before, after, now} {
		for key := range keys {
			if strings.HasSuffix(key, "zarr.json") {
				continue // which has marks in between
			}
			was, there := before[key]
			becomes, stays := after[key]
			is, found := now[key]
			if (found != there || is != was) && (found != stays || is != becomes) {
				t.Errorf("%s was %q, is to be %q, and is %q", key, was, becomes, is)
			}
		}
	}
}

// TestDelaysReorder lets calls that come at the same time wait at random moments, so
// that they overtake each other. What is read then, and is there in the end, must be
// as if they had come one after the other: increments all count, of whole chunks that
// were written at once one is there, and a reader never sees a number go down.
func TestDelaysReorder(t *testing.T) {
	rounds, each := 3, 6
	switch {
	case *scale == "full":
		rounds, each = 200, 25
	case testenv.Race || testing.Short():
		rounds = 1
	}
	for seed := range rounds {
		const writers, length = 4, 8
		below := memstore.New()
		bytesDataset(t, open(t, below, dosna.Options{}), "x", []int{length}, []int{length / 2})
		delays := storetest.Random(rand.Uint64(), 0.5, storetest.Fault{Delay: 50 * time.Microsecond}, storetest.Fault{Delay: 300 * time.Microsecond}, storetest.Fault{Delay: time.Millisecond})
		var all sync.WaitGroup
		stop := make(chan struct{})
		for i := range writers {
			c := open(t, storetest.NewFaults(below, delays), dosna.Options{})
			d := dataset(t, c, "x")
			all.Go(func() {
				for n := range each {
					if err := d.Update(ctx, box1(0, length/2), plusOne); err != nil {
						t.Error(err)
					}
					v := uint8(i*each + n + 1)
					if err := d.WriteBox(ctx, box1(length/2, length/2), line(length/2, v)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		reader := dataset(t, open(t, storetest.NewFaults(below, delays), dosna.Options{}), "x")
		var readers sync.WaitGroup
		readers.Go(func() {
			last := uint8(0)
			for {
				got := make([]uint8, length)
				if err := reader.ReadBox(ctx, nd.Full([]int{length}), nd.NewView(got, []int{length}, 1)); err != nil {
					t.Error(err)
					return
				}
				for i := range length {
					if got[i] != got[i/(length/2)*(length/2)] {
						t.Errorf("a reader sees %v", got)
					}
				}
				if got[0] < last {
					t.Errorf("a reader has seen %d, and then %d", last, got[0])
				}
				last = got[0]
				select {
				case <-stop:
					return
				default:
				}
			}
		})
		all.Wait()
		close(stop)
		readers.Wait()
		got := read(t, reader, ":")
		if !slices.Equal(got[:length/2], slices.Repeat([]uint8{uint8(writers * each)}, length/2)) {
			t.Errorf("round %d: %d increments counted to %v", seed, writers*each, got)
		}
		last := make([]uint8, writers)
		for i := range last {
			last[i] = uint8((i + 1) * each)
		}
		if !slices.Contains(last, got[length-1]) {
			t.Errorf("round %d: %d was not the last that anybody wrote (%v)", seed, got[length-1], last)
		}
		checkTree(t, open(t, below, dosna.Options{}))
	}
}
