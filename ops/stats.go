package ops

import (
	"fmt"
	"math"
	"slices"

	"github.com/dosna/dosna/dtype"
)

// StatsOptions say which statistics to take besides count, extremes, mean and
// standard deviation; the zero value takes no others.
type StatsOptions struct {
	// Percentiles are numbers from 0 to 100, each for one percentile.
	Percentiles []float64
	// Exact percentiles of 32-bit numbers need a second reading of the data,
	// and of 64-bit ones up to three more (a few more for very many
	// percentiles). Otherwise percentiles are read off a histogram, with an
	// error of at most 0.05 % that is told. For types of up to 16 bits they are
	// exact in any case.
	Exact bool
	// Bins is the number of bins of a histogram, of equal width from Range[0]
	// to Range[1]; without Range, from minimum to maximum, which needs a second
	// reading. Zero takes no histogram.
	Bins  int
	Range []float64
	// Edges are the edges of bins of any width instead, ascending.
	Edges []float64
}

// Statistics are of real numbers, NaNs left out.
type Statistics struct {
	// Count is the number of numbers, and NaNs that of elements left out.
	Count, NaNs int
	// Min and Max are of the Go type of the elements, or nil if Count is 0.
	Min, Max any
	// Mean and Std are the mean and the standard deviation (of the population,
	// with divisor Count), correctly rounded from exact sums; NaN if Count is 0.
	// If there are infinities, Mean is infinite or NaN, and Std NaN.
	Mean, Std float64
	// Percentiles are in the order of the options.
	Percentiles []Percentile
	// Histogram is nil if none was asked for.
	Histogram *Histogram
}

// Percentile is the number below which P percent of the numbers lie, by linear
// interpolation between the two closest, as NumPy does by default.
type Percentile struct {
	P, Value float64
	// Error is how far Value may be off.
	Error float64
}

// Histogram counts numbers by their size.
type Histogram struct {
	// Edges bound the bins: Counts[i] numbers are at least Edges[i] and less
	// than Edges[i+1], or equal to it for the last bin.
	Edges  []float64
	Counts []int
	// Below and Above count the numbers outside of all bins.
	Below, Above int
}

// maxBins bounds a histogram: every worker counts in one of its own.
const maxBins = 1 << 20

func (o StatsOptions) check(t dtype.Type) error {
	if !isReal(t) {
		return fmt.Errorf("statistics of %q: want real numbers of the Zarr core specification; of complex ones take parts or magnitudes first", t)
	}
	for _, p := range o.Percentiles {
		if !(p >= 0 && p <= 100) {
			return fmt.Errorf("statistics: percentile %v is not from 0 to 100", p)
		}
	}
	switch {
	case len(o.Percentiles) > 1000:
		return fmt.Errorf("statistics: %d percentiles; at most 1000", len(o.Percentiles))
	case o.Bins < 0 || o.Bins > maxBins || len(o.Edges) > maxBins:
		return fmt.Errorf("statistics: %d bins; want from 1 to %d", max(o.Bins, len(o.Edges)-1), maxBins)
	case o.Edges != nil && (o.Bins != 0 || o.Range != nil):
		return fmt.Errorf("statistics: edges of bins are given, and a number or a range too")
	case o.Edges != nil && (len(o.Edges) < 2 || !slices.IsSorted(o.Edges) || slices.ContainsFunc(o.Edges, math.IsNaN)):
		return fmt.Errorf("statistics: the edges of bins must be two or more ascending numbers")
	case o.Range != nil && o.Bins == 0:
		return fmt.Errorf("statistics: a range is given for a histogram, but no number of bins")
	}
	if o.Range != nil {
		if len(o.Range) != 2 || !(o.Range[0] <= o.Range[1]) || math.IsInf(o.Range[1]-o.Range[0], 0) {
			return fmt.Errorf("statistics: the range %v of the histogram is not two finite numbers in order", o.Range)
		}
	}
	return nil
}
