package netcdf3

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Type is a type of elements.
type Type int

// The types; those from UByte on are of CDF-5.
const (
	Byte Type = iota + 1
	Char
	Short
	Int
	Float
	Double
	UByte
	UShort
	UInt
	Int64
	UInt64
)

var types = [...]struct {
	name string
	size int
}{
	Byte: {"byte", 1}, Char: {"char", 1}, Short: {"short", 2}, Int: {"int", 4}, Float: {"float", 4}, Double: {"double", 8},
	UByte: {"ubyte", 1}, UShort: {"ushort", 2}, UInt: {"uint", 4}, Int64: {"int64", 8}, UInt64: {"uint64", 8},
}

// String is the name that CDL has for the type.
func (t Type) String() string { return types[t].name }

// Size is the number of bytes of an element.
func (t Type) Size() int { return types[t].size }

// Attribute is a list of values with a name.
type Attribute struct {
	Name string
	Type Type
	Data []byte // the values, big-endian
}

// Value returns what encoding/json writes: a text for characters, without zero bytes at its end; a number, or a list if there is not
// exactly one. Numbers have all their digits; NaN and the infinities are the strings "NaN", "Infinity" and "-Infinity". Text that is not
// UTF-8 is taken for Latin-1.
func (a Attribute) Value() any {
	if a.Type == Char {
		return text([]byte(strings.TrimRight(string(a.Data), "\x00")))
	}
	list := []any{}
	size := a.Type.Size()
	for at := 0; at+size <= len(a.Data); at += size {
		list = append(list, a.Type.value(a.Data[at:at+size]))
	}
	if len(list) == 1 {
		return list[0]
	}
	return list
}

// value is a number as encoding/json writes it.
func (t Type) value(b []byte) any {
	switch t {
	case Float:
		return float(float64(math.Float32frombits(binary.BigEndian.Uint32(b))), 32)
	case Double:
		return float(math.Float64frombits(binary.BigEndian.Uint64(b)), 64)
	}
	var v uint64
	for _, c := range b {
		v = v<<8 | uint64(c)
	}
	if t >= UByte && t != Int64 {
		return json.Number(strconv.FormatUint(v, 10))
	}
	shift := 64 - 8*len(b)
	return json.Number(strconv.FormatInt(int64(v<<shift)>>shift, 10))
}

// float is a number with as few digits as its type needs, and always a point or an exponent.
func float(v float64, bits int) any {
	switch {
	case math.IsNaN(v):
		return "NaN"
	case math.IsInf(v, 1):
		return "Infinity"
	case math.IsInf(v, -1):
		return "-Infinity"
	}
	digits := strconv.FormatFloat(v, 'g', -1, bits)
	if !strings.ContainsAny(digits, ".e") {
		digits += ".0"
	}
	return json.Number(digits)
}

// text is what bytes say in UTF-8, or else in Latin-1.
func text(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	var s strings.Builder
	for _, c := range b {
		s.WriteRune(rune(c))
	}
	return s.String()
}
