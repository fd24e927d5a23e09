package render

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"slices"
	"strings"
)

// Terminal is a way in which terminals show pictures.
type Terminal string

// The ways.
const (
	// Kitty is the graphics protocol of kitty (sw.kovidgoyal.net/kitty/graphics-protocol).
	Kitty Terminal = "kitty"
	// ITerm is the protocol of inline images of iTerm2 (iterm2.com/documentation-images.html).
	ITerm Terminal = "iterm"
	// Sixel is the graphics of DEC's terminals from the VT240 on, which many programs
	// understand.
	Sixel Terminal = "sixel"
	// Blocks draws two pixels with each character, in colours of 24 bits.
	Blocks Terminal = "blocks"
)

// Terminals lists them.
var Terminals = []Terminal{Kitty, ITerm, Sixel, Blocks}

// DetectTerminal tells by its environment variables how a terminal shows pictures
// best. Where a multiplexer is in between, which lets no picture pass, it is
// Blocks. The terminal itself is not asked, since its answer would come among what
// is being typed.
func DetectTerminal(env func(name string) string) Terminal {
	term, program := env("TERM"), env("TERM_PROGRAM")
	switch {
	case env("TMUX") != "" || strings.HasPrefix(term, "screen") || strings.HasPrefix(term, "tmux"):
		return Blocks
	case env("KITTY_WINDOW_ID") != "", term == "xterm-kitty", term == "xterm-ghostty", program == "ghostty":
		return Kitty
	case program == "iTerm.app", program == "WezTerm", program == "mintty":
		return ITerm
	case slices.ContainsFunc(sixelTerminals, func(name string) bool { return term == name || strings.HasPrefix(term, name+"-") }), strings.Contains(term, "sixel"):
		return Sixel
	}
	return Blocks
}

// sixelTerminals have values of TERM of their own, and show sixels as they come.
var sixelTerminals = []string{"foot", "mlterm", "contour", "yaft"}

// Width of a picture of blocks in characters, if it is not known.
const defaultColumns = 80

// Show writes a picture for a terminal of so many columns of characters (0: not
// known), and a line break. Transparent pixels of Blocks and Sixel are left in the
// terminal's own colour, and pictures wider than the terminal are reduced for them.
func (t Terminal) Show(w io.Writer, img image.Image, columns int) error {
	b := bufio.NewWriter(w) // it keeps its error until Flush
	switch t {
	case Kitty, ITerm:
		var data bytes.Buffer
		if err := png.Encode(&data, img); err != nil {
			return err
		}
		text := base64.StdEncoding.EncodeToString(data.Bytes())
		if t == Kitty {
			kitty(b, text)
		} else {
			_, _ = fmt.Fprintf(b, "\x1b]1337;File=inline=1;size=%d:%s\a\n", data.Len(), text)
		}
	case Sixel:
		if columns <= 0 {
			columns = img.Bounds().Dx()
		}
		sixel(b, fit(img, columns*sixelColumn))
	case Blocks:
		if columns <= 0 {
			columns = defaultColumns
		}
		blocks(b, fit(img, columns))
	default:
		return fmt.Errorf("pictures in a terminal of the kind %q: want one of %v", string(t), Terminals)
	}
	return b.Flush()
}

// kitty writes a PNG file in parts of 4096 characters.
func kitty(w *bufio.Writer, text string) {
	const most = 4096
	control := "a=T,f=100,"
	for more := 1; more == 1; control = "" {
		part := text[:min(most, len(text))]
		text = text[len(part):]
		if text == "" {
			more = 0
		}
		_, _ = fmt.Fprintf(w, "\x1b_G%sm=%d;%s\x1b\\", control, more, part)
	}
	_ = w.WriteByte('\n')
}

// fit reduces a picture to a width.
func fit(img image.Image, width int) image.Image {
	b := img.Bounds()
	if b.Dx() <= width {
		return img
	}
	height := max(b.Dy()*width/b.Dx(), 1)
	out := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		y0, y1 := b.Min.Y+y*b.Dy()/height, b.Min.Y+max((y+1)*b.Dy()/height, y*b.Dy()/height+1)
		for x := range width {
			out.Set(x, y, meanColor(img, image.Rect(b.Min.X+x*b.Dx()/width, y0, b.Min.X+(x+1)*b.Dx()/width, y1)))
		}
	}
	return out
}

// meanColor is the mean of the pixels of a part of a picture.
func meanColor(img image.Image, part image.Rectangle) color.Color {
	var r, g, b, a, n uint64
	for y := part.Min.Y; y < part.Max.Y; y++ {
		for x := part.Min.X; x < part.Max.X; x++ {
			r0, g0, b0, a0 := img.At(x, y).RGBA()
			r, g, b, a, n = r+uint64(r0), g+uint64(g0), b+uint64(b0), a+uint64(a0), n+1
		}
	}
	return color.RGBA64{uint16(r / n), uint16(g / n), uint16(b / n), uint16(a / n)}
}

// blocks writes two rows of pixels as one of upper halves of blocks.
func blocks(w *bufio.Writer, img image.Image) {
	b := img.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y += 2 {
		for x := b.Min.X; x < b.Max.X; x++ {
			upper, lower := opaque(img.At(x, y)), ""
			if y+1 < b.Max.Y {
				lower = opaque(img.At(x, y+1))
			}
			switch {
			case upper != "" && lower != "":
				_, _ = fmt.Fprintf(w, "\x1b[38;2;%s;48;2;%sm▀", upper, lower)
			case upper != "":
				_, _ = fmt.Fprintf(w, "\x1b[0;38;2;%sm▀", upper)
			case lower != "":
				_, _ = fmt.Fprintf(w, "\x1b[0;38;2;%sm▄", lower)
			default:
				_, _ = w.WriteString("\x1b[0m ")
			}
		}
		_, _ = w.WriteString("\x1b[0m\n")
	}
}

// opaque returns a colour as terminals are told it, "" if it is transparent.
func opaque(c color.Color) string {
	p := color.NRGBAModel.Convert(c).(color.NRGBA)
	if p.A < 128 {
		return ""
	}
	return fmt.Sprintf("%d;%d;%d", p.R, p.G, p.B)
}
