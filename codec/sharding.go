package codec

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/dosna/dosna/nd"
)

// sharding is the codec "sharding_indexed" (Zarr v3 codec of that name, version
// 1.0): a chunk is a grid of inner chunks, encoded one by one and found by an
// index of offsets and lengths.
type sharding struct {
	in       Chunk
	inner    *Chain
	grid     nd.Grid
	index    *Chain // encodes the index
	indexLen int    // bytes of the encoded index
	atStart  bool
}

// maxInner bounds the inner chunks of a shard: an index is held in memory.
const maxInner = 1 << 24

func bindSharding(s Spec, in Chunk, depth int) (arrayCodec, error) {
	var o struct {
		ChunkShape    []int  `json:"chunk_shape"`
		Codecs        []Spec `json:"codecs"`
		IndexCodecs   []Spec `json:"index_codecs"`
		IndexLocation string `json:"index_location"`
	}
	if err := s.config(&o, "chunk_shape", "codecs", "index_codecs"); err != nil {
		return nil, err
	}
	if depth >= maxNesting {
		return nil, s.errorf("shards are nested more than %d deep", maxNesting)
	}
	sh := &sharding{in: in}
	switch o.IndexLocation {
	case "", "end":
	case "start":
		sh.atStart = true
	default:
		return nil, s.errorf("configuration: index_location %q is neither start nor end", o.IndexLocation)
	}
	if len(o.ChunkShape) != len(in.Shape) {
		return nil, s.errorf("inner chunks of shape %v in a shard of shape %v", o.ChunkShape, in.Shape)
	}
	for i, n := range o.ChunkShape {
		if n < 1 || in.Shape[i]%n != 0 {
			return nil, s.errorf("inner chunks of shape %v do not divide a shard of shape %v evenly", o.ChunkShape, in.Shape)
		}
	}
	var err error
	if sh.grid, err = nd.NewGrid(in.Shape, o.ChunkShape); err != nil {
		return nil, s.errorf("%w", err)
	}
	if sh.grid.Len() > maxInner {
		return nil, s.errorf("a shard of %d inner chunks: at most %d are supported", sh.grid.Len(), maxInner)
	}
	if sh.inner, err = bind(o.Codecs, Chunk{o.ChunkShape, in.Type, in.Fill}, depth+1); err != nil {
		return nil, s.errorf("inner chunks: %w", err)
	}
	if sh.index, err = bindIndex(o.IndexCodecs, sh.grid.Counts()); err != nil {
		return nil, s.errorf("index: %w", err)
	}
	sh.indexLen = sh.index.MaxStored()
	return sh, nil
}

// lazy returns the same codec with inner chunks that may be read in part.
func (s *sharding) lazy() *sharding {
	l := *s
	l.inner = s.inner.Lazy()
	return &l
}

func (s *sharding) limit() int {
	n, per := s.grid.Len(), s.inner.MaxStored()
	if per > (1<<62-s.indexLen)/n {
		return 1 << 62
	}
	return n*per + s.indexLen
}

func (s *sharding) memory() int   { return s.inner.array.memory() }
func (s *sharding) grain() []int  { return s.inner.Grain() }
func (s *sharding) checked() bool { return s.inner.Checked() && s.index.Checked() }
func (s *sharding) partial() bool { return true }
func (s *sharding) plain() bool   { return false }

// prepared is a source whose shard index has been read.
type prepared struct {
	Source
	index shardIndex
}

func (s *sharding) prepare(ctx context.Context, src Source) (Source, error) {
	if _, ok := src.(*prepared); ok {
		return src, nil
	}
	index, err := s.readIndex(ctx, src)
	if err != nil {
		return nil, err
	}
	return &prepared{src, index}, nil
}

func (s *sharding) read(ctx context.Context, src Source, box nd.Box, dst nd.View) error {
	ready, err := s.prepare(ctx, src)
	if err != nil {
		return err
	}
	index := ready.(*prepared).index
	return s.each(box, func(at int, cell nd.Box) error {
		part, _ := cell.Intersect(box)
		to := dst.Sub(part.Sub(box.Start))
		e, err := index.entry(at, s.inner.MaxStored())
		if err != nil {
			return err
		}
		if e.missing() {
			nd.Fill(to, s.in.Fill)
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		err = s.inner.Read(ctx, section{ready, int64(e.off), int64(e.n)}, part.Sub(cell.Start), to)
		return s.located(err, at, e)
	})
}

func (s *sharding) located(err error, at int, e entry) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("inner chunk %v (%d bytes at %d): %w", s.grid.Coords(at, nil), e.n, e.off, err)
}

// each calls f with the inner chunks that box touches: their place in the index
// and their box in the shard.
func (s *sharding) each(box nd.Box, f func(at int, cell nd.Box) error) error {
	n := len(box.Shape)
	lo, hi, at := make([]int, n), make([]int, n), make([]int, n)
	for i := range n {
		lo[i] = s.grid.Find(i, box.Start[i])
		hi[i] = s.grid.Find(i, box.Stop(i)-1)
	}
	copy(at, lo)
	for {
		if err := f(s.grid.Flat(at), s.grid.Cell(at)); err != nil {
			return err
		}
		i := n - 1
		for ; i >= 0 && at[i] == hi[i]; i-- {
			at[i] = lo[i]
		}
		if i < 0 {
			return nil
		}
		at[i]++
	}
}

func (s *sharding) decode(ctx context.Context, data []byte, box nd.Box, dst nd.View) error {
	return s.read(ctx, Bytes(data), box, dst)
}

func (s *sharding) check(ctx context.Context, data []byte) error {
	index, err := s.readIndex(ctx, Bytes(data))
	if err != nil {
		return err
	}
	for at := range s.grid.Len() {
		e, err := index.entry(at, s.inner.MaxStored())
		if err != nil {
			return err
		}
		if e.missing() {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := s.inner.Check(ctx, section{Bytes(data), int64(e.off), int64(e.n)}); err != nil {
			return s.located(err, at, e)
		}
	}
	return nil
}

// encode implements arrayCodec. Inner chunks lie in the order of the index.
func (s *sharding) encode(dst []byte, v nd.View) ([]byte, error) {
	start := len(dst)
	index := newShardIndex(s.grid.Len())
	if s.atStart {
		dst = grow(dst, s.indexLen)
	}
	held := nd.Full(v.Shape)
	if !held.Empty() {
		err := s.each(held, func(at int, cell nd.Box) error {
			part, _ := cell.Intersect(held)
			from := v.Sub(part)
			if s.inner.IsFill(from) {
				return nil
			}
			before := len(dst)
			var err error
			if dst, err = s.inner.Encode(dst, from); err != nil {
				return err
			}
			index[at] = entry{uint64(before - start), uint64(len(dst) - before)}
			return nil
		})
		if err != nil {
			return dst, err
		}
	}
	if s.atStart {
		_, err := s.encodeIndex(dst[start:start], index)
		return dst, err
	}
	return s.encodeIndex(dst, index)
}

// patch implements arrayCodec: inner chunks outside box are taken over encoded.
func (s *sharding) patch(ctx context.Context, old Source, box nd.Box, v nd.View, p *Patched) error {
	index := newShardIndex(s.grid.Len())
	var stored []byte
	if old != nil {
		held := p.buffer(0)
		var err error
		stored, err = old.ReadAll(ctx, (*held)[:0], s.limit())
		*held = stored[:0]
		if err != nil {
			return err
		}
		if index, err = s.readIndex(ctx, Bytes(stored)); err != nil {
			return err
		}
	}
	out := &shardWriter{s: s, p: p, index: newShardIndex(s.grid.Len())}
	if s.atStart {
		out.at = uint64(s.indexLen)
	}
	for at := range s.grid.Len() {
		e, err := index.entry(at, s.inner.MaxStored())
		if err != nil {
			return err
		}
		cell := s.grid.Cell(s.grid.Coords(at, nil))
		part, touched := cell.Intersect(box)
		if !touched {
			if !e.missing() {
				data, err := Bytes(stored).span(int64(e.off), int(e.n))
				if err != nil {
					return s.located(err, at, e)
				}
				out.add(at, data)
			}
			continue
		}
		var was Source
		if !e.missing() {
			was = section{Bytes(stored), int64(e.off), int64(e.n)}
		}
		if err := s.inner.patchOne(ctx, was, part.Sub(cell.Start), v.Sub(part.Sub(box.Start)), out, at); err != nil {
			return s.located(err, at, e)
		}
	}
	return out.finish()
}

// patchOne adds the patched inner chunk to out.
func (c *Chain) patchOne(ctx context.Context, was Source, box nd.Box, v nd.View, out *shardWriter, at int) error {
	inner, err := c.Patch(ctx, was, box, v)
	if err != nil {
		return err
	}
	out.p.lent = append(out.p.lent, inner.lent...)
	inner.lent = nil
	out.add(at, inner.Parts...)
	return nil
}

// shardWriter gathers the parts of a patched shard.
type shardWriter struct {
	s     *sharding
	p     *Patched
	index shardIndex
	at    uint64
}

func (w *shardWriter) add(at int, parts ...[]byte) {
	from := w.at
	for _, part := range parts {
		w.p.Parts = append(w.p.Parts, part)
		w.at += uint64(len(part))
	}
	if len(parts) > 0 {
		w.index[at] = entry{from, w.at - from}
	}
}

func (w *shardWriter) finish() error {
	if len(w.p.Parts) == 0 {
		return nil // all fill
	}
	held := w.p.buffer(0)
	out, err := w.s.encodeIndex((*held)[:0], w.index)
	*held = out
	if w.s.atStart {
		w.p.Parts = slices.Insert(w.p.Parts, 0, out)
	} else {
		w.p.Parts = append(w.p.Parts, out)
	}
	return err
}

// ShardingSpec returns the spec of a shard of inner chunks, its index under a
// checksum and at the end, where a writer that streams can put it.
func ShardingSpec(inner []int, codecs []Spec) (Spec, error) {
	return NewSpec("sharding_indexed", map[string]any{
		"chunk_shape":    inner,
		"codecs":         codecs,
		"index_codecs":   []Spec{{"bytes", json.RawMessage(`{"endian":"little"}`)}, {Name: "crc32c"}},
		"index_location": "end",
	})
}
