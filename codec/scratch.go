package codec

import (
	"sync"
	"sync/atomic"

	"github.com/dosna/dosna/internal/bufpool"
	"github.com/dosna/dosna/nd"
)

// scratch is the small memory of one call: coordinates, spans and lists of
// inner chunks, of which there are too many to allocate each.
type scratch struct {
	ints  []int
	spans []nd.Span
	jobs  []job
	runs  []run
	old   Bytes // what an inner chunk was that is being patched
}

var scratches = sync.Pool{New: func() any { return &scratch{ints: make([]int, 0, 512)} }}

func newScratch() *scratch { return scratches.Get().(*scratch) }

// maxKept bounds what an idle scratch holds on to.
const maxKept = 1 << 14

// free ends the use of everything taken from s.
func (s *scratch) free() {
	if cap(s.ints)+cap(s.spans)+cap(s.jobs)+cap(s.runs) > maxKept {
		return
	}
	s.old = nil
	s.ints, s.spans, s.jobs, s.runs = s.ints[:0], s.spans[:0], s.jobs[:0], s.runs[:0]
	scratches.Put(s)
}

// take lends n ints of arbitrary value. What was lent after a mark, that is
// len(s.ints), is given back by cutting s.ints there.
func (s *scratch) take(n int) []int {
	at := len(s.ints)
	if cap(s.ints)-at < n { // what was lent keeps the old memory
		s.ints = make([]int, at, 2*cap(s.ints)+n)
	}
	s.ints = s.ints[:at+n]
	return s.ints[at : at+n : at+n]
}

func (s *scratch) box(ndim int) nd.Box { return nd.Box{Start: s.take(ndim), Shape: s.take(ndim)} }

// view is nd.NewView over lent strides.
func (s *scratch) view(data []byte, shape []int, item int) nd.View {
	strides := s.take(len(shape))
	n := item
	for i := len(shape) - 1; i >= 0; i-- {
		strides[i] = n
		n *= shape[i]
	}
	return nd.View{Data: data, Shape: shape, Strides: strides, Item: item}
}

// transposed returns a box and a view of its elements with axis i the former
// axis perm[i].
func (s *scratch) transposed(perm []int, box nd.Box, v nd.View) (nd.Box, nd.View) {
	if perm == nil {
		return box, v
	}
	b, shape, strides := s.box(len(perm)), s.take(len(perm)), s.take(len(perm))
	for i, p := range perm {
		b.Start[i], b.Shape[i] = box.Start[p], box.Shape[p]
		shape[i], strides[i] = v.Shape[p], v.Strides[p]
	}
	v.Shape, v.Strides = shape, strides
	return b, v
}

// sizes are the largest buffers that the stages of a chain have needed so far,
// and so what to take from the pool for the next chunk.
type sizes []atomic.Int64

func (s sizes) get(stage int) *[]byte { return bufpool.Get(int(s[stage].Load()) + spare) }

// spare is room behind what a buffer is for: checksums need it, and decoders
// that look for more than there should be.
const spare = 64

func (s sizes) saw(stage, n int) {
	for {
		most := s[stage].Load()
		if int64(n) <= most || s[stage].CompareAndSwap(most, int64(n)) {
			return
		}
	}
}

// put gives a buffer back, if there is one.
func put(b *[]byte) {
	if b != nil {
		bufpool.Put(b)
	}
}
