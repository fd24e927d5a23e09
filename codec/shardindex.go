package codec

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"

	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/bufpool"
	"github.com/dosna/dosna/nd"
)

// entry says where in its shard an inner chunk lies.
type entry struct{ off, n uint64 }

// absent marks an inner chunk that is not stored: all of it is fill.
var absent = entry{math.MaxUint64, math.MaxUint64}

func (e entry) missing() bool { return e == absent }

// shardIndex holds an entry for each inner chunk, in C order.
type shardIndex []entry

func newShardIndex(n int) shardIndex {
	x := make(shardIndex, n)
	for i := range x {
		x[i] = absent
	}
	return x
}

// entry returns the entry of an inner chunk that has at most limit bytes.
func (x shardIndex) entry(at, limit int) (entry, error) {
	e := x[at]
	if !e.missing() && (e.off > math.MaxInt64-e.n || e.n > uint64(limit)) {
		return e, corrupt("the shard's index says that inner chunk %d has %d bytes at %d, and it has at most %d", at, e.n, e.off, limit)
	}
	return e, nil
}

// bindIndex binds the codecs of the index: an array of uint64 with the inner
// grid's shape and an axis of 2. Its encoded length must be known beforehand.
func bindIndex(specs []Spec, counts []int) (*Chain, error) {
	shape := append(append([]int{}, counts...), 2)
	c, err := bind(specs, Chunk{shape, dtype.Uint64, []byte{255, 255, 255, 255, 255, 255, 255, 255}}, maxNesting)
	if err != nil {
		return nil, err
	}
	if c.compressors() > 0 {
		return nil, fmt.Errorf("the encoded length of the index must be known, and its codecs compress")
	}
	return c, nil
}

func (s *sharding) readIndex(ctx context.Context, src Source) (shardIndex, error) {
	if p, ok := src.(*prepared); ok {
		return p.index, nil
	}
	raw := bufpool.Get(s.indexLen)
	defer bufpool.Put(raw)
	off := int64(0)
	if !s.atStart {
		off = -int64(s.indexLen)
	}
	if err := src.ReadSpans(ctx, []nd.Span{{Off: off, Dst: *raw}}); err != nil {
		return nil, fmt.Errorf("the shard's index: %w", err)
	}
	words := bufpool.Get(16 * s.grid.Len())
	defer bufpool.Put(words)
	shape := s.index.in.Shape
	if err := s.index.Read(ctx, Bytes(*raw), nd.Full(shape), nd.NewView(*words, shape, 8)); err != nil {
		return nil, fmt.Errorf("the shard's index: %w", err)
	}
	x := make(shardIndex, s.grid.Len())
	for i := range x {
		x[i] = entry{binary.NativeEndian.Uint64((*words)[16*i:]), binary.NativeEndian.Uint64((*words)[16*i+8:])}
	}
	return x, nil
}

func (s *sharding) encodeIndex(dst []byte, x shardIndex) ([]byte, error) {
	words := bufpool.Get(16 * len(x))
	defer bufpool.Put(words)
	for i, e := range x {
		binary.NativeEndian.PutUint64((*words)[16*i:], e.off)
		binary.NativeEndian.PutUint64((*words)[16*i+8:], e.n)
	}
	return s.index.Encode(dst, nd.NewView(*words, s.index.in.Shape, 8))
}
