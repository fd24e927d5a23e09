package ops

import "math"

// ranked is a source of numbers by rank, counted from 0. It also tells how far
// off the number may be.
type ranked interface {
	at(rank int) (x, off float64)
}

// position returns where among n numbers percentile p is: between the number of
// that rank and the next, a part of the way.
func position(p float64, n int) (rank int, part float64) {
	at := float64(n-1) * (p / 100)
	rank = min(int(at), n-1)
	return rank, at - float64(rank)
}

// ranks returns the ranks of the numbers that percentiles are made of.
func ranks(percentiles []float64, n int) []int {
	if n == 0 {
		return nil
	}
	var r []int
	for _, p := range percentiles {
		rank, _ := position(p, n)
		r = append(r, rank, min(rank+1, n-1))
	}
	return r
}

func percentile(r ranked, p float64, n int) Percentile {
	if n == 0 {
		return Percentile{P: p, Value: math.NaN()}
	}
	rank, part := position(p, n)
	a, offA := r.at(rank)
	b, offB := r.at(min(rank+1, n-1))
	result := Percentile{P: p, Value: a, Error: max(offA, offB)}
	switch d := b - a; {
	case a == b || part == 0:
	case part < 0.5:
		result.Value = a + float64(d*part)
	default: // so that b is reached
		result.Value = b - float64(d*(1-part))
	}
	return result
}
