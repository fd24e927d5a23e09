// Package dtype describes the element types of arrays: their Zarr names, sizes,
// byte order, Go counterparts, and fill values as JSON.
//
// Elements in memory are always in the machine's own byte order, packed without
// padding; the order in which they are stored is the business of a codec.
package dtype

import (
	"fmt"
	"slices"
	"strings"
)

// Kind is the family of a type.
type Kind uint8

// The kinds.
const (
	Invalid Kind = iota
	Boolean      // one byte, 0 or 1
	Int          // two's complement
	Uint
	Float   // IEEE 754 binary
	Complex // two floats, real part first
)

// Type is the type of an array's elements. Types are comparable with ==; the
// zero Type is not valid.
type Type struct {
	name string
	kind Kind
	size int
}

// The types of the Zarr v3 core specification (section "Data types").
var (
	Bool       = Type{"bool", Boolean, 1}
	Int8       = Type{"int8", Int, 1}
	Int16      = Type{"int16", Int, 2}
	Int32      = Type{"int32", Int, 4}
	Int64      = Type{"int64", Int, 8}
	Uint8      = Type{"uint8", Uint, 1}
	Uint16     = Type{"uint16", Uint, 2}
	Uint32     = Type{"uint32", Uint, 4}
	Uint64     = Type{"uint64", Uint, 8}
	Float16    = Type{"float16", Float, 2}
	Float32    = Type{"float32", Float, 4}
	Float64    = Type{"float64", Float, 8}
	Complex64  = Type{"complex64", Complex, 8}
	Complex128 = Type{"complex128", Complex, 16}
)

var all = []Type{
	Bool, Int8, Int16, Int32, Int64, Uint8, Uint16, Uint32, Uint64,
	Float16, Float32, Float64, Complex64, Complex128,
}

// All returns every type, smallest kinds first.
func All() []Type { return slices.Clone(all) }

// Name returns the type's name in Zarr v3 metadata, which is also NumPy's.
func (t Type) Name() string { return t.name }

// String returns the name.
func (t Type) String() string { return t.name }

// Kind returns the family of the type.
func (t Type) Kind() Kind { return t.kind }

// Size returns the bytes of one element.
func (t Type) Size() int { return t.size }

// Unit returns the bytes that are reversed together when the byte order
// changes: the size, or half of it for complex numbers.
func (t Type) Unit() int {
	if t.kind == Complex {
		return t.size / 2
	}
	return t.size
}

// Zero returns the bytes of one element that is zero (false).
func (t Type) Zero() []byte { return make([]byte, t.size) }

// ByName returns the type of that Zarr name.
func ByName(name string) (Type, error) {
	for _, t := range all {
		if t.name == name {
			return t, nil
		}
	}
	names := make([]string, len(all))
	for i, t := range all {
		names[i] = t.name
	}
	return Type{}, fmt.Errorf("unknown data type %q (known: %s)", name, strings.Join(names, ", "))
}

// NumPy returns the type's string in NumPy's array protocol: "<f4", "|b1".
func (t Type) NumPy(o Order) string {
	prefix := "<"
	switch {
	case t.size == 1:
		prefix = "|"
	case o == Big:
		prefix = ">"
	}
	return fmt.Sprintf("%s%c%d", prefix, " biufc"[t.kind], t.size)
}

// Parse reads a type as people write it: a Zarr name, or a NumPy string such as
// "<f4", ">i2", "u1", "|b1", with its byte order (Native where none is said).
func Parse(s string) (Type, Order, error) {
	code, order := s, Native
	if code != "" {
		switch code[0] {
		case '<':
			code, order = code[1:], Little
		case '>':
			code, order = code[1:], Big
		case '|', '=':
			code = code[1:]
		}
	}
	for _, t := range all {
		if t.NumPy(Little)[1:] == code || t.name == s {
			return t, order, nil
		}
	}
	switch s {
	case "float", "double":
		return Float64, Native, nil
	case "int":
		return Int64, Native, nil
	}
	_, err := ByName(s)
	return Type{}, Native, err
}
