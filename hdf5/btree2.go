package hdf5

import (
	"context"
	"fmt"
	"iter"
	"math"
)

// tree2 is a B-tree of version 2 (section III.A.2).
type tree2 struct {
	file    *File
	kind    int
	node    int   // bytes
	record  int   // bytes
	most    []int // records in a node, by its level; leaves have 0
	pointer []int // bytes of a pointer from a node at a level to one below
	counts  []int // bytes of the number of all records below, in such a pointer
	width   int   // bytes of the number of a node's records
	left    int   // records that may still come
}

// records yields the records of the tree at addr, in its order, which must be of a type;
// the slices are not to be changed.
func (f *File) records(ctx context.Context, addr uint64, kind int) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		c, err := f.checked(ctx, addr, 16+f.sizes.offset+2+f.sizes.length+4, "BTHD")
		if err != nil {
			yield(nil, err)
			return
		}
		t := tree2{file: f}
		c.version("B-tree", 0)
		t.kind = c.u8()
		t.node = c.u32()
		t.record = c.u16()
		depth := c.u16()
		c.skip(2)
		root := c.address()
		n := c.u16()
		t.left = c.length()
		if c.err == nil && t.kind != kind {
			c.fail("a B-tree has records of type %d, not %d", t.kind, kind)
		}
		if most := f.src.Size() / int64(max(t.record, 1)); c.err == nil && int64(t.left) > most {
			c.fail("a B-tree with %d records, where the file has room for %d", t.left, most)
		}
		t.levels(c, depth)
		if c.err != nil {
			yield(nil, c.err)
			return
		}
		if root == undefined {
			return
		}
		t.walk(ctx, root, n, depth, yield)
	}
}

// levels works out what nodes can hold.
func (t *tree2) levels(c *cursor, depth int) {
	if c.err == nil && (t.record == 0 || t.node < 16+t.record || t.node > mostBytes || depth > 32) {
		c.fail("a B-tree with nodes of %d bytes, records of %d, and %d levels", t.node, t.record, depth)
	}
	if c.err != nil {
		return
	}
	below := float64(0) // records in a whole subtree
	for level := range depth + 1 {
		pointer, count := 0, 0
		if level > 0 {
			pointer = c.sizes.offset + t.width
			if level > 1 {
				count = widthOf(uint64(min(below, math.MaxInt64)))
				pointer += count
			}
		}
		n := (t.node - 10 - pointer) / (t.record + pointer)
		if n < 1 {
			c.fail("a B-tree with nodes too small for a record")
			return
		}
		if level == 0 {
			t.width = widthOf(uint64(n))
		}
		below = (float64(n)+1)*below + float64(n)
		t.most, t.pointer, t.counts = append(t.most, n), append(t.pointer, pointer), append(t.counts, count)
	}
}

// walk yields the records of a node with n records and of those below; false means
// that no more are wanted.
func (t *tree2) walk(ctx context.Context, addr uint64, n, level int, yield func([]byte, error) bool) bool {
	stop := func(err error) bool {
		yield(nil, err)
		return false
	}
	if err := ctx.Err(); err != nil {
		return stop(err)
	}
	if n > t.most[level] {
		return stop(fmt.Errorf("%w: a node of a B-tree with %d records, where %d have room", ErrCorrupt, n, t.most[level]))
	}
	name, total := "BTLF", 6+n*t.record+4
	if level > 0 {
		name, total = "BTIN", total+(n+1)*t.pointer[level]
	}
	c, err := t.file.checked(ctx, addr, total, name)
	if err != nil {
		return stop(err)
	}
	c.version("node of a B-tree", 0)
	if kind := c.u8(); c.err == nil && kind != t.kind {
		c.fail("a node of a B-tree of type %d in one of type %d", kind, t.kind)
	}
	if c.err != nil {
		return stop(c.err)
	}
	records := c.bytes(n * t.record)
	if level > 0 {
		t.file.aheadOf(ctx, c, n+1, 0, t.pointer[level], t.node)
	}
	for i := range n + 1 {
		if level > 0 {
			child := c.address()
			count := int(c.number(t.width))
			c.skip(t.counts[level])
			if c.err != nil {
				return stop(c.err)
			}
			if !t.walk(ctx, child, count, level-1, yield) {
				return false
			}
		}
		if i < n {
			if t.left--; t.left < 0 {
				return stop(fmt.Errorf("%w: a B-tree has more records than it says", ErrCorrupt))
			}
			if !yield(records[i*t.record:(i+1)*t.record:(i+1)*t.record], nil) {
				return false
			}
		}
	}
	return true
}
