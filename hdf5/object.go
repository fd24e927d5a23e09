package hdf5

import (
	"context"
	"fmt"
	"sync"

	"github.com/dosna/dosna/hdf5/filter"
)

// Object is a group, a dataset or a named datatype. It is safe for concurrent use.
type Object struct {
	file     *File
	addr     uint64
	messages []message

	references int
}

// Kind is what an object is.
type Kind uint8

// The kinds.
const (
	Group Kind = iota
	Data
	NamedType
	Other // nothing that is known
)

func (k Kind) String() string { return [...]string{"group", "dataset", "named datatype", "object"}[k] }

// File is the one that the object is in.
func (o *Object) File() *File { return o.file }

// Addr is where the object lies: equal for equal objects of a file.
func (o *Object) Addr() uint64 { return o.addr }

// References is how many hard links lead to the object, as its header has it.
func (o *Object) References() int { return o.references }

// Kind tells what the object is.
func (o *Object) Kind() Kind {
	switch {
	case o.has(msgLayout):
		return Data
	case o.has(msgSymbolTable), o.has(msgLinkInfo), o.has(msgLink):
		return Group
	case o.has(msgDatatype):
		return NamedType
	}
	return Other
}

func (o *Object) has(kind int) bool {
	for _, m := range o.messages {
		if m.kind == kind {
			return true
		}
	}
	return false
}

// message returns the first message of a kind; nil if there is none.
func (o *Object) message(ctx context.Context, kind int) ([]byte, error) {
	for _, m := range o.messages {
		if m.kind == kind {
			data, err := o.file.content(ctx, m)
			if err == nil && data == nil {
				data = []byte{}
			}
			return data, o.wrap(err)
		}
	}
	return nil, nil
}

func (o *Object) wrap(err error) error {
	if err != nil {
		err = fmt.Errorf("%v at address %d: %w", o.Kind(), o.addr, err)
	}
	return err
}

// Dataset is an array.
type Dataset struct {
	object  *Object
	Type    *Datatype
	Space   Dataspace
	Layout  *Layout
	Filters []Filter // in the order in which they were applied
	Fill    Fill
	Files   []External // of a contiguous layout: where the elements are, if elsewhere

	mappings []mapping // of a virtual layout

	depth int // of virtual datasets that this is a source of

	mu       sync.Mutex
	index    *Index
	sources  map[string]*Dataset // of a virtual layout
	bind     sync.Once
	pipeline *filter.Pipeline
}

// Dataset reads what the header of a dataset says.
func (o *Object) Dataset(ctx context.Context) (*Dataset, error) { return o.dataset(ctx, 0) }

func (o *Object) dataset(ctx context.Context, depth int) (*Dataset, error) {
	d := &Dataset{object: o, depth: depth}
	if o.Kind() != Data {
		return nil, o.wrap(fmt.Errorf("%w: it is no dataset", ErrUnsupported))
	}
	if err := d.load(ctx); err != nil {
		return nil, o.wrap(err)
	}
	return d, nil
}

func (d *Dataset) load(ctx context.Context) error {
	o, f := d.object, d.object.file
	for _, part := range []struct {
		kind     int
		required bool
		parse    func(c *cursor)
	}{
		{msgDatatype, true, func(c *cursor) { d.Type = c.datatype(0) }},
		{msgDataspace, true, func(c *cursor) { d.Space = c.dataspace() }},
		{msgLayout, true, func(c *cursor) { d.Layout = c.layout() }},
		{msgFilters, false, func(c *cursor) { d.Filters = c.filters() }},
		{msgFillOld, false, func(c *cursor) { d.Fill = c.oldFill() }},
		{msgFill, false, func(c *cursor) { d.Fill = c.fill() }},
	} {
		data, err := o.message(ctx, part.kind)
		if err != nil {
			return err
		}
		if data == nil {
			if part.required {
				return fmt.Errorf("%w: it has no message of type %d", ErrCorrupt, part.kind)
			}
			continue
		}
		c := f.cursor(data)
		if part.parse(c); c.err != nil {
			return c.err
		}
	}
	if data, err := o.message(ctx, msgExternal); err != nil {
		return err
	} else if data != nil {
		if d.Files, err = f.external(ctx, data); err != nil {
			return err
		}
	}
	if err := d.check(); err != nil || d.Layout.Class != Virtual {
		return err
	}
	return d.virtual(ctx)
}

// check is an error if the parts do not fit together.
func (d *Dataset) check() error {
	n := d.Space.Len()
	if d.Type.Size > 0 && n > (1<<62)/d.Type.Size {
		return fmt.Errorf("%w: %d elements of %d bytes", ErrCorrupt, n, d.Type.Size)
	}
	n *= d.Type.Size
	switch l := d.Layout; l.Class {
	case Compact:
		if len(l.Data) < n {
			return fmt.Errorf("%w: %d bytes for %d of elements", ErrCorrupt, len(l.Data), n)
		}
		l.Data = l.Data[:n]
	case Contiguous:
		if l.Size >= 0 && l.Size < n && l.Addr != undefined {
			return fmt.Errorf("%w: %d bytes for %d of elements", ErrCorrupt, l.Size, n)
		}
		l.Size = n
		if l.Addr != undefined && len(d.Files) == 0 {
			if size := d.object.file.src.Size() - d.object.file.base; l.Addr > uint64(size) || int64(n) > size-int64(l.Addr) {
				return fmt.Errorf("%w: %d bytes of elements at address %d are beyond its end", ErrCorrupt, n, l.Addr)
			}
		}
	case Chunked:
		if l.elementSize != d.Type.Size || len(l.Chunk) != len(d.Space.Shape) {
			return fmt.Errorf("%w: chunks of shape %v with elements of %d bytes, in a dataset of shape %v with %d", ErrCorrupt, l.Chunk, l.elementSize, d.Space.Shape, d.Type.Size)
		}
	}
	if d.Fill.Value != nil && len(d.Fill.Value) != d.Type.Size {
		return fmt.Errorf("%w: a fill value of %d bytes for elements of %d", ErrCorrupt, len(d.Fill.Value), d.Type.Size)
	}
	return nil
}

// Object is the dataset's.
func (d *Dataset) Object() *Object { return d.object }

// Base is what addresses in the file count from.
func (f *File) Base() int64 { return f.base }

// Type reads a named datatype.
func (o *Object) Type(ctx context.Context) (*Datatype, error) {
	data, err := o.message(ctx, msgDatatype)
	if err == nil && data == nil {
		err = o.wrap(fmt.Errorf("%w: it has no datatype", ErrCorrupt))
	}
	if err != nil {
		return nil, err
	}
	c := o.file.cursor(data)
	t := c.datatype(0)
	return t, o.wrap(c.err)
}
