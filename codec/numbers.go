package codec

import (
	"fmt"
	"math"
	"sync"
	"unsafe"

	"github.com/dosna/dosna/dtype"
)

// batch is how many numbers are worked on at once: so few stay in the cache.
const batch = 512

// numbers are elements on their way from one type to another, as wide as any: in
// ints those of the kinds Boolean, Int and Uint, of which the widest are their
// bits, and in floats those of the kind Float.
type numbers struct {
	n      int
	ints   [batch]int64
	floats [batch]float64
}

var numberPool = sync.Pool{New: func() any { return new(numbers) }}

// number knows the elements of a type of real numbers.
type number struct {
	t    dtype.Type
	load func(b *numbers, src []byte)
	// The others turn ints, ints that are the bits of 64-bit unsigned ones, or
	// floats into elements, as C does: of floats integers keep the whole part. They
	// return the place of the first that the type cannot hold, or -1.
	ints, uints, floats func(dst []byte, b *numbers) int
	nearest             func(dst []byte, b *numbers) int // is floats for those that hold all but NaN; nil: it is floats
	wrapped             func(x int64) int64              // what the type holds that is congruent to x
	round               func(x float64) float64          // to the nearest float of the type; nil: all are
}

func (n number) float() bool { return n.t.Kind() == dtype.Float }

// store turns numbers loaded from the type from, or changed since, into elements.
func (n number) store(dst []byte, b *numbers, from number) error {
	var at int
	switch {
	case from.float():
		if at = n.floats(dst, b); at >= 0 {
			return &rangeError{fmt.Sprint(b.floats[at]), n.t}
		}
	case from.t == dtype.Uint64:
		if at = n.uints(dst, b); at >= 0 {
			return &rangeError{fmt.Sprint(uint64(b.ints[at])), n.t}
		}
	default:
		if at = n.ints(dst, b); at >= 0 {
			return &rangeError{fmt.Sprint(b.ints[at]), n.t}
		}
	}
	return nil
}

// restore is store for what was stored in another type, whose rounding may have
// taken it a little beyond what n holds.
func (n number) restore(dst []byte, b *numbers, from number) error {
	if from.float() && n.nearest != nil {
		n.floats = n.nearest
	}
	return n.store(dst, b, from)
}

// toFloats makes floats of ints loaded from n.
func (n number) toFloats(b *numbers) {
	for i, x := range b.ints[:b.n] {
		if n.t == dtype.Uint64 {
			b.floats[i] = float64(uint64(x))
		} else {
			b.floats[i] = float64(x)
		}
	}
}

// wrap makes ints those that the type holds, modulo a power of two.
func (n number) wrap(b *numbers) {
	for i, x := range b.ints[:b.n] {
		b.ints[i] = n.wrapped(x)
	}
}

// rangeError says that a type cannot hold a number.
type rangeError struct {
	value string
	t     dtype.Type
}

func (e *rangeError) Error() string {
	return fmt.Sprintf("the number %s does not fit elements of %s", e.value, e.t)
}

// numberOf returns what there is to know of a type of real numbers, which are
// those of the Zarr v3 core specification.
func numberOf(t dtype.Type) (number, bool) {
	var n number
	switch t {
	case dtype.Bool:
		n = boolean()
	case dtype.Int8:
		n = integer[int8](-1<<7, 1<<7)
	case dtype.Int16:
		n = integer[int16](-1<<15, 1<<15)
	case dtype.Int32:
		n = integer[int32](-1<<31, 1<<31)
	case dtype.Int64:
		n = integer[int64](-1<<63, 1<<63)
	case dtype.Uint8:
		n = integer[uint8](0, 1<<8)
	case dtype.Uint16:
		n = integer[uint16](0, 1<<16)
	case dtype.Uint32:
		n = integer[uint32](0, 1<<32)
	case dtype.Uint64:
		n = integer[uint64](0, 1<<64)
	case dtype.Float16:
		n = floating(func(x dtype.Half) float64 { return float64(x.Float32()) }, dtype.HalfOf)
		n.round = func(x float64) float64 { return float64(dtype.HalfOf(x).Float32()) }
	case dtype.Float32:
		n = floating(func(x float32) float64 { return float64(x) }, func(x float64) float32 { return float32(x) })
		n.uints = storeAll(func(b *numbers, i int) float32 { return float32(uint64(b.ints[i])) })
		n.ints = storeAll(func(b *numbers, i int) float32 { return float32(b.ints[i]) })
		n.round = func(x float64) float64 { return float64(float32(x)) }
	case dtype.Float64:
		same := func(x float64) float64 { return x }
		n = floating(same, same)
	default:
		return number{}, false
	}
	n.t = t
	return n, true
}

// integer knows elements T, which are from low to below high.
func integer[T int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64](low, high float64) number {
	unsigned64 := high == 1<<64
	return number{
		load: func(b *numbers, src []byte) {
			for i, x := range dtype.Slice[T](src) {
				b.ints[i] = int64(x)
			}
		},
		ints: func(dst []byte, b *numbers) int {
			for i, x := range b.ints[:b.n] {
				y := T(x)
				if int64(y) != x || unsigned64 && x < 0 {
					return i
				}
				dtype.Slice[T](dst)[i] = y
			}
			return -1
		},
		uints: func(dst []byte, b *numbers) int {
			for i, x := range b.ints[:b.n] {
				y := T(x)
				if int64(y) != x || x < 0 && !unsigned64 {
					return i
				}
				dtype.Slice[T](dst)[i] = y
			}
			return -1
		},
		floats: func(dst []byte, b *numbers) int {
			for i, x := range b.floats[:b.n] {
				whole := math.Trunc(x)
				if !(whole >= low && whole < high) { // which NaN is not, either
					return i
				}
				dtype.Slice[T](dst)[i] = T(whole)
			}
			return -1
		},
		nearest: func(dst []byte, b *numbers) int {
			least := T(0)
			if low < 0 {
				least = T(1) << (8*unsafe.Sizeof(least) - 1)
			}
			for i, x := range b.floats[:b.n] {
				switch {
				case x != x:
					return i
				case x >= high:
					dtype.Slice[T](dst)[i] = ^least
				case x < low:
					dtype.Slice[T](dst)[i] = least
				default:
					dtype.Slice[T](dst)[i] = T(x)
				}
			}
			return -1
		},
		wrapped: func(x int64) int64 { return int64(T(x)) },
	}
}

// floating knows elements T. All of them hold every number, if need be as infinity.
func floating[T dtype.Half | float32 | float64](widen func(T) float64, narrow func(float64) T) number {
	return number{
		load: func(b *numbers, src []byte) {
			for i, x := range dtype.Slice[T](src) {
				b.floats[i] = widen(x)
			}
		},
		ints:   storeAll(func(b *numbers, i int) T { return narrow(float64(b.ints[i])) }),
		uints:  storeAll(func(b *numbers, i int) T { return narrow(float64(uint64(b.ints[i]))) }),
		floats: storeAll(func(b *numbers, i int) T { return narrow(b.floats[i]) }),
	}
}

// boolean knows booleans: all numbers but 0 are true.
func boolean() number {
	ints := storeAll(func(b *numbers, i int) bool { return b.ints[i] != 0 })
	return number{
		load: func(b *numbers, src []byte) {
			for i, x := range src {
				b.ints[i] = int64(min(x, 1))
			}
		},
		ints:   ints,
		uints:  ints,
		floats: storeAll(func(b *numbers, i int) bool { return b.floats[i] != 0 }),
	}
}

func storeAll[T dtype.Half | bool | float32 | float64](get func(b *numbers, i int) T) func([]byte, *numbers) int {
	return func(dst []byte, b *numbers) int {
		for i, out := 0, dtype.Slice[T](dst); i < b.n; i++ {
			out[i] = get(b, i)
		}
		return -1
	}
}

// inPrecision returns the nearest float of the type, if it is one of floats.
func (n number) inPrecision(x float64) float64 {
	if n.round == nil {
		return x
	}
	return n.round(x)
}

// rounded makes floats those that the type has.
func (n number) rounded(b *numbers) {
	if n.round == nil {
		return
	}
	for i, x := range b.floats[:b.n] {
		b.floats[i] = n.round(x)
	}
}

// batches calls f for one run after the other of src, whose elements are from,
// with the numbers loaded and room for as many elements of to.
func batches(dst []byte, to number, src []byte, from number, f func(b *numbers, dst []byte) error) error {
	b := numberPool.Get().(*numbers)
	defer numberPool.Put(b)
	for len(src) > 0 {
		b.n = min(batch, len(src)/from.t.Size())
		in, out := b.n*from.t.Size(), b.n*to.t.Size()
		from.load(b, src[:in])
		if err := f(b, dst[:out]); err != nil {
			return err
		}
		src, dst = src[in:], dst[out:]
	}
	return nil
}

// convert turns elements of one type into those of another.
func convert(dst []byte, to number, src []byte, from number) error {
	return batches(dst, to, src, from, func(b *numbers, dst []byte) error { return to.store(dst, b, from) })
}
