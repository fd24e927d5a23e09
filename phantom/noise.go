package phantom

import "math"

// addNoise adds to each element a number from a normal distribution, which
// depends on nothing but the seed and the element's place in the whole volume,
// counted from first.
func addNoise(row []float64, sigma float64, seed, first uint64) {
	for k := 0; k < len(row); {
		at := first + uint64(k)
		even, odd := normals(seed, at/2)
		if at%2 == 0 {
			row[k] += sigma * even
			k++
		}
		if k < len(row) {
			row[k] += sigma * odd
			k++
		}
	}
}

// normals returns two numbers of a standard normal distribution (G. E. P. Box and
// M. E. Muller, 1958).
func normals(seed, counter uint64) (float64, float64) {
	h := mix(seed ^ mix(counter))
	u := (float64(h>>32) + 0.5) / (1 << 32)
	r := math.Sqrt(-2 * math.Log(u))
	sin, cos := math.Sincos(2 * math.Pi * float64(uint32(h)) / (1 << 32))
	return r * cos, r * sin
}

// mix scrambles the bits of a counter (the output function of SplitMix64: G. L.
// Steele, D. Lea and C. H. Flood, 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
