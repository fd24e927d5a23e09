package hdf5

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"strconv"
)

// Value returns an element as what encoding/json writes: a number, a bool, a string, a list or a map.
//
// Numbers have all their digits; NaN and the infinities are the strings "NaN", "Infinity" and "-Infinity"; a complex number is a list of
// two; an enum is its number; a compound is a map; arrays and vlens are lists; opaque bytes are base64; a reference
// is the path of its object, and to a part of one a map with path and selection; one that leads nowhere is nil.
func (f *File) Value(ctx context.Context, t *Datatype, elem []byte) (any, error) {
	v := valuer{f: f, ctx: ctx, left: f.mostValues()}
	return v.value(t, elem, 0)
}

// mostValues bounds the values that an element or an attribute may have in it.
const mostValues = 1 << 24

// mostValues is the bound for this file, in which each value has a byte somewhere, as a rule.
func (f *File) mostValues() int { return int(min(mostValues, 16*f.src.Size()+1024)) }

type valuer struct {
	f    *File
	ctx  context.Context
	left int

	ordered bool // compounds are records, not maps
}

func (v *valuer) value(t *Datatype, elem []byte, depth int) (any, error) {
	if v.left--; v.left < 0 || depth > mostNested {
		return nil, fmt.Errorf("%w: more than %d values in one", ErrUnsupported, mostValues)
	}
	if len(elem) < t.Size {
		return nil, fmt.Errorf("%w: an element of %d bytes has %d", ErrCorrupt, t.Size, len(elem))
	}
	elem = elem[:t.Size]
	switch t.Class {
	case ClassInteger, ClassBits, ClassTime:
		return t.integer(elem), nil
	case ClassFloat:
		return t.float(elem), nil
	case ClassComplex:
		return []any{t.Base.float(elem), t.Base.float(elem[t.Base.Size:])}, nil
	case ClassString:
		return unicode(trim(elem, t.Pad)), nil
	case ClassOpaque:
		return base64.StdEncoding.EncodeToString(elem), nil
	case ClassEnum:
		if t.Boolean() && elem[0] < 2 {
			return elem[0] == 1, nil
		}
		return t.Base.integer(elem), nil
	case ClassCompound:
		return v.compound(t, elem, depth)
	case ClassArray:
		_, out, err := v.list(t.Base, elem, t.Shape, depth)
		return out, err
	case ClassVlen:
		return v.vlen(t, elem, depth)
	case ClassReference:
		return v.f.reference(v.ctx, t, elem)
	}
	return nil, fmt.Errorf("%w: a value of %v", ErrUnsupported, t)
}

func (v *valuer) compound(t *Datatype, elem []byte, depth int) (any, error) {
	if m := t.Members; len(m) == 2 && m[0].Name == "r" && m[1].Name == "i" && m[0].Type.Class == ClassFloat && m[1].Type.Class == ClassFloat {
		return []any{m[0].Type.float(elem[m[0].Offset:]), m[1].Type.float(elem[m[1].Offset:])}, nil
	}
	var out record
	named := map[string]any{}
	for _, m := range t.Members {
		value, err := v.value(m.Type, elem[m.Offset:], depth+1)
		if err != nil {
			return nil, err
		}
		out = append(out, part{m.Name, value})
		named[m.Name] = value
	}
	if !v.ordered {
		return named, nil
	}
	return out, nil
}

// record is a compound, whose parts stay in their order.
type record []part

type part struct {
	name  string
	value any
}

// MarshalJSON implements json.Marshaler.
func (r record) MarshalJSON() ([]byte, error) {
	out := []byte{'{'}
	for i, p := range r {
		name, err := json.Marshal(p.name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(p.value)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(append(out, name...), ':'), value...)
	}
	return append(out, '}'), nil
}

// list makes lists of elements, and returns the elements behind them.
func (v *valuer) list(t *Datatype, data []byte, shape []int, depth int) ([]byte, any, error) {
	if len(shape) == 0 {
		one, err := v.value(t, data, depth+1)
		if err != nil {
			return nil, nil, err
		}
		return data[t.Size:], one, nil
	}
	out := []any{}
	for range shape[0] {
		var one any
		var err error
		if data, one, err = v.list(t, data, shape[1:], depth); err != nil {
			return nil, nil, err
		}
		out = append(out, one)
	}
	return data, out, nil
}

// stored returns what a vlen refers to, and how many elements that is.
func (f *File) stored(ctx context.Context, elem []byte) ([]byte, int, error) {
	c := f.cursor(elem)
	n, addr, index := c.u32(), c.address(), c.u32()
	if c.err != nil || n == 0 || addr == 0 || addr == undefined {
		return nil, 0, c.err
	}
	data, err := f.global(ctx, addr, index)
	return data, n, err
}

func (v *valuer) vlen(t *Datatype, elem []byte, depth int) (any, error) {
	data, n, err := v.f.stored(v.ctx, elem)
	if err != nil {
		return nil, err
	}
	if t.Base.Size > 0 && n > len(data)/t.Base.Size {
		return nil, fmt.Errorf("%w: a vlen of %d elements of %d bytes, and %d are stored", ErrCorrupt, n, t.Base.Size, len(data))
	}
	if t.Text {
		return unicode(trim(data[:n], PadTerm)), nil
	}
	_, out, err := v.list(t.Base, data, []int{n}, depth)
	return out, err
}

func (t *Datatype) integer(elem []byte) any {
	if t.Precision <= 64 {
		if v := t.whole(elem); t.Signed {
			return json.Number(strconv.FormatInt(int64(v), 10))
		} else {
			return json.Number(strconv.FormatUint(v, 10))
		}
	}
	v := bitsOf(t.little(elem), t.Offset, t.Precision)
	if t.Signed && v.Bit(t.Precision-1) == 1 {
		v.Sub(v, new(big.Int).Lsh(big.NewInt(1), uint(t.Precision)))
	}
	return json.Number(v.String())
}

// float is a number with as few digits as its type needs, and always a point or an exponent.
func (t *Datatype) float(elem []byte) any {
	v := t.real(elem[:t.Size])
	switch {
	case math.IsNaN(v):
		return "NaN"
	case math.IsInf(v, 1):
		return "Infinity"
	case math.IsInf(v, -1):
		return "-Infinity"
	}
	width := 64
	if t.Float.MantSize <= 23 && t.Float.ExpSize <= 8 {
		width = 32
	}
	text := strconv.FormatFloat(v, 'g', -1, width)
	for _, c := range text {
		if c == '.' || c == 'e' {
			return json.Number(text)
		}
	}
	return json.Number(text + ".0")
}

// Value returns an attribute's value: a list of lists for each dimension, nil if it has no elements because its dataspace is null. See
// [File.Value] for those of elements.
func (a *Attribute) Value(ctx context.Context, f *File) (any, error) {
	if a.Space.Null {
		return nil, nil
	}
	v := valuer{f: f, ctx: ctx, left: f.mostValues()}
	_, out, err := v.list(a.Type, a.Data, a.Space.Shape, 0)
	if err != nil {
		return nil, fmt.Errorf("attribute %.100q: %w", a.Name, err)
	}
	return out, nil
}

// Texts returns elements, as they are in the file, as texts: strings are themselves, all else is JSON.
func (f *File) Texts(ctx context.Context, e *Elements, data []byte) ([]string, error) {
	n := 0
	if e.t.Size > 0 {
		n = len(data) / e.t.Size
	}
	out := make([]string, 0, n)
	for i := range n {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		one := valuer{f: f, ctx: ctx, left: f.mostValues(), ordered: true}
		v, err := one.value(e.t, data[i*e.t.Size:(i+1)*e.t.Size], 0)
		if err != nil {
			return nil, err
		}
		text, ok := v.(string)
		if !ok || e.t.Class != ClassString && !e.t.Text && e.t.Class != ClassReference {
			raw, err := json.Marshal(v)
			if err != nil {
				return nil, err
			}
			text = string(raw)
		}
		if v == nil {
			text = ""
		}
		out = append(out, text)
	}
	return out, nil
}

// Number returns an integer, as [File.Value] does.
func Number(t *Datatype, elem []byte) (any, bool) {
	if t.Class != ClassInteger || len(elem) < t.Size {
		return nil, false
	}
	return t.integer(elem), true
}
