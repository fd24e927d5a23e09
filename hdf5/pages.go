package hdf5

import (
	"context"
	"errors"
	"sync"

	"github.com/dosna/dosna/nd"
)

const (
	pageSize  = 16 << 10
	mostPages = 2048    // kept: 32 MiB
	mostAhead = 1 << 20 // bytes read at once by those who go on and on, and of what is kept
)

// pages are the parts of the file around what metadata has been read. A page that
// follows the one read last is read with as many more as were read before. Who wants
// different pages does not wait for each other.
type pages struct {
	src    Source
	remote Remote // src, if it is far away

	mu      sync.Mutex
	page    map[int64][]byte
	pending map[int64]*fetch
	next    int64 // the page after those that were read last
	run     int64 // how many those were
}

// fetch is a read of pages that somebody waits for.
type fetch struct {
	done chan struct{}
	err  error
}

func newPages(src Source) *pages {
	p := &pages{src: src, page: map[int64][]byte{}, pending: map[int64]*fetch{}, next: -1}
	r, ok := src.(Remote)
	if !ok || r.Ahead() == 0 {
		return p
	}
	p.remote = r
	head := r.Head()
	if int64(len(head)) < src.Size() { // the last page may be a part only
		head = head[:len(head)/pageSize*pageSize]
	}
	p.keep(0, head)
	p.next, p.run = int64(len(head)/pageSize), int64(len(head)/pageSize)
	return p
}

// keep takes in pages, the first of which has that number.
func (p *pages) keep(first int64, data []byte) {
	if len(p.page) > mostPages {
		clear(p.page)
	}
	for at := first; len(data) > 0; at++ {
		n := min(len(data), pageSize)
		p.page[at], data = data[:n:n], data[n:]
	}
}

// read returns n bytes at off, which the caller does not change.
func (p *pages) read(ctx context.Context, off int64, n int) ([]byte, error) {
	if n == 0 {
		return nil, nil
	}
	if n > mostAhead {
		out := make([]byte, n)
		return out, p.src.ReadAt(ctx, out, off)
	}
	first, last := off/pageSize, (off+int64(n)-1)/pageSize
	p.mu.Lock()
	for {
		at := first
		for at <= last && p.page[at] != nil {
			at++
		}
		if at > last {
			break
		}
		if err := p.load(ctx, at, last); err != nil {
			p.mu.Unlock()
			return nil, err
		}
	}
	defer p.mu.Unlock()
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

// load reads the page first, or waits for who does, and those up to last and perhaps more with it. The lock is held,
// but not all the time.
func (p *pages) load(ctx context.Context, first, last int64) error {
	if f := p.pending[first]; f != nil {
		return p.wait(ctx, f)
	}
	count := last - first + 1
	switch {
	case first == p.next:
		count = max(count, min(2*p.run, mostAhead/pageSize))
	case p.remote != nil:
		count = max(count, int64(p.remote.Ahead()/pageSize))
	}
	end := min(first+count, (p.src.Size()+pageSize-1)/pageSize)
	f := &fetch{done: make(chan struct{})}
	stop := first
	for ; stop < end && p.page[stop] == nil && p.pending[stop] == nil; stop++ {
		p.pending[stop] = f
	}
	p.next, p.run = stop, count
	p.mu.Unlock()
	data := make([]byte, min(stop*pageSize, p.src.Size())-first*pageSize)
	f.err = p.src.ReadAt(ctx, data, first*pageSize)
	p.mu.Lock()
	for at := first; at < stop; at++ {
		delete(p.pending, at)
	}
	if f.err == nil {
		p.keep(first, data)
	}
	close(f.done)
	return f.err
}

// wait waits for pages that another reads. That he gave up is not our error.
func (p *pages) wait(ctx context.Context, f *fetch) error {
	p.mu.Unlock()
	defer p.mu.Lock()
	select {
	case <-f.done:
	case <-ctx.Done():
		return ctx.Err()
	}
	if errors.Is(f.err, context.Canceled) || errors.Is(f.err, context.DeadlineExceeded) {
		return ctx.Err()
	}
	return f.err
}

// region is a part of the file.
type region struct {
	off int64
	n   int
}

// mostTogether bounds the bytes that are read before they are wanted.
const mostTogether = 8 << 20

// prepare reads pages that will be wanted, all at the same time. Only who is far away does, and that
// something went wrong is seen by who wants them.
func (p *pages) prepare(ctx context.Context, regions []region) {
	if p.remote == nil || len(regions) < 2 {
		return
	}
	p.mu.Lock()
	var spans []nd.Span
	var numbers []int64
	f := &fetch{done: make(chan struct{})}
	total := 0
	for _, r := range regions {
		if r.off < 0 || r.n <= 0 || r.off > p.src.Size() || int64(r.n) > p.src.Size()-r.off {
			continue
		}
		for at := r.off / pageSize; at <= (r.off+int64(r.n)-1)/pageSize && total < mostTogether; at++ {
			if p.page[at] != nil || p.pending[at] != nil {
				continue
			}
			dst := make([]byte, min(pageSize, p.src.Size()-at*pageSize))
			p.pending[at] = f
			spans, numbers, total = append(spans, nd.Span{Off: at * pageSize, Dst: dst}), append(numbers, at), total+len(dst)
		}
	}
	p.mu.Unlock()
	if len(spans) > 0 {
		f.err = p.remote.ReadSpans(ctx, spans)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, at := range numbers {
		delete(p.pending, at)
		if f.err == nil {
			p.keep(at, spans[i].Dst)
		}
	}
	close(f.done)
}
