package convert

import (
	"context"
	"fmt"
	"image"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/render"
)

// Sheet draws a contact sheet: so many planes (16 if n is 0; all, if there are
// fewer) of a selection with three dimensions, evenly spread along the first from
// its first to its last, in one range of numbers. The size of o is that of each.
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
	var pictures []*render.Canvas
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
	}
	return render.Sheet(pictures)
}
