package ops

import (
	"cmp"
	"slices"

	"github.com/dosna/dosna/dtype"
)

// orderedOf returns the mode or the maximum of windows of a real type.
func orderedOf(t dtype.Type, how Reduction) func(dst, src []byte, g windows) {
	switch t {
	case dtype.Bool, dtype.Uint8:
		return ordered[uint8](how)
	case dtype.Uint16:
		return ordered[uint16](how)
	case dtype.Uint32:
		return ordered[uint32](how)
	case dtype.Uint64:
		return ordered[uint64](how)
	case dtype.Int8:
		return ordered[int8](how)
	case dtype.Int16:
		return ordered[int16](how)
	case dtype.Int32:
		return ordered[int32](how)
	case dtype.Int64:
		return ordered[int64](how)
	case dtype.Float32:
		return ordered[float32](how)
	case dtype.Float64:
		return ordered[float64](how)
	}
	return func(dst, src []byte, g windows) { // float16, whose numbers all are float32
		half := dtype.Slice[dtype.Half](src)
		wide := make([]float32, len(half))
		for i, h := range half {
			wide[i] = h.Float32()
		}
		out := make([]float32, len(dst)/2)
		ordered[float32](how)(dtype.Bytes(out), dtype.Bytes(wide), g)
		for i, x := range out {
			dtype.Slice[dtype.Half](dst)[i] = dtype.HalfOf(float64(x))
		}
	}
}

func ordered[T number](how Reduction) func(dst, src []byte, g windows) {
	if how == ReduceMax {
		return maximum[T]
	}
	return mode[T]
}

func maximum[T number](dst, src []byte, g windows) {
	in, out := dtype.Slice[T](src), dtype.Slice[T](dst)
	n := g.out()
	g.each(func(row int, starts []int) {
		to := out[row*n : (row+1)*n]
		for j := range to {
			to[j] = in[starts[0]+j*g.f]
		}
		for _, s := range starts {
			line := in[s : s+g.n]
			for j, best := range to {
				for _, x := range line[j*g.f : min((j+1)*g.f, g.n)] {
					best = max(best, x) // NaN if either is
				}
				to[j] = best
			}
		}
	})
}

func mode[T number](dst, src []byte, g windows) {
	in, out := dtype.Slice[T](src), dtype.Slice[T](dst)
	n := g.out()
	var window []T
	g.each(func(row int, starts []int) {
		for j := range n {
			window = window[:0]
			alike := true
			for _, s := range starts {
				for _, x := range in[s+j*g.f : s+min((j+1)*g.f, g.n)] {
					window = append(window, x)
					alike = alike && x == window[0]
				}
			}
			out[row*n+j] = window[0]
			if !alike {
				out[row*n+j] = mostFrequent(window)
			}
		}
	})
}

// mostFrequent returns the most frequent element, the smallest of several; it
// sorts them.
func mostFrequent[T number](window []T) T {
	slices.Sort(window)
	best, most, run := window[0], 0, 0
	for i, x := range window {
		if i == 0 || cmp.Compare(x, window[i-1]) != 0 {
			run = 0
		}
		if run++; run > most {
			best, most = x, run
		}
	}
	return best
}
