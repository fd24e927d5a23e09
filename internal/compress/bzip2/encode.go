package bzip2

import "slices"

// encoder is the memory that encoding one stream takes.
type encoder struct {
	bitWriter
	sorter
	block   []byte // after the first run-length coding
	symbols []uint16
}

const (
	blockUnit  = 100_000
	blockSpare = 19 // bytes of a block that are left free, as bzip2 leaves them
	blockMagic = 0x314159265359
	endMagic   = 0x177245385090

	runA, runB = 0, 1 // symbols that are digits of the length of a run of zeros
)

func (e *encoder) encode(dst, src []byte, level int) []byte {
	e.bitWriter = bitWriter{out: dst}
	e.write('B', 8)
	e.write('Z', 8)
	e.write('h', 8)
	e.write(uint64('0'+level), 8)
	var combined uint32
	for len(src) > 0 {
		n := e.fill(src, level*blockUnit-blockSpare)
		sum := checksum(src[:n])
		combined = (combined<<1 | combined>>31) ^ sum
		e.writeBlock(sum)
		src = src[n:]
	}
	e.write(endMagic, 48)
	e.write(uint64(combined), 32)
	e.flush()
	out := e.out
	e.out = nil
	return out
}

// fill makes a block of at most so many bytes of the beginning of src, and
// returns how much of src that is: of four equal bytes or more, up to 255, four
// are kept, and a byte counts the rest.
func (e *encoder) fill(src []byte, most int) (n int) {
	e.block = slices.Grow(e.block[:0], min(most, len(src)+len(src)/4+8))
	for n < len(src) && len(e.block)+5 <= most {
		b := src[n]
		run := 1
		for run < 255 && n+run < len(src) && src[n+run] == b {
			run++
		}
		for range min(run, 4) {
			e.block = append(e.block, b)
		}
		if run >= 4 {
			e.block = append(e.block, byte(run-4))
		}
		n += run
	}
	return n
}

func (e *encoder) writeBlock(sum uint32) {
	last, origin := e.transform(e.block)
	e.write(blockMagic, 48)
	e.write(uint64(sum), 32)
	e.write(0, 1) // not randomised
	e.write(uint64(origin), 24)
	used := e.writeUsed(e.block)
	e.moveToFront(last, used)
	e.writeSymbols(len(used) + 2)
}

// writeUsed writes which bytes occur, and returns them in order.
func (e *encoder) writeUsed(block []byte) (used []byte) {
	var have [256]bool
	for _, b := range block {
		have[b] = true
	}
	var groups uint64
	for i := range 16 {
		if slices.Contains(have[16*i:16*i+16], true) {
			groups |= 1 << (15 - i)
		}
	}
	e.write(groups, 16)
	for i := range 16 {
		if groups>>(15-i)&1 == 0 {
			continue
		}
		for j, in := range have[16*i : 16*i+16] {
			bit := uint64(0)
			if in {
				bit = 1
				used = append(used, byte(16*i+j))
			}
			e.write(bit, 1)
		}
	}
	return used
}

// moveToFront turns a block into symbols: where each byte stands in a list of
// those used lately, runs of zeros as the digits of their length, and the end.
func (e *encoder) moveToFront(block, used []byte) {
	var list [256]byte
	copy(list[:], used)
	e.symbols = slices.Grow(e.symbols[:0], len(block)+1)
	run := 0
	for _, b := range block {
		if list[0] == b {
			run++
			continue
		}
		e.endRun(run)
		run = 0
		moved := list[0]
		at := 1
		for ; list[at] != b; at++ {
			list[at], moved = moved, list[at]
		}
		list[at] = moved
		list[0] = b
		e.symbols = append(e.symbols, uint16(at+1))
	}
	e.endRun(run)
	e.symbols = append(e.symbols, uint16(len(used)+1))
}

// endRun writes the length of a run in digits of 1 and 2, the lowest first.
func (e *encoder) endRun(n int) {
	for ; n > 0; n = (n - 1) / 2 {
		if n%2 == 1 {
			e.symbols = append(e.symbols, runA)
		} else {
			e.symbols = append(e.symbols, runB)
		}
	}
}

// bitWriter appends bits, the highest first.
type bitWriter struct {
	out  []byte
	bits uint64
	n    uint // of bits that are not in out yet, below 8 between calls
}

// write appends the lowest n bits of v, of which there are at most 48.
func (w *bitWriter) write(v uint64, n uint) {
	w.bits = w.bits<<n | v
	w.n += n
	for w.n >= 8 {
		w.n -= 8
		w.out = append(w.out, byte(w.bits>>w.n))
	}
}

// flush fills the last byte with zeros.
func (w *bitWriter) flush() {
	if w.n > 0 {
		w.write(0, 8-w.n)
	}
}

// crcTable is that of CRC-32 with the highest bit first.
var crcTable = func() (t [256]uint32) {
	for i := range t {
		c := uint32(i) << 24
		for range 8 {
			if c&(1<<31) != 0 {
				c = c<<1 ^ 0x04c11db7
			} else {
				c <<= 1
			}
		}
		t[i] = c
	}
	return t
}()

func checksum(data []byte) uint32 {
	c := ^uint32(0)
	for _, b := range data {
		c = c<<8 ^ crcTable[byte(c>>24)^b]
	}
	return ^c
}
