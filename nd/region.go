package nd

// Region is a Selection applied to an array of one shape: all bounds are
// checked and Shape is the shape that NumPy's result has. The result's size may
// exceed what an int counts; see Size.
//
// The pieces of a region read and write views in canonical layout, which orders
// the dimensions as the array orders its axes. Canonical brings a view of the
// result into it.
type Region struct {
	Shape []int

	array []int      // the array's shape
	axes  []axisPick // one for each axis of the array
	free  []int      // the axes that are selected on their own
	joint *joint     // the lists that together name points; nil if there are none
	size  int
	none  bool // a mask without axes is false: nothing is selected
}

// joint is a set of lists broadcast together: each element of the broadcast
// shape is a point. The result's dimensions [lo, hi) run over the points.
type joint struct {
	shape  []int
	lists  []jointList
	lo, hi int
}

// jointList holds the positions along axis, broadcast to the points by strides.
type jointList struct {
	axis    int
	values  []int
	strides []int // in elements, one for each dimension of joint.shape
}

// Size returns the number of elements of the result, or math.MaxInt if there
// are more.
func (r *Region) Size() int { return r.size }

// Box returns the region as a box, if it is one whose elements the result holds
// in C order: unit steps, no lists but contiguous ones.
func (r *Region) Box() (Box, bool) {
	if r.none || r.joint != nil {
		return Box{}, false
	}
	b := newBox(len(r.axes))
	dim := 0
	for i, p := range r.axes {
		if p.list != nil || p.step != 1 || p.flip || p.n != 1 && p.lo < dim {
			return Box{}, false
		}
		if p.n != 1 {
			dim = p.lo
		}
		b.Start[i], b.Shape[i] = p.start, p.n
	}
	return b, true
}

// Canonical returns v, a view of shape r.Shape, in canonical layout: first a
// dimension for the points, if several lists are joined to points, then one
// for each other axis of the array in its order. It is false if v's strides do
// not allow dimensions to be merged into one, which never happens to a
// C-contiguous view: the caller then goes through such a copy.
func (r *Region) Canonical(v View) (View, bool) {
	c := View{Data: v.Data, Off: v.Off, Item: v.Item}
	c.Shape = make([]int, 0, len(r.free)+1)
	c.Strides = make([]int, 0, len(r.free)+1)
	merge := func(lo, hi int) bool {
		n, stride := 1, 0
		for i := hi - 1; i >= lo; i-- {
			switch {
			case v.Shape[i] == 1:
				continue
			case n == 1:
				stride = v.Strides[i]
			case v.Strides[i] != stride*n && r.size > 0:
				return false
			}
			n *= v.Shape[i]
		}
		c.Shape, c.Strides = append(c.Shape, n), append(c.Strides, stride)
		return true
	}
	if r.joint != nil && !merge(r.joint.lo, r.joint.hi) {
		return View{}, false
	}
	for _, axis := range r.free {
		if !merge(r.axes[axis].lo, r.axes[axis].hi) {
			return View{}, false
		}
	}
	return c, true
}

// Along returns the axis of the array that a dimension of the result runs over,
// and the positions on it: start, start+step, … Step is 0 if they are not evenly
// spaced. Axis is -1 if the dimension runs over no axis, or over several.
func (r *Region) Along(dim int) (axis, start, step int) {
	for _, i := range r.free {
		p := r.axes[i]
		switch {
		case dim < p.lo || dim >= p.hi || p.hi != p.lo+1:
		case p.list != nil:
			return i, 0, 0
		case p.flip:
			return i, p.start + (p.n-1)*p.step, -p.step
		default:
			return i, p.start, p.step
		}
	}
	return -1, 0, 0
}
