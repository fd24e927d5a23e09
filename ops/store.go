package ops

import (
	"math"

	"github.com/dosna/dosna/dtype"
)

// truncating returns the storer of a real type that drops fractions, as C does;
// what an integer type cannot hold becomes its nearest value, and NaN 0.
func truncating(t dtype.Type) storer { return storerOf(t, false) }

// rounding returns the storer that rounds to the nearest integer, halves to even.
func rounding(t dtype.Type) storer { return storerOf(t, true) }

func storerOf(t dtype.Type, round bool) storer {
	switch t {
	case dtype.Int8:
		return storeInt[int8](math.MinInt8, math.MaxInt8, round)
	case dtype.Int16:
		return storeInt[int16](math.MinInt16, math.MaxInt16, round)
	case dtype.Int32:
		return storeInt[int32](math.MinInt32, math.MaxInt32, round)
	case dtype.Int64:
		return storeInt[int64](math.MinInt64, math.MaxInt64, round)
	case dtype.Uint8:
		return storeInt[uint8](0, math.MaxUint8, round)
	case dtype.Uint16:
		return storeInt[uint16](0, math.MaxUint16, round)
	case dtype.Uint32:
		return storeInt[uint32](0, math.MaxUint32, round)
	case dtype.Uint64:
		return storeInt[uint64](0, math.MaxUint64, round)
	case dtype.Float16:
		return storeHalf[float64]
	case dtype.Float32:
		return storeSingle
	case dtype.Float64:
		return store[float64, float64]
	}
	return nil
}

func storeInt[T integer](lo, hi T, round bool) storer {
	// as float64 the limits of 64 bits are the first numbers out of range
	least, most := float64(lo), float64(hi)
	return func(dst []byte, src []float64) {
		d := dtype.Slice[T](dst)
		src = src[:len(d)]
		for i, x := range src {
			if round {
				x = math.RoundToEven(x)
			}
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

// store converts as Go does: to floats by rounding, and of integers to integers
// the low bits.
func store[W wide, T number](dst []byte, src []W) {
	d := dtype.Slice[T](dst)
	src = src[:len(d)]
	for i, x := range src {
		d[i] = T(x)
	}
}

func storeHalf[W wide](dst []byte, src []W) {
	d := dtype.Slice[dtype.Half](dst)
	src = src[:len(d)]
	for i, x := range src {
		d[i] = dtype.HalfOf(float64(x))
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

// storerOfInts returns the storer of integers as a real type other than bool.
// Integers out of range keep their low bits if wrap is set; else they become the
// nearest in range.
func storerOfInts[W int64 | uint64](t dtype.Type, wrap bool) func(dst []byte, src []W) {
	switch t {
	case dtype.Int8:
		return saturate[W, int8](math.MinInt8, math.MaxInt8, wrap)
	case dtype.Int16:
		return saturate[W, int16](math.MinInt16, math.MaxInt16, wrap)
	case dtype.Int32:
		return saturate[W, int32](math.MinInt32, math.MaxInt32, wrap)
	case dtype.Int64:
		return saturate[W, int64](math.MinInt64, math.MaxInt64, wrap)
	case dtype.Uint8:
		return saturate[W, uint8](0, math.MaxUint8, wrap)
	case dtype.Uint16:
		return saturate[W, uint16](0, math.MaxUint16, wrap)
	case dtype.Uint32:
		return saturate[W, uint32](0, math.MaxUint32, wrap)
	case dtype.Uint64:
		return saturate[W, uint64](0, math.MaxUint64, wrap)
	case dtype.Float16:
		return storeHalf[W]
	case dtype.Float32:
		return store[W, float32]
	case dtype.Float64:
		return store[W, float64]
	}
	return nil
}

func saturate[W int64 | uint64, T integer](lo, hi T, wrap bool) func(dst []byte, src []W) {
	if wrap {
		return store[W, T]
	}
	return func(dst []byte, src []W) {
		d := dtype.Slice[T](dst)
		src = src[:len(d)]
		for i, x := range src {
			y := T(x)
			if W(y) != x || (x < 0) != (y < 0) {
				y = hi
				if x < 0 {
					y = lo
				}
			}
			d[i] = y
		}
	}
}
