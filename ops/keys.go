package ops

import (
	"encoding/binary"

	"github.com/dosna/dosna/dtype"
)

// keys maps real elements to unsigned integers in the same order. NaNs lie
// outside of lo…hi, the keys of numbers. -0 comes just before 0.
type keys struct {
	t      dtype.Type
	lo, hi uint64
}

func keysOf(t dtype.Type) keys {
	k := keys{t, 0, 1<<(8*t.Size()) - 1}
	switch t {
	case dtype.Bool:
		k.hi = 1
	case dtype.Float16:
		k.lo, k.hi = k.flip(0xfc00), k.flip(0x7c00)
	case dtype.Float32:
		k.lo, k.hi = k.flip(0xff800000), k.flip(0x7f800000)
	case dtype.Float64:
		k.lo, k.hi = k.flip(0xfff<<52), k.flip(0x7ff<<52)
	}
	return k
}

// flip returns the key of an element with these bits.
func (k keys) flip(u uint64) uint64 {
	sign := uint64(1) << (8*k.t.Size() - 1)
	switch {
	case k.t.Kind() == dtype.Int:
		return u ^ sign
	case k.t.Kind() != dtype.Float:
		return u
	case u&sign != 0:
		return ^u & (sign<<1 - 1)
	}
	return u | sign
}

// unflip returns the bits of the element with that key.
func (k keys) unflip(key uint64) uint64 {
	sign := uint64(1) << (8*k.t.Size() - 1)
	switch {
	case k.t.Kind() == dtype.Int:
		return key ^ sign
	case k.t.Kind() != dtype.Float:
		return key
	case key&sign != 0:
		return key ^ sign
	}
	return ^key & (sign<<1 - 1)
}

// element returns the element with that key.
func (k keys) element(key uint64) []byte {
	elem := make([]byte, 8)
	if dtype.Native == dtype.Little {
		binary.LittleEndian.PutUint64(elem, k.unflip(key))
		return elem[:k.t.Size()]
	}
	binary.BigEndian.PutUint64(elem, k.unflip(key))
	return elem[8-k.t.Size():]
}

// line sets dst to the keys of elements of 32 or 64 bits.
func (k keys) line(dst []uint64, block []byte) {
	const sign64 = 1 << 63
	negative, always := uint64(0), uint64(0) // what is flipped
	switch k.t.Kind() {
	case dtype.Float:
		negative, always = 1<<64-1, sign64
	case dtype.Int:
		always = sign64
	}
	if k.t.Size() == 8 {
		for i, u := range dtype.Slice[uint64](block) {
			dst[i] = u ^ (uint64(int64(u)>>63)&negative | always)
		}
		return
	}
	for i, u := range dtype.Slice[uint32](block) {
		dst[i] = uint64(u ^ (uint32(int32(u)>>31)&uint32(negative) | uint32(always>>32)))
	}
}
