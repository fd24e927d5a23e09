// Package dtype describes the element types of arrays: their names in Zarr, sizes,
// byte order, Go counterparts, and elements as JSON and as text.
//
// The types are
//
//   - those of the Zarr v3 core specification (3.1, section "Data types"): bool, int8
//     to int64, uint8 to uint64, float16 to float64, complex64, complex128, and raw
//     bits r8, r16, …;
//   - all of the registry of Zarr extensions (zarr-extensions, folder data-types):
//     integers of 2 and 4 bits, bfloat16 and the floats of 4 to 8 bits of ml_dtypes and
//     OCP MX, complex numbers of each, numpy.datetime64 and numpy.timedelta64,
//     fixed_length_utf32, string, bytes and struct;
//   - null_terminated_bytes, raw_bytes and float8_e4m3fn, which zarr-python and
//     TensorStore write and which the registry does not have.
//
// # Elements
//
// Elements in memory are always in the machine's own byte order, packed without
// padding; the order in which they are stored is the business of a codec, with
// [Type.Swap] and, for bytes that several patterns of bits stand for, [Type.Tidy].
// Those of [String] and [ByteStrings] have any length; where each ends is kept
// beside them (see [Type.Variable]).
//
//	dtype.Float32.Encode(0.5)              // the bytes of an element
//	dtype.Float32.ParseScalar("0.5")       // from what a person types
//	dtype.Float32.Format(elem)             // "0.5"
//	dtype.Float32.FormatFill(elem)         // 0.5, or "NaN": as Zarr metadata has it
//	dtype.Float32.Value(elem)              // float32(0.5)
//	dtype.Slice[float32](data)             // memory as Go's own numbers
//
// # Names
//
// [ParseType] reads what people type, [ParseJSON] the metadata of Zarr v3 and
// [ParseDescr] NumPy's, which that of Zarr v2 and the headers of .npy files are.
//
//	float32, int8, complex128, bool        Zarr's names, which are NumPy's
//	<f4, >i2, u1, |b1                      NumPy's strings, which say the byte order
//	bfloat16, int4, float8_e4m3            names of the registry
//	M8[ns], datetime64[10us], m8[s]        times
//	U10, S8, V16                           texts of 10 code points, of 8 bytes; 16 bytes
//	string, bytes                          of any length
//	struct{x: f4, t: M8[s]}                fields, as String writes them
//	{"name": …}, [["x", "<f4"], …]         JSON, of Zarr and of NumPy
//
// # Limits
//
// An element of a fixed size has at most 16 MiB, a struct at most 1024 fields, those
// in its fields included, 16 structs inside each other at most, names of fields 255
// bytes, and the text of a type 1 MiB: whoever reads one that came from a stranger
// needs no more than that.
package dtype

import (
	"fmt"
	"slices"
	"strings"
	"unique"
)

// Kind is the family of a type.
type Kind uint8

// The kinds.
const (
	Invalid    Kind = iota
	Boolean         // one byte, 0 or 1
	Int             // two's complement
	Uint            //
	Float           // binary floating point
	Complex         // two floats, real part first
	Datetime        // a 64-bit count of a unit of time since 1970, as NumPy has it; the least is NaT, not a time
	Timedelta       // a 64-bit count of a unit of time; the least is NaT
	FixedText       // code points of 4 bytes each, padded with U+0000
	FixedBytes      // bytes, padded with NUL
	Raw             // bits of which nothing is known
	Struct          // named fields, packed
	Text            // UTF-8 of any length
	ByteString      // bytes of any length
)

// Type is the type of an array's elements. Types are comparable with ==, and
// equal if their elements are the same; the zero Type is not valid.
type Type struct {
	name   string
	kind   Kind
	bits   uint8 // that an integer uses, if they are fewer than its bytes have
	time   TimeUnit
	scale  int32 // of time
	size   int
	unit   int
	format *floatFormat // of floats and the parts of complex numbers, if not IEEE 754 binary16, 32 or 64
	fields unique.Handle[field]
}

// The types of the Zarr v3 core specification (section "Data types").
var (
	Bool       = Type{name: "bool", kind: Boolean, size: 1, unit: 1}
	Int8       = Type{name: "int8", kind: Int, size: 1, unit: 1}
	Int16      = Type{name: "int16", kind: Int, size: 2, unit: 2}
	Int32      = Type{name: "int32", kind: Int, size: 4, unit: 4}
	Int64      = Type{name: "int64", kind: Int, size: 8, unit: 8}
	Uint8      = Type{name: "uint8", kind: Uint, size: 1, unit: 1}
	Uint16     = Type{name: "uint16", kind: Uint, size: 2, unit: 2}
	Uint32     = Type{name: "uint32", kind: Uint, size: 4, unit: 4}
	Uint64     = Type{name: "uint64", kind: Uint, size: 8, unit: 8}
	Float16    = Type{name: "float16", kind: Float, size: 2, unit: 2}
	Float32    = Type{name: "float32", kind: Float, size: 4, unit: 4}
	Float64    = Type{name: "float64", kind: Float, size: 8, unit: 8}
	Complex64  = Type{name: "complex64", kind: Complex, size: 8, unit: 4}
	Complex128 = Type{name: "complex128", kind: Complex, size: 16, unit: 8}
)

// Types of the registry that have neither a length nor a configuration. Others
// of that sort are found by [ParseType].
var (
	Bfloat16    = Type{name: "bfloat16", kind: Float, size: 2, unit: 2, format: bfloat16}
	String      = Type{name: "string", kind: Text, unit: 1}
	ByteStrings = Type{name: "variable_length_bytes", kind: ByteString, unit: 1}
)

var all = []Type{
	Bool, Int8, Int16, Int32, Int64, Uint8, Uint16, Uint32, Uint64,
	Float16, Float32, Float64, Complex64, Complex128,
}

// plain are the further types that a bare name says all of. The floats narrower
// than 8 bits and the integers lie in a byte whose upper bits do not count.
var plain = withComplex([]Type{
	{name: "int2", kind: Int, size: 1, unit: 1, bits: 2},
	{name: "int4", kind: Int, size: 1, unit: 1, bits: 4},
	{name: "uint2", kind: Uint, size: 1, unit: 1, bits: 2},
	{name: "uint4", kind: Uint, size: 1, unit: 1, bits: 4},
	{name: "float4_e2m1fn", kind: Float, size: 1, unit: 1, format: &floatFormat{exp: 2, man: 1, bias: 1, special: finite}},
	{name: "float6_e2m3fn", kind: Float, size: 1, unit: 1, format: &floatFormat{exp: 2, man: 3, bias: 1, special: finite}},
	{name: "float6_e3m2fn", kind: Float, size: 1, unit: 1, format: &floatFormat{exp: 3, man: 2, bias: 3, special: finite}},
	{name: "float8_e3m4", kind: Float, size: 1, unit: 1, format: &floatFormat{exp: 3, man: 4, bias: 3}},
	{name: "float8_e4m3", kind: Float, size: 1, unit: 1, format: &floatFormat{exp: 4, man: 3, bias: 7}},
	{name: "float8_e4m3fn", kind: Float, size: 1, unit: 1, format: &floatFormat{exp: 4, man: 3, bias: 7, special: lastIsNaN}},
	{name: "float8_e4m3b11fnuz", kind: Float, size: 1, unit: 1, format: &floatFormat{exp: 4, man: 3, bias: 11, special: minusZeroIsNaN}},
	{name: "float8_e4m3fnuz", kind: Float, size: 1, unit: 1, format: &floatFormat{exp: 4, man: 3, bias: 8, special: minusZeroIsNaN}},
	{name: "float8_e5m2", kind: Float, size: 1, unit: 1, format: &floatFormat{exp: 5, man: 2, bias: 15}},
	{name: "float8_e5m2fnuz", kind: Float, size: 1, unit: 1, format: &floatFormat{exp: 5, man: 2, bias: 16, special: minusZeroIsNaN}},
	{name: "float8_e8m0fnu", kind: Float, size: 1, unit: 1, format: &floatFormat{exp: 8, man: 0, bias: 127, special: powersOfTwo}},
	Bfloat16,
	{name: "complex_float16", kind: Complex, size: 4, unit: 2},
	{name: "complex_bfloat16", kind: Complex, size: 4, unit: 2, format: bfloat16},
	String,
	ByteStrings,
})

// withComplex adds the complex numbers whose parts are floats of one byte.
func withComplex(types []Type) []Type {
	for _, t := range types {
		if t.kind == Float && t.size == 1 && t.name != "float8_e4m3fn" { // the registry has none of these
			types = append(types, Type{name: "complex_" + t.name, kind: Complex, size: 2, unit: 1, format: t.format})
		}
	}
	return types
}

// aliases are further names of types.
var aliases = map[string]Type{"complex_float32": Complex64, "complex_float64": Complex128, "bytes": ByteStrings}

// All returns the types of the core specification, smallest kinds first.
func All() []Type { return slices.Clone(all) }

// Core reports whether t is one of those that All returns: arithmetic is done
// on them alone.
func (t Type) Core() bool {
	return t.kind != Invalid && t.kind <= Complex && t.bits == 0 && t.format == nil && (t.kind != Complex || t.size > 4)
}

// Name returns the type's name in Zarr v3 metadata, which for types of the core
// specification is also NumPy's. Types with a configuration share names.
func (t Type) Name() string { return t.name }

// Kind returns the family of the type.
func (t Type) Kind() Kind { return t.kind }

// Size returns the bytes of one element, or 0 if they are not a fixed number:
// for the kinds Text and ByteString, and for the zero Type.
func (t Type) Size() int { return t.size }

// Variable reports whether elements have any length. In memory they lie one
// behind the other, and where each ends is kept beside them.
func (t Type) Variable() bool { return t.kind == Text || t.kind == ByteString }

// Bits returns how many bits of a number, or of a part of a complex one, count: 1
// of Bool, and fewer than its byte has of the narrow ones. It is 0 where there are
// no numbers.
func (t Type) Bits() int {
	switch t.kind {
	case Boolean:
		return 1
	case Int, Uint, Float, Complex:
		switch {
		case t.bits != 0:
			return int(t.bits)
		case t.format != nil:
			return t.format.width()
		}
		return 8 * t.unit
	}
	return 0
}

// Unit returns the bytes that are reversed together when the byte order
// changes: of numbers the size, or half of it for complex ones; 4 for
// FixedText; 1 where there is no order; and for a Struct what all its fields
// have in common, or 0 if they differ (see [Type.Swap]).
func (t Type) Unit() int { return t.unit }

// Ordered reports whether elements look different in another byte order.
func (t Type) Ordered() bool { return t.unit != 1 && t.kind != Invalid }

// Zero returns the bytes of one element that is zero, false, 1970, or an empty
// text: all bits are zero.
func (t Type) Zero() []byte { return make([]byte, t.size) }

// part returns the type of a complex number's parts.
func (t Type) part() Type {
	return Type{name: t.name, kind: Float, size: t.size / 2, unit: t.unit, format: t.format}
}

// String returns the type as ParseType reads it, but for types of the kind
// Struct, which are shortened for people.
func (t Type) String() string {
	switch t.kind {
	case Datetime, Timedelta:
		return strings.TrimPrefix(t.name, "numpy.") + t.timeSuffix()
	case FixedText:
		return fmt.Sprintf("U%d", t.size/4)
	case FixedBytes:
		return fmt.Sprintf("S%d", t.size)
	case Raw:
		return fmt.Sprintf("V%d", t.size)
	case Struct:
		return t.describe(maxDescribed)
	}
	return t.name
}

// ByName returns the type of the core specification that has that Zarr name.
func ByName(name string) (Type, error) {
	for _, t := range all {
		if t.name == name {
			return t, nil
		}
	}
	return Type{}, fmt.Errorf("unknown data type %q (known: %s)", clip([]byte(name)), strings.Join(nameList(all), ", "))
}

func nameList(types []Type) []string {
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = t.name
	}
	return names
}

// named returns the type of which a bare name says all.
func named(name string) (Type, bool) {
	if t, ok := aliases[name]; ok {
		return t, true
	}
	for _, list := range [][]Type{all, plain} {
		for _, t := range list {
			if t.name == name {
				return t, true
			}
		}
	}
	return Type{}, false
}
