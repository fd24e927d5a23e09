package render

import (
	"image"
	"image/color"
	"image/draw"
)

// Frame is what surrounds a picture on request: marks with numbers along both
// axes, the names of these, and a bar of the colours with the numbers they stand
// for. It is black on white, and elements that are not numbers are white too
// unless they have a colour.
type Frame struct {
	Rows, Cols Axis // Rows run from top to bottom
	Axes       bool // draw the axes
	Bar        bool // draw the bar of colours
	BarLabel   string

	bare bool // no line around the picture
}

func (f *Frame) shown() bool { return f != nil && (f.Axes || f.Bar) }

// A picture without a Size that is smaller than leastFramed is enlarged to about
// enlargedFrame pixels, so that there is room for numbers beside it.
const (
	leastFramed   = 256
	enlargedFrame = 512
)

var (
	paper = color.NRGBA{255, 255, 255, 255}
	ink   = color.NRGBA{0, 0, 0, 255}
)

// spaces are the distances in a frame, in pixels. All grow with the size of the
// letters, which is larger on large pictures.
type spaces struct{ size, line, gap, tick, bar, letter, row int }

func newSpaces(height, width int) spaces {
	k := min(max((max(height, width)+512)/1024, 1), 8)
	return spaces{size: k, line: k, gap: 4 * k, tick: 5 * k, bar: 14 * k, letter: k * face.Advance, row: k * face.Height}
}

// beside is the distance between the middles of texts that stand side by side,
// below between those that stand one below the other.
func (s spaces) beside(a, b string) int {
	return s.size*(labelWidth(a)+labelWidth(b))/2 + 2*s.letter
}
func (s spaces) below(string, string) int { return s.row * 2 }

func (s spaces) widest(list []tick) int {
	w := 0
	for _, t := range list {
		w = max(w, s.size*labelWidth(t.text))
	}
	return w
}

// framed is what a frame is drawn around: so many rows and columns of elements on
// so many pixels, and what draws them.
type framed struct {
	rows, cols, height, width int
	colors                    *Colormap
	low, high                 float64
	draw                      func(part *image.NRGBA)
}

// draw returns a picture with the frame around it.
func (f *Frame) draw(p framed) *image.NRGBA {
	height, width := p.height, p.width
	s := newSpaces(height, width)
	var rows, cols, bar []tick
	left, right, top, bottom := s.gap, s.gap, s.gap, s.gap
	if f.Axes {
		rows = f.Rows.ticks(p.rows, height, s.below)
		cols = f.Cols.ticks(p.cols, width, s.beside)
		top += s.row / 2
		bottom += s.tick + s.row
		left += s.widest(rows) + s.gap + s.tick
		if f.Rows.label() != "" {
			left += s.row + s.gap
		}
		if f.Cols.label() != "" {
			bottom += s.row + s.gap
		}
		for _, t := range cols { // the outer ones may stick out
			half := s.size*labelWidth(t.text)/2 + s.gap
			left, right = max(left, half-t.at), max(right, t.at+half-width)
		}
	}
	barAt := 0
	if f.Bar {
		bar = ticks(p.low, p.high, 0, func(x float64) int { return height - 1 - barPlace(x, p.low, p.high, height) }, s.below)
		barAt = width + max(right, 3*s.gap)
		right = barAt - width + s.bar + s.tick + s.gap + s.widest(bar) + s.gap
		if f.BarLabel != "" {
			right += s.row + s.gap
		}
		top, bottom = max(top, s.gap+s.row/2), max(bottom, s.gap+s.row/2)
	}
	img := image.NewNRGBA(image.Rect(0, 0, left+width+right, top+height+bottom))
	draw.Draw(img, img.Rect, image.NewUniform(paper), image.Point{}, draw.Src)
	box := image.Rect(left, top, left+width, top+height)
	if !f.bare {
		s.border(img, box)
	}
	p.draw(img.SubImage(box).(*image.NRGBA))
	if f.Axes {
		s.leftAxis(img, box, rows, f.Rows.label())
		s.bottomAxis(img, box, cols, f.Cols.label())
	}
	if f.Bar {
		strip := image.Rect(left+barAt, top, left+barAt+s.bar, top+height)
		s.border(img, strip)
		for y := range height {
			fill(img, image.Rect(strip.Min.X, top+y, strip.Max.X, top+y+1), p.colors[(height-1-y)*256/height])
		}
		s.rightAxis(img, strip, bar, f.BarLabel)
	}
	return img
}

// barPlace returns how many pixels above its foot a number is on a bar.
func barPlace(x, low, high float64, height int) int {
	if !(low < high) {
		return 0
	}
	return min(int((x-low)/(high-low)*float64(height)), height-1)
}

func fill(img *image.NRGBA, r image.Rectangle, c color.NRGBA) {
	draw.Draw(img, r, image.NewUniform(c), image.Point{}, draw.Src)
}

// border draws a line around a box.
func (s spaces) border(img *image.NRGBA, box image.Rectangle) { fill(img, box.Inset(-s.line), ink) }

// leftAxis draws the marks left of a box, and the axis's name left of them.
func (s spaces) leftAxis(img *image.NRGBA, box image.Rectangle, list []tick, name string) {
	x := box.Min.X - s.tick
	for _, t := range list {
		y := box.Min.Y + t.at
		fill(img, image.Rect(x, y, box.Min.X, y+s.line), ink)
		l := label{t.text, s.size}
		l.draw(img, image.Pt(x-s.gap-l.width(), y-s.row/2), false, ink)
	}
	l := newLabel(name, s.size, img.Rect.Dy())
	x -= s.gap + s.widest(list) + s.gap + s.row
	l.draw(img, image.Pt(x, within(box.Min.Y+(box.Dy()-l.width())/2, l.width(), img.Rect.Dy())), true, ink)
}

// rightAxis is leftAxis on the other side.
func (s spaces) rightAxis(img *image.NRGBA, box image.Rectangle, list []tick, name string) {
	x := box.Max.X + s.tick
	for _, t := range list {
		y := box.Min.Y + t.at
		fill(img, image.Rect(box.Max.X, y, x, y+s.line), ink)
		label{t.text, s.size}.draw(img, image.Pt(x+s.gap, y-s.row/2), false, ink)
	}
	l := newLabel(name, s.size, img.Rect.Dy())
	x += s.gap + s.widest(list) + s.gap
	l.draw(img, image.Pt(x, within(box.Min.Y+(box.Dy()-l.width())/2, l.width(), img.Rect.Dy())), true, ink)
}

// bottomAxis draws the marks below a box, and the axis's name below them.
func (s spaces) bottomAxis(img *image.NRGBA, box image.Rectangle, list []tick, name string) {
	y := box.Max.Y + s.tick
	for _, t := range list {
		x := box.Min.X + t.at
		fill(img, image.Rect(x, box.Max.Y, x+s.line, y), ink)
		l := label{t.text, s.size}
		l.draw(img, image.Pt(x-l.width()/2, y+s.gap/2), false, ink)
	}
	l := newLabel(name, s.size, img.Rect.Dx())
	l.draw(img, image.Pt(within(box.Min.X+(box.Dx()-l.width())/2, l.width(), img.Rect.Dx()), y+s.row+s.gap), false, ink)
}

// within moves something of a length to where it lies inside 0 to end.
func within(at, length, end int) int { return max(min(at, end-length), 0) }
