package render

import (
	"fmt"
	"math"
	"strings"

	"github.com/dosna/dosna/dtype"
)

// loader returns where in an element the field to be drawn lies, and the function
// that turns it into the number that is drawn. Names of fields in fields are
// separated by slashes; without a name the element itself is drawn.
func loader(t dtype.Type, field string) (offset int, load func(b []byte) float64, err error) {
	if field != "" {
		for name := range strings.SplitSeq(field, "/") {
			f, err := t.Field(name)
			if err != nil {
				return 0, nil, err
			}
			offset, t = offset+f.Offset, f.Type
		}
	}
	switch t.Kind() {
	case dtype.Struct:
		var names []string
		for _, f := range t.Fields() {
			names = append(names, f.Name)
		}
		return 0, nil, fmt.Errorf("elements of %s are no numbers; name one of the fields %s", t, strings.Join(names, ", "))
	case dtype.Boolean, dtype.Int, dtype.Uint, dtype.Float, dtype.Complex, dtype.Datetime, dtype.Timedelta:
		return offset, magnitude(t), nil
	}
	return 0, nil, fmt.Errorf("elements of %s are no numbers, and cannot be drawn", t)
}

// magnitude returns the function that turns an element into the number that is
// drawn: true is 1, a complex number its absolute value, a time its count.
func magnitude(t dtype.Type) func(b []byte) float64 {
	part := t.Number()
	if t.Kind() == dtype.Complex {
		imaginary := t.Size() / 2
		return func(b []byte) float64 { return math.Hypot(part(b), part(b[imaginary:])) }
	}
	return part
}
