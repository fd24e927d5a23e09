package codec_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"runtime/debug"
	"testing"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/testenv"
	"github.com/dosna/dosna/nd"
)

// measured are the chains whose speed and allocations are watched.
var measured = []struct{ name, specs string }{
	{"raw", "[" + little + "]"},
	{"big", "[" + big + "]"},
	{"crc32c", "[" + little + "," + crc + "]"},
	{"zstd", "[" + little + "," + zstd3 + "]"},
	{"zstd,crc32c", "[" + little + "," + zstd3 + "," + crc + "]"},
	{"gzip", "[" + little + "," + gzip + "]"},
	{"blosc", "[" + little + "," + blosc + "]"},
	{"transpose,zstd", `[{"name":"transpose","configuration":{"order":[2,1,0]}},` + little + "," + zstd3 + "]"},
	{"shard(raw)", "[" + shard("[32,32,32]", "["+little+"]", "end") + "]"},
	{"shard(zstd)", "[" + shard("[32,32,32]", "["+little+","+zstd3+"]", "end") + "]"},
	{"shard(zstd,crc32c)", "[" + shard("[32,32,32]", "["+little+","+zstd3+","+crc+"]", "end") + "]"},
}

const (
	zstd3 = `{"name":"zstd","configuration":{"level":3,"checksum":false}}`
	blosc = `{"name":"blosc","configuration":{"cname":"lz4","clevel":5,"shuffle":"shuffle","typesize":4,"blocksize":0}}`
)

var cube = []int{64, 64, 64}

// volume is smooth with a little noise, as instruments deliver it.
func volume() nd.View {
	r := rand.New(rand.NewPCG(1, 2))
	data := make([]byte, 64*64*64*4)
	for i := range len(data) / 4 {
		z, y, x := float64(i>>12), float64(i>>6&63), float64(i&63)
		f := float32(100*math.Sin(z/20)*math.Cos(y/17)*math.Sin(x/23) + r.NormFloat64()/16)
		binary.NativeEndian.PutUint32(data[4*i:], math.Float32bits(f)&^0xfff)
	}
	return nd.NewView(data, cube, 4)
}

// amid returns a view of the cube's shape in a larger array: what chunks are
// read into and written from, most often.
func amid() nd.View {
	return nd.NewView(make([]byte, 64*128*128*4), []int{64, 128, 128}, 4).
		Sub(nd.Box{Start: []int{0, 32, 32}, Shape: cube})
}

// file is a source as files are: it copies, and keeps nothing.
type file []byte

func (f file) ReadAll(_ context.Context, dst []byte, limit int) ([]byte, error) {
	if len(f) > limit {
		return dst, codec.ErrCorrupt
	}
	return append(dst, f...), nil
}

func (f file) ReadSpans(_ context.Context, spans []nd.Span) error {
	for _, s := range spans {
		off := s.Off
		if off < 0 {
			off += int64(len(f))
		}
		if off < 0 || off > int64(len(f)-len(s.Dst)) {
			return io.ErrUnexpectedEOF
		}
		copy(s.Dst, f[off:])
	}
	return nil
}

func stored(t testing.TB, c *codec.Chain, v nd.View) codec.Source {
	t.Helper()
	data, err := c.Encode(nil, v)
	if err != nil {
		t.Fatal(err)
	}
	return file(data)
}

func BenchmarkEncode(b *testing.B) {
	from := volume()
	wide := amid()
	nd.Copy(wide, from)
	for _, m := range measured {
		c := mustBind(b, m.specs, cube, dtype.Float32)
		for _, layout := range []struct {
			name string
			view nd.View
		}{{"contiguous", from}, {"strided", wide}} {
			b.Run(fmt.Sprintf("codec=%s/from=%s", m.name, layout.name), func(b *testing.B) {
				dst := make([]byte, 0, c.MaxStored())
				b.SetBytes(64 * 64 * 64 * 4)
				b.ReportAllocs()
				for b.Loop() {
					if _, err := c.Encode(dst, layout.view); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkRead(b *testing.B) {
	from := volume()
	for _, m := range measured {
		c := mustBind(b, m.specs, cube, dtype.Float32)
		src := stored(b, c, from)
		for _, box := range []struct {
			name string
			box  nd.Box
			dst  nd.View
		}{
			{"all/into=contiguous", nd.Full(cube), nd.NewView(make([]byte, 1<<20), cube, 4)},
			{"all/into=strided", nd.Full(cube), amid()},
			{"zplane", nd.Box{Start: []int{20, 0, 0}, Shape: []int{1, 64, 64}}, nd.NewView(make([]byte, 1<<14), []int{1, 64, 64}, 4)},
			{"xplane", nd.Box{Start: []int{0, 0, 20}, Shape: []int{64, 64, 1}}, nd.NewView(make([]byte, 1<<14), []int{64, 64, 1}, 4)},
			{"box32", nd.Box{Start: []int{10, 10, 10}, Shape: []int{32, 32, 32}}, nd.NewView(make([]byte, 1<<17), []int{32, 32, 32}, 4)},
			{"point", nd.Box{Start: []int{3, 3, 3}, Shape: []int{1, 1, 1}}, nd.NewView(make([]byte, 4), []int{1, 1, 1}, 4)},
		} {
			b.Run(fmt.Sprintf("codec=%s/box=%s", m.name, box.name), func(b *testing.B) {
				b.SetBytes(int64(box.box.Size() * 4))
				b.ReportAllocs()
				for b.Loop() {
					if err := c.Read(b.Context(), src, box.box, box.dst); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkPatch(b *testing.B) {
	from := volume()
	box := nd.Box{Start: []int{5, 5, 5}, Shape: []int{40, 40, 40}}
	part := from.Sub(box)
	for _, m := range measured {
		c := mustBind(b, m.specs, cube, dtype.Float32)
		src := stored(b, c, from)
		b.Run("codec="+m.name, func(b *testing.B) {
			b.SetBytes(40 * 40 * 40 * 4)
			b.ReportAllocs()
			for b.Loop() {
				p, err := c.Patch(b.Context(), src, box, part)
				if err != nil {
					b.Fatal(err)
				}
				p.Release()
			}
		})
	}
}

// Buffers, contexts and coordinates come from pools: nothing is allocated for a
// chunk, nor for each inner chunk of a shard, but the Patched that Patch returns.
func TestSteadyStateAllocations(t *testing.T) {
	if testenv.Race {
		return // the race detector makes pools forget at random
	}
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // and so does a collection
	from := volume()
	wide := amid()
	nd.Copy(wide, from)
	box := nd.Box{Start: []int{5, 5, 5}, Shape: []int{40, 40, 40}}
	for _, m := range measured {
		c := mustBind(t, m.specs, cube, dtype.Float32)
		src := stored(t, c, from)
		dst := make([]byte, 0, c.MaxStored())
		into := nd.NewView(make([]byte, 1<<20), cube, 4)
		patch := func(old codec.Source, box nd.Box, v nd.View) error {
			p, err := c.Patch(t.Context(), old, box, v)
			if err == nil {
				p.Release()
			}
			return err
		}
		for _, use := range []struct {
			name string
			want float64
			do   func() error
		}{
			{"read contiguous", 0, func() error { return c.Read(t.Context(), src, full, into) }},
			{"read strided", 0, func() error { return c.Read(t.Context(), src, full, wide) }},
			{"read a box", 0, func() error { return c.Read(t.Context(), src, box, into.Sub(box)) }},
			{"check", 0, func() error { return c.Check(t.Context(), src) }},
			{"encode", 0, func() error { _, err := c.Encode(dst, from); return err }},
			{"encode strided", 0, func() error { _, err := c.Encode(dst, wide); return err }},
			{"write", 1, func() error { return patch(nil, full, from) }},
			{"write strided", 1, func() error { return patch(nil, full, wide) }},
			{"patch", 1, func() error { return patch(src, box, from.Sub(box)) }},
		} {
			for range 2 {
				if err := use.do(); err != nil {
					t.Fatalf("%s: %s: %v", m.name, use.name, err)
				}
			}
			n := testing.AllocsPerRun(2, func() { use.do() })
			for range 4 { // what the runtime allocates meanwhile counts as well
				if n > use.want {
					n = min(n, testing.AllocsPerRun(2, func() { use.do() }))
				}
			}
			if n != use.want {
				t.Errorf("%s: %s: %v allocations, want %v", m.name, use.name, n, use.want)
			}
		}
	}
}

var full = nd.Full(cube)
