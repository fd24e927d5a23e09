package netcdf3

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
)

// reader reads the header from its beginning. After an error it returns zeros.
type reader struct {
	ctx   context.Context
	src   Source
	first int64 // bytes to read at once, at first
	data  []byte
	at    int64
	err   error

	wide    bool // counts have 64 bits
	offsets bool // and so have places
}

// The tags of lists.
const (
	listOfDimensions = 10
	listOfVariables  = 11
	listOfAttributes = 12
)

// mostHeader bounds the bytes of a header.
const mostHeader = 1 << 28

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %s", ErrCorrupt, fmt.Sprintf(format, args...))
	}
}

// bytes returns the next n bytes, nil on an error.
func (r *reader) bytes(n int64) []byte {
	size := min(r.src.Size(), mostHeader)
	if r.err == nil && (n < 0 || n > size-r.at) {
		r.fail("its header has more than its %d bytes, or than %d", r.src.Size(), mostHeader)
	}
	if r.err != nil {
		return nil
	}
	if have := int64(len(r.data)); r.at+n > have {
		to := min(max(r.first, 2*have, r.at+n), size)
		more := make([]byte, to)
		copy(more, r.data)
		if r.err = r.src.ReadAt(r.ctx, more[have:], have); r.err != nil {
			return nil
		}
		r.data = more
	}
	out := r.data[r.at : r.at+n : r.at+n]
	r.at += n
	return out
}

// number reads an unsigned number of 32 or 64 bits.
func (r *reader) number(wide bool) uint64 {
	n := int64(4)
	if wide {
		n = 8
	}
	b := r.bytes(n)
	switch {
	case b == nil:
		return 0
	case wide:
		return binary.BigEndian.Uint64(b)
	}
	return uint64(binary.BigEndian.Uint32(b))
}

// count reads a number that is not negative.
func (r *reader) count() int {
	n := r.number(r.wide)
	if n > math.MaxInt64 {
		r.fail("the negative number %d in the header at %d", int64(n), r.at)
		return 0
	}
	return int(n)
}

// records reads the number of records, or that there is none: the file was being written to.
func (r *reader) records() (n uint64, streaming bool) {
	n = r.number(r.wide)
	return n, !r.wide && n == math.MaxUint32 || r.wide && n == math.MaxUint64
}

// list reads what is before the elements of a list, of at least so many bytes each, and returns their number.
func (r *reader) list(tag uint64, least int) int {
	got := r.number(false)
	n := r.count()
	if r.err == nil && (got != tag && (got != 0 || n != 0) || n > int(r.src.Size()-r.at)/least) {
		r.fail("a list of %d elements with the tag %d, where %d should be, in the header at %d", n, got, tag, r.at)
	}
	if r.err != nil {
		return 0
	}
	return n
}

// filled reads n bytes and those behind them up to a multiple of four.
func (r *reader) filled(n int64) []byte {
	if n < 0 || n > mostHeader {
		r.fail("%d bytes in the header at %d", n, r.at)
		return nil
	}
	b := r.bytes((n + 3) &^ 3)
	if b == nil {
		return nil
	}
	return b[:n:n]
}

func (r *reader) name() string {
	n := r.count()
	b := r.filled(int64(n))
	if r.err == nil && n == 0 {
		r.fail("a name is missing in the header at %d", r.at)
	}
	return text(b)
}

// kind reads a type.
func (r *reader) kind() Type {
	t := r.number(false)
	if r.err == nil && (t == 0 || t >= uint64(len(types)) || t > uint64(Double) && !r.wide) {
		r.fail("the type %d in the header at %d", t, r.at)
	}
	if r.err != nil {
		return Byte
	}
	return Type(t)
}

func (r *reader) attributes() []Attribute {
	var list []Attribute
	for range r.list(listOfAttributes, 12) {
		a := Attribute{Name: r.name(), Type: r.kind()}
		n := r.count()
		if n > mostHeader {
			r.fail("the attribute %.100q has %d values", a.Name, n)
		}
		if r.err != nil {
			return nil
		}
		a.Data = r.filled(int64(n) * int64(a.Type.Size()))
		list = append(list, a)
	}
	return list
}
