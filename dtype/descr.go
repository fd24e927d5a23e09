package dtype

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// Descr is a type with the byte orders in which elements are stored, as NumPy's
// array protocol describes it (its page "The array interface protocol", typestr
// and descr; Zarr specification 2, section "Data type encoding").
type Descr struct {
	Type Type
	big  []bool // of the leaves, if any
}

// ParseDescr reads a description as JSON: a string such as "<f4", or the list of a
// struct's fields, [["x", "<f4"], ["y", [["a", "|u1"], ["b", ">i2"]]]]. What is
// longer than a byte has to say its byte order.
//
// A field without a name, which is how padding is written, is called as NumPy
// does it, "f1". A field that is itself an array, ["x", "<f4", [2, 3]], is a
// struct of fields "0" and "1", each of "0" to "2": Zarr v3 has nothing nearer,
// and the bytes are the same.
func ParseDescr(raw json.RawMessage) (Descr, error) {
	raw = bytes.TrimSpace(raw)
	if len(raw) > maxJSON {
		return Descr{}, fmt.Errorf("a data type of %d bytes of text: at most %d are supported", len(raw), maxJSON)
	}
	return parseDescr(raw, 0)
}

func parseDescr(raw []byte, depth int) (d Descr, err error) {
	if depth >= maxDepth {
		return d, fmt.Errorf("at most %d structs inside each other are supported", maxDepth)
	}
	if len(raw) == 0 || raw[0] != '[' {
		s, err := parseString(raw)
		if err != nil {
			return d, err
		}
		if d, err = parseSimple(s); err != nil {
			return d, fmt.Errorf("data type %q: %w", clip([]byte(s)), err)
		}
		return d, nil
	}
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil {
		return d, fmt.Errorf("data type %s: want a list of fields", clip(raw))
	}
	if len(list) > maxFields {
		return d, errFields
	}
	fields := make([]Field, len(list))
	for i, item := range list {
		name, part, err := parseDescrField(item, i, depth)
		if err != nil {
			return d, fmt.Errorf("field %d: %w", i, err)
		}
		fields[i] = Field{Name: name, Type: part.Type}
		if d.big = append(d.big, part.big...); len(d.big) > maxFields {
			return d, errFields
		}
	}
	d.Type, err = NewStruct(fields...)
	return d, err
}

func parseSimple(s string) (d Descr, err error) {
	if s == "" {
		return d, errors.New("it is empty")
	}
	order, code := s[0], s[1:]
	if order != '<' && order != '>' && order != '|' {
		order, code = '|', s
	}
	if d.Type, err = parseNumPy(code); err != nil {
		return d, err
	}
	if d.Type.Ordered() && order == '|' {
		return d, errors.New("it does not say its byte order, < or >")
	}
	d.big = []bool{order == '>' && d.Type.Ordered()}
	return d, nil
}

func parseDescrField(raw []byte, i, depth int) (name string, d Descr, err error) {
	var item []json.RawMessage
	if err := json.Unmarshal(raw, &item); err != nil || len(item) < 2 || len(item) > 3 {
		return "", d, fmt.Errorf("%s: want a list of name, type and perhaps a shape", clip(raw))
	}
	if name, err = parseString(bytes.TrimSpace(item[0])); err != nil {
		return "", d, err
	}
	if name == "" {
		name = "f" + strconv.Itoa(i)
	}
	if d, err = parseDescr(bytes.TrimSpace(item[1]), depth+1); err != nil || len(item) == 2 {
		return name, d, err
	}
	var shape []int
	if err := json.Unmarshal(item[2], &shape); err != nil || bytes.Contains(item[2], []byte("null")) {
		return "", d, fmt.Errorf("%q: the shape %s is not a list of integers", clip([]byte(name)), clip(item[2]))
	}
	if len(shape) > maxDepth {
		return "", d, fmt.Errorf("%q: a shape of %d dimensions: at most %d are supported", clip([]byte(name)), len(shape), maxDepth)
	}
	for i := len(shape) - 1; i >= 0; i-- {
		if d, err = d.times(shape[i]); err != nil {
			return "", d, fmt.Errorf("%q: %w", clip([]byte(name)), err)
		}
	}
	return name, d, nil
}

// times returns a struct of n such fields, called by their numbers.
func (d Descr) times(n int) (Descr, error) {
	if n < 1 || n > maxFields/len(d.big) {
		return Descr{}, fmt.Errorf("an array of %d elements, which have %d fields: %w", n, len(d.big), errFields)
	}
	fields := make([]Field, n)
	for i := range fields {
		fields[i] = Field{Name: strconv.Itoa(i), Type: d.Type}
	}
	t, err := NewStruct(fields...)
	if err != nil {
		return Descr{}, err
	}
	many := Descr{Type: t}
	for range n {
		many.big = append(many.big, d.big...)
	}
	return many, nil
}

// Order returns the byte order of everything in an element, Native if there is
// none; false if there are two.
func (d Descr) Order() (Order, bool) {
	order, known := Native, false
	i := 0
	for _, l := range d.Type.leaves() {
		if l.Ordered() {
			o := Little
			if d.big[i] {
				o = Big
			}
			if known && o != order {
				return Native, false
			}
			order, known = o, true
		}
		i++
	}
	return order, true
}

// Swap changes whole elements from the stored byte orders to the machine's in
// place, and back.
func (d Descr) Swap(data []byte) {
	if o, uniform := d.Order(); uniform {
		if o != Native {
			d.Type.Swap(data)
		}
		return
	}
	var turned []leaf
	i := 0
	for at, l := range d.Type.leaves() {
		if l.Ordered() && d.big[i] != (Native == Big) {
			turned = append(turned, leaf{at, l})
		}
		i++
	}
	swapLeaves(data, d.Type.size, turned)
}

// Descr returns the type as ParseDescr reads it, in a byte order. NumPy does not
// have all numbers, and has no name for elements of any length but "|O".
func (t Type) Descr(o Order) (json.RawMessage, error) {
	if t.kind != Struct {
		s := t.NumPy(o)
		if s == "" {
			return nil, fmt.Errorf("NumPy has no type for %s", t)
		}
		return quoteJSON(s), nil
	}
	out := []byte{'['}
	for f := range t.each() {
		part, err := f.typ.Descr(o)
		if err != nil {
			return nil, err
		}
		if f.offset > 0 {
			out = append(out, ", "...)
		}
		out = fmt.Appendf(out, "[%s, %s]", quoteJSON(f.name), part)
	}
	return append(out, ']'), nil
}
