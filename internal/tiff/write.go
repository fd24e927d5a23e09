package tiff

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/dosna/dosna/internal/compress/deflate"
	"github.com/dosna/dosna/internal/compress/zstd"
)

// WriteOptions say how pages are written. The zero value (and nil) writes them
// uncompressed.
type WriteOptions struct {
	Compression Compression // None (also 0), Deflate or Zstd
	Level       int         // of the compression; 0: 6 of deflate, 3 of zstd
	// Predictor stores differences of neighbours, which compress better: of
	// integers predictor 2, of floats 3.
	Predictor   bool
	Description string // of the first page
	Big         bool   // BigTIFF, also where the file would not need it
}

// stripGoal is about how many bytes of a page go into a strip.
const stripGoal = 256 << 10

// Writer writes pages that are all alike. They are given to Write as one long
// run of rows, in the machine's byte order; Close completes the file. It holds a
// few strips in memory or, compressed, one page.
//
// The file is little-endian, with strips; it is BigTIFF if it could get longer
// than 4 GiB, as is known at the beginning, so that nothing is written twice.
type Writer struct {
	w     io.Writer
	p     Page
	o     WriteOptions
	pages int

	at      int64 // offset in the file
	page    int
	row     int      // bytes of a row
	strips  []int    // bytes of each strip of a page
	strip   int      // the next one
	pending [][]byte // strips not compressed yet
	part    []byte   // of a strip
	packed  [][]byte // strips of the page
	err     error
}

// NewWriter begins a file of so many pages.
func NewWriter(w io.Writer, p Page, pages int, o *WriteOptions) (*Writer, error) {
	t := &Writer{w: w, p: p, pages: pages}
	if o != nil {
		t.o = *o
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	if p.Bits == 1 {
		return nil, errors.New("single bits are not written; write them as bytes")
	}
	if pages < 1 {
		return nil, fmt.Errorf("a TIFF file has at least one page, not %d", pages)
	}
	if p.Bits == 64 && p.Bytes() > math.MaxInt64/pages/2 || p.Bytes() > math.MaxInt64/2/pages {
		return nil, fmt.Errorf("%d pages of %s are too large", pages, p)
	}
	switch t.o.Compression {
	case 0:
		t.o.Compression = None
	case None, Deflate, Zstd:
	default:
		return nil, fmt.Errorf("compression %s is not written; choose none, deflate or zstd", t.o.Compression)
	}
	if t.o.Compression == None {
		t.o.Predictor = false
	}
	t.row = p.Width * p.Samples * p.ItemSize()
	if t.o.Compression != None && t.row > maxSegment {
		return nil, fmt.Errorf("rows of %d bytes cannot be compressed", t.row)
	}
	rows := t.stripRows()
	for y := 0; y < p.Height; y += rows {
		t.strips = append(t.strips, min(rows, p.Height-y)*t.row)
	}
	// the most that compression adds, with a directory and its lists
	worst := int64(p.Bytes()) + int64(p.Bytes())/200 + int64(len(t.strips))*(16+128) + int64(p.Samples)*4 + 512
	if int64(pages) > (math.MaxUint32-int64(len(t.o.Description))-64)/worst {
		t.o.Big = true
	}
	return t, t.header()
}

func (t *Writer) stripRows() int { return min(max(stripGoal/t.row, 1), t.p.Height) }

func (t *Writer) header() error {
	h := []byte{'I', 'I', 42, 0, 8, 0, 0, 0}
	if t.o.Big {
		h = []byte{'I', 'I', 43, 0, 8, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0}
	}
	return t.put(h)
}

func (t *Writer) put(b []byte) error {
	if t.err == nil {
		var n int
		n, t.err = t.w.Write(b)
		t.at += int64(n)
	}
	return t.err
}

// Write writes what comes next: any number of bytes.
func (t *Writer) Write(b []byte) (int, error) {
	n := len(b)
	for len(b) > 0 && t.err == nil {
		if t.page == t.pages {
			t.err = fmt.Errorf("there is more than the %d pages of %s take", t.pages, t.p)
			break
		}
		if len(t.part) == 0 && t.strip == 0 && t.o.Compression == None {
			t.err = t.directory(t.strips)
		}
		if t.part == nil {
			t.part = make([]byte, 0, t.strips[t.strip])
		}
		take := min(t.strips[t.strip]-len(t.part), len(b))
		t.part = append(t.part, b[:take]...)
		b = b[take:]
		if len(t.part) == t.strips[t.strip] && t.err == nil {
			t.err = t.endStrip()
		}
	}
	if t.err != nil {
		return 0, t.err
	}
	return n, nil
}

// endStrip puts out the strip that is complete, and the page with it.
func (t *Writer) endStrip() error {
	t.strip++
	last := t.strip == len(t.strips)
	swap(t.part, t.p.ItemSize(), binary.LittleEndian)
	if t.o.Compression == None {
		if err := t.put(t.part); err != nil {
			return err
		}
		t.part = t.part[:0]
		if last {
			return t.endPage()
		}
		return nil
	}
	t.pending = append(t.pending, t.part)
	t.part = nil
	if last || len(t.pending) == runtime.GOMAXPROCS(0) {
		if err := t.pack(); err != nil {
			return err
		}
	}
	if !last {
		return nil
	}
	sizes := make([]int, len(t.packed))
	for i, b := range t.packed {
		sizes[i] = len(b)
	}
	if err := t.directory(sizes); err != nil {
		return err
	}
	for _, b := range t.packed {
		if err := t.put(b); err != nil {
			return err
		}
	}
	t.packed = t.packed[:0]
	return t.endPage()
}

func (t *Writer) endPage() error {
	t.strip = 0
	t.page++
	if t.at%2 == 1 && t.page < t.pages {
		return t.put([]byte{0})
	}
	return nil
}

// pack compresses the strips that wait, each on a processor of its own.
func (t *Writer) pack() error {
	first := len(t.packed)
	t.packed = append(t.packed, make([][]byte, len(t.pending))...)
	var g errgroup.Group
	for i, b := range t.pending {
		g.Go(func() error {
			var err error
			t.packed[first+i], err = t.compress(b)
			return err
		})
	}
	t.pending = t.pending[:0]
	return g.Wait()
}

func (t *Writer) compress(b []byte) ([]byte, error) {
	if kind := t.predictor(); kind != predictNone {
		// They work in the machine's order, floats leave it for the file's.
		size := t.p.ItemSize()
		swap(b, size, binary.LittleEndian)
		predict(kind, b, t.p.Width*t.p.Samples, size, t.p.Samples)
		if kind == predictHorizontal {
			swap(b, size, binary.LittleEndian)
		}
	}
	if t.o.Compression == Zstd {
		level := t.o.Level
		if level == 0 {
			level = 3
		}
		return zstd.Encode(nil, b, level, false)
	}
	level := t.o.Level
	if level == 0 {
		level = 6
	}
	return deflate.Zlib.Encode(nil, b, level)
}

func (t *Writer) predictor() int {
	switch {
	case !t.o.Predictor:
		return predictNone
	case t.p.Kind == Float:
		return predictFloat
	}
	return predictHorizontal
}

// Close completes the file; pages that are missing are an error.
func (t *Writer) Close() error {
	if t.err == nil && t.page < t.pages {
		t.err = fmt.Errorf("page %d of %d is incomplete: %s", t.page, t.pages, t.p)
	}
	return t.err
}

// entry is an entry of a directory to be written.
type entry struct {
	tag, typ uint16
	values   []int
	text     string
}

// directory writes the directory of a page, which its strips follow.
func (t *Writer) directory(sizes []int) error {
	p := t.p
	photometric, extra := 1, p.Samples-1
	if (p.Samples == 3 || p.Samples == 4) && p.Kind == Uint {
		photometric, extra = 2, p.Samples-3
	}
	repeat := func(v, n int) []int { return slices.Repeat([]int{v}, n) }
	offsetType := uint16(typeLong)
	if t.o.Big {
		offsetType = typeLong8
	}
	offsets := make([]int, len(sizes))
	list := []entry{
		{tag: tagWidth, typ: typeLong, values: []int{p.Width}},
		{tag: tagHeight, typ: typeLong, values: []int{p.Height}},
		{tag: tagBits, typ: typeShort, values: repeat(p.Bits, p.Samples)},
		{tag: tagCompression, typ: typeShort, values: []int{int(t.o.Compression)}},
		{tag: tagPhotometric, typ: typeShort, values: []int{photometric}},
	}
	if t.page == 0 && t.o.Description != "" {
		list = append(list, entry{tag: tagDescription, typ: typeASCII, text: t.o.Description + "\x00"})
	}
	list = append(list,
		entry{tag: tagStripOffsets, typ: offsetType, values: offsets},
		entry{tag: tagSamples, typ: typeShort, values: []int{p.Samples}},
		entry{tag: tagRowsPerStrip, typ: typeLong, values: []int{t.stripRows()}},
		entry{tag: tagStripBytes, typ: offsetType, values: sizes},
		entry{tag: tagPlanar, typ: typeShort, values: []int{1}})
	if kind := t.predictor(); kind != predictNone {
		list = append(list, entry{tag: tagPredictor, typ: typeShort, values: []int{kind}})
	}
	if extra > 0 {
		kind := 0
		if photometric == 2 {
			kind = 2 // alpha that colours are not multiplied with
		}
		list = append(list, entry{tag: tagExtraSamples, typ: typeShort, values: repeat(kind, extra)})
	}
	list = append(list, entry{tag: tagSampleFormat, typ: typeShort, values: repeat(int(p.Kind), p.Samples)})

	at := t.at + int64(len(t.encode(list, 0))) // where the strips begin
	end := at
	for i, n := range sizes {
		offsets[i] = int(end)
		end += int64(n)
	}
	next := end + end%2
	if t.page == t.pages-1 {
		next = 0
	}
	if !t.o.Big && end > math.MaxUint32 {
		return errors.New("the file gets longer than 4 GiB; write it as BigTIFF")
	}
	return t.put(t.encode(list, next))
}

// encode returns a directory, with the values that do not fit in it behind it.
func (t *Writer) encode(list []entry, next int64) []byte {
	o := binary.LittleEndian
	slot, head := 4, 2+12*len(list)+4
	if t.o.Big {
		slot, head = 8, 8+20*len(list)+8
	}
	number := func(b []byte, v int) []byte { // of the size of an offset
		if t.o.Big {
			return o.AppendUint64(b, uint64(v))
		}
		return o.AppendUint32(b, uint32(v))
	}
	var b, rest []byte
	if t.o.Big {
		b = o.AppendUint64(b, uint64(len(list)))
	} else {
		b = o.AppendUint16(b, uint16(len(list)))
	}
	for _, e := range list {
		values := []byte(e.text)
		for _, v := range e.values {
			switch e.typ {
			case typeShort:
				values = o.AppendUint16(values, uint16(v))
			case typeLong:
				values = o.AppendUint32(values, uint32(v))
			default:
				values = o.AppendUint64(values, uint64(v))
			}
		}
		b = o.AppendUint16(o.AppendUint16(b, e.tag), e.typ)
		b = number(b, len(e.values)+len(e.text))
		if len(values) <= slot {
			b = append(b, values...)
			b = append(b, make([]byte, slot-len(values))...)
			continue
		}
		b = number(b, int(t.at)+head+len(rest))
		rest = append(rest, values...)
		rest = append(rest, make([]byte, -len(rest)&7)...)
	}
	return append(number(b, int(next)), rest...)
}
