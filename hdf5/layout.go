package hdf5

import (
	"context"
	"math"
)

// LayoutClass is where a dataset's elements lie.
type LayoutClass uint8

// The classes.
const (
	Compact    LayoutClass = 0 // in the object's header
	Contiguous LayoutClass = 1 // in one piece, or in external files
	Chunked    LayoutClass = 2
	Virtual    LayoutClass = 3 // in other datasets
)

// indexKind is how the chunks of a dataset are found.
type indexKind uint8

const (
	indexNone indexKind = iota
	indexSingle
	indexImplicit
	indexFixed
	indexExtensible
	indexTree2
	indexTree1
)

// Layout says where a dataset's elements lie (section IV.A.2.i).
type Layout struct {
	Class LayoutClass
	Data  []byte // compact
	Addr  uint64 // contiguous: Undefined if nothing was written
	Size  int    // contiguous: bytes

	Chunk   []int // chunked: the elements of a chunk along each dimension
	PlainAt bool  // chunked: chunks that reach over the edge are not filtered

	addr  uint64 // of the index of chunks, or of the mappings
	index indexKind
	entry int // virtual: the number of the mappings in a heap

	elementSize int  // chunked: of an element, in bytes
	wide        bool // chunked: sizes of filtered chunks have as many bytes as lengths
	filtered    bool // single chunk: with size and mask
	single      Chunk
	pageBits    int // fixed array
}

// Undefined is the address of what is not stored.
const Undefined = undefined

func (c *cursor) layout() *Layout {
	l := &Layout{Addr: undefined, addr: undefined}
	switch version := c.version("layout", 1, 2, 3, 4, 5); version {
	case 1, 2:
		c.oldLayout(l)
	case 3, 4, 5:
		c.newLayout(l, version)
	}
	return l
}

// oldLayout is of version 1 or 2.
func (c *cursor) oldLayout(l *Layout) {
	rank := c.u8()
	l.Class = LayoutClass(c.u8())
	c.skip(5)
	if l.Class > Chunked {
		c.unknown("a layout of class %d", l.Class)
	}
	if rank > mostDims+1 {
		c.fail("a layout of %d dimensions", rank)
	}
	if l.Class != Compact {
		l.addr = c.address()
	}
	var dims []int
	for range rank {
		dims = append(dims, c.u32())
		if c.err != nil {
			return
		}
	}
	switch l.Class {
	case Compact:
		l.Data = c.bytes(c.u32())
	case Contiguous:
		l.Addr, l.Size = l.addr, -1 // as many as the dataset has
	case Chunked:
		l.index = indexTree1
		c.chunkShape(l, dims)
	}
}

// chunkShape takes the extents of a chunk, the last of which is an element's size.
func (c *cursor) chunkShape(l *Layout, dims []int) {
	if c.err == nil && len(dims) == 0 {
		c.fail("a chunk without dimensions")
	}
	if c.err != nil {
		return
	}
	n := 1
	for _, d := range dims {
		if d <= 0 || n > math.MaxInt/d {
			c.fail("a chunk of shape %v", dims)
			return
		}
		n *= d
	}
	l.Chunk, l.elementSize = dims[:len(dims)-1], dims[len(dims)-1]
}

// newLayout is of version 3, 4 or 5.
func (c *cursor) newLayout(l *Layout, version int) {
	l.Class = LayoutClass(c.u8())
	switch l.Class {
	case Compact:
		l.Data = c.bytes(c.u16())
	case Contiguous:
		l.Addr, l.Size = c.address(), c.length()
	case Chunked:
		if version == 3 {
			rank := c.u8()
			l.addr, l.index = c.address(), indexTree1
			var dims []int
			for range min(rank, mostDims+1) {
				dims = append(dims, c.u32())
			}
			c.chunkShape(l, dims)
			return
		}
		l.wide = version > 4
		c.chunkIndex(l)
	case Virtual:
		l.addr, l.entry = c.address(), c.u32()
	default:
		c.unknown("a layout of class %d", l.Class)
	}
}

// chunkIndex is how chunks are stored from version 4 on.
func (c *cursor) chunkIndex(l *Layout) {
	flags := c.u8()
	l.PlainAt, l.filtered = flags&1 != 0, flags&2 != 0
	rank, width := c.u8(), c.u8()
	if width < 1 || width > 8 {
		c.fail("chunk extents of %d bytes", width)
	}
	var dims []int
	for range min(rank, mostDims+1) {
		dims = append(dims, int(min(c.number(width), math.MaxInt)))
		if c.err != nil {
			return
		}
	}
	c.chunkShape(l, dims)
	switch l.index = indexKind(c.u8()); l.index {
	case indexSingle:
		if l.filtered {
			l.single.Size = c.length()
			l.single.Mask = uint32(c.u32())
		}
	case indexImplicit:
	case indexFixed:
		l.pageBits = c.u8()
	case indexExtensible:
		c.skip(5) // which its header has again
	case indexTree2:
		c.skip(6)
	default:
		c.unknown("a chunk index of type %d", l.index)
	}
	l.addr = c.address()
}

// External is a part of a contiguous dataset that lies in another file.
type External struct {
	Name   string
	Offset int // in that file
	Size   int // bytes; -1: without bound
}

// external reads the external file list (section IV.A.2.h).
func (f *File) external(ctx context.Context, data []byte) ([]External, error) {
	c := f.cursor(data)
	c.version("external file list", 1)
	c.skip(3)
	c.u16()
	n := c.u16()
	heap := c.address()
	if c.err != nil {
		return nil, c.err
	}
	names, err := f.localHeap(ctx, heap)
	if err != nil {
		return nil, err
	}
	var list []External
	for range n {
		at := c.length()
		e := External{Offset: c.length()}
		if size := c.number(c.sizes.length); size > math.MaxInt {
			e.Size = -1
		} else {
			e.Size = int(size)
		}
		if c.err != nil {
			return nil, c.err
		}
		if e.Name, err = names.text(at); err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, nil
}
