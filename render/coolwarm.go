package render

import (
	"image/color"
	"math"
)

// coolwarm returns the diverging colormap from blue over white to red of
// K. Moreland, "Diverging Color Maps for Scientific Visualization" (2009): the
// two ends are joined through white in polar CIELAB coordinates (section 5.2,
// "Msh"), so that lightness rises and falls evenly.
func coolwarm() *Colormap {
	low, high := mshOf(59, 76, 192), mshOf(180, 4, 38)
	middle := max(low.m, high.m, 88)
	var c Colormap
	for i := range c {
		x := float64(i) / 255
		if x < 0.5 {
			c[i] = between(low, msh{middle, 0, spin(low, middle)}, 2*x).color()
		} else {
			c[i] = between(msh{middle, 0, spin(high, middle)}, high, 2*x-1).color()
		}
	}
	return &c
}

// msh is a colour: distance from black, saturation and hue, as angles.
type msh struct{ m, s, h float64 }

// spin returns the hue that an unsaturated colour is given so that the path
// from c to it looks straight.
func spin(c msh, m float64) float64 {
	if c.m >= m {
		return c.h
	}
	turn := c.s * math.Sqrt(m*m-c.m*c.m) / (c.m * math.Sin(c.s))
	if c.h > -math.Pi/3 {
		return c.h + turn
	}
	return c.h - turn
}

func between(a, b msh, x float64) msh {
	mix := func(a, b float64) float64 { return (1-x)*a + x*b }
	return msh{mix(a.m, b.m), mix(a.s, b.s), mix(a.h, b.h)}
}

// The white point D65, in which sRGB is defined.
var white = [3]float64{0.95047, 1, 1.08883}

// srgb are the XYZ coordinates of linear red, green and blue, column by column.
var srgb = [3][3]float64{{0.4124, 0.3576, 0.1805}, {0.2126, 0.7152, 0.0722}, {0.0193, 0.1192, 0.9505}}

var srgbInverse = [3][3]float64{{3.2406, -1.5372, -0.4986}, {-0.9689, 1.8758, 0.0415}, {0.0557, -0.2040, 1.0570}}

func apply(m [3][3]float64, v [3]float64) (out [3]float64) {
	for i, row := range m {
		out[i] = row[0]*v[0] + row[1]*v[1] + row[2]*v[2]
	}
	return out
}

func mshOf(r, g, b float64) msh {
	var linear, f [3]float64
	for i, v := range [3]float64{r / 255, g / 255, b / 255} {
		if linear[i] = v / 12.92; v > 0.04045 {
			linear[i] = math.Pow((v+0.055)/1.055, 2.4)
		}
	}
	for i, v := range apply(srgb, linear) {
		if v /= white[i]; v > 0.008856 {
			f[i] = math.Cbrt(v)
		} else {
			f[i] = 7.787*v + 16.0/116
		}
	}
	lightness, a, c := 116*f[1]-16, 500*(f[0]-f[1]), 200*(f[1]-f[2])
	m := math.Sqrt(lightness*lightness + a*a + c*c)
	return msh{m, math.Acos(lightness / m), math.Atan2(c, a)}
}

func (c msh) color() color.NRGBA {
	lightness := c.m * math.Cos(c.s)
	a, b := c.m*math.Sin(c.s)*math.Cos(c.h), c.m*math.Sin(c.s)*math.Sin(c.h)
	y := (lightness + 16) / 116
	xyz := [3]float64{y + a/500, y, y - b/200}
	for i, f := range xyz {
		if cube := f * f * f; cube > 0.008856 {
			xyz[i] = cube * white[i]
		} else {
			xyz[i] = (f - 16.0/116) / 7.787 * white[i]
		}
	}
	var rgb [3]uint8
	for i, v := range apply(srgbInverse, xyz) {
		if v > 0.0031308 {
			v = 1.055*math.Pow(v, 1/2.4) - 0.055
		} else {
			v *= 12.92
		}
		rgb[i] = uint8(math.Round(255 * min(max(v, 0), 1)))
	}
	return color.NRGBA{rgb[0], rgb[1], rgb[2], 255}
}
