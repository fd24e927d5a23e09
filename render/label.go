package render

import (
	"image"
	"image/color"
	"strings"
	"unicode/utf8"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"
)

// Texts are drawn with a font of fixed width that has the characters of ASCII.
// Of others those of common units are written in ASCII, and the rest is shown as
// a mark of replacement.
var face = basicfont.Face7x13

var inASCII = strings.NewReplacer("µ", "u", "μ", "u", "Å", "A", "°", "deg ", "²", "^2", "³", "^3", "⁻", "^-", "¹", "1", "−", "-", "–", "-", "×", "x", "·", " ", "…", "...")

// label is a text in a size: the font's, times a whole number.
type label struct {
	text string
	size int
}

// newLabel makes a label that is no wider than so many pixels.
func newLabel(text string, size, width int) label {
	text = strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, inASCII.Replace(strings.ToValidUTF8(text, "\ufffd")))
	if letters, most := []rune(text), max(width/(size*face.Advance), 0); len(letters) > most {
		const dots = "..."
		text = string(letters[:max(most-len(dots), 0)]) + dots[:min(len(dots), most)]
	}
	return label{text, size}
}

func (l label) width() int  { return l.size * labelWidth(l.text) }
func (l label) height() int { return l.size * face.Height }

// labelWidth returns the pixels of a text in the font's own size.
func labelWidth(text string) int { return utf8.RuneCountInString(text) * face.Advance }

// draw draws the label with its upper left corner at a point or, if it is
// upright, reads from bottom to top, with that corner of the turned label there.
func (l label) draw(img *image.NRGBA, at image.Point, upright bool, c color.NRGBA) {
	mask := image.NewAlpha(image.Rect(0, 0, max(labelWidth(l.text), 1), face.Height))
	d := font.Drawer{Dst: mask, Src: image.Opaque, Face: face, Dot: fixed.P(0, face.Ascent)}
	d.DrawString(l.text)
	for y := range l.height() {
		for x := range l.width() {
			if mask.AlphaAt(x/l.size, y/l.size).A < 128 {
				continue
			}
			p := at.Add(image.Pt(x, y))
			if upright {
				p = at.Add(image.Pt(y, l.width()-1-x))
			}
			if p.In(img.Rect) {
				img.SetNRGBA(p.X, p.Y, c)
			}
		}
	}
}
