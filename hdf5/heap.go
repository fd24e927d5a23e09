package hdf5

import (
	"bytes"
	"context"
	"fmt"
)

// localHeap holds the names of a group (section III.D).
type localHeap struct{ data []byte }

func (f *File) localHeap(ctx context.Context, addr uint64) (*localHeap, error) {
	c, err := f.structure(ctx, addr, 8+2*f.sizes.length+f.sizes.offset, "HEAP")
	if err != nil {
		return nil, err
	}
	c.version("local heap", 0)
	c.skip(3)
	size := c.length()
	c.skip(f.sizes.length)
	at := c.address()
	if c.err != nil {
		return nil, c.err
	}
	data, err := f.read(ctx, at, size)
	return &localHeap{data}, err
}

// text returns the text at an offset.
func (h *localHeap) text(at int) (string, error) {
	if at < 0 || at >= len(h.data) {
		return "", fmt.Errorf("%w: a name at byte %d of a heap of %d bytes", ErrCorrupt, at, len(h.data))
	}
	n := bytes.IndexByte(h.data[at:], 0)
	if n < 0 {
		return "", fmt.Errorf("%w: a name in a heap does not end", ErrCorrupt)
	}
	return string(h.data[at : at+n]), nil
}

// globalHeap is a collection of objects of any size (section III.E).
type globalHeap struct {
	objects map[int][]byte
}

// Collections are kept until they have so many bytes.
const mostCollections = 64

// collection reads one, or returns it if it was read a short time ago.
func (f *File) collection(ctx context.Context, addr uint64) (*globalHeap, error) {
	f.mu.Lock()
	h := f.heaps[addr]
	f.mu.Unlock()
	if h != nil {
		return h, nil
	}
	c, err := f.structure(ctx, addr, 8+f.sizes.length, "GCOL")
	if err != nil {
		return nil, err
	}
	c.version("global heap", 1)
	c.skip(3)
	size := c.length()
	head := c.at
	if c.err != nil {
		return nil, c.err
	}
	if c, err = f.structure(ctx, addr, size, "GCOL"); err != nil {
		return nil, err
	}
	c.skip(head - c.at)
	h = &globalHeap{objects: map[int][]byte{}}
	for c.rest() >= 8+f.sizes.length && c.err == nil {
		index := c.u16()
		c.skip(6)
		n := c.length()
		if index == 0 {
			break // what is left is free
		}
		h.objects[index] = c.bytes(n)
		if over := n % 8; over > 0 {
			c.skip(min(8-over, c.rest()))
		}
	}
	if c.err != nil {
		return nil, c.err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.heaps) >= mostCollections {
		clear(f.heaps)
	}
	f.heaps[addr] = h
	return h, nil
}

// global returns an object of the global heap.
func (f *File) global(ctx context.Context, addr uint64, index int) ([]byte, error) {
	h, err := f.collection(ctx, addr)
	if err != nil {
		return nil, err
	}
	data, ok := h.objects[index]
	if !ok {
		return nil, fmt.Errorf("%w: the heap at address %d has no object %d", ErrCorrupt, addr, index)
	}
	return data, nil
}
