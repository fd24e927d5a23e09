package codec

import (
	"encoding/binary"
	"hash/crc32"

	"github.com/dosna/dosna/dtype"
)

// crc32c is the checksum codec of that name: CRC-32C (RFC 3720, appendix B.4)
// of the input, little-endian, behind it.
type crc32c struct{}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func bindCRC32C(s Spec, _ dtype.Type, _ int) (bytesCodec, error) {
	return crc32c{}, s.config()
}

// Bound implements bytesCodec.
func (crc32c) Bound(n int) int { return n + 4 }

func (crc32c) seal(dst []byte, from int) []byte {
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[from:], castagnoli))
}

func (crc32c) check(src []byte) ([]byte, error) {
	if len(src) < 4 {
		return nil, corrupt("%d bytes are too few for a crc32c checksum", len(src))
	}
	data := src[: len(src)-4 : len(src)-4]
	want := binary.LittleEndian.Uint32(src[len(src)-4:])
	if got := crc32.Checksum(data, castagnoli); got != want {
		return nil, corrupt("crc32c is %08x, stored with %08x", got, want)
	}
	return data, nil
}
