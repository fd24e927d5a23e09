package ops

import (
	"context"
	"fmt"

	"github.com/dosna/dosna"
)

// Blur filters src into dst, which has the same shape: the result is that of
// scipy.ndimage.gaussian_filter on the whole array, whatever the chunks (see
// [Gaussian]). dst's type is the output's.
//
// On an engine of several ranks each does its share, and all have to call Blur.
func Blur(ctx context.Context, dst, src *dosna.Dataset, o GaussianOptions) error {
	g, err := NewGaussian(src.Type(), dst.Type(), src.NDim(), o)
	if err != nil {
		return fmt.Errorf("blur %s into %s: %w: %w", src, dst, dosna.ErrInvalid, err)
	}
	m := dosna.MapOptions{Halo: g.halo, Boundary: o.Boundary, Value: g.value}
	shape := src.Shape()
	return src.Map(ctx, dst, m, func(_ context.Context, b dosna.Block) error {
		return g.Filter(b.Out, b.In, b.Box, shape)
	})
}
