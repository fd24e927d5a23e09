package render

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	"image/png"
	"regexp"
	"strings"
	"testing"

	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
)

func TestDetectTerminal(t *testing.T) {
	for env, want := range map[string]Terminal{
		"":                                     Blocks,
		"TERM=xterm-256color":                  Blocks,
		"TERM=xterm-kitty":                     Kitty,
		"KITTY_WINDOW_ID=1":                    Kitty,
		"TERM_PROGRAM=ghostty":                 Kitty,
		"TERM=foot":                            Sixel,
		"TERM=foot-extra":                      Sixel,
		"TERM=footer":                          Blocks,
		"TERM=xterm-sixel":                     Sixel,
		"TERM_PROGRAM=iTerm.app":               ITerm,
		"TERM_PROGRAM=WezTerm":                 ITerm,
		"TERM=tmux-256color KITTY_WINDOW_ID=1": Blocks,
		"TMUX=x TERM_PROGRAM=iTerm.app":        Blocks,
	} {
		get := func(name string) string {
			for field := range strings.FieldsSeq(env) {
				if key, value, _ := strings.Cut(field, "="); key == name {
					return value
				}
			}
			return ""
		}
		if got := DetectTerminal(get); got != want {
			t.Errorf("%s: got %s, want %s", env, got, want)
		}
	}
}

// What the protocols carry is the picture.
func TestTerminalProtocols(t *testing.T) {
	img := image.NewNRGBA(image.Rect(0, 0, 90, 70))
	for i := range img.Pix {
		img.Pix[i] = uint8(i * i >> 3)
	}
	for kind, parts := range map[Terminal]string{Kitty: "\x1b_G([^;]*);([^\x1b]*)\x1b\\\\", ITerm: "\x1b\\]1337;File=([^:]*):([^\a]*)\a"} {
		var b strings.Builder
		if err := kind.Show(&b, img, 10); err != nil {
			t.Fatal(err)
		}
		data := ""
		found := regexp.MustCompile(parts).FindAllStringSubmatch(b.String(), -1)
		length := 1
		for i, m := range found {
			data += m[2]
			length += len(m[0])
			last := i == len(found)-1
			if kind == Kitty && (strings.Contains(m[1], "m=0") != last || strings.Contains(m[1], "a=T,f=100") != (i == 0) || len(m[2]) > 4096) {
				t.Errorf("part %d of %d: %q, %d characters", i, len(found), m[1], len(m[2]))
			}
		}
		if length != b.Len() {
			t.Errorf("%s: %d bytes are of the protocol, of %d", kind, length, b.Len())
		}
		file, err := base64.StdEncoding.DecodeString(data)
		if err != nil {
			t.Fatal(err)
		}
		back, err := png.Decode(bytes.NewReader(file))
		if err != nil || !bytes.Equal(back.(*image.NRGBA).Pix, img.Pix) {
			t.Errorf("%s: another picture: %v", kind, err)
		}
	}
	if err := Terminal("teletype").Show(&strings.Builder{}, img, 10); err == nil {
		t.Error("no error")
	}
}

func TestBlocks(t *testing.T) {
	img := image.NewNRGBA(image.Rect(0, 0, 2, 3))
	img.SetNRGBA(0, 0, color.NRGBA{1, 2, 3, 255})
	img.SetNRGBA(0, 1, color.NRGBA{4, 5, 6, 255})
	img.SetNRGBA(1, 1, color.NRGBA{7, 8, 9, 255})
	img.SetNRGBA(0, 2, color.NRGBA{9, 9, 9, 255})
	var b strings.Builder
	if err := Blocks.Show(&b, img, 80); err != nil {
		t.Fatal(err)
	}
	want := "\x1b[38;2;1;2;3;48;2;4;5;6m▀\x1b[0;38;2;7;8;9m▄\x1b[0m\n\x1b[0;38;2;9;9;9m▀\x1b[0m \x1b[0m\n"
	if b.String() != want {
		t.Errorf("got %q\nwant %q", b.String(), want)
	}
	b.Reset()
	wide := image.NewGray(image.Rect(0, 0, 1000, 100))
	if err := Blocks.Show(&b, wide, 50); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	if n := strings.Count(lines[0], "▀"); n != 50 || len(lines) != 3 {
		t.Errorf("%d characters in %d lines", n, len(lines))
	}
}

// A sheet has one range of numbers for all its pictures.
func TestSheet(t *testing.T) {
	o := &ImageOptions{}
	var list []*Canvas
	for i := range 5 {
		c, err := o.NewCanvas(2, 3, dtype.Float32)
		if err != nil {
			t.Fatal(err)
		}
		row := []float32{float32(i), float32(i), float32(i), float32(i), float32(i), 4}
		c.Add(nd.NewView(dtype.Bytes(row), []int{2, 3}, 4))
		list = append(list, c)
	}
	img, err := Sheet(list, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := img.Bounds().Size(); got != image.Pt(2*5-2, 3*4-2) {
		t.Fatalf("got %v", got)
	}
	for i := range 5 {
		x, y := i%2*5, i/2*4
		if got := img.NRGBAAt(x, y).R; got != uint8(level(float64(i), 0, 4)) {
			t.Errorf("picture %d begins with %d", i, got)
		}
		if got := img.NRGBAAt(x+2, y+1).R; got != 255 {
			t.Errorf("picture %d ends with %d", i, got)
		}
	}
	if img.NRGBAAt(3, 0).A != 0 {
		t.Error("the gap is not transparent")
	}
	other, err := o.NewCanvas(3, 3, dtype.Float32)
	if err != nil {
		t.Fatal(err)
	}
	for _, list := range [][]*Canvas{nil, {list[0], other}} {
		if _, err := Sheet(list, nil); err == nil {
			t.Error("no error")
		}
	}
}
