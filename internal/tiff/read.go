package tiff

import (
	"fmt"
	"math/bits"

	"github.com/dosna/dosna/internal/bufpool"
)

// ReadRows reads n rows of page i, from row first on, into dst, which has just
// the size: rows of pixels of samples, in the machine's byte order. Single bits
// become bytes of 0 and 1.
func (f *File) ReadRows(i, first, n int, dst []byte) error {
	if i < 0 || i >= len(f.pages) {
		return fmt.Errorf("page %d: the file has %d", i, len(f.pages))
	}
	p := f.pages[i]
	width := p.Width * p.Samples * p.ItemSize()
	if first < 0 || n < 0 || first > p.Height-n || len(dst) != n*width {
		return fmt.Errorf("page %d of %s: rows %d to %d, for %d bytes of memory, cannot be read", i, p.Page, first, first+n, len(dst))
	}
	planes := 1
	if p.planar {
		planes = p.Samples
	}
	for at := first; at < first+n; {
		band := at / p.segRows // of strips or tiles
		from := at - band*p.segRows
		to := min(p.segRows, first+n-band*p.segRows)
		part := dst[(at-first)*width : (at-first+to-from)*width]
		for plane := range planes {
			if err := f.readBand(p, band, plane, from, to, part); err != nil {
				return fmt.Errorf("page %d at offset %d: %w", i, p.at, err)
			}
		}
		at += to - from
	}
	return nil
}

// Read reads page i as ReadRows does.
func (f *File) Read(i int, dst []byte) error { return f.ReadRows(i, 0, f.pages[i].Height, dst) }

// readBand reads rows from up to to of a row of strips or tiles.
func (f *File) readBand(p page, band, plane, from, to int, dst []byte) error {
	across := p.across()
	index := (int64(plane)*p.down() + int64(band)) * across
	offsets, err := f.ints(p.offsets, index, across)
	if err != nil {
		return fmt.Errorf("offsets of strips or tiles: %w", err)
	}
	var counts []int64
	if p.counts.count >= index+across {
		if counts, err = f.ints(p.counts, index, across); err != nil {
			return fmt.Errorf("sizes of strips or tiles: %w", err)
		}
	}
	for col, off := range offsets {
		s := segment{page: &p, off: off + p.shift, size: -1, rows: p.segRows, from: from, to: to, col: col, plane: plane}
		if !p.tiles {
			s.rows = min(p.segRows, p.Height-band*p.segRows)
		}
		if counts != nil && p.shift == 0 {
			s.size = counts[col]
		}
		if err := f.readSegment(s, dst); err != nil {
			return fmt.Errorf("strip or tile %d at offset %d: %w", index+int64(col), s.off, err)
		}
	}
	return nil
}

// segment is a strip or tile, of which some rows are wanted.
type segment struct {
	*page
	off, size int64 // size -1: not known
	rows      int
	from, to  int
	col       int // which one in its band
	plane     int
}

// readSegment reads the rows wanted, and puts them where they belong in the
// page's rows.
func (f *File) readSegment(s segment, dst []byte) error {
	row := s.rowBytes()
	var buf *[]byte
	if s.compression == None {
		if s.size >= 0 && s.size < int64(s.to)*int64(row) {
			return fmt.Errorf("it has %d bytes, and %d rows take %d", s.size, s.to, s.to*row)
		}
		at, n := s.off+int64(s.from)*int64(row), (s.to-s.from)*row
		if at < 0 || at > f.size-int64(n) {
			return fmt.Errorf("%d bytes at offset %d are outside of the file, which has %d", n, at, f.size)
		}
		if n == len(dst) && s.Bits >= 8 && !s.reversed && !s.planar { // it is what is wanted
			if err := f.readInto(dst, at); err != nil {
				return err
			}
			swap(dst, s.Bits/8, f.order)
			return nil
		}
		buf = bufpool.Get(n)
		defer bufpool.Put(buf)
		if err := f.readInto(*buf, at); err != nil {
			return err
		}
		if s.reversed {
			reverseBits(*buf)
		}
		if s.Bits > 8 {
			swap(*buf, s.Bits/8, f.order)
		}
		s.put(dst, *buf)
		return nil
	}
	raw, err := f.packed(s)
	if err != nil {
		return err
	}
	defer bufpool.Put(raw)
	n := s.rows * row
	most, err := s.compression.most(*raw)
	if err != nil {
		return err
	}
	if most < n {
		return fmt.Errorf("%d bytes, compressed by %s, are too few for %d", s.size, s.compression, n)
	}
	buf = bufpool.Get(n)
	defer bufpool.Put(buf)
	if err := s.compression.unpack(*buf, *raw); err != nil {
		return err
	}
	item := s.ItemSize()
	if s.predictor != predictFloat {
		swap(*buf, item, f.order)
	}
	unpredict(s.predictor, *buf, s.segCols*s.inSegment(), item, s.inSegment())
	s.put(dst, (*buf)[s.from*row:s.to*row])
	return nil
}

// packed reads the bytes of a compressed strip or tile.
func (f *File) packed(s segment) (*[]byte, error) {
	if s.size < 0 || s.size > maxSegment || s.off < 0 || s.off > f.size-s.size {
		return nil, fmt.Errorf("%d bytes are outside of the file, which has %d, or more than %d MiB", s.size, f.size, maxSegment>>20)
	}
	raw := bufpool.Get(int(s.size))
	if err := f.readInto(*raw, s.off); err != nil {
		bufpool.Put(raw)
		return nil, err
	}
	if s.reversed {
		reverseBits(*raw)
	}
	return raw, nil
}

// put puts decoded rows into the rows of the page.
func (s segment) put(dst, rows []byte) {
	item, packed := s.ItemSize(), s.inSegment()
	cols := min(s.segCols, s.Width-s.col*s.segCols)
	n := cols * packed
	width := s.Width * s.Samples * item
	row := s.rowBytes()
	for y := range s.to - s.from {
		src := rows[y*row : (y+1)*row]
		out := dst[y*width+s.col*s.segCols*s.Samples*item:]
		switch {
		case s.Bits == 1 && s.planar:
			for x := range cols {
				out[x*s.Samples+s.plane] = bit(src, x)
			}
		case s.Bits == 1:
			for x := range n {
				out[x] = bit(src, x)
			}
		case s.planar:
			for x := range cols {
				copy(out[(x*s.Samples+s.plane)*item:][:item], src[x*item:])
			}
		default:
			copy(out[:n*item], src)
		}
	}
}

func bit(b []byte, i int) byte { return b[i/8] >> (7 - i%8) & 1 }

func reverseBits(b []byte) {
	for i, x := range b {
		b[i] = bits.Reverse8(x)
	}
}
