package codec

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"

	"github.com/dosna/dosna/dtype"
)

// scaleOffset is the filter "numcodecs.fixedscaleoffset" (numcodecs documentation,
// "FixedScaleOffset"):
//
//	y = round((x − offset) · scale), x = y / scale + offset
//
// rounded to the nearest integer, halves to the even one. Each step is in the type
// that NumPy 2 works in: that of the floats, float64 where there are integers and
// floats, and for whole numbers written without a point integers of the elements'
// own type. Quotients of integers are float64. A number that the stored type, or
// the elements' own on the way, cannot hold is an error, where numcodecs stores
// another one; and what rounding takes beyond the elements' type comes back as the
// nearest that it has.
type scaleOffset struct {
	shape         []int
	from, to      number
	offset, scale scalar
}

// scalar is a number of a configuration: a float, and if it is written as one an
// integer.
type scalar struct {
	float   float64
	int     int64
	integer bool
}

func (s Spec) scalar(member string, raw json.RawMessage) (scalar, error) {
	var c scalar
	if err := json.Unmarshal(raw, &c.float); err != nil {
		return c, s.errorf("configuration: %q: %w", member, err)
	}
	if !bytes.ContainsAny(raw, ".eE") {
		if err := json.Unmarshal(raw, &c.int); err != nil {
			return c, s.errorf("configuration: %q: %w", member, err)
		}
		c.integer = true
	}
	return c, nil
}

func bindFixedScaleOffset(s Spec, in Chunk) (filter, error) {
	var from, to, offset, scale json.RawMessage
	err := s.config(required("offset", &offset), required("scale", &scale), optional("dtype", &from), optional("astype", &to))
	if err != nil {
		return nil, err
	}
	f := &scaleOffset{shape: in.Shape}
	if f.offset, err = s.scalar("offset", offset); err != nil {
		return nil, err
	}
	if f.scale, err = s.scalar("scale", scale); err != nil {
		return nil, err
	}
	if f.from, err = s.viewed("dtype", from, in); err != nil {
		return nil, err
	}
	if f.to, err = s.elements("astype", to, f.from.t); err != nil {
		return nil, err
	}
	if f.from.t == dtype.Bool || f.to.t == dtype.Bool {
		return nil, s.errorf("it works on numbers, and booleans are none")
	}
	for _, n := range []number{f.from, f.to} {
		if o, c := n.inPrecision(f.offset.float), n.inPrecision(f.scale.float); math.IsInf(o, 0) || math.IsInf(c, 0) || c == 0 {
			return nil, s.errorf(`configuration: "offset" and "scale": elements of %s have no room for them, or the scale is 0`, n.t)
		}
	}
	if !f.from.float() && f.offset.integer {
		if err := f.holds(s, "offset", f.offset); err != nil {
			return nil, err
		}
		if f.scale.integer {
			return f, f.holds(s, "scale", f.scale)
		}
	}
	return f, nil
}

// holds reports an error if the elements' type has no room for an integer.
func (f *scaleOffset) holds(s Spec, member string, c scalar) error {
	b := &numbers{n: 1}
	b.ints[0] = c.int
	if at := f.from.ints(aligned(8), b); at >= 0 {
		return s.errorf("configuration: %q: %d does not fit elements of %s: write it with a point, and it is a float", member, c.int, f.from.t)
	}
	return nil
}

func (f *scaleOffset) out() ([]int, dtype.Type) { return f.shape, f.to.t }
func (f *scaleOffset) elementwise() bool        { return true }
func (f *scaleOffset) total() bool              { return f.from.float() || !f.to.float() }

func (f *scaleOffset) encode(dst, src []byte) error {
	integer := !f.from.float() && f.offset.integer
	whole := integer && f.scale.integer
	offset, scale := f.from.inPrecision(f.offset.float), f.from.inPrecision(f.scale.float)
	as := f.from // the type of the results
	if !whole && !f.from.float() {
		as = float64s
	}
	return batches(dst, f.to, src, f.from, func(b *numbers, dst []byte) error {
		if integer {
			if err := f.shift(b); err != nil {
				return err
			}
		}
		if whole {
			if err := f.stretch(b); err != nil {
				return err
			}
			return f.to.store(dst, b, as)
		}
		if !f.from.float() {
			f.from.toFloats(b)
		}
		if !integer {
			for i := range b.floats[:b.n] {
				b.floats[i] -= offset
			}
			as.rounded(b)
		}
		for i := range b.floats[:b.n] {
			b.floats[i] *= scale
		}
		as.rounded(b)
		for i, x := range b.floats[:b.n] {
			b.floats[i] = math.RoundToEven(x)
		}
		return f.to.store(dst, b, as)
	})
}

// shift subtracts an integer offset. What NumPy would wrap around is an error.
func (f *scaleOffset) shift(b *numbers) error {
	unsigned := f.from.t == dtype.Uint64
	for i, x := range b.ints[:b.n] {
		y := x - f.offset.int
		fits := (x^f.offset.int)&(x^y) >= 0
		if unsigned {
			fits = uint64(x) >= uint64(f.offset.int)
		}
		if b.ints[i] = y; !fits {
			return f.overflow(x, unsigned, "−", f.offset.int)
		}
	}
	return f.checked(b, "−", f.offset.int)
}

// stretch multiplies by an integer scale.
func (f *scaleOffset) stretch(b *numbers) error {
	unsigned := f.from.t == dtype.Uint64
	c := f.scale.int
	for i, x := range b.ints[:b.n] {
		y := x * c
		fits := y/c == x && !(c == -1 && x == math.MinInt64)
		if unsigned {
			fits = uint64(y)/uint64(c) == uint64(x)
		}
		if b.ints[i] = y; !fits {
			return f.overflow(x, unsigned, "·", c)
		}
	}
	return f.checked(b, "·", c)
}

// checked reports an error for results that are not of the elements' own type.
func (f *scaleOffset) checked(b *numbers, op string, c int64) error {
	for i := range b.ints[:b.n] {
		one := b.ints[i]
		if f.from.wrapped(one) != one {
			return &rangeError{fmt.Sprintf("%d (… %s %d)", one, op, c), f.from.t}
		}
	}
	return nil
}

func (f *scaleOffset) overflow(x int64, unsigned bool, op string, c int64) error {
	if unsigned {
		return &rangeError{fmt.Sprintf("%d %s %d", uint64(x), op, c), f.from.t}
	}
	return &rangeError{fmt.Sprintf("%d %s %d", x, op, c), f.from.t}
}

func (f *scaleOffset) decode(dst, src []byte) error {
	offset, scale := f.to.inPrecision(f.offset.float), f.to.inPrecision(f.scale.float)
	return batches(dst, f.from, src, f.to, func(b *numbers, dst []byte) error {
		as := f.to
		if !f.to.float() {
			f.to.toFloats(b)
			as = float64s
		}
		for i := range b.floats[:b.n] {
			b.floats[i] /= scale
		}
		as.rounded(b)
		for i := range b.floats[:b.n] {
			b.floats[i] += offset
		}
		as.rounded(b)
		return f.from.restore(dst, b, as)
	})
}

var float64s, _ = numberOf(dtype.Float64)
