package render

import (
	"fmt"
	"image"
	"image/color"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// unsixel decodes what sixel writes, and refuses what terminals would not
// understand: it knows nothing of how it was encoded.
func unsixel(text string) (*image.NRGBA, error) {
	body, ok := strings.CutPrefix(text, "\x1bP")
	if !ok {
		return nil, fmt.Errorf("it begins with %q", text[:min(len(text), 4)])
	}
	body, ok = strings.CutSuffix(body, "\x1b\\\n")
	if !ok {
		return nil, fmt.Errorf("it does not end")
	}
	params, body, ok := strings.Cut(body, "q")
	if !ok || params != "0;1" {
		return nil, fmt.Errorf("parameters %q", params)
	}
	// numbers reads a list of numbers, separated by semicolons.
	numbers := func() (list []int) {
		end := len(body) - len(strings.TrimLeft(body, "0123456789;"))
		for field := range strings.SplitSeq(body[:end], ";") {
			n, err := strconv.Atoi(field)
			if err != nil {
				n = -1
			}
			list = append(list, n)
		}
		body = body[end:]
		return list
	}
	var img *image.NRGBA
	registers := map[int]color.NRGBA{}
	x, y, current, repeat := 0, 0, -1, 1
	for body != "" {
		code := body[0]
		body = body[1:]
		switch {
		case code == '"':
			size := numbers()
			if img != nil || len(size) != 4 || size[0] != 1 || size[1] != 1 || size[2] < 0 || size[3] < 0 {
				return nil, fmt.Errorf("raster attributes %v", size)
			}
			img = image.NewNRGBA(image.Rect(0, 0, size[2], size[3]))
		case code == '#':
			n := numbers()
			if n[0] < 0 || n[0] > 255 {
				return nil, fmt.Errorf("register %v", n)
			}
			current = n[0]
			if len(n) == 1 {
				break
			}
			if len(n) != 5 || n[1] != 2 || slices.Max(n[2:]) > 100 || slices.Min(n[2:]) < 0 {
				return nil, fmt.Errorf("colour %v", n)
			}
			part := func(x int) uint8 { return uint8((x*255 + 50) / 100) }
			registers[current] = color.NRGBA{part(n[2]), part(n[3]), part(n[4]), 255}
		case code == '!':
			n := numbers()
			if len(n) != 1 || n[0] < 1 || body == "" || body[0] < '?' || body[0] > '~' {
				return nil, fmt.Errorf("repeated %v times", n)
			}
			repeat = n[0]
		case code == '$':
			x = 0
		case code == '-':
			x, y = 0, y+6
		case code >= '?' && code <= '~':
			c, ok := registers[current]
			if !ok || img == nil {
				return nil, fmt.Errorf("colour register %d is not set", current)
			}
			for range repeat {
				for row := range 6 {
					if (code-'?')>>row&1 == 0 {
						continue
					}
					p := image.Pt(x, y+row)
					if !p.In(img.Rect) || img.NRGBAAt(p.X, p.Y).A != 0 {
						return nil, fmt.Errorf("pixel %v is outside, or drawn twice", p)
					}
					img.SetNRGBA(p.X, p.Y, c)
				}
				x++
			}
			repeat = 1
		default:
			return nil, fmt.Errorf("character %q", code)
		}
	}
	return img, nil
}

// checkSixel has a picture encoded and decoded. It is the same but for the levels
// of colours, and where there are more than 256 of these by how far those of
// one set may differ.
func checkSixel(t *testing.T, img *image.NRGBA) {
	t.Helper()
	var b strings.Builder
	if err := Sixel.Show(&b, img, 0); err != nil {
		t.Fatal(err)
	}
	back, err := unsixel(b.String())
	if err != nil {
		t.Fatalf("%v in %q", err, b.String())
	}
	if back.Rect.Size() != img.Rect.Size() {
		t.Fatalf("a picture of %v came back as %v", img.Rect, back.Rect)
	}
	colors := map[[3]uint8]bool{}
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			if c := img.NRGBAAt(x, y); c.A >= 128 {
				colors[sixelLevel(c)] = true
			}
		}
	}
	tolerance := 2
	if len(colors) > sixelColors {
		tolerance = 255 // of a single pixel; the sum is checked below
	}
	sum, n := 0, 0
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			a, b := img.NRGBAAt(x, y), back.NRGBAAt(x, y)
			if (a.A >= 128) != (b.A == 255) {
				t.Fatalf("pixel (%d, %d) is %v, was %v", x, y, b, a)
			}
			if a.A < 128 {
				continue
			}
			for _, d := range []int{int(a.R) - int(b.R), int(a.G) - int(b.G), int(a.B) - int(b.B)} {
				if d = max(d, -d); d > tolerance {
					t.Fatalf("pixel (%d, %d) is %v, was %v", x, y, b, a)
				}
				sum += d
				n++
			}
		}
	}
	if n > 0 && sum > 24*n { // 256 cells that fill the cube evenly are 40 wide
		t.Errorf("colours differ by %d on average", sum/n)
	}
}

func TestSixel(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, name := range Colormaps() {
		c, err := ColormapByName(name)
		if err != nil {
			t.Fatal(err)
		}
		img := image.NewNRGBA(image.Rect(0, 0, 256, 7))
		for i := range 7 * 256 {
			img.SetNRGBA(i%256, i/256, c[(i+i/256*31)%256])
		}
		checkSixel(t, img)
	}
	for range 30 {
		img := image.NewNRGBA(image.Rect(0, 0, random.IntN(40), random.IntN(40)))
		few := random.IntN(2) == 0
		for i := range img.Pix {
			img.Pix[i] = uint8(random.Uint32())
			if few {
				img.Pix[i] &= 0x81
			}
		}
		checkSixel(t, img)
	}
	wide := image.NewNRGBA(image.Rect(0, 0, 1000, 50))
	var b strings.Builder
	if err := Sixel.Show(&b, wide, 20); err != nil {
		t.Fatal(err)
	}
	if back, err := unsixel(b.String()); err != nil || back.Rect != image.Rect(0, 0, 160, 8) {
		t.Errorf("%v, %v", back.Rect, err)
	}
}

func FuzzSixel(f *testing.F) {
	f.Add(3, []byte{1, 2, 3, 255, 4, 5, 6, 0, 7, 8, 9, 200})
	f.Add(1, []byte{0, 0, 0, 255})
	f.Fuzz(func(t *testing.T, width int, pix []byte) {
		if width < 1 || width > 1<<10 || len(pix) > 1<<14 {
			return
		}
		img := image.NewNRGBA(image.Rect(0, 0, width, len(pix)/4/width))
		copy(img.Pix, pix)
		checkSixel(t, img)
	})
}

func TestPaletteKeepsFewColours(t *testing.T) {
	exact := func(c color.NRGBA) [3]uint8 { return [3]uint8{c.R, c.G, c.B} }
	img := image.NewNRGBA(image.Rect(0, 0, 16, 16))
	for i := range 256 {
		img.SetNRGBA(i%16, i/16, color.NRGBA{uint8(i), uint8(i * 7), uint8(i / 2), 255})
	}
	for _, most := range []int{1, 2, 17, 255, 256, 300} {
		colors, of := palette(img, most, exact)
		if len(of) != 256 || len(colors) != min(most, 256) {
			t.Fatalf("%d colours of %d, where %d are allowed", len(colors), len(of), most)
		}
		for c, i := range of {
			if most >= 256 && colors[i] != c {
				t.Errorf("%v became %v", c, colors[i])
			}
		}
	}
}
