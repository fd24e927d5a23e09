package render

import (
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
)

func texts(list []tick) []string {
	var s []string
	for _, t := range list {
		s = append(s, t.text)
	}
	return s
}

func TestTicks(t *testing.T) {
	s := newSpaces(100, 100)
	for _, c := range []struct {
		a         Axis
		n, pixels int
		want      string
	}{
		{Axis{Whole: true}, 100, 100, "0 50"},
		{Axis{Whole: true}, 100, 200, "0 20 40 60 80"},
		{Axis{Whole: true}, 100, 400, "0 10 20 30 40 50 60 70 80 90"},
		{Axis{Whole: true}, 3, 400, "0 1 2"},
		{Axis{Whole: true}, 1, 400, "0"},
		{Axis{Whole: true}, 2000, 5, "0"},
		{Axis{Whole: true, Start: 9, Step: -2}, 5, 300, "1 2 3 4 5 6 7 8 9"},
		{Axis{Whole: true, Start: 1000000}, 500, 500, "1000000 1000100 1000200 1000300 1000400"},
		{Axis{Step: 0.25}, 100, 400, "0 2 4 6 8 10 12 14 16 18 20 22 24"},
		{Axis{Start: -90, Step: 0.5}, 361, 500, "-80 -60 -40 -20 0 20 40 60 80"},
		{Axis{Start: 1e-7, Step: 1e-8}, 100, 300, "2e-7 4e-7 6e-7 8e-7 1e-6"},
		{Axis{Start: 3e9, Step: 1e7}, 100, 300, "3e9 3.2e9 3.4e9 3.6e9 3.8e9"},
		{Axis{Start: 1e300, Step: 1e299}, 100, 200, "5e300 1e301"},
		{Axis{Start: math.MaxFloat64, Step: math.MaxFloat64}, 100, 300, ""},
		{Axis{Start: math.NaN()}, 100, 300, ""},
	} {
		list := c.a.ticks(c.n, c.pixels, s.beside)
		if got := strings.Join(texts(list), " "); got != c.want {
			t.Errorf("%+v of %d on %d pixels: got %s, want %s", c.a, c.n, c.pixels, got, c.want)
		}
	}
	whole := Axis{Whole: true}.ticks(10, 1000, s.beside)
	if len(whole) != 10 || whole[3].at != 350 {
		t.Errorf("the fourth of ten elements on 1000 pixels is at %+v", whole)
	}
	if got := texts(ticks(5, 5, 0, func(float64) int { return 0 }, s.below)); !slices.Equal(got, []string{"5"}) {
		t.Errorf("got %v", got)
	}
}

// Ticks have room, lie inside, and are multiples of 1, 2 or 5 times a power of ten.
func TestTicksProperties(t *testing.T) {
	s := newSpaces(100, 100)
	rapid.Check(t, func(t *rapid.T) {
		a := Axis{
			Start: rapid.Float64Range(-1e6, 1e6).Draw(t, "start"),
			Step:  rapid.Float64Range(1e-6, 1e6).Draw(t, "step"),
			Whole: rapid.Bool().Draw(t, "whole"),
		}
		if rapid.Bool().Draw(t, "down") {
			a.Step = -a.Step
		}
		if a.Whole {
			a.Start, a.Step = math.Round(a.Start), math.Round(a.Step)
		}
		n, pixels := rapid.IntRange(1, 1<<20).Draw(t, "n"), rapid.IntRange(1, 4096).Draw(t, "pixels")
		list := a.ticks(n, pixels, s.beside)
		if len(list) == 0 {
			t.Fatal("no tick")
		}
		for i, x := range list {
			if x.at < 0 || x.at > pixels {
				t.Fatalf("%+v is outside", x)
			}
			if i > 0 {
				d := x.at - list[i-1].at
				if max(d, -d) < s.beside(x.text, list[i-1].text) {
					t.Fatalf("%+v touches %+v", x, list[i-1])
				}
				if x.text == list[i-1].text {
					t.Fatalf("%+v and %+v are alike", x, list[i-1])
				}
			}
			if a.Whole && len(list) > 1 && strings.Contains(x.text, ".") && !strings.Contains(x.text, "e") {
				t.Fatalf("%+v of an axis of whole numbers", x)
			}
		}
	})
}

func TestNewLabel(t *testing.T) {
	for text, want := range map[string]string{
		"x":                "x",
		"x (µm)":           "x (um)",
		"a\nb\tc":          "a b c",
		"°C m⁻¹":           "deg C m^-1",
		"":                 "",
		"abcdefghijklmnop": "abcdefg...",
		"\xff":             "\ufffd",
	} {
		if got := newLabel(text, 2, 10*2*7+3).text; got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	for width := range 30 {
		if l := newLabel("a longer text", 1, width); l.width() > width {
			t.Errorf("%q is wider than %d pixels", l.text, width)
		}
	}
}

// waves is a picture of rows × cols numbers.
func waves(t *testing.T, o *ImageOptions, rows, cols int) *Canvas {
	t.Helper()
	c, err := o.NewCanvas(rows, cols, dtype.Float32)
	if err != nil {
		t.Fatal(err)
	}
	values := make([]float32, rows*cols)
	for i := range values {
		y, x := float64(i/cols)/float64(rows), float64(i%cols)/float64(cols)
		values[i] = float32(100 * math.Sin(6*x) * math.Cos(5*y))
	}
	values[0] = float32(math.NaN())
	c.Add(nd.NewView(dtype.Bytes(values), []int{rows, cols}, 4))
	return c
}

// TestFrameGolden compares framed pictures with files; -update writes them.
func TestFrameGolden(t *testing.T) {
	micrometers := &Frame{Axes: true, Rows: Axis{Name: "y", Unit: "micrometer", Step: 0.5}, Cols: Axis{Name: "x", Unit: "µm", Start: -10, Step: 0.25}}
	for name, c := range map[string]struct {
		o          ImageOptions
		rows, cols int
		sheet      int
	}{
		"positions": {o: ImageOptions{Frame: &Frame{Axes: true, Rows: Axis{Name: "y", Whole: true}, Cols: Axis{Name: "x", Whole: true}}, Size: 160}, rows: 60, cols: 80},
		"units":     {o: ImageOptions{Frame: micrometers, Colormap: "viridis", Size: 150}, rows: 200, cols: 300},
		"bar":       {o: ImageOptions{Frame: &Frame{Bar: true, BarLabel: "height (m)"}, Colormap: "coolwarm"}, rows: 60, cols: 40},
		"both": {o: ImageOptions{Colormap: "magma", NaN: color.NRGBA{0, 255, 0, 255}, Range: Between(-1e-3, 2e-3), Frame: &Frame{
			Axes: true, Bar: true, Rows: Axis{Start: 99, Step: -1, Whole: true}, Cols: Axis{Name: "a name that is longer than the picture is wide"},
		}}, rows: 100, cols: 40},
		"sheet": {o: ImageOptions{Size: 50, Frame: &Frame{Axes: true, Bar: true}}, rows: 20, cols: 25, sheet: 5},
	} {
		canvas := waves(t, &c.o, c.rows, c.cols)
		var img *image.NRGBA
		if c.sheet == 0 {
			img = canvas.Image()
		} else {
			var err error
			names := []string{"z = 0", "z = 1", "z = 12", "z = 1234567", "z"}
			if img, err = Sheet(slices.Repeat([]*Canvas{canvas}, c.sheet), names); err != nil {
				t.Fatal(err)
			}
		}
		path := filepath.Join("testdata", "frame_"+name+".png")
		if *update {
			f, err := os.Create(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(f, img); err != nil {
				t.Fatal(err)
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
		}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		want, err := png.Decode(f)
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		if want.Bounds() != img.Rect {
			t.Errorf("%s: %v, want %v", name, img.Rect, want.Bounds())
			continue
		}
		for y := range img.Rect.Dy() {
			for x := range img.Rect.Dx() {
				a, b := img.NRGBAAt(x, y), nrgba(want, x, y)
				if max(apart(a.R, b.R), apart(a.G, b.G), apart(a.B, b.B), apart(a.A, b.A)) > 2 { // sines differ by platform
					t.Fatalf("%s: pixel (%d, %d) is %v, want %v", name, x, y, a, b)
				}
			}
		}
	}
}

func apart(a, b uint8) int { return max(int(a)-int(b), int(b)-int(a)) }

// A frame leaves the picture in it as it is without one.
func TestFrameKeepsPicture(t *testing.T) {
	for _, f := range []Frame{{Axes: true}, {Bar: true}, {Axes: true, Bar: true, BarLabel: "m", Rows: Axis{Name: "y"}}} {
		o := &ImageOptions{Size: 300, NaN: paper, Colormap: "viridis"}
		plain := waves(t, o, 100, 75).Image()
		o.Frame = &f
		framed := waves(t, o, 100, 75).Image()
		found := false
		for top := range framed.Rect.Dy() - plain.Rect.Dy() {
			for left := range framed.Rect.Dx() - plain.Rect.Dx() {
				found = found || contains(framed, plain, image.Pt(left, top))
			}
		}
		if !found {
			t.Errorf("%+v: the picture is not in its frame", f)
		}
	}
	if o := (&ImageOptions{Frame: &Frame{}}); waves(t, o, 5, 6).Image().Rect != image.Rect(0, 0, 6, 5) {
		t.Error("an empty frame has pixels")
	}
}

func contains(img, part *image.NRGBA, at image.Point) bool {
	for y := range part.Rect.Dy() {
		row := img.Pix[img.PixOffset(at.X, at.Y+y):][:4*part.Rect.Dx()]
		if !slices.Equal(row, part.Pix[y*part.Stride:][:4*part.Rect.Dx()]) {
			return false
		}
	}
	return true
}

// Pictures of any shape can be framed, whatever the names.
func TestFrameOfAnyShape(t *testing.T) {
	for _, shape := range [][2]int{{1, 1}, {1, 300}, {300, 1}, {1, 5000}, {3000, 2}} {
		f := &Frame{Axes: true, Bar: true, BarLabel: strings.Repeat("label ", 50), Rows: Axis{Name: "r", Whole: true}, Cols: Axis{Name: strings.Repeat("col", 99), Unit: "\xff\x00"}}
		img := waves(t, &ImageOptions{Frame: f}, shape[0], shape[1]).Image()
		if img.Rect.Dx() > 5000+8000 || img.Rect.Dy() > 5000+8000 {
			t.Errorf("%v in a frame: %v", shape, img.Rect)
		}
	}
}
