package convert

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/dosna/dosna/dtype"
)

// OpenNIfTI opens a volume in the NIfTI-1 or NIfTI-2 format (nifti1.h and
// nifti2.h, a single .nii file), also compressed by gzip, for reading.
//
// Axes are (x, y, z, t, …) with x varying fastest in the file, as in nibabel.
// If the header scales the stored numbers (scl_slope, scl_inter), they are
// scaled to double precision, unless stored is true: then they are read as they
// are in the file. Orientation and units are not looked at.
func OpenNIfTI(name string, r io.Reader, stored bool) (*File, error) {
	packed := false
	if at, _, _ := random(r); at == nil {
		b := bufio.NewReaderSize(r, 1<<16)
		start, _ := b.Peek(2)
		r, packed = b, isGzip(start)
	} else {
		var start [2]byte
		n, _ := io.ReadFull(r, start[:]) // what is wrong shows when it is read again
		packed = isGzip(start[:n])
		if _, err := r.(io.Seeker).Seek(-int64(n), io.SeekCurrent); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	if packed {
		z, err := gzip.NewReader(bufio.NewReaderSize(r, 1<<16))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		r = z
	}
	h, read, err := readNIfTIHeader(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err := skip(r, h.offset-read); err != nil {
		return nil, fmt.Errorf("%s: it ends before byte %d, where the elements begin: %w", name, h.offset, err)
	}
	f, err := newFile(name, r, h.layout)
	if err != nil {
		return nil, err
	}
	f.last = packed
	if h.slope != 0 && (h.slope != 1 || h.inter != 0) && !stored {
		f.scale = newScale(h.layout.Type, h.slope, h.inter)
	}
	return f, nil
}

func isGzip(start []byte) bool { return bytes.Equal(start, []byte{0x1f, 0x8b}) }

// skip moves n ≥ 0 bytes ahead.
func skip(r io.Reader, n int64) error {
	if at, _, _ := random(r); at != nil {
		_, err := r.(io.Seeker).Seek(n, io.SeekCurrent)
		return err
	}
	_, err := io.CopyN(io.Discard, r, n)
	return err
}

type niftiHeader struct {
	layout       Layout
	offset       int64 // of the first element in the file
	slope, inter float64
}

// maxNIfTIOffset bounds the extensions between header and elements.
const maxNIfTIOffset = 1 << 28

// readNIfTIHeader returns the header and its length in bytes.
func readNIfTIHeader(r io.Reader) (niftiHeader, int64, error) {
	b := make([]byte, 540)
	if _, err := io.ReadFull(r, b[:4]); err != nil {
		return niftiHeader{}, 0, errors.New("not a NIfTI file: it is too short")
	}
	var h niftiHeader
	var order binary.ByteOrder
	size := 0
	for i, o := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		if n := o.Uint32(b); n == 348 || n == 540 {
			order, size, h.layout.Order = o, int(n), []dtype.Order{dtype.Little, dtype.Big}[i]
		}
	}
	if size == 0 {
		return niftiHeader{}, 0, errors.New("not a NIfTI file: it does not begin with the length of a header, 348 or 540")
	}
	b = b[:size]
	if _, err := io.ReadFull(r, b[4:]); err != nil {
		return niftiHeader{}, 0, fmt.Errorf("the NIfTI header is cut short: %w", err)
	}
	parse := h.parse1
	if size == 540 {
		parse = h.parse2
	}
	err := parse(b, order)
	if h.offset == 0 { // as readers take it: right behind the header and the four bytes that announce extensions
		h.offset = int64(size) + 4
	}
	switch {
	case err != nil:
		return niftiHeader{}, 0, err
	case h.offset < int64(size) || h.offset > maxNIfTIOffset:
		return niftiHeader{}, 0, fmt.Errorf("NIfTI header: the elements cannot begin at byte %d (vox_offset)", h.offset)
	case math.IsNaN(h.slope) || math.IsInf(h.slope, 0) || math.IsNaN(h.inter) || math.IsInf(h.inter, 0):
		h.slope, h.inter = 0, 0 // as readers take it: not scaled
	}
	h.layout.Fortran = true
	if _, err := h.layout.bytes(); err != nil {
		return niftiHeader{}, 0, fmt.Errorf("NIfTI header: %w", err)
	}
	return h, int64(size), nil
}

func (h *niftiHeader) parse1(b []byte, o binary.ByteOrder) error {
	switch string(b[344:348]) {
	case "n+1\x00":
	case "ni1\x00":
		return errors.New("the elements are in another file (.img) than the NIfTI header (.hdr); join them to one .nii file")
	default:
		return errors.New("not a NIfTI file: the header has no magic number")
	}
	float := func(at int) float64 { return float64(math.Float32frombits(o.Uint32(b[at:]))) }
	offset := float(108)
	if !(offset >= 0 && offset <= maxNIfTIOffset) || offset != math.Trunc(offset) {
		return fmt.Errorf("NIfTI header: the elements cannot begin at byte %v (vox_offset)", offset)
	}
	h.offset, h.slope, h.inter = int64(offset), float(112), float(116)
	var dim [8]int64
	for i := range dim {
		dim[i] = int64(int16(o.Uint16(b[40+2*i:])))
	}
	return h.elements(dim, int16(o.Uint16(b[70:])))
}

func (h *niftiHeader) parse2(b []byte, o binary.ByteOrder) error {
	switch string(b[4:12]) {
	case "n+2\x00\r\n\x1a\n":
	case "ni2\x00\r\n\x1a\n":
		return errors.New("the elements are in another file (.img) than the NIfTI header (.hdr); join them to one .nii file")
	default:
		return errors.New("not a NIfTI file: the header has no magic number")
	}
	float := func(at int) float64 { return math.Float64frombits(o.Uint64(b[at:])) }
	h.offset, h.slope, h.inter = int64(o.Uint64(b[168:])), float(176), float(184)
	var dim [8]int64
	for i := range dim {
		dim[i] = int64(o.Uint64(b[16+8*i:]))
	}
	return h.elements(dim, int16(o.Uint16(b[12:])))
}

// niftiTypes are the data types by code.
var niftiTypes = map[int16]dtype.Type{
	2: dtype.Uint8, 4: dtype.Int16, 8: dtype.Int32, 16: dtype.Float32, 32: dtype.Complex64, 64: dtype.Float64,
	256: dtype.Int8, 512: dtype.Uint16, 768: dtype.Uint32, 1024: dtype.Int64, 1280: dtype.Uint64, 1792: dtype.Complex128,
}

// foreignNIfTITypes cannot be read.
var foreignNIfTITypes = map[int16]string{
	0: "of no type", 1: "single bits", 128: "RGB colours", 1536: "128-bit floats", 2048: "256-bit complex numbers", 2304: "RGBA colours",
}

// elements sets the shape and the type.
func (h *niftiHeader) elements(dim [8]int64, code int16) error {
	if dim[0] < 1 || dim[0] > 7 {
		return fmt.Errorf("NIfTI header: %d dimensions; 1 to 7 are possible", dim[0])
	}
	for i, n := range dim[1 : dim[0]+1] {
		if n < 1 {
			return fmt.Errorf("NIfTI header: axis %d has the length %d", i, n)
		}
		h.layout.Shape = append(h.layout.Shape, int(n))
	}
	t, ok := niftiTypes[code]
	if !ok {
		what := foreignNIfTITypes[code]
		if what == "" {
			what = "unknown"
		}
		return fmt.Errorf("NIfTI header: the elements have data type %d (%s), which cannot be imported", code, what)
	}
	h.layout.Type = t
	return nil
}
