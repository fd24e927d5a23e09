package filter

import (
	"encoding/binary"
	"math/bits"
)

// szip decodes CCSDS 121.0-B-3, "Lossless data compression", as the SZIP library and its successor libaec write it.
type szip struct {
	block     int // pixels
	line      int // pixels of a scan line, after each of which the coder begins anew
	bits      int // of a pixel
	planes    int // pixels of 32 and 64 bits are coded as so many planes of bytes
	big       bool
	predicted bool // differences to the pixel before are coded
}

const (
	szipBig       = 16
	szipPredicted = 32
)

// bindSzip takes the values: options, the pixels of a block, the bits of a pixel, and the pixels of a scan line.
func bindSzip(values []uint32) (decoder, error) {
	if len(values) < 4 {
		return nil, corrupt("szip", "it has %d values, not 4", len(values))
	}
	s := &szip{
		block: int(values[1]), bits: int(values[2]), line: int(values[3]), planes: 1,
		big: values[0]&szipBig != 0, predicted: values[0]&szipPredicted != 0,
	}
	if s.bits == 32 || s.bits == 64 {
		s.planes, s.bits = s.bits/8, 8
	}
	if s.block < 2 || s.block > 256 || s.block%2 != 0 || s.bits < 1 || s.bits > 24 || s.line < 1 || s.line > 1<<24 {
		return nil, corrupt("szip", "blocks of %d pixels of %d bits in lines of %d", s.block, s.bits, s.line)
	}
	return s.decode, nil
}

// pixel is the bytes of a pixel as they are coded.
func (s *szip) pixel() int {
	switch {
	case s.bits > 16:
		return 4
	case s.bits > 8:
		return 2
	}
	return 1
}

func (s *szip) decode(dst, src []byte, limit int) ([]byte, error) {
	if len(src) < 4 {
		return dst, corrupt("szip", "%d bytes are less than its head", len(src))
	}
	total := int(binary.LittleEndian.Uint32(src))
	src = src[4:]
	if total%(s.pixel()*s.planes) != 0 {
		return dst, corrupt("szip", "%d bytes of pixels of %d", total, s.pixel()*s.planes)
	}
	out, part, err := room("szip", dst, total, limit)
	if err != nil {
		return dst, err
	}
	plain := part
	if s.planes > 1 {
		plain = make([]byte, total)
	}
	r := szipReader{szip: s, r: bitReader{data: src}, line: make([]uint32, (min(s.line, total/s.pixel())+s.block-1)/s.block*s.block)}
	size := s.pixel()
	for left := plain; len(left) > 0; {
		n := min(s.line, len(left)/size)
		if err := r.scanLine(n); err != nil {
			return dst, err
		}
		for i := range n {
			put(left[i*size:(i+1)*size], uint64(r.line[i]), s.big)
		}
		left = left[n*size:]
	}
	if s.planes > 1 {
		n := total / s.planes
		for i := range part {
			part[i] = plain[i%s.planes*n+i/s.planes]
		}
	}
	return out, nil
}

// blocks is the number of blocks in a line: the last is filled up.
func (s *szip) blocks() int { return (s.line + s.block - 1) / s.block }

type szipReader struct {
	*szip
	r    bitReader
	line []uint32
}

// scanLine reads a line, or as many blocks as have its first n pixels.
func (r *szipReader) scanLine(n int) error {
	idBits := 3
	if r.bits > 16 {
		idBits = 5
	} else if r.bits > 8 {
		idBits = 4
	}
	for at := 0; at < n; {
		first := at == 0 && r.predicted
		count, err := r.codedBlock(at, idBits, first)
		if err != nil {
			return err
		}
		if r.r.over {
			return corrupt("szip", "it ends before its last block")
		}
		at += count
	}
	if r.predicted {
		r.restore(n)
	}
	return nil
}

// codedBlock reads a block, or a run of zero ones, to the place at of the line, and returns how many pixels it has. The
// first of a line begins with a pixel as it is.
func (r *szipReader) codedBlock(at, idBits int, first bool) (int, error) {
	block := r.line[at : at+r.block]
	skip := 0
	reference := func() {
		if first {
			block[0], skip = uint32(r.r.bits(r.bits)), 1
		}
	}
	switch id := int(r.r.bits(idBits)); id {
	case 0:
		extended := r.r.bits(1) == 1
		reference()
		if extended {
			return r.block, r.pairs(block, skip)
		}
		return r.zeros(at, skip)
	case 1<<idBits - 1:
		for i := range block {
			block[i] = uint32(r.r.bits(r.bits))
		}
	default:
		reference()
		for i := skip; i < len(block); i++ {
			n, err := r.unary()
			if err != nil {
				return 0, err
			}
			block[i] = n << (id - 1)
		}
		for i := skip; i < len(block) && id > 1; i++ {
			block[i] |= uint32(r.r.bits(id - 1))
		}
	}
	return r.block, nil
}

// unary reads a number of zeros that a one ends.
func (r *szipReader) unary() (uint32, error) {
	n := 0
	for {
		r.r.fill()
		if r.r.held != 0 {
			zeros := bits.LeadingZeros64(r.r.held)
			r.r.bits(min(zeros+1, 32))
			if zeros+1 > 32 {
				r.r.bits(zeros + 1 - 32)
			}
			n += zeros
			return uint32(n), nil
		}
		if r.r.at > len(r.r.data) {
			return 0, corrupt("szip", "it ends in a number")
		}
		n += r.r.n
		r.r.n = 0
	}
}

// pairs reads the second extension: each number stands for two pixels, by the sum of both and the second.
func (r *szipReader) pairs(block []uint32, at int) error {
	for at < len(block) {
		n, err := r.unary()
		if err != nil {
			return err
		}
		sum := uint32(0)
		for n > sum {
			n -= sum + 1
			sum++
		}
		if sum > 12 {
			return corrupt("szip", "a pair of pixels of the sum %d", sum)
		}
		if at%2 == 0 {
			block[at] = sum - n
			at++
		}
		block[at] = n
		at++
	}
	return nil
}

// zeros reads how many blocks are zero: a few, or all up to the next 64th or the line's end.
func (r *szipReader) zeros(at, skip int) (int, error) {
	const rest = 5
	n, err := r.unary()
	if err != nil {
		return 0, err
	}
	done := at / r.block
	count := int(n) + 1
	switch {
	case count == rest:
		count = min(r.blocks()-done, 64-done%64)
	case count > rest:
		count--
	}
	if count > r.blocks()-done {
		return 0, corrupt("szip", "%d blocks of zeros, and %d are left", count, r.blocks()-done)
	}
	clear(r.line[at+skip : min(at+count*r.block, len(r.line))])
	return count * r.block, nil
}

// restore makes pixels of the differences to what was before each, which are mapped to positive numbers: section 4.2.
func (r *szipReader) restore(n int) {
	most := uint32(1)<<r.bits - 1
	value := r.line[0]
	for i := 1; i < n; i++ {
		d := r.line[i]
		near := min(value, most-value)
		switch {
		case d>>1+d&1 > near && value > most/2:
			value = most - d
		case d>>1+d&1 > near:
			value = d
		case d&1 == 0:
			value += d / 2
		default:
			value -= d/2 + 1
		}
		value &= most
		r.line[i] = value
	}
}
