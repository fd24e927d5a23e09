package convert

import (
	"context"
	"fmt"
	"image"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/render"
)

// leastNamed is the longest side of a plane with a name above it, in pixels.
const leastNamed = 128

// Sheet draws a contact sheet: so many planes (16 if n is 0; all, if there are
// fewer) of a selection with three dimensions, evenly spread along the first from
// its first to its last, in one range of numbers. The size of o is that of each;
// with axes each has its place along the first one above it.
func Sheet(ctx context.Context, d *dosna.Dataset, sel nd.Selection, n int, o *render.ImageOptions) (image.Image, error) {
	img, err := sheet(ctx, d, sel, n, o)
	if err != nil {
		return nil, fmt.Errorf("draw a sheet of [%s] of %s: %w", sel, d, err)
	}
	return img, nil
}

func sheet(ctx context.Context, d *dosna.Dataset, sel nd.Selection, n int, o *render.ImageOptions) (image.Image, error) {
	r, err := sel.Resolve(d.Shape())
	if err != nil {
		return nil, err
	}
	if len(r.Shape) != 3 {
		return nil, fmt.Errorf("a sheet has three dimensions, and the selection has the shape %v; select them", r.Shape)
	}
	if n <= 0 {
		n = 16
	}
	n = min(n, r.Shape[0])
	o, axes, err := framed(ctx, d, r, []int{0, 1, 2}, o)
	if err != nil {
		return nil, err
	}
	if o != nil && o.Frame != nil && o.Frame.Axes && o.Size == 0 { // small planes need room for what stands above them
		o = new(*o)
		o.Size = max(r.Shape[1], r.Shape[2], leastNamed)
	}
	var pictures []*render.Canvas
	var names []string
	for i := range n {
		at := 0
		if n > 1 {
			at = i * (r.Shape[0] - 1) / (n - 1)
		}
		box := nd.Box{Start: []int{at, 0, 0}, Shape: []int{1, r.Shape[1], r.Shape[2]}}
		if box.Empty() {
			return nil, fmt.Errorf("an array of shape %v has nothing to draw", r.Shape)
		}
		part, err := sel.Part(d.Shape(), box)
		if err != nil {
			return nil, err
		}
		c, err := drawn(ctx, d, part, r.Shape[1], r.Shape[2], o)
		if err != nil {
			return nil, err
		}
		pictures = append(pictures, c)
		names = append(names, fmt.Sprintf("%s = %.6g", axes[0].Name, axes[0].Start+float64(at)*axes[0].Step))
	}
	return render.Sheet(pictures, names)
}
