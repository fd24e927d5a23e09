// Package single converts float32 numbers to float64 and back, several at a time
// where the processor can.
package single

// Widen sets dst to the numbers of src, which has the same length.
func Widen(dst []float64, src []float32) {
	dst = dst[:len(src)]
	done := widenVector(dst, src)
	dst = dst[done:]
	for i, x := range src[done:] {
		dst[i] = float64(x)
	}
}

// Narrow sets dst to the numbers of src, which has the same length, rounded to
// the nearest float32, halves to even.
func Narrow(dst []float32, src []float64) {
	src = src[:len(dst)]
	done := narrowVector(dst, src)
	dst = dst[done:]
	for i, x := range src[done:] {
		dst[i] = float32(x)
	}
}
