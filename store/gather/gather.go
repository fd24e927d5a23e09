// Package gather plans reads of several byte ranges of one object, for stores
// where every request costs a journey: spans that follow each other closely are
// asked for together, and what lies far apart in parallel.
package gather

import (
	"cmp"
	"io"
	"math"
	"slices"
	"sync"

	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store"
)

const (
	maxGap = 64 << 10 // bytes between two spans that are read and thrown away rather than asking once more
	maxRun = 8 << 20  // bytes after which spans are asked for apart, to be had in parallel
)

// Piece is a span whose offset counts from the beginning of the object.
type Piece struct {
	Off int64
	Dst []byte
}

func (p Piece) end() int64 { return p.Off + int64(len(p.Dst)) }

// Place returns the spans, which must lie in an object of that size, in runs that
// are to be asked for together, ordered by offset. Spans without bytes are left out.
func Place(spans []nd.Span, size int64) ([][]Piece, error) {
	pieces := make([]Piece, 0, len(spans))
	for _, span := range spans {
		off, err := store.SpanIn(span, size)
		if err != nil {
			return nil, err
		}
		if len(span.Dst) > 0 {
			pieces = append(pieces, Piece{off, span.Dst})
		}
	}
	return group(pieces), nil
}

// First returns the range to ask for first, before the object's size is known:
// what is counted from the end, since the answer tells where that is; or the first
// run of spans; or, together, all from the first span to the last. There is none
// if no span has bytes, or one has its end beyond all numbers.
func First(spans []nd.Span, together bool) (store.Range, bool) {
	var suffix int64
	var known []Piece
	for _, span := range spans {
		n := int64(len(span.Dst))
		switch {
		case span.Off == math.MinInt64 || span.Off > math.MaxInt64-n:
			return store.Range{}, false
		case n == 0:
		case span.Off < 0:
			suffix = max(suffix, -span.Off)
		default:
			known = append(known, Piece{span.Off, span.Dst})
		}
	}
	switch {
	case suffix > 0:
		return store.Range{Off: -suffix}, true
	case len(known) == 0:
		return store.Range{}, false
	}
	runs := group(known)
	begin, end := Extent(runs[0])
	if together {
		_, end = Extent(slices.Concat(runs...))
	}
	return store.Range{Off: begin, Len: end - begin}, true
}

// group sorts pieces and cuts them into runs.
func group(pieces []Piece) [][]Piece {
	slices.SortFunc(pieces, func(a, b Piece) int { return cmp.Compare(a.Off, b.Off) })
	var runs [][]Piece
	var begin, end int64
	start := 0
	for i, p := range pieces {
		if i > start && (p.Off-end > maxGap || p.end()-begin > maxRun && p.Off >= end) {
			runs, start = append(runs, pieces[start:i]), i
		}
		if i == start {
			begin, end = p.Off, p.end()
		}
		end = max(end, p.end())
	}
	if start < len(pieces) {
		runs = append(runs, pieces[start:])
	}
	return runs
}

// Extent returns where a run of sorted pieces begins and ends.
func Extent(run []Piece) (begin, end int64) {
	begin = run[0].Off
	for _, p := range run {
		end = max(end, p.end())
	}
	return begin, end
}

var buffers = sync.Pool{New: func() any { return new([64 << 10]byte) }}

// Scatter fills a run of sorted pieces from r, which stands where the run begins,
// and reads to where it ends. A stream that ends before is io.ErrUnexpectedEOF.
func Scatter(r io.Reader, pieces []Piece) error {
	if len(pieces) == 0 {
		return nil
	}
	if len(pieces) == 1 {
		return fill(r, pieces[0].Dst)
	}
	begin, end := Extent(pieces)
	buf := buffers.Get().(*[64 << 10]byte)
	defer buffers.Put(buf)
	for at := begin; at < end; {
		got := buf[:min(end-at, int64(len(buf)))]
		if err := fill(r, got); err != nil {
			return err
		}
		next := at + int64(len(got))
		for len(pieces) > 0 && pieces[0].end() <= at {
			pieces = pieces[1:]
		}
		for _, p := range pieces {
			if p.Off >= next {
				break
			}
			if from, to := max(p.Off, at), min(p.end(), next); from < to {
				copy(p.Dst[from-p.Off:to-p.Off], got[from-at:])
			}
		}
		at = next
	}
	return nil
}

func fill(r io.Reader, dst []byte) error {
	_, err := io.ReadFull(r, dst)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return err
}
