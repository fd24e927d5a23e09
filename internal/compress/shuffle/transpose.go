package shuffle

// The transposes below see a matrix as an array whose index is a string of
// bits: some choose the word, the rest the place within it. Exchanging a bit
// of the first kind with one of the second takes six operations for two words.
// (H. S. Warren, Hacker's Delight, 2nd ed., section 7-3.)

// exchange swaps the bits of x that mask<<shift selects with those of y that
// mask selects.
func exchange(x, y uint64, shift uint, mask uint64) (uint64, uint64) {
	t := (x>>shift ^ y) & mask
	return x ^ t<<shift, y ^ t
}

const (
	by8  = 0x00ff00ff00ff00ff
	by16 = 0x0000ffff0000ffff
	by32 = 0x00000000ffffffff
)

// transpose8 exchanges byte i of word j with byte j of word i.
func transpose8(a, b, c, d, e, f, g, h uint64) (_, _, _, _, _, _, _, _ uint64) {
	a, e = exchange(a, e, 32, by32)
	b, f = exchange(b, f, 32, by32)
	c, g = exchange(c, g, 32, by32)
	d, h = exchange(d, h, 32, by32)
	a, c = exchange(a, c, 16, by16)
	b, d = exchange(b, d, 16, by16)
	e, g = exchange(e, g, 16, by16)
	f, h = exchange(f, h, 16, by16)
	a, b = exchange(a, b, 8, by8)
	c, d = exchange(c, d, 8, by8)
	e, f = exchange(e, f, 8, by8)
	g, h = exchange(g, h, 8, by8)
	return a, b, c, d, e, f, g, h
}

// gather reads width bytes (1, 2, 4 or 8) at each of eight places, stride
// apart, and returns in word j their bytes j.
func gather(src []byte, stride, width int) (w [8]uint64) {
	s0, s1, s2, s3 := src, src[stride:], src[2*stride:], src[3*stride:]
	s4, s5, s6, s7 := src[4*stride:], src[5*stride:], src[6*stride:], src[7*stride:]
	switch width {
	case 8:
		w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7] = transpose8(
			le.Uint64(s0), le.Uint64(s1), le.Uint64(s2), le.Uint64(s3),
			le.Uint64(s4), le.Uint64(s5), le.Uint64(s6), le.Uint64(s7))
	case 4:
		a := uint64(le.Uint32(s0)) | uint64(le.Uint32(s4))<<32
		b := uint64(le.Uint32(s1)) | uint64(le.Uint32(s5))<<32
		c := uint64(le.Uint32(s2)) | uint64(le.Uint32(s6))<<32
		d := uint64(le.Uint32(s3)) | uint64(le.Uint32(s7))<<32
		w[0], w[1], w[2], w[3] = transpose4(a, b, c, d)
	case 2:
		a := uint64(le.Uint16(s0)) | uint64(le.Uint16(s2))<<16 | uint64(le.Uint16(s4))<<32 | uint64(le.Uint16(s6))<<48
		b := uint64(le.Uint16(s1)) | uint64(le.Uint16(s3))<<16 | uint64(le.Uint16(s5))<<32 | uint64(le.Uint16(s7))<<48
		w[0], w[1] = exchange(a, b, 8, by8)
	default:
		w[0] = uint64(s0[0]) | uint64(s1[0])<<8 | uint64(s2[0])<<16 | uint64(s3[0])<<24 |
			uint64(s4[0])<<32 | uint64(s5[0])<<40 | uint64(s6[0])<<48 | uint64(s7[0])<<56
	}
	return w
}

// scatter is the inverse of gather.
func scatter(dst []byte, stride, width int, w *[8]uint64) {
	d0, d1, d2, d3 := dst, dst[stride:], dst[2*stride:], dst[3*stride:]
	d4, d5, d6, d7 := dst[4*stride:], dst[5*stride:], dst[6*stride:], dst[7*stride:]
	switch width {
	case 8:
		a, b, c, d, e, f, g, h := transpose8(w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7])
		le.PutUint64(d0, a)
		le.PutUint64(d1, b)
		le.PutUint64(d2, c)
		le.PutUint64(d3, d)
		le.PutUint64(d4, e)
		le.PutUint64(d5, f)
		le.PutUint64(d6, g)
		le.PutUint64(d7, h)
	case 4:
		a, b, c, d := transpose4(w[0], w[1], w[2], w[3])
		le.PutUint32(d0, uint32(a))
		le.PutUint32(d1, uint32(b))
		le.PutUint32(d2, uint32(c))
		le.PutUint32(d3, uint32(d))
		le.PutUint32(d4, uint32(a>>32))
		le.PutUint32(d5, uint32(b>>32))
		le.PutUint32(d6, uint32(c>>32))
		le.PutUint32(d7, uint32(d>>32))
	case 2:
		a, b := exchange(w[0], w[1], 8, by8)
		le.PutUint16(d0, uint16(a))
		le.PutUint16(d1, uint16(b))
		le.PutUint16(d2, uint16(a>>16))
		le.PutUint16(d3, uint16(b>>16))
		le.PutUint16(d4, uint16(a>>32))
		le.PutUint16(d5, uint16(b>>32))
		le.PutUint16(d6, uint16(a>>48))
		le.PutUint16(d7, uint16(b>>48))
	default:
		x := w[0]
		d0[0], d1[0], d2[0], d3[0] = byte(x), byte(x>>8), byte(x>>16), byte(x>>24)
		d4[0], d5[0], d6[0], d7[0] = byte(x>>32), byte(x>>40), byte(x>>48), byte(x>>56)
	}
}

// transpose4 takes words of two elements of four bytes, k and k+4, to words of
// the bytes j of all eight, and back.
func transpose4(a, b, c, d uint64) (_, _, _, _ uint64) {
	a, c = exchange(a, c, 16, by16)
	b, d = exchange(b, d, 16, by16)
	a, b = exchange(a, b, 8, by8)
	c, d = exchange(c, d, 8, by8)
	return a, b, c, d
}
