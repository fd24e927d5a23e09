package filter

import (
	"github.com/dosna/dosna/internal/compress/lz4"
	"github.com/dosna/dosna/internal/compress/shuffle"
	"github.com/dosna/dosna/internal/compress/zstd"
)

// bindBitshuffle binds the filter of K. Masui's project bitshuffle, whose values are a version of two numbers, the size of elements,
// the elements in a block (0: about 8 KiB of them), and the compressor.
func bindBitshuffle(values []uint32) (decoder, error) {
	if len(values) < 3 || values[2] == 0 || values[2] > 1<<24 {
		return nil, corrupt("bitshuffle", "it does not say how large elements are")
	}
	size := int(values[2])
	value := func(i int) int {
		if i < len(values) {
			return int(values[i])
		}
		return 0
	}
	switch value(4) {
	case 0:
		block := value(3)
		if block == 0 {
			block = max(8192/size&^7, 128)
		}
		if block%8 != 0 || block > 1<<30 {
			return nil, corrupt("bitshuffle", "blocks of %d elements", block)
		}
		return func(dst, src []byte, limit int) ([]byte, error) {
			out, part, err := room("bitshuffle", dst, len(src), limit)
			if err != nil {
				return dst, err
			}
			for len(src) > 0 {
				n := min(block*size, len(src)/size*size)
				if n == 0 {
					n = len(src)
				}
				shuffle.UndoBits(part[:n], src[:n], size)
				src, part = src[n:], part[n:]
			}
			return out, nil
		}, nil
	case 2:
		return compressedBits(size, lz4.DecodeInto), nil
	case 3:
		return compressedBits(size, zstd.DecodeInto), nil
	}
	return nil, corrupt("bitshuffle", "the compressor %d is not known", value(4))
}

func compressedBits(size int, decode func(dst, src []byte) error) decoder {
	return func(dst, src []byte, limit int) ([]byte, error) {
		var planes []byte
		return blocks("bitshuffle", dst, src, limit, 8*size, func(dst, src []byte) error {
			if cap(planes) < len(dst) {
				planes = make([]byte, len(dst))
			}
			planes = planes[:len(dst)]
			if err := decode(planes, src); err != nil {
				return err
			}
			shuffle.UndoBits(dst, planes, size)
			return nil
		})
	}
}
