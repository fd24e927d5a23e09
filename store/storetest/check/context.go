package check

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
)

var contextChecks = []Check{
	{Area: "context", Name: "cancelled", Run: contextCancelled},
	{Area: "context", Name: "cancelled while listing", Run: contextListing, Heavy: true},
	{Area: "context", Name: "cancelled while streaming", Run: contextStreaming},
	{Area: "close", Name: "closed", Run: closed, Closes: true},
}

// Operations is each operation on a store that has "a/x" and "a/y", as one that
// succeeds.
func Operations(s store.Store) map[string]func(ctx context.Context) error {
	return map[string]func(ctx context.Context) error{
		"get":    func(ctx context.Context) error { _, _, err := s.Get(ctx, "a/x", store.GetOptions{}, nil); return err },
		"stat":   func(ctx context.Context) error { _, err := s.Stat(ctx, "a/x"); return err },
		"put":    func(ctx context.Context) error { _, err := put(ctx, s, "a/x", nil); return err },
		"delete": func(ctx context.Context) error { return s.Delete(ctx, "a/x", store.Cond{}) },
		"list":   func(ctx context.Context) error { _, err := Keys(ctx, s, store.ListOptions{}); return err },
		"get ranges": func(ctx context.Context) error {
			_, err := store.GetRanges(ctx, s, "a/x", store.Cond{}, []nd.Span{{Dst: make([]byte, 1)}})
			return err
		},
		"open reader": func(ctx context.Context) error {
			r, _, err := store.OpenReader(ctx, s, "a/x", store.GetOptions{})
			if err == nil {
				r.Close()
			}
			return err
		},
		"open writer": func(ctx context.Context) error {
			w, err := store.OpenWriter(ctx, s, "a/z", store.Cond{})
			if err != nil {
				return err
			}
			defer w.Close()
			_, err = w.Commit()
			return err
		},
		"delete all":    func(ctx context.Context) error { return store.DeleteAll(ctx, s, []string{"a/x", "a/y"}) },
		"delete prefix": func(ctx context.Context) error { return store.DeletePrefix(ctx, s, "a/") },
		"copy":          func(ctx context.Context) error { _, err := store.Copy(ctx, s, "a/x", "a/z", store.Cond{}); return err },
		"rename":        func(ctx context.Context) error { return store.Rename(ctx, s, "a/", "b/") },
	}
}

// contextCancelled: nothing begins once the context is done.
func contextCancelled(ctx context.Context, s store.Store) error {
	if err := putAll(ctx, s, "a/x", "a/y"); err != nil {
		return err
	}
	done, cancel := context.WithCancel(ctx)
	cancel()
	for what, do := range Operations(s) {
		if err := Wants(do(done), context.Canceled, "%s with a cancelled context", what); err != nil {
			return err
		}
		if err := lists(ctx, s, "a/x", "a/y"); err != nil {
			return fmt.Errorf("after %s with a cancelled context: %w", what, err)
		}
	}
	return nil
}

func contextListing(ctx context.Context, s store.Store) error {
	for i := range 1100 {
		if _, err := put(ctx, s, fmt.Sprintf("a/%d", i), nil); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var last error
	seen := 0
	for _, err := range s.List(ctx, store.ListOptions{}) {
		if last != nil {
			return fmt.Errorf("list went on after the error: %w", last)
		}
		if last = err; err == nil {
			seen++
		}
		cancel()
	}
	if seen == 1100 {
		return errors.New("list yielded all of 1100 keys though the context was cancelled at the first")
	}
	return Wants(last, context.Canceled, "list with a context cancelled meanwhile")
}

func contextStreaming(ctx context.Context, s store.Store) error {
	if _, err := put(ctx, s, "a/x", Pattern(1<<20, 1)); err != nil {
		return err
	}
	ctx2, cancel := context.WithCancel(ctx)
	defer cancel()
	w, err := store.OpenWriter(ctx2, s, "a/y", store.Cond{})
	if err != nil {
		return err
	}
	defer w.Close()
	r, _, err := store.OpenReader(ctx2, s, "a/x", store.GetOptions{})
	if err != nil {
		return err
	}
	defer r.Close()
	cancel()
	if _, err := w.Write([]byte("x")); err == nil {
		_, err = w.Commit()
		if err := Wants(err, context.Canceled, "commit with a cancelled context"); err != nil {
			return err
		}
	} else if err := Wants(err, context.Canceled, "write with a cancelled context"); err != nil {
		return err
	}
	if err := Absent(ctx, s, "a/y"); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, r)
	return Wants(err, context.Canceled, "reading with a cancelled context")
}

// closed: after Close every operation says so.
func closed(ctx context.Context, s store.Store) error {
	if err := putAll(ctx, s, "a/x", "a/y"); err != nil {
		return err
	}
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		return err
	}
	for what, do := range Operations(s) {
		if err := Wants(do(ctx), store.ErrClosed, "%s after close", what); err != nil {
			return err
		}
	}
	return nil
}
