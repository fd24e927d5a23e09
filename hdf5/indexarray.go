package hdf5

import (
	"context"
	"fmt"
	"math/bits"
)

func bitLen(n int) int { return bits.Len(uint(n)) }

// element reads one of an array of chunks, and yields it.
func (w *chunkWalk) element(c *cursor, number int, at []int, size int) error {
	chunk := Chunk{Coord: at, Addr: c.address(), Size: w.bytes}
	if size > 0 {
		chunk.Size, chunk.Mask = int(c.number(size)), uint32(c.u32())
	}
	if c.err != nil {
		return c.err
	}
	w.place(number, at)
	return w.give(chunk)
}

// place works out where a chunk is in the grid. If a dimension other than the first is without bound
// that one counts as the slowest.
func (w *chunkWalk) place(number int, at []int) {
	free := 0
	for i, n := range w.most {
		if n < 0 {
			free = i
		}
	}
	if free == 0 {
		coord(number, w.most, at)
		return
	}
	turned, found := []int{w.most[free]}, make([]int, len(at))
	for i, n := range w.most {
		if i != free {
			turned = append(turned, n)
		}
	}
	coord(number, turned, found)
	at[free] = found[0]
	next := 1
	for i := range at {
		if i != free {
			at[i] = found[next]
			next++
		}
	}
}

// elementSizes checks an array's kind of elements, and returns the bytes of one and of
// the size in it, which is 0 without filters.
func (w *chunkWalk) elementSizes(c *cursor) (entry, size int) {
	client := c.u8()
	entry = c.u8()
	want := w.f.sizes.offset
	if w.filtered() {
		size = entry - w.f.sizes.offset - 4
		want = entry
	}
	if c.err == nil && (client == 1) != w.filtered() || entry != want || size < 0 || size > 8 || w.filtered() && size == 0 {
		c.fail("an array of chunks of kind %d with elements of %d bytes", client, entry)
	}
	return entry, size
}

// page reads the elements from number on in a piece of n with a checksum at its
// end, the first of which is at addr.
func (w *chunkWalk) page(ctx context.Context, addr uint64, number, n, entry, size int, at []int) error {
	data, err := w.f.read(ctx, addr, n*entry+4)
	if err != nil {
		return err
	}
	if err := sumOf(data, "a page of chunks"); err != nil {
		return err
	}
	c := w.f.cursor(data)
	for i := range n {
		if err := w.element(c, number+i, at, size); err != nil {
			return err
		}
	}
	return nil
}

// fixed reads a fixed array (section VII.D).
func (w *chunkWalk) fixed(ctx context.Context) error {
	o, l := w.f.sizes.offset, w.f.sizes.length
	c, err := w.f.checked(ctx, w.d.Layout.addr, 8+l+o+4, "FAHD")
	if err != nil {
		return err
	}
	c.version("fixed array", 0)
	entry, size := w.elementSizes(c)
	pageBits := c.u8()
	n, block := c.length(), c.address()
	if c.err == nil && (pageBits == 0 || pageBits > 32 || n > mostChunks) {
		c.fail("a fixed array of %d chunks in pages of 2^%d", n, pageBits)
	}
	if c.err != nil || block == undefined {
		return c.err
	}
	at := make([]int, len(w.grid))
	head := 6 + o
	per := 1 << pageBits
	if n <= per {
		c, err := w.f.checked(ctx, block, head+n*entry+4, "FADB")
		if err != nil {
			return err
		}
		c.skip(head - 4)
		for i := range n {
			if err := w.element(c, i, at, size); err != nil {
				return err
			}
		}
		return nil
	}
	count := ceil(n, per)
	bitmap := ceil(count, 8)
	if c, err = w.f.checked(ctx, block, head+bitmap+4, "FADB"); err != nil {
		return err
	}
	c.skip(head - 4)
	used := c.bytes(bitmap)
	if c.err != nil {
		return c.err
	}
	addr := block + uint64(head+bitmap+4)
	for i := range count {
		have := min(per, n-i*per)
		if used[i/8]&(0x80>>(i%8)) != 0 {
			if err := w.page(ctx, addr, i*per, have, entry, size, at); err != nil {
				return err
			}
		}
		addr += uint64(have*entry + 4)
	}
	return nil
}

// extensible reads an extensible array (section VII.E).
func (w *chunkWalk) extensible(ctx context.Context) error {
	o, l := w.f.sizes.offset, w.f.sizes.length
	c, err := w.f.checked(ctx, w.d.Layout.addr, 12+6*l+o+4, "EAHD")
	if err != nil {
		return err
	}
	c.version("extensible array", 0)
	e := &extensible{w: w, at: make([]int, len(w.grid))}
	e.entry, e.size = w.elementSizes(c)
	maxBits := c.u8()
	inIndex := c.u8()
	e.min = c.u8()
	pointers := c.u8()
	e.pageBits = c.u8()
	c.skip(4 * l)
	e.left = c.length() // one more than the highest number
	c.skip(l)
	block := c.address()
	power := func(n int) bool { return n > 0 && n&(n-1) == 0 }
	if c.err == nil && (maxBits == 0 || maxBits > 64 || !power(e.min) || !power(pointers) || e.pageBits == 0 || e.pageBits > 32 || bitLen(e.min)-1 > maxBits) {
		c.fail("an extensible array of 2^%d chunks, from %d a block, %d blocks, pages of 2^%d", maxBits, e.min, pointers, e.pageBits)
	}
	if c.err != nil || block == undefined {
		return c.err
	}
	e.offWidth = (maxBits + 7) / 8
	supers := 1 + maxBits - (bitLen(e.min) - 1)
	inline := min(2*(bitLen(pointers)-1), supers) // super blocks whose blocks the index block names itself
	direct := 2 * (pointers - 1)
	head := 6 + o
	total := head + inIndex*e.entry + (direct+supers-inline)*o + 4
	if c, err = w.f.checked(ctx, block, total, "EAIB"); err != nil {
		return err
	}
	c.skip(head - 4)
	for range inIndex {
		if err := e.one(c); err != nil {
			return err
		}
	}
	w.f.aheadOf(ctx, c, direct+supers-inline, 0, o, head+e.offWidth+e.min*pointers*e.entry)
	for u := range inline {
		for range 1 << (u / 2) {
			if err := e.block(ctx, c.address(), e.inBlock(u), nil); err != nil {
				return err
			}
		}
	}
	for u := inline; u < supers && e.left > 0; u++ {
		addr := c.address()
		if c.err != nil {
			return c.err
		}
		if err := e.super(ctx, addr, u); err != nil {
			return err
		}
	}
	return c.err
}

type extensible struct {
	w           *chunkWalk
	at          []int
	entry, size int
	min         int // elements of the smallest block
	pageBits    int
	offWidth    int
	number      int // of the next element
	left        int // elements that there may still be
}

// inBlock is the number of elements in a block of the super block u.
func (e *extensible) inBlock(u int) int { return e.min << ((u + 1) / 2) }

// pass goes by elements that are not stored.
func (e *extensible) pass(n int) {
	e.number += n
	e.left = max(e.left-n, 0)
}

func (e *extensible) one(c *cursor) error {
	if e.left == 0 {
		c.skip(e.entry)
		return c.err
	}
	if err := e.w.element(c, e.number, e.at, e.size); err != nil {
		return err
	}
	e.pass(1)
	return nil
}

// super reads a super block.
func (e *extensible) super(ctx context.Context, addr uint64, u int) error {
	n, blocks := e.inBlock(u), 1<<(u/2)
	if addr == undefined {
		if n > mostChunks/blocks {
			e.left = 0
			return nil
		}
		e.pass(n * blocks)
		return nil
	}
	f := e.w.f
	head := 6 + f.sizes.offset + e.offWidth
	bitmap := 0
	if n > 1<<e.pageBits {
		bitmap = ceil(n>>e.pageBits, 8)
	}
	if bitmap+f.sizes.offset > mostBytes/blocks {
		return fmt.Errorf("%w: a super block of %d blocks", ErrCorrupt, blocks)
	}
	c, err := f.checked(ctx, addr, head+blocks*(bitmap+f.sizes.offset)+4, "EASB")
	if err != nil {
		return err
	}
	c.skip(head - 4)
	used := c.bytes(blocks * bitmap)
	if bitmap == 0 {
		f.aheadOf(ctx, c, blocks, 0, f.sizes.offset, head+n*e.entry+4)
	}
	for i := range blocks {
		if e.left == 0 {
			return nil
		}
		var pages []byte
		if bitmap > 0 && c.err == nil {
			pages = used[i*bitmap : (i+1)*bitmap]
		}
		if err := e.block(ctx, c.address(), n, pages); err != nil {
			return err
		}
	}
	return c.err
}

// block reads a data block of n elements, of which those pages were written whose bits
// are set, if it has pages.
func (e *extensible) block(ctx context.Context, addr uint64, n int, used []byte) error {
	if addr == undefined || e.left == 0 {
		e.pass(n)
		return nil
	}
	f := e.w.f
	head := 6 + f.sizes.offset + e.offWidth
	if used == nil {
		c, err := f.checked(ctx, addr, head+n*e.entry+4, "EADB")
		if err != nil {
			return err
		}
		c.skip(head - 4)
		for range n {
			if err := e.one(c); err != nil {
				return err
			}
		}
		return nil
	}
	if _, err := f.checked(ctx, addr, head+4, "EADB"); err != nil {
		return err
	}
	addr += uint64(head + 4)
	per := 1 << e.pageBits
	for i := range n / per {
		if e.left == 0 {
			break
		}
		if used[i/8]&(0x80>>(i%8)) != 0 {
			if err := e.w.page(ctx, addr, e.number, per, e.entry, e.size, e.at); err != nil {
				return err
			}
		}
		e.pass(per)
		addr += uint64(per*e.entry + 4)
	}
	return nil
}
