package shuffle

// bytesPure shuffles a leading multiple of eight elements of two or four bytes
// quicker than gather does, and returns how many; for other sizes none.
func bytesPure(dst, src []byte, size, n int) int {
	end := n &^ 7
	switch size {
	case 2:
		p0, p1 := dst[:n], dst[n:2*n]
		for i := 0; i < end; i += 8 {
			s := src[2*i : 2*i+16]
			// Even and odd elements apart, so that a byte exchange is all.
			x, y := le.Uint64(s), le.Uint64(s[8:])
			p, q := compact2(x, y), compact2(x>>8, y>>8)
			le.PutUint64(p0[i:], p)
			le.PutUint64(p1[i:], q)
		}
	case 4:
		p0, p1, p2, p3 := dst[:n], dst[n:2*n], dst[2*n:3*n], dst[3*n:4*n]
		for i := 0; i < end; i += 8 {
			s := src[4*i : 4*i+32]
			x, y, z, w := le.Uint64(s), le.Uint64(s[8:]), le.Uint64(s[16:]), le.Uint64(s[24:])
			a, b, c, d := transpose4(x&by32|z<<32, x>>32|z&^by32, y&by32|w<<32, y>>32|w&^by32)
			le.PutUint64(p0[i:], a)
			le.PutUint64(p1[i:], b)
			le.PutUint64(p2[i:], c)
			le.PutUint64(p3[i:], d)
		}
	default:
		return 0
	}
	return end
}

// undoBytesPure is the inverse of bytesPure.
func undoBytesPure(dst, src []byte, size, n int) int {
	end := n &^ 7
	switch size {
	case 2:
		p0, p1 := src[:n], src[n:2*n]
		for i := 0; i < end; i += 8 {
			d := dst[2*i : 2*i+16]
			p, q := le.Uint64(p0[i:]), le.Uint64(p1[i:])
			le.PutUint64(d, spread2(p)|spread2(q)<<8)
			le.PutUint64(d[8:], spread2(p>>32)|spread2(q>>32)<<8)
		}
	case 4:
		p0, p1, p2, p3 := src[:n], src[n:2*n], src[2*n:3*n], src[3*n:4*n]
		for i := 0; i < end; i += 8 {
			o := dst[4*i : 4*i+32]
			a, b, c, d := transpose4(le.Uint64(p0[i:]), le.Uint64(p1[i:]), le.Uint64(p2[i:]), le.Uint64(p3[i:]))
			le.PutUint64(o, a&by32|b<<32)
			le.PutUint64(o[8:], c&by32|d<<32)
			le.PutUint64(o[16:], a>>32|b&^by32)
			le.PutUint64(o[24:], c>>32|d&^by32)
		}
	default:
		return 0
	}
	return end
}

// compact2 returns the even bytes of x, then those of y.
func compact2(x, y uint64) uint64 {
	x &= by8
	y &= by8
	x = (x | x>>8) & by16
	y = (y | y>>8) & by16
	return (x|x>>16)&by32 | (y|y>>16)<<32
}

// spread2 moves the four low bytes of x to the even bytes.
func spread2(x uint64) uint64 {
	x &= by32
	x = (x | x<<16) & by16
	return (x | x<<8) & by8
}
