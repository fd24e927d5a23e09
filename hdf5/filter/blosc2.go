package filter

import (
	"encoding/binary"
	"math"
)

var (
	be = binary.BigEndian
	le = binary.LittleEndian
)

// blosc2 decodes a contiguous frame of c-blosc 2 (README_CFRAME_FORMAT of that project), of a flat array or of one of several dimensions
// (README_B2ND_METALAYER), whose blocks are boxes.
func blosc2(dst, src []byte, limit int) ([]byte, error) {
	const least = 94
	if len(src) < least || string(src[1:10]) != "\xa8b2frame\x00" {
		return dst, corrupt("blosc2", "it is no frame")
	}
	head, end := int(be.Uint32(src[11:])), be.Uint64(src[16:])
	size, stored := be.Uint64(src[30:]), be.Uint64(src[39:])
	perChunk := int(be.Uint32(src[58:]))
	switch {
	case head < least || head > len(src) || end > uint64(len(src)) || stored > uint64(len(src)-head):
		return dst, corrupt("blosc2", "a frame of %d bytes with %d before its chunks and %d in them, and %d are there", end, head, stored, len(src))
	case size == 0:
		return dst, nil
	case perChunk == 0:
		return dst, corrupt("blosc2", "chunks of no bytes")
	}
	array, err := b2ndOf(src[:head])
	if err != nil {
		return dst, err
	}
	if array != nil {
		// What fills up the boxes is many times what is in them at worst.
		if array.size > limit || size > uint64(limit)<<min(len(array.shape), 8)+4096 {
			_, _, err := room("blosc2", nil, 1, 0)
			return dst, err
		}
	} else if size > uint64(limit) {
		_, _, err := room("blosc2", nil, 1, 0)
		return dst, err
	}
	count := (int(size)-1)/perChunk + 1
	if count > 1<<20 {
		return dst, corrupt("blosc2", "%d chunks", count)
	}
	index, err := blosc2Chunk(src[head+int(stored):], 8*count)
	if err != nil {
		return dst, err
	}
	plain := dst
	if array != nil {
		plain = nil
	}
	for i := range count {
		n := min(perChunk, int(size)-i*perChunk)
		chunk, err := blosc2At(src[head:head+int(stored)], le.Uint64(index[8*i:]), n)
		if err != nil {
			return dst, err
		}
		plain = append(plain, chunk...)
	}
	if array == nil {
		return plain, nil
	}
	if count != 1 {
		return dst, corrupt("blosc2", "an array in %d chunks", count)
	}
	return array.unbox(dst, plain)
}

// blosc2At returns the chunk that an entry of a frame's index leads to: an offset, or if its highest bit is set, what is in all of it.
func blosc2At(chunks []byte, entry uint64, size int) ([]byte, error) {
	if entry>>63 == 0 {
		if entry > uint64(len(chunks)) {
			return nil, corrupt("blosc2", "a chunk at byte %d of %d", entry, len(chunks))
		}
		return blosc2Chunk(chunks[entry:], size)
	}
	if kind := int(entry >> 56 & 0x7f); kind != blosc2Zeros && kind != blosc2Any {
		return nil, corrupt("blosc2", "a chunk of the kind %d", kind)
	}
	return make([]byte, size), nil
}

// b2nd is an array of several dimensions, whose chunk is cut into boxes.
type b2nd struct {
	shape, chunk, block []int
	size                int // bytes
	item                int
}

// b2ndOf looks among the metalayers at the end of a frame's head for that of an array.
func b2ndOf(head []byte) (*b2nd, error) {
	count := int(be.Uint16(head[92:]))
	at := 94
	for range count {
		if at >= len(head) || head[at]>>5 != 5 {
			return nil, corrupt("blosc2", "its metalayers make no sense")
		}
		n := int(head[at] & 31)
		if at+1+n+5 > len(head) {
			return nil, corrupt("blosc2", "a metalayer's name is cut short")
		}
		name, offset := string(head[at+1:at+1+n]), int(be.Uint32(head[at+2+n:]))
		at += n + 6
		if name != "b2nd" && name != "caterva" {
			continue
		}
		if offset+8 > len(head) {
			return nil, corrupt("blosc2", "the metalayer of an array is at byte %d of %d", offset, len(head))
		}
		return parseB2nd(head[offset+5:], int(be.Uint32(head[48:])))
	}
	return nil, nil
}

func parseB2nd(data []byte, item int) (*b2nd, error) {
	fault := corrupt("blosc2", "the metalayer of an array makes no sense")
	dims := int(data[2])
	data = data[3:]
	if dims < 1 || dims > 15 || len(data) < 3+dims*(9+5+5) || item < 1 || item > 1<<24 {
		return nil, fault
	}
	a := &b2nd{size: item, item: item}
	list := func(width int) []int {
		data = data[1:]
		out := make([]int, dims)
		for i := range out {
			if width == 8 {
				out[i] = int(min(be.Uint64(data[1:]), math.MaxInt32))
			} else {
				out[i] = int(be.Uint32(data[1:]))
			}
			data = data[1+width:]
		}
		return out
	}
	a.shape, a.chunk, a.block = list(8), list(4), list(4)
	for i, n := range a.shape {
		if n < 1 || a.block[i] < 1 || a.chunk[i] < n || a.size > math.MaxInt32/n {
			return nil, fault
		}
		a.size *= n
	}
	return a, nil
}

// unbox appends the array to dst, of which plain has the boxes one after the other, whole.
func (a *b2nd) unbox(dst, plain []byte) ([]byte, error) {
	dims := len(a.shape)
	inBox, boxes := a.item, make([]int, dims)
	total := 1
	for i, n := range a.block {
		boxes[i] = (a.chunk[i] + n - 1) / n
		if inBox > math.MaxInt32/n || total > math.MaxInt32/boxes[i] {
			return dst, corrupt("blosc2", "boxes of shape %v", a.block)
		}
		inBox *= n
		total *= boxes[i]
	}
	if total > len(plain)/inBox {
		return dst, corrupt("blosc2", "%d bytes for %d boxes of %d", len(plain), total, inBox)
	}
	out, part, err := room("blosc2", dst, a.size, a.size)
	if err != nil {
		return dst, err
	}
	for box := range total {
		a.place(part, plain[box*inBox:(box+1)*inBox], box, boxes)
	}
	return out, nil
}

// place copies what of a box is in the array, row by row.
func (a *b2nd) place(part, data []byte, box int, boxes []int) {
	dims := len(a.shape)
	start, extent := make([]int, dims), make([]int, dims)
	for i := dims - 1; i >= 0; i-- {
		start[i] = box % boxes[i] * a.block[i]
		box /= boxes[i]
		if extent[i] = min(a.block[i], a.shape[i]-start[i]); extent[i] <= 0 {
			return
		}
	}
	at := make([]int, dims)
	for {
		from, to := 0, 0
		for i := range dims {
			from = from*a.block[i] + at[i]
			to = to*a.shape[i] + start[i] + at[i]
		}
		n := extent[dims-1] * a.item
		copy(part[to*a.item:to*a.item+n], data[from*a.item:])
		i := dims - 2
		for ; i >= 0; i-- {
			if at[i]++; at[i] < extent[i] {
				break
			}
			at[i] = 0
		}
		if i < 0 {
			return
		}
	}
}
