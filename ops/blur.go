package ops

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/engine"
	"github.com/dosna/dosna/nd"
)

// Blur filters src into dst, which has the same shape: the result is that of
// scipy.ndimage.gaussian_filter on the whole array, whatever the chunks (see
// [Gaussian]). dst's type is the output's.
//
// Work is done on blocks with a halo or, where the filter is so wide that halos
// would be most of the work, axis by axis: then dst is rewritten for every axis,
// and progress is told anew. After an error dst holds a bit of everything.
//
// On an engine of several ranks each does its share, and all have to call Blur.
func Blur(ctx context.Context, dst, src *dosna.Dataset, o GaussianOptions) error {
	g, err := NewGaussian(src.Type(), dst.Type(), src.NDim(), o)
	if err != nil {
		return fmt.Errorf("blur %s into %s: %w: %w", src, dst, dosna.ErrInvalid, err)
	}
	if byLines(g, src, dst) {
		return blurLines(ctx, dst, src, g, o)
	}
	return blurBlocks(ctx, dst, src, g, o)
}

// byLines reports whether to filter axis by axis: if elements would be read very
// often because halos are much larger than blocks, and whole lines do not take
// more memory than a block with its halo.
func byLines(g *Gaussian, src, dst *dosna.Dataset) bool {
	// float16 has results between axes that it cannot store
	if len(g.axes) < 2 || dst.Type() == dtype.Float16 || dst.NDim() != src.NDim() {
		return false
	}
	const (
		often     = 6
		blockSize = 16 << 20 // about what Map takes if stored objects are smaller
		lineSize  = 64 << 20
	)
	shape, item := src.Shape(), float64(max(src.Type().Size(), dst.Type().Size()))
	chunk := dst.Grid().Largest()
	edge := math.Pow(blockSize/item, 1/float64(len(shape)))
	times, block, cross := 1.0, item, item
	for axis, h := range g.halo {
		least := float64(min(chunk[axis], max(shape[axis], 1)))
		halo := 2 * float64(h)
		n := max(least, min(edge-halo, float64(shape[axis])))
		times *= (n + halo) / n
		block *= least + halo
		cross *= least
	}
	line := 0.0
	for _, a := range g.axes[1:] {
		least := float64(min(chunk[a.axis], max(shape[a.axis], 1)))
		line = max(line, cross/least*float64(shape[a.axis]+2*g.halo[a.axis]))
	}
	return times > often && line <= max(block, lineSize)
}

func blurBlocks(ctx context.Context, dst, src *dosna.Dataset, g *Gaussian, o GaussianOptions) error {
	m := dosna.MapOptions{Halo: g.halo, Boundary: o.Boundary, Value: g.value}
	shape := src.Shape()
	return src.Map(ctx, dst, m, func(_ context.Context, b dosna.Block) error {
		return g.Filter(b.Out, b.In, b.Box, shape)
	})
}

// blurLines filters along the first axis from src into dst and then, in place,
// along the others.
func blurLines(ctx context.Context, dst, src *dosna.Dataset, g *Gaussian, o GaussianOptions) error {
	if err := blurBlocks(ctx, dst, src, g.along(0), o); err != nil {
		return err
	}
	for i := 1; i < len(g.axes); i++ {
		if err := blurInPlace(ctx, dst, src.Connection().Options(), g.along(i), o.Boundary); err != nil {
			return fmt.Errorf("blur %s along axis %d: %w", dst, g.axes[i].axis, err)
		}
	}
	return nil
}

// along returns the filter along the i-th of the filtered axes, whose input for
// all but the first is what the others have put out.
func (g *Gaussian) along(i int) *Gaussian {
	one := &Gaussian{
		in: g.in, work: g.work, out: g.out, parts: g.parts, ndim: g.ndim,
		axes: g.axes[i : i+1], halo: make([]int, g.ndim), value: g.value, constant: g.constant,
	}
	axis := g.axes[i].axis
	one.halo[axis] = g.halo[axis]
	if i > 0 {
		one.in, one.value = g.work, g.constant
	}
	return one
}

// blurInPlace filters d along one axis. A task has whole lines, as many as stored
// objects are wide, so that no other needs its elements.
func blurInPlace(ctx context.Context, d *dosna.Dataset, o dosna.Options, g *Gaussian, m nd.Boundary) error {
	shape, axis := d.Shape(), g.axes[0].axis
	most := make([]int, len(shape)) // one stored object, but along the axis
	most[axis] = math.MaxInt
	grid := d.Grid().Merge(most)
	serial := d.Connection().Options()
	serial.Engine, serial.Progress = engine.CPU(), nil
	d = d.With(serial)
	tick := progress(o, grid.Len())
	cell := nd.Box{Shape: make([]int, len(shape))}
	for i, n := range grid.Largest() {
		cell.Shape[i] = min(n, shape[i])
	}
	lines := 3 * cell.Size() * d.Type().Size() // those that are read, with a halo, and filtered
	return d.Run(ctx, o.Engine, grid.Len(), lines, func(ctx context.Context, i int) error {
		defer tick()
		return g.filterLines(ctx, d, grid.Cell(grid.Coords(i, nil)), m)
	})
}

// filterLines filters, in place, a box that spans the filtered axis.
func (g *Gaussian) filterLines(ctx context.Context, d *dosna.Dataset, box nd.Box, m nd.Boundary) error {
	item, shape := d.Type().Size(), d.Shape()
	lines := nd.NewView(make([]byte, box.Size()*item), box.Shape, item)
	if err := d.ReadBox(ctx, box, lines); err != nil {
		return err
	}
	wide := nd.Box{Start: slices.Clone(box.Start), Shape: slices.Clone(box.Shape)}
	for axis, h := range g.halo {
		wide.Start[axis] -= h
		wide.Shape[axis] += 2 * h
	}
	in := nd.NewView(make([]byte, wide.Size()*item), wide.Shape, item)
	err := m.Read(in, wide, shape, g.value, func(b nd.Box, dst nd.View) error {
		nd.Copy(dst, lines.Sub(b.Sub(box.Start)))
		return nil
	})
	if err != nil {
		return err
	}
	if err := g.Filter(lines, in, box, shape); err != nil {
		return err
	}
	return d.WriteBox(ctx, box, lines)
}
