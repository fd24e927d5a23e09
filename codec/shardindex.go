package codec

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/bufpool"
	"github.com/dosna/dosna/nd"
)

// entry says where in its shard an inner chunk lies.
type entry struct{ off, n uint64 }

// absent marks an inner chunk that is not stored: all of it is fill.
var absent = entry{math.MaxUint64, math.MaxUint64}

// shardIndex holds an entry for each inner chunk, in C order: two native
// uint64, offset and length.
type shardIndex []byte

func (x shardIndex) clear() {
	for i := range x {
		x[i] = 0xff
	}
}

func (x shardIndex) set(at, off, n int) {
	binary.NativeEndian.PutUint64(x[16*at:], uint64(off))
	binary.NativeEndian.PutUint64(x[16*at+8:], uint64(n))
}

// shift moves the inner chunks of some numbers.
func (x shardIndex) shift(lo, hi, by int) {
	for at := lo; at < hi && by != 0; at++ {
		if off := binary.NativeEndian.Uint64(x[16*at:]); off != absent.off {
			binary.NativeEndian.PutUint64(x[16*at:], off+uint64(by))
		}
	}
}

// entry returns where an inner chunk lies; stored is false if it does nowhere.
// The bytes that it names need not be there.
func (s *sharding) entry(x shardIndex, at int) (e entry, stored bool, err error) {
	e = entry{binary.NativeEndian.Uint64(x[16*at:]), binary.NativeEndian.Uint64(x[16*at+8:])}
	if e == absent {
		return e, false, nil
	}
	most := uint64(s.inner.MaxStored())
	if e.n == 0 || e.n > most || e.off > math.MaxInt64-e.n {
		return e, false, s.located(corrupt("the shard's index is wrong: it has 1 to %d bytes", most), at, e)
	}
	return e, true, nil
}

// bindIndex binds the codecs of the index: an array of uint64 with the inner
// grid's shape and an axis of 2. Its encoded length must be known beforehand.
func bindIndex(specs []Spec, counts []int) (*Chain, error) {
	for _, s := range specs {
		if s.Name == "sharding_indexed" {
			return nil, fmt.Errorf("an index is not itself sharded")
		}
		if filters[s.Name] != nil {
			return nil, s.errorf("an index has no filters")
		}
	}
	shape := append(slices.Clone(counts), 2)
	c, err := bind(specs, Chunk{shape, dtype.Uint64, []byte{255, 255, 255, 255, 255, 255, 255, 255}}, 0)
	if err != nil {
		return nil, err
	}
	if c.left > 0 {
		return nil, fmt.Errorf("the encoded length of the index must be known, and its codecs compress")
	}
	return c, nil
}

// largeIndex is the length from which memory for an index is taken only when
// the object has turned out to be that long.
const largeIndex = 1 << 20

// readIndex returns the index of a shard, in a buffer that is to be given back.
func (s *sharding) readIndex(ctx context.Context, sc *scratch, src Source) (*[]byte, error) {
	index, err := s.tryIndex(ctx, sc, src)
	if err != nil {
		return nil, fmt.Errorf("the shard's index: %w", err)
	}
	return index, nil
}

func (s *sharding) tryIndex(ctx context.Context, sc *scratch, src Source) (*[]byte, error) {
	off := -int64(s.indexLen)
	far := off
	if s.atStart {
		off, far = 0, int64(s.indexLen)-1
	}
	if b, ok := inMemory(src); ok {
		data, err := b.span(off, int64(s.indexLen))
		if err != nil {
			return nil, err
		}
		return s.decodeIndex(ctx, sc, data)
	}
	if s.indexLen > largeIndex {
		var end [1]byte
		if err := readSpans(ctx, src, []nd.Span{{Off: far, Dst: end[:]}}); err != nil {
			return nil, err
		}
	}
	held := bufpool.Get(s.indexLen)
	defer bufpool.Put(held)
	base := len(sc.spans)
	sc.spans = append(sc.spans, nd.Span{Off: off, Dst: *held})
	err := readSpans(ctx, src, sc.spans[base:])
	clear(sc.spans[base:])
	sc.spans = sc.spans[:base]
	if err != nil {
		return nil, err
	}
	return s.decodeIndex(ctx, sc, *held)
}

func (s *sharding) decodeIndex(ctx context.Context, sc *scratch, data []byte) (*[]byte, error) {
	x := bufpool.Get(16 * s.n)
	v := s.index.view
	v.Data = *x
	if err := s.index.decode(ctx, sc, data, s.index.full, v); err != nil {
		bufpool.Put(x)
		return nil, err
	}
	return x, nil
}

// appendIndex appends the encoded index, s.indexLen bytes.
func (s *sharding) appendIndex(sc *scratch, dst []byte, x shardIndex) ([]byte, error) {
	v := s.index.view
	v.Data = x
	dst, _, err := s.index.encode(sc, dst, v, false)
	return dst, err
}

func (s *sharding) prepare(ctx context.Context, src Source) (Source, error) {
	if _, ok := src.(*prepared); ok {
		return src, nil
	}
	sc := newScratch()
	defer sc.free()
	index, err := s.readIndex(ctx, sc, src)
	if err != nil {
		return nil, err
	}
	return &prepared{src, *index}, nil
}

// prepared is a source whose shard index has been read.
type prepared struct {
	Source
	index shardIndex
}
