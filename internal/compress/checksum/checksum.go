// Package checksum has the checksums of array formats that the standard library
// does not have.
package checksum

import (
	"encoding/binary"
	"math/bits"
)

// Fletcher32 is the checksum of HDF5's filter of that name, in numcodecs' byte
// order: J. G. Fletcher's sums ("An arithmetic checksum for serial
// transmissions", 1982) of big-endian words of 16 bits modulo 65535, an odd byte
// being the upper half of one more. Bytes that are all zero have the sum 0.
func Fletcher32(data []byte) uint32 {
	const most = 360 // words that can be summed before 32 bits overflow
	var a, b uint32
	for len(data) >= 2 {
		part := data[:min(len(data)&^1, 2*most)]
		data = data[len(part):]
		for ; len(part) > 0; part = part[2:] {
			a += uint32(binary.BigEndian.Uint16(part))
			b += a
		}
		a, b = fold(a), fold(b)
	}
	if len(data) > 0 {
		a += uint32(data[0]) << 8
		b += a
		a, b = fold(a), fold(b)
	}
	return fold(b)<<16 | fold(a)
}

func fold(x uint32) uint32 { return x&0xffff + x>>16 }

// Lookup3 is hashlittle of B. Jenkins' lookup3.c (2006), HDF5's checksum of its
// metadata, begun with the given value.
func Lookup3(data []byte, initial uint32) uint32 {
	a := 0xdeadbeef + uint32(len(data)) + initial
	b, c := a, a
	if len(data) == 0 {
		return c
	}
	le := binary.LittleEndian
	for ; len(data) > 12; data = data[12:] {
		a += le.Uint32(data)
		b += le.Uint32(data[4:])
		c += le.Uint32(data[8:])
		a = (a - c) ^ bits.RotateLeft32(c, 4)
		c += b
		b = (b - a) ^ bits.RotateLeft32(a, 6)
		a += c
		c = (c - b) ^ bits.RotateLeft32(b, 8)
		b += a
		a = (a - c) ^ bits.RotateLeft32(c, 16)
		c += b
		b = (b - a) ^ bits.RotateLeft32(a, 19)
		a += c
		c = (c - b) ^ bits.RotateLeft32(b, 4)
		b += a
	}
	var last [12]byte
	copy(last[:], data)
	a += le.Uint32(last[:])
	b += le.Uint32(last[4:])
	c += le.Uint32(last[8:])
	c = (c ^ b) - bits.RotateLeft32(b, 14)
	a = (a ^ c) - bits.RotateLeft32(c, 11)
	b = (b ^ a) - bits.RotateLeft32(a, 25)
	c = (c ^ b) - bits.RotateLeft32(b, 16)
	a = (a ^ c) - bits.RotateLeft32(c, 4)
	b = (b ^ a) - bits.RotateLeft32(a, 14)
	return (c ^ b) - bits.RotateLeft32(b, 24)
}
