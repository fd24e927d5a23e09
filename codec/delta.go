package codec

import (
	"encoding/json"

	"github.com/dosna/dosna/dtype"
)

// delta is the filter "numcodecs.delta" (numcodecs documentation, "Delta"): the
// first element, and of every other the difference to the one before, in C order,
//
//	y[0] = x[0], y[i] = x[i] − x[i−1]
//
// modulo a power of two, or in the precision of the floats that they are. They are
// stored as another type of integers or floats if the configuration names one, and
// back comes their running sum: of floats in the wider of the two types, as NumPy
// does it. A difference of integers that would not come back is an error, where
// numcodecs stores another one.
type delta struct {
	n        int
	from, to number
	wide     number // of both, of floats
	plain    int    // bytes of an element, if both are integers of that size
}

func bindDelta(s Spec, in Chunk) (filter, error) {
	var from, to json.RawMessage
	if err := s.config(optional("dtype", &from), optional("astype", &to)); err != nil {
		return nil, err
	}
	d := &delta{n: count(in.Shape)}
	var err error
	if d.from, err = s.viewed("dtype", from, in); err != nil {
		return nil, err
	}
	if d.to, err = s.elements("astype", to, d.from.t); err != nil {
		return nil, err
	}
	switch integers := isInteger(d.from.t) && isInteger(d.to.t); {
	case !integers && !(d.from.float() && d.to.float()):
		return nil, s.errorf("differences of %s as %s: those of integers are stored as integers, and those of floats as floats", d.from.t, d.to.t)
	case integers && d.from.t.Size() == d.to.t.Size():
		d.plain = d.from.t.Size()
	}
	if d.wide = d.from; d.to.t.Size() > d.from.t.Size() {
		d.wide = d.to
	}
	return d, nil
}

func count(shape []int) int {
	n := 1
	for _, k := range shape {
		n *= k
	}
	return n
}

func isInteger(t dtype.Type) bool { return t.Kind() == dtype.Int || t.Kind() == dtype.Uint }

func (d *delta) out() ([]int, dtype.Type) { return []int{d.n}, d.to.t }
func (d *delta) elementwise() bool        { return false }
func (d *delta) total() bool              { return true }

func (d *delta) encode(dst, src []byte) error {
	switch {
	case d.plain == 1:
		differences(dst, src)
	case d.plain == 2:
		differences(dtype.Slice[uint16](dst), dtype.Slice[uint16](src))
	case d.plain == 4:
		differences(dtype.Slice[uint32](dst), dtype.Slice[uint32](src))
	case d.plain == 8:
		differences(dtype.Slice[uint64](dst), dtype.Slice[uint64](src))
	case d.from.t != d.to.t && d.from.float():
		return d.otherFloats(dst, src)
	case d.from.t == dtype.Float32:
		differences(dtype.Slice[float32](dst), dtype.Slice[float32](src))
	case d.from.t == dtype.Float64:
		differences(dtype.Slice[float64](dst), dtype.Slice[float64](src))
	case d.from.t == dtype.Float16:
		return d.otherFloats(dst, src)
	default:
		return d.narrow(dst, src)
	}
	return nil
}

// otherFloats is encode for floats of which Go has no arithmetic, or that are
// stored in others.
func (d *delta) otherFloats(dst, src []byte) error {
	before, first := 0.0, true
	return batches(dst, d.to, src, d.from, func(b *numbers, dst []byte) error {
		for i, x := range b.floats[:b.n] {
			if !first { // subtracting zero would change the sign of another
				b.floats[i] -= before
			}
			before, first = x, false
		}
		d.from.rounded(b)
		return d.to.store(dst, b, d.from)
	})
}

// narrow is encode for integers that are stored in others of another size.
func (d *delta) narrow(dst, src []byte) error {
	before := int64(0)
	return batches(dst, d.to, src, d.from, func(b *numbers, dst []byte) error {
		for i, x := range b.ints[:b.n] {
			b.ints[i], before = x-before, x
		}
		d.from.wrap(b)
		// What the stored type has no room for comes back if it is the same modulo
		// the elements' own power of two: a negative difference of unsigned elements.
		diffs := *b
		d.to.wrap(b)
		if err := d.to.store(dst, b, d.to); err != nil {
			return err
		}
		d.from.wrap(b)
		for i, x := range diffs.ints[:b.n] {
			if b.ints[i] != x {
				return d.to.store(dst, &diffs, d.from)
			}
		}
		return nil
	})
}

func (d *delta) decode(dst, src []byte) error {
	switch {
	case d.plain == 1:
		sums(dst, src)
	case d.plain == 2:
		sums(dtype.Slice[uint16](dst), dtype.Slice[uint16](src))
	case d.plain == 4:
		sums(dtype.Slice[uint32](dst), dtype.Slice[uint32](src))
	case d.plain == 8:
		sums(dtype.Slice[uint64](dst), dtype.Slice[uint64](src))
	case d.from.float() && (d.from.t != d.to.t || d.from.t == dtype.Float16):
		sum, first := 0.0, true
		return batches(dst, d.from, src, d.to, func(b *numbers, dst []byte) error {
			for i, x := range b.floats[:b.n] {
				if sum = d.wide.inPrecision(sum + x); first { // a sum with zero would change the sign of another
					sum, first = x, false
				}
				b.floats[i] = sum
			}
			return d.from.store(dst, b, d.wide)
		})
	case d.from.t == dtype.Float32:
		sums(dtype.Slice[float32](dst), dtype.Slice[float32](src))
	case d.from.t == dtype.Float64:
		sums(dtype.Slice[float64](dst), dtype.Slice[float64](src))
	default:
		sum := int64(0)
		return batches(dst, d.from, src, d.to, func(b *numbers, dst []byte) error {
			for i, x := range b.ints[:b.n] {
				sum += x
				b.ints[i] = sum
			}
			d.from.wrap(b)
			return d.from.store(dst, b, d.from)
		})
	}
	return nil
}

// differences sets y to those of x, as delta describes.
func differences[T uint8 | uint16 | uint32 | uint64 | float32 | float64](y, x []T) {
	if len(x) == 0 {
		return
	}
	y[0] = x[0]
	for i := 1; i < len(x); i++ {
		y[i] = x[i] - x[i-1]
	}
}

// sums sets x to the running sum of y.
func sums[T uint8 | uint16 | uint32 | uint64 | float32 | float64](x, y []T) {
	if len(y) == 0 {
		return
	}
	sum := y[0]
	x[0] = sum
	for i := 1; i < len(y); i++ {
		sum += y[i]
		x[i] = sum
	}
}
