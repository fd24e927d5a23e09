package check

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/dosna/dosna/store"
)

// lasting are keys that stay while others come and go.
var lasting = func() []string {
	var keys []string
	for i := range 40 {
		keys = append(keys, fmt.Sprintf("l/%d/lasting%d", i%7, i))
	}
	slices.Sort(keys)
	return keys
}()

func putLasting(ctx context.Context, s store.Store) error { return putAll(ctx, s, lasting...) }

// raceList: while objects come and go, a listing has every one that stays, each
// once, and in order where that is promised.
func raceList(ctx context.Context, s store.Store, worker int, _ *Tally) error {
	for i := range 12 {
		if worker%4 != 0 {
			key := fmt.Sprintf("l/%d/passing%d", (worker+i)%9, worker)
			if err := putAll(ctx, s, key); err != nil {
				return err
			}
			runtime.Gosched()
			if err := s.Delete(ctx, key, store.Cond{}); err != nil {
				return err
			}
			continue
		}
		var keys []string
		for info, err := range s.List(ctx, store.ListOptions{Prefix: "l/"}) {
			if err != nil {
				return err
			}
			keys = append(keys, info.Key)
			runtime.Gosched()
		}
		if s.Guarantees().ListSorted && !slices.IsSorted(keys) {
			return fmt.Errorf("a listing, while objects come and go, is not sorted: %q", keys)
		}
		slices.Sort(keys)
		if n := len(keys); len(slices.Compact(keys)) != n {
			return errors.New("a listing, while objects come and go, yields keys twice")
		}
		keys = slices.DeleteFunc(keys, func(key string) bool { return strings.Contains(key, "passing") })
		if !slices.Equal(keys, lasting) {
			return fmt.Errorf("a listing, while others come and go, yields %d of the %d objects that stay", len(keys), len(lasting))
		}
	}
	return nil
}

// raceBusy: a store is asked for more at once than it says is worth having under
// way, also from within listings and streams, and answers everything.
func raceBusy(ctx context.Context, s store.Store, worker int, _ *Tally) error {
	depth := min(4*s.Guarantees().Concurrency/Workers+1, 16)
	errs := make(chan error, depth)
	for i := range depth {
		go func() { errs <- nested(ctx, s, fmt.Sprintf("b/%d/%d", worker, i)) }()
	}
	var all []error
	for range depth {
		all = append(all, <-errs)
	}
	return errors.Join(all...)
}

// nested uses the store while a listing, a reader and a writer are open.
func nested(ctx context.Context, s store.Store, key string) error {
	n := 0
	for info, err := range s.List(ctx, store.ListOptions{Prefix: "l/1/"}) {
		if err != nil {
			return err
		}
		r, _, err := store.OpenReader(ctx, s, info.Key, store.GetOptions{})
		if err != nil {
			return err
		}
		defer r.Close()
		w, err := store.OpenWriter(ctx, s, key, store.Cond{})
		if err != nil {
			return err
		}
		defer w.Close()
		if err := Holds(ctx, s, info.Key, []byte(info.Key)); err != nil {
			return err
		}
		if _, err := w.Write([]byte(info.Key)); err != nil {
			return err
		}
		if _, err := w.Commit(); err != nil {
			return err
		}
		if err := Holds(ctx, s, key, []byte(info.Key)); err != nil {
			return err
		}
		if n++; n == 2 {
			break
		}
	}
	if n == 0 {
		return errors.New("a listing of a folder that has objects yields none")
	}
	return nil
}
