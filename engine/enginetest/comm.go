package enginetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/dosna/dosna/engine"
)

// RunComm tests Comms whose ranks live in this process: connect returns new
// ones, for size ranks. A Comm over processes is tested by calling [CheckComm]
// and [CheckEngine] in each of them.
func RunComm(t *testing.T, connect func(t *testing.T, size int) []engine.Comm) {
	for _, size := range []int{1, 2, 3, 8} {
		t.Run(fmt.Sprintf("size=%d", size), func(t *testing.T) {
			t.Run("collectives", func(t *testing.T) {
				onAll(t, connect(t, size), func(c engine.Comm) error {
					if c.Size() != size {
						return fmt.Errorf("rank %d has size %d, want %d", c.Rank(), c.Size(), size)
					}
					return CheckComm(t.Context(), c)
				})
			})
			for _, workers := range []int{1, 3} {
				t.Run(fmt.Sprintf("workers=%d", workers), func(t *testing.T) {
					onAll(t, connect(t, size), func(c engine.Comm) error {
						return CheckEngine(t.Context(), engine.New(c, workers))
					})
				})
			}
			t.Run("faults", func(t *testing.T) { runCommFaults(t, connect, size) })
			if size > 1 {
				t.Run("abort", func(t *testing.T) { checkAbort(t, connect(t, size)) })
				t.Run("cancel", func(t *testing.T) { checkCommCancel(t, connect(t, size)) })
				t.Run("panic", func(t *testing.T) { checkPanicAborts(t, connect(t, size)) })
			}
		})
	}
}

// onAll runs f on every rank at once.
func onAll(t *testing.T, comms []engine.Comm, f func(c engine.Comm) error) {
	t.Helper()
	var g errgroup.Group
	for rank, c := range comms {
		if c.Rank() != rank {
			t.Fatalf("comm %d has rank %d", rank, c.Rank())
		}
		g.Go(func() error {
			if err := f(c); err != nil {
				return c.Abort(err) // the other ranks would wait
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
}

// CheckComm calls every collective of c several times and returns what is wrong
// with the results. All ranks must call it.
func CheckComm(ctx context.Context, c engine.Comm) error {
	rank, size := c.Rank(), c.Size()
	if rank < 0 || rank >= size {
		return fmt.Errorf("rank %d of %d", rank, size)
	}
	for _, n := range []int{0, 1, 1000, 1 << 17} {
		mine := payload(rank, n)
		all, err := c.AllGather(ctx, mine)
		if err != nil {
			return fmt.Errorf("gather %d bytes: %w", n, err)
		}
		clear(mine)
		if len(all) != size {
			return fmt.Errorf("rank %d gathered %d parts from %d ranks", rank, len(all), size)
		}
		for r, part := range all {
			if !bytes.Equal(part, payload(r, n)) {
				return fmt.Errorf("rank %d gathered %d wrong bytes from rank %d, want %d", rank, len(part), r, n+r)
			}
			clear(part) // ours to change
		}
		for root := range size {
			got, err := c.Bcast(ctx, payload(rank, n), root)
			if err != nil {
				return fmt.Errorf("broadcast %d bytes: %w", n, err)
			}
			if !bytes.Equal(got, payload(root, n)) {
				return fmt.Errorf("rank %d received %d wrong bytes from rank %d", rank, len(got), root)
			}
			clear(got)
		}
		if err := c.Barrier(ctx); err != nil {
			return fmt.Errorf("barrier: %w", err)
		}
	}
	for _, root := range []int{-1, size} {
		if _, err := c.Bcast(ctx, nil, root); err == nil {
			return fmt.Errorf("rank %d of %d broadcast", root, size)
		}
	}
	return nil
}

// payload is different on each rank, in length too.
func payload(rank, n int) []byte {
	return bytes.Repeat([]byte{byte(rank + 1)}, n+rank)
}

func checkAbort(t *testing.T, comms []engine.Comm) {
	onAll(t, comms, func(c engine.Comm) error {
		if c.Rank() == 0 {
			cause := errors.New("out of cheese")
			if err := c.Abort(cause); err != cause {
				return fmt.Errorf("Abort returned %v", err)
			}
		}
		for range 2 {
			if err := c.Barrier(t.Context()); err == nil || !strings.Contains(err.Error(), "out of cheese") {
				return fmt.Errorf("rank %d: barrier after an abort: %v", c.Rank(), err)
			}
		}
		return nil
	})
}

func checkCommCancel(t *testing.T, comms []engine.Comm) {
	cause := errors.New("enough")
	onAll(t, comms, func(c engine.Comm) error {
		if c.Rank() == 0 {
			return nil // so that the others wait
		}
		ctx, cancel := context.WithTimeoutCause(t.Context(), 20*time.Millisecond, cause)
		defer cancel()
		if _, err := c.AllGather(ctx, nil); !errors.Is(err, cause) {
			return fmt.Errorf("rank %d: gathering for too long: %v", c.Rank(), err)
		}
		return nil
	})
}

func checkPanicAborts(t *testing.T, comms []engine.Comm) {
	onAll(t, comms, func(c engine.Comm) (err error) {
		last := c.Size() - 1
		defer func() {
			if p := recover(); (p != nil) != (c.Rank() == last) {
				err = fmt.Errorf("rank %d: recovered %v", c.Rank(), p)
			}
		}()
		err = engine.New(c, 1).Run(t.Context(), c.Size(), engine.RunOptions{}, func(_ context.Context, i int) error {
			if i == last {
				panic("out of cheese")
			}
			return nil
		})
		if err == nil {
			return fmt.Errorf("rank %d saw no error where rank %d panicked", c.Rank(), last)
		}
		return nil
	})
}
