package ops

import (
	"context"
	"fmt"

	"github.com/dosna/dosna"
)

// Convert fills dst, which has the same shape, with the elements of src as
// dst's type; see [Cast].
//
// Texts and bytes become what they say: numbers and times are read and written as
// NumPy's astype does. What cannot be read, or is out of range, is an error that names
// the element, and so is a text that is too long for elements of fixed length, unless
// it may be truncated. Bytes are texts in UTF-8; of bool true, false, 1 and 0 are read.
//
// On an engine of several ranks each does its share, and all have to call
// Convert. The same is true of RescaleTo.
func Convert(ctx context.Context, dst, src *dosna.Dataset, o CastOptions) error {
	if isText(src.Type()) || isText(dst.Type()) {
		return convertTexts(ctx, dst, src, o)
	}
	f, err := Cast(src.Type(), dst.Type(), o)
	return apply(ctx, dst, src, "convert", f, err)
}

// RescaleTo fills dst, which has the same shape, with the elements of src mapped
// by l and converted to dst's type; see [Rescale].
func RescaleTo(ctx context.Context, dst, src *dosna.Dataset, l Linear, o CastOptions) error {
	f, err := Rescale(src.Type(), dst.Type(), l, o)
	return apply(ctx, dst, src, "rescale", f, err)
}

func apply(ctx context.Context, dst, src *dosna.Dataset, verb string, f Elementwise, err error) error {
	if err != nil {
		return fmt.Errorf("%s %s into %s: %w: %w", verb, src, dst, dosna.ErrInvalid, err)
	}
	return src.Map(ctx, dst, dosna.MapOptions{}, func(_ context.Context, b dosna.Block) error {
		return f(b.Out, b.In)
	})
}
