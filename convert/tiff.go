package convert

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/tiff"
	"github.com/dosna/dosna/nd"
)

// OpenTIFF opens the pages of a TIFF file of size bytes for reading: a file with
// one page is an array of rows and columns, one with several, which must be
// alike, has them along its first axis. Smaller copies of pages, and masks, are
// passed over. Colours are a last axis.
func OpenTIFF(name string, r io.ReaderAt, size int64) (*File, error) {
	p, err := tiffPlanes(name, r, size)
	if err != nil {
		return nil, err
	}
	return p.file(name, nil)
}

func tiffPlanes(name string, r io.ReaderAt, size int64) (*planes, error) {
	f, err := tiff.Open(r, size)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	var pages []int
	for i := range f.Len() {
		if !f.Reduced(i) {
			pages = append(pages, i)
		}
	}
	if pages == nil {
		return nil, fmt.Errorf("%s: all its pages are smaller copies or masks", name)
	}
	first := f.Page(pages[0])
	for _, i := range pages {
		if p := f.Page(i); p != first {
			return nil, fmt.Errorf("%s: page %d is %s, and page %d %s: pages of an array must be alike", name, pages[0], first, i, p)
		}
	}
	t, err := typeOfPage(first)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	p := &planes{shape: pictureShape(first.Height, first.Width, first.Samples), t: t, unit: f.PackedRows(pages[0])}
	if len(pages) > 1 {
		p.n = len(pages)
	}
	p.read = func(_ context.Context, i, first, rows int, dst []byte) error {
		if err := f.ReadRows(pages[i], first, rows, dst); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	}
	return p, nil
}

// pictureShape is that of a picture, without an axis for a single sample.
func pictureShape(height, width, samples int) []int {
	if samples == 1 {
		return []int{height, width}
	}
	return []int{height, width, samples}
}

func typeOfPage(p tiff.Page) (dtype.Type, error) {
	if p.Bits == 1 {
		return dtype.Bool, nil
	}
	return dtype.ByName(fmt.Sprintf("%s%d", p.Kind, p.Bits))
}

// pagesOf returns how an array is laid out in pages: rows and columns, with the
// pages before and colours behind them.
func pagesOf(shape []int, t dtype.Type) (p tiff.Page, pages int, err error) {
	kinds := map[dtype.Kind]tiff.Kind{dtype.Boolean: tiff.Uint, dtype.Uint: tiff.Uint, dtype.Int: tiff.Int, dtype.Float: tiff.Float}
	p = tiff.Page{Samples: 1, Kind: kinds[t.Kind()], Bits: 8 * t.Size()}
	if p.Kind == 0 || !t.Core() {
		return p, 0, fmt.Errorf("elements of %s cannot be written to TIFF; cast them to a real type first", t)
	}
	plane := shape
	if n := len(plane); n > 2 && (plane[n-1] == 3 || plane[n-1] == 4) && t.Kind() == dtype.Uint {
		p.Samples, plane = plane[n-1], plane[:n-1]
	}
	pages = 1
	if len(plane) == 3 {
		pages, plane = plane[0], plane[1:]
	}
	if len(plane) != 2 {
		return p, 0, fmt.Errorf("an array of shape %v is not pages of rows and columns (and of 3 or 4 unsigned colours); select two or three axes", shape)
	}
	if size, ok := nd.Size(shape); !ok || size == 0 {
		return p, 0, fmt.Errorf("an array of shape %v has no pixels", shape)
	}
	p.Height, p.Width = plane[0], plane[1]
	return p, pages, nil
}

// newTIFFWriter begins a file of the array's pages.
func newTIFFWriter(w io.Writer, shape []int, t dtype.Type, compression string) (*tiff.Writer, error) {
	o, err := tiffOptions(compression)
	if err != nil {
		return nil, err
	}
	p, pages, err := pagesOf(shape, t)
	if err != nil {
		return nil, err
	}
	return tiff.NewWriter(w, p, pages, o)
}

// Compressions are those of TIFF files that are written; the first is the
// default.
var Compressions = []string{"none", "deflate", "zstd"}

func tiffOptions(compression string) (*tiff.WriteOptions, error) {
	switch compression {
	case "", "none":
		return nil, nil
	case "deflate":
		return &tiff.WriteOptions{Compression: tiff.Deflate, Predictor: true}, nil
	case "zstd":
		return &tiff.WriteOptions{Compression: tiff.Zstd, Predictor: true}, nil
	}
	return nil, fmt.Errorf("compression %q is not one of TIFF files that are written %v", compression, Compressions)
}

// openTIFFFile opens a TIFF file that is read until it is closed.
func openTIFFFile(path string) (*planes, func() error, error) {
	in, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	info, err := in.Stat()
	var p *planes
	if err == nil {
		p, err = tiffPlanes(path, in, info.Size())
	}
	if err != nil {
		return nil, nil, errors.Join(err, in.Close())
	}
	return p, in.Close, nil
}

// exportTIFF writes a selection as the options say.
func exportTIFF(ctx context.Context, d *dosna.Dataset, sel nd.Selection, w io.Writer, o *Options) error {
	r, err := sel.Resolve(d.Shape())
	if err != nil {
		return err
	}
	s := slicing{shape: r.Shape, from: d.Type(), to: d.Type(), kind: "tiff", o: o}
	if err := s.check(); err != nil {
		return err
	}
	out, err := newTIFFWriter(w, r.Shape, s.to, o.Compression)
	if err != nil {
		return err
	}
	var levels []byte
	err = inParts(ctx, d, sel, r, o.part(), func(elements []byte) error {
		if o.Levels != nil {
			n := len(elements) / s.from.Size() * s.to.Size()
			levels = slices.Grow(levels[:0], n)[:n]
			o.Levels.apply(levels, elements, s.from)
			elements = levels
		}
		_, err := out.Write(elements)
		return err
	})
	if err != nil {
		return err
	}
	return out.Close()
}
