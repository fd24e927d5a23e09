package hdf5

import (
	"context"
	"fmt"
	"sync"
)

// File is an opened HDF5 file. It is safe for concurrent use.
type File struct {
	src   Source
	base  int64 // where addresses count from
	sizes sizes
	pages *pages

	root      uint64 // the address of the root group's header
	extension uint64 // the address of the superblock's extension

	others *others // nil: there are none

	tables sharedTables
	mu     sync.Mutex
	heaps  map[uint64]*globalHeap
	paths  map[uint64]string // of objects, by their addresses; nil: not looked for
}

const signature = "\x89HDF\r\n\x1a\n"

// Open finds the superblock: at the beginning, or behind a user block of 512 bytes or
// a larger power of two (section II.A).
func Open(ctx context.Context, src Source) (*File, error) {
	f := &File{src: src, pages: newPages(src), heaps: map[uint64]*globalHeap{}}
	for at := int64(0); at+int64(len(signature)) <= src.Size(); at = max(2*at, 512) {
		head, err := f.pages.read(ctx, at, len(signature))
		if err != nil {
			return nil, err
		}
		if at == 0 && string(head[:3]) == "CDF" && head[3] < 8 {
			break // netCDF classic: what follows is not looked at
		}
		if string(head) == signature {
			f.base = at
			return f, f.superblock(ctx)
		}
	}
	return nil, ErrNotHDF5
}

// superblock reads what section II.A describes.
func (f *File) superblock(ctx context.Context) error {
	// The longest has 24 + 4 + 4 * 8 + 2 * 8 + 24 bytes; those near the end of the file have fewer.
	data, err := f.read(ctx, 0, int(min(f.src.Size()-f.base, 128)))
	if err != nil {
		return err
	}
	c := f.cursor(data)
	c.skip(len(signature))
	version := c.version("superblock", 0, 1, 2, 3)
	if version < 2 {
		c.skip(4)
	}
	f.sizes = sizes{c.u8(), c.u8()}
	for _, n := range []int{f.sizes.offset, f.sizes.length} {
		if c.err == nil && n != 2 && n != 4 && n != 8 {
			c.unknown("addresses of %d bytes and lengths of %d", f.sizes.offset, f.sizes.length)
		}
	}
	c.sizes = f.sizes
	f.extension = undefined
	var end uint64
	if version < 2 {
		c.skip(1 + 2 + 2 + 4)
		if version == 1 {
			c.skip(4)
		}
		c.address() // what was the base when the file was made; it lies where the superblock does
		c.address()
		end = c.address()
		c.address()
		c.address() // the root's symbol table entry: its name
		f.root = c.address()
	} else {
		c.skip(1)
		c.address()
		f.extension = c.address()
		end = c.address()
		f.root = c.address()
		if n := c.at + 4; c.err == nil {
			c.skip(4)
			if c.err == nil {
				c.err = sumOf(data[:n], "the superblock")
			}
		}
	}
	if c.err == nil && end != undefined && end > uint64(f.src.Size()) {
		c.fail("it has %d bytes, and should have %d: it was cut short", f.src.Size(), end)
	}
	return c.err
}

// Root returns the root group.
func (f *File) Root(ctx context.Context) (*Object, error) { return f.Object(ctx, f.root) }

// Object returns what has its header at an address, which comes from a link or a
// reference.
func (f *File) Object(ctx context.Context, addr uint64) (*Object, error) {
	o := &Object{file: f, addr: addr}
	h, err := f.headerOf(ctx, addr)
	if err != nil {
		return nil, fmt.Errorf("object at address %d: %w", addr, err)
	}
	o.messages, o.references = h.messages, max(h.references, 1)
	if data, err := o.message(ctx, msgReferenceCount); err != nil {
		return nil, err
	} else if len(data) >= 5 {
		o.references = int(le.Uint32(data[1:]))
	}
	return o, nil
}
