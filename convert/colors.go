package convert

import (
	"context"
	"errors"
	"image"
	"slices"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/render"
)

// isColored reports whether a selection is a picture in colour: a plane with a last
// axis of 3 or 4 numbers as pictures have them.
func isColored(shape []int, t dtype.Type) bool {
	last := len(shape) - 1
	if last < 2 || shape[last] != 3 && shape[last] != 4 || t != dtype.Uint8 && t != dtype.Uint16 {
		return false
	}
	long := slices.DeleteFunc(slices.Clone(shape[:last]), func(n int) bool { return n == 1 })
	return len(long) == 2
}

// coloredPicture draws a selection whose last axis is colours. Those of 8 bits have
// the range that they have in pictures.
func coloredPicture(ctx context.Context, d *dosna.Dataset, sel nd.Selection, r *nd.Region, o *render.ImageOptions) (image.Image, error) {
	if o != nil && (o.Colormap != "" || o.Frame != nil && o.Frame.Bar) {
		return nil, errors.New("a picture in colour has neither a colormap nor a bar; select one of its colours, such as '..., 0'")
	}
	last := len(r.Shape) - 1
	rows, cols, err := plane(r.Shape[:last])
	if err != nil {
		return nil, err
	}
	if o, _, err = framed(ctx, d, r, []int{rows, cols}, o); err != nil {
		return nil, err
	}
	var out render.ImageOptions
	if o != nil {
		out = *o
	}
	opaque := 65535.0
	if d.Type() == dtype.Uint8 {
		opaque = 255
		if out.Range == (render.Range{}) {
			out.Range = render.Between(0, opaque)
		}
	}
	var channels []*render.Canvas
	for i := range r.Shape[last] {
		box := nd.Full(slices.Clone(r.Shape))
		box.Start[last], box.Shape[last] = i, 1
		part, err := sel.Part(d.Shape(), box)
		if err != nil {
			return nil, err
		}
		c, err := drawn(ctx, d, part, length(r.Shape, rows), length(r.Shape, cols), &out)
		if err != nil {
			return nil, err
		}
		channels = append(channels, c)
	}
	return render.Colors(channels, opaque)
}
