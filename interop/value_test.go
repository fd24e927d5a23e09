package interop

import (
	"encoding/binary"
	"encoding/hex"
	"math"
	"slices"

	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
)

// values returns the elements of an array in C order: noise and ramps by turns,
// and every fifth number (part of one, if complex) one that is easy to get
// wrong. What is absent is fill. The function of that name in peer.py returns
// the same.
func (a *array) values() []byte {
	t := a.dtype()
	unit := t.Unit()
	out := make([]byte, nd.Full(a.Shape).Size()*t.Size())
	special := specials(t)
	for at := 0; at < len(out); at += unit {
		i := uint64(at / unit)
		noise := (i + 1) * 0x9E3779B97F4A7C15
		noise ^= noise >> 32
		bits := noise
		switch {
		case t == dtype.Bool:
			bits = noise & 1
		case i%uint64(5*len(special))%5 == 3:
			bits = special[i%uint64(5*len(special))/5]
		case i/16%2 == 1:
			bits = rampBits(t, int64(i%13)-6)
		}
		switch unit {
		case 1:
			out[at] = byte(bits)
		case 2:
			binary.NativeEndian.PutUint16(out[at:], uint16(bits))
		case 4:
			binary.NativeEndian.PutUint32(out[at:], uint32(bits))
		case 8:
			binary.NativeEndian.PutUint64(out[at:], bits)
		}
	}
	fill, _ := hex.DecodeString(a.FillBits)
	coords := make([]int, len(a.Shape))
	for at := 0; at < len(out); at += t.Size() {
		if a.absent(coords) {
			copy(out[at:], fill)
		}
		for i := len(coords) - 1; i >= 0; i-- {
			if coords[i]++; coords[i] < a.Shape[i] {
				break
			}
			coords[i] = 0
		}
	}
	return out
}

// absent reports whether the element is left at the fill value: whole chunks
// are, and whole inner chunks of shards.
func (a *array) absent(coords []int) bool {
	outer, inner := 0, 0
	for i, c := range coords {
		outer += c / a.Chunks[i]
		inner += c / a.Inner[i]
	}
	return outer%4 == 3 || inner%3 == 2
}

// stored counts the stored objects that are not all absent. Objects that happen
// to be all fill otherwise are too few to matter: see TestGoWrites.
func (a *array) stored() int {
	grid, err := nd.NewGrid(a.Shape, a.Chunks)
	if err != nil {
		panic(err)
	}
	inner, err := nd.NewGrid(a.Shape, a.Inner)
	if err != nil {
		panic(err)
	}
	n := map[string]bool{}
	for i := range inner.Len() {
		start := inner.Cell(inner.Coords(i, nil)).Start
		if !a.absent(start) {
			n[string(binary.AppendVarint(nil, int64(grid.Flat(gridCoords(start, a.Chunks)))))] = true
		}
	}
	return len(n)
}

func gridCoords(at, chunks []int) []int {
	c := slices.Clone(at)
	for i := range c {
		c[i] /= chunks[i]
	}
	return c
}

func rampBits(t dtype.Type, n int64) uint64 {
	if k := t.Kind(); k == dtype.Int || k == dtype.Uint {
		return uint64(n)
	}
	switch t.Unit() {
	case 2:
		return uint64(dtype.HalfOf(float64(n)))
	case 4:
		return uint64(math.Float32bits(float32(n)))
	}
	return math.Float64bits(float64(n))
}

// specials returns bits: for integers 0 and the limits; for floats NaN, the
// infinities, -0.0, the largest, the smallest, the smallest normal number and a
// NaN with a payload.
func specials(t dtype.Type) []uint64 {
	n := 8 * t.Unit()
	sign := uint64(1) << (n - 1)
	switch t.Kind() {
	case dtype.Boolean:
		return []uint64{0}
	case dtype.Int, dtype.Uint:
		return []uint64{0, 2*sign - 1, sign, sign - 1}
	}
	mantissa := map[int]int{16: 10, 32: 23, 64: 52}[n]
	inf := (uint64(1)<<(n-1-mantissa) - 1) << mantissa
	return []uint64{inf | 1<<(mantissa-1), inf, sign | inf, sign, inf - 1, 1, 1 << mantissa, sign | inf | 3<<(mantissa-2)}
}
