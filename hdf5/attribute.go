package hdf5

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

// Attribute is a small array with a name, of an object (section IV.A.2.m).
type Attribute struct {
	Name  string
	Type  *Datatype
	Space Dataspace
	Data  []byte // the elements, as they are in the file
	order int
}

// Attributes returns an object's attributes, in the order in which they were made where
// that is kept, and else by name.
func (o *Object) Attributes(ctx context.Context) ([]Attribute, error) {
	list, err := o.attributes(ctx)
	if err != nil {
		return nil, o.wrap(err)
	}
	slices.SortStableFunc(list, func(a, b Attribute) int {
		return cmp.Or(cmp.Compare(a.order, b.order), cmp.Compare(a.Name, b.Name))
	})
	return list, nil
}

func (o *Object) attributes(ctx context.Context) ([]Attribute, error) {
	var list []Attribute
	for _, m := range o.messages {
		switch m.kind {
		case msgAttribute:
			data, err := o.file.content(ctx, m)
			if err != nil {
				return nil, err
			}
			a, err := o.file.attribute(ctx, data)
			if err != nil {
				return nil, err
			}
			a.order = m.order
			list = append(list, a)
		case msgAttributeInfo:
			c := o.file.cursor(m.data)
			c.version("attribute info", 0)
			if c.u8()&1 != 0 {
				c.skip(2)
			}
			heap, names := c.address(), c.address()
			if c.err != nil {
				return nil, c.err
			}
			if heap == undefined {
				continue
			}
			dense, err := o.file.denseAttributes(ctx, heap, names)
			if err != nil {
				return nil, err
			}
			list = append(list, dense...)
		}
	}
	return list, nil
}

// denseAttributes reads those of a heap, by the tree of their names (records of type 8).
func (f *File) denseAttributes(ctx context.Context, heap, names uint64) ([]Attribute, error) {
	h, err := f.fractalHeap(ctx, heap)
	if err != nil {
		return nil, err
	}
	var list []Attribute
	for record, err := range f.records(ctx, names, 8) {
		if err != nil {
			return nil, err
		}
		c := f.cursor(record)
		id, flags, order := c.bytes(8), c.u8(), c.u32()
		if c.err != nil {
			return nil, c.err
		}
		var data []byte
		if flags&flagShared != 0 {
			data, err = f.tables.get(ctx, f, msgAttribute, id)
		} else {
			data, err = h.get(ctx, id)
		}
		if err != nil {
			return nil, err
		}
		a, err := f.attribute(ctx, data)
		if err != nil {
			return nil, err
		}
		a.order = order
		if list = append(list, a); len(list) > mostMessages {
			return nil, fmt.Errorf("%w: more than %d attributes", ErrCorrupt, mostMessages)
		}
	}
	return list, nil
}

// attribute reads one from its message.
func (f *File) attribute(ctx context.Context, data []byte) (Attribute, error) {
	c := f.cursor(data)
	version := c.version("attribute", 1, 2, 3)
	flags := c.u8()
	name, datatype, space := c.u16(), c.u16(), c.u16()
	if version == 3 {
		c.skip(1)
	}
	part := func(n int) []byte {
		begin := c.at
		b := c.bytes(n)
		if version == 1 {
			c.align(8, begin)
		}
		return b
	}
	var a Attribute
	text := &cursor{data: part(name)}
	if c.err == nil {
		a.Name = text.text()
		c.err = text.err
	}
	typeData, spaceData := part(datatype), part(space)
	if c.err != nil {
		return a, c.err
	}
	var err error
	if version > 1 && flags&1 != 0 {
		if typeData, err = f.shared(ctx, f.cursor(typeData), msgDatatype); err != nil {
			return a, err
		}
	}
	if version > 1 && flags&2 != 0 {
		if spaceData, err = f.shared(ctx, f.cursor(spaceData), msgDataspace); err != nil {
			return a, err
		}
	}
	t, s := f.cursor(typeData), f.cursor(spaceData)
	if a.Type = t.datatype(0); t.err != nil {
		return a, fmt.Errorf("attribute %.100q: %w", a.Name, t.err)
	}
	if a.Space = s.dataspace(); s.err != nil {
		return a, fmt.Errorf("attribute %.100q: %w", a.Name, s.err)
	}
	n := a.Space.Len()
	if a.Type.Size > 0 && n > c.rest()/a.Type.Size {
		return a, fmt.Errorf("%w: attribute %.100q has %d bytes for %d elements of %d", ErrCorrupt, a.Name, c.rest(), n, a.Type.Size)
	}
	a.Data = c.bytes(n * a.Type.Size)
	return a, c.err
}
