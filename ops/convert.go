package ops

import (
	"context"
	"fmt"

	"github.com/dosna/dosna"
)

// Convert fills dst, which has the same shape, with the elements of src as
// dst's type; see [Cast].
//
// On an engine of several ranks each does its share, and all have to call
// Convert. The same is true of RescaleTo.
func Convert(ctx context.Context, dst, src *dosna.Dataset, o CastOptions) error {
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
