package convert

import (
	"context"
	"fmt"
	"image/png"
	"io"
	"iter"
	"slices"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/nd"
)

// Export writes a selection of a dataset to w, which is not closed. Elements
// come in C order, part by part. The dataset's options tell which engine does
// the work, and who is told of its progress, in bytes.
func Export(ctx context.Context, d *dosna.Dataset, sel nd.Selection, w io.Writer, format Format, o *Options) error {
	err := export(ctx, d, sel, w, format, o)
	if err != nil {
		return fmt.Errorf("export [%s] of %s: %w", sel, d, err)
	}
	return nil
}

// ExportFile is Export to a file, in the format that its name's ending says. The
// file, which may exist, is replaced when all has been written. A name with a
// number in it, as of slice_%04d.tif, asks for ExportStack.
func ExportFile(ctx context.Context, d *dosna.Dataset, sel nd.Selection, path string, o *Options) error {
	if IsStack(path) {
		return ExportStack(ctx, d, sel, path, o)
	}
	format, err := FormatOf(path)
	if err != nil {
		return err
	}
	return replaceFile(path, func(w io.Writer) error { return Export(ctx, d, sel, w, format, o) })
}

func export(ctx context.Context, d *dosna.Dataset, sel nd.Selection, w io.Writer, format Format, o *Options) error {
	if format == TIFF && o != nil && (o.Levels != nil || o.Compression != "") {
		return exportTIFF(ctx, d, sel, w, o)
	}
	if format == PNG {
		img, err := Picture(ctx, d, sel, nil)
		if err != nil {
			return err
		}
		return png.Encode(w, img)
	}
	r, err := sel.Resolve(d.Shape())
	if err != nil {
		return err
	}
	if d.Type().Variable() {
		return exportBlocks(ctx, d, sel, r, w, format, o)
	}
	var name string
	if o != nil {
		name = o.Name
	}
	out, err := NewWriter(w, format, r.Shape, d.Type(), name)
	if err != nil {
		return err
	}
	err = inParts(ctx, d, sel, r, o.part(), func(elements []byte) error {
		_, err := out.Write(elements)
		return err
	})
	if err != nil {
		return err
	}
	return out.Close()
}

// inParts reads a selection, whose region is r, in runs of elements that take no
// more than limit bytes, and gives each in turn to use.
func inParts(ctx context.Context, d *dosna.Dataset, sel nd.Selection, r *nd.Region, limit int, use func(elements []byte) error) error {
	item := d.Type().Size()
	if _, ok := nd.Size(append(slices.Clone(r.Shape), item)); !ok {
		return fmt.Errorf("shape %v is too large", r.Shape)
	}
	parts, progress := forParts(d, r.Size()*item)
	next, stop := iter.Pull(runs(r.Shape, item, limit, cutsIn(d.Grid(), r)))
	defer stop()
	memory := newBuffers()
	get := func(ctx context.Context) ([]byte, bool, error) {
		box, more := next()
		if !more {
			return nil, false, nil
		}
		part, err := sel.Part(d.Shape(), box)
		if err != nil {
			return nil, true, err
		}
		buf := memory.get(box.Size() * item)
		return buf, true, parts.ReadRaw(ctx, part, buf)
	}
	return overlap(ctx, get, func(_ context.Context, buf []byte) error {
		defer memory.put(buf)
		err := use(buf)
		progress.add(len(buf))
		return err
	})
}

// cutsIn tells where the stored objects end in a result, as far as that is simple:
// where the result is a box of the array.
func cutsIn(g nd.Grid, r *nd.Region) cuts {
	c := cuts{g, slices.Repeat([]int{-1}, len(r.Shape)), make([]int, len(r.Shape))}
	box, ok := r.Box()
	if !ok {
		return c
	}
	axis := 0
	for i, n := range r.Shape { // longer than 1 they are the same axes
		for n > 1 && box.Shape[axis] == 1 {
			axis++
		}
		if n > 1 {
			c.axis[i], c.start[i] = axis, box.Start[axis]
			axis++
		}
	}
	return c
}
