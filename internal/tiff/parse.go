package tiff

import (
	"errors"
	"fmt"
	"strings"
)

// parse makes a page of the fields of its directory.
func (f *File) parse(fields map[uint16]field) (page, error) {
	var p page
	var problem error
	number := func(tag uint16, missing int64) int {
		fd, ok := fields[tag]
		if !ok || fd.count == 0 {
			if missing < 0 && problem == nil {
				problem = fmt.Errorf("the directory lacks tag %d", tag)
			}
			return int(missing)
		}
		v, err := f.ints(fd, 0, 1)
		if err != nil {
			if problem == nil {
				problem = fmt.Errorf("tag %d: %w", tag, err)
			}
			return 0
		}
		return int(v[0])
	}
	// alike is number of a list with a value for each sample, all the same.
	alike := func(tag uint16, missing int64) int {
		first := number(tag, missing)
		fd := fields[tag]
		v, err := f.ints(fd, 0, min(fd.count, maxSamples))
		for _, x := range v {
			if int(x) != first && err == nil {
				err = fmt.Errorf("samples that differ (%v)", v)
			}
		}
		if err != nil && problem == nil && fd.count > 0 {
			problem = fmt.Errorf("tag %d: %w", tag, err)
		}
		return first
	}
	p.Width, p.Height = number(tagWidth, -1), number(tagHeight, -1)
	p.Samples, p.Bits = number(tagSamples, 1), alike(tagBits, 1)
	p.Kind = Uint
	switch format := alike(tagSampleFormat, 1); format {
	case 1, 4: // 4: not said
	case 2, 3:
		p.Kind = Kind(format)
	case 5, 6:
		return page{}, errors.New("samples that are complex numbers cannot be read")
	default:
		return page{}, fmt.Errorf("samples of format %d", format)
	}
	compression := number(tagCompression, 1)
	p.compression = Compression(compression)
	p.predictor = number(tagPredictor, predictNone)
	p.planar = number(tagPlanar, 1) == 2
	p.reversed = number(tagFillOrder, 1) == 2
	p.reduced = number(tagSubfile, 0)&5 != 0
	photometric := number(tagPhotometric, 1)
	if problem != nil {
		return page{}, problem
	}
	if err := p.check(); err != nil {
		return page{}, err
	}
	if compression != int(p.compression) {
		return page{}, fmt.Errorf("compression %d is unknown", compression)
	}
	if err := p.layout(photometric); err != nil {
		return page{}, err
	}
	if _, p.tiles = fields[tagTileWidth]; p.tiles {
		p.segCols, p.segRows = number(tagTileWidth, -1), number(tagTileHeight, -1)
		p.offsets, p.counts = fields[tagTileOffsets], fields[tagTileBytes]
	} else {
		p.segCols, p.segRows = p.Width, min(number(tagRowsPerStrip, int64(p.Height)), p.Height)
		p.offsets, p.counts = fields[tagStripOffsets], fields[tagStripBytes]
	}
	if problem != nil {
		return page{}, problem
	}
	if err := p.checkSegments(f.size); err != nil {
		return page{}, err
	}
	if fd, ok := fields[tagDescription]; ok && fd.typ == typeASCII {
		b, err := f.read(fd.at, min(fd.count, maxDescription))
		if err != nil {
			return page{}, fmt.Errorf("the description: %w", err)
		}
		p.description = strings.TrimRight(string(b), "\x00")
	}
	return p, nil
}

// layout checks what the page's numbers are packed with.
func (p *page) layout(photometric int) error {
	switch p.compression {
	case None, PackBits, LZW, Deflate, OldDeflate, Zstd:
	default:
		return fmt.Errorf("compression %s cannot be read (only none, LZW, deflate, PackBits and zstd); convert the file with another program first", p.compression)
	}
	if photometric == 6 {
		return errors.New("colours of luma and chroma (YCbCr) cannot be read; convert the file to RGB first")
	}
	switch {
	case p.predictor == predictNone:
	case p.compression == None || p.compression == PackBits:
		return fmt.Errorf("predictor %d goes with LZW, deflate and zstd, not with compression %s", p.predictor, p.compression)
	case p.predictor == predictHorizontal && p.Bits >= 8:
	case p.predictor == predictFloat && p.Kind == Float:
	default:
		return fmt.Errorf("predictor %d cannot be read for samples of %s%d", p.predictor, p.Kind, p.Bits)
	}
	return nil
}

// maxSegment bounds the bytes of a compressed strip or tile, and of what it
// decodes to.
const maxSegment = 1 << 30

// checkSegments checks that there are as many strips or tiles as the page takes.
func (p *page) checkSegments(size int64) error {
	if p.segRows < 1 || p.segCols < 1 || p.segRows > maxSide || p.segCols > maxSide {
		return fmt.Errorf("strips or tiles of %d × %d pixels", p.segRows, p.segCols)
	}
	n := p.segments()
	if p.offsets.count < n {
		return fmt.Errorf("a page of %s in strips or tiles of %d × %d takes %d of them, and the directory lists %d", p.Page, p.segRows, p.segCols, n, p.offsets.count)
	}
	if p.counts.count < n && p.compression != None {
		return fmt.Errorf("the sizes of %d strips or tiles are missing", n-p.counts.count)
	}
	if p.compression == None && !p.tiles { // of the rest, sizes are looked at when it is read
		total := int64(p.Height) * int64(p.rowBytes())
		if p.planar {
			total *= int64(p.Samples)
		}
		if p.counts.count <= 1 && total > size {
			return fmt.Errorf("a page of %s takes %d bytes, and the file has %d", p.Page, total, size)
		}
	}
	if p.compression != None && int64(p.segRows)*int64(p.rowBytes()) > maxSegment {
		return fmt.Errorf("compressed strips or tiles of %d × %d pixels (more than %d MiB) cannot be read", p.segRows, p.segCols, maxSegment>>20)
	}
	return nil
}

// inSegment returns the samples of a pixel that lie together.
func (p *page) inSegment() int {
	if p.planar {
		return 1
	}
	return p.Samples
}

// rowBytes returns the bytes of a row of a strip or tile.
func (p *page) rowBytes() int { return (p.segCols*p.inSegment()*p.Bits + 7) / 8 }

func (p *page) across() int64 { return int64((p.Width + p.segCols - 1) / p.segCols) }
func (p *page) down() int64   { return int64((p.Height + p.segRows - 1) / p.segRows) }

// segments returns the number of strips or tiles.
func (p *page) segments() int64 {
	n := p.across() * p.down()
	if p.planar {
		n *= int64(p.Samples)
	}
	return n
}
