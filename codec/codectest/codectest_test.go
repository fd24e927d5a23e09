package codectest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
)

const checksummed = `[{"name":"bytes","configuration":{"endian":"little"}}, "crc32c"]`

func specs(t *testing.T, text string) []codec.Spec {
	t.Helper()
	var s []codec.Spec
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestGoodChains(t *testing.T) {
	Run(t, func(codec.Chunk, dtype.Order) []codec.Spec { return specs(t, checksummed) })
	RunChain(t, specs(t, checksummed), codec.Chunk{Shape: []int{3, 3}, Type: dtype.Float32, Fill: dtype.Float32.Zero()})
}

// faulty is a chain with a mistake in one of its methods.
type faulty struct {
	*codec.Chain
	encode func(dst []byte, v nd.View) ([]byte, error)
	read   func(ctx context.Context, src codec.Source, box nd.Box, dst nd.View) error
	check  func(ctx context.Context, src codec.Source) error
	patch  func(ctx context.Context, old codec.Source, box nd.Box, v nd.View) (*codec.Patched, error)
	isFill func(v nd.View) bool
}

func (f *faulty) Encode(dst []byte, v nd.View) ([]byte, error) {
	if f.encode != nil {
		return f.encode(dst, v)
	}
	return f.Chain.Encode(dst, v)
}

func (f *faulty) Read(ctx context.Context, src codec.Source, box nd.Box, dst nd.View) error {
	if f.read != nil {
		return f.read(ctx, src, box, dst)
	}
	return f.Chain.Read(ctx, src, box, dst)
}

func (f *faulty) Check(ctx context.Context, src codec.Source) error {
	if f.check != nil {
		return f.check(ctx, src)
	}
	return f.Chain.Check(ctx, src)
}

func (f *faulty) Patch(ctx context.Context, old codec.Source, box nd.Box, v nd.View) (*codec.Patched, error) {
	if f.patch != nil {
		return f.patch(ctx, old, box, v)
	}
	return f.Chain.Patch(ctx, old, box, v)
}

func (f *faulty) IsFill(v nd.View) bool {
	if f.isFill != nil {
		return f.isFill(v)
	}
	return f.Chain.IsFill(v)
}

// Every kind of mistake is found, by the checks that are for it.
func TestFaultyChains(t *testing.T) {
	in := codec.Chunk{Shape: []int{4, 3}, Type: dtype.Int32, Fill: []byte{1, 0, 0, 0}}
	good, err := codec.Bind(specs(t, checksummed), in)
	if err != nil {
		t.Fatal(err)
	}
	var shared [][]byte
	for name, c := range map[string]struct {
		chain  faulty
		checks string // one of which is to fail, or several
	}{
		"none": {faulty{}, ""},
		"encodes other elements": {faulty{encode: func(dst []byte, v nd.View) ([]byte, error) {
			return good.Encode(dst, v.Flip(0))
		}}, "round trip, clipped, boxes, concurrent"},
		"overwrites a prefix": {faulty{encode: func(dst []byte, v nd.View) ([]byte, error) {
			out, err := good.Encode(nil, v)
			return append(dst[:0], out...), err
		}}, "encode"},
		"encodes in place": {faulty{encode: func(dst []byte, v nd.View) ([]byte, error) {
			out, err := good.Encode(dst, v)
			v.Data[v.Off] ^= 1
			return out, err
		}}, "round trip"},
		"writes beside the view": {faulty{read: func(ctx context.Context, src codec.Source, box nd.Box, dst nd.View) error {
			if dst.Off > 0 {
				dst.Data[0] = 0
			}
			return good.Read(ctx, src, box, dst)
		}}, "round trip, boxes"},
		"ignores where a box begins": {faulty{read: func(ctx context.Context, src codec.Source, box nd.Box, dst nd.View) error {
			if err := good.Read(ctx, src, box, dst); err != nil {
				return err
			}
			return good.Read(ctx, src, nd.Box{Start: make([]int, len(box.Start)), Shape: box.Shape}, dst)
		}}, "boxes"},
		"does not bound boxes": {faulty{read: func(ctx context.Context, src codec.Source, box nd.Box, dst nd.View) error {
			if !box.Equal(nd.Full(in.Shape)) && box.Equal(nd.Box{Start: box.Start, Shape: in.Shape}) {
				return nil
			}
			return good.Read(ctx, src, box, dst)
		}}, "arguments"},
		"tidies the stored bytes": {faulty{read: func(ctx context.Context, src codec.Source, box nd.Box, dst nd.View) error {
			err := good.Read(ctx, src, box, dst)
			if b, ok := src.(codec.Bytes); ok && len(b) > 0 {
				b[0] ^= 1
			}
			return err
		}}, "round trip, clipped, patch"},
		"checks nothing": {faulty{
			check: func(context.Context, codec.Source) error { return nil },
		}, "truncated, flipped, garbage, failing source"},
		"reads what is corrupt": {faulty{read: func(ctx context.Context, src codec.Source, box nd.Box, dst nd.View) error {
			if err := good.Read(ctx, src, box, dst); !errors.Is(err, codec.ErrCorrupt) {
				return err
			}
			return nil
		}}, "truncated, flipped, garbage"},
		"reports errors of its own": {faulty{check: func(ctx context.Context, src codec.Source) error {
			if err := good.Check(ctx, src); err != nil {
				return errors.New("something is wrong")
			}
			return nil
		}}, "truncated, flipped, garbage"},
		"calls a failing source corrupt": {faulty{check: func(ctx context.Context, src codec.Source) error {
			if err := good.Check(ctx, src); err != nil {
				return errors.Join(codec.ErrCorrupt, err)
			}
			return nil
		}}, "failing source"},
		"takes much memory": {faulty{check: func(ctx context.Context, src codec.Source) error {
			err := good.Check(ctx, src)
			if err != nil {
				shared = [][]byte{make([]byte, 64<<20)}
			}
			return err
		}}, "truncated"},
		"forgets the old chunk": {faulty{patch: func(ctx context.Context, old codec.Source, box nd.Box, v nd.View) (*codec.Patched, error) {
			return good.Patch(ctx, nil, box, v)
		}}, "patch"},
		"stores fill": {faulty{patch: func(ctx context.Context, old codec.Source, box nd.Box, v nd.View) (*codec.Patched, error) {
			p, err := good.Patch(ctx, old, box, v)
			if err == nil && p.Parts == nil {
				p.Parts = [][]byte{{0}}
			}
			return p, err
		}}, "patch, patch to fill"},
		"lends the same memory twice": {faulty{patch: func(ctx context.Context, old codec.Source, box nd.Box, v nd.View) (*codec.Patched, error) {
			p, err := good.Patch(ctx, old, box, v)
			if err != nil || p.Parts == nil {
				return p, err
			}
			if shared == nil {
				shared = [][]byte{make([]byte, 100)}
			}
			clear(shared[0])
			n := copy(shared[0], bytes.Join(p.Parts, nil))
			shared[0][0] = byte(len(v.Data))
			p.Parts = [][]byte{shared[0][:n]}
			return p, nil
		}}, "patch"},
		"thinks zero is fill": {faulty{isFill: func(v nd.View) bool { return nd.AllEqual(v, dtype.Int32.Zero()) }}, "encode"},
	} {
		c.chain.Chain = good
		shared = nil
		var failed []string
		for _, check := range Checks() {
			if check.Name == "concurrent" && shared != nil {
				continue // the mistake is a data race
			}
			if err := check.Run(t.Context(), &c.chain); err != nil {
				failed = append(failed, check.Name)
			}
		}
		for want := range strings.SplitSeq(c.checks, ", ") {
			if want != "" && !slices.Contains(failed, want) {
				t.Errorf("a chain that %s: %q passes it, only %q do not", name, want, failed)
			}
		}
		if c.checks == "" && failed != nil {
			t.Errorf("a good chain: %q do not pass it", failed)
		}
	}
}
