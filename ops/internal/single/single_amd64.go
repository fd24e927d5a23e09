package single

import "golang.org/x/sys/cpu"

// widenVector and narrowVector convert the first numbers and return how many.
func widenVector(dst []float64, src []float32) int {
	n := len(src) &^ 15
	if n == 0 || !cpu.X86.HasAVX {
		return 0
	}
	widen(&dst[0], &src[0], n)
	return n
}

func narrowVector(dst []float32, src []float64) int {
	n := len(src) &^ 15
	if n == 0 || !cpu.X86.HasAVX {
		return 0
	}
	narrow(&dst[0], &src[0], n)
	return n
}

// widen and narrow convert n numbers, a positive multiple of 16, with AVX.
//
//go:noescape
func widen(dst *float64, src *float32, n int)

//go:noescape
func narrow(dst *float32, src *float64, n int)
