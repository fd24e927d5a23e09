//go:build unix

package dosna_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/lock"
)

func init() { roles["locked"] = writeLocked }

// writeLocked writes boxes under a lease until that has ended, also those that it began before
// it knew.
func writeLocked(j *job, c *dosna.Connection) error {
	d, err := c.OpenDataset(ctx, j.Path)
	if err != nil {
		return err
	}
	r := j.random()
	err = dosna.WithLock(ctx, d, &dosna.LockOptions{TTL: time.Second}, func(ctx context.Context) error {
		ctx = context.WithoutCancel(ctx)
		for n := 1; ; n++ {
			if err := d.WriteBox(ctx, randomBox(r), one(uint32(n))); err != nil {
				return err
			}
			if err := j.report("%d", n); err != nil {
				return err
			}
		}
	})
	if !errors.Is(err, dosna.ErrLost) {
		return err
	}
	return nil
}

// TestProcessStoppedUnderLock stops a process that writes to a dataset under a lease until others
// may have that. Nothing that it does when it goes on is to be seen in what its
// successor has written.
func TestProcessStoppedUnderLock(t *testing.T) {
	for name, spec := range layouts(t) {
		t.Run(name, func(t *testing.T) {
			c, ways := waysTo(t)
			d, err := c.CreateDataset(ctx, "g/x", spec)
			if err != nil {
				t.Fatal(err)
			}
			ps := start(t, job{Do: "locked", Seed: rand.Uint64()}, 1, ways...)
			ps[0].reach(t, 2+rand.IntN(30))
			time.Sleep(time.Duration(rand.IntN(2000)) * time.Microsecond)
			if err := ps[0].cmd.Process.Signal(syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
			wctx, cancel := context.WithTimeout(ctx, 20*time.Second)
			defer cancel()
			l, err := d.Lock(wctx, nil)
			if errors.Is(err, context.DeadlineExceeded) {
				_ = ps[0].cmd.Process.Kill()
				t.Skip("it was stopped while it renewed its lease, and held the directory locked")
			}
			if err != nil {
				t.Fatal(err)
			}
			// If it holds a directory locked, nobody gets past it before it goes on.
			wrote := make(chan error, 1)
			go func() { wrote <- d.WriteBox(l.Context(), area([]int{0, 0}, []int{rows, cols}), one(77)) }()
			select {
			case err = <-wrote:
				wrote <- err
			case <-time.After(200 * time.Millisecond):
			}
			if err := ps[0].cmd.Process.Signal(syscall.SIGCONT); err != nil {
				t.Fatal(err)
			}
			if err := <-wrote; err != nil {
				t.Fatal(err)
			}
			wait(t, ps)
			got, err := dosna.ReadAll[uint32](ctx, d, selection(t, "..."))
			if err != nil {
				t.Fatal(err)
			}
			for i, v := range got {
				if v != 77 {
					t.Fatalf("element (%d, %d) is %d: a late writer has replaced what its successor wrote", i/cols, i%cols, v)
				}
			}
			if state, err := d.LockState(ctx); err != nil || len(state.Holders) != 1 || state.Holders[0].Fence != l.Fence() || l.Err() != nil {
				t.Errorf("%+v, %v, %v", state, err, l.Err())
			}
			if err := l.Release(ctx); err != nil || !errors.Is(l.Err(), lock.ErrReleased) {
				t.Error(err)
			}
		})
	}
}
