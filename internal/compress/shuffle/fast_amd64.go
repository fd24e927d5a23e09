package shuffle

// bytesFast shuffles a leading multiple of 16 elements of two, four or eight
// bytes with SSE2, which every amd64 has, and returns how many; for other
// sizes none. It is the twin of bytesPure.
func bytesFast(dst, src []byte, size, n int) int {
	done := n &^ 15
	if done == 0 {
		return 0
	}
	switch size {
	case 2:
		bytes2(&dst[0], &src[0], done, n)
	case 4:
		bytes4(&dst[0], &src[0], done, n)
	case 8:
		bytes8(&dst[0], &src[0], done, n)
	default:
		return 0
	}
	return done
}

// undoBytesFast is the inverse of bytesFast.
func undoBytesFast(dst, src []byte, size, n int) int {
	done := n &^ 15
	if done == 0 {
		return 0
	}
	switch size {
	case 2:
		undoBytes2(&dst[0], &src[0], done, n)
	case 4:
		undoBytes4(&dst[0], &src[0], done, n)
	case 8:
		undoBytes8(&dst[0], &src[0], done, n)
	default:
		return 0
	}
	return done
}

// In all of these n is a positive multiple of 16, the number of elements, and
// plane the distance of the byte planes, at least n.

//go:noescape
func bytes2(dst, src *byte, n, plane int)

//go:noescape
func bytes4(dst, src *byte, n, plane int)

//go:noescape
func bytes8(dst, src *byte, n, plane int)

//go:noescape
func undoBytes2(dst, src *byte, n, plane int)

//go:noescape
func undoBytes4(dst, src *byte, n, plane int)

//go:noescape
func undoBytes8(dst, src *byte, n, plane int)

// transposeWordsFast does the same as transposeWords to a leading multiple of 32
// bytes, and returns how many.
func transposeWordsFast(b []byte) int {
	n := len(b) &^ 31
	if n > 0 {
		transposeWords32(&b[0], n)
	}
	return n
}

// n is a positive multiple of 32.
//
//go:noescape
func transposeWords32(b *byte, n int)
