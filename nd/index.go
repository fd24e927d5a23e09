package nd

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Index is one item of a Selection: what stands between two commas of a[…].
type Index struct {
	kind              indexKind
	start, stop, step int // an integer is in start
	shape             []int
	ints              []int
	bools             []bool
}

type indexKind uint8

const (
	indexInt indexKind = iota
	indexRange
	indexEllipsis
	indexNewAxis
	indexInts
	indexMask
)

// None is an omitted bound of a range.
const None = math.MinInt

// At selects position i of an axis and drops the axis. Negative positions count
// from the end.
func At(i int) Index { return Index{kind: indexInt, start: i} }

// All selects a whole axis, as ":" does.
func All() Index { return RangeStep(None, None, 1) }

// Range selects start:stop. Bounds may be None; negative ones count from the
// end; both are clipped to the axis.
func Range(start, stop int) Index { return RangeStep(start, stop, 1) }

// RangeStep selects start:stop:step. The step may be negative but not zero.
func RangeStep(start, stop, step int) Index {
	return Index{kind: indexRange, start: start, stop: stop, step: step}
}

// Ellipsis stands for as many whole axes as the other items leave over. A
// Selection has at most one, and without one it ends with it.
func Ellipsis() Index { return Index{kind: indexEllipsis} }

// NewAxis puts an axis of length 1 into the result.
func NewAxis() Index { return Index{kind: indexNewAxis} }

// List selects the given positions of an axis, in order and with repetitions.
func List(positions ...int) Index { return Ints([]int{len(positions)}, positions) }

// Ints selects the positions of an axis that an integer array holds, given by
// its shape and its values in C order. The result has the dimensions of that
// array in place of the axis. Neither slice may change while the Index is used.
func Ints(shape, values []int) Index {
	if len(shape) == 0 && len(values) == 1 {
		return At(values[0])
	}
	return Index{kind: indexInts, shape: shape, ints: values}
}

// Mask selects where a boolean array is true. The array, given by its shape and
// its values in C order, covers as many axes as it has dimensions and must be
// as long as they are; the result has one dimension in their place. Neither
// slice may change while the Index is used.
func Mask(shape []int, values []bool) Index {
	return Index{kind: indexMask, shape: shape, bools: values}
}

// axes returns how many of the array's axes the item consumes.
func (x Index) axes() int {
	switch x.kind {
	case indexInt, indexRange, indexInts:
		return 1
	case indexMask:
		return len(x.shape)
	}
	return 0
}

func (x Index) advanced() bool { return x.kind == indexInts || x.kind == indexMask }

// check reports an item that no array can be selected with.
func (x Index) check() error {
	switch x.kind {
	case indexRange:
		if x.step == 0 {
			return fmt.Errorf("slice step cannot be zero")
		}
	case indexInts, indexMask:
		if n, ok := Size(x.shape); !ok || n != len(x.ints)+len(x.bools) {
			return fmt.Errorf("an index array of shape %v cannot have %d values", x.shape, len(x.ints)+len(x.bools))
		}
	}
	return nil
}

// write prints the item as Python writes it.
func (x Index) write(s *strings.Builder) {
	switch x.kind {
	case indexInt:
		s.WriteString(strconv.Itoa(x.start))
	case indexRange:
		writeBound(s, x.start)
		s.WriteByte(':')
		writeBound(s, x.stop)
		if x.step != 1 {
			s.WriteByte(':')
			s.WriteString(strconv.Itoa(x.step))
		}
	case indexEllipsis:
		s.WriteString("...")
	case indexNewAxis:
		s.WriteString("None")
	case indexInts, indexMask:
		x.writeArray(s)
	}
}

// writeArray prints an index array as nested lists. One without values is "[]"
// where its shape would need more brackets than ParseSelection reads.
func (x Index) writeArray(s *strings.Builder) {
	switch {
	case x.check() != nil:
		fmt.Fprintf(s, "[%d values for shape %v]", len(x.ints)+len(x.bools), x.shape)
	case len(x.ints)+len(x.bools) == 0 && saturatedSize(x.shape[:slices.Index(x.shape, 0)]) > maxText:
		s.WriteString("[]")
	case x.kind == indexInts:
		writeNested(s, x.shape, x.ints, func(i int) { s.WriteString(strconv.Itoa(i)) })
	default:
		writeNested(s, x.shape, x.bools, func(b bool) {
			if b {
				s.WriteString("True")
			} else {
				s.WriteString("False")
			}
		})
	}
}

func writeBound(s *strings.Builder, i int) {
	if i != None {
		s.WriteString(strconv.Itoa(i))
	}
}

func writeNested[T any](s *strings.Builder, shape []int, values []T, write func(T)) {
	if len(shape) == 0 {
		write(values[0])
		return
	}
	s.WriteByte('[')
	for i := range shape[0] {
		if i > 0 {
			s.WriteString(", ")
		}
		part := len(values) / shape[0]
		writeNested(s, shape[1:], values[i*part:(i+1)*part], write)
	}
	s.WriteByte(']')
}
