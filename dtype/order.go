package dtype

import (
	"encoding/binary"
	"math/bits"
)

// Order is a byte order.
type Order uint8

// The byte orders.
const (
	Little Order = iota
	Big
)

// Native is the order of the machine that runs the program.
var Native = func() Order {
	if binary.NativeEndian.Uint16([]byte{1, 0}) == 1 {
		return Little
	}
	return Big
}()

// String returns "little" or "big", as Zarr metadata says it.
func (o Order) String() string {
	if o == Big {
		return "big"
	}
	return "little"
}

// Swap reverses the bytes of every unit of data in place. Units are 1, 2, 4 or
// 8 bytes; len(data) is a multiple of unit.
func Swap(data []byte, unit int) {
	le := binary.LittleEndian
	switch unit {
	case 2:
		for i := 0; i+2 <= len(data); i += 2 {
			data[i], data[i+1] = data[i+1], data[i]
		}
	case 4:
		for i := 0; i+4 <= len(data); i += 4 {
			le.PutUint32(data[i:], bits.ReverseBytes32(le.Uint32(data[i:])))
		}
	case 8:
		for i := 0; i+8 <= len(data); i += 8 {
			le.PutUint64(data[i:], bits.ReverseBytes64(le.Uint64(data[i:])))
		}
	}
}

// Swap changes whole elements from one byte order to the other in place, every
// field of a struct by itself.
func (t Type) Swap(data []byte) {
	if t.unit != 0 {
		Swap(data, t.unit)
		return
	}
	var turned []leaf
	for at, l := range t.leaves() {
		if l.Ordered() {
			turned = append(turned, leaf{at, l})
		}
	}
	swapLeaves(data, t.size, turned)
}

// leaf is a part of an element that has no parts, and where it is.
type leaf struct {
	at int
	t  Type
}

func swapLeaves(data []byte, size int, turned []leaf) {
	for ; len(data) >= size && len(turned) > 0; data = data[size:] {
		for _, l := range turned {
			Swap(data[l.at:l.at+l.t.size], l.t.unit)
		}
	}
}

// Untidy reports whether stored bytes, whatever they are, may have to go through
// Tidy before they are elements.
func (t Type) Untidy() bool {
	for _, l := range t.leaves() {
		if l.narrow() {
			return true
		}
	}
	return false
}

// narrow reports whether there are bytes that are not elements.
func (t Type) narrow() bool {
	return t == Bool || t.bits != 0 || t.format != nil && t.format.width() < 8
}

// Tidy makes elements of stored bytes in place, where several bytes mean the
// same: of booleans all but 0 are 1, and in numbers narrower than a byte the
// upper bits do not count. Elements in memory are always tidy, so that equal
// ones have equal bytes, and the numbers are those of Go's int8 and uint8.
func (t Type) Tidy(data []byte) {
	if t.kind != Struct {
		if t.narrow() {
			t.tidy(data, 1)
		}
		return
	}
	for at, l := range t.leaves() {
		for k := 0; l.narrow() && k < l.size && at+k < len(data); k++ {
			l.tidy(data[at+k:], t.size)
		}
	}
}

func (t Type) tidy(data []byte, step int) {
	switch {
	case t == Bool:
		for i := 0; i < len(data); i += step {
			if data[i] > 1 {
				data[i] = 1
			}
		}
	case t.kind == Int:
		shift := 8 - t.bits
		for i := 0; i < len(data); i += step {
			data[i] = byte(int8(data[i]<<shift) >> shift)
		}
	default:
		width := int(t.bits)
		if t.format != nil {
			width = t.format.width()
		}
		for i := 0; i < len(data); i += step {
			data[i] &= 1<<width - 1
		}
	}
}
