package ops

import (
	"math"
	"math/big"
	"math/bits"
)

// moments are exact sums of numbers and of their squares. Exact sums do not
// depend on the order of addition, and so neither do mean and deviation, nor do
// they suffer from cancellation.
type moments struct {
	n                 int
	sum, squares      *big.Int // to be divided by 2^scale and 2^(2·scale)
	scale             int
	plusInf, minusInf bool
}

func (m moments) mean() float64 {
	switch {
	case m.n == 0 || m.plusInf && m.minusInf:
		return math.NaN()
	case m.plusInf:
		return math.Inf(1)
	case m.minusInf:
		return math.Inf(-1)
	}
	return quotient(m.sum, big.NewInt(int64(m.n)), m.scale, false)
}

func (m moments) std() float64 {
	if m.n == 0 || m.plusInf || m.minusInf {
		return math.NaN()
	}
	n := big.NewInt(int64(m.n))
	variance := new(big.Int).Mul(n, m.squares)
	variance.Sub(variance, new(big.Int).Mul(m.sum, m.sum))
	return quotient(variance, n.Mul(n, n), 2*m.scale, true)
}

// quotient returns a/b · 2^-scale, or the root of it.
func quotient(a, b *big.Int, scale int, root bool) float64 {
	const precision = 256
	q := new(big.Float).SetPrec(precision).SetInt(a)
	q.Quo(q, new(big.Float).SetPrec(precision).SetInt(b))
	q.SetMantExp(q, -scale)
	if root {
		q.Sqrt(q)
	}
	f, _ := q.Float64()
	return f
}

// wideSum is a sum of squares below 2^128, or of anything smaller.
type wideSum [3]uint64 // lowest first

func (s *wideSum) add(hi, lo uint64) {
	var c uint64
	s[0], c = bits.Add64(s[0], lo, 0)
	s[1], c = bits.Add64(s[1], hi, c)
	s[2] += c
}

func (s *wideSum) merge(o *wideSum) {
	s.add(o[1], o[0])
	s[2] += o[2]
}

func (s *wideSum) big() *big.Int {
	n := new(big.Int)
	for i := len(s) - 1; i >= 0; i-- {
		n.Lsh(n, 64)
		n.Or(n, new(big.Int).SetUint64(s[i]))
	}
	return n
}

// intSums are moments of integers in the making.
type intSums struct {
	n                int
	shifted, squares wideSum
	shift            uint64 // what was added to each number of shifted
}

func (s *intSums) addSigned(line []int64) {
	s.n += len(line)
	s.shift = 1 << 63
	var sum0, sum1, square0, square1, square2, c uint64
	for _, x := range line {
		sum0, c = bits.Add64(sum0, uint64(x)^1<<63, 0)
		sum1 += c
		u := uint64(max(x, -x)) // also of the smallest number, which -x leaves as it is
		hi, lo := bits.Mul64(u, u)
		square0, c = bits.Add64(square0, lo, 0)
		square1, c = bits.Add64(square1, hi, c)
		square2 += c
	}
	s.shifted.merge(&wideSum{sum0, sum1})
	s.squares.merge(&wideSum{square0, square1, square2})
}

func (s *intSums) addUnsigned(line []uint64) {
	s.n += len(line)
	for _, u := range line {
		s.shifted.add(0, u)
		s.squares.add(bits.Mul64(u, u))
	}
}

func (s *intSums) merge(o *intSums) {
	s.n += o.n
	s.shift |= o.shift
	s.shifted.merge(&o.shifted)
	s.squares.merge(&o.squares)
}

func (s *intSums) moments() moments {
	shift := new(big.Int).SetUint64(s.shift)
	sum := s.shifted.big()
	return moments{n: s.n, sum: sum.Sub(sum, shift.Mul(shift, big.NewInt(int64(s.n)))), squares: s.squares.big()}
}

// floatSums are moments of floats in the making: a float is ± an integer times a
// power of two, and there is a sum of integers for each sign and power.
type floatSums struct {
	n, nans           int // n includes the NaNs
	plusInf, minusInf bool
	sums              [1 << 12]wideSum // by sign and exponent
	squares           [1 << 11]wideSum // by exponent
}

const (
	mantissaBits = 52
	infExponent  = 1<<11 - 1
	floatScale   = 1074 // of the smallest float, which is 2^-1074
)

func (s *floatSums) add(line []float64) {
	for _, x := range line {
		u := math.Float64bits(x)
		signed := u >> mantissaBits
		exponent := signed & infExponent
		m := u & (1<<mantissaBits - 1)
		switch exponent {
		case infExponent:
			s.special(x)
			continue
		case 0: // a subnormal number
		default:
			m |= 1 << mantissaBits
		}
		s.sums[signed].add(0, m)
		s.squares[exponent].add(bits.Mul64(m, m))
	}
	s.n += len(line)
}

// addSingles adds at most lineLength numbers: so many times the largest square
// of 24 bits fits a word.
func (s *floatSums) addSingles(line []float32) {
	const bits, inf = 23, 1<<8 - 1
	var sums [2 << 8]uint64    // by sign and exponent
	var squares [1 << 8]uint64 // by exponent
	for _, x := range line {
		u := math.Float32bits(x)
		signed := u >> bits
		m := uint64(u & (1<<bits - 1))
		switch signed & inf {
		case inf:
			s.special(float64(x))
			continue
		case 0:
		default:
			m |= 1 << bits
		}
		sums[signed&(2<<8-1)] += m
		squares[signed&inf] += m * m
	}
	s.n += len(line)
	for e := range inf {
		if squares[e] == 0 {
			continue
		}
		const bias = floatScale - 149 // 2^-149 is the smallest float32
		wide := max(e, 1) + bias
		s.sums[wide].add(0, sums[e])
		s.sums[wide|1<<11].add(0, sums[e|1<<8])
		s.squares[wide].add(0, squares[e])
	}
}

// special notes infinity and NaN.
func (s *floatSums) special(x float64) {
	switch {
	case x > 0:
		s.plusInf = true
	case x < 0:
		s.minusInf = true
	default:
		s.nans++
	}
}

func (s *floatSums) merge(o *floatSums) {
	s.n += o.n
	s.nans += o.nans
	s.plusInf = s.plusInf || o.plusInf
	s.minusInf = s.minusInf || o.minusInf
	for i := range s.sums {
		s.sums[i].merge(&o.sums[i])
	}
	for i := range s.squares {
		s.squares[i].merge(&o.squares[i])
	}
}

func (s *floatSums) moments() moments {
	m := moments{n: s.n - s.nans, sum: new(big.Int), squares: new(big.Int), scale: floatScale, plusInf: s.plusInf, minusInf: s.minusInf}
	for e := range infExponent {
		power := uint(max(e, 1) - 1) // above that of the smallest float
		if s.squares[e] == (wideSum{}) {
			continue
		}
		positive, negative := s.sums[e].big(), s.sums[e|1<<11].big()
		m.sum.Add(m.sum, positive.Sub(positive, negative).Lsh(positive, power))
		squares := s.squares[e].big()
		m.squares.Add(m.squares, squares.Lsh(squares, 2*power))
	}
	return m
}
