package parquet

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"

	"github.com/dosna/dosna/internal/compress/deflate"
	"github.com/dosna/dosna/internal/compress/zstd"
)

// Read returns the number of rows of a file, and those of the named columns that
// it has. The columns share memory with the file where they can.
func Read(file []byte, names []string, l Limits) (rows int, columns []Column, err error) {
	f, err := parseFooter(file)
	if err != nil {
		return 0, nil, err
	}
	if f.rows < 0 || f.rows > int64(l.Rows) || f.rows > math.MaxInt32 {
		return 0, nil, fmt.Errorf("%w: %d rows, where at most %d are", ErrTooLarge, f.rows, l.Rows)
	}
	var total int64
	for _, g := range f.groups {
		if g.rows < 0 || g.rows > f.rows-total {
			return 0, nil, corrupt("its parts have more rows than it")
		}
		total += g.rows
	}
	if total != f.rows {
		return 0, nil, corrupt("it has %d rows, and its parts have %d", f.rows, total)
	}
	r := &reader{file: file, footer: f, left: int64(l.Bytes)}
	for _, name := range names {
		c, found, err := r.column(name)
		if err != nil {
			return 0, nil, fmt.Errorf("column %q: %w", name, err)
		}
		if found {
			columns = append(columns, c)
		}
	}
	return int(f.rows), columns, nil
}

type reader struct {
	file   []byte
	footer *footer
	left   int64 // bytes of pages that may still be expanded
}

// column reads a column, if there is one of that name at the top.
func (r *reader) column(name string) (Column, bool, error) {
	at, e, err := r.find(name)
	if err != nil || at < 0 {
		return Column{}, false, err
	}
	if e.kind != typeInt32 && e.kind != typeInt64 && e.kind != typeByteArray {
		return Column{}, false, fmt.Errorf("%w: values of type %d", ErrUnsupported, e.kind)
	}
	p := &pages{r: r, optional: e.repetition == optional, kind: e.kind, column: Column{Name: name}}
	if e.kind != typeByteArray {
		p.column.Ints = []int64{}
	}
	for _, g := range r.footer.groups {
		if at >= len(g.chunks) {
			return Column{}, false, corrupt("a part of it lacks the column")
		}
		c := g.chunks[at]
		if len(c.path) != 1 || c.path[0] != name || c.kind != e.kind {
			return Column{}, false, corrupt("a part of it has another column in its place")
		}
		if c.values != g.rows {
			return Column{}, false, corrupt("%d values in %d rows", c.values, g.rows)
		}
		if err := p.read(c); err != nil {
			return Column{}, false, err
		}
	}
	return p.column, true, nil
}

// find returns the place among the leaves of the schema of a column, or -1.
func (r *reader) find(name string) (int, element, error) {
	s := r.footer.schema
	if len(s) == 0 || s[0].children < 0 || s[0].children > int64(len(s)-1) {
		return 0, element{}, corrupt("its schema does not hang together")
	}
	leaf, found := 0, -1
	var is element
	i := 1
	for range s[0].children {
		if i >= len(s) {
			return 0, element{}, corrupt("its schema does not hang together")
		}
		e := s[i]
		if e.name == name && found < 0 {
			if e.children != 0 || e.repetition != required && e.repetition != optional {
				return 0, element{}, fmt.Errorf("%w: lists, and columns of columns", ErrUnsupported)
			}
			found, is = leaf, e
		}
		// Pass over the element and what is in it.
		for open := int64(1); open > 0; open-- {
			if i >= len(s) || s[i].children < 0 || s[i].children > int64(len(s)) {
				return 0, element{}, corrupt("its schema does not hang together")
			}
			if s[i].children == 0 {
				leaf++
			}
			open += s[i].children
			i++
		}
	}
	return found, is, nil
}

// pages reads the pages of a column.
type pages struct {
	r        *reader
	optional bool
	kind     int64
	column   Column

	ints  []int64 // the dictionary of numbers
	base  int     // where the dictionary begins in column.Values
	dict  int     // how many entries it has
	known bool    // there is a dictionary
}

func (p *pages) read(c chunk) error {
	at := c.dataOffset
	if c.dictionaryStart > 0 {
		at = min(at, c.dictionaryStart)
	}
	size := int64(len(p.r.file))
	if at < 4 || c.compressed < 0 || at > size || c.compressed > size-at {
		return corrupt("%d bytes at %d of a file of %d", c.compressed, at, size)
	}
	p.known = false
	data := p.r.file[at : at+c.compressed]
	for left := c.values; left > 0; {
		h, n, err := parsePageHeader(data)
		if err != nil {
			return err
		}
		data = data[n:]
		if h.compressed < 0 || h.compressed > int64(len(data)) || h.expanded < 0 || h.values < 0 {
			return corrupt("a page of %d bytes, where %d are left", h.compressed, len(data))
		}
		page := data[:h.compressed]
		data = data[h.compressed:]
		if h.hasCRC && uint32(h.crc) != crc32.ChecksumIEEE(page) {
			return corrupt("the checksum of a page is wrong")
		}
		switch h.kind {
		case pageIndex:
		case pageDict:
			if page, err = p.r.expand(c.codec, page, h.expanded); err == nil {
				err = p.dictionary(h, page)
			}
		case pageData, pageDataV2:
			if h.values > left {
				return corrupt("a page of %d values, where %d are left", h.values, left)
			}
			left -= h.values
			err = p.data(c.codec, h, page)
		default:
			err = fmt.Errorf("%w: pages of kind %d", ErrUnsupported, h.kind)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// expand returns a page's bytes, n as its header says.
func (r *reader) expand(codec int64, page []byte, n int64) ([]byte, error) {
	if r.left -= n; r.left < 0 {
		return nil, fmt.Errorf("%w: its pages expand to too many bytes", ErrTooLarge)
	}
	if codec == codecNone {
		if int64(len(page)) != n {
			return nil, corrupt("a page of %d bytes, which should have %d", len(page), n)
		}
		return page, nil
	}
	var out []byte
	var err error
	switch codec {
	case codecSnappy:
		out, err = unsnappy(page, int(n))
	case codecGzip:
		out, err = deflate.Gzip.Decode(nil, page, int(n))
	case codecZstd:
		out, err = zstd.Decode(nil, page, int(n))
	default:
		return nil, fmt.Errorf("%w: compression number %d; snappy, gzip and zstd are", ErrUnsupported, codec)
	}
	if err != nil {
		return nil, corrupt("a page: %v", err)
	}
	if int64(len(out)) != n {
		return nil, corrupt("a page expands to %d bytes, which should be %d", len(out), n)
	}
	return out, nil
}

func (p *pages) dictionary(h pageHeader, page []byte) error {
	if p.known {
		return corrupt("two dictionaries")
	}
	if h.encoding != encodingPlain && h.encoding != encodingPlainDict {
		return fmt.Errorf("%w: a dictionary in encoding %d", ErrUnsupported, h.encoding)
	}
	p.known = true
	if p.kind == typeByteArray {
		p.base = len(p.column.Values)
		err := p.strings(page, h.values)
		p.dict = len(p.column.Values) - p.base
		return err
	}
	var err error
	p.ints, err = p.numbers(nil, page, h.values)
	return err
}

// data reads a page of values.
func (p *pages) data(codec int64, h pageHeader, page []byte) error {
	var levels []byte
	var err error
	if h.kind == pageDataV2 {
		if h.repetitions != 0 || h.definitions < 0 || h.definitions > int64(len(page)) || h.definitions > h.expanded {
			return corrupt("levels of %d and %d bytes in a page of %d", h.repetitions, h.definitions, len(page))
		}
		levels, page = page[:h.definitions], page[h.definitions:]
		if h.plain {
			codec = codecNone
		}
		if h.expanded -= h.definitions; h.expanded == 0 && len(page) == 0 {
			codec = codecNone
		}
	}
	if page, err = p.r.expand(codec, page, h.expanded); err != nil {
		return err
	}
	if h.kind == pageData && p.optional {
		if len(page) < 4 || int64(binary.LittleEndian.Uint32(page)) > int64(len(page)-4) {
			return corrupt("levels longer than their page")
		}
		n := 4 + int(binary.LittleEndian.Uint32(page))
		levels, page = page[4:n], page[n:]
	}
	rows := int(h.values)
	present := rows
	var defined []int32
	if p.optional {
		if defined, err = hybrid(levels, 1, rows); err != nil {
			return err
		}
		present = 0
		for _, d := range defined {
			present += int(d)
		}
	}
	if p.kind != typeByteArray {
		if present < rows {
			return fmt.Errorf("%w: rows without a number", ErrUnsupported)
		}
		return p.addNumbers(h.encoding, page, rows)
	}
	return p.addStrings(h.encoding, page, rows, present, defined)
}

func (p *pages) addNumbers(encoding int64, page []byte, rows int) error {
	switch encoding {
	case encodingPlain:
		var err error
		p.column.Ints, err = p.numbers(p.column.Ints, page, int64(rows))
		return err
	case encodingRLEDict, encodingPlainDict:
		indices, err := p.indices(page, rows, len(p.ints))
		for _, i := range indices {
			p.column.Ints = append(p.column.Ints, p.ints[i])
		}
		return err
	}
	return fmt.Errorf("%w: numbers in encoding %d", ErrUnsupported, encoding)
}

func (p *pages) addStrings(encoding int64, page []byte, rows, present int, defined []int32) error {
	var indices []int32
	first := len(p.column.Values)
	switch encoding {
	case encodingPlain:
		if err := p.strings(page, int64(present)); err != nil {
			return err
		}
	case encodingRLEDict, encodingPlainDict:
		var err error
		if indices, err = p.indices(page, present, p.dict); err != nil {
			return err
		}
	default:
		return fmt.Errorf("%w: byte strings in encoding %d", ErrUnsupported, encoding)
	}
	next := 0
	for row := range rows {
		if defined != nil && defined[row] == 0 {
			p.column.Index = append(p.column.Index, -1)
			continue
		}
		if indices != nil {
			p.column.Index = append(p.column.Index, int32(p.base)+indices[next])
		} else {
			p.column.Index = append(p.column.Index, int32(first+next))
		}
		next++
	}
	return nil
}

// indices reads n places in a dictionary of that many entries.
func (p *pages) indices(page []byte, n, entries int) ([]int32, error) {
	if n == 0 {
		return []int32{}, nil
	}
	if !p.known || len(page) == 0 {
		return nil, corrupt("values of a dictionary that is not there")
	}
	indices, err := hybrid(page[1:], int(page[0]), n)
	if err != nil {
		return nil, err
	}
	for _, i := range indices {
		if i < 0 || int(i) >= entries {
			return nil, corrupt("entry %d of a dictionary of %d", i, entries)
		}
	}
	return indices, nil
}

// numbers appends n numbers in encoding PLAIN.
func (p *pages) numbers(dst []int64, page []byte, n int64) ([]int64, error) {
	width := int64(8)
	if p.kind == typeInt32 {
		width = 4
	}
	if int64(len(page))/width < n {
		return nil, corrupt("%d numbers in %d bytes", n, len(page))
	}
	for i := range int(n) {
		if width == 4 {
			dst = append(dst, int64(int32(binary.LittleEndian.Uint32(page[4*i:]))))
		} else {
			dst = append(dst, int64(binary.LittleEndian.Uint64(page[8*i:])))
		}
	}
	return dst, nil
}

// strings appends n byte strings in encoding PLAIN to the column's values.
func (p *pages) strings(page []byte, n int64) error {
	if int64(len(page))/4 < n || int64(len(p.column.Values))+n > math.MaxInt32 {
		return corrupt("%d byte strings in %d bytes", n, len(page))
	}
	for range n {
		if len(page) < 4 || int64(binary.LittleEndian.Uint32(page)) > int64(len(page)-4) {
			return corrupt("a byte string longer than its page")
		}
		end := 4 + int(binary.LittleEndian.Uint32(page))
		p.column.Values = append(p.column.Values, page[4:end:end])
		page = page[end:]
	}
	return nil
}
