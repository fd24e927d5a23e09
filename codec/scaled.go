package codec

import (
	"encoding/json"
	"math"
	"math/bits"

	"github.com/dosna/dosna/dtype"
)

// scaled is the filter "scale_offset" (zarr-extensions, codec "scale_offset"):
//
//	y = (x − offset) · scale, x = y / scale + offset
//
// each step in the elements' own type, to the nearest float, halves to even. A
// result that the type does not have is an error: of integers also a quotient that
// is not whole, and of floats what is too large. Infinities and NaN stay.
type scaled struct {
	shape         []int
	as            exactType
	offset, scale exact
}

func bindScaleOffset(s Spec, in Chunk) (filter, error) {
	var offset, scale json.RawMessage
	if err := s.config(optional("offset", &offset), optional("scale", &scale)); err != nil {
		return nil, err
	}
	as, err := s.exactType(in.Type)
	if err != nil {
		return nil, err
	}
	f := &scaled{in.Shape, as, exact{float: as.bits == 0}, exact{float: as.bits == 0, mag: 1, x: 1}}
	for _, m := range []struct {
		name string
		raw  json.RawMessage
		into *exact
	}{{"offset", offset, &f.offset}, {"scale", scale, &f.scale}} {
		if isNull(m.raw) {
			continue
		}
		if *m.into, err = f.as.parse(m.raw); err != nil {
			return nil, s.errorf("configuration: %q: %w", m.name, err)
		}
		if m.into.special() {
			return nil, s.errorf("configuration: %q: %v is not finite", m.name, m.into)
		}
	}
	if f.scale.mag == 0 && f.scale.x == 0 {
		return nil, s.errorf(`configuration: "scale": 0 makes all numbers the same`)
	}
	if in.Fill != nil {
		fill, made := append(aligned(0), in.Fill...), aligned(in.Type.Size())
		if err := f.encode(made, fill); err != nil {
			return nil, s.errorf("the fill value %s: %w", in.Type.Format(in.Fill), err)
		}
	}
	return f, nil
}

func (f *scaled) out() ([]int, dtype.Type) { return f.shape, f.as.t }
func (f *scaled) elementwise() bool        { return true }
func (f *scaled) total() bool              { return false }

func (f *scaled) encode(dst, src []byte) error {
	minus := f.offset
	minus.x, minus.neg = -minus.x, !minus.neg && minus.mag > 0
	return f.each(dst, src, func(n exact) (exact, error) {
		n, err := f.sum(n, minus)
		if err != nil {
			return n, err
		}
		return f.product(n)
	})
}

func (f *scaled) decode(dst, src []byte) error {
	return f.each(dst, src, func(n exact) (exact, error) {
		n, err := f.quotient(n)
		if err != nil {
			return n, err
		}
		return f.sum(n, f.offset)
	})
}

func (f *scaled) each(dst, src []byte, what func(n exact) (exact, error)) error {
	item := f.as.t.Size()
	for ; len(src) > 0; src, dst = src[item:], dst[item:] {
		n, err := what(f.as.get(src[:item]))
		if err != nil {
			return err
		}
		f.as.put(dst[:item], n)
	}
	return nil
}

// sum returns n + m.
func (f *scaled) sum(n, m exact) (exact, error) {
	if n.float {
		return f.result(n, "+", m, exact{float: true, x: n.x + m.x}, true)
	}
	if n.neg == m.neg {
		mag, carry := bits.Add64(n.mag, m.mag, 0)
		return f.result(n, "+", m, exact{neg: n.neg, mag: mag}, carry == 0)
	}
	if n.mag < m.mag {
		return f.result(n, "+", m, exact{neg: m.neg, mag: m.mag - n.mag}, true)
	}
	return f.result(n, "+", m, exact{neg: n.neg && n.mag > m.mag, mag: n.mag - m.mag}, true)
}

func (f *scaled) product(n exact) (exact, error) {
	if n.float {
		return f.result(n, "·", f.scale, exact{float: true, x: n.x * f.scale.x}, true)
	}
	over, mag := bits.Mul64(n.mag, f.scale.mag)
	return f.result(n, "·", f.scale, exact{neg: n.neg != f.scale.neg && mag > 0, mag: mag}, over == 0)
}

func (f *scaled) quotient(n exact) (exact, error) {
	if n.float {
		return f.result(n, "/", f.scale, exact{float: true, x: n.x / f.scale.x}, true)
	}
	mag, rest := n.mag/f.scale.mag, n.mag%f.scale.mag
	return f.result(n, "/", f.scale, exact{neg: n.neg != f.scale.neg && mag > 0, mag: mag}, rest == 0)
}

// result returns what an operation gave, made a number of the type.
func (f *scaled) result(n exact, op string, m, made exact, whole bool) (exact, error) {
	if n.special() {
		return n.times(m, op), nil
	}
	if made.float {
		made.x = f.as.rounded(made.x, math.RoundToEven)
	}
	if !whole || !f.as.holds(made) {
		return made, &rangeError{n.String() + " " + op + " " + m.String(), f.as.t}
	}
	return made, nil
}

// times returns what an operation with a finite number makes of an infinity or NaN.
func (e exact) times(m exact, op string) exact {
	if op != "+" && m.x < 0 {
		e.x = -e.x
	}
	return e
}
