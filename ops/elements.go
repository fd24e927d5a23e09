package ops

import (
	"math"

	"github.com/dosna/dosna/dtype"
)

// loader reads elements of one type as float64; storer writes float64 as
// elements. Both work on packed memory, aligned for the type.
type (
	loader func(dst []float64, src []byte)
	storer func(dst []byte, src []float64)
)

type integer interface {
	int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64
}

// number is every element type but bool, Half and the complex ones.
type number interface {
	integer | float32 | float64
}

// loaderOf returns the loader of a real type; bool counts as 0 and 1.
func loaderOf(t dtype.Type) loader {
	switch t {
	case dtype.Int8:
		return load[int8]
	case dtype.Int16:
		return load[int16]
	case dtype.Int32:
		return load[int32]
	case dtype.Int64:
		return load[int64]
	case dtype.Bool, dtype.Uint8:
		return load[uint8]
	case dtype.Uint16:
		return load[uint16]
	case dtype.Uint32:
		return load[uint32]
	case dtype.Uint64:
		return load[uint64]
	case dtype.Float16:
		return loadHalf
	case dtype.Float32:
		return load[float32]
	case dtype.Float64:
		return load[float64]
	}
	return nil
}

func load[T number](dst []float64, src []byte) {
	s := dtype.Slice[T](src)
	dst = dst[:len(s)]
	for i, x := range s {
		dst[i] = float64(x)
	}
}

func loadHalf(dst []float64, src []byte) {
	for i, x := range dtype.Slice[dtype.Half](src) {
		dst[i] = float64(x.Float32())
	}
}

// truncating returns the storer of a real type that drops fractions, as C does;
// what an integer type cannot hold becomes its nearest value, and NaN 0.
func truncating(t dtype.Type) storer {
	switch t {
	case dtype.Int8:
		return storeInt[int8](math.MinInt8, math.MaxInt8)
	case dtype.Int16:
		return storeInt[int16](math.MinInt16, math.MaxInt16)
	case dtype.Int32:
		return storeInt[int32](math.MinInt32, math.MaxInt32)
	case dtype.Int64:
		return storeInt[int64](math.MinInt64, math.MaxInt64)
	case dtype.Bool:
		return storeInt[uint8](0, 1)
	case dtype.Uint8:
		return storeInt[uint8](0, math.MaxUint8)
	case dtype.Uint16:
		return storeInt[uint16](0, math.MaxUint16)
	case dtype.Uint32:
		return storeInt[uint32](0, math.MaxUint32)
	case dtype.Uint64:
		return storeInt[uint64](0, math.MaxUint64)
	case dtype.Float16:
		return storeHalf
	case dtype.Float32:
		return storeFloat[float32]
	case dtype.Float64:
		return storeFloat[float64]
	}
	return nil
}

func storeInt[T integer](lo, hi T) storer {
	// hi as float64 may be rounded up to the first number that is too large
	least, most := float64(lo), float64(hi)
	return func(dst []byte, src []float64) {
		d := dtype.Slice[T](dst)
		src = src[:len(d)]
		for i, x := range src {
			switch {
			case x >= most:
				d[i] = hi
			case x <= least:
				d[i] = lo
			case x != x:
				d[i] = 0
			default:
				d[i] = T(x)
			}
		}
	}
}

func storeFloat[T float32 | float64](dst []byte, src []float64) {
	d := dtype.Slice[T](dst)
	src = src[:len(d)]
	for i, x := range src {
		d[i] = T(x)
	}
}

func storeHalf(dst []byte, src []float64) {
	d := dtype.Slice[dtype.Half](dst)
	src = src[:len(d)]
	for i, x := range src {
		d[i] = dtype.HalfOf(x)
	}
}

// storeHalfOfSingle rounds twice, as a program does that computes with float32
// and converts the result.
func storeHalfOfSingle(dst []byte, src []float64) {
	d := dtype.Slice[dtype.Half](dst)
	src = src[:len(d)]
	for i, x := range src {
		d[i] = dtype.HalfOf(float64(float32(x)))
	}
}
