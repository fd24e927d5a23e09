package shuffle

// Bits shuffles the bits of elements of the given size, in groups of eight
// elements. What is left of the last group is copied unchanged.
func Bits(dst, src []byte, size int) {
	n, row := prepareBits(dst, src, size)
	for at := 0; at < size; {
		width := piece(size - at)
		i := 0
		for ; i+64 <= n; i += 64 {
			var planes [8][8]uint64
			for m := range 8 {
				// Elements eight apart: they end up in the right order of bits.
				words := gather(src[(i+m)*size+at:], 8*size, width)
				for j := range width {
					planes[j][m] = words[j]
				}
			}
			for j := range width {
				transposeBits(&planes[j])
				for k, word := range planes[j] {
					le.PutUint64(dst[((at+j)*8+k)*row+i/8:], word)
				}
			}
		}
		for ; i < n; i += 8 {
			words := gather(src[i*size+at:], size, width)
			for j := range width {
				x := transposeBits1(words[j])
				for k := range 8 {
					dst[((at+j)*8+k)*row+i/8] = byte(x >> (8 * k))
				}
			}
		}
		at += width
	}
}

// UndoBits is the inverse of [Bits].
func UndoBits(dst, src []byte, size int) {
	n, row := prepareBits(dst, src, size)
	for at := 0; at < size; {
		width := piece(size - at)
		i := 0
		for ; i+64 <= n; i += 64 {
			var planes [8][8]uint64
			for j := range width {
				for k := range 8 {
					planes[j][k] = le.Uint64(src[((at+j)*8+k)*row+i/8:])
				}
				transposeBits(&planes[j])
			}
			for m := range 8 {
				var words [8]uint64
				for j := range width {
					words[j] = planes[j][m]
				}
				scatter(dst[(i+m)*size+at:], 8*size, width, &words)
			}
		}
		for ; i < n; i += 8 {
			var words [8]uint64
			for j := range width {
				for k := range 8 {
					words[j] |= uint64(src[((at+j)*8+k)*row+i/8]) << (8 * k)
				}
				words[j] = transposeBits1(words[j])
			}
			scatter(dst[i*size+at:], size, width, &words)
		}
		at += width
	}
}

// prepareBits copies what is not shuffled and returns the number of elements
// that are, and the length of a row: one bit of each of them.
func prepareBits(dst, src []byte, size int) (n, row int) {
	if len(dst) != len(src) {
		panic("shuffle: lengths differ")
	}
	n = len(src) / max(size, 1) &^ 7
	copy(dst[n*max(size, 1):], src[n*max(size, 1):])
	return n, n / 8
}
