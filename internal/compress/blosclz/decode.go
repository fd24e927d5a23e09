package blosclz

import (
	"encoding/binary"

	"github.com/dosna/dosna/internal/compress"
)

var le = binary.LittleEndian

var (
	errTruncated = compress.Corrupt("blosclz", "input ends in the middle of an instruction")
	errTooLong   = compress.Corrupt("blosclz", "decodes to more than expected")
	errDistance  = compress.Corrupt("blosclz", "a match begins before the output")
)

// DecodeInto decodes src into dst, whose length must be exactly the decoded
// size. On error the content of dst is undefined.
func DecodeInto(dst, src []byte) error {
	if len(src) == 0 {
		return errTruncated
	}
	in, out := 1, 0
	control := int(src[0] & 31) // the high bits are a mark of the format's level
	for {
		if control < 32 {
			n := control + 1
			switch {
			case len(src)-in >= 32 && len(dst)-out >= 32:
				copy(dst[out:out+32], src[in:in+32]) // of fixed length: much the quickest
			case len(src)-in < n:
				return errTruncated
			case len(dst)-out < n:
				return errTooLong
			default:
				copy(dst[out:out+n], src[in:])
			}
			in += n
			out += n
		} else {
			n := control>>5 + 2
			distance := control&31<<8 + 1
			if n == 9 {
				for more := byte(255); more == 255; {
					if in >= len(src) {
						return errTruncated
					}
					if n > len(dst) {
						return errTooLong
					}
					more = src[in]
					in++
					n += int(more)
				}
			}
			if in >= len(src) {
				return errTruncated
			}
			low := src[in]
			in++
			distance += int(low)
			if distance == nearest+1 {
				if len(src)-in < 2 {
					return errTruncated
				}
				distance += int(src[in])<<8 + int(src[in+1])
				in += 2
			}
			if distance > out {
				return errDistance
			}
			if n > len(dst)-out {
				return errTooLong
			}
			repeat(dst, out, distance, n)
			out += n
		}
		if in == len(src) {
			break
		}
		control = int(src[in])
		in++
	}
	if out != len(dst) {
		return compress.Corrupt("blosclz", "decoded to %d bytes, expected %d", out, len(dst))
	}
	return nil
}

// repeat copies n bytes from distance before at to at; they may overlap.
func repeat(dst []byte, at, distance, n int) {
	if distance >= 8 && n <= 16 && len(dst)-at >= 16 {
		// Eight bytes at a time, the second eight perhaps from the first.
		le.PutUint64(dst[at:], le.Uint64(dst[at-distance:]))
		le.PutUint64(dst[at+8:], le.Uint64(dst[at-distance+8:]))
		return
	}
	from := at - distance
	for done := 0; done < n; {
		// What was copied before may be copied from: the run doubles.
		done += copy(dst[at+done:at+n], dst[from:at+done])
	}
}
