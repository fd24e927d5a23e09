package ops

import (
	"fmt"
	"slices"

	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
)

// Reduction says what becomes of the elements of a window.
type Reduction string

// The reductions.
const (
	// ReduceMean is the mean, computed exactly for integers and bool and rounded
	// to the nearest, halves to even, as numpy.rint does and TensorStore's
	// downsampling; of floats it is computed with float64. NaN stays.
	ReduceMean Reduction = "mean"
	// ReduceNearest is the first element, as a[::2].
	ReduceNearest Reduction = "nearest"
	// ReduceMode is the most frequent element, for labels; of several the
	// smallest.
	ReduceMode Reduction = "mode"
	// ReduceMax is the largest element, or NaN if there is one.
	ReduceMax Reduction = "max"
)

// Reductions lists them.
var Reductions = []Reduction{ReduceMean, ReduceNearest, ReduceMode, ReduceMax}

// Reducer makes an array smaller by whole factors, one for each axis. Windows at
// the far edges have what is left of the array: an axis of length n gets the length
// of n/factor, rounded up. It is safe for concurrent use.
type Reducer struct {
	t       dtype.Type
	factors []int
	reduce  func(dst, src []byte, g windows)
}

// maxWindow bounds the elements of a window.
const maxWindow = 1 << 20

// NewReducer returns a reducer of arrays of a type.
func NewReducer(t dtype.Type, factors []int, how Reduction) (*Reducer, error) {
	if n, ok := nd.Size(factors); !ok || n < 1 || n > maxWindow {
		return nil, fmt.Errorf("reduce by %v: factors are 1 or more, and windows of %d elements at most", factors, maxWindow)
	}
	r := &Reducer{t: t, factors: slices.Clone(factors)}
	switch {
	case !slices.Contains(Reductions, how):
		return nil, fmt.Errorf("reduce by %q: want one of %v", string(how), Reductions)
	case !t.Core() && (how != ReduceNearest || t.Size() == 0):
		return nil, fmt.Errorf("reduce elements of %q by %s: only types of the Zarr core specification are computed with", t, how)
	case how == ReduceMax && t.Kind() == dtype.Complex, how == ReduceMode && t.Kind() == dtype.Complex:
		return nil, fmt.Errorf("reduce elements of %q by %s: they have no order", t, how)
	case how == ReduceNearest:
		r.reduce = func(dst, src []byte, g windows) { nearest(dst, src, g, t.Size()) }
	case how == ReduceMean:
		r.reduce = meanOf(t)
	default:
		r.reduce = orderedOf(t, how)
	}
	return r, nil
}

// Shape returns the shape that an array of the given shape is reduced to.
func (r *Reducer) Shape(shape []int) []int {
	out := slices.Clone(shape)
	for i, f := range r.factors {
		out[i] = (out[i] + f - 1) / f
	}
	return out
}

// Reduce reduces src, a part of an array that begins at multiples of the factors,
// into dst, whose shape is r.Shape of src's.
func (r *Reducer) Reduce(dst, src nd.View) error {
	for what, v := range map[string]nd.View{"input": src, "output": dst} {
		if err := v.Check(); err != nil {
			return fmt.Errorf("reduce by %v: %s: %w", r.factors, what, err)
		}
		if v.Item != r.t.Size() {
			return fmt.Errorf("reduce by %v: %s of %d bytes an element, where %s has %d", r.factors, what, v.Item, r.t, r.t.Size())
		}
	}
	if len(src.Shape) != len(r.factors) || !slices.Equal(dst.Shape, r.Shape(src.Shape)) {
		return fmt.Errorf("reduce by %v: input of shape %v for output of shape %v", r.factors, src.Shape, dst.Shape)
	}
	if dst.Size() == 0 {
		return nil
	}
	in, ok := src.Contiguous()
	if !ok || !aligned(in, r.t) {
		in = make([]byte, src.Size()*src.Item)
		nd.Copy(nd.NewView(in, src.Shape, src.Item), src)
	}
	out, ok := dst.Contiguous()
	direct := ok && aligned(out, r.t)
	if !direct {
		out = make([]byte, dst.Size()*dst.Item)
	}
	r.reduce(out, in, newWindows(src.Shape, r.factors))
	if !direct {
		nd.Copy(dst, nd.NewView(out, dst.Shape, dst.Item))
	}
	return nil
}

// windows walks through the lines of elements, along the last axis, that the
// windows of a packed array are made of.
type windows struct {
	shape, factors []int // of all axes but the last
	strides        []int // elements
	n, f           int   // of the last axis
}

func newWindows(shape, factors []int) windows {
	if len(shape) == 0 {
		return windows{n: 1, f: 1}
	}
	last := len(shape) - 1
	g := windows{shape: shape[:last], factors: factors[:last], strides: make([]int, last), n: shape[last], f: factors[last]}
	stride := g.n
	for i := last - 1; i >= 0; i-- {
		g.strides[i] = stride
		stride *= shape[i]
	}
	return g
}

// out is the number of windows along the last axis.
func (g windows) out() int { return (g.n + g.f - 1) / g.f }

// each calls line with the beginnings of the lines of each row of windows, rows in
// C order. The slice is used again.
func (g windows) each(line func(row int, starts []int)) {
	at := make([]int, len(g.shape))
	var starts []int
	for row := 0; ; row++ {
		starts = append(starts[:0], 0)
		for i, x := range at {
			many := min(g.factors[i], g.shape[i]-x*g.factors[i])
			have := len(starts)
			for k := 1; k < many; k++ {
				for _, s := range starts[:have] {
					starts = append(starts, s+k*g.strides[i])
				}
			}
			for j := range starts {
				starts[j] += x * g.factors[i] * g.strides[i]
			}
		}
		line(row, starts)
		i := len(at) - 1
		for ; i >= 0; i-- {
			if at[i]++; at[i]*g.factors[i] < g.shape[i] {
				break
			}
			at[i] = 0
		}
		if i < 0 {
			return
		}
	}
}
