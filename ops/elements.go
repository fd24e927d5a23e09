package ops

import (
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/ops/internal/single"
)

// loader reads elements of one type as float64; storer writes float64 as
// elements. Both work on packed memory, aligned for the type.
type (
	loader = func(dst []float64, src []byte)
	storer = func(dst []byte, src []float64)
)

type integer interface {
	int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64
}

// number is every element type but bool, Half and the complex ones.
type number interface {
	integer | float32 | float64
}

// wide is a type in which elements of several types are worked on.
type wide interface {
	int64 | uint64 | float64
}

// loaderOf returns the loader of a real type; bool counts as 0 and 1.
func loaderOf(t dtype.Type) loader {
	switch t {
	case dtype.Float16:
		return loadHalf
	case dtype.Float32:
		return loadSingle
	}
	return loaderAs[float64](t)
}

func loadSingle(dst []float64, src []byte) { single.Widen(dst, dtype.Slice[float32](src)) }

func storeSingle(dst []byte, src []float64) { single.Narrow(dtype.Slice[float32](dst), src) }

// loaderAs returns the loader into another wide type, of any real type but
// float16. Values are to fit.
func loaderAs[W wide](t dtype.Type) func(dst []W, src []byte) {
	switch t {
	case dtype.Int8:
		return load[W, int8]
	case dtype.Int16:
		return load[W, int16]
	case dtype.Int32:
		return load[W, int32]
	case dtype.Int64:
		return load[W, int64]
	case dtype.Bool, dtype.Uint8:
		return load[W, uint8]
	case dtype.Uint16:
		return load[W, uint16]
	case dtype.Uint32:
		return load[W, uint32]
	case dtype.Uint64:
		return load[W, uint64]
	case dtype.Float32:
		return load[W, float32]
	case dtype.Float64:
		return load[W, float64]
	}
	return nil
}

func load[W wide, T number](dst []W, src []byte) {
	s := dtype.Slice[T](src)
	dst = dst[:len(s)]
	for i, x := range s {
		dst[i] = W(x)
	}
}

func loadHalf(dst []float64, src []byte) {
	s := dtype.Slice[dtype.Half](src)
	dst = dst[:len(s)]
	for i, x := range s {
		dst[i] = float64(x.Float32())
	}
}
