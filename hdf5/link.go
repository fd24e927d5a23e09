package hdf5

import (
	"context"
	"errors"
	"fmt"
	"iter"
)

// LinkKind is where a link leads.
type LinkKind uint8

// The kinds.
const (
	HardLink     LinkKind = iota // to an object of the file
	SoftLink                     // to a path in the file
	ExternalLink                 // to a path in another file
	UserLink                     // defined by a program
)

// Link is an entry of a group (section IV.A.2.g).
type Link struct {
	Name   string
	Kind   LinkKind
	Addr   uint64 // hard: the object's
	Target string // soft, external: the path
	File   string // external: the other file's name
}

// Links yields a group's links, in no particular order; names come once in files that are
// right.
func (o *Object) Links(ctx context.Context) iter.Seq2[Link, error] {
	return func(yield func(Link, error) bool) {
		give := func(l Link) error {
			if !yield(l, nil) {
				return errEnough{}
			}
			return nil
		}
		err := o.links(ctx, give)
		if err != nil && !errors.Is(err, errEnough{}) {
			yield(Link{}, o.wrap(err))
		}
	}
}

func (o *Object) links(ctx context.Context, give func(Link) error) error {
	for _, m := range o.messages {
		data, err := o.file.content(ctx, m)
		if err != nil {
			return err
		}
		c := o.file.cursor(data)
		switch m.kind {
		case msgSymbolTable:
			err = o.file.symbols(ctx, c.address(), c.address(), give)
			if c.err != nil {
				err = c.err
			}
		case msgLink:
			l := c.link()
			if c.err != nil {
				return c.err
			}
			err = give(l)
		case msgLinkInfo:
			c.version("link info", 0)
			if c.u8()&1 != 0 {
				c.skip(8)
			}
			heap, names := c.address(), c.address()
			if c.err != nil {
				return c.err
			}
			if heap != undefined {
				err = o.file.denseLinks(ctx, heap, names, give)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *cursor) link() Link {
	c.version("link", 1)
	flags := c.u8()
	kind := 0
	if flags&(1<<3) != 0 {
		kind = c.u8()
	}
	if flags&(1<<2) != 0 {
		c.skip(8)
	}
	if flags&(1<<4) != 0 {
		c.skip(1)
	}
	l := Link{}
	n := c.number(1 << (flags & 3))
	if n > uint64(c.rest()) {
		c.fail("a link's name of %d bytes", n)
		return l
	}
	l.Name = string(c.bytes(int(n)))
	switch kind {
	case 0:
		l.Addr = c.address()
	case 1:
		l.Kind, l.Target = SoftLink, string(c.bytes(c.u16()))
	case 64:
		l.Kind = ExternalLink
		value := &cursor{data: c.bytes(c.u16()), sizes: c.sizes}
		if v := value.u8(); v>>4 != 0 {
			c.unknown("version %d of an external link", v>>4)
		}
		l.File, l.Target = value.text(), value.text()
		if value.err != nil && c.err == nil {
			c.err = value.err
		}
	default:
		if l.Kind = UserLink; kind < 65 {
			c.unknown("a link of type %d", kind)
		}
	}
	if c.err == nil && l.Name == "" {
		c.fail("a link has no name")
	}
	return l
}

// denseLinks gives the links of a heap, by the tree of their names (records of type 5).
func (f *File) denseLinks(ctx context.Context, heap, names uint64, give func(Link) error) error {
	h, err := f.fractalHeap(ctx, heap)
	if err != nil {
		return err
	}
	for record, err := range f.records(ctx, names, 5) {
		if err != nil {
			return err
		}
		c := f.cursor(record)
		c.skip(4)
		data, err := h.get(ctx, c.bytes(7))
		if err != nil {
			return err
		}
		c = f.cursor(data)
		l := c.link()
		if c.err != nil {
			return c.err
		}
		if err := give(l); err != nil {
			return err
		}
	}
	return nil
}

// symbols gives the links of an old group: a B-tree of version 1 whose leaves are
// symbol tables (sections III.A.1, III.B and III.C).
func (f *File) symbols(ctx context.Context, tree, heap uint64, give func(Link) error) error {
	names, err := f.localHeap(ctx, heap)
	if err != nil {
		return err
	}
	nodes, most := 0, int(f.src.Size()/24)+1 // which a node, and a link, has at least
	counted := func(l Link) error {
		if most--; most < 0 {
			return fmt.Errorf("%w: the nodes of a group are part of each other", ErrCorrupt)
		}
		return give(l)
	}
	var walk func(addr uint64, level int) error
	walk = func(addr uint64, level int) error {
		if nodes++; int64(nodes) > f.src.Size()/24+1 {
			return fmt.Errorf("%w: the nodes of a group are part of each other", ErrCorrupt)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		o := f.sizes.offset
		c, err := f.structure(ctx, addr, 8+2*o, "TREE")
		if err != nil {
			return err
		}
		kind, at, n := c.u8(), c.u8(), c.u16()
		if kind != 0 || level >= 0 && at != level {
			return fmt.Errorf("%w: a node of a group's B-tree of type %d and level %d", ErrCorrupt, kind, at)
		}
		head := 8 + 2*o
		if c, err = f.structure(ctx, addr, head+n*(f.sizes.length+o)+f.sizes.length, "TREE"); err != nil {
			return err
		}
		c.skip(head - c.at)
		f.aheadOf(ctx, c, n, f.sizes.length, f.sizes.length+o, 1<<10)
		for range n {
			c.skip(f.sizes.length)
			child := c.address()
			if c.err != nil {
				return c.err
			}
			if at > 0 {
				err = walk(child, at-1)
			} else {
				err = f.symbolNode(ctx, child, names, counted)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
	return walk(tree, -1)
}

func (f *File) symbolNode(ctx context.Context, addr uint64, names *localHeap, give func(Link) error) error {
	o := f.sizes.offset
	c, err := f.structure(ctx, addr, 8, "SNOD")
	if err != nil {
		return err
	}
	c.version("symbol table", 1)
	c.skip(1)
	n := c.u16()
	if c.err != nil {
		return c.err
	}
	data, err := f.read(ctx, addr+8, n*(2*o+24))
	if err != nil {
		return err
	}
	c = f.cursor(data)
	for range n {
		at := int(min(c.number(o), 1<<62)) // an offset in the heap, as wide as addresses
		l := Link{Addr: c.address()}
		cache := c.u32()
		c.skip(4)
		scratch := c.bytes(16)
		if c.err != nil {
			return c.err
		}
		if l.Name, err = names.text(at); err != nil {
			return err
		}
		if l.Name == "" {
			return fmt.Errorf("%w: a link has no name", ErrCorrupt)
		}
		if cache == 2 {
			s := f.cursor(scratch)
			l.Kind, l.Addr = SoftLink, 0
			if l.Target, err = names.text(s.u32()); err != nil {
				return err
			}
		}
		if err := give(l); err != nil {
			return err
		}
	}
	return nil
}
