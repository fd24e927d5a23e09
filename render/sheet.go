package render

import (
	"fmt"
	"image"
	"math"
)

// sheetGap are the pixels between the pictures of a sheet.
const sheetGap = 2

// Sheet puts pictures of one size side by side, row by row, in a common range of
// numbers and so that the sheet is about square. They have the same options. If
// these have a frame with axes, a name stands above each picture, and with a bar
// of colours one is beside the sheet.
func Sheet(pictures []*Canvas, names []string) (*image.NRGBA, error) {
	if len(pictures) == 0 {
		return nil, fmt.Errorf("a sheet of no pictures")
	}
	height, width := pictures[0].size()
	var all []float64
	for _, c := range pictures {
		if h, w := c.size(); h != height || w != width {
			return nil, fmt.Errorf("a sheet of pictures of %d×%d and %d×%d pixels", width, height, w, h)
		}
		all = append(all, c.numbers()...)
	}
	first := pictures[0]
	low, high := first.o.Range.of(all)
	f := first.o.Frame
	head := 0 // pixels above each picture
	s := newSpaces(height, width)
	if f != nil && f.Axes {
		head = s.row
	}
	columns := int(math.Ceil(math.Sqrt(float64(len(pictures)) * float64(height+head) / float64(width))))
	columns = min(max(columns, 1), len(pictures))
	rows := (len(pictures) + columns - 1) / columns
	if (height+head+sheetGap)*rows > MaxPixels/(width+sheetGap)/columns {
		return nil, fmt.Errorf("a sheet of %d pictures of %d×%d pixels is too large; give a smaller Size", len(pictures), width, height)
	}
	area := image.Rect(0, 0, columns*(width+sheetGap)-sheetGap, rows*(height+head+sheetGap)-sheetGap)
	draw := func(img *image.NRGBA) {
		for i, c := range pictures {
			at := img.Rect.Min.Add(image.Pt(i%columns*(width+sheetGap), i/columns*(height+head+sheetGap)))
			if head > 0 && i < len(names) {
				newLabel(names[i], s.size, width).draw(img, at, false, ink)
			}
			at.Y += head
			c.draw(img.SubImage(image.Rect(at.X, at.Y, at.X+width, at.Y+height)).(*image.NRGBA), low, high)
		}
	}
	if !f.shown() {
		img := image.NewNRGBA(area)
		draw(img)
		return img, nil
	}
	for _, c := range pictures {
		c.opaque()
	}
	bare := &Frame{Bar: f.Bar, BarLabel: f.BarLabel, bare: true}
	return bare.draw(framed{height: area.Dy(), width: area.Dx(), colors: first.colors, low: low, high: high, draw: func(part *image.NRGBA) {
		fill(part, part.Rect, paper)
		draw(part)
	}}), nil
}
