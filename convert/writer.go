package convert

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/internal/tiff"
)

// Writer writes one array in C order as a stream. Elements are given to Write
// in the machine's byte order, whole elements at a time; Close completes the
// stream and fails if elements are missing. It does not close what is written
// to.
type Writer struct {
	shape []int
	t     dtype.Type
	left  int // bytes of elements to come
	sink  func(elements []byte) error
	end   func() error
}

// NewWriter begins to write an array in one of the formats NPY, NPZ (name is
// that of the member, "arr_0" if empty), Raw, TIFF and JSON.
//
// In JSON an array is nested lists and an array without axes a single value. A
// complex number is a list of its two parts; NaN and the infinities, which JSON
// has not, are the texts "NaN", "Infinity" and "-Infinity".
func NewWriter(w io.Writer, f Format, shape []int, t dtype.Type, name string) (*Writer, error) {
	l := Layout{Shape: slices.Clone(shape), Type: t, Order: dtype.Native}
	size, err := l.bytes()
	if err != nil {
		return nil, err
	}
	out := &Writer{shape: l.Shape, t: t, left: size, end: func() error { return nil }}
	plain := func(w io.Writer) func([]byte) error {
		return func(elements []byte) error {
			_, err := w.Write(elements)
			return err
		}
	}
	switch f {
	case NPY:
		err = writeNPYHeader(w, l)
		out.sink = plain(w)
	case NPZ:
		if _, err := formatNPYHeader(l); err != nil { // before anything is written
			return nil, err
		}
		z := zip.NewWriter(w)
		if name == "" {
			name = "arr_0"
		}
		var member io.Writer
		if member, err = z.Create(strings.TrimSuffix(name, ".npy") + ".npy"); err == nil {
			err = writeNPYHeader(member, l)
			out.sink, out.end = plain(member), z.Close
		}
	case TIFF:
		var pages *tiff.Writer
		if pages, err = newTIFFWriter(w, shape, t, ""); err == nil {
			out.sink, out.end = plain(pages), pages.Close
		}
	case Raw:
		out.sink = plain(w)
	case JSON:
		var j *jsonWriter
		if j, out.end, err = newJSONWriter(w, l.Shape, t); err == nil {
			out.sink = j.write
		}
	default:
		return nil, fmt.Errorf("format %q cannot be written as a stream of elements", f)
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Write writes the elements that come next.
func (w *Writer) Write(elements []byte) (int, error) {
	if len(elements) > w.left || len(elements)%w.t.Size() != 0 {
		return 0, fmt.Errorf("write %d bytes of elements to an array of shape %v of %s, which lacks %d", len(elements), w.shape, w.t, w.left)
	}
	if err := w.sink(elements); err != nil {
		return 0, err
	}
	w.left -= len(elements)
	return len(elements), nil
}

// Close completes the stream.
func (w *Writer) Close() error {
	err := w.end()
	if w.left > 0 {
		err = errors.Join(fmt.Errorf("the array of shape %v of %s lacks %d bytes of elements", w.shape, w.t, w.left), err)
	}
	return err
}
