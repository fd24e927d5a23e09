package hdf5

import (
	"context"
	"fmt"
)

// The types of messages, section IV.A.2.
const (
	msgDataspace      = 0x01
	msgLinkInfo       = 0x02
	msgDatatype       = 0x03
	msgFillOld        = 0x04
	msgFill           = 0x05
	msgLink           = 0x06
	msgExternal       = 0x07
	msgLayout         = 0x08
	msgFilters        = 0x0b
	msgAttribute      = 0x0c
	msgSharedTable    = 0x0f
	msgContinuation   = 0x10
	msgSymbolTable    = 0x11
	msgAttributeInfo  = 0x15
	msgReferenceCount = 0x16
	lastMessage       = 0x18
)

const (
	flagShared  = 1 << 1
	flagUnknown = 1 << 7 // who does not know the message is not to use the object
)

// message is one of an object's header.
type message struct {
	kind  int
	flags int
	order int // of creation; 0 where that is not kept
	data  []byte
}

// Headers have no more pieces and messages than these.
const (
	mostPieces   = 1 << 16
	mostMessages = 1 << 20
)

// piece is a part of a header.
type piece struct {
	addr uint64
	size int
}

// header reads all messages of the object header at addr (section IV.A.1).
func (f *File) header(ctx context.Context, addr uint64) ([]message, error) {
	h, err := f.headerOf(ctx, addr)
	return h.messages, err
}

func (f *File) headerOf(ctx context.Context, addr uint64) (headerReader, error) {
	h := headerReader{file: f}
	start, err := f.read(ctx, addr, 4)
	if err != nil {
		return h, err
	}
	if string(start) == "OHDR" {
		err = h.second(ctx, addr)
	} else {
		err = h.first(ctx, addr)
	}
	return h, err
}

type headerReader struct {
	file     *File
	messages []message
	pieces   []piece // still to be read
	seen     int     // pieces so far
	bytes    int64   // in them
	ordered  bool    // version 2: messages have their order of creation

	references int // hard links to the object; 0: a message says so, or there is one
}

// first reads a header of version 1.
func (h *headerReader) first(ctx context.Context, addr uint64) error {
	data, err := h.file.read(ctx, addr, 16)
	if err != nil {
		return err
	}
	c := h.file.cursor(data)
	c.version("object header", 1)
	c.skip(1)
	c.u16() // of messages; their bytes count
	h.references = c.u32()
	h.pieces = []piece{{addr + 16, c.u32()}}
	if c.err != nil {
		return c.err
	}
	return h.all(ctx, func(p piece) error {
		data, err := h.file.read(ctx, p.addr, p.size)
		if err != nil {
			return err
		}
		c := h.file.cursor(data)
		for c.rest() >= 8 && c.err == nil {
			m := message{kind: c.u16()}
			n := c.u16()
			m.flags = c.u8()
			c.skip(3)
			m.data = c.bytes(n)
			if c.err == nil {
				h.add(c, m)
			}
		}
		return c.err
	})
}

// second reads a header of version 2.
func (h *headerReader) second(ctx context.Context, addr uint64) error {
	f := h.file
	data, err := f.read(ctx, addr, int(min(uint64(f.src.Size()-f.base)-addr, 34)))
	if err != nil {
		return err
	}
	c := f.cursor(data)
	c.signature("OHDR")
	c.version("object header", 2)
	flags := c.u8()
	if flags&(1<<5) != 0 {
		c.skip(16) // times
	}
	if flags&(1<<4) != 0 {
		c.skip(4)
	}
	h.ordered = flags&(1<<2) != 0
	size := int(c.number(1 << (flags & 3)))
	if c.err != nil {
		return c.err
	}
	begin := c.at
	if err := f.within(addr, size); err != nil {
		return err
	}
	h.pieces = []piece{{addr, begin + size + 4}}
	return h.all(ctx, func(p piece) error {
		what := "OHDR"
		if p.addr != addr {
			what, begin = "OCHK", 4
		}
		c, err := f.checked(ctx, p.addr, p.size, what)
		if err != nil {
			return err
		}
		c.at = begin
		width := 4
		if h.ordered {
			width = 6
		}
		// Fewer bytes than a message's head are a gap.
		for c.rest() >= width && c.err == nil {
			m := message{kind: c.u8()}
			n := c.u16()
			m.flags = c.u8()
			if h.ordered {
				m.order = c.u16()
			}
			m.data = c.bytes(n)
			if c.err == nil {
				h.add(c, m)
			}
		}
		return c.err
	})
}

// all reads the pieces, which name others.
func (h *headerReader) all(ctx context.Context, read func(piece) error) error {
	for len(h.pieces) > 0 {
		if h.seen++; h.seen > mostPieces {
			return fmt.Errorf("%w: an object header of more than %d pieces", ErrCorrupt, mostPieces)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		p := h.pieces[0]
		h.pieces = h.pieces[1:]
		if h.bytes += int64(p.size); p.size < 0 || h.bytes > h.file.src.Size() {
			return fmt.Errorf("%w: the pieces of an object header overlap", ErrCorrupt)
		}
		if err := read(p); err != nil {
			return err
		}
	}
	return nil
}

// add takes in a message that c has come upon.
func (h *headerReader) add(c *cursor, m message) {
	switch {
	case m.kind == msgContinuation:
		more := h.file.cursor(m.data)
		p := piece{more.address(), more.length()}
		if more.err != nil {
			c.err = more.err
			return
		}
		h.pieces = append(h.pieces, p)
	case m.kind > lastMessage && m.flags&flagUnknown != 0:
		c.unknown("a message of type %d in an object header", m.kind)
	case m.kind == 0: // a gap
	case len(h.messages) >= mostMessages:
		c.fail("an object header of more than %d messages", mostMessages)
	default:
		h.messages = append(h.messages, m)
	}
}
