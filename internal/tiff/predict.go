package tiff

import "encoding/binary"

// unpredict undoes a predictor on rows of n numbers of size bytes, whose
// neighbours are stride numbers apart. The horizontal one works on numbers in the
// machine's byte order, and so does what the floating point one leaves.
func unpredict(predictor int, data []byte, n, size, stride int) {
	row := n * size
	var buf []byte
	if predictor == predictFloat {
		buf = make([]byte, row)
	}
	for ; len(data) >= row; data = data[row:] {
		switch {
		case predictor == predictFloat:
			accumulate(data[:row], 1, stride)
			copy(buf, data)
			for k := range size {
				at := place(k, size)
				for i := range n {
					data[i*size+at] = buf[k*n+i]
				}
			}
		case predictor == predictHorizontal:
			accumulate(data[:row], size, stride)
		}
	}
}

// predict is the inverse of unpredict.
func predict(predictor int, data []byte, n, size, stride int) {
	row := n * size
	buf := make([]byte, row)
	for ; len(data) >= row; data = data[row:] {
		switch {
		case predictor == predictFloat:
			copy(buf, data)
			for k := range size {
				at := place(k, size)
				for i := range n {
					data[k*n+i] = buf[i*size+at]
				}
			}
			difference(data[:row], 1, stride)
		case predictor == predictHorizontal:
			difference(data[:row], size, stride)
		}
	}
}

// place returns where in a number of the machine its k-th byte is, the most
// significant one first.
func place(k, size int) int {
	if binary.NativeEndian.Uint16([]byte{1, 0}) == 1 {
		return size - 1 - k
	}
	return k
}

// accumulate adds to each number the one stride before it.
func accumulate(b []byte, size, stride int) {
	o := binary.NativeEndian
	step := stride * size
	switch size {
	case 1:
		for i := step; i < len(b); i++ {
			b[i] += b[i-step]
		}
	case 2:
		for i := step; i < len(b); i += 2 {
			o.PutUint16(b[i:], o.Uint16(b[i:])+o.Uint16(b[i-step:]))
		}
	case 4:
		for i := step; i < len(b); i += 4 {
			o.PutUint32(b[i:], o.Uint32(b[i:])+o.Uint32(b[i-step:]))
		}
	case 8:
		for i := step; i < len(b); i += 8 {
			o.PutUint64(b[i:], o.Uint64(b[i:])+o.Uint64(b[i-step:]))
		}
	}
}

// difference is the inverse of accumulate.
func difference(b []byte, size, stride int) {
	o := binary.NativeEndian
	step := stride * size
	for i := len(b) - size; i >= step; i -= size {
		switch size {
		case 1:
			b[i] -= b[i-step]
		case 2:
			o.PutUint16(b[i:], o.Uint16(b[i:])-o.Uint16(b[i-step:]))
		case 4:
			o.PutUint32(b[i:], o.Uint32(b[i:])-o.Uint32(b[i-step:]))
		case 8:
			o.PutUint64(b[i:], o.Uint64(b[i:])-o.Uint64(b[i-step:]))
		}
	}
}

// swap reverses the bytes of numbers that are not in the machine's order.
func swap(b []byte, size int, order binary.ByteOrder) {
	var two [2]byte
	order.PutUint16(two[:], 1)
	if binary.NativeEndian.Uint16(two[:]) == 1 {
		return
	}
	switch size {
	case 2:
		for i := 0; i+2 <= len(b); i += 2 {
			b[i], b[i+1] = b[i+1], b[i]
		}
	case 4:
		for i := 0; i+4 <= len(b); i += 4 {
			binary.LittleEndian.PutUint32(b[i:], binary.BigEndian.Uint32(b[i:]))
		}
	case 8:
		for i := 0; i+8 <= len(b); i += 8 {
			binary.LittleEndian.PutUint64(b[i:], binary.BigEndian.Uint64(b[i:]))
		}
	}
}
