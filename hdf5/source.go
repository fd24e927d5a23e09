package hdf5

import (
	"context"
	"fmt"
	"math"

	"github.com/dosna/dosna/internal/compress/checksum"
	"github.com/dosna/dosna/nd"
)

// Source is what a file's bytes come from.
type Source interface {
	// Size is the number of bytes, which does not change.
	Size() int64
	// ReadAt fills p with the bytes at off. It is safe for concurrent use, and asked only
	// for what lies within Size.
	ReadAt(ctx context.Context, p []byte, off int64) error
}

// Remote is implemented by sources that are far away.
type Remote interface {
	// Ahead is about how many bytes arrive in the time that it takes to ask for any; 0 if the source is near.
	Ahead() int
	// Head are bytes at the beginning that are there already.
	Head() []byte
	// ReadSpans fills the spans, all at the same time. They lie within Size.
	ReadSpans(ctx context.Context, spans []nd.Span) error
}

const mostBytes = 1 << 28 // of one structure

// read returns n bytes at an address of the file, which the caller does not change.
func (f *File) read(ctx context.Context, addr uint64, n int) ([]byte, error) {
	if err := f.within(addr, n); err != nil {
		return nil, err
	}
	return f.pages.read(ctx, f.base+int64(addr), n)
}

// ahead reads what will be wanted at addresses, if the file is far away.
func (f *File) ahead(ctx context.Context, addrs []uint64, size int) {
	if f.pages.remote == nil {
		return
	}
	var regions []region
	for _, addr := range addrs {
		if end := f.src.Size() - f.base; addr < uint64(end) {
			regions = append(regions, region{f.base + int64(addr), int(min(int64(size), end-int64(addr)))})
		}
	}
	f.pages.prepare(ctx, regions)
}

// aheadOf reads nodes ahead of about that size, to which there are n pointers behind the cursor: the first
// after some bytes, and each a step further.
func (f *File) aheadOf(ctx context.Context, c *cursor, n, after, step, size int) {
	if f.pages.remote == nil || c.err != nil {
		return
	}
	var addrs []uint64
	for at := c.at + after; len(addrs) < n && at+f.sizes.offset <= len(c.data); at += step {
		pointer := f.cursor(c.data[at:])
		addrs = append(addrs, pointer.address())
	}
	f.ahead(ctx, addrs, size)
}

// Ahead reads the headers of objects at addresses together, if the file is far away: asking for each then takes no time.
func (f *File) Ahead(ctx context.Context, addrs []uint64) { f.ahead(ctx, addrs, 1<<10) }

// within is an error unless the file has n bytes at addr.
func (f *File) within(addr uint64, n int) error {
	if size := f.src.Size() - f.base; n < 0 || addr > math.MaxInt64 || int64(addr) > size || int64(n) > size-int64(addr) {
		return fmt.Errorf("%w: %d bytes at address %d are beyond its end", ErrCorrupt, n, addr)
	}
	if n > mostBytes {
		return fmt.Errorf("%w: a structure of %d bytes, more than %d", ErrUnsupported, n, mostBytes)
	}
	return nil
}

// structure reads n bytes that begin with a signature, and checks it.
func (f *File) structure(ctx context.Context, addr uint64, n int, signature string) (*cursor, error) {
	data, err := f.read(ctx, addr, n)
	if err != nil {
		return nil, fmt.Errorf("read the structure %q: %w", signature, err)
	}
	c := f.cursor(data)
	c.signature(signature)
	return c, c.err
}

// checked reads a structure of n bytes whose last four are its checksum, and
// returns the others.
func (f *File) checked(ctx context.Context, addr uint64, n int, signature string) (*cursor, error) {
	c, err := f.structure(ctx, addr, n, signature)
	if err != nil {
		return nil, err
	}
	if err := sumOf(c.data, signature); err != nil {
		return nil, err
	}
	c.data = c.data[:n-4]
	return c, nil
}

// sumOf is an error unless the last four bytes are the checksum of the others:
// Bob Jenkins's lookup3 (section III.H).
func sumOf(data []byte, what string) error {
	n := len(data) - 4
	if n < 0 {
		return fmt.Errorf("%w: %d bytes are too few for %q", ErrCorrupt, len(data), what)
	}
	tail := data[n:]
	want := uint32(tail[0]) | uint32(tail[1])<<8 | uint32(tail[2])<<16 | uint32(tail[3])<<24
	if got := checksum.Lookup3(data[:n], 0); got != want {
		return fmt.Errorf("%w: the checksum of %q is %08x, and %08x was stored", ErrCorrupt, what, got, want)
	}
	return nil
}
