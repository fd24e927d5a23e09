package gather_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/store/gather"
)

// TestAll: whatever is asked for comes, run by run, with every byte in its place.
func TestAll(t *testing.T) {
	object := make([]byte, 12<<20)
	for i := range object {
		object[i] = byte(i*2654435761>>13 ^ i)
	}
	rapid.Check(t, func(t *rapid.T) {
		var spans []nd.Span
		for range rapid.IntRange(0, 12).Draw(t, "spans") {
			n := rapid.SampledFrom([]int{0, 1, 7, 1000, 70_000, 3 << 20}).Draw(t, "length")
			off := rapid.IntRange(0, len(object)-n).Draw(t, "offset")
			if n > 0 && rapid.Bool().Draw(t, "from the end") {
				off -= len(object)
			}
			spans = append(spans, nd.Span{Off: int64(off), Dst: make([]byte, n)})
		}
		runs, err := gather.Place(spans, int64(len(object)))
		if err != nil {
			t.Fatal(err)
		}
		last := int64(-1)
		for _, run := range runs {
			begin, end := gather.Extent(run)
			if begin <= last {
				t.Fatalf("a run begins at %d, and one before it at %d", begin, last)
			}
			last = begin
			r := bytes.NewReader(object[begin:end])
			if err := gather.Scatter(r, run); err != nil || r.Len() > 0 {
				t.Fatalf("%d bytes left: %v", r.Len(), err)
			}
		}
		for _, s := range spans {
			off := s.Off
			if off < 0 {
				off += int64(len(object))
			}
			if !bytes.Equal(s.Dst, object[off:off+int64(len(s.Dst))]) {
				t.Fatalf("the span at %d has other bytes", s.Off)
			}
		}
	})
}

func span(off int64, n int) nd.Span { return nd.Span{Off: off, Dst: make([]byte, n)} }

func TestFirst(t *testing.T) {
	for i, c := range []struct {
		spans    []nd.Span
		together bool
		off, n   int64
		ok       bool
	}{
		{nil, false, 0, 0, false},
		{[]nd.Span{span(5, 0)}, false, 0, 0, false},
		{[]nd.Span{span(math.MaxInt64, 1)}, false, 0, 0, false},
		{[]nd.Span{span(math.MinInt64, 1)}, false, 0, 0, false},
		{[]nd.Span{span(100, 10), span(50, 10)}, false, 50, 60, true},
		{[]nd.Span{span(100, 10), span(-20, 4), span(-8, 8)}, false, -20, 0, true},
		{[]nd.Span{span(100, 10), span(1<<20, 10)}, false, 100, 10, true},
		{[]nd.Span{span(100, 10), span(1<<20, 10)}, true, 100, 1<<20 - 90, true},
	} {
		r, ok := gather.First(c.spans, c.together)
		if ok != c.ok || ok && (r.Off != c.off || r.Len != c.n) {
			t.Errorf("case %d: %v, %v", i, r, ok)
		}
	}
}

func TestBeyond(t *testing.T) {
	if _, err := gather.Place([]nd.Span{span(5, 6)}, 10); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a span beyond the end: %v", err)
	}
	runs, err := gather.Place([]nd.Span{span(0, 4), span(6, 4)}, 10)
	if err != nil || len(runs) != 1 {
		t.Fatal(runs, err)
	}
	if err := gather.Scatter(bytes.NewReader(make([]byte, 7)), runs[0]); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a stream that ends before: %v", err)
	}
}
