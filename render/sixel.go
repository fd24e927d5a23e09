package render

import (
	"bufio"
	"image"
	"image/color"
	"strconv"
)

// A picture in sixels has at most sixelColors colours, each of whose parts has a
// level of 0 to 100: what terminals have registers for.
const (
	sixelColors = 256
	sixelLevels = 100
)

// sixelColumn is about how many pixels wide a character is in terminals that show
// sixels; those that are to the right of the last column would be lost.
const sixelColumn = 8

// sixelLevel is a colour in the levels of sixels.
func sixelLevel(c color.NRGBA) [3]uint8 {
	level := func(x uint8) uint8 { return uint8((int(x)*sixelLevels + 127) / 255) }
	return [3]uint8{level(c.R), level(c.G), level(c.B)}
}

// sixel writes a picture as the manual of DEC's VT330 and VT340 has it ("VT3xx
// Programmer Reference", volume 2, chapter 14): bands of six rows, in each band a
// run of characters for every colour in it, a bit of a character for a pixel.
// Transparent pixels are left as they are.
func sixel(w *bufio.Writer, img image.Image) {
	b := img.Bounds()
	colors, of := palette(img, sixelColors, sixelLevel)
	_, _ = w.WriteString("\x1bP0;1q\"1;1;" + strconv.Itoa(b.Dx()) + ";" + strconv.Itoa(b.Dy()))
	for i, c := range colors {
		_, _ = w.WriteString("#" + strconv.Itoa(i) + ";2;" + strconv.Itoa(int(c[0])) + ";" + strconv.Itoa(int(c[1])) + ";" + strconv.Itoa(int(c[2])))
	}
	band := newSixelBand(b.Dx(), len(colors))
	for y := b.Min.Y; y < b.Max.Y; y += 6 {
		band.clear()
		for row := range min(6, b.Max.Y-y) {
			for x := range b.Dx() {
				if c := nrgba(img, b.Min.X+x, y+row); c.A >= 128 {
					band.set(x, row, of[sixelLevel(c)])
				}
			}
		}
		if y > b.Min.Y {
			_ = w.WriteByte('-')
		}
		band.write(w)
	}
	_, _ = w.WriteString("\x1b\\\n")
}

// sixelBand is six rows of pixels: for each colour a line of columns.
type sixelBand struct {
	width int
	bits  []byte
	ends  []int // of what is set of each colour's line
	used  []int // colours, in the order in which they came
}

func newSixelBand(width, colors int) *sixelBand {
	return &sixelBand{width: width, bits: make([]byte, width*colors), ends: make([]int, colors)}
}

func (s *sixelBand) clear() {
	for _, c := range s.used {
		clear(s.bits[c*s.width:][:s.ends[c]])
		s.ends[c] = 0
	}
	s.used = s.used[:0]
}

func (s *sixelBand) set(x, row, c int) {
	if s.ends[c] == 0 {
		s.used = append(s.used, c)
	}
	s.bits[c*s.width+x] |= 1 << row
	s.ends[c] = max(s.ends[c], x+1)
}

func (s *sixelBand) write(w *bufio.Writer) {
	for i, c := range s.used {
		if i > 0 {
			_ = w.WriteByte('$')
		}
		_, _ = w.WriteString("#" + strconv.Itoa(c))
		line := s.bits[c*s.width:][:s.ends[c]]
		for len(line) > 0 {
			n := 1
			for n < len(line) && line[n] == line[0] {
				n++
			}
			code := '?' + line[0]
			if n > 3 {
				_, _ = w.WriteString("!" + strconv.Itoa(n) + string(code))
			} else {
				for range n {
					_ = w.WriteByte(code)
				}
			}
			line = line[n:]
		}
	}
}
