package tiff

import (
	"errors"
	"fmt"
)

// Kind is the kind of a page's numbers.
type Kind uint8

// The kinds, numbered as the tag SampleFormat does.
const (
	Uint  Kind = 1
	Int   Kind = 2
	Float Kind = 3
)

// String returns the kind's name.
func (k Kind) String() string {
	switch k {
	case Uint:
		return "uint"
	case Int:
		return "int"
	case Float:
		return "float"
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// Page is what a page holds: Height rows of Width pixels of Samples numbers.
type Page struct {
	Height, Width, Samples int
	Kind                   Kind
	Bits                   int // 1, 8, 16, 32 or 64
}

// ItemSize returns the bytes of a number in memory; a single bit takes one.
func (p Page) ItemSize() int { return (p.Bits + 7) / 8 }

// Bytes returns the size of the page in memory.
func (p Page) Bytes() int { return p.Height * p.Width * p.Samples * p.ItemSize() }

// String describes the page as "3 × 4 of uint16".
func (p Page) String() string {
	s := fmt.Sprintf("%d × %d", p.Height, p.Width)
	if p.Samples != 1 {
		s += fmt.Sprintf(" × %d", p.Samples)
	}
	return fmt.Sprintf("%s of %s%d", s, p.Kind, p.Bits)
}

// Sides and samples are bounded so that their product, in bits, fits an int.
const (
	maxSide    = 1 << 24
	maxSamples = 1 << 10
)

func (p Page) check() error {
	switch {
	case p.Height < 1 || p.Width < 1 || p.Height > maxSide || p.Width > maxSide:
		return fmt.Errorf("a page of %d × %d pixels: sides of 1 to %d are possible", p.Height, p.Width, maxSide)
	case p.Samples < 1 || p.Samples > maxSamples:
		return fmt.Errorf("%d samples a pixel: 1 to %d are possible", p.Samples, maxSamples)
	case p.Height*p.Width > 1<<46/p.Samples:
		return errors.New("the page is too large")
	}
	switch p.Bits {
	case 1:
		if p.Kind == Uint {
			return nil
		}
	case 8:
		if p.Kind == Uint || p.Kind == Int {
			return nil
		}
	case 16, 32, 64:
		if p.Kind >= Uint && p.Kind <= Float {
			return nil
		}
	}
	return fmt.Errorf("samples of %s%d: only integers of 8, 16, 32, 64 bits, floats of 16, 32, 64 and single bits can be read", p.Kind, p.Bits)
}
