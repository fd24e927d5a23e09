package nd

import (
	"fmt"
	"slices"
)

// Resolve applies the selection to an array of the given shape. Positions out
// of bounds are errors, also in a list that another list broadcasts away, where
// NumPy overlooks them. Memory and time grow with the number of listed
// positions, not with the lengths of slices.
func (s Selection) Resolve(shape []int) (*Region, error) {
	r, err := s.resolve(shape)
	if err != nil {
		return nil, fmt.Errorf("select [%s] of an array of shape %s: %w", s.brief(), tuple(shape), err)
	}
	return r, nil
}

func (s Selection) resolve(shape []int) (*Region, error) {
	left, err := s.leftOver(shape)
	if err != nil {
		return nil, err
	}
	rv := resolver{Region: &Region{array: slices.Clone(shape), axes: make([]axisPick, 0, len(shape))}}
	rv.join = !s.orthogonal && slices.ContainsFunc(s.items, Index.advanced)
	full := func(n int) {
		for range n {
			rv.pick(fullPick(shape[len(rv.axes)]))
		}
	}
	ellipsis := false
	for _, x := range s.items {
		switch x.kind {
		case indexEllipsis:
			rv.plain()
			full(left)
			ellipsis = true
		case indexNewAxis:
			rv.plain()
			rv.Shape = append(rv.Shape, 1)
		case indexRange:
			rv.plain()
			rv.pick(x.rangePick(shape[len(rv.axes)]))
		case indexInt:
			err = rv.integer(x.start)
		case indexInts:
			err = rv.ints(x, s.orthogonal)
		case indexMask:
			err = rv.mask(x, s.orthogonal)
		}
		if err != nil {
			return nil, err
		}
	}
	if !ellipsis {
		full(left)
	}
	if err := rv.combine(); err != nil {
		return nil, err
	}
	for i := range rv.axes {
		if !rv.joins(i) {
			rv.free = append(rv.free, i)
		}
	}
	rv.size = saturatedSize(rv.Shape)
	return rv.Region, nil
}

// leftOver checks the items as far as they can be without the array's lengths,
// and returns how many axes remain for the ellipsis.
func (s Selection) leftOver(shape []int) (int, error) {
	if i := slices.IndexFunc(shape, func(n int) bool { return n < 0 }); i >= 0 {
		return 0, fmt.Errorf("the array's length %d along axis %d is negative", shape[i], i)
	}
	used, ellipses := 0, 0
	for _, x := range s.items {
		if err := x.check(); err != nil {
			return 0, err
		}
		if x.kind == indexEllipsis {
			ellipses++
		}
		used += x.axes()
	}
	if ellipses > 1 {
		return 0, fmt.Errorf("an index can only have a single ellipsis ('...')")
	}
	if used > len(shape) {
		return 0, fmt.Errorf("too many indices for array: array is %d-dimensional, but %d were indexed", len(shape), used)
	}
	return len(shape) - used, nil
}

// resolver builds a Region item by item. Its axes and Shape grow; the lists
// wait until all are known.
type resolver struct {
	*Region
	join  bool // integers and lists are broadcast together
	lists []pendingList
	at    int       // the result's dimension where the first list stands
	place placement // whether the lists are adjacent
}

type placement uint8

const (
	noList placement = iota
	inLists
	afterLists
	apart // something stands between lists: their dimensions come first
)

// pendingList is an index array, or an integer beside one, whose shape is nil.
type pendingList struct {
	axis   int // -1 for a mask without axes
	shape  []int
	values []int
	mask   bool // the values are a mask's
}

// plain notes an item that is no list.
func (rv *resolver) plain() {
	if rv.place == inLists {
		rv.place = afterLists
	}
}

// add notes a list, and reserves its axis unless it has none.
func (rv *resolver) add(l pendingList) {
	switch rv.place {
	case noList:
		rv.at, rv.place = len(rv.Shape), inLists
	case afterLists:
		rv.at, rv.place = 0, apart
	}
	rv.lists = append(rv.lists, l)
	if l.axis >= 0 {
		rv.axes = append(rv.axes, axisPick{})
	}
}

// pick appends an axis that has one dimension of the result.
func (rv *resolver) pick(p axisPick) {
	p.lo, p.hi = len(rv.Shape), len(rv.Shape)+1
	rv.axes = append(rv.axes, p)
	rv.Shape = append(rv.Shape, p.n)
}

func (rv *resolver) integer(i int) error {
	axis := len(rv.axes)
	i, err := rv.position(axis, i)
	switch {
	case err != nil:
		return err
	case rv.join:
		rv.add(pendingList{axis: axis, values: []int{i}})
	default:
		rv.axes = append(rv.axes, axisPick{start: i, step: 1, n: 1})
	}
	return nil
}

func (rv *resolver) ints(x Index, orthogonal bool) error {
	l := pendingList{axis: len(rv.axes), shape: x.shape, values: x.ints}
	if !orthogonal {
		rv.add(l)
		return nil
	}
	if len(x.shape) != 1 {
		return fmt.Errorf("orthogonal selection takes lists of one dimension; the one for axis %d has %d", l.axis, len(x.shape))
	}
	values, err := rv.positions(l)
	if err == nil {
		rv.pick(listPick(values))
	}
	return err
}

func (rv *resolver) mask(x Index, orthogonal bool) error {
	axis, shape := len(rv.axes), rv.array
	for i, n := range x.shape {
		if n != shape[axis+i] {
			return fmt.Errorf("boolean index did not match indexed array along axis %d; size of axis is %d but size of corresponding boolean axis is %d", axis+i, shape[axis+i], n)
		}
	}
	if orthogonal && len(x.shape) != 1 {
		return fmt.Errorf("orthogonal selection takes masks of one dimension; the one for axis %d has %d", axis, len(x.shape))
	}
	count := 0
	for _, b := range x.bools {
		if b {
			count++
		}
	}
	if len(x.shape) == 0 {
		rv.none = rv.none || count == 0
		rv.add(pendingList{axis: -1, shape: []int{count}})
		return nil
	}
	columns := nonzero(x.shape, x.bools, count)
	if orthogonal {
		rv.pick(listPick(columns[0]))
		return nil
	}
	for i, values := range columns {
		rv.add(pendingList{axis + i, []int{count}, values, true})
	}
	return nil
}

// position returns i counted from the axis' beginning.
func (rv *resolver) position(axis, i int) (int, error) {
	n := rv.array[axis]
	if i < -n || i >= n {
		return 0, fmt.Errorf("index %d is out of bounds for axis %d with size %d", i, axis, n)
	}
	if i < 0 {
		i += n
	}
	return i, nil
}

// positions returns a list's values counted from the axis' beginning.
func (rv *resolver) positions(l pendingList) ([]int, error) {
	if l.mask {
		return l.values, nil
	}
	values := make([]int, len(l.values))
	for i, v := range l.values {
		var err error
		if values[i], err = rv.position(l.axis, v); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// nonzero returns the coordinates of the count true elements, axis by axis.
func nonzero(shape []int, mask []bool, count int) [][]int {
	columns := make([][]int, len(shape))
	for i := range columns {
		columns[i] = make([]int, 0, count)
	}
	last := len(shape) - 1
	at := make([]int, last) // of a row
	for len(mask) > 0 {
		n := len(columns[last])
		for i, b := range mask[:shape[last]] {
			if b {
				columns[last] = append(columns[last], i)
			}
		}
		for range len(columns[last]) - n {
			for i, c := range at {
				columns[i] = append(columns[i], c)
			}
		}
		mask = mask[shape[last]:]
		next(at, shape)
	}
	return columns
}

// next advances at to the coordinates after it in C order and returns the axis
// that moved up, all after it having gone back to 0; -1 after the last.
func next(at, shape []int) int {
	for i := len(at) - 1; i >= 0; i-- {
		if at[i]++; at[i] < shape[i] {
			return i
		}
		at[i] = 0
	}
	return -1
}
