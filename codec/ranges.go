package codec

import (
	"context"

	"github.com/dosna/dosna/internal/bufpool"
	"github.com/dosna/dosna/nd"
)

const (
	// rangeGap is how many bytes are read for nothing rather than as another
	// range: about what a system call costs.
	rangeGap = 8 << 10
	// rangeMax bounds the memory for what is read at once, unless one row of the
	// chunk or one inner chunk is larger.
	rangeMax = 8 << 20
	// rangeSpans bounds the ranges that are read at once.
	rangeSpans = 4 << 10
)

// ranges are the runs of an encoded chunk that hold a box: one for each index
// along the box's first axes, all of the same length.
type ranges struct {
	raw    *rawBytes
	counts []int   // of the indices along those axes
	count  int     // product of counts
	off, n int     // the first run
	first  nd.View // its elements in the result
}

// extent returns the run that holds the first index of a box along the axes
// before from, and all of the others.
func (r *rawBytes) extent(box nd.Box, from int) (off, n int) {
	n = r.in.Type.Size()
	for i, stride := range r.view.Strides {
		off += box.Start[i] * stride
		if i >= from {
			n += (box.Shape[i] - 1) * stride
		}
	}
	return off, n
}

// cut returns how many of a box's first axes have runs of their own: those with
// much between one index and the next, or far too much in all.
func (r *rawBytes) cut(box nd.Box) int {
	for axis, count := range box.Shape {
		if count == 1 {
			continue
		}
		_, all := r.extent(box, axis)
		_, one := r.extent(box, axis+1)
		if r.view.Strides[axis]-one <= rangeGap && (all <= rangeMax || axis == len(box.Shape)-1) {
			return axis
		}
	}
	return len(box.Shape)
}

func (r *rawBytes) ranges(sc *scratch, box nd.Box, dst nd.View) ranges {
	axes := r.cut(box)
	g := ranges{raw: r, counts: box.Shape[:axes], count: 1, first: dst}
	g.off, g.n = r.extent(box, axes)
	g.first.Shape = sc.take(len(box.Shape))
	copy(g.first.Shape, box.Shape)
	for i, count := range g.counts {
		g.count *= count
		g.first.Shape[i] = 1
	}
	return g
}

// at returns where the i-th run begins, and its elements' place in the result.
func (g *ranges) at(i int) (off int, dst nd.View) {
	off, dst = g.off, g.first
	for axis := len(g.counts) - 1; axis >= 0; axis-- {
		k := i % g.counts[axis]
		i /= g.counts[axis]
		off += k * g.raw.view.Strides[axis]
		dst.Off += k * dst.Strides[axis]
	}
	return off, dst
}

// readRanges is read by ranges, a bounded number at once.
func (r *rawBytes) readRanges(ctx context.Context, sc *scratch, src Source, box nd.Box, dst nd.View) error {
	g := r.ranges(sc, box, dst)
	_, straight := g.first.Contiguous()
	straight = straight && g.n == g.first.Size()*g.first.Item
	batch := rangeSpans
	if !straight {
		batch = max(1, min(batch, rangeMax/g.n))
	}
	for from := 0; from < g.count; from += batch {
		if err := g.read(ctx, sc, src, from, min(from+batch, g.count), straight); err != nil {
			return err
		}
	}
	return nil
}

// read reads some of the runs, straight into the result if they lie there as
// they are stored.
func (g *ranges) read(ctx context.Context, sc *scratch, src Source, from, to int, straight bool) error {
	var held *[]byte
	if !straight {
		held = bufpool.Get((to - from) * g.n)
		defer bufpool.Put(held)
	}
	base := len(sc.spans)
	for i := from; i < to; i++ {
		off, dst := g.at(i)
		var into []byte
		if straight {
			into = dst.Data[dst.Off : dst.Off+g.n]
		} else {
			into = (*held)[(i-from)*g.n:][:g.n]
		}
		sc.spans = append(sc.spans, nd.Span{Off: int64(off), Dst: into})
	}
	spans := sc.spans[base:]
	sc.spans = sc.spans[:base]
	defer clear(spans)
	if err := readSpans(ctx, src, spans); err != nil {
		return err
	}
	mark := len(sc.ints)
	for i, span := range spans {
		if straight {
			g.raw.tidy(span.Dst)
			continue
		}
		_, dst := g.at(from + i)
		stored := nd.View{Data: span.Dst, Shape: dst.Shape, Strides: g.raw.view.Strides, Item: dst.Item}
		g.raw.copyOut(sc, dst, stored)
		sc.ints = sc.ints[:mark]
	}
	return nil
}
