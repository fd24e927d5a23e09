package codec

import (
	"encoding/json"
	"fmt"

	"github.com/dosna/dosna/nd"
)

// sharding is the codec "sharding_indexed" (Zarr v3 codec of that name, version
// 1.0): a chunk is a grid of inner chunks, encoded one by one and found by an
// index of offsets and lengths.
type sharding struct {
	in       Chunk
	fill     []byte // an element in views that is fill
	inner    *Chain
	counts   []int // of inner chunks along each axis
	n        int   // of inner chunks
	full     nd.Box
	zeros    []int // strides of a view that repeats one element
	index    *Chain
	indexLen int // bytes of the encoded index
	atStart  bool
}

// maxInner bounds the inner chunks of a shard: an index is held in memory.
const maxInner = 1 << 24

func bindSharding(s Spec, in Chunk, depth int) (*sharding, error) {
	var shape []int
	var codecs, indexCodecs []Spec
	location := "end"
	err := s.config(required("chunk_shape", &shape), required("codecs", &codecs),
		required("index_codecs", &indexCodecs), optional("index_location", &location))
	if err != nil {
		return nil, err
	}
	if depth >= maxNesting {
		return nil, s.errorf("shards are nested more than %d deep", maxNesting)
	}
	sh := &sharding{in: in, full: nd.Full(in.Shape), zeros: make([]int, len(in.Shape)), atStart: location == "start"}
	if !sh.atStart && location != "end" {
		return nil, s.errorf(`configuration: "index_location": %q is neither start nor end`, location)
	}
	if len(shape) != len(in.Shape) {
		return nil, s.errorf(`configuration: "chunk_shape": %v has %d axes, and the shard's shape is %v`, clipInts(shape), len(shape), in.Shape)
	}
	for i, n := range shape {
		if n < 1 || in.Shape[i]%n != 0 {
			return nil, s.errorf(`configuration: "chunk_shape": %v does not divide a shard of shape %v evenly`, shape, in.Shape)
		}
		sh.counts = append(sh.counts, in.Shape[i]/n)
	}
	if sh.n, _ = nd.Size(sh.counts); sh.n > maxInner { // it divides the size of the shard, which fits
		return nil, s.errorf(`configuration: "chunk_shape": a shard of %d inner chunks: at most %d are supported`, sh.n, maxInner)
	}
	if sh.inner, err = bind(codecs, Chunk{shape, in.Type, in.Fill}, depth+1); err != nil {
		return nil, s.errorf(`configuration: "codecs": %w`, err)
	}
	sh.fill = sh.inner.fill
	if sh.index, err = bindIndex(indexCodecs, sh.counts); err != nil {
		return nil, s.errorf(`configuration: "index_codecs": %w`, err)
	}
	sh.indexLen = sh.index.MaxStored()
	return sh, nil
}

func clipInts(s []int) []int { return s[:min(len(s), 32)] }

// ShardingSpec returns the spec of a shard of inner chunks, its index under a
// checksum and at the end, where a writer that streams can put it.
func ShardingSpec(inner []int, codecs []Spec) (Spec, error) {
	return NewSpec("sharding_indexed", map[string]any{
		"chunk_shape":    append([]int{}, inner...), // not null without axes
		"codecs":         codecs,
		"index_codecs":   []Spec{{"bytes", json.RawMessage(`{"endian":"little"}`)}, {Name: "crc32c"}},
		"index_location": "end",
	})
}

// lazy returns the same codec with inner chunks that may be read in part.
func (s *sharding) lazy() *sharding {
	l := *s
	l.inner = s.inner.Lazy()
	return &l
}

func (s *sharding) limit() int {
	per := s.inner.MaxStored()
	if per > (1<<62-s.indexLen)/s.n {
		return 1 << 62
	}
	return s.n*per + s.indexLen
}

func (s *sharding) grain() []int  { return s.inner.Grain() }
func (s *sharding) checked() bool { return s.inner.Checked() && s.index.Checked() }

// meets returns how many inner chunks a box touches.
func (s *sharding) meets(box nd.Box) int {
	n := 1
	for i, size := range s.inner.in.Shape {
		if box.Shape[i] == 0 {
			return 0
		}
		n *= (box.Stop(i)-1)/size - box.Start[i]/size + 1
	}
	return n
}

// place is where a box and an inner chunk meet.
type place struct {
	cell nd.Box // in coordinates of the inner chunk
	off  []int  // where it begins in the box
}

func newPlace(sc *scratch, ndim int) place { return place{sc.box(ndim), sc.take(ndim)} }

// locate sets p to where box meets inner chunk number at; false if it does not.
func (s *sharding) locate(p *place, at int, box nd.Box) bool {
	for i := len(s.counts) - 1; i >= 0; i-- {
		n := s.inner.in.Shape[i]
		start := at % s.counts[i] * n
		at /= s.counts[i]
		lo := max(start, box.Start[i])
		hi := min(start+n, box.Stop(i))
		if lo >= hi {
			return false
		}
		p.cell.Start[i], p.cell.Shape[i], p.off[i] = lo-start, hi-lo, lo-box.Start[i]
	}
	return true
}

// of returns the place's part of a view of the box.
func (p *place) of(v nd.View) nd.View {
	for i, o := range p.off {
		v.Off += o * v.Strides[i]
	}
	v.Shape = p.cell.Shape
	return v
}

// cursor walks over the inner chunks that a box touches, in C order.
type cursor struct {
	s          *sharding
	lo, hi, at []int
	more       bool
}

func (s *sharding) cursor(sc *scratch, box nd.Box) cursor {
	n := len(box.Shape)
	c := cursor{s, sc.take(n), sc.take(n), sc.take(n), !box.Empty()}
	for i, size := range s.inner.in.Shape {
		c.lo[i], c.hi[i] = box.Start[i]/size, (box.Stop(i)-1)/size
	}
	copy(c.at, c.lo)
	return c
}

// number returns the place in the index of the inner chunk.
func (c *cursor) number() int {
	n := 0
	for i, k := range c.at {
		n = n*c.s.counts[i] + k
	}
	return n
}

func (c *cursor) next() {
	i := len(c.at) - 1
	for ; i >= 0 && c.at[i] == c.hi[i]; i-- {
		c.at[i] = c.lo[i]
	}
	if c.more = i >= 0; c.more {
		c.at[i]++
	}
}

// located says where in the shard something is wrong.
func (s *sharding) located(err error, at int, e entry) error {
	if err == nil {
		return nil
	}
	coords := make([]int, len(s.counts))
	for i := len(coords) - 1; i >= 0; i-- {
		coords[i], at = at%s.counts[i], at/s.counts[i]
	}
	return fmt.Errorf("inner chunk %v (%d bytes at %d): %w", coords, e.n, e.off, err)
}
