package ops

import (
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/ops/internal/correlate"
)

// GaussianOptions describe a Gaussian filter with the names and meanings of
// scipy.ndimage.gaussian_filter.
type GaussianOptions struct {
	// Sigma is the standard deviation in elements: one for all axes, or one for
	// each. An axis of sigma 0 is left alone.
	Sigma []float64
	// Order is the derivative that is taken: none for 0, as on all axes if Order
	// is empty; else one for all axes, or one for each. At most 10.
	Order []int
	// Truncate is the filter's radius in standard deviations; 0 means 4.
	Truncate float64
	// Boundary says what lies beyond the array's edges, and Value which element
	// that is for nd.Constant (nil: zero). Value must be exact in the input's type,
	// and is converted to the output's where an axis has been filtered.
	Boundary nd.Boundary
	Value    any
}

// Gaussian is a Gaussian filter for blocks of an array: what SciPy's
// gaussian_filter computes, with the same operations in the same order, so that
// the results are the same to the last bit wherever the weights are (NumPy's exp
// may be off by a bit, differently on different machines).
//
// As in SciPy, sums are float64 and rounded to the output's type after every
// axis; for integer types that means truncated, so that blurring small integers
// loses up to 1 on each axis: a wider output type avoids it. Complex numbers are
// filtered by parts. SciPy has no float16; here it is filtered as float32 and
// rounded at the end. What int64 and uint64 hold beyond 2⁵³ is rounded.
type Gaussian struct {
	in, work, out dtype.Type // of the parts of complex numbers; work is for results between axes
	parts         int        // numbers in one element: 2 if complex
	ndim          int
	axes          []filterAxis // those that are filtered
	halo          []int
	value         []byte // the element beyond the edges; nil unless nd.Constant
	constant      []byte // the same in the work type
	scratch       sync.Pool
}

type filterAxis struct {
	axis   int
	kernel correlate.Kernel
}

// maxRadius bounds the radius of a filter, which no array justifies and whose
// weights would take memory without end.
const maxRadius = 1 << 20

// NewGaussian returns the filter for arrays of ndim axes with elements of type
// in, whose output has elements of type out: both real (out not bool) or both
// complex.
func NewGaussian(in, out dtype.Type, ndim int, o GaussianOptions) (*Gaussian, error) {
	g := &Gaussian{in: in, out: out, parts: 1, ndim: ndim, halo: make([]int, ndim)}
	switch {
	case !in.Core() || !out.Core():
		return nil, fmt.Errorf("gaussian filter of data type %q into %q: only types of the Zarr core specification are computed with", in, out)
	case (in.Kind() == dtype.Complex) != (out.Kind() == dtype.Complex):
		return nil, fmt.Errorf("gaussian filter of data type %s into %s: both must be real, or both complex", in, out)
	case out == dtype.Bool:
		return nil, fmt.Errorf("gaussian filter of data type %s into bool: averages are not true or false; filter into a number type", in)
	case in.Kind() == dtype.Complex:
		g.in, g.out, g.parts = realPart(in), realPart(out), 2
	}
	g.work = g.out
	if g.out == dtype.Float16 {
		g.work = dtype.Float32
	}
	if err := g.setAxes(o); err != nil {
		return nil, err
	}
	if o.Boundary == nd.Constant {
		if err := g.setConstant(in, o.Value); err != nil {
			return nil, err
		}
	}
	return g, nil
}

func realPart(t dtype.Type) dtype.Type {
	if t == dtype.Complex64 {
		return dtype.Float32
	}
	return dtype.Float64
}

func (g *Gaussian) setAxes(o GaussianOptions) error {
	sigma, err := perAxis("sigma", o.Sigma, g.ndim)
	if err != nil {
		return err
	}
	if len(o.Order) == 0 {
		o.Order = []int{0}
	}
	order, err := perAxis("order", o.Order, g.ndim)
	if err != nil {
		return err
	}
	truncate := o.Truncate
	if truncate == 0 {
		truncate = 4
	}
	for axis, s := range sigma {
		radius := truncate*s + 0.5
		switch {
		case !(s >= 0) || math.IsInf(s, 1):
			return fmt.Errorf("gaussian filter: sigma %v along axis %d is not a positive number or 0", s, axis)
		case !(truncate > 0):
			return fmt.Errorf("gaussian filter: truncate %v is not a positive number", truncate)
		case order[axis] < 0 || order[axis] > 10:
			return fmt.Errorf("gaussian filter: order %d along axis %d is not from 0 to 10", order[axis], axis)
		case !(radius < maxRadius):
			return fmt.Errorf("gaussian filter: sigma %v along axis %d gives a radius of %.0f, more than %d", s, axis, radius, maxRadius)
		case s <= 1e-15: // SciPy's limit
			continue
		}
		g.axes = append(g.axes, filterAxis{axis, gaussianKernel(s, order[axis], int(radius))})
		g.halo[axis] = int(radius)
	}
	return nil
}

// perAxis returns values, or the only one of them repeated for every axis.
func perAxis[T any](name string, values []T, ndim int) ([]T, error) {
	switch len(values) {
	case ndim:
		return values, nil
	case 1:
		return slices.Repeat(values, ndim), nil
	}
	return nil, fmt.Errorf("gaussian filter: %d values of %s for %d axes; want 1 or %d", len(values), name, ndim, ndim)
}

func (g *Gaussian) setConstant(in dtype.Type, value any) error {
	elem := in.Zero()
	if value != nil {
		var err error
		if elem, err = in.Encode(value); err != nil {
			return fmt.Errorf("gaussian filter: the value beyond the edges: %w", err)
		}
	}
	g.value = elem
	line := make([]float64, g.parts)
	loaderOf(g.in)(line, elem)
	g.constant = make([]byte, g.parts*g.work.Size())
	truncating(g.work)(g.constant, line)
	return nil
}

// Halo returns, for each axis, how far beyond a block of output the filter needs
// input on both sides.
func (g *Gaussian) Halo() []int { return slices.Clone(g.halo) }
