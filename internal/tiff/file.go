package tiff

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// File is an opened TIFF file. It is safe for concurrent use if its reader is.
type File struct {
	r     io.ReaderAt
	size  int64
	order binary.ByteOrder
	big   bool
	pages []page
}

// page is a page and where it lies.
type page struct {
	Page
	at            int64 // of its directory
	compression   Compression
	predictor     int
	planar, tiles bool
	reversed      bool // bits of every byte
	reduced       bool
	segRows       int // of a strip or tile
	segCols       int
	offsets       field
	counts        field
	description   string
	shift         int64 // of the data, from that of the directory: ImageJ's pages
}

// field is an entry of a directory.
type field struct {
	typ   uint16
	count int64
	at    int64 // of the values
}

// maxDescription bounds the text that is kept of each page.
const maxDescription = 1 << 16

// Open reads the directories of all pages of a file of size bytes.
func Open(r io.ReaderAt, size int64) (*File, error) {
	f := &File{r: r, size: size}
	next, err := f.header()
	if err != nil {
		return nil, err
	}
	seen := make(map[int64]bool)
	for next != 0 {
		if seen[next] {
			return nil, fmt.Errorf("page %d at offset %d: the directory is that of an earlier page; the file is damaged", len(f.pages), next)
		}
		seen[next] = true
		p, after, err := f.directory(next)
		if err != nil {
			return nil, fmt.Errorf("page %d at offset %d: %w", len(f.pages), next, err)
		}
		f.pages = append(f.pages, p)
		next = after
	}
	if len(f.pages) == 0 {
		return nil, errors.New("the TIFF file has no page")
	}
	if len(f.pages) == 1 {
		err = f.imageJ()
	}
	return f, err
}

// Len returns the number of pages.
func (f *File) Len() int { return len(f.pages) }

// Page returns what page i holds.
func (f *File) Page(i int) Page { return f.pages[i].Page }

// Reduced reports whether page i is a smaller copy of another one, or a mask.
func (f *File) Reduced(i int) bool { return f.pages[i].reduced }

// Description returns the text that page i carries, "" if none.
func (f *File) Description(i int) string { return f.pages[i].description }

func (f *File) header() (first int64, err error) {
	b := make([]byte, 16)
	n, err := f.r.ReadAt(b, 0)
	if n < 8 {
		if err == nil || errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return 0, fmt.Errorf("the file is too short for a TIFF header: %w", err)
	}
	switch string(b[:2]) {
	case "II":
		f.order = binary.LittleEndian
	case "MM":
		f.order = binary.BigEndian
	default:
		return 0, errors.New("not a TIFF file: it begins with neither II nor MM")
	}
	switch v := f.order.Uint16(b[2:]); {
	case v == 42:
		return int64(f.order.Uint32(b[4:])), nil
	case v == 43 && n == 16 && f.order.Uint16(b[4:]) == 8 && f.order.Uint16(b[6:]) == 0:
		f.big = true
		return int64(f.order.Uint64(b[8:])), nil
	default:
		return 0, fmt.Errorf("not a TIFF file: its version is %d (42 is TIFF, 43 with offsets of 8 bytes BigTIFF)", v)
	}
}

// read returns n bytes at an offset, all of which lie in the file.
func (f *File) read(at, n int64) ([]byte, error) {
	if at < 0 || n < 0 || n > f.size || at > f.size-n {
		return nil, fmt.Errorf("%d bytes at offset %d are outside of the file, which has %d", n, uint64(at), f.size)
	}
	b := make([]byte, n)
	return b, f.readInto(b, at)
}

func (f *File) readInto(b []byte, at int64) error {
	n, err := f.r.ReadAt(b, at)
	if n == len(b) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("read %d bytes at offset %d: %w", len(b), at, err)
}

// directory reads the directory of a page and where the next one is.
func (f *File) directory(at int64) (p page, next int64, err error) {
	countSize, entrySize, offsetSize := int64(2), int64(12), int64(4)
	if f.big {
		countSize, entrySize, offsetSize = 8, 20, 8
	}
	b, err := f.read(at, countSize)
	if err != nil {
		return page{}, 0, err
	}
	n := int64(f.order.Uint16(b))
	if f.big {
		n = int64(f.order.Uint64(b))
	}
	if n < 1 || n > 1<<16 {
		return page{}, 0, fmt.Errorf("a directory of %d entries", uint64(n))
	}
	if b, err = f.read(at+countSize, n*entrySize+offsetSize); err != nil {
		return page{}, 0, err
	}
	fields := make(map[uint16]field, n)
	for i := range n {
		e := b[i*entrySize:]
		tag, fd := f.order.Uint16(e), field{typ: f.order.Uint16(e[2:])}
		inline := at + countSize + i*entrySize + 8
		if f.big {
			fd.count, inline = int64(f.order.Uint64(e[4:])), inline+4
		} else {
			fd.count = int64(f.order.Uint32(e[4:]))
		}
		size := int64(0)
		if int(fd.typ) < len(typeSize) {
			size = int64(typeSize[fd.typ])
		}
		switch {
		case size == 0: // of a later version, and to be skipped
			continue
		case fd.count < 0 || fd.count > f.size:
			return page{}, 0, fmt.Errorf("tag %d has %d values, more than the file has bytes", tag, uint64(fd.count))
		case fd.count*size <= offsetSize:
			fd.at = inline
		case f.big:
			fd.at = int64(f.order.Uint64(e[12:]))
		default:
			fd.at = int64(f.order.Uint32(e[8:]))
		}
		if _, twice := fields[tag]; !twice {
			fields[tag] = fd
		}
	}
	if f.big {
		next = int64(f.order.Uint64(b[n*entrySize:]))
	} else {
		next = int64(f.order.Uint32(b[n*entrySize:]))
	}
	p, err = f.parse(fields)
	p.at = at
	return p, next, err
}

// ints returns values of a field from the first-th on.
func (f *File) ints(fd field, first, n int64) ([]int64, error) {
	if first < 0 || n < 0 || first > fd.count-n {
		return nil, fmt.Errorf("a list of %d values lacks those from %d to %d", fd.count, first, first+n)
	}
	size := int64(typeSize[fd.typ])
	b, err := f.read(fd.at+first*size, n*size)
	if err != nil {
		return nil, err
	}
	out := make([]int64, n)
	for i := range out {
		switch fd.typ {
		case 1:
			out[i] = int64(b[i])
		case typeShort:
			out[i] = int64(f.order.Uint16(b[2*i:]))
		case typeLong, typeIFD:
			out[i] = int64(f.order.Uint32(b[4*i:]))
		case typeLong8, typeIFD8:
			if out[i] = int64(f.order.Uint64(b[8*i:])); out[i] < 0 {
				return nil, fmt.Errorf("the value %d at offset %d is too large", uint64(out[i]), fd.at+(first+int64(i))*size)
			}
		default:
			return nil, fmt.Errorf("values of type %d where unsigned integers are due", fd.typ)
		}
	}
	return out, nil
}

// imageJ finds the pages of an ImageJ file that has one directory: the pictures
// lie one behind the other.
func (f *File) imageJ() error {
	p := f.pages[0]
	if !strings.HasPrefix(p.description, "ImageJ=") {
		return nil
	}
	for line := range strings.Lines(p.description) {
		text, ok := strings.CutPrefix(strings.TrimSpace(line), "images=")
		if !ok {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return fmt.Errorf("page 0 at offset %d: ImageJ's description promises images=%s", p.at, text)
		}
		if n == 1 {
			return nil
		}
		if p.compression != None {
			return fmt.Errorf("page 0 at offset %d: ImageJ's description promises %d images, but there is one, compressed", p.at, n)
		}
		return f.repeat(n)
	}
	return nil
}

// repeat makes n pages of the only one.
func (f *File) repeat(n int) error {
	p := f.pages[0]
	segments := p.segments()
	offsets, err := f.ints(p.offsets, 0, segments)
	if err != nil {
		return fmt.Errorf("page 0 at offset %d: %w", p.at, err)
	}
	bytes := int64(p.Height) * int64(p.rowBytes())
	if p.planar {
		bytes *= int64(p.Samples)
	}
	room := (f.size - min(offsets[0], f.size)) / bytes
	if p.tiles || !slices.IsSorted(offsets) || room < int64(n) {
		return fmt.Errorf("page 0 at offset %d: ImageJ's description promises %d images, and there is room for %d of them behind offset %d", p.at, n, room, offsets[0])
	}
	for i := 1; i < n; i++ {
		next := p
		next.shift, next.description = int64(i)*bytes, ""
		f.pages = append(f.pages, next)
	}
	return nil
}

// PackedRows returns how many rows of page i are packed together, in a strip or a
// row of tiles: rows read from a multiple of them on are unpacked once.
func (f *File) PackedRows(i int) int { return f.pages[i].segRows }
