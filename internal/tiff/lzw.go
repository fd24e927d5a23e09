package tiff

import (
	"errors"
	"fmt"
)

const (
	lzwClear = 256
	lzwEnd   = 257
	lzwFirst = 258 // that is free
	lzwBits  = 12  // of a code at most
)

// unlzw fills dst with what src decodes to (TIFF 6.0, section 13): codes of 9 to
// 12 bits, the highest bit first, which grow one code early. The rest of a longer
// stream is left alone.
func unlzw(dst, src []byte) error {
	if len(src) >= 2 && src[0] == 0 && src[1]&1 == 1 {
		return errors.New("LZW with its bits reversed, as before TIFF 5.0, cannot be read")
	}
	// A code stands for bytes that have been put out: a former string and the
	// byte that followed it.
	var start, length [1 << lzwBits]int
	next, width := lzwFirst, 9
	before, long := 0, 0 // the last string: its place and length
	bits, have := uint32(0), 0
	pos := 0
	for pos < len(dst) {
		for have < width {
			if len(src) == 0 {
				return fmt.Errorf("the LZW stream ends after %d of %d bytes", pos, len(dst))
			}
			bits, src, have = bits<<8|uint32(src[0]), src[1:], have+8
		}
		have -= width
		code := int(bits>>have) & (1<<width - 1)
		switch {
		case code == lzwClear:
			next, width, long = lzwFirst, 9, 0
			continue
		case code == lzwEnd:
			return fmt.Errorf("the LZW stream ends after %d of %d bytes", pos, len(dst))
		case code > next || code >= lzwFirst && long == 0 || code == next && next > 1<<lzwBits-1:
			return fmt.Errorf("the LZW stream has the code %d, of which nothing is known, after %d bytes", code, pos)
		}
		if long > 0 && next < 1<<lzwBits {
			start[next], length[next] = before, long+1
			next++
			if next == 1<<width-1 && width < lzwBits {
				width++
			}
		}
		before, long = pos, 1
		if code < lzwClear {
			dst[pos] = byte(code)
			pos++
			continue
		}
		from := start[code]
		long = min(length[code], len(dst)-pos)
		if from+long <= pos {
			copy(dst[pos:pos+long], dst[from:])
		} else { // it repeats itself
			for i := range long {
				dst[pos+i] = dst[from+i]
			}
		}
		pos += long
	}
	return nil
}
