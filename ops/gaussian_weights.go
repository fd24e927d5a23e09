package ops

import (
	"math"
	"math/big"

	"github.com/dosna/dosna/ops/internal/correlate"
)

// gaussianKernel returns the weights of SciPy's gaussian_filter1d, to the last
// bit where NumPy's exp rounds correctly: the order-th derivative of a normal
// distribution at the integers from -radius to radius.
func gaussianKernel(sigma float64, order, radius int) correlate.Kernel {
	scale := -0.5 / (sigma * sigma)
	phi := make([]float64, 2*radius+1)
	for x := range radius + 1 {
		phi[radius+x] = exp(scale * (float64(x) * float64(x)))
		phi[radius-x] = phi[radius+x]
	}
	sum := pairwiseSum(phi)
	poly := derivative(sigma, order)
	half := make([]float64, radius+1)
	for i := range half {
		// correlation with the mirrored kernel is convolution: x, not -x
		x, q, power := float64(radius-i), 0.0, 1.0
		for _, c := range poly {
			q += float64(power * c)
			power *= x
		}
		half[i] = q * (phi[i] / sum)
	}
	return correlate.Kernel{Half: half, Odd: order%2 == 1}
}

// derivative returns the polynomial by which a normal distribution is multiplied
// in its derivative of that order: (q·φ)' = (q' - q·x/σ²)·φ.
func derivative(sigma float64, order int) []float64 {
	q := make([]float64, order+1)
	q[0] = 1
	for range order {
		next := make([]float64, order+1)
		for i, c := range q {
			if i > 0 {
				next[i-1] += float64(c * float64(i))
			}
			if i < order {
				next[i+1] += c * (1 / -(sigma * sigma))
			}
		}
		q = next
	}
	return q
}

// exp returns e to the power of x ≤ 0, correctly rounded, which math.Exp is not.
// An integer image's flat areas hang on the last bit: where the weights add up
// to slightly less than 1, SciPy turns 100 into 99.
func exp(x float64) float64 {
	if x < -745.2 { // less than half of the smallest number
		return 0
	}
	const precision, halvings = 160, 14
	y := new(big.Float).SetPrec(precision).SetFloat64(x)
	y.SetMantExp(y, -halvings) // |y| < 0.05
	sum := big.NewFloat(1).SetPrec(precision)
	term := big.NewFloat(1).SetPrec(precision)
	for n := 1; n < 30; n++ {
		term.Mul(term, y)
		term.Quo(term, new(big.Float).SetInt64(int64(n)))
		sum.Add(sum, term)
	}
	for range halvings {
		sum.Mul(sum, sum)
	}
	f, _ := sum.Float64()
	return f
}

// pairwiseSum adds in the order in which NumPy does.
func pairwiseSum(a []float64) float64 {
	n := len(a)
	switch {
	case n < 8:
		sum := math.Copysign(0, -1)
		for _, x := range a {
			sum += x
		}
		return sum
	case n <= 128:
		var r [8]float64
		copy(r[:], a)
		i := 8
		for ; i+8 <= n; i += 8 {
			for k := range r {
				r[k] += a[i+k]
			}
		}
		sum := ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]))
		for _, x := range a[i:] {
			sum += x
		}
		return sum
	}
	m := n / 2
	m -= m % 8
	return pairwiseSum(a[:m]) + pairwiseSum(a[m:])
}
