package ops

import (
	"fmt"
	"slices"

	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/ops/internal/correlate"
)

// Filter computes a block: out from in, which is larger by Halo on every side.
// The caller has filled what lies beyond the array's edges according to the
// boundary (see nd.Boundary.Read).
//
// For nd.Constant it must also know where the edges are: the block's place, box,
// in an array of the given shape. For other boundaries box and shape are unused.
func (g *Gaussian) Filter(out, in nd.View, box nd.Box, shape []int) error {
	if err := g.check(out, in, box, shape); err != nil || slices.Contains(out.Shape, 0) {
		return err
	}
	s, _ := g.scratch.Get().(*scratch)
	if s == nil {
		s = new(scratch)
	}
	defer g.scratch.Put(s)
	if len(g.axes) == 0 && g.in == g.out {
		nd.Copy(out, in)
		return nil
	}
	axis, rows := g.slabs(in.Shape, out.Shape)
	for i := 0; axis < g.ndim && i < out.Shape[axis]; i += rows {
		n := min(rows, out.Shape[axis]-i)
		part := g.part(axis, i, n, box)
		g.filter(s, out.Step(axis, i, 1, n), in.Step(axis, i, 1, n+2*g.halo[axis]), part, shape)
	}
	if axis == g.ndim {
		g.filter(s, out, in, box, shape)
	}
	return nil
}

// part returns the rows of a box from i to i+n along axis.
func (g *Gaussian) part(axis, i, n int, box nd.Box) nd.Box {
	if g.constant == nil {
		return box
	}
	box = nd.Box{Start: slices.Clone(box.Start), Shape: slices.Clone(box.Shape)}
	box.Start[axis] += i
	box.Shape[axis] = n
	return box
}

// slabBytes is the memory for results between axes that a slab may take: it
// should be in the cache still when the next axis is filtered.
const slabBytes = 1 << 20

// slabs says how a block is best cut: along which axis and how many rows of
// output at a time. The axis is the first that can be cut, and none that is
// filtered comes before it, so that no result is computed twice; there may be no
// such axis.
func (g *Gaussian) slabs(in, out []int) (axis, rows int) {
	for axis < g.ndim && out[axis] == 1 && g.halo[axis] == 0 {
		axis++
	}
	if axis == g.ndim {
		return axis, 0
	}
	row := g.parts * g.work.Size()
	for _, n := range in[axis+1:] {
		row *= n
	}
	return axis, max(slabBytes/row, 8, g.halo[axis])
}

// filter computes a slab.
func (g *Gaussian) filter(s *scratch, out, in nd.View, box nd.Box, shape []int) {
	axes := g.axes
	if len(axes) == 0 {
		axes = []filterAxis{{0, correlate.Kernel{Half: []float64{1}}}} // converts
	}
	src, from, extent := s.packed(in, g.in), g.in, slices.Clone(in.Shape)
	for i, a := range axes {
		to, last := g.work, i == len(axes)-1
		if last {
			to = g.out
		}
		p := pass{outer: 1, n: 1, inner: g.parts, kernel: a.kernel, load: loaderOf(from), store: g.storer(to), in: from.Size(), out: to.Size()}
		for axis := range extent {
			switch {
			case axis < a.axis:
				p.outer *= extent[axis]
			case axis > a.axis:
				p.inner *= extent[axis]
			default:
				extent[axis] = out.Shape[axis]
				p.n = extent[axis]
			}
		}
		dst, direct := out.Contiguous()
		switch size := p.outer * p.n * p.inner * to.Size(); {
		case last && direct && aligned(dst, to):
		case i == 0:
			s.result = grow(s.result, size)
			dst, direct = s.result, false
		default: // in place
			dst, direct = src[:size], false
		}
		p.run(dst, src, s)
		src, from = dst, to
		view := nd.NewView(dst, extent, g.parts*to.Size())
		if last && !direct {
			nd.Copy(out, view)
		} else if !last && g.constant != nil {
			g.restoreEdges(view, axes[i+1:], box, shape)
		}
	}
}

func (g *Gaussian) check(out, in nd.View, box nd.Box, shape []int) error {
	for _, v := range []struct {
		name string
		nd.View
		item int
	}{{"input", in, g.parts * g.in.Size()}, {"output", out, g.parts * g.out.Size()}} {
		if err := v.Check(); err != nil {
			return fmt.Errorf("gaussian filter: %s: %w", v.name, err)
		}
		if v.Item != v.item || len(v.Shape) != g.ndim {
			return fmt.Errorf("gaussian filter: the %s has %d axes and elements of %d bytes; the filter was made for %d and %d", v.name, len(v.Shape), v.Item, g.ndim, v.item)
		}
	}
	for axis, n := range out.Shape {
		if in.Shape[axis] != n+2*g.halo[axis] {
			return fmt.Errorf("gaussian filter: input of shape %v for output of shape %v; the halo is %v on both sides", in.Shape, out.Shape, g.halo)
		}
	}
	if g.constant != nil && (len(box.Start) != g.ndim || len(shape) != g.ndim || !slices.Equal(box.Shape, out.Shape)) {
		return fmt.Errorf("gaussian filter: output of shape %v is at %v of an array of shape %v", out.Shape, box, shape)
	}
	return nil
}

func (g *Gaussian) storer(t dtype.Type) storer {
	if t == dtype.Float16 {
		return storeHalfOfSingle
	}
	return truncating(t)
}

// restoreEdges makes what lies beyond the array's edges along axes constant
// again, as SciPy has it when it filters along them: the filter may have changed
// it, for its weights add up to one only roughly, and to zero for a derivative.
func (g *Gaussian) restoreEdges(v nd.View, axes []filterAxis, box nd.Box, shape []int) {
	for _, a := range axes {
		n := v.Shape[a.axis]
		before := min(max(g.halo[a.axis]-box.Start[a.axis], 0), n)
		after := min(max(box.Stop(a.axis)+g.halo[a.axis]-shape[a.axis], 0), n)
		nd.Fill(v.Step(a.axis, 0, 1, before), g.constant)
		nd.Fill(v.Step(a.axis, n-after, 1, after), g.constant)
	}
}
