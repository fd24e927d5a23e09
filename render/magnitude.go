package render

import (
	"math"

	"github.com/dosna/dosna/dtype"
)

// magnitude returns the function that turns an element into the number that is
// drawn: true is 1, a complex number its absolute value.
func magnitude(t dtype.Type) func(b []byte) float64 {
	part := t.Number()
	if t.Kind() == dtype.Complex {
		imaginary := t.Size() / 2
		return func(b []byte) float64 { return math.Hypot(part(b), part(b[imaginary:])) }
	}
	return part
}
