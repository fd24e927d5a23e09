package render

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"math"
)

// Colors makes a picture of channels: red, green, blue and, if there is a fourth,
// alpha, from 0 to opaque. The first three have a common range of numbers. All have
// the same size and the same options, of which the colormap and a bar are of no use.
func Colors(channels []*Canvas, opaque float64) (*image.NRGBA, error) {
	if n := len(channels); n != 3 && n != 4 {
		return nil, fmt.Errorf("a picture of %d colours: want red, green, blue and perhaps alpha", n)
	}
	first := channels[0]
	height, width := first.size()
	var all []float64
	for i, c := range channels {
		if c.rows != first.rows || c.cols != first.cols {
			return nil, errors.New("the channels of a picture differ in size")
		}
		if numbers := c.numbers(); i < 3 {
			all = append(all, numbers...)
		}
	}
	low, high := first.o.Range.of(all)
	k := first.enlarge(first.rows.to, first.cols.to)
	draw := func(img *image.NRGBA) {
		for y := range height {
			for x := range width {
				at := y/k*first.cols.to + x/k
				var p [4]uint8
				p[3] = 255
				for i, c := range channels {
					value := c.sum[at]
					switch {
					case math.IsNaN(value):
					case i == 3:
						p[i] = uint8(level(value, 0, opaque))
					default:
						p[i] = uint8(level(value, low, high))
					}
				}
				img.SetNRGBA(img.Rect.Min.X+x, img.Rect.Min.Y+y, color.NRGBA{p[0], p[1], p[2], p[3]})
			}
		}
	}
	if f := first.o.Frame; f.shown() {
		plain := *f
		plain.Bar = false
		return plain.draw(framed{rows: first.rows.from, cols: first.cols.from, height: height, width: width, draw: draw}), nil
	}
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	draw(img)
	return img, nil
}
