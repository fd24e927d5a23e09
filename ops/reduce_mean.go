package ops

import (
	"math/bits"

	"github.com/dosna/dosna/dtype"
)

// nearest takes the first element of each window.
func nearest(dst, src []byte, g windows, item int) {
	out := g.out()
	g.each(func(row int, starts []int) {
		to, from := dst[row*out*item:], src[starts[0]*item:]
		for j := range out {
			copy(to[j*item:(j+1)*item], from[j*g.f*item:])
		}
	})
}

// meanOf returns the mean of windows of a type.
func meanOf(t dtype.Type) func(dst, src []byte, g windows) {
	switch t {
	case dtype.Bool, dtype.Uint8:
		return meanOfInts[uint8]
	case dtype.Uint16:
		return meanOfInts[uint16]
	case dtype.Uint32:
		return meanOfInts[uint32]
	case dtype.Int8:
		return meanOfInts[int8]
	case dtype.Int16:
		return meanOfInts[int16]
	case dtype.Int32:
		return meanOfInts[int32]
	case dtype.Uint64:
		return func(dst, src []byte, g windows) { meanOfLong(dst, src, g, 0) }
	case dtype.Int64:
		return func(dst, src []byte, g windows) { meanOfLong(dst, src, g, 1<<63) }
	case dtype.Complex64, dtype.Complex128:
		return meanOfComplex(t)
	}
	load, store, size := loaderOf(t), storerOf(t, true), t.Size()
	return func(dst, src []byte, g windows) {
		line, sums := make([]float64, g.n), make([]float64, g.out())
		g.each(func(row int, starts []int) {
			clear(sums)
			for _, s := range starts {
				load(line, src[s*size:(s+g.n)*size])
				addUp(sums, line, g.f)
			}
			for j := range sums {
				sums[j] /= float64(len(starts) * min(g.f, g.n-j*g.f))
			}
			store(dst[row*len(sums)*size:(row+1)*len(sums)*size], sums)
		})
	}
}

// addUp adds the elements of the windows of a line.
func addUp[W int64 | float64, T number](sums []W, line []T, f int) {
	if f == 2 {
		whole := len(line) / 2
		for j := range whole {
			sums[j] += W(line[2*j]) + W(line[2*j+1])
		}
		if len(line)%2 == 1 {
			sums[whole] += W(line[len(line)-1])
		}
		return
	}
	for j := range sums {
		for _, x := range line[j*f : min((j+1)*f, len(line))] {
			sums[j] += W(x)
		}
	}
}

// meanOfInts is exact: a window has 2^20 elements at most.
func meanOfInts[T int8 | int16 | int32 | uint8 | uint16 | uint32](dst, src []byte, g windows) {
	in, out := dtype.Slice[T](src), dtype.Slice[T](dst)
	sums := make([]int64, g.out())
	g.each(func(row int, starts []int) {
		clear(sums)
		for _, s := range starts {
			addUp(sums, in[s:s+g.n], g.f)
		}
		to := out[row*len(sums) : (row+1)*len(sums)]
		for j, sum := range sums {
			n := int64(len(starts) * min(g.f, g.n-j*g.f))
			q := sum / n
			r := sum - q*n
			if r < 0 {
				q, r = q-1, r+n
			}
			if 2*r > n || 2*r == n && q&1 == 1 {
				q++
			}
			to[j] = T(q)
		}
	})
}

// meanOfLong takes the mean of 64-bit integers with sums of 128 bits. Bias turns
// signed numbers into unsigned ones of the same order; it is even.
func meanOfLong(dst, src []byte, g windows, bias uint64) {
	in, out := dtype.Slice[uint64](src), dtype.Slice[uint64](dst)
	n := g.out()
	high, low := make([]uint64, n), make([]uint64, n)
	g.each(func(row int, starts []int) {
		clear(high)
		clear(low)
		for _, s := range starts {
			for i, x := range in[s : s+g.n] {
				var carry uint64
				low[i/g.f], carry = bits.Add64(low[i/g.f], x^bias, 0)
				high[i/g.f] += carry
			}
		}
		for j := range n {
			many := uint64(len(starts) * min(g.f, g.n-j*g.f))
			q, r := bits.Div64(high[j], low[j], many)
			if 2*r > many || 2*r == many && q&1 == 1 {
				q++
			}
			out[row*n+j] = q ^ bias
		}
	})
}

// meanOfComplex takes the means of both parts.
func meanOfComplex(t dtype.Type) func(dst, src []byte, g windows) {
	part := realPart(t)
	load, store, size := loaderOf(part), storerOf(part, true), t.Size()
	return func(dst, src []byte, g windows) {
		n := g.out()
		line, sums := make([]float64, 2*g.n), make([]float64, 2*n)
		g.each(func(row int, starts []int) {
			clear(sums)
			for _, s := range starts {
				load(line, src[s*size:(s+g.n)*size])
				for i, x := range line {
					sums[i/2/g.f*2+i%2] += x
				}
			}
			for j := range sums {
				sums[j] /= float64(len(starts) * min(g.f, g.n-j/2*g.f))
			}
			store(dst[row*n*size:(row+1)*n*size], sums)
		})
	}
}
