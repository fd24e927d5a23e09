package nd

import "math"

// axisPick is what is selected along one axis, and the result's dimensions
// [lo, hi) that run over it: none for an integer, several for an N-d list.
type axisPick struct {
	start, step, n int   // start, start+step, …; step ≥ 1, and 1 if n < 2
	flip           bool  // the result has them in reverse
	list           []int // or else these positions, in the result's order
	lo, hi         int
}

func fullPick(n int) axisPick { return axisPick{step: 1, n: n} }

// rangePick applies a slice to an axis of length n, as Python's
// slice.indices does.
func (x Index) rangePick(n int) axisPick {
	step := max(x.step, -math.MaxInt)
	first, last := 0, n // of the bounds
	if step < 0 {
		first, last = -1, n-1
	}
	clip := func(i, omitted int) int {
		switch {
		case i == None:
			return omitted
		case i < 0:
			return max(i+n, first)
		}
		return min(i, last)
	}
	if step > 0 {
		start, stop := clip(x.start, 0), clip(x.stop, n)
		if start >= stop {
			return axisPick{step: 1}
		}
		return progression(start, step, (stop-start-1)/step+1)
	}
	start, stop := clip(x.start, n-1), clip(x.stop, -1)
	if start <= stop {
		return axisPick{step: 1}
	}
	return progression(start, step, (start-stop-1)/-step+1)
}

// listPick selects positions, without keeping them if they are evenly spaced.
func listPick(values []int) axisPick {
	if len(values) == 0 {
		return axisPick{step: 1}
	}
	step := 1
	if len(values) > 1 {
		step = values[1] - values[0]
	}
	for i := 1; i < len(values); i++ {
		if step == 0 || values[i]-values[i-1] != step {
			return axisPick{list: values, step: 1, n: len(values)}
		}
	}
	return progression(values[0], step, len(values))
}

// progression selects start, start+step, … of which there are n ≥ 1.
func progression(start, step, n int) axisPick {
	switch {
	case n == 1:
		return axisPick{start: start, step: 1, n: 1}
	case step < 0:
		return axisPick{start: start + (n-1)*step, step: -step, n: n, flip: true}
	}
	return axisPick{start: start, step: step, n: n}
}
