package parquet

import "encoding/binary"

// unsnappy expands a block of snappy
// (https://github.com/google/snappy/blob/main/format_description.txt) to exactly n
// bytes.
func unsnappy(src []byte, n int) ([]byte, error) {
	size, used := binary.Uvarint(src)
	if used <= 0 || size != uint64(n) {
		return nil, corrupt("snappy: %d bytes, which should be %d", size, n)
	}
	src = src[used:]
	if n/64 > len(src) { // a copy has at most 64 bytes, and at least two of input
		return nil, corrupt("snappy: %d bytes cannot come of %d", n, len(src))
	}
	out := make([]byte, 0, n)
	for len(src) > 0 {
		tag := src[0]
		var length, distance int
		switch tag & 3 {
		case 0:
			length = int(tag>>2) + 1
			extra := max(0, length-60)
			if extra > 0 {
				if len(src) < 1+extra {
					return nil, corrupt("snappy: it ends too early")
				}
				length = 0
				for i := range extra {
					length |= int(src[1+i]) << (8 * i)
				}
				length++
			}
			src = src[1+extra:]
			if length > len(src) || length > n-len(out) {
				return nil, corrupt("snappy: a literal of %d bytes", length)
			}
			out = append(out, src[:length]...)
			src = src[length:]
			continue
		case 1:
			if len(src) < 2 {
				return nil, corrupt("snappy: it ends too early")
			}
			length, distance = int(tag>>2&7)+4, int(tag>>5)<<8|int(src[1])
			src = src[2:]
		case 2:
			if len(src) < 3 {
				return nil, corrupt("snappy: it ends too early")
			}
			length, distance = int(tag>>2)+1, int(binary.LittleEndian.Uint16(src[1:]))
			src = src[3:]
		case 3:
			if len(src) < 5 {
				return nil, corrupt("snappy: it ends too early")
			}
			length, distance = int(tag>>2)+1, int(binary.LittleEndian.Uint32(src[1:]))
			src = src[5:]
		}
		if distance == 0 || distance > len(out) || length > n-len(out) {
			return nil, corrupt("snappy: a copy of %d bytes from %d before byte %d", length, distance, len(out))
		}
		for range length { // it may overlap what it makes
			out = append(out, out[len(out)-distance])
		}
	}
	if len(out) != n {
		return nil, corrupt("snappy: it ends too early")
	}
	return out, nil
}
