package codec

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"

	"github.com/dosna/dosna/dtype"
)

// castValue is the filter "cast_value" (zarr-extensions, codec "cast_value"):
// elements are stored as numbers of another type. Numbers that scalar_map names
// become what it says, those that the type has stay what they are, and others are
// rounded, and if that takes them beyond the type clamped or wrapped, or an error.
// The same goes for what is read. Keys of scalar_map are numbers: -0 is 0, and NaN
// is any NaN.
type castValue struct {
	shape    []int
	from, to exactType
	there    casting
	back     casting
}

// casting is one direction of it.
type casting struct {
	round       rounding
	clamp, wrap bool
	mapped      map[exact]exact // NaN is left to nan
	nan         *exact
}

func bindCastValue(s Spec, in Chunk) (filter, error) {
	var typ, maps json.RawMessage
	round, beyond := "nearest-even", ""
	err := s.config(required("data_type", &typ), optional("rounding", &round), optional("out_of_range", &beyond), optional("scalar_map", &maps))
	if err != nil {
		return nil, err
	}
	c := &castValue{shape: in.Shape}
	if c.from, err = s.exactType(in.Type); err != nil {
		return nil, err
	}
	to, err := dtype.ParseJSON(typ)
	if err != nil {
		return nil, s.errorf(`configuration: "data_type": %w`, err)
	}
	if c.to, err = s.exactType(to); err != nil {
		return nil, err
	}
	both := casting{round: roundings[round], clamp: beyond == "clamp", wrap: beyond == "wrap"}
	switch {
	case both.round == nil:
		return nil, s.errorf(`configuration: "rounding": %q is none of nearest-even, towards-zero, towards-positive, towards-negative and nearest-away`, round)
	case beyond != "" && !both.clamp && !both.wrap:
		return nil, s.errorf(`configuration: "out_of_range": %q is neither clamp nor wrap`, beyond)
	case both.wrap && c.to.bits == 0:
		return nil, s.errorf(`configuration: "out_of_range": wrap is for integers, and %s are none`, to)
	}
	c.there, c.back = both, both
	if !isNull(maps) {
		if err := c.mapScalars(maps); err != nil {
			return nil, s.errorf(`configuration: "scalar_map": %w`, err)
		}
	}
	if in.Fill != nil {
		err = c.keeps(in.Fill)
	}
	if err != nil {
		return nil, s.errorf("the fill value %s is to come back from %s: %w", in.Type.Format(in.Fill), to, err)
	}
	return c, nil
}

func (c *castValue) mapScalars(raw json.RawMessage) error {
	var there, back [][]json.RawMessage
	if err := readObject(raw, optional("encode", &there), optional("decode", &back)); err != nil {
		return err
	}
	if err := c.there.mapScalars(there, &c.from, &c.to); err != nil {
		return fmt.Errorf(`"encode": %w`, err)
	}
	if err := c.back.mapScalars(back, &c.to, &c.from); err != nil {
		return fmt.Errorf(`"decode": %w`, err)
	}
	return nil
}

func (c *casting) mapScalars(pairs [][]json.RawMessage, from, to *exactType) error {
	c.mapped = make(map[exact]exact, len(pairs))
	for i, pair := range pairs {
		if len(pair) != 2 {
			return fmt.Errorf("pair %d: a list of %d values", i, len(pair))
		}
		key, err := from.parse(pair[0])
		if err != nil {
			return fmt.Errorf("pair %d: %w", i, err)
		}
		value, err := to.parse(pair[1])
		if err != nil {
			return fmt.Errorf("pair %d: %w", i, err)
		}
		_, known := c.mapped[key.key()]
		switch {
		case math.IsNaN(key.x):
			if c.nan == nil {
				c.nan = &value
			}
		case !known:
			c.mapped[key.key()] = value
		}
	}
	return nil
}

// key returns the one of equal numbers that maps are by.
func (e exact) key() exact {
	if e.x == 0 {
		e.x = 0 // not -0
	}
	return e
}

// parse reads a number as a fill value of the type is written.
func (e *exactType) parse(raw json.RawMessage) (exact, error) {
	elem, err := e.t.ParseFill(raw)
	if err != nil {
		return exact{}, err
	}
	return e.get(append(aligned(0), elem...)), nil
}

// keeps reports an error if a fill value does not come back.
func (c *castValue) keeps(fill []byte) error {
	made, back := aligned(c.to.t.Size()), aligned(c.from.t.Size())
	fill = append(aligned(0), fill...)
	if err := c.encode(made, fill); err != nil {
		return err
	}
	if err := c.decode(back, made); err != nil {
		return err
	}
	x, y := c.from.get(fill), c.from.get(back)
	if bytes.Equal(fill, back) || x.key() == y.key() || math.IsNaN(x.x) && math.IsNaN(y.x) {
		return nil
	}
	return fmt.Errorf("it comes back as %s", c.from.t.Format(back))
}

func (c *castValue) out() ([]int, dtype.Type) { return c.shape, c.to.t }
func (c *castValue) elementwise() bool        { return true }
func (c *castValue) total() bool              { return false }

func (c *castValue) encode(dst, src []byte) error { return c.there.all(dst, &c.to, src, &c.from) }
func (c *castValue) decode(dst, src []byte) error { return c.back.all(dst, &c.from, src, &c.to) }

func (c *casting) all(dst []byte, to *exactType, src []byte, from *exactType) error {
	in, out := from.t.Size(), to.t.Size()
	for ; len(src) > 0; src, dst = src[in:], dst[out:] {
		n, err := c.cast(from.get(src[:in]), to)
		if err != nil {
			return err
		}
		to.put(dst[:out], n)
	}
	return nil
}

// cast returns the number of a type that a number becomes.
func (c *casting) cast(n exact, to *exactType) (exact, error) {
	if c.nan != nil && math.IsNaN(n.x) {
		return *c.nan, nil
	}
	if len(c.mapped) > 0 {
		if m, ok := c.mapped[n.key()]; ok {
			return m, nil
		}
	}
	if n.special() {
		if math.IsNaN(n.x) && to.NaN || math.IsInf(n.x, 0) && to.Infinite {
			return n, nil
		}
		return n, &rangeError{n.String(), to.t}
	}
	if to.bits > 0 {
		return c.whole(n, to)
	}
	m := exact{float: true}
	if n.float {
		m.x = to.rounded(n.x, c.round)
	} else {
		m.x = to.roundedInt(n, c.round)
	}
	switch {
	case to.holds(m):
		return m, nil
	case c.clamp:
		return to.limit(m.x < to.Min), nil
	}
	return m, &rangeError{n.String(), to.t}
}

// whole is cast for a type of integers.
func (c *casting) whole(n exact, to *exactType) (exact, error) {
	m, fits := n, true
	if n.float {
		x := c.round(n.x)
		abs := math.Abs(x)
		fits = abs < 1<<64
		m = exact{neg: x < 0, mag: uint64(math.Mod(abs, 1<<64))}
	}
	switch {
	case fits && to.holds(m):
		return m, nil
	case c.clamp:
		return to.limit(m.neg), nil
	case c.wrap:
		return to.wrapped(m), nil
	}
	return m, &rangeError{n.String(), to.t}
}
