package check

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
)

var rangeChecks = []Check{
	{Area: "ranges", Name: "get", Run: rangesGet},
	{Area: "ranges", Name: "beyond the end", Run: rangesBeyond},
	{Area: "ranges", Name: "spans", Run: rangesSpans},
	{Area: "ranges", Name: "random spans", Run: rangesRandom},
	{Area: "ranges", Name: "many spans", Run: rangesMany},
	{Area: "ranges", Name: "spans beyond the end", Run: rangesSpansBeyond},
	{Area: "ranges", Name: "conditions", Run: rangesConditions},
}

// rangesGet compares every small range with what a slice gives.
func rangesGet(ctx context.Context, s store.Store) error {
	for _, size := range []int64{0, 1, 10} {
		data := Pattern(int(size), 1)
		if _, err := put(ctx, s, "x", data); err != nil {
			return err
		}
		for off := -size - 2; off <= size; off++ {
			for _, n := range []int64{0, 1, 2, size, size + 5, math.MaxInt64} {
				begin := off
				if off < 0 {
					begin = max(size+off, 0)
				}
				want := data[begin:]
				if n > 0 {
					want = want[:min(n, int64(len(want)))]
				}
				r := store.Range{Off: off, Len: n}
				got, info, err := s.Get(ctx, "x", store.GetOptions{Range: r}, nil)
				if err != nil {
					return err
				}
				if !bytes.Equal(got, want) || info.Size != size {
					return fmt.Errorf("get of %+v of %d bytes returned %q of %d, want %q", r, size, got, info.Size, want)
				}
			}
		}
	}
	return nil
}

func rangesBeyond(ctx context.Context, s store.Store) error {
	if _, err := put(ctx, s, "x", Pattern(10, 1)); err != nil {
		return err
	}
	for _, r := range []store.Range{{Off: 11}, {Off: 11, Len: 1}, {Off: math.MaxInt64}, {Off: math.MaxInt64, Len: math.MaxInt64}} {
		_, _, err := s.Get(ctx, "x", store.GetOptions{Range: r}, nil)
		if err := Wants(err, io.ErrUnexpectedEOF, "get of %+v of 10 bytes", r); err != nil {
			return err
		}
		_, _, err = store.OpenReader(ctx, s, "x", store.GetOptions{Range: r})
		if err := Wants(err, io.ErrUnexpectedEOF, "a reader of %+v of 10 bytes", r); err != nil {
			return err
		}
	}
	return nil
}

// span is a span whose memory lies within more, so that a store which writes
// beyond it is found out.
type span struct {
	off  int64
	room []byte
	n    int
}

const guard = 16

func newSpan(off int64, n int) span {
	room := bytes.Repeat([]byte{0xA5}, n+2*guard)
	return span{off, room, n}
}

func (p span) nd() nd.Span { return nd.Span{Off: p.off, Dst: p.room[guard : guard+p.n]} }

func nds(spans []span) []nd.Span {
	out := make([]nd.Span, len(spans))
	for i, p := range spans {
		out[i] = p.nd()
	}
	return out
}

// check says what is wrong unless the span holds its part of data.
func (p span) check(data []byte) error {
	off := p.off
	if off < 0 {
		off += int64(len(data))
	}
	want := data[off : off+int64(p.n)]
	if got := p.nd().Dst; !bytes.Equal(got, want) {
		return fmt.Errorf("a span of %d bytes at %d of %d was filled with %s, want %s", p.n, p.off, len(data), Brief(got), Brief(want))
	}
	for _, edge := range [][]byte{p.room[:guard], p.room[guard+p.n:]} {
		if !bytes.Equal(edge, bytes.Repeat([]byte{0xA5}, guard)) {
			return fmt.Errorf("a span of %d bytes at %d of %d was filled beyond its memory", p.n, p.off, len(data))
		}
	}
	return nil
}

// readSpans reads spans at once and checks each.
func readSpans(ctx context.Context, s store.Store, key string, data []byte, spans []span) error {
	asked := nds(spans)
	before := slices.Clone(asked)
	info, err := store.GetRanges(ctx, s, key, store.Cond{}, asked)
	if err != nil {
		return err
	}
	if info.Key != key || info.Size != int64(len(data)) {
		return fmt.Errorf("get ranges of %q, of %d bytes, returned %+v", key, len(data), info)
	}
	for i, p := range spans {
		if asked[i].Off != before[i].Off || len(asked[i].Dst) != len(before[i].Dst) {
			return fmt.Errorf("get ranges changed the span it was given, %d at %d", len(before[i].Dst), before[i].Off)
		}
		if err := p.check(data); err != nil {
			return err
		}
	}
	return nil
}

func rangesSpans(ctx context.Context, s store.Store) error {
	data := Pattern(1000, 1)
	if _, err := put(ctx, s, "x", data); err != nil {
		return err
	}
	if _, err := put(ctx, s, "empty", nil); err != nil {
		return err
	}
	if err := readSpans(ctx, s, "empty", nil, []span{newSpan(0, 0)}); err != nil {
		return err
	}
	for _, spans := range [][]span{
		nil,
		{newSpan(0, 1000)},
		{newSpan(0, 0), newSpan(1000, 0)},
		{newSpan(0, 10), newSpan(10, 10), newSpan(20, 980)},                  // one behind the other
		{newSpan(0, 10), newSpan(11, 10), newSpan(500, 10), newSpan(999, 1)}, // gaps
		{newSpan(900, 10), newSpan(0, 10), newSpan(400, 10)},                 // in no order
		{newSpan(100, 50), newSpan(120, 50), newSpan(100, 50)},               // overlapping
		{newSpan(-4, 4), newSpan(-1000, 1000), newSpan(-10, 2)},              // from the end
		{newSpan(10, 5), newSpan(3, 0), newSpan(15, 5)},                      // an empty one between neighbours
	} {
		if err := readSpans(ctx, s, "x", data, spans); err != nil {
			return err
		}
	}
	return nil
}

func rangesRandom(ctx context.Context, s store.Store) error {
	rnd := rand.New(rand.NewPCG(1, 2))
	data := Pattern(100_000, 1)
	if _, err := put(ctx, s, "x", data); err != nil {
		return err
	}
	for range 40 {
		spans := make([]span, rnd.IntN(50))
		at := 0
		for i := range spans {
			if rnd.IntN(4) == 0 {
				at = rnd.IntN(len(data))
			}
			n := min(rnd.IntN(1<<rnd.IntN(14)+1), len(data)-at)
			off := int64(at)
			if rnd.IntN(5) == 0 && at < len(data) {
				off -= int64(len(data))
			}
			spans[i] = newSpan(off, n)
			at = min(at+n+rnd.IntN(1<<rnd.IntN(15)), len(data))
		}
		if err := readSpans(ctx, s, "x", data, spans); err != nil {
			return err
		}
	}
	return nil
}

// rangesMany: more spans than an operating system takes at once.
func rangesMany(ctx context.Context, s store.Store) error {
	data := Pattern(20_000, 1)
	if _, err := put(ctx, s, "x", data); err != nil {
		return err
	}
	var dense, sparse []span
	for i := range 2500 {
		dense = append(dense, newSpan(int64(i*4), 4))
		sparse = append(sparse, newSpan(int64(i*8+1), 3))
	}
	if err := readSpans(ctx, s, "x", data, dense); err != nil {
		return err
	}
	return readSpans(ctx, s, "x", data, sparse)
}

func rangesSpansBeyond(ctx context.Context, s store.Store) error {
	if _, err := put(ctx, s, "x", Pattern(10, 1)); err != nil {
		return err
	}
	for _, p := range []span{newSpan(10, 1), newSpan(5, 6), newSpan(11, 0), newSpan(-11, 1), newSpan(-2, 3), newSpan(math.MaxInt64, 1), newSpan(math.MinInt64, 1)} {
		for _, spans := range [][]nd.Span{{p.nd()}, {newSpan(0, 3).nd(), p.nd()}} {
			_, err := store.GetRanges(ctx, s, "x", store.Cond{}, spans)
			if err := Wants(err, io.ErrUnexpectedEOF, "a span of %d bytes at %d of 10", p.n, p.off); err != nil {
				return err
			}
		}
	}
	return nil
}

func rangesConditions(ctx context.Context, s store.Store) error {
	old, err := put(ctx, s, "x", Pattern(10, 1))
	if err != nil {
		return err
	}
	now, err := put(ctx, s, "x", Pattern(10, 2))
	if err != nil || now == "" {
		return err
	}
	spans := []nd.Span{newSpan(2, 3).nd()}
	if _, err := store.GetRanges(ctx, s, "x", store.Cond{IfMatch: now}, spans); err != nil {
		return err
	}
	_, err = store.GetRanges(ctx, s, "x", store.Cond{IfMatch: old}, spans)
	if err := Wants(err, store.ErrConflict, "ranges of an older version"); err != nil {
		return err
	}
	_, err = store.GetRanges(ctx, s, "x", store.Cond{IfNoneMatch: now}, spans)
	if err := Wants(err, store.ErrNotModified, "ranges unless still of this version"); err != nil {
		return err
	}
	_, err = store.GetRanges(ctx, s, "x", store.Cond{IfAbsent: true}, spans)
	return Wants(err, store.ErrInvalid, "ranges with IfAbsent")
}
