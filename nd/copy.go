package nd

import "unsafe"

// Copy copies src's elements to dst, which has the same shape and element size
// and does not overlap it. It panics, as a slice expression would, if a view
// reaches outside its memory: views from outside are to be checked first.
func Copy(dst, src View) {
	var l loop
	if !l.plan(dst, src) {
		return
	}
	to := unsafe.Pointer(&dst.Data[l.dst])
	l.stream = l.streams(to)
	l.run(to, unsafe.Pointer(&src.Data[l.src]), 0)
}

// Fill sets every element of dst to elem, which is dst.Item bytes long.
func Fill(dst View, elem []byte) {
	if data, ok := dst.Contiguous(); ok {
		fillBytes(data, elem)
		return
	}
	Copy(dst, View{Data: elem[:dst.Item], Shape: dst.Shape, Strides: make([]int, len(dst.Shape)), Item: dst.Item})
}

func fillBytes(data, elem []byte) {
	if allZero(elem) {
		clear(data)
		return
	}
	for n := copy(data, elem); n < len(data); n *= 2 {
		copy(data[n:], data[:n])
	}
}

func allZero(b []byte) bool {
	for _, x := range b {
		if x != 0 {
			return false
		}
	}
	return true
}

// AllEqual reports whether every element of v is, bit for bit, elem.
func AllEqual(v View, elem []byte) bool {
	if data, ok := v.Contiguous(); ok {
		return repeats(data, elem)
	}
	for i := range v.Shape[0] {
		if !AllEqual(v.Index(0, i), elem) {
			return false
		}
	}
	return true
}

// repeats reports whether data is elem over and over: it begins with elem and
// equals itself shifted by one element.
func repeats(data, elem []byte) bool {
	if len(data) == 0 {
		return true
	}
	n := len(elem)
	return string(data[:n]) == string(elem) && string(data[n:]) == string(data[:len(data)-n])
}

// maxLoops bounds the nested loops that a copy keeps on its stack; views of
// more dimensions (after merging) are split along their first axis.
const maxLoops = 16

// loop is a copy broken down into nested loops: outermost first, axes merged
// where both sides allow, each run over memory as sequential as can be.
type loop struct {
	n        int
	item     int
	dst, src int // first byte in each view's Data
	shape    [maxLoops]int
	ds, ss   [maxLoops]int
	stream   bool // rows are stored past the caches
}

// plan fills the loop; false if there is nothing (left) to copy.
func (l *loop) plan(dst, src View) bool {
	for _, n := range dst.Shape {
		if n == 0 {
			return false
		}
	}
	checkExtent(dst)
	checkExtent(src)
	live := 0
	for _, n := range dst.Shape {
		if n > 1 {
			live++
		}
	}
	if live > maxLoops {
		for i := range dst.Shape[0] {
			Copy(dst.Index(0, i), src.Index(0, i))
		}
		return false
	}
	l.item, l.dst, l.src = dst.Item, dst.Off, src.Off
	for i, n := range dst.Shape {
		if n == 1 {
			continue
		}
		d, s := dst.Strides[i], src.Strides[i]
		if d < 0 { // walk the destination upwards
			l.dst, l.src = l.dst+(n-1)*d, l.src+(n-1)*s
			d, s = -d, -s
		}
		// keep the axes in order of falling destination stride
		j := l.n
		for ; j > 0 && l.ds[j-1] < d; j-- {
			l.shape[j], l.ds[j], l.ss[j] = l.shape[j-1], l.ds[j-1], l.ss[j-1]
		}
		l.shape[j], l.ds[j], l.ss[j] = n, d, s
		l.n++
	}
	l.merge()
	return true
}

func checkExtent(v View) {
	if lo, hi, _ := v.extent(); lo < 0 || hi > len(v.Data) {
		_ = v.Data[lo:hi] // the run-time error names the offsets
	}
}

// merge joins neighbouring axes that both views walk as one.
func (l *loop) merge() {
	k := 0
	for i := 1; i < l.n; i++ {
		if l.ds[k] == l.ds[i]*l.shape[i] && l.ss[k] == l.ss[i]*l.shape[i] {
			l.shape[k] *= l.shape[i]
		} else {
			k++
			l.shape[k] = l.shape[i]
		}
		l.ds[k], l.ss[k] = l.ds[i], l.ss[i]
	}
	if l.n > 0 {
		l.n = k + 1
	}
	// an innermost run of whole bytes is one memmove
	if l.n > 0 && l.ds[l.n-1] == l.item && l.ss[l.n-1] == l.item {
		l.n--
		l.item *= l.shape[l.n]
		return
	}
	l.pair()
}

// pair moves the axis along which the source is densest next to the innermost
// one, along which the destination is, so that a transpose is done in tiles.
func (l *loop) pair() {
	best := l.n - 1
	for i := range l.n - 1 {
		if s := abs(l.ss[i]); s != 0 && s < abs(l.ss[best]) {
			best = i
		}
	}
	for i := best; i < l.n-2; i++ {
		l.shape[i], l.shape[i+1] = l.shape[i+1], l.shape[i]
		l.ds[i], l.ds[i+1] = l.ds[i+1], l.ds[i]
		l.ss[i], l.ss[i+1] = l.ss[i+1], l.ss[i]
	}
}

func (l *loop) run(dst, src unsafe.Pointer, axis int) {
	switch left := l.n - axis; {
	case left == 0:
		copyBytes(dst, src, l.item)
	case left == 1:
		l.line(dst, src, axis)
	case left == 2 && l.transposed(axis):
		l.tiles(dst, src, axis)
	default:
		for i := range l.shape[axis] {
			l.run(unsafe.Add(dst, i*l.ds[axis]), unsafe.Add(src, i*l.ss[axis]), axis+1)
		}
	}
}

func copyBytes(dst, src unsafe.Pointer, n int) {
	copy(unsafe.Slice((*byte)(dst), n), unsafe.Slice((*byte)(src), n))
}

// line copies one axis of separate items.
func (l *loop) line(dst, src unsafe.Pointer, axis int) {
	if l.stream {
		streamRows(dst, src, l.shape[axis], l.ds[axis], l.ss[axis], l.item)
		return
	}
	strided(dst, src, l.shape[axis], l.ds[axis], l.ss[axis], l.item)
}

func strided(dst, src unsafe.Pointer, n, ds, ss, item int) {
	switch item {
	case 1:
		stridedAs[uint8](dst, src, n, ds, ss)
	case 2:
		stridedAs[uint16](dst, src, n, ds, ss)
	case 4:
		stridedAs[uint32](dst, src, n, ds, ss)
	case 8:
		stridedAs[uint64](dst, src, n, ds, ss)
	case 16:
		stridedAs[[2]uint64](dst, src, n, ds, ss)
	default:
		for i := range n {
			copyBytes(unsafe.Add(dst, i*ds), unsafe.Add(src, i*ss), item)
		}
	}
}

// stridedAs copies n items. Every address is computed from the first one: a
// pointer stepped past its allocation, even unread, may upset the collector.
func stridedAs[T uint8 | uint16 | uint32 | uint64 | [2]uint64](dst, src unsafe.Pointer, n, ds, ss int) {
	for i := range n {
		*(*T)(unsafe.Add(dst, i*ds)) = *(*T)(unsafe.Add(src, i*ss))
	}
}

// transposed reports whether the two innermost axes are walked in opposite
// orders by the two views, so that plain loops would miss the cache.
func (l *loop) transposed(axis int) bool {
	return l.item <= 16 && abs(l.ss[axis]) < abs(l.ss[axis+1]) && l.ss[axis] != 0
}

// tileEdge is the edge of the square blocks in which transposes are copied:
// 32×32 elements of up to 16 bytes stay in the first-level cache.
const tileEdge = 32

func (l *loop) tiles(dst, src unsafe.Pointer, axis int) {
	rows, cols := l.shape[axis], l.shape[axis+1]
	for r := 0; r < rows; r += tileEdge {
		for c := 0; c < cols; c += tileEdge {
			d := unsafe.Add(dst, r*l.ds[axis]+c*l.ds[axis+1])
			s := unsafe.Add(src, r*l.ss[axis]+c*l.ss[axis+1])
			w := min(tileEdge, cols-c)
			for i := range min(tileEdge, rows-r) {
				strided(unsafe.Add(d, i*l.ds[axis]), unsafe.Add(s, i*l.ss[axis]), w, l.ds[axis+1], l.ss[axis+1], l.item)
			}
		}
	}
}

func abs(x int) int {
	if x < 0 {
		return -x
	}
	return x
}
