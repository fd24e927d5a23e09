package dosna

import (
	"errors"
	"fmt"
	"strings"

	"github.com/dosna/dosna/dtype"
)

// Field returns the dataset of one field of elements of the kind Struct: it is read
// as any other, and cannot be changed. The name of a field in a field is "outer/inner".
func (d *Dataset) Field(name string) (*Dataset, error) {
	f, err := fieldOf(d.Type(), name)
	if err != nil {
		return nil, fmt.Errorf("field of %s: %w: %w", d, ErrInvalid, err)
	}
	if d.field != nil {
		f.Offset += d.field.Offset
	}
	w, c := *d, *d.c
	c.o.Mode = ReadOnly
	w.c, w.field = &c, &f
	return &w, nil
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
