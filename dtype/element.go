package dtype

import (
	"fmt"
	"unsafe"
)

// Element is any Go type that an array's elements may have.
type Element interface {
	bool | int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64 |
		Half | Brain | float32 | float64 | complex64 | complex128
}

// Of returns the type whose elements are T in Go.
func Of[T Element]() Type {
	var zero T
	return ofValue(zero)
}

func ofValue(v any) Type {
	switch v.(type) {
	case bool:
		return Bool
	case int8:
		return Int8
	case int16:
		return Int16
	case int32:
		return Int32
	case int64:
		return Int64
	case uint8:
		return Uint8
	case uint16:
		return Uint16
	case uint32:
		return Uint32
	case uint64:
		return Uint64
	case Half:
		return Float16
	case float32:
		return Float32
	case float64:
		return Float64
	case complex64:
		return Complex64
	case complex128:
		return Complex128
	case Brain:
		return Bfloat16
	}
	return Type{}
}

// Holds reports whether elements of t are T in Go's memory: T is the type that
// Element pairs with t, an int64 for Datetime and Timedelta, or an int8 or uint8
// for integers narrower than a byte.
func Holds[T Element](t Type) bool {
	switch of := Of[T](); {
	case of == t:
		return true
	case t.kind == Datetime || t.kind == Timedelta:
		return of == Int64
	case t.bits != 0:
		return of.size == 1 && of.kind == t.kind
	}
	return false
}

// Bytes returns the memory of s; both share it.
func Bytes[T Element](s []T) []byte {
	var zero T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(zero)))
}

// Slice returns the memory of b as elements; both share it. It panics if b is
// not a whole number of elements, or is not aligned for them (memory from make,
// of any kind, is aligned when it begins at the allocation's start).
func Slice[T Element](b []byte) []T {
	var zero T
	size := int(unsafe.Sizeof(zero))
	p := unsafe.Pointer(unsafe.SliceData(b))
	if len(b)%size != 0 || uintptr(p)%unsafe.Alignof(zero) != 0 {
		panic(fmt.Sprintf("dtype: %d bytes at %p are not elements of %d bytes", len(b), p, size))
	}
	return unsafe.Slice((*T)(p), len(b)/size)
}
