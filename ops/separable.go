package ops

import (
	"unsafe"

	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/ops/internal/correlate"
)

// pass filters packed memory along one axis: outer × (n + 2·radius) × inner
// elements into outer × n × inner. The results may overwrite the input from its
// beginning if they are not larger: what is loaded is loaded before.
type pass struct {
	outer, n, inner int
	kernel          correlate.Kernel
	load            loader
	store           storer
	in, out         int // sizes of their elements
}

// Elements are loaded as float64 once and then used for all weights, in pieces
// that stay in the cache: of tileRows rows of up to about tileWidth elements, or
// of lineLength elements where rows are short. Wide filters need more rows.
const (
	tileWidth  = 64
	tileRows   = 256
	lineLength = 4096
)

func (p pass) run(dst, src []byte, s *scratch) {
	long := (p.n + 2*p.kernel.Radius()) * p.inner * p.in
	short := p.n * p.inner * p.out
	for o := range p.outer {
		if p.inner < tileWidth {
			p.line(dst[o*short:][:short], src[o*long:][:long], s)
		} else {
			p.tiles(dst[o*short:][:short], src[o*long:][:long], s)
		}
	}
}

// line takes all rows as one.
func (p pass) line(dst, src []byte, s *scratch) {
	reach := 2 * p.kernel.Radius() * p.inner
	n := p.n * p.inner
	length := max(lineLength, reach)
	for at := 0; at < n; at += length {
		w := min(length, n-at)
		in, out := s.floats(w+reach, w)
		p.load(in, src[at*p.in:][:len(in)*p.in])
		p.kernel.Rows(out, in, p.inner)
		p.store(dst[at*p.out:][:w*p.out], out)
	}
}

func (p pass) tiles(dst, src []byte, s *scratch) {
	reach := 2 * p.kernel.Radius()
	count := (p.inner + tileWidth - 1) / tileWidth
	width := ((p.inner+count-1)/count + 3) &^ 3
	height := max(tileRows, reach)
	for top := 0; top < p.n; top += height {
		rows := min(height, p.n-top)
		for left := 0; left < p.inner; left += width {
			w := min(width, p.inner-left)
			in, out := s.floats((rows+reach)*w, w)
			for r := range rows + reach {
				p.load(in[r*w:][:w], src[((top+r)*p.inner+left)*p.in:][:w*p.in])
			}
			for r := range rows {
				p.kernel.Rows(out, in[r*w:], w)
				p.store(dst[((top+r)*p.inner+left)*p.out:][:w*p.out], out)
			}
		}
	}
}

// scratch is the memory of one slab in work, kept for the next.
type scratch struct {
	in, out []float64
	result  []byte // of passes
	copy    []byte // of an input that is not packed
}

func (s *scratch) floats(in, out int) (_, _ []float64) {
	s.in, s.out = grow(s.in, in), grow(s.out, out)
	return s.in, s.out
}

// packed returns the view's elements packed and aligned: its own memory, or a
// copy.
func (s *scratch) packed(v nd.View, t dtype.Type) []byte {
	if data, ok := v.Contiguous(); ok && aligned(data, t) {
		return data
	}
	s.copy = grow(s.copy, v.Size()*v.Item)
	nd.Copy(nd.NewView(s.copy, v.Shape, v.Item), v)
	return s.copy
}

// grow returns s with length n; its contents are not kept.
func grow[T byte | float64](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// aligned reports whether data may be used as a slice of t's Go type.
func aligned(data []byte, t dtype.Type) bool {
	return uintptr(unsafe.Pointer(unsafe.SliceData(data)))%uintptr(t.Unit()) == 0
}
