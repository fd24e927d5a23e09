package codec

import (
	"encoding/binary"
	"encoding/json"
	"hash/adler32"
	"hash/crc32"

	"github.com/dosna/dosna/internal/compress/checksum"
)

// summed is a codec that leaves its input as it is and adds a checksum of 32 bits
// behind or in front of it, little-endian.
type summed struct {
	name  string
	sum   func(data []byte) uint32
	front bool
	weak  bool // what a loss of power leaves, zeros, may look right
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func crc32c(data []byte) uint32 { return crc32.Checksum(data, castagnoli) }

// bindCRC32C binds the codec "crc32c" (Zarr v3 codec of that name; CRC-32C of
// RFC 3720, appendix B.4).
func bindCRC32C(s Spec, _ bytesInput) (bytesCodec, error) {
	return &summed{name: s.Name, sum: crc32c}, s.config()
}

// bindChecksum binds the checksums of numcodecs that stand where the configuration
// says.
func bindChecksum(sum func([]byte) uint32, front bool) func(Spec, bytesInput) (bytesCodec, error) {
	return func(s Spec, _ bytesInput) (bytesCodec, error) {
		c := &summed{name: s.Name, sum: sum, front: front}
		var location *string
		if err := s.config(optional("location", &location)); err != nil {
			return nil, err
		}
		if location != nil {
			c.front = *location == "start"
			if !c.front && *location != "end" {
				return nil, s.errorf(`configuration: "location": %q is neither start nor end`, *location)
			}
		}
		return c, nil
	}
}

var (
	bindNumcodecsCRC32  = bindChecksum(crc32.ChecksumIEEE, true)
	bindNumcodecsCRC32C = bindChecksum(crc32c, false)
	bindAdler32         = bindChecksum(adler32.Checksum, true)
)

// bindFletcher32 binds the codec "numcodecs.fletcher32" (numcodecs documentation,
// "Fletcher32"; HDF5's filter of that name).
func bindFletcher32(s Spec, _ bytesInput) (bytesCodec, error) {
	return &summed{name: s.Name, sum: checksum.Fletcher32, weak: true}, s.config()
}

// bindLookup3 binds the codec "numcodecs.jenkins_lookup3" (numcodecs
// documentation, "JenkinsLookup3").
func bindLookup3(s Spec, _ bytesInput) (bytesCodec, error) {
	var initial uint32
	var prefix json.RawMessage
	if err := s.config(optional("initval", &initial), optional("prefix", &prefix)); err != nil {
		return nil, err
	}
	if !isNull(prefix) {
		return nil, s.errorf(`configuration: "prefix": only null is supported`)
	}
	return &summed{name: s.Name, sum: func(data []byte) uint32 { return checksum.Lookup3(data, initial) }}, nil
}

// sumSize is the bytes of a checksum.
const sumSize = 4

// Bound implements bytesCodec.
func (*summed) Bound(n int) int { return n + sumSize }

func (c *summed) seal(dst []byte, from int) []byte {
	sum := c.sum(dst[from:])
	dst = binary.LittleEndian.AppendUint32(dst, sum)
	if c.front {
		copy(dst[from+sumSize:], dst[from:])
		binary.LittleEndian.PutUint32(dst[from:], sum)
	}
	return dst
}

func (c *summed) check(src []byte) ([]byte, error) {
	n := len(src) - sumSize
	if n < 0 {
		return nil, corrupt("%d bytes are too few for a %s checksum", len(src), c.name)
	}
	data, sum := src[:n:n], src[n:]
	if c.front {
		data, sum = src[sumSize:len(src):len(src)], src
	}
	want := binary.LittleEndian.Uint32(sum)
	if got := c.sum(data); got != want {
		return nil, corrupt("%s is %08x, stored with %08x", c.name, got, want)
	}
	return data, nil
}
