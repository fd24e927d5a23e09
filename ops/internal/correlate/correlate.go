// Package correlate computes weighted sums of rows, the inner loop of separable
// filters.
//
// Every sum is computed in the same order, each product and sum rounded to
// float64 (nothing is fused), on every machine. It is the order of SciPy's
// correlate1d, so that results agree bit for bit.
package correlate

// Kernel is an odd number of weights of which those after the middle mirror
// those before it: equal, or negated if Odd.
type Kernel struct {
	Half []float64 // the first weights, up to and including the middle one
	Odd  bool
}

// Radius returns the number of weights on each side of the middle one.
func (k Kernel) Radius() int { return len(k.Half) - 1 }

// Rows sets dst[i] to the sum over all weights k of w[k]·src[i+k·stride]. It
// reads len(dst) + 2·Radius·stride elements of src.
func (k Kernel) Rows(dst, src []float64, stride int) {
	src = src[:len(dst)+2*k.Radius()*stride]
	done := vector(dst, src, stride, k)
	k.scalar(dst[done:], src[done:], stride)
}

func (k Kernel) scalar(dst, src []float64, stride int) {
	radius := k.Radius()
	for i := range dst {
		sum := src[i+radius*stride] * k.Half[radius]
		a, b := i, i+2*radius*stride
		for _, w := range k.Half[:radius] {
			pair := src[a] + src[b]
			if k.Odd {
				pair = src[a] - src[b]
			}
			sum += float64(pair * w) // the conversion forbids a fused multiply-add
			a, b = a+stride, b-stride
		}
		dst[i] = sum
	}
}
