package filter

// bitReader reads numbers of any width, the most significant bit first. Beyond the end there are zeros,
// and over is set.
type bitReader struct {
	data []byte
	at   int    // of the next byte that is not in held
	held uint64 // the next bits, at the top
	n    int    // how many
	over bool
}

// fill has at least 56 bits held.
func (r *bitReader) fill() {
	for r.n <= 56 {
		if r.at < len(r.data) {
			r.held |= uint64(r.data[r.at]) << (56 - r.n)
		}
		r.at++
		r.n += 8
	}
}

// bits returns the next n bits, up to 64.
func (r *bitReader) bits(n int) uint64 {
	if n > 32 {
		high := r.bits(n - 32)
		return high<<32 | r.bits(32)
	}
	if n == 0 {
		return 0
	}
	if r.n < n {
		r.fill()
	}
	v := r.held >> (64 - n)
	r.held <<= n
	if r.n -= n; r.used() > 8*len(r.data) {
		r.over = true
	}
	return v
}

// used is the number of bits that were read.
func (r *bitReader) used() int { return 8*r.at - r.n }

// put writes the low bits of a number of size bytes, at most 8, in an order.
func put(dst []byte, v uint64, big bool) {
	for i := range dst {
		at := i
		if big {
			at = len(dst) - 1 - i
		}
		dst[at] = byte(v)
		v >>= 8
	}
}
