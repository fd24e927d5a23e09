package ops

import "sort"

// bins is a histogram in the making.
type bins struct {
	edges        []float64
	counts       []int
	below, above int
	first, scale float64 // of bins of equal width: scale is how many fit 1
}

func newBins(edges []float64) *bins { return &bins{edges: edges, counts: make([]int, len(edges)-1)} }

// uniformBins returns n bins of equal width, with the edges of NumPy: where the
// range is empty, it is widened by a half on both sides.
func uniformBins(n int, lo, hi float64) *bins {
	if lo == hi {
		lo, hi = lo-0.5, hi+0.5
	}
	edges := make([]float64, n+1)
	step := (hi - lo) / float64(n)
	for i := range edges {
		edges[i] = float64(float64(i)*step) + lo
	}
	edges[n] = hi
	b := newBins(edges)
	b.first, b.scale = lo, float64(n)/(hi-lo)
	return b
}

// empty returns bins with the same edges.
func (b *bins) empty() *bins {
	return &bins{edges: b.edges, counts: make([]int, len(b.counts)), first: b.first, scale: b.scale}
}

func (b *bins) add(line []float64) {
	last := len(b.counts)
	for _, x := range line {
		// the usual case of count, which decides in the others
		if i := int((x - b.first) * b.scale); i >= 0 && i < last && b.edges[i] <= x && x < b.edges[i+1] {
			b.counts[i]++
			continue
		}
		b.count(x, 1)
	}
}

// count adds n times x. NaN is not counted.
func (b *bins) count(x float64, n int) {
	last := len(b.counts)
	switch {
	case x < b.edges[0]:
		b.below += n
		return
	case x > b.edges[last]:
		b.above += n
		return
	case x != x:
		return
	case x == b.edges[last]:
		b.counts[last-1] += n
		return
	}
	var i int
	if b.scale > 0 {
		i = min(int((x-b.first)*b.scale), last-1)
		// rounding may be off by one: the edges decide
		for i > 0 && x < b.edges[i] {
			i--
		}
		for i < last-1 && x >= b.edges[i+1] {
			i++
		}
	} else {
		i = sort.Search(last, func(i int) bool { return x < b.edges[i+1] })
	}
	b.counts[i] += n
}

func (b *bins) merge(o *bins) {
	for i, n := range o.counts {
		b.counts[i] += n
	}
	b.below += o.below
	b.above += o.above
}

func (b *bins) histogram() *Histogram {
	return &Histogram{Edges: b.edges, Counts: b.counts, Below: b.below, Above: b.above}
}

// total returns how many numbers are counted.
func (h *Histogram) total() int {
	n := h.Below + h.Above
	for _, c := range h.Counts {
		n += c
	}
	return n
}
