package render

import (
	"math"
	"strconv"
	"strings"
)

// Axis says where the elements along an axis of a picture lie: the first at
// Start, and each of the others Step, which may be negative, from the one before.
type Axis struct {
	Name, Unit  string
	Start, Step float64 // a Step of 0 is 1
	// Whole has ticks at whole numbers only: the axis counts elements.
	Whole bool
}

// label is what stands beside the axis.
func (a Axis) label() string {
	switch {
	case a.Unit == "":
		return a.Name
	case a.Name == "":
		return a.Unit
	}
	return a.Name + " (" + a.Unit + ")"
}

// tick is a mark at a number, so many pixels from the beginning of an axis.
type tick struct {
	at   int
	text string
}

// ticks returns the marks of an axis of n elements on so many pixels. Room is the
// distance that two texts need between their middles.
func (a Axis) ticks(n, pixels int, room func(a, b string) int) []tick {
	step := a.Step
	if step == 0 {
		step = 1
	}
	first, last := a.Start-step/2, a.Start+(float64(n)-0.5)*step // where the outer elements end
	low, high := min(first, last), max(first, last)
	least := 0.0
	if a.Whole {
		low, high, least = min(a.Start, a.Start+float64(n-1)*step), max(a.Start, a.Start+float64(n-1)*step), 1
	}
	place := func(x float64) int { return int((x - first) / (last - first) * float64(pixels)) }
	return ticks(low, high, least, place, room)
}

// ticks returns marks at all multiples within a range of a number that is 1, 2 or
// 5 times a power of ten and at least least: the smallest of these with which
// texts do not touch each other. Where nothing fits there is one at the first
// such multiple, or at low.
func ticks(low, high, least float64, place func(x float64) int, room func(a, b string) int) []tick {
	spread := high - low
	if math.IsNaN(spread) || math.IsInf(spread, 0) || math.IsInf(low, 0) {
		return nil
	}
	only := []tick{{place(low), strconv.FormatFloat(low, 'g', 6, 64)}}
	if spread <= max(math.Abs(low), math.Abs(high))*1e-12 { // its steps would not be told apart
		return only
	}
	const most = 64 // ticks of an axis
	for s := niceStep(max(spread/most, least)); ; s = s.next() {
		list, fits := s.marks(low, high, place, room)
		switch {
		case fits && len(list) > 0:
			return list
		case len(list) == 0:
			return only
		}
	}
}

// step is digit·10^exp with a digit of 1, 2 or 5.
type step struct{ digit, exp int }

// niceStep returns the smallest step that is no smaller than x > 0.
func niceStep(x float64) step {
	s := step{1, int(math.Floor(math.Log10(x))) - 1}
	for s.value() < x*(1-1e-9) {
		s = s.next()
	}
	return s
}

func (s step) next() step {
	switch s.digit {
	case 1:
		return step{2, s.exp}
	case 2:
		return step{5, s.exp}
	}
	return step{1, s.exp + 1}
}

// of returns n steps, as near as a float64 comes to it.
func (s step) of(n float64) float64 {
	n *= float64(s.digit)
	if s.exp < 0 {
		return n / math.Pow10(-s.exp)
	}
	return n * math.Pow10(s.exp)
}

func (s step) value() float64 { return s.of(1) }

// marks returns the multiples of a step within a range, and whether their texts
// have room.
func (s step) marks(low, high float64, place func(x float64) int, room func(a, b string) int) ([]tick, bool) {
	slack := s.value() * 1e-6 // bounds that are multiples but for rounding
	first, last := math.Ceil((low-slack)/s.value()), math.Floor((high+slack)/s.value())
	var list []tick
	fits := true
	for n := first; n <= last; n++ {
		t := tick{place(min(max(s.of(n), low), high)), s.text(s.of(n))}
		if len(list) > 0 {
			before := list[len(list)-1]
			distance := t.at - before.at
			fits = fits && max(distance, -distance) >= room(before.text, t.text)
		}
		list = append(list, t)
	}
	return list, fits
}

// text writes a multiple of the step with the decimals that the step has.
func (s step) text(x float64) string {
	if x == 0 {
		return "0" // and not -0
	}
	magnitude := int(math.Floor(math.Log10(math.Abs(x)) + 1e-9))
	if magnitude < 7 && s.exp > -6 {
		return strconv.FormatFloat(x, 'f', max(-s.exp, 0), 64)
	}
	text := strconv.FormatFloat(x, 'e', max(magnitude-s.exp, 0), 64)
	mantissa, exp, _ := strings.Cut(text, "e")
	if strings.Contains(mantissa, ".") {
		mantissa = strings.TrimRight(strings.TrimRight(mantissa, "0"), ".")
	}
	if n, err := strconv.Atoi(exp); err == nil && n != 0 {
		mantissa += "e" + strconv.Itoa(n)
	}
	return mantissa
}
