package convert

import (
	"context"
	"sync"
)

// overlap passes each part from get to put, getting the next one while one is
// being put. Both run in order; get returns false when there are no more.
func overlap[T any](ctx context.Context, get func(ctx context.Context) (T, bool, error), put func(ctx context.Context, part T) error) error {
	ctx, cancel := context.WithCancel(ctx)
	type result struct {
		part T
		more bool
		err  error
	}
	ahead := make(chan result)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	wg.Go(func() {
		for {
			var r result
			r.part, r.more, r.err = get(ctx)
			select {
			case ahead <- r:
			case <-ctx.Done():
				return
			}
			if !r.more || r.err != nil {
				return
			}
		}
	})
	for {
		var r result
		select {
		case r = <-ahead:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if r.err != nil || !r.more {
			return r.err
		}
		if err := put(ctx, r.part); err != nil {
			return err
		}
	}
}

// buffers are the memory of the parts in flight, used over and over.
type buffers chan []byte

// newBuffers has room for the two parts that overlap keeps.
func newBuffers() buffers { return make(buffers, 2) }

func (b buffers) get(n int) []byte {
	select {
	case old := <-b:
		if cap(old) >= n {
			return old[:n]
		}
	default:
	}
	return make([]byte, n)
}

func (b buffers) put(buf []byte) {
	select {
	case b <- buf:
	default:
	}
}
