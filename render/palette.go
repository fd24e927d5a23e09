package render

import (
	"cmp"
	"image"
	"image/color"
	"slices"
)

// paletteColor is a colour of a picture and the number of its pixels.
type paletteColor struct {
	rgb   [3]uint8
	count int
}

// palette returns at most so many colours that stand for those of a picture, and
// which of them does for each of its colours. If there are no more colours than
// that they stand for themselves; otherwise sets of near colours are cut in two
// until there are as many, as P. Heckbert does in "Color image quantization for
// frame buffer display" (1982), and have the means of their pixels. Pixels that
// are less than half opaque do not count.
func palette(img image.Image, most int, level func(c color.NRGBA) [3]uint8) ([][3]uint8, map[[3]uint8]int) {
	counts := make(map[[3]uint8]int)
	b := img.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			if c := nrgba(img, x, y); c.A >= 128 {
				counts[level(c)]++
			}
		}
	}
	all := make([]paletteColor, 0, len(counts))
	for rgb, n := range counts {
		all = append(all, paletteColor{rgb, n})
	}
	slices.SortFunc(all, func(a, b paletteColor) int { return slices.Compare(a.rgb[:], b.rgb[:]) })
	sets := cut(all, most)
	colors, of := make([][3]uint8, len(sets)), make(map[[3]uint8]int, len(all))
	for i, set := range sets {
		colors[i] = meanOf(set)
		for _, c := range set {
			of[c.rgb] = i
		}
	}
	return colors, of
}

// nrgba returns a pixel; it is fast for the pictures that are drawn here.
func nrgba(img image.Image, x, y int) color.NRGBA {
	if m, ok := img.(*image.NRGBA); ok {
		return m.NRGBAAt(x, y)
	}
	return color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)
}

// cut divides colours into at most so many sets.
func cut(all []paletteColor, most int) [][]paletteColor {
	if len(all) <= most {
		return slices.Collect(slices.Chunk(all, 1))
	}
	sets, widths := [][]paletteColor{all}, []int{spread(all)}
	for len(sets) < most {
		i := slices.Index(widths, slices.Max(widths))
		if widths[i] == 0 {
			break
		}
		a, b := halve(sets[i])
		sets[i], widths[i] = a, spread(a)
		sets, widths = append(sets, b), append(widths, spread(b))
	}
	return sets
}

// spread returns by how much the colours of a set differ, in one channel.
func spread(set []paletteColor) int {
	_, width := widest(set)
	return width
}

func widest(set []paletteColor) (channel, width int) {
	for ch := range 3 {
		low, high := set[0].rgb[ch], set[0].rgb[ch]
		for _, c := range set {
			low, high = min(low, c.rgb[ch]), max(high, c.rgb[ch])
		}
		if w := int(high) - int(low); w > width {
			channel, width = ch, w
		}
	}
	return channel, width
}

// halve cuts a set of several colours where half of its pixels are on each side,
// along the channel in which they differ most.
func halve(set []paletteColor) (a, b []paletteColor) {
	channel, _ := widest(set)
	slices.SortFunc(set, func(a, b paletteColor) int {
		return cmp.Or(cmp.Compare(a.rgb[channel], b.rgb[channel]), slices.Compare(a.rgb[:], b.rgb[:]))
	})
	total := 0
	for _, c := range set {
		total += c.count
	}
	at, sum := 0, 0
	for at < len(set)-1 && (at == 0 || 2*sum < total) {
		sum += set[at].count
		at++
	}
	return set[:at:at], set[at:]
}

func meanOf(set []paletteColor) [3]uint8 {
	var sum [3]int
	n := 0
	for _, c := range set {
		for ch, x := range c.rgb {
			sum[ch] += int(x) * c.count
		}
		n += c.count
	}
	var mean [3]uint8
	for ch := range mean {
		mean[ch] = uint8((sum[ch] + n/2) / n)
	}
	return mean
}
