package codec_test

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/nd"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// atOnce runs tasks all at once, or after the first failure no more.
type atOnce struct{ tasks atomic.Int64 }

func (a *atOnce) run(ctx context.Context, n int, task func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() {
			a.tasks.Add(1)
			if err := task(ctx, i); err != nil {
				cancel(err)
			}
		})
	}
	group.Wait()
	return context.Cause(ctx)
}

// What is done by several workers is, byte for byte, what one does.
func TestParallel(t *testing.T) {
	from := volume()
	for _, text := range []string{
		"[" + shard("[8,16,32]", "["+little+","+zstd+"]", "end") + "]",
		"[" + shard("[16,16,16]", "["+big+","+blosc+","+crc+"]", "start") + "]",
		"[" + shard("[32,32,32]", "["+shard("[8,8,8]", "["+little+","+crc+"]", "start")+"]", "end") + "]",
		`[{"name":"transpose","configuration":{"order":[2,0,1]}},` + shard("[32,16,16]", "["+little+"]", "end") + "]",
	} {
		c := mustBind(t, text, cube, dtype.Float32)
		left := 40
		if testenv.Race {
			left = 5
		}
		rapid.Check(t, func(t *rapid.T) {
			if left--; left < 0 {
				return
			}
			var a atOnce
			ctx := codec.WithParallel(context.Background(), a.run)
			var old codec.Source
			box := nd.Full(cube)
			if rapid.Bool().Draw(t, "part") {
				data, err := c.Encode(nil, from)
				if err != nil {
					t.Fatal(err)
				}
				old, box = file(data), drawBox(t, cube)
			}
			v := from.Flip(0).Sub(box)
			if rapid.Bool().Draw(t, "fill") {
				v = nd.View{Data: make([]byte, 4), Shape: box.Shape, Strides: make([]int, 3), Item: 4}
			}
			want, err := c.Patch(context.Background(), old, box, v)
			if err != nil {
				t.Fatal(err)
			}
			got, err := c.Patch(ctx, old, box, v)
			if err != nil {
				t.Fatal(err)
			}
			data := bytes.Join(want.Parts, nil)
			if !bytes.Equal(bytes.Join(got.Parts, nil), data) || (got.Parts == nil) != (want.Parts == nil) {
				t.Fatalf("%s: a patch of %s by several workers differs", text, box)
			}
			want.Release()
			got.Release()
			if len(data) == 0 {
				return
			}
			if err := c.Check(ctx, file(data)); err != nil {
				t.Fatal(err)
			}
			part := drawBox(t, cube)
			one, many := nd.NewView(make([]byte, part.Size()*4), part.Shape, 4), nd.NewView(make([]byte, part.Size()*4), part.Shape, 4)
			if err := errors.Join(c.Read(context.Background(), file(data), part, one), c.Read(ctx, file(data), part, many)); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(one.Data, many.Data) {
				t.Fatalf("%s: %s read by several workers differs", text, part)
			}
		})
	}
}

func TestParallelIsUsed(t *testing.T) {
	c := mustBind(t, "["+shard("[8,16,16]", "["+little+","+zstd+"]", "end")+"]", cube, dtype.Float32)
	from := volume()
	var a atOnce
	ctx := codec.WithParallel(t.Context(), a.run)
	p, err := c.Patch(ctx, nil, full, from)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Release()
	if n := a.tasks.Swap(0); n < 8 {
		t.Errorf("a shard was encoded in %d tasks", n)
	}
	if err := c.Read(ctx, file(bytes.Join(p.Parts, nil)), full, nd.NewView(make([]byte, 1<<20), cube, 4)); err != nil {
		t.Fatal(err)
	}
	if n := a.tasks.Load(); n < 4 {
		t.Errorf("a shard was decoded in %d tasks", n)
	}
}

// One damaged inner chunk fails the whole, with its name.
func TestParallelFails(t *testing.T) {
	c := mustBind(t, "["+shard("[8,16,16]", "["+little+","+zstd+","+crc+"]", "end")+"]", cube, dtype.Float32)
	data, err := c.Encode(nil, volume())
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 4
	var a atOnce
	ctx := codec.WithParallel(t.Context(), a.run)
	err = c.Read(ctx, file(data), full, nd.NewView(make([]byte, 1<<20), cube, 4))
	if !errors.Is(err, codec.ErrCorrupt) || !bytes.Contains([]byte(err.Error()), []byte("inner chunk [")) {
		t.Errorf("read: %v", err)
	}
	box := nd.Box{Start: []int{1, 1, 1}, Shape: []int{62, 62, 62}}
	if _, err := c.Patch(ctx, file(data), box, volume().Sub(box)); !errors.Is(err, codec.ErrCorrupt) && err != nil {
		t.Errorf("patch: %v", err)
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if err := c.Read(cancelled, file(data), full, nd.NewView(make([]byte, 1<<20), cube, 4)); !errors.Is(err, context.Canceled) {
		t.Errorf("read after cancellation: %v", err)
	}
}
