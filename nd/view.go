package nd

import (
	"fmt"
	"slices"
)

// View is an N-dimensional window on memory: the element at coordinates c
// occupies Item bytes of Data, beginning at Off + Σ c[i]·Strides[i]. Strides
// are in bytes and may be zero (broadcast) or negative (reversed).
type View struct {
	Data    []byte
	Off     int
	Shape   []int
	Strides []int
	Item    int
}

// NewView returns a C-contiguous view of data, which must hold at least the
// shape's elements of item bytes each.
func NewView(data []byte, shape []int, item int) View {
	return View{Data: data, Shape: shape, Strides: contiguousStrides(shape, item), Item: item}
}

func contiguousStrides(shape []int, item int) []int {
	strides := make([]int, len(shape))
	for i := len(shape) - 1; i >= 0; i-- {
		strides[i] = item
		item *= max(shape[i], 1)
	}
	return strides
}

// Size returns the number of elements.
func (v View) Size() int { return Box{Shape: v.Shape}.Size() }

// Check reports why the view does not lie inside its memory, or nil.
func (v View) Check() error {
	if len(v.Shape) != len(v.Strides) {
		return fmt.Errorf("view of %d dimensions has %d strides", len(v.Shape), len(v.Strides))
	}
	if v.Item <= 0 {
		return fmt.Errorf("view has elements of %d bytes", v.Item)
	}
	if _, ok := Size(v.Shape); !ok {
		return fmt.Errorf("view has the impossible shape %v", v.Shape)
	}
	lo, hi, ok := v.extent()
	if ok && (lo < 0 || hi > len(v.Data)) {
		return fmt.Errorf("view of shape %v and strides %v reaches bytes %d to %d of %d", v.Shape, v.Strides, lo, hi, len(v.Data))
	}
	return nil
}

// extent returns the first byte used and the one past the last; false if the
// view is empty.
func (v View) extent() (lo, hi int, ok bool) {
	lo, hi = v.Off, v.Off+v.Item
	for i, n := range v.Shape {
		if n == 0 {
			return 0, 0, false
		}
		if d := (n - 1) * v.Strides[i]; d < 0 {
			lo += d
		} else {
			hi += d
		}
	}
	return lo, hi, true
}

// Sub returns the part of the view inside b.
func (v View) Sub(b Box) View {
	v.Shape = b.Shape
	for i, s := range b.Start {
		v.Off += s * v.Strides[i]
	}
	return v
}

// Index returns the view without axis, at position i of it.
func (v View) Index(axis, i int) View {
	v.Off += i * v.Strides[axis]
	v.Shape = slices.Delete(slices.Clone(v.Shape), axis, axis+1)
	v.Strides = slices.Delete(slices.Clone(v.Strides), axis, axis+1)
	return v
}

// Step returns the view of n positions along axis: start, start+step, …
func (v View) Step(axis, start, step, n int) View {
	v.Off += start * v.Strides[axis]
	v.Shape, v.Strides = slices.Clone(v.Shape), slices.Clone(v.Strides)
	v.Shape[axis] = n
	v.Strides[axis] *= step
	return v
}

// Flip returns the view with axis reversed.
func (v View) Flip(axis int) View {
	return v.Step(axis, max(v.Shape[axis]-1, 0), -1, v.Shape[axis])
}

// Transpose returns the view whose axis i is axis perm[i] of v.
func (v View) Transpose(perm []int) View {
	shape, strides := make([]int, len(perm)), make([]int, len(perm))
	for i, p := range perm {
		shape[i], strides[i] = v.Shape[p], v.Strides[p]
	}
	v.Shape, v.Strides = shape, strides
	return v
}

// Insert returns the view with a new axis of length 1 before axis.
func (v View) Insert(axis int) View {
	v.Shape = slices.Insert(slices.Clone(v.Shape), axis, 1)
	v.Strides = slices.Insert(slices.Clone(v.Strides), axis, 0)
	return v
}

// Broadcast stretches the view to shape as NumPy does when it assigns: missing
// leading axes and axes of length 1 repeat; leading axes of length 1 too many
// are dropped.
func (v View) Broadcast(shape []int) (View, error) {
	from := v.Shape
	for len(v.Shape) > len(shape) && v.Shape[0] == 1 {
		v = v.Index(0, 0)
	}
	if len(v.Shape) > len(shape) {
		return View{}, fmt.Errorf("values of shape %v do not broadcast to the selection's shape %v", from, shape)
	}
	strides := make([]int, len(shape))
	lead := len(shape) - len(v.Shape)
	for i, n := range v.Shape {
		switch {
		case n == shape[lead+i]:
			strides[lead+i] = v.Strides[i]
		case n != 1:
			return View{}, fmt.Errorf("values of shape %v do not broadcast to the selection's shape %v", from, shape)
		}
	}
	v.Shape, v.Strides = shape, strides
	return v, nil
}

// Contiguous returns the view's bytes if they lie in C order without gaps.
func (v View) Contiguous() ([]byte, bool) {
	want := v.Item
	for i := len(v.Shape) - 1; i >= 0; i-- {
		if v.Shape[i] == 0 {
			return nil, true
		}
		if v.Shape[i] != 1 && v.Strides[i] != want {
			return nil, false
		}
		want *= v.Shape[i]
	}
	return v.Data[v.Off : v.Off+want : v.Off+want], true
}
