package phantom

import "math"

// ellipsoid adds a value to all that lies in it. Lengths are half axes; it is
// turned about the z axis.
type ellipsoid struct {
	value   float64
	a, b, c float64
	x, y, z float64
	degrees float64
}

// head is the three-dimensional Shepp–Logan phantom: the ellipsoids of Kak and
// Slaney, "Principles of Computerized Tomographic Imaging", IEEE Press 1988,
// chapter 3. The densities of the original differ too little to be seen; these are
// the ones of higher contrast (after P. Toft's for the phantom in two dimensions)
// of Yu, Ye and Wang, Proc. SPIE 5535, 2004.
var head = []ellipsoid{
	{1.0, 0.6900, 0.920, 0.900, 0, 0, 0, 0},            // skull
	{-0.8, 0.6624, 0.874, 0.880, 0, 0, 0, 0},           // brain
	{-0.2, 0.4100, 0.160, 0.210, -0.22, 0, -0.25, 108}, // ventricles
	{-0.2, 0.3100, 0.110, 0.220, 0.22, 0, -0.25, 72},
	{0.2, 0.2100, 0.250, 0.500, 0, 0.35, -0.25, 0}, // tumours
	{0.2, 0.0460, 0.046, 0.046, 0, 0.1, -0.25, 0},
	{0.1, 0.0460, 0.023, 0.020, -0.08, -0.65, -0.25, 0},
	{0.1, 0.0460, 0.023, 0.020, 0.06, -0.65, -0.25, 90},
	{0.2, 0.0560, 0.040, 0.100, 0.06, -0.105, 0.625, 90},
	{-0.2, 0.0560, 0.056, 0.100, 0, 0.1, 0.625, 0},
}

// along returns where the line of all x at y and z enters and leaves the
// ellipsoid; false if it misses it.
func (e ellipsoid) along(y, z float64) (from, to float64, ok bool) {
	y, z = y-e.y, z-e.z
	sin, cos := math.Sincos(e.degrees * math.Pi / 180)
	aa, bb := 1/(e.a*e.a), 1/(e.b*e.b)
	// ((cos·x + sin·y)/a)² + ((cos·y - sin·x)/b)² + (z/c)² ≤ 1 is p·x² + 2q·x + r ≤ 0
	p := cos*cos*aa + sin*sin*bb
	q := y * sin * cos * (aa - bb)
	r := y*y*(sin*sin*aa+cos*cos*bb) + z*z/(e.c*e.c) - 1
	root := q*q - p*r
	if root < 0 {
		return 0, 0, false
	}
	root = math.Sqrt(root)
	return e.x + (-q-root)/p, e.x + (-q+root)/p, true
}
