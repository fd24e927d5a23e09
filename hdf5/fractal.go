package hdf5

import (
	"context"
	"fmt"
	"math/bits"

	"github.com/dosna/dosna/hdf5/filter"
)

// fractalHeap holds links and attributes where there are many (section III.G).
type fractalHeap struct {
	file      *File
	addr      uint64
	idLen     int
	filters   []Filter
	checked   bool // direct blocks have checksums
	huge      uint64
	width     int // blocks in a row
	start     int // bytes of a block in the first row
	maxDirect int
	offWidth  int // bytes of an offset in the heap
	lenWidth  int // bytes of an object's length
	rows      int // of the root indirect block; 0: the root is a direct block
	root      uint64
	rootSize  int // stored bytes of a filtered root block
	rootMask  uint32

	blocks map[uint64][]byte // read and checked, by their addresses
}

func (f *File) fractalHeap(ctx context.Context, addr uint64) (*fractalHeap, error) {
	o, l := f.sizes.offset, f.sizes.length
	fixed := 4 + 1 + 2 + 2 + 1 + 4 + l + o + l + o + 8*l + 2 + l + l + 2 + 2 + o + 2
	c, err := f.structure(ctx, addr, fixed, "FRHP")
	if err != nil {
		return nil, err
	}
	h := &fractalHeap{file: f, addr: addr}
	c.version("fractal heap", 0)
	h.idLen = c.u16()
	filters := c.u16()
	h.checked = c.u8()&2 != 0
	maxManaged := c.u32()
	c.skip(l)
	h.huge = c.address()
	c.skip(l + o + 8*l)
	h.width = c.u16()
	h.start = c.length()
	h.maxDirect = c.length()
	maxBits := c.u16()
	c.skip(2)
	h.root = c.address()
	h.rows = c.u16()
	total := fixed + 4
	if filters > 0 {
		total += l + 4 + filters
	}
	if c.err != nil {
		return nil, c.err
	}
	if c, err = f.checked(ctx, addr, total, "FRHP"); err != nil {
		return nil, err
	}
	c.at = fixed
	if filters > 0 {
		h.rootSize, h.rootMask = c.length(), uint32(c.u32())
		c.data = c.data[:c.at+filters]
		h.filters = c.filters()
	}
	power := func(n int) bool { return n > 0 && bits.OnesCount(uint(n)) == 1 }
	if c.err == nil && (!power(h.width) || !power(h.start) || !power(h.maxDirect) || h.maxDirect < h.start || maxBits == 0 || maxBits > 64 || h.maxDirect > mostBytes) {
		c.fail("a fractal heap of %d blocks a row, from %d to %d bytes, with %d bits", h.width, h.start, h.maxDirect, maxBits)
	}
	h.offWidth = (maxBits + 7) / 8
	h.lenWidth = widthOf(uint64(min(h.maxDirect, maxManaged)))
	return h, c.err
}

// get returns the object that an ID names.
func (h *fractalHeap) get(ctx context.Context, id []byte) ([]byte, error) {
	c := h.file.cursor(id)
	first := c.u8()
	switch kind := first >> 4 & 3; {
	case c.err != nil:
		return nil, c.err
	case first>>6 != 0:
		c.unknown("version %d of a heap's object", first>>6)
		return nil, c.err
	case kind == 0:
		off, n := c.number(h.offWidth), int(c.number(h.lenWidth))
		if c.err != nil {
			return nil, c.err
		}
		return h.managed(ctx, off, n)
	case kind == 1:
		return h.large(ctx, c)
	case kind == 2:
		n := first & 0xf
		if h.idLen > 18 {
			n = n<<8 | c.u8()
		}
		return c.bytes(n + 1), c.err
	}
	return nil, fmt.Errorf("%w: an object of a heap of type %d", ErrUnsupported, first>>4&3)
}

// block is a part of the heap's own space.
type block struct {
	addr     uint64
	off      uint64 // in the heap's space
	size     int
	indirect int // rows; 0: a direct block
	stored   int // bytes of a filtered direct block
	mask     uint32
}

// rowSize is the number of bytes of a block in a row.
func (h *fractalHeap) rowSize(row int) uint64 {
	if row == 0 {
		return uint64(h.start)
	}
	if row > 62 {
		return 0
	}
	return uint64(h.start) << (row - 1)
}

// managed returns n bytes at an offset of the heap's space.
func (h *fractalHeap) managed(ctx context.Context, off uint64, n int) ([]byte, error) {
	b := block{addr: h.root, size: h.start, indirect: h.rows, stored: h.rootSize, mask: h.rootMask}
	if h.rows == 0 {
		b.size = h.start
	}
	for depth := 0; b.indirect > 0; depth++ {
		if depth > 64 {
			return nil, fmt.Errorf("%w: a fractal heap more than 64 deep", ErrCorrupt)
		}
		var err error
		if b, err = h.child(ctx, b, off); err != nil {
			return nil, err
		}
	}
	data, err := h.direct(ctx, b)
	if err != nil {
		return nil, err
	}
	at := off - b.off
	if at > uint64(len(data)) || n > len(data)-int(at) {
		return nil, fmt.Errorf("%w: an object of %d bytes at %d of a block of %d", ErrCorrupt, n, at, len(data))
	}
	return data[at : int(at)+n], nil
}

// child returns the block in an indirect block that has an offset.
func (h *fractalHeap) child(ctx context.Context, b block, off uint64) (block, error) {
	f := h.file
	head := 5 + f.sizes.offset + h.offWidth
	directRows := min(bits.Len(uint(h.maxDirect))-bits.Len(uint(h.start))+2, b.indirect)
	direct := f.sizes.offset
	if len(h.filters) > 0 {
		direct += f.sizes.length + 4
	}
	if b.indirect > 64 || h.width > 1<<16 {
		return block{}, fmt.Errorf("%w: an indirect block of %d rows", ErrCorrupt, b.indirect)
	}
	total := head + h.width*(directRows*direct+(b.indirect-directRows)*f.sizes.offset) + 4
	c, err := h.keep(b.addr, func() (*cursor, error) { return f.checked(ctx, b.addr, total, "FHIB") })
	if err != nil {
		return block{}, err
	}
	c.signature("FHIB")
	c.version("indirect block", 0)
	if owner := c.address(); c.err == nil && owner != h.addr {
		c.fail("an indirect block belongs to the heap at %d, not %d", owner, h.addr)
	}
	at := b.off
	for row := range b.indirect {
		size := h.rowSize(row)
		if size == 0 || off < at {
			break
		}
		if col := (off - at) / size; col < uint64(h.width) {
			child := block{off: at + col*size, size: int(size)}
			c.at = head
			if row < directRows {
				c.skip((row*h.width + int(col)) * direct)
				child.addr = c.address()
				if len(h.filters) > 0 {
					child.stored, child.mask = c.length(), uint32(c.u32())
				}
			} else {
				c.skip(directRows*h.width*direct + ((row-directRows)*h.width+int(col))*f.sizes.offset)
				child.addr = c.address()
				// As many rows as make up the block's size.
				child.indirect = bits.Len64(size) - bits.Len64(uint64(h.start)*uint64(h.width)) + 1
				if child.indirect < 1 {
					c.fail("an indirect block of %d bytes", size)
				}
			}
			if c.err == nil && child.addr == undefined {
				c.fail("a block of a heap is missing")
			}
			return child, c.err
		}
		at += size * uint64(h.width)
	}
	return block{}, fmt.Errorf("%w: an object at %d of a heap that ends before", ErrCorrupt, off)
}

// direct returns a direct block, with its head, which counts in offsets.
func (h *fractalHeap) direct(ctx context.Context, b block) ([]byte, error) {
	c, err := h.keep(b.addr, func() (*cursor, error) { return h.readDirect(ctx, b) })
	if err != nil {
		return nil, err
	}
	return c.data, nil
}

func (h *fractalHeap) readDirect(ctx context.Context, b block) (*cursor, error) {
	f := h.file
	if b.size > h.maxDirect {
		return nil, fmt.Errorf("%w: a direct block of %d bytes", ErrCorrupt, b.size)
	}
	data, err := h.unfiltered(ctx, b.addr, b.size, b.stored, b.mask)
	if err != nil {
		return nil, err
	}
	c := f.cursor(data)
	c.signature("FHDB")
	c.version("direct block", 0)
	if owner := c.address(); c.err == nil && owner != h.addr {
		c.fail("a direct block belongs to the heap at %d, not %d", owner, h.addr)
	}
	if off := c.number(h.offWidth); c.err == nil && off != b.off {
		c.fail("a direct block is at %d of its heap, not at %d", off, b.off)
	}
	if c.err == nil && h.checked {
		// The checksum stands in the head, and is of the block with zeros in its place.
		plain := append([]byte(nil), c.data...)
		stored := c.bytes(4)
		if c.err == nil {
			copy(plain[c.at-4:c.at], make([]byte, 4))
			c.err = sumOf(append(plain, stored...), "FHDB")
		}
	}
	return c, c.err
}

// large returns an object that has a place of its own in the file.
func (h *fractalHeap) large(ctx context.Context, c *cursor) ([]byte, error) {
	f := h.file
	direct := f.sizes.offset + f.sizes.length
	kind := 1
	if len(h.filters) > 0 {
		kind = 2
		direct += 4 + f.sizes.length
	}
	object := func(c *cursor) ([]byte, error) {
		addr, n := c.address(), c.length()
		size, mask := n, uint32(0)
		if kind == 2 {
			mask, size = uint32(c.u32()), c.length()
		}
		if c.err != nil {
			return nil, c.err
		}
		return h.unfiltered(ctx, addr, size, n, mask)
	}
	if h.idLen-1 >= direct {
		return object(c)
	}
	id := c.number(min(h.idLen-1, f.sizes.length))
	if c.err != nil {
		return nil, c.err
	}
	for record, err := range f.records(ctx, h.huge, kind) {
		if err != nil {
			return nil, err
		}
		if len(record) < direct+f.sizes.length {
			return nil, fmt.Errorf("%w: records of %d bytes for the objects of a heap", ErrCorrupt, len(record))
		}
		r := f.cursor(record)
		r.skip(direct)
		if r.number(f.sizes.length) == id && r.err == nil {
			return object(f.cursor(record))
		}
	}
	return nil, fmt.Errorf("%w: a heap has no object %d", ErrCorrupt, id)
}

// mostBlocksKept bounds the blocks that a heap keeps, for who asks for one object after the other.
const mostBlocksKept = 32

// keep returns what read does, or did a short time ago.
func (h *fractalHeap) keep(addr uint64, read func() (*cursor, error)) (*cursor, error) {
	if data, ok := h.blocks[addr]; ok {
		return h.file.cursor(data), nil
	}
	c, err := read()
	if err != nil {
		return nil, err
	}
	if h.blocks == nil || len(h.blocks) >= mostBlocksKept {
		h.blocks = map[uint64][]byte{}
	}
	h.blocks[addr] = c.data
	return h.file.cursor(c.data), nil
}

// unfiltered reads what has stored bytes in the file, and returns the size bytes that these were made of.
func (h *fractalHeap) unfiltered(ctx context.Context, addr uint64, size, stored int, mask uint32) ([]byte, error) {
	if len(h.filters) == 0 {
		return h.file.read(ctx, addr, size)
	}
	data, err := h.file.read(ctx, addr, stored)
	if err != nil {
		return nil, err
	}
	if size > mostBytes {
		return nil, fmt.Errorf("%w: an object of a heap of %d bytes", ErrUnsupported, size)
	}
	out, err := filter.Bind(h.filters).Decode(nil, data, mask, size)
	if err != nil {
		return nil, fmt.Errorf("%w: a heap: %w", ErrCorrupt, err)
	}
	return out, nil
}
