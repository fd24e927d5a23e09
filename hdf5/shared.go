package hdf5

import (
	"context"
	"fmt"
	"sync"
)

// content returns a message's data, also where that lies elsewhere (section IV.A.2, "Shared Message").
func (f *File) content(ctx context.Context, m message) ([]byte, error) {
	if m.flags&flagShared == 0 {
		return m.data, nil
	}
	return f.shared(ctx, f.cursor(m.data), m.kind)
}

// shared follows a reference to a message of a kind, in another header or in
// the table of shared messages.
func (f *File) shared(ctx context.Context, c *cursor, kind int) ([]byte, error) {
	version := c.version("shared message", 1, 2, 3)
	where := c.u8()
	if version == 1 {
		c.skip(6)
	}
	if version == 3 && where == 1 {
		id := c.bytes(8)
		if c.err != nil {
			return nil, c.err
		}
		return f.tables.get(ctx, f, kind, id)
	}
	addr := c.address()
	if c.err != nil {
		return nil, c.err
	}
	messages, err := f.header(ctx, addr)
	if err != nil {
		return nil, fmt.Errorf("a shared message: %w", err)
	}
	for _, m := range messages {
		if m.kind == kind && m.flags&flagShared == 0 {
			return m.data, nil
		}
	}
	return nil, fmt.Errorf("%w: the header at address %d shares no message of type %d", ErrCorrupt, addr, kind)
}

// sharedTables are the heaps of messages that many objects share (section III.I).
type sharedTables struct {
	once  sync.Once
	err   error
	heaps map[int]uint64 // by types of messages
}

func (t *sharedTables) get(ctx context.Context, f *File, kind int, id []byte) ([]byte, error) {
	t.once.Do(func() { t.err = t.load(context.WithoutCancel(ctx), f) })
	if t.err != nil {
		return nil, t.err
	}
	addr, ok := t.heaps[kind]
	if !ok {
		return nil, fmt.Errorf("%w: there is no table of shared messages of type %d", ErrCorrupt, kind)
	}
	h, err := f.fractalHeap(ctx, addr)
	if err != nil {
		return nil, err
	}
	return h.get(ctx, id)
}

func (t *sharedTables) load(ctx context.Context, f *File) error {
	t.heaps = map[int]uint64{}
	if f.extension == undefined {
		return nil
	}
	messages, err := f.header(ctx, f.extension)
	if err != nil {
		return err
	}
	for _, m := range messages {
		if m.kind != msgSharedTable {
			continue
		}
		c := f.cursor(m.data)
		c.version("table of shared messages", 0)
		addr, n := c.address(), c.u8()
		if c.err != nil {
			return c.err
		}
		o := f.sizes.offset
		if c, err = f.checked(ctx, addr, 4+n*(1+1+2+4+2+2+2+2*o)+4, "SMTB"); err != nil {
			return err
		}
		for range n {
			c.version("index of shared messages", 0)
			c.skip(1)
			kinds := c.u16()
			c.skip(4 + 2 + 2 + 2 + o)
			heap := c.address()
			for kind := range 16 {
				if kinds&(1<<kind) != 0 {
					t.heaps[kind] = heap
				}
			}
		}
		return c.err
	}
	return nil
}
