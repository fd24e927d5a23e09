package convert

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
)

// numberVerb is what stands for the number of a slice in a file's name.
var numberVerb = regexp.MustCompile(`%(0?[1-9][0-9]?)?d`)

// IsStack reports whether a file's name asks for a file for each slice: it has
// "%d", or with leading zeros "%04d", for the number.
func IsStack(path string) bool {
	return len(numberVerb.FindAllString(filepath.Base(path), -1)) == 1
}

// ExportStack writes each position along the first axis of a selection, from 0
// on, to a picture file of its own: "slice_%04d.tif", .png or .jpg. The selection
// has three axes, or a fourth of 3 or 4 unsigned colours. TIFF files hold any real
// type; PNG files uint8, uint16 and, as uint8, bool; JPEG files 8 bits. Other
// types need o.Levels. Files get their names when all are complete.
func ExportStack(ctx context.Context, d *dosna.Dataset, sel nd.Selection, pattern string, o *Options) error {
	if err := exportStack(ctx, d, sel, pattern, o); err != nil {
		return fmt.Errorf("export [%s] of %s to %s: %w", sel, d, pattern, err)
	}
	return nil
}

func exportStack(ctx context.Context, d *dosna.Dataset, sel nd.Selection, pattern string, o *Options) (err error) {
	if o == nil {
		o = &Options{}
	}
	r, err := sel.Resolve(d.Shape())
	if err != nil {
		return err
	}
	if n := len(r.Shape); !IsStack(pattern) || n != 3 && n != 4 || n == 4 && r.Shape[3] != 3 && r.Shape[3] != 4 {
		return fmt.Errorf("a stack of shape %v: want three axes (slices, rows, columns), or a fourth of 3 or 4 colours, and one %%d for the number", r.Shape)
	}
	s := slicing{shape: r.Shape[1:], from: d.Type(), to: d.Type(), kind: pictureKind(pattern), o: o}
	if err := s.check(); err != nil {
		return err
	}
	dir, base := filepath.Split(pattern)
	tmp, err := os.MkdirTemp(filepath.Clean(dir+"."), ".export-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(tmp)) }()
	name := func(dir string, i int) string { return filepath.Join(dir, fmt.Sprintf(base, i)) }
	n := 0
	size, _ := nd.Size(s.shape)
	plane := size * s.from.Size()
	var rest []byte
	err = inParts(ctx, d, sel, r, o.part(), func(elements []byte) error {
		if len(rest) > 0 || len(elements)%plane != 0 {
			rest = append(rest, elements...)
			elements = rest[:len(rest)/plane*plane]
		}
		var g errgroup.Group
		g.SetLimit(runtime.GOMAXPROCS(0))
		for ; len(elements) > 0; elements = elements[plane:] {
			i, slice := n, elements[:plane]
			n++
			g.Go(func() error {
				return replaceFile(name(tmp, i), func(w io.Writer) error { return s.write(w, slice) })
			})
		}
		err := g.Wait()
		rest = append(rest[:0], rest[len(rest)/plane*plane:]...)
		return err
	})
	if err != nil {
		return err
	}
	for i := range n {
		if err := os.Rename(name(tmp, i), name(dir, i)); err != nil {
			return err
		}
	}
	return nil
}

// slicing writes slices of one shape.
type slicing struct {
	shape    []int
	from, to dtype.Type
	kind     string
	o        *Options
}

func (s *slicing) check() error {
	if s.o.Levels != nil {
		var err error
		if s.to, err = s.o.Levels.typ(); err != nil {
			return err
		}
		if s.from.Kind() == dtype.Complex {
			return errors.New("complex numbers have no levels; cast them to a real type first")
		}
	}
	if size, ok := nd.Size(s.shape); !ok || size == 0 {
		return fmt.Errorf("slices of shape %v have no pixels", s.shape)
	}
	switch {
	case s.kind == "":
		return errors.New("the ending does not name a picture (.tif, .png, .jpg)")
	case s.kind == "tiff":
		_, _, err := pagesOf(s.shape, s.to)
		return err
	case s.to == dtype.Uint8, s.to == dtype.Bool, s.kind == "png" && s.to == dtype.Uint16:
		return nil
	}
	return fmt.Errorf("%s pictures cannot hold %s: write TIFF, or map a range of numbers to 8 bits (or 16, in PNG)", s.kind, s.to)
}

func (s *slicing) write(w io.Writer, elements []byte) error {
	if s.o.Levels != nil {
		out := make([]byte, len(elements)/s.from.Size()*s.to.Size())
		s.o.Levels.apply(out, elements, s.from)
		elements = out
	}
	if s.kind == "tiff" {
		t, err := newTIFFWriter(w, s.shape, s.to, s.o.Compression)
		if err != nil {
			return err
		}
		if _, err := t.Write(elements); err != nil {
			return err
		}
		return t.Close()
	}
	if s.to == dtype.Bool { // black and white
		bits := elements
		elements = make([]byte, len(bits))
		for i, b := range bits {
			elements[i] = -b
		}
	}
	if s.kind == "png" {
		t := s.to
		if t == dtype.Bool {
			t = dtype.Uint8
		}
		return writePNG(w, s.shape, t, elements)
	}
	return jpeg.Encode(w, s.image(elements), &jpeg.Options{Quality: 95})
}

// image makes a picture of bytes.
func (s *slicing) image(e []byte) image.Image {
	box := image.Rect(0, 0, s.shape[1], s.shape[0])
	if len(s.shape) == 2 {
		return &image.Gray{Pix: e, Stride: box.Dx(), Rect: box}
	}
	img := image.NewNRGBA(box)
	samples := s.shape[2]
	for i := range len(e) / samples {
		img.Pix[4*i+3] = 0xff
		copy(img.Pix[4*i:], e[i*samples:(i+1)*samples])
	}
	return img
}
