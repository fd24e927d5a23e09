package convert

import (
	"context"
	"image"
	"image/png"
	"io"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/render"
)

// DrawFile is Picture to a file in the PNG format, which is replaced when the
// picture is complete. It returns the picture's size in pixels.
func DrawFile(ctx context.Context, d *dosna.Dataset, sel nd.Selection, path string, o *render.ImageOptions) (image.Point, error) {
	img, err := Picture(ctx, d, sel, o)
	if err != nil {
		return image.Point{}, err
	}
	return img.Bounds().Size(), WriteImage(path, img)
}

// WriteImage writes a picture to a file in the PNG format, which is replaced when
// it is complete.
func WriteImage(path string, img image.Image) error {
	return replaceFile(path, func(w io.Writer) error { return png.Encode(w, img) })
}
