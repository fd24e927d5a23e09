package ops

import (
	"bytes"
	"math"
	"math/cmplx"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/dtype"
)

// comparison compares elements of two types, as many of each, and calls differ with
// the index of every pair that differs, in order, and |a-b| and |a-b|/|b|, which are
// NaN if there are none. Those of a fixed size are aligned.
type comparison func(a, b codec.Block, differ func(i int, abs, rel float64))

// packed is a comparison of elements of fixed sizes.
type packed func(a, b []byte, differ func(i int, abs, rel float64))

// comparisonOf returns the comparison of two types; nil if elements of the one are
// never equal to, nor near, those of the other, or to tell that is not clear.
func comparisonOf(a, b dtype.Type, o DiffOptions) comparison {
	if a != b && isText(a) && isText(b) && isUnicode(a) == isUnicode(b) || a == b && a.Variable() {
		return compareTexts(a, b)
	}
	compare := packedOf(a, b, o)
	if compare == nil {
		return nil
	}
	return func(a, b codec.Block, differ func(i int, abs, rel float64)) { compare(a.Data, b.Data, differ) }
}

func packedOf(a, b dtype.Type, o DiffOptions) packed {
	near := closeness{o.Abs, o.Rel, o.NaNDiffers}
	switch {
	case isTime(a) && a == b:
		return compareInts(loaderAs[int64](dtype.Int64), loaderAs[int64](dtype.Int64), a, b, closeness{nanDiffers: o.NaNDiffers}, true)
	case isNumber(a) && isNumber(b):
		return compareNumbers(a, b, near)
	case a == b:
		return compareBytes(a.Size())
	}
	return nil
}

func isUnicode(t dtype.Type) bool { return t.Kind() == dtype.Text || t.Kind() == dtype.FixedText }

func isText(t dtype.Type) bool {
	return isUnicode(t) || t.Kind() == dtype.ByteString || t.Kind() == dtype.FixedBytes
}

func isTime(t dtype.Type) bool { return t.Kind() == dtype.Datetime || t.Kind() == dtype.Timedelta }

func isNumber(t dtype.Type) bool { return t.Kind() >= dtype.Boolean && t.Kind() <= dtype.Complex }

func isInteger(t dtype.Type) bool {
	return t.Kind() == dtype.Boolean || t.Kind() == dtype.Int || t.Kind() == dtype.Uint
}

// isWide reports whether there are elements that are not float64.
func isWide(t dtype.Type) bool { return isInteger(t) && t.Size() == 8 }

func hasNaN(t dtype.Type) bool {
	return t.Kind() == dtype.Float || t.Kind() == dtype.Complex || isTime(t)
}

func compareNumbers(a, b dtype.Type, near closeness) packed {
	complexes := a.Kind() == dtype.Complex || b.Kind() == dtype.Complex
	switch {
	case !isWide(a) && !isWide(b) && complexes:
		return compareComplex(a, b, near)
	case !isWide(a) && !isWide(b):
		return compareFloats(a, b, near)
	case complexes:
		return nil
	case isInteger(a) && isInteger(b):
		return compareWide(a, b, near)
	case a == dtype.Uint64:
		return compareMixed(loaderAs[uint64](a), a, floatsOf(b), b, near, false)
	case b == dtype.Uint64:
		return compareMixed(loaderAs[uint64](b), b, floatsOf(a), a, near, true)
	case isWide(a):
		return compareMixed(loaderAs[int64](a), a, floatsOf(b), b, near, false)
	}
	return compareMixed(loaderAs[int64](b), b, floatsOf(a), a, near, true)
}

// closeness says when numbers count as equal, as numpy.isclose does; in float64,
// whatever the types.
type closeness struct {
	abs, rel   float64
	nanDiffers bool
}

// allows reports whether a distance is allowed from a number of that size.
func (c closeness) allows(distance, size float64) bool {
	return distance <= c.abs+c.rel*size && size <= math.MaxFloat64
}

// floatsOf returns the loader of a real type of which every element is a float64.
func floatsOf(t dtype.Type) loader {
	if t.Core() {
		return loaderOf(t)
	}
	number, size := t.Number(), t.Size()
	return func(dst []float64, src []byte) {
		for i := range dst {
			dst[i] = number(src[i*size : (i+1)*size])
		}
	}
}

// inLines calls f for stretches of at most lineLength pairs, the first of which
// has the index at.
func inLines(a, b []byte, sizeA, sizeB int, f func(at, n int, a, b []byte)) {
	total := len(a) / sizeA
	for at := 0; at < total; at += lineLength {
		n := min(lineLength, total-at)
		f(at, n, a[at*sizeA:(at+n)*sizeA], b[at*sizeB:(at+n)*sizeB])
	}
}

func compareFloats(a, b dtype.Type, near closeness) packed {
	loadA, loadB := floatsOf(a), floatsOf(b)
	return func(rawA, rawB []byte, differ func(i int, abs, rel float64)) {
		lineA, lineB := make([]float64, lineLength), make([]float64, lineLength)
		inLines(rawA, rawB, a.Size(), b.Size(), func(at, n int, rawA, rawB []byte) {
			xs, ys := lineA[:n], lineB[:n]
			loadA(xs, rawA)
			loadB(ys, rawB)
			for i, x := range xs {
				y := ys[i]
				if x == y || x != x && y != y && !near.nanDiffers {
					continue
				}
				if d, size := math.Abs(x-y), math.Abs(y); !near.allows(d, size) {
					differ(at+i, d, d/size)
				}
			}
		})
	}
}

func compareComplex(a, b dtype.Type, near closeness) packed {
	loadA, loadB := complexesOf(a), complexesOf(b)
	isNaN := func(x complex128) bool { return math.IsNaN(real(x)) || math.IsNaN(imag(x)) }
	return func(rawA, rawB []byte, differ func(i int, abs, rel float64)) {
		lineA, lineB := make([]complex128, lineLength), make([]complex128, lineLength)
		inLines(rawA, rawB, a.Size(), b.Size(), func(at, n int, rawA, rawB []byte) {
			xs, ys := lineA[:n], lineB[:n]
			loadA(xs, rawA)
			loadB(ys, rawB)
			for i, x := range xs {
				y := ys[i]
				if x == y || isNaN(x) && isNaN(y) && !near.nanDiffers {
					continue
				}
				d, size := cmplx.Abs(x-y), cmplx.Abs(y)
				if !near.allows(d, size) {
					differ(at+i, d, d/size)
				}
			}
		})
	}
}

// complexesOf returns a loader of numbers other than 64-bit integers.
func complexesOf(t dtype.Type) func(dst []complex128, src []byte) {
	switch {
	case t == dtype.Complex64:
		return func(dst []complex128, src []byte) {
			for i, x := range dtype.Slice[complex64](src) {
				dst[i] = complex128(x)
			}
		}
	case t == dtype.Complex128:
		return func(dst []complex128, src []byte) { copy(dst, dtype.Slice[complex128](src)) }
	case t.Kind() == dtype.Complex:
		size := t.Size()
		return func(dst []complex128, src []byte) {
			for i := range dst {
				x, _ := t.Value(src[i*size : (i+1)*size]).(complex64) // as the parts are narrower than 32 bits
				dst[i] = complex128(x)
			}
		}
	}
	load := floatsOf(t)
	return func(dst []complex128, src []byte) {
		reals := make([]float64, len(dst))
		load(reals, src)
		for i, x := range reals {
			dst[i] = complex(x, 0)
		}
	}
}

// compareWide compares integers, one of them of 64 bits at least.
func compareWide(a, b dtype.Type, near closeness) packed {
	switch {
	case a == dtype.Uint64 && b == dtype.Uint64:
		return compareInts(loaderAs[uint64](a), loaderAs[uint64](b), a, b, near, false)
	case a == dtype.Uint64:
		return compareInts(loaderAs[uint64](a), intsOf(b), a, b, near, false)
	case b == dtype.Uint64:
		return compareInts(intsOf(a), loaderAs[uint64](b), a, b, near, false)
	}
	return compareInts(intsOf(a), intsOf(b), a, b, near, false)
}

// intsOf returns the loader of integers other than uint64.
func intsOf(t dtype.Type) func(dst []int64, src []byte) {
	switch {
	case t.Core():
		return loaderAs[int64](t)
	case t.Kind() == dtype.Int:
		return loaderAs[int64](dtype.Int8) // those narrower than a byte lie in one
	}
	return loaderAs[int64](dtype.Uint8)
}

// compareInts compares integers exactly; with times, the least is NaT.
func compareInts[A, B int64 | uint64](loadA func([]A, []byte), loadB func([]B, []byte), a, b dtype.Type, near closeness, times bool) packed {
	const nat = -1 << 63
	return func(rawA, rawB []byte, differ func(i int, abs, rel float64)) {
		lineA, lineB := make([]A, lineLength), make([]B, lineLength)
		inLines(rawA, rawB, a.Size(), b.Size(), func(at, n int, rawA, rawB []byte) {
			xs, ys := lineA[:n], lineB[:n]
			loadA(xs, rawA)
			loadB(ys, rawB)
			for i, x := range xs {
				y := ys[i]
				if times && (int64(x) == nat || int64(y) == nat) {
					if int64(x) != int64(y) || near.nanDiffers {
						differ(at+i, math.NaN(), math.NaN())
					}
					continue
				}
				if uint64(x) == uint64(y) && (x < 0) == (y < 0) {
					continue
				}
				if d, size := distance(x, y), math.Abs(float64(y)); !near.allows(d, size) {
					differ(at+i, d, d/size)
				}
			}
		})
	}
}

// distance returns |x-y|, rounded once where both have one sign.
func distance[A, B int64 | uint64](x A, y B) float64 {
	switch {
	case (x < 0) != (y < 0):
		return math.Abs(float64(x) - float64(y))
	case uint64(x) > uint64(y): // of negative numbers, the larger too
		return float64(uint64(x) - uint64(y))
	}
	return float64(uint64(y) - uint64(x))
}

// compareMixed compares 64-bit integers with floats, exactly. The floats are a's
// elements if swapped is set, else b's.
func compareMixed[W int64 | uint64](loadInts func([]W, []byte), ints dtype.Type, loadFloats loader, floats dtype.Type, near closeness, swapped bool) packed {
	return func(rawA, rawB []byte, differ func(i int, abs, rel float64)) {
		if swapped {
			rawA, rawB = rawB, rawA
		}
		lineInts, lineFloats := make([]W, lineLength), make([]float64, lineLength)
		inLines(rawA, rawB, ints.Size(), floats.Size(), func(at, n int, rawA, rawB []byte) {
			xs, ys := lineInts[:n], lineFloats[:n]
			loadInts(xs, rawA)
			loadFloats(ys, rawB)
			for i, x := range xs {
				d, size := distanceTo(x, ys[i]), math.Abs(ys[i])
				if d == 0 {
					continue
				}
				if swapped {
					size = math.Abs(float64(x))
				}
				if !near.allows(d, size) {
					differ(at+i, d, d/size)
				}
			}
		})
	}
}

// distanceTo returns |x-f|, which is 0 only if they are equal.
func distanceTo[W int64 | uint64](x W, f float64) float64 {
	if g := float64(x); g != f {
		return math.Abs(g - f)
	}
	var y uint64 // f, which is near x, modulo 2⁶⁴
	switch {
	case f < 0:
		y = uint64(int64(f))
	case f < 1<<64:
		y = uint64(f)
	}
	return math.Abs(float64(int64(y - uint64(x))))
}

func compareBytes(size int) packed {
	return func(a, b []byte, differ func(i int, abs, rel float64)) {
		for at := 0; at < len(a); at += size {
			if !bytes.Equal(a[at:at+size], b[at:at+size]) {
				differ(at/size, math.NaN(), math.NaN())
			}
		}
	}
}

// compareTexts compares texts or strings of bytes, each in its own way of storing
// them.
func compareTexts(a, b dtype.Type) comparison {
	return func(x, y codec.Block, differ func(i int, abs, rel float64)) {
		for i := range lengthOf(a, x) {
			if !bytes.Equal(content(a, element(a, x, i)), content(b, element(b, y, i))) {
				differ(i, math.NaN(), math.NaN())
			}
		}
	}
}

// content returns a text without what it is padded with: as UTF-8, if it is Unicode.
func content(t dtype.Type, elem []byte) []byte {
	if t.Variable() {
		return elem
	}
	switch v := t.Value(elem).(type) {
	case string:
		return []byte(v)
	case []byte:
		return v
	}
	return elem
}

// lengthOf returns the number of elements in a block.
func lengthOf(t dtype.Type, b codec.Block) int {
	if t.Variable() {
		return len(b.Ends)
	}
	return len(b.Data) / t.Size()
}

// element returns element i of a block.
func element(t dtype.Type, b codec.Block, i int) []byte {
	if t.Variable() {
		return b.At(i)
	}
	return b.Data[i*t.Size() : (i+1)*t.Size()]
}

// blockOfOne returns the block of one element.
func blockOfOne(t dtype.Type, elem []byte) codec.Block {
	b := codec.Block{Data: elem}
	if t.Variable() {
		b.Ends = []int64{int64(len(elem))}
	}
	return b
}
