package check

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"testing/iotest"

	"github.com/dosna/dosna/store"
)

var streamChecks = []Check{
	{Area: "stream", Name: "read", Run: streamRead},
	{Area: "stream", Name: "read one version", Run: streamOneVersion, Needs: func(g store.Guarantees) bool { return g.GetIfMatch }},
	{Area: "stream", Name: "write", Run: streamWrite},
	{Area: "stream", Name: "nothing before commit", Run: streamHidden},
	{Area: "stream", Name: "close aborts", Run: streamAbort},
	{Area: "stream", Name: "condition at commit", Run: streamCond, Needs: func(g store.Guarantees) bool { return g.PutIfAbsent && g.PutIfMatch }},
}

func streamRead(ctx context.Context, s store.Store) error {
	data := Pattern(300_000, 1)
	if _, err := put(ctx, s, "x", data); err != nil {
		return err
	}
	for _, c := range []struct {
		r    store.Range
		want []byte
	}{
		{store.Range{}, data},
		{store.Range{Off: 1000, Len: 70_000}, data[1000:71_000]},
		{store.Range{Off: -5}, data[len(data)-5:]},
		{store.Range{Off: 299_000, Len: 5000}, data[299_000:]},
		{store.Range{Off: 300_000}, nil},
	} {
		r, info, err := store.OpenReader(ctx, s, "x", store.GetOptions{Range: c.r})
		if err != nil {
			return err
		}
		if info.Key != "x" || info.Size != int64(len(data)) {
			r.Close()
			return fmt.Errorf("a reader of %d bytes comes with %+v", len(data), info)
		}
		err = errors.Join(iotest.TestReader(r, c.want), r.Close(), r.Close())
		if err != nil {
			return fmt.Errorf("a reader of %+v of %d bytes: %w", c.r, len(data), err)
		}
	}
	return nil
}

// streamOneVersion: a reader is not disturbed by who replaces the object.
func streamOneVersion(ctx context.Context, s store.Store) error {
	old := Pattern(300_000, 1)
	if _, err := put(ctx, s, "a/x", old); err != nil {
		return err
	}
	r, _, err := store.OpenReader(ctx, s, "a/x", store.GetOptions{})
	if err != nil {
		return err
	}
	defer r.Close()
	got := make([]byte, 1000)
	if _, err := io.ReadFull(r, got); err != nil {
		return err
	}
	if _, err := put(ctx, s, "a/x", Pattern(300_000, 2)); err != nil {
		return err
	}
	if err := s.Delete(ctx, "a/x", store.Cond{}); err != nil {
		return err
	}
	rest, err := io.ReadAll(r)
	if errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrNotExist) {
		return nil // it may say so, but not mix versions
	}
	if err != nil {
		return err
	}
	if !bytes.Equal(append(got, rest...), old) {
		return errors.New("a reader returned other bytes once the object was replaced")
	}
	return nil
}

func streamWrite(ctx context.Context, s store.Store) error {
	for i, pieces := range [][]int{nil, {0}, {1}, {10, 0, 20}, {100, 1 << 20, 5, 1 << 20, 1<<20 - 7}} {
		key := fmt.Sprintf("a/%d", i)
		w, err := store.OpenWriter(ctx, s, key, store.Cond{})
		if err != nil {
			return err
		}
		defer w.Close()
		var want []byte
		for j, n := range pieces {
			p := Pattern(n, byte(j))
			want = append(want, p...)
			if m, err := w.Write(p); err != nil || m != n {
				return fmt.Errorf("write of %d bytes returned %d, %w", n, m, err)
			}
			clear(p)
		}
		v, err := w.Commit()
		if err != nil {
			return err
		}
		if err := Holds(ctx, s, key, want); err != nil {
			return err
		}
		info, err := s.Stat(ctx, key)
		if err != nil {
			return err
		}
		if info.Version != v {
			return fmt.Errorf("commit returned the version %q, but stat %q", v, info.Version)
		}
		if err := w.Close(); err != nil {
			return fmt.Errorf("close after commit: %w", err)
		}
		if _, err := w.Write([]byte("late")); err == nil {
			return errors.New("a write after commit succeeded")
		}
		if _, err := w.Commit(); err == nil {
			return errors.New("a second commit succeeded")
		}
		if err := Holds(ctx, s, key, want); err != nil {
			return err
		}
	}
	return nil
}

// streamHidden: what is being written is nowhere to be seen.
func streamHidden(ctx context.Context, s store.Store) error {
	if _, err := put(ctx, s, "a/x", []byte("old")); err != nil {
		return err
	}
	for _, key := range []string{"a/x", "a/new", "b/new"} {
		w, err := store.OpenWriter(ctx, s, key, store.Cond{})
		if err != nil {
			return err
		}
		defer w.Close()
		if _, err := w.Write(Pattern(1<<20, 1)); err != nil {
			return err
		}
	}
	if err := errors.Join(Holds(ctx, s, "a/x", []byte("old")), Absent(ctx, s, "a/new"), Absent(ctx, s, "b/new")); err != nil {
		return err
	}
	keys, err := Keys(ctx, s, store.ListOptions{})
	if err == nil && len(keys) != 1 {
		err = fmt.Errorf("while objects are being written list yields %q", keys)
	}
	return err
}

func streamAbort(ctx context.Context, s store.Store) error {
	if _, err := put(ctx, s, "a/x", []byte("old")); err != nil {
		return err
	}
	for _, key := range []string{"a/x", "a/new", "b/new"} {
		w, err := store.OpenWriter(ctx, s, key, store.Cond{})
		if err != nil {
			return err
		}
		if _, err := w.Write([]byte("new")); err != nil {
			return err
		}
		if err := errors.Join(w.Close(), w.Close()); err != nil {
			return err
		}
		if _, err := w.Commit(); err == nil {
			return errors.New("commit succeeded after close")
		}
		if _, err := w.Write([]byte("new")); err == nil {
			return errors.New("write succeeded after close")
		}
	}
	if err := Holds(ctx, s, "a/x", []byte("old")); err != nil {
		return err
	}
	keys, err := Keys(ctx, s, store.ListOptions{Shallow: true})
	if err == nil && len(keys) != 1 {
		err = fmt.Errorf("aborted writers left %q", keys)
	}
	return err
}

// streamCond: a condition that held at the beginning may have ceased to.
func streamCond(ctx context.Context, s store.Store) error {
	v, err := put(ctx, s, "a/x", []byte("old"))
	if err != nil {
		return err
	}
	for _, c := range []struct {
		key  string
		cond store.Cond
		want error
	}{
		{"a/x", store.Cond{IfMatch: v}, store.ErrConflict},
		{"a/new", store.Cond{IfAbsent: true}, store.ErrExist},
	} {
		w, err := store.OpenWriter(ctx, s, c.key, c.cond)
		if err != nil {
			return err
		}
		defer w.Close()
		if _, err := w.Write([]byte("mine")); err != nil {
			return err
		}
		if _, err := put(ctx, s, c.key, []byte("theirs")); err != nil {
			return err
		}
		_, err = w.Commit()
		if err := Wants(err, c.want, "commit with %+v, over what came in between,", c.cond); err != nil {
			return err
		}
		if err := Holds(ctx, s, c.key, []byte("theirs")); err != nil {
			return err
		}
	}
	return nil
}
