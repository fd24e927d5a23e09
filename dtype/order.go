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
