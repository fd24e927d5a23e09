package ops

import (
	"fmt"
	"slices"
	"sync"

	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
)

// Elementwise computes each element of dst from the element of src at the same
// place. Views that do not fit the types it was made for, or each other, are an
// error.
type Elementwise func(dst, src nd.View) error

// CastOptions say what happens to numbers that another type cannot hold.
type CastOptions struct {
	// Truncate converts as C and NumPy's astype do: numbers with a fraction are
	// rounded towards zero when they become integers, and integers too large for
	// an integer type keep their low bits.
	Truncate bool
	// DropImaginary allows complex numbers to become real ones.
	DropImaginary bool
}

// Cast returns the conversion of elements from one type to another.
//
// Numbers that become integers are rounded to the nearest, halves to even, and
// what is out of range becomes the nearest number of the type; NaN becomes 0.
// Numbers that become floats are rounded to the nearest, halves to even, and
// what is too large becomes infinite. Of numbers only 0 becomes false.
func Cast(from, to dtype.Type, o CastOptions) (Elementwise, error) {
	convert, err := caster(from, to, o)
	if err != nil {
		return nil, err
	}
	return onPacked(from, to, convert), nil
}

// conversion converts packed elements, aligned for their types.
type conversion func(dst, src []byte)

func caster(from, to dtype.Type, o CastOptions) (conversion, error) {
	complexFrom, complexTo := from.Kind() == dtype.Complex, to.Kind() == dtype.Complex
	switch {
	case from == to && from.Size() > 0:
		return func(dst, src []byte) { copy(dst, src) }, nil
	case !from.Core() || !to.Core():
		return nil, fmt.Errorf("convert data type %q to %q: only types of the Zarr core specification are computed with", from, to)
	case to == dtype.Bool:
		return truth(from), nil
	case complexFrom && complexTo:
		return caster(realPart(from), realPart(to), o)
	case complexTo:
		toReal, err := caster(from, realPart(to), o)
		return func(dst, src []byte) {
			toReal(dst[:len(dst)/2], src)
			spread(dst, to.Size()/2)
		}, err
	case complexFrom:
		if !o.DropImaginary {
			return nil, fmt.Errorf("convert %s to %s: complex numbers would lose their imaginary parts; say that they may (DropImaginary)", from, to)
		}
		convert, err := caster(realPart(from), to, o)
		if err != nil {
			return nil, err
		}
		return realPartsOf(from.Size()/2, convert), nil
	}
	return realCaster(from, to, o), nil
}

// realCaster converts by way of a wide type that holds every number of from.
func realCaster(from, to dtype.Type, o CastOptions) conversion {
	switch {
	case from == dtype.Uint64:
		return through(loaderAs[uint64](from), from.Size(), storerOfInts[uint64](to, o.Truncate), to.Size())
	case from.Kind() != dtype.Float:
		return through(loaderAs[int64](from), from.Size(), storerOfInts[int64](to, o.Truncate), to.Size())
	case o.Truncate:
		return through(loaderOf(from), from.Size(), truncating(to), to.Size())
	}
	return through(loaderOf(from), from.Size(), rounding(to), to.Size())
}

// through converts lineLength elements at a time.
func through[W wide](load func([]W, []byte), from int, store func([]byte, []W), to int) conversion {
	pool := sync.Pool{New: func() any { return new([lineLength]W) }}
	return func(dst, src []byte) {
		buffer := pool.Get().(*[lineLength]W)
		defer pool.Put(buffer)
		for len(src) > 0 {
			n := min(lineLength, len(src)/from)
			load(buffer[:n], src[:n*from])
			store(dst[:n*to], buffer[:n])
			src, dst = src[n*from:], dst[n*to:]
		}
	}
}

// spread makes complex numbers of the real parts that are the first half of dst.
func spread(dst []byte, part int) {
	for i := len(dst)/2/part - 1; i >= 0; i-- {
		copy(dst[2*i*part:], dst[i*part:(i+1)*part])
		clear(dst[(2*i+1)*part : (2*i+2)*part])
	}
}

// realPartsOf applies convert to the real parts of complex numbers.
func realPartsOf(part int, convert conversion) conversion {
	return func(dst, src []byte) {
		reals := make([]byte, len(src)/2)
		for i := 0; i < len(reals); i += part {
			copy(reals[i:i+part], src[2*i:])
		}
		convert(dst, reals)
	}
}

// truth returns the conversion to bool. Numbers are false if all their bits are
// zero, but for the sign of a float.
func truth(from dtype.Type) conversion {
	sign := make([]byte, from.Size())
	if from.Kind() == dtype.Float || from.Kind() == dtype.Complex {
		for i := 0; i < len(sign); i += from.Unit() {
			last := i
			if dtype.Native == dtype.Little {
				last = i + from.Unit() - 1
			}
			sign[last] = 0x80
		}
	}
	return func(dst, src []byte) {
		for i := range dst {
			var bits byte
			for k, mask := range sign {
				bits |= src[i*len(sign)+k] &^ mask
			}
			dst[i] = 0
			if bits != 0 {
				dst[i] = 1
			}
		}
	}
}

// onPacked applies convert to views of any layout.
func onPacked(from, to dtype.Type, convert conversion) Elementwise {
	return func(dst, src nd.View) error {
		if err := checkViews(dst, src, from, to); err != nil {
			return err
		}
		in, ok := src.Contiguous()
		if !ok || !aligned(in, from) {
			in = make([]byte, src.Size()*from.Size())
			nd.Copy(nd.NewView(in, src.Shape, from.Size()), src)
		}
		if out, ok := dst.Contiguous(); ok && aligned(out, to) {
			convert(out, in)
			return nil
		}
		out := make([]byte, dst.Size()*to.Size())
		convert(out, in)
		nd.Copy(dst, nd.NewView(out, dst.Shape, to.Size()))
		return nil
	}
}

func checkViews(dst, src nd.View, from, to dtype.Type) error {
	if err := src.Check(); err != nil {
		return fmt.Errorf("convert %s to %s: input: %w", from, to, err)
	}
	if err := dst.Check(); err != nil {
		return fmt.Errorf("convert %s to %s: output: %w", from, to, err)
	}
	if src.Item != from.Size() || dst.Item != to.Size() {
		return fmt.Errorf("convert %s to %s: elements of %d bytes into %d", from, to, src.Item, dst.Item)
	}
	if !slices.Equal(src.Shape, dst.Shape) {
		return fmt.Errorf("convert %s to %s: input of shape %v for output of shape %v", from, to, src.Shape, dst.Shape)
	}
	return nil
}
