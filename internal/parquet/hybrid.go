package parquet

import "encoding/binary"

// hybrid decodes n numbers of the given width in bits, in Parquet's mixture of
// runs and packed bits.
func hybrid(data []byte, width, n int) ([]int32, error) {
	if width < 0 || width > 32 {
		return nil, corrupt("numbers of %d bits", width)
	}
	var out []int32 // grows with what is there: n is only what should be
	for len(out) < n {
		head, used := binary.Uvarint(data)
		if used <= 0 || head>>1 == 0 {
			return nil, corrupt("%d numbers, of which %d are there", n, len(out))
		}
		data = data[used:]
		left := uint64(n - len(out))
		if head&1 == 0 {
			size := (width + 7) / 8
			if len(data) < size {
				return nil, corrupt("a run without its value")
			}
			var value uint32
			for i := range size {
				value |= uint32(data[i]) << (8 * i)
			}
			data = data[size:]
			for range min(head>>1, left) {
				out = append(out, int32(value))
			}
			continue
		}
		groups := head >> 1
		if width > 0 && groups > uint64(len(data)/width) { // the last may be cut
			groups = uint64(len(data)/width) + 1
		}
		count := min(8*groups, left)
		if need := (count*uint64(width) + 7) / 8; need > uint64(len(data)) {
			return nil, corrupt("packed numbers that are cut off")
		}
		for i := range int(count) {
			var value uint32
			for b := range width {
				bit := i*width + b
				value |= uint32(data[bit/8]>>(bit%8)&1) << b
			}
			out = append(out, int32(value))
		}
		data = data[min(groups*uint64(width), uint64(len(data))):]
	}
	return out, nil
}

// packed encodes numbers of the given width as packed bits.
func packed(dst []byte, width int, numbers []int32) []byte {
	groups := (len(numbers) + 7) / 8
	dst = binary.AppendUvarint(dst, uint64(groups)<<1|1)
	at := len(dst)
	dst = append(dst, make([]byte, groups*width)...)
	for i, x := range numbers {
		for b := range width {
			bit := i*width + b
			dst[at+bit/8] |= byte(x>>b&1) << (bit % 8)
		}
	}
	return dst
}
