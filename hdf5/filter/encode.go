package filter

import (
	"encoding/binary"
	"fmt"

	"github.com/dosna/dosna/internal/compress/blosc"
	"github.com/dosna/dosna/internal/compress/bzip2"
	"github.com/dosna/dosna/internal/compress/checksum"
	"github.com/dosna/dosna/internal/compress/deflate"
	"github.com/dosna/dosna/internal/compress/shuffle"
	"github.com/dosna/dosna/internal/compress/zstd"
)

// Encode runs bytes through filters, all of which must be among deflate, shuffle, fletcher32, bzip2, blosc and zstd. Compressors work at their
// quickest: it is for chunks that were stored without a filter, and are wanted with it.
func Encode(specs []Spec, plain []byte) ([]byte, error) {
	data := plain
	for _, s := range specs {
		var out []byte
		var err error
		switch s.ID {
		case Deflate:
			out, err = deflate.Zlib.Encode(nil, data, 1)
		case Shuffle:
			size := 1
			if len(s.Values) > 0 {
				size = max(int(s.Values[0]), 1)
			}
			out = make([]byte, len(data))
			n := len(data) / size * size
			shuffle.Bytes(out[:n], data[:n], size)
			copy(out[n:], data[n:])
		case Fletcher32:
			out = binary.LittleEndian.AppendUint32(append(make([]byte, 0, len(data)+4), data...), checksum.Fletcher32(data))
		case Bzip2:
			out, err = bzip2.Encode(nil, data, 1)
		case Blosc:
			out, err = blosc.Encode(nil, data, blosc.Options{Compressor: blosc.LZ4, Level: 1, TypeSize: 1})
		case Zstd:
			out, err = zstd.Encode(nil, data, 1, false)
		default:
			err = fmt.Errorf("the HDF5 filter %v cannot be applied here", s)
		}
		if err != nil {
			return nil, err
		}
		data = out
	}
	return data, nil
}
