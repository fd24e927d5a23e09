package render

import (
	"fmt"
	"image"
	"image/color"
	"math"

	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
)

// ImageOptions say how numbers become colours. The zero value (and nil) gives
// grey levels, one pixel for each element, from the smallest to the largest.
type ImageOptions struct {
	Colormap string // one of Colormaps; "": gray
	Range    Range
	// NaN is the colour of elements that are not numbers; nil: transparent.
	NaN color.Color
	// Size, if not 0, is the longest side of the picture at most, in pixels.
	// A larger array is reduced: pixels are the means of the elements they
	// cover. A smaller one is enlarged by a whole number.
	Size int
	// Field is which part of elements with fields is drawn: a name, or names
	// separated by slashes for fields in fields.
	Field string
	// Nearest reduces by leaving out elements, not by means.
	Nearest bool
	// Frame, if not nil, is drawn around the picture, beside its Size. With axes
	// and without a Size, a small picture is enlarged.
	Frame *Frame
}

// MaxPixels bounds a picture.
const MaxPixels = 1 << 26

// Image draws a view of two dimensions, its first row at the top. Elements are
// numbers: of complex ones the magnitude is drawn, of times the count, and true is 1.
func (o *ImageOptions) Image(v nd.View, t dtype.Type) (*image.NRGBA, error) {
	if len(v.Shape) != 2 {
		return nil, fmt.Errorf("a picture has two dimensions, and the array has the shape %v", v.Shape)
	}
	c, err := o.NewCanvas(v.Shape[0], v.Shape[1], t)
	if err != nil {
		return nil, err
	}
	c.Add(v)
	return c.Image(), nil
}

// Canvas is a picture being made of an array that is larger than memory, some
// rows at a time.
type Canvas struct {
	o                ImageOptions
	colors           *Colormap
	offset           int // of what is drawn in an element
	load             func(b []byte) float64
	rows             axisMap
	cols             axisMap
	next             int // row of the array
	sum, sumWeight   []float64
	line, lineWeight []float64
}

// NewCanvas begins a picture of an array with that many rows and columns of
// elements of a type.
func (o *ImageOptions) NewCanvas(rows, cols int, t dtype.Type) (*Canvas, error) {
	c := &Canvas{}
	if o != nil {
		c.o = *o
	}
	if rows < 1 || cols < 1 {
		return nil, fmt.Errorf("an array of shape %v has nothing to draw", []int{rows, cols})
	}
	if err := c.o.Range.check(); err != nil {
		return nil, err
	}
	var err error
	if c.offset, c.load, err = loader(t, c.o.Field); err != nil {
		return nil, err
	}
	if c.colors, err = ColormapByName(c.o.Colormap); err != nil {
		return nil, err
	}
	height, width := rows, cols
	if c.o.Frame != nil && c.o.Frame.Axes && c.o.Size == 0 && max(rows, cols) < leastFramed {
		c.o.Size = enlargedFrame
	}
	if longest := max(rows, cols); c.o.Size > 0 && longest > c.o.Size {
		shrink := func(n int) int { return max(int(math.Round(float64(n)*float64(c.o.Size)/float64(longest))), 1) }
		height, width = shrink(rows), shrink(cols)
	}
	if k := c.enlarge(height, width); height > MaxPixels/k/k/width {
		return nil, fmt.Errorf("a picture of %d×%d pixels is too large; give a Size for the longest side", height*k, width*k)
	}
	c.rows, c.cols = axisMap{rows, height}, axisMap{cols, width}
	c.sum, c.sumWeight = make([]float64, height*width), make([]float64, height*width)
	c.line, c.lineWeight = make([]float64, width), make([]float64, width)
	return c, nil
}

// enlarge returns how many pixels an element is wide.
func (c *Canvas) enlarge(height, width int) int {
	return max(c.o.Size/max(height, width), 1)
}

// Add draws the rows that come next; v has as many columns as the array.
func (c *Canvas) Add(v nd.View) {
	for i := range v.Shape[0] {
		row, next, weight := c.rows.place(c.next)
		if c.o.Nearest {
			next, weight = -1, 1
			if c.rows.nearest(row) != c.next {
				row = -1
			}
		}
		c.next++
		if row < 0 {
			continue
		}
		c.reduce(v.Index(0, i))
		c.accumulate(row, weight)
		if next >= 0 {
			c.accumulate(next, 1-weight)
		}
	}
}

// reduce adds up a row of elements in the picture's columns.
func (c *Canvas) reduce(row nd.View) {
	clear(c.line)
	clear(c.lineWeight)
	for j := range row.Shape[0] {
		col, next, weight := c.cols.place(j)
		if c.o.Nearest {
			if c.cols.nearest(col) != j {
				continue
			}
			next, weight = -1, 1
		}
		off := row.Off + j*row.Strides[0]
		x := c.load(row.Data[off+c.offset : off+row.Item])
		if math.IsNaN(x) {
			continue
		}
		c.line[col] += weighted(x, weight)
		c.lineWeight[col] += weight
		if next >= 0 {
			c.line[next] += weighted(x, 1-weight)
			c.lineWeight[next] += 1 - weight
		}
	}
}

func (c *Canvas) accumulate(row int, weight float64) {
	for j, x := range c.line {
		c.sum[row*c.cols.to+j] += weighted(x, weight)
		c.sumWeight[row*c.cols.to+j] += c.lineWeight[j] * weight
	}
}

// weighted is x·w, except that nothing of an infinity is nothing.
func weighted(x, w float64) float64 {
	if w == 0 {
		return 0
	}
	return x * w
}

// Image returns the picture of the rows added.
func (c *Canvas) Image() *image.NRGBA {
	low, high := c.o.Range.of(c.numbers())
	height, width := c.size()
	if f := c.o.Frame; f.shown() {
		c.opaque()
		return f.draw(framed{c.rows.from, c.cols.from, height, width, c.colors, low, high, func(part *image.NRGBA) { c.draw(part, low, high) }})
	}
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	c.draw(img, low, high)
	return img
}

// opaque gives elements that are not numbers the colour of paper, unless they have
// one.
func (c *Canvas) opaque() {
	if c.o.NaN == nil {
		c.o.NaN = paper
	}
}

// numbers returns what the pixels show, NaN where there is no number.
func (c *Canvas) numbers() []float64 {
	for i, w := range c.sumWeight {
		c.sum[i] /= w
		c.sumWeight[i] = 1
	}
	return c.sum
}

// size returns the picture's size in pixels.
func (c *Canvas) size() (height, width int) {
	k := c.enlarge(c.rows.to, c.cols.to)
	return c.rows.to * k, c.cols.to * k
}

// draw draws the numbers into a picture of the canvas's size.
func (c *Canvas) draw(img *image.NRGBA, low, high float64) {
	var missing color.NRGBA
	if c.o.NaN != nil {
		missing = color.NRGBAModel.Convert(c.o.NaN).(color.NRGBA)
	}
	height, width := c.size()
	k := c.enlarge(c.rows.to, c.cols.to)
	for y := range height {
		for x := range width {
			p := missing
			if value := c.sum[y/k*c.cols.to+x/k]; !math.IsNaN(value) {
				p = c.colors[level(value, low, high)]
			}
			img.SetNRGBA(img.Rect.Min.X+x, img.Rect.Min.Y+y, p)
		}
	}
}

// level returns the place of x in a colormap that runs from low to high.
func level(x, low, high float64) int {
	switch {
	case x <= low:
		return 0
	case x >= high:
		return 255
	case math.IsInf(high-low, 0):
		x, low, high = x/4, low/4, high/4
	}
	return min(int((x-low)/(high-low)*256), 255)
}

// axisMap reduces an axis from so many positions to fewer pixels.
type axisMap struct{ from, to int }

// place returns the pixel that position i lies in and what part of it does; the
// rest lies in pixel next, which is -1 if there is none.
func (a axisMap) place(i int) (pixel, next int, weight float64) {
	if a.from == a.to {
		return i, -1, 1
	}
	scale := float64(a.to) / float64(a.from)
	start, end := float64(i)*scale, float64(i+1)*scale
	pixel = min(int(start), a.to-1)
	border := float64(pixel + 1)
	if end <= border || pixel+1 == a.to {
		return pixel, -1, 1
	}
	return pixel, pixel + 1, (border - start) / (end - start)
}

// nearest returns the position in the middle of a pixel.
func (a axisMap) nearest(pixel int) int {
	return int((float64(pixel) + 0.5) * float64(a.from) / float64(a.to))
}
