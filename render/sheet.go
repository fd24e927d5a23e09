package render

import (
	"fmt"
	"image"
	"math"
)

// sheetGap are the pixels between the pictures of a sheet.
const sheetGap = 2

// Sheet puts pictures of one size side by side, row by row, in a common range of
// numbers and so that the sheet is about square. They have the same options.
func Sheet(pictures []*Canvas) (*image.NRGBA, error) {
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
	low, high := pictures[0].o.Range.of(all)
	columns := int(math.Ceil(math.Sqrt(float64(len(pictures)) * float64(height) / float64(width))))
	columns = min(max(columns, 1), len(pictures))
	rows := (len(pictures) + columns - 1) / columns
	if (height+sheetGap)*rows > MaxPixels/(width+sheetGap)/columns {
		return nil, fmt.Errorf("a sheet of %d pictures of %d×%d pixels is too large; give a smaller Size", len(pictures), width, height)
	}
	img := image.NewNRGBA(image.Rect(0, 0, columns*(width+sheetGap)-sheetGap, rows*(height+sheetGap)-sheetGap))
	for i, c := range pictures {
		at := image.Pt(i%columns*(width+sheetGap), i/columns*(height+sheetGap))
		part := img.SubImage(image.Rect(at.X, at.Y, at.X+width, at.Y+height)).(*image.NRGBA)
		c.draw(part, low, high)
	}
	return img, nil
}
