package dosna_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/nd"
)

// TestWhatNoMemoryHolds asks for objects, blocks and results that are larger than
// any machine's memory: an error, not a panic, and nothing allocated.
func TestWhatNoMemoryHolds(t *testing.T) {
	c := create(t, "mem://")
	const n = 1 << 50
	d, err := c.CreateDataset(ctx, "x", dosna.DatasetSpec{Shape: []int{n}, Type: dtype.Float64, Chunks: []int{1 << 27}, Shards: []int{n}})
	if err != nil {
		t.Fatal(err)
	}
	small, err := c.CreateDataset(ctx, "small", dosna.DatasetSpec{Shape: []int{n}, Type: dtype.Float64, Chunks: []int{1 << 10}})
	if err != nil {
		t.Fatal(err)
	}
	buffer, err := d.Buffer(0)
	if err != nil {
		t.Fatal(err)
	}
	nothing := func(context.Context, dosna.Block) error { return nil }
	one := nd.NewView(make([]byte, 8), nil, 8)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, all := dosna.ReadAll[float64](ctx, d, nd.Selection{})
	for what, err := range map[string]error{
		"read all": all,
		"write":    d.WriteView(ctx, selection(t, "::2"), one),
		"apply":    d.Apply(ctx, nothing),
		"load":     d.Load(ctx, endless{n}),
		"map":      small.Map(ctx, d, dosna.MapOptions{}, nothing),
		"map halo": small.Map(ctx, d, dosna.MapOptions{Halo: []int{1 << 40}, BlockBytes: 1}, nothing),
		"buffer":   buffer.Write(ctx, selection(t, "5"), one),
	} {
		if !errors.Is(err, dosna.ErrInvalid) || !strings.Contains(err.Error(), `"/`) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := d.ReadView(ctx, selection(t, fmt.Sprintf("::%d", n/2)), nd.NewView(make([]byte, 16), []int{2}, 8)); err != nil {
		t.Errorf("elements that lie far apart: %v", err)
	}
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 64<<20 {
		t.Errorf("%d MiB were allocated", got>>20)
	}
	if err := buffer.Close(ctx); err != nil {
		t.Error(err)
	}
}

type endless struct{ n int }

func (e endless) Shape() []int                                   { return []int{e.n} }
func (e endless) Type() dtype.Type                               { return dtype.Float64 }
func (e endless) ReadBox(context.Context, nd.Box, nd.View) error { return nil }

func TestErrorsSayThingsOnce(t *testing.T) {
	dir := testenv.ScratchDir(t)
	c := create(t, dir)
	d := bytesDataset(t, c, "x", []int{4}, []int{4})
	write(t, d, ":", 5)
	damage(t, dir+"/x/c/0")
	_, corrupt := dosna.ReadAll[uint8](ctx, d, nd.Selection{})
	_, dup := c.CreateDataset(ctx, "x", dosna.DatasetSpec{Shape: []int{4}, Type: dtype.Uint8})
	_, kind := c.OpenGroup(ctx, "x")
	_, nested := c.CreateDataset(ctx, "z", dosna.DatasetSpec{Shape: []int{4}, Type: dtype.Uint8, Chunks: []int{1}, Shards: []int{1 << 40}})
	_, below := c.CreateGroup(ctx, "x/y", nil)
	ro, err := dosna.Open(ctx, dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer ro.Close()
	for want, err := range map[string]error{
		`read dataset "/x" in DIR: decode "x/c/0" in DIR: corrupt data: crc32c`: corrupt,
		`create "/x" in DIR: file already exists: there is a node of that name`: dup,
		`open "/x" in DIR as a group: invalid argument: it is a dataset`:        kind,
		`create dataset "z" in DIR: invalid argument: codec sharding_indexed: `: nested,
		`create "/x/y" in DIR: invalid argument: "/x" is a dataset, which`:      below,
		`delete "/y" in DIR: file does not exist: there is no such node`:        c.Delete(ctx, "y"),
		`move "/y" to "/z" in DIR: file does not exist: there is no such node`:  c.Move(ctx, "y", "z"),
		`resize dataset "/x" in DIR: permission denied: the connection was`:     dataset(t, ro, "x").Resize(ctx, []int{1}),
		`resize dataset "/x" in DIR: invalid argument: shape: [-1] is negative`: d.Resize(ctx, []int{-1}),
	} {
		if err == nil {
			t.Errorf("no error, want %s", want)
		} else if got := strings.ReplaceAll(err.Error(), dir, "DIR"); !strings.HasPrefix(got, want) {
			t.Errorf("error %s\nwant  %s…", got, want)
		}
	}
	if !errors.Is(corrupt, dosna.ErrCorrupt) || !errors.Is(dup, dosna.ErrExist) {
		t.Error("the sentinels are missing")
	}
}

func TestARootThatIsADatasetHasNoChildren(t *testing.T) {
	dir := testenv.ScratchDir(t)
	c := create(t, dir)
	bytesDataset(t, c, "x", []int{4}, []int{4})
	root := create(t, dir+"/x")
	d := dataset(t, root, "")
	write(t, d, ":", 5)
	if _, err := root.CreateGroup(ctx, "below", nil); !errors.Is(err, dosna.ErrInvalid) {
		t.Errorf("created a group below a dataset: %v", err)
	}
	if u, err := d.Usage(ctx); err != nil || u.Objects != 1 {
		t.Errorf("%d objects, %v", u.Objects, err)
	}
}

func TestProgressCounts(t *testing.T) {
	c := create(t, "mem://")
	d := bytesDataset(t, c, "x", []int{40}, []int{4})
	write(t, d, "0:30", 5)
	boom := errors.New("boom")
	for _, call := range []struct {
		what string
		want int
		do   func(d *dosna.Dataset) error
	}{
		{"verify", 8, func(d *dosna.Dataset) error { _, err := d.Verify(ctx, nil); return err }},
		{"apply", 10, func(d *dosna.Dataset) error {
			return d.Apply(ctx, func(context.Context, dosna.Block) error { return nil })
		}},
		{"write", 10, func(d *dosna.Dataset) error { return dosna.Write(ctx, d, nd.Selection{}, []uint8{1}) }},
		{"failure", 0, func(d *dosna.Dataset) error {
			err := d.Apply(ctx, func(context.Context, dosna.Block) error { return boom })
			if !errors.Is(err, boom) {
				t.Errorf("error %v", err)
			}
			return nil
		}},
	} {
		last := 0
		with := d.With(dosna.Options{Progress: func(done, total int) {
			if done != last+1 || total != call.want {
				t.Errorf("%s: %d of %d after %d", call.what, done, total, last)
			}
			last = done
		}})
		if err := call.do(with); err != nil || last != call.want {
			t.Errorf("%s: %d of %d told, %v", call.what, last, call.want, err)
		}
	}
}
