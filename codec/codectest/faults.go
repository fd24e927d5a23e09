package codectest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/nd"
)

// Faulty is a source that goes wrong at one of its requests: the first is number
// 0, and ReadAll is one as ReadSpans is. It is for tests of whatever reads sources.
type Faulty struct {
	codec.Source
	At int64 // the request that is not served as it should be
	// Do is what happens then: it may fail, delay, cancel, or change what is
	// read and go on with serve.
	Do func(ctx context.Context, serve func() error) error

	requests atomic.Int64
}

// Requests returns how many there were.
func (f *Faulty) Requests() int64 { return f.requests.Load() }

func (f *Faulty) request(ctx context.Context, serve func() error) error {
	if f.requests.Add(1)-1 == f.At && f.Do != nil {
		return f.Do(ctx, serve)
	}
	return serve()
}

// ReadAll implements codec.Source.
func (f *Faulty) ReadAll(ctx context.Context, dst []byte, limit int) (out []byte, err error) {
	out = dst
	err = f.request(ctx, func() (err error) {
		out, err = f.Source.ReadAll(ctx, dst, limit)
		return err
	})
	return out, err
}

// ReadSpans implements codec.Source.
func (f *Faulty) ReadSpans(ctx context.Context, spans []nd.Span) error {
	return f.request(ctx, func() error { return f.Source.ReadSpans(ctx, spans) })
}

// use is a way to read a source.
type use struct {
	name string
	do   func(ctx context.Context, src codec.Source) error
}

// uses are all of them, with the elements given to a patch.
func uses(c Chain, data []byte) []use {
	in := c.Chunk()
	item := in.Type.Size()
	r := random()
	all := []use{
		{"check", func(ctx context.Context, src codec.Source) error { return c.Check(ctx, src) }},
		{"prepare", func(ctx context.Context, src codec.Source) error {
			_, err := c.Prepare(ctx, src)
			return err
		}},
	}
	boxes := []nd.Box{nd.Full(in.Shape)}
	for range 3 {
		boxes = append(boxes, randomBox(r, in.Shape))
	}
	for _, box := range boxes {
		for mode, reader := range map[string]Chain{"read": c, "read lazily": c.Lazy()} {
			all = append(all, use{fmt.Sprintf("%s %s", mode, box), func(ctx context.Context, src codec.Source) error {
				out := poisoned(box.Shape, item)
				if err := reader.Read(ctx, src, box, out); err != nil {
					return err
				}
				return differ(out, part(in, data, box))
			}})
		}
		all = append(all, use{fmt.Sprintf("patch %s", box), func(ctx context.Context, src codec.Source) error {
			p, err := c.Patch(ctx, src, box, nd.NewView(part(in, data, box), box.Shape, item))
			if err != nil {
				return err
			}
			defer p.Release()
			return readBack(ctx, c, bytes.Join(p.Parts, nil), data)
		}})
	}
	return all
}

// faults lets every request of every use go wrong in every way. What is wrong with
// the source is said as it is, and is nobody's corruption; afterwards the chain
// works as before.
func faults(ctx context.Context, c Chain) error {
	in := c.Chunk()
	data := sampleOf(in, "noise")
	stored, err := c.Encode(nil, contiguous(in, data))
	if err != nil {
		return err
	}
	down, conflict := errors.New("the network is down"), errors.New("there is another version")
	for _, u := range uses(c, data) {
		for _, parallel := range []bool{false, true} {
			ctx := ctx
			if parallel {
				ctx = codec.WithParallel(ctx, allAtOnce)
			}
			plain := &Faulty{Source: &object{data: stored}}
			if err := u.do(ctx, plain); err != nil {
				return fmt.Errorf("%s: %w", u.name, err)
			}
			for at := range plain.Requests() {
				try := func(how string, ctx context.Context, want error, do func(ctx context.Context, serve func() error) error) error {
					err := u.do(ctx, &Faulty{Source: &object{data: stored}, At: at, Do: do})
					if !errors.Is(err, want) || errors.Is(err, codec.ErrCorrupt) != errors.Is(want, codec.ErrCorrupt) {
						return fmt.Errorf("%s, request %d %s: %w", u.name, at, how, orNone(err))
					}
					return nil
				}
				stopped, stop := context.WithCancel(ctx)
				stuck, free := context.WithTimeout(ctx, time.Millisecond)
				err := errors.Join(
					try("fails", ctx, down, func(context.Context, func() error) error { return down }),
					try("is served, and fails", ctx, conflict, func(_ context.Context, serve func() error) error {
						_ = serve()
						return conflict
					}),
					try("ends too early", ctx, codec.ErrCorrupt, func(context.Context, func() error) error {
						return fmt.Errorf("%w: %w", codec.ErrCorrupt, io.ErrUnexpectedEOF)
					}),
					try("is cancelled", stopped, context.Canceled, func(ctx context.Context, _ func() error) error {
						stop()
						return context.Cause(ctx)
					}),
					try("hangs", stuck, context.DeadlineExceeded, func(ctx context.Context, _ func() error) error {
						<-ctx.Done()
						return context.Cause(ctx)
					}),
				)
				stop()
				free()
				if err != nil {
					return err
				}
			}
			if err := u.do(ctx, &object{data: stored}); err != nil {
				return fmt.Errorf("%s, after sources that failed: %w", u.name, err)
			}
		}
	}
	return nil
}

// allAtOnce is a codec.Parallel that goes as far as it can.
func allAtOnce(ctx context.Context, n int, task func(ctx context.Context, i int) error) error {
	var group sync.WaitGroup
	errs := make([]error, n)
	for i := range n {
		group.Go(func() { errs[i] = task(ctx, i) })
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// changing reads from sources whose bytes become other ones between two requests,
// although none should: what comes of it is of the one or the other, or corrupt.
func changing(ctx context.Context, c Chain) error {
	in := c.Chunk()
	before := sampleOf(in, "noise")
	after := otherThan(in, before)
	old, err := c.Encode(nil, contiguous(in, before))
	if err != nil {
		return err
	}
	now, err := c.Encode(nil, contiguous(in, after))
	if err != nil {
		return err
	}
	for at := range int64(4) {
		o := &object{data: old}
		src := &Faulty{Source: o, At: at, Do: func(_ context.Context, serve func() error) error {
			o.data = now
			return serve()
		}}
		out := poisoned(in.Shape, in.Type.Size())
		err := c.Read(ctx, src, nd.Full(in.Shape), out)
		if err == nil && c.Checked() {
			err = mixed(in, out.Data, before, after)
		} else if errors.Is(err, codec.ErrCorrupt) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = nil
		}
		if err != nil {
			return fmt.Errorf("other bytes from request %d on: %w", at, err)
		}
	}
	return nil
}

// otherThan returns elements each of which differs from that of data.
func otherThan(in codec.Chunk, data []byte) []byte {
	out := bytes.Clone(data)
	for i := 0; i < len(out); i += in.Type.Size() {
		out[i] ^= 1
	}
	return out
}

// mixed reports an element that is of neither of two chunks.
func mixed(in codec.Chunk, got, one, other []byte) error {
	n := in.Type.Size()
	for i := 0; i < len(got); i += n {
		if e := got[i : i+n]; !bytes.Equal(e, one[i:i+n]) && !bytes.Equal(e, other[i:i+n]) {
			return fmt.Errorf("element %d is % x, which it never was", i/n, e)
		}
	}
	return nil
}
