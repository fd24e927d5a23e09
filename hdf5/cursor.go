package hdf5

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
)

// undefined is the address of what is not there.
const undefined = ^uint64(0)

// sizes are the widths in bytes of two kinds of numbers in a file: 2, 4, 8 (or more,
// which no file has).
type sizes struct{ offset, length int }

// cursor reads the fields of a structure one after the other. Once something is
// missing or wrong all fields are zero, and err says what was.
type cursor struct {
	data  []byte
	at    int
	sizes sizes
	err   error
}

func (f *File) cursor(data []byte) *cursor { return &cursor{data: data, sizes: f.sizes} }

// fail notes what is wrong, if nothing was before.
func (c *cursor) fail(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf("%w: "+format, append([]any{ErrCorrupt}, args...)...)
	}
}

// unknown notes what is not understood.
func (c *cursor) unknown(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf("%w: "+format, append([]any{ErrUnsupported}, args...)...)
	}
}

func (c *cursor) rest() int { return len(c.data) - c.at }

// bytes returns the next n bytes, which are the structure's own.
func (c *cursor) bytes(n int) []byte {
	if n < 0 || n > c.rest() {
		c.fail("a structure of %d bytes ends before %d bytes at its byte %d", len(c.data), n, c.at)
	}
	if c.err != nil {
		return nil
	}
	c.at += n
	return c.data[c.at-n : c.at : c.at]
}

// number returns an unsigned number of n bytes, up to 8.
func (c *cursor) number(n int) uint64 {
	b := c.bytes(n)
	if len(b) == 8 {
		return binary.LittleEndian.Uint64(b)
	}
	var v uint64
	for i, x := range b {
		v |= uint64(x) << (8 * i)
	}
	return v
}

func (c *cursor) u8() int  { return int(c.number(1)) }
func (c *cursor) u16() int { return int(c.number(2)) }
func (c *cursor) u32() int { return int(c.number(4)) }

func (c *cursor) skip(n int) { c.bytes(n) }

// align skips to the next multiple of n bytes from where the cursor was at begin.
func (c *cursor) align(n, begin int) {
	if over := (c.at - begin) % n; over > 0 {
		c.skip(n - over)
	}
}

// address returns the address of something in the file, or undefined.
func (c *cursor) address() uint64 {
	v := c.number(c.sizes.offset)
	if c.sizes.offset < 8 && v == 1<<(8*c.sizes.offset)-1 {
		return undefined
	}
	return v
}

// length returns a number of bytes or of elements. One beyond 2⁶³ is an error.
func (c *cursor) length() int {
	v := c.number(c.sizes.length)
	if v > 1<<63-1 {
		c.fail("a length of %d", v)
		return 0
	}
	return int(v)
}

// text returns the bytes up to the next NUL, which is skipped.
func (c *cursor) text() string {
	if c.err != nil {
		return ""
	}
	n := bytes.IndexByte(c.data[c.at:], 0)
	if n < 0 {
		c.fail("a name does not end")
		return ""
	}
	s := string(c.bytes(n))
	c.skip(1)
	return s
}

// signature checks the four letters that a structure begins with.
func (c *cursor) signature(want string) {
	if got := c.bytes(len(want)); c.err == nil && string(got) != want {
		c.fail("a structure begins with %q, not %q", got, want)
	}
}

// version checks a structure's version.
func (c *cursor) version(what string, known ...int) int {
	v := c.u8()
	for _, k := range known {
		if v == k {
			return v
		}
	}
	c.unknown("version %d of the %s", v, what)
	return v
}

// widthOf is the number of bytes in which the library stores numbers up to limit.
func widthOf(limit uint64) int { return max(bits.Len64(limit)-1, 0)/8 + 1 }
