package codec

import (
	"math/bits"

	"github.com/dosna/dosna/dtype"
)

// bitRound is the filter "bitround" (zarr-extensions, codec "bitround"; M. Klöwer
// et al., "Compressing atmospheric data into its real information content",
// Nature Computational Science 1, 2021): of a float's mantissa, and of an integer
// from its highest bit that is set, so many bits are kept; the rest is rounded
// away, halves to even. Integers round down where they would overflow. NaN stays as
// it is, where numcodecs may make something else of it. What comes back is what is
// stored.
type bitRound struct {
	shape    []int
	t        dtype.Type
	keep     int
	mantissa int // 0 of integers
}

// mantissa returns the bits of the mantissa of floats, or of the parts of complex
// numbers; 0 of others.
func mantissa(t dtype.Type) int {
	switch {
	case t.Kind() != dtype.Float && t.Kind() != dtype.Complex:
		return 0
	case t == dtype.Bfloat16 || t.Name() == "complex_bfloat16":
		return 7
	}
	return map[int]int{2: 10, 4: 23, 8: 52}[t.Unit()]
}

func bindBitRound(s Spec, in Chunk) (filter, error) {
	b := &bitRound{shape: in.Shape, t: in.Type, mantissa: mantissa(in.Type)}
	if err := s.config(required("keepbits", &b.keep)); err != nil {
		return nil, err
	}
	switch in.Type.Kind() {
	case dtype.Int, dtype.Uint, dtype.Datetime, dtype.Timedelta:
		if in.Type.Bits() < 8 {
			return nil, s.errorf("elements of %s are too narrow to be rounded", in.Type)
		}
	default:
		if b.mantissa == 0 {
			return nil, s.errorf("it works on numbers of 16 bits and more, and integers: elements of %s are neither", in.Type)
		}
	}
	if b.keep < 1 {
		return nil, s.errorf(`configuration: "keepbits": %d bits to keep: it is at least 1`, b.keep)
	}
	return b, nil
}

// bindNumcodecsBitRound binds the filter "numcodecs.bitround" (numcodecs
// documentation, "BitRound"), which is the same for floats.
func bindNumcodecsBitRound(s Spec, in Chunk) (filter, error) {
	b := &bitRound{shape: in.Shape, t: in.Type, mantissa: mantissa(in.Type)}
	if err := s.config(required("keepbits", &b.keep)); err != nil {
		return nil, err
	}
	if !in.Type.Core() || in.Type.Kind() != dtype.Float {
		return nil, s.errorf("it works on floats of 16 to 64 bits: elements of %s are none", in.Type)
	}
	if b.keep < 0 || b.keep > b.mantissa {
		return nil, s.errorf(`configuration: "keepbits": %d is not from 0 to %d, which is what elements of %s have`, b.keep, b.mantissa, in.Type)
	}
	return b, nil
}

func (r *bitRound) out() ([]int, dtype.Type) { return r.shape, r.t }
func (r *bitRound) elementwise() bool        { return true }
func (r *bitRound) total() bool              { return true }

func (r *bitRound) decode(dst, src []byte) error {
	copy(dst, src)
	return nil
}

func (r *bitRound) encode(dst, src []byte) error {
	switch r.t.Unit() {
	case 1:
		roundIntegers(dst, src, r.keep)
	case 2:
		roundAll(r, dtype.Slice[uint16](dst), dtype.Slice[uint16](src))
	case 4:
		roundAll(r, dtype.Slice[uint32](dst), dtype.Slice[uint32](src))
	case 8:
		roundAll(r, dtype.Slice[uint64](dst), dtype.Slice[uint64](src))
	}
	return nil
}

func roundAll[U uint16 | uint32 | uint64](r *bitRound, dst, src []U) {
	switch {
	case r.mantissa == 0:
		roundIntegers(dst, src, r.keep)
	case r.keep >= r.mantissa:
		copy(dst, src)
	default:
		sign := U(1) << (bits.Len64(uint64(^U(0))) - 1)
		infinity := (sign - 1) >> r.mantissa << r.mantissa
		drop := r.mantissa - r.keep
		half := U(1)<<(drop-1) - 1
		for i, x := range src {
			if x&^sign <= infinity {
				x = (x + x>>drop&1 + half) >> drop << drop
			}
			dst[i] = x
		}
	}
}

func roundIntegers[U uint8 | uint16 | uint32 | uint64](dst, src []U, keep int) {
	for i, x := range src {
		if drop := bits.Len64(uint64(x)) - keep; drop > 0 {
			up := x + x>>drop&1 + U(1)<<(drop-1) - 1
			if up < x {
				up = ^U(0)
			}
			x = up >> drop << drop
		}
		dst[i] = x
	}
}
