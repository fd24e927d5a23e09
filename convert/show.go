package convert

import (
	"context"
	"fmt"
	"image"
	"io"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/render"
)

// maxShown bounds the elements that Print holds in memory: the corners of an
// array of many axes, or a whole one if the options ask for it.
const maxShown = 1 << 24

// maxRow bounds the bytes of elements that a row of a picture is made of.
const maxRow = 1 << 28

// Print writes a selection of a dataset as text, as NumPy prints it, and a line
// break. Of a selection with many elements only those are read that the text
// shows.
func Print(ctx context.Context, w io.Writer, d *dosna.Dataset, sel nd.Selection, o *render.TextOptions) error {
	text, err := textOf(ctx, d, sel, o)
	if err != nil {
		return fmt.Errorf("print [%s] of %s: %w", sel, d, err)
	}
	_, err = io.WriteString(w, text+"\n")
	return err
}

func textOf(ctx context.Context, d *dosna.Dataset, sel nd.Selection, o *render.TextOptions) (string, error) {
	r, err := sel.Resolve(d.Shape())
	if err != nil {
		return "", err
	}
	s := o.Summary(r.Shape)
	n, ok := nd.Size(s.Shape)
	if !ok || n > maxShown {
		return "", fmt.Errorf("the text of shape %v would show more than %d elements; select fewer", r.Shape, maxShown)
	}
	if d.Type().Variable() {
		return words(ctx, d, sel, r.Shape, s, o)
	}
	v := nd.NewView(make([]byte, n*d.Type().Size()), s.Shape, d.Type().Size())
	if n > 0 {
		for c := range s.Corners() {
			part, err := sel.Part(d.Shape(), c.From)
			if err != nil {
				return "", err
			}
			if err := d.ReadView(ctx, part, v.Sub(c.To)); err != nil {
				return "", err
			}
		}
	}
	return o.Text(r.Shape, v, d.Type()), nil
}

// Picture draws a selection of a dataset that has two dimensions longer than 1,
// at most, the first of them from top to bottom. A plane larger than memory can
// be drawn if o.Size reduces it. A last axis of 3 or 4 unsigned numbers of 8 or 16
// bits is drawn as colours, the fourth of which is alpha. A frame has the names of the dataset's dimensions,
// and coordinates where OME-Zarr or the CF conventions tell them.
func Picture(ctx context.Context, d *dosna.Dataset, sel nd.Selection, o *render.ImageOptions) (image.Image, error) {
	img, err := picture(ctx, d, sel, o)
	if err != nil {
		return nil, fmt.Errorf("draw [%s] of %s: %w", sel, d, err)
	}
	return img, nil
}

func picture(ctx context.Context, d *dosna.Dataset, sel nd.Selection, o *render.ImageOptions) (image.Image, error) {
	r, err := sel.Resolve(d.Shape())
	if err != nil {
		return nil, err
	}
	if isColored(r.Shape, d.Type()) {
		return coloredPicture(ctx, d, sel, r, o)
	}
	rows, cols, err := plane(r.Shape)
	if err != nil {
		return nil, err
	}
	if o, _, err = framed(ctx, d, r, []int{rows, cols}, o); err != nil {
		return nil, err
	}
	canvas, err := drawn(ctx, d, sel, length(r.Shape, rows), length(r.Shape, cols), o)
	if err != nil {
		return nil, err
	}
	return canvas.Image(), nil
}

// drawn returns a canvas with a selection of so many rows and columns on it.
func drawn(ctx context.Context, d *dosna.Dataset, sel nd.Selection, rows, cols int, o *render.ImageOptions) (*render.Canvas, error) {
	r, err := sel.Resolve(d.Shape())
	if err != nil {
		return nil, err
	}
	canvas, err := o.NewCanvas(rows, cols, d.Type())
	if err != nil {
		return nil, err
	}
	item := d.Type().Size()
	if cols > maxRow/item {
		return nil, fmt.Errorf("a row of the picture would be made of %d elements; select fewer", cols)
	}
	limit := max((*Options)(nil).part(), cols*item) // so that parts are whole rows
	err = inParts(ctx, d, sel, r, limit, func(elements []byte) error {
		canvas.Add(nd.NewView(elements, []int{len(elements) / item / cols, cols}, item))
		return nil
	})
	if err != nil {
		return nil, err
	}
	return canvas, nil
}

// plane returns which dimensions of a selection to be drawn are the rows and the
// columns, -1 if there is none.
func plane(shape []int) (rows, cols int, err error) {
	var long []int
	for dim, n := range shape {
		if n != 1 || len(shape) == 2 {
			long = append(long, dim)
		}
	}
	switch len(long) {
	case 0:
		return -1, -1, nil
	case 1:
		return -1, long[0], nil
	case 2:
		return long[0], long[1], nil
	}
	return 0, 0, fmt.Errorf("a picture has two dimensions, and the selection has the shape %v; select a plane, such as '0' for the first along the first axis", shape)
}

// length is that of a dimension, 1 if there is none.
func length(shape []int, dim int) int {
	if dim < 0 {
		return 1
	}
	return shape[dim]
}
