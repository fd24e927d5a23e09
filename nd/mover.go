package nd

import (
	"fmt"
	"unsafe"
)

// mover is the loop nest of a transfer whose lines are all listed.
type mover struct {
	item  int
	lines []tables
}

// tables are the offsets in bytes of the positions of a line.
type tables struct{ dst, src []int }

// run moves the elements from src to dst. Their offsets are checked once.
func (m *mover) run(dst, src []byte, dstOff, srcOff int) {
	dstLo, dstHi, srcLo, srcHi := dstOff, dstOff, srcOff, srcOff
	for _, t := range m.lines {
		lo, hi := bounds(t.dst)
		dstLo, dstHi = dstLo+lo, dstHi+hi
		lo, hi = bounds(t.src)
		srcLo, srcHi = srcLo+lo, srcHi+hi
	}
	if dstLo < 0 || dstHi+m.item > len(dst) || srcLo < 0 || srcHi+m.item > len(src) {
		panic(fmt.Sprintf("nd: elements at bytes %d to %d of %d and %d to %d of %d: a view reaches outside its memory",
			dstLo, dstHi+m.item, len(dst), srcLo, srcHi+m.item, len(src)))
	}
	m.move(unsafe.Pointer(&dst[dstOff]), unsafe.Pointer(&src[srcOff]), 0)
}

// bounds returns the least and the greatest of offsets, of which there is one.
func bounds(offsets []int) (lo, hi int) {
	lo, hi = offsets[0], offsets[0]
	for _, o := range offsets[1:] {
		lo, hi = min(lo, o), max(hi, o)
	}
	return lo, hi
}

func (m *mover) move(dst, src unsafe.Pointer, depth int) {
	if depth == len(m.lines) {
		copyBytes(dst, src, m.item)
		return
	}
	t := m.lines[depth]
	if depth == len(m.lines)-1 {
		m.row(dst, src, t)
		return
	}
	for i, d := range t.dst {
		m.move(unsafe.Add(dst, d), unsafe.Add(src, t.src[i]), depth+1)
	}
}

// row is the innermost loop.
func (m *mover) row(dst, src unsafe.Pointer, t tables) {
	switch m.item {
	case 1:
		rowAs[uint8](dst, src, t)
	case 2:
		rowAs[uint16](dst, src, t)
	case 4:
		rowAs[uint32](dst, src, t)
	case 8:
		rowAs[uint64](dst, src, t)
	case 16:
		rowAs[[2]uint64](dst, src, t)
	default:
		for i, d := range t.dst {
			copyBytes(unsafe.Add(dst, d), unsafe.Add(src, t.src[i]), m.item)
		}
	}
}

func rowAs[T uint8 | uint16 | uint32 | uint64 | [2]uint64](dst, src unsafe.Pointer, t tables) {
	from := t.src[:len(t.dst)]
	for i, d := range t.dst {
		*(*T)(unsafe.Add(dst, d)) = *(*T)(unsafe.Add(src, from[i]))
	}
}
