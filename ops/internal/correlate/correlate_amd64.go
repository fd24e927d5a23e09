package correlate

import "golang.org/x/sys/cpu"

// vector computes the first elements of dst and returns how many.
func vector(dst, src []float64, stride int, k Kernel) int {
	n := len(dst) &^ 3
	if n == 0 || !cpu.X86.HasAVX {
		return 0
	}
	if k.Odd {
		odd(&dst[0], &src[0], n, stride, k.Radius(), &k.Half[0])
	} else {
		even(&dst[0], &src[0], n, stride, k.Radius(), &k.Half[0])
	}
	return n
}

// even and odd do what Kernel.scalar does with AVX for n elements, a positive
// multiple of 4.
//
//go:noescape
func even(dst, src *float64, n, stride, radius int, half *float64)

//go:noescape
func odd(dst, src *float64, n, stride, radius int, half *float64)
