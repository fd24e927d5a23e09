package hdf5

import (
	"context"
	"fmt"
	"math"
	"sync"

	"github.com/dosna/dosna/internal/compress/checksum"
)

// Source is what a file's bytes come from.
type Source interface {
	// Size is the number of bytes, which does not change.
	Size() int64
	// ReadAt fills p with the bytes at off. It is safe for concurrent use, and asked only
	// for what lies within Size.
	ReadAt(ctx context.Context, p []byte, off int64) error
}

// Ahead is implemented by sources that are far away: to ask them for as many bytes takes little longer than for few.
type Ahead interface{ Ahead() int }

const (
	pageSize  = 16 << 10
	mostPages = 2048    // kept: 32 MiB
	mostAhead = 1 << 20 // bytes read at once by those who go on and on

	mostBytes = 1 << 28 // of one structure
)

// pages are the parts of the file around what metadata has been read. A page that
// follows the one read last is read with as many more as were read before.
type pages struct {
	src  Source
	mu   sync.Mutex
	page map[int64][]byte
	next int64 // the page after those that were read last
	run  int64 // how many those were
}

// read returns n bytes at off, which the caller does not change.
func (p *pages) read(ctx context.Context, off int64, n int) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	first, last := off/pageSize, (off+int64(n)-1)/pageSize
	if n == 0 {
		return nil, nil
	}
	for at := first; at <= last; at++ {
		if p.page[at] == nil {
			if err := p.load(ctx, at, last); err != nil {
				return nil, err
			}
		}
	}
	if from := off - first*pageSize; first == last {
		return p.page[first][from : from+int64(n) : from+int64(n)], nil
	}
	out := make([]byte, 0, n)
	for at := first; at <= last; at++ {
		page := p.page[at]
		from := max(off-at*pageSize, 0)
		out = append(out, page[from:min(int64(len(page)), off+int64(n)-at*pageSize)]...)
	}
	return out, nil
}

// load reads the pages from first to last, and perhaps more.
func (p *pages) load(ctx context.Context, first, last int64) error {
	count := last - first + 1
	if first == p.next {
		count = max(count, min(2*p.run, mostAhead/pageSize))
	}
	if a, ok := p.src.(Ahead); ok {
		count = max(count, int64(a.Ahead()/pageSize))
	}
	end := min((first+count)*pageSize, p.src.Size())
	data := make([]byte, end-first*pageSize)
	if err := p.src.ReadAt(ctx, data, first*pageSize); err != nil {
		return err
	}
	if len(p.page) > mostPages {
		clear(p.page)
	}
	for at := first; len(data) > 0; at++ {
		n := min(len(data), pageSize)
		p.page[at], data = data[:n:n], data[n:]
	}
	p.next, p.run = first+count, count
	return nil
}

// read returns n bytes at an address of the file, which the caller does not change.
func (f *File) read(ctx context.Context, addr uint64, n int) ([]byte, error) {
	if err := f.within(addr, n); err != nil {
		return nil, err
	}
	return f.pages.read(ctx, f.base+int64(addr), n)
}

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
