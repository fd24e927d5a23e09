package convert

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"slices"

	"github.com/dosna/dosna/dtype"
)

// maxPicture bounds the bytes that a PNG or JPEG picture decodes to.
const maxPicture = 1 << 30

// openPicture opens a picture file, of which nothing is kept open but of TIFF.
func openPicture(path string) (p *planes, close func() error, err error) {
	switch pictureKind(path) {
	case "tiff":
		return openTIFFFile(path)
	case "":
		return nil, nil, fmt.Errorf("%s: the ending does not name a picture (.tif, .png, .jpg)", path)
	}
	p, err = headOf(path)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	p.read = func(_ context.Context, _, first, rows int, dst []byte) error {
		data, err := decodePicture(path, p)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		row := len(data) / p.shape[0]
		copy(dst, data[first*row:(first+rows)*row])
		return nil
	}
	return p, func() error { return nil }, nil
}

// headOf reads the header of a PNG or JPEG file.
func headOf(path string) (*planes, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	var c image.Config
	if pictureKind(path) == "png" {
		c, err = png.DecodeConfig(bufio.NewReader(f))
	} else {
		c, err = jpeg.DecodeConfig(bufio.NewReader(f))
	}
	if err != nil {
		return nil, err
	}
	p := &planes{t: dtype.Uint8}
	samples := 0
	switch m := c.ColorModel.(type) {
	case color.Palette:
		samples = 3
		for _, x := range m {
			if _, _, _, a := x.RGBA(); a != 0xffff {
				samples = 4
			}
		}
	default:
		switch m {
		case color.GrayModel:
			samples = 1
		case color.Gray16Model:
			samples, p.t = 1, dtype.Uint16
		case color.RGBAModel, color.YCbCrModel, color.CMYKModel:
			samples = 3
		case color.NRGBAModel:
			samples = 4
		case color.RGBA64Model:
			samples, p.t = 3, dtype.Uint16
		case color.NRGBA64Model:
			samples, p.t = 4, dtype.Uint16
		default:
			return nil, errors.New("its colours are of an unknown kind")
		}
	}
	p.shape = pictureShape(c.Height, c.Width, samples)
	const maxRatio = 1032 * 8 // of DEFLATE, with pixels of a bit
	if c.Height < 1 || c.Width < 1 || c.Height > maxPicture/8/c.Width || pictureKind(path) == "png" && int64(c.Height)*int64(c.Width) > info.Size()*maxRatio {
		return nil, fmt.Errorf("a picture of %d × %d pixels is too large, or more than a file of %d bytes holds", c.Height, c.Width, info.Size())
	}
	return p, nil
}

// decodePicture decodes a PNG or JPEG file that is still what its header was.
func decodePicture(path string, p *planes) ([]byte, error) {
	now, err := headOf(path)
	if err != nil {
		return nil, err
	}
	if !slices.Equal(now.shape, p.shape) || now.t != p.t {
		return nil, fmt.Errorf("it was %v of %s, and is %v of %s now: it has changed meanwhile", p.shape, p.t, now.shape, now.t)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var img image.Image
	if pictureKind(path) == "png" {
		img, err = png.Decode(bufio.NewReader(f))
	} else {
		img, err = jpeg.Decode(bufio.NewReader(f))
	}
	if err != nil {
		return nil, err
	}
	return numbersOf(img, p)
}

// numbersOf returns the samples of a picture, in rows, in the machine's order.
func numbersOf(img image.Image, p *planes) ([]byte, error) {
	height, width, samples := p.shape[0], p.shape[1], 1
	if len(p.shape) > 2 {
		samples = p.shape[2]
	}
	b := img.Bounds()
	if b.Dy() != height || b.Dx() != width {
		return nil, fmt.Errorf("it has %d × %d pixels, and its header says %d × %d", b.Dy(), b.Dx(), height, width)
	}
	item := p.t.Size()
	out := make([]byte, 0, height*width*samples*item)
	var pix []byte
	var stride, per int // bytes of a row, samples of a pixel
	switch m := img.(type) {
	case *image.Gray:
		pix, stride, per = m.Pix, m.Stride, 1
	case *image.Gray16:
		pix, stride, per = m.Pix, m.Stride, 1
	case *image.RGBA:
		pix, stride, per = m.Pix, m.Stride, 4
	case *image.NRGBA:
		pix, stride, per = m.Pix, m.Stride, 4
	case *image.RGBA64:
		pix, stride, per = m.Pix, m.Stride, 4
	case *image.NRGBA64:
		pix, stride, per = m.Pix, m.Stride, 4
	default: // palettes and JPEG's colours
		for y := b.Min.Y; y < b.Max.Y; y++ {
			for x := b.Min.X; x < b.Max.X; x++ {
				c := color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)
				out = append(out, []byte{c.R, c.G, c.B, c.A}[:samples]...)
			}
		}
		return out, nil
	}
	for y := range height {
		row := pix[y*stride:][:width*per*item]
		if per == samples {
			out = append(out, row...)
			continue
		}
		for x := range width {
			out = append(out, row[x*per*item:][:samples*item]...)
		}
	}
	if item > 1 && dtype.Native == dtype.Little {
		dtype.Swap(out, item)
	}
	return out, nil
}
