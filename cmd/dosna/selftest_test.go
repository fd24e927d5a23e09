package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/dosna/dosna/store"
	"github.com/dosna/dosna/store/memstore"
	"github.com/dosna/dosna/store/storetest"
)

// selftestOf runs a selftest over a store whose operations meet with faults, and
// returns what is left in it.
func selftestOf(ctx context.Context, t *testing.T, a *app, plan func(storetest.Op) storetest.Fault) (left []string, err error) {
	t.Helper()
	name := rand.Text()
	open := func(context.Context) (store.Store, error) {
		return storetest.NewFaults(memstore.Named(name), plan), nil
	}
	err = a.selftestIn(ctx, open, selftestPrefix+"x/", selftest{quick: true, patience: time.Minute})
	for info, err := range memstore.Named(name).List(t.Context(), store.ListOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		left = append(left, info.Key)
	}
	return left, err
}

func TestSelftestFinds(t *testing.T) {
	var out, errOut strings.Builder
	left, err := selftestOf(t.Context(), t, &app{out: &out, err: &errOut}, storetest.Plan(
		storetest.Rule{Op: "Put", Key: "two", Fault: storetest.Fault{Cut: 1}},
		storetest.Rule{Op: "Stat", Key: "here", Fault: storetest.Fail(errors.New("no answer"))},
	))
	if err == nil || !strings.Contains(err.Error(), "failed") {
		t.Errorf("the store is wrong, and the selftest says: %v", err)
	}
	for _, line := range []string{"\nFAILED  put/keeps no buffer: ", "\nOK      get/sizes\n", " 1 failed"} {
		if !strings.Contains("\n"+out.String(), line) {
			t.Errorf("there is no %q in %s", line, out.String())
		}
	}
	if left != nil {
		t.Errorf("it has left %q", left)
	}

	out.Reset()
	if _, err = selftestOf(t.Context(), t, &app{out: &out, err: &errOut, json: true}, storetest.Plan(storetest.Rule{Op: "Put", Key: "two", Fault: storetest.Fault{Cut: 1}})); err == nil {
		t.Error("no error with --json")
	}
	var found selftested
	if err := json.Unmarshal([]byte(out.String()), &found); err != nil || found.Failed != 1 {
		t.Errorf("%v, %+v", err, found)
	}
}

// TestSelftestInterrupted ends the context in the middle, with and without a
// store that lets its folder be removed then.
func TestSelftestInterrupted(t *testing.T) {
	for _, stuck := range []bool{false, true} {
		ctx, cancel := context.WithCancel(t.Context())
		var out, errOut strings.Builder
		rules := []storetest.Rule{{Op: "Put", Skip: 50, Times: 1, Fault: storetest.Fault{After: cancel}}}
		if stuck {
			rules = append(rules, storetest.Rule{Op: "DeletePrefix", Fault: storetest.Fault{Before: func(context.Context) error {
				if ctx.Err() != nil {
					return store.ErrPermission
				}
				return nil
			}}})
		}
		left, err := selftestOf(ctx, t, &app{out: &out, err: &errOut}, storetest.Plan(rules...))
		if !errors.Is(err, context.Canceled) {
			t.Errorf("interrupted, it says: %v", err)
		}
		said := strings.Contains(errOut.String(), "is still there") && strings.Contains(errOut.String(), "--clean")
		if (left != nil) != stuck {
			t.Errorf("the folder stays is %v, and there are %q", stuck, left)
		}
		if said != stuck {
			t.Errorf("the folder stays is %v, and it says %q", stuck, errOut.String())
		}
	}
}

func TestSelftestReadOnly(t *testing.T) {
	var out, errOut strings.Builder
	_, err := selftestOf(t.Context(), t, &app{out: &out, err: &errOut}, storetest.Plan(storetest.Rule{Op: "Put", Fault: storetest.Fail(store.ErrPermission)}))
	if !errors.Is(err, store.ErrPermission) || !strings.Contains(err.Error(), "nothing can be put") || out.Len() > 0 {
		t.Errorf("%v; it printed %q", err, out.String())
	}
}
