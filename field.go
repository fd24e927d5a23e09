package dosna

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
)

// field is a part of each element.
type field struct {
	dtype.Field
	mode Mode // in which the elements may be changed
}

// Field returns the dataset of one field of elements of the kind Struct. It is read as any
// other, and its elements are changed as those of any other, which leaves the other fields as they are, also while
// somebody else changes those. Nothing else of it can be changed: it has no chunks of its own. The name of a field in
// a field is "outer/inner".
func (d *Dataset) Field(name string) (*Dataset, error) {
	f, err := fieldOf(d.Type(), name)
	if err != nil {
		return nil, fmt.Errorf("field of %s: %w: %w", d, ErrInvalid, err)
	}
	w, c := *d, *d.c
	mode := c.o.Mode
	if d.field != nil {
		f.Offset += d.field.Offset
		mode = d.field.mode
	}
	c.o.Mode = ReadOnly
	w.c, w.field = &c, &field{f, mode}
	return &w, nil
}

// toWriteElements is toWrite of whole elements, also where d is one field of them.
func (d *Dataset) toWriteElements(ctx context.Context, written func(shape []int) bool) (*Dataset, error) {
	if d.field == nil {
		return d.toWrite(ctx, written)
	}
	w, c := *d, *d.c
	c.o.Mode = d.field.mode
	w.c, w.field = &c, nil
	return w.toWrite(ctx, written)
}

// in returns the field in a view of whole elements.
func (f *field) in(v nd.View) nd.View {
	if f != nil {
		v.Off, v.Item = v.Off+f.Offset, f.Type.Size()
	}
	return v
}

// fieldOf finds a field by its name. One with a slash in it is found before one in
// another.
func fieldOf(t dtype.Type, name string) (dtype.Field, error) {
	f, err := t.Field(name)
	if err == nil || t.Kind() != dtype.Struct {
		return f, err
	}
	for i, c := range name {
		if c != '/' {
			continue
		}
		outer, missing := t.Field(name[:i])
		if missing != nil {
			continue
		}
		inner, err := fieldOf(outer.Type, name[i+1:])
		if err == nil {
			inner.Offset += outer.Offset
			return inner, nil
		}
	}
	names := make([]string, 0, len(t.Fields()))
	for _, f := range t.Fields() {
		names = append(names, fmt.Sprintf("%.40q", f.Name))
	}
	const most = 20
	if len(names) > most {
		names = append(names[:most], "…")
	}
	return dtype.Field{}, errors.New("there is no field " + fmt.Sprintf("%.60q", name) + "; there are " + strings.Join(names, ", "))
}
