package store

import (
	"context"
	"errors"
	"io"
	"math"

	"github.com/dosna/dosna/nd"
)

// GetRanges fills the Dst of every span, exactly, from one version of the
// object. A span that does not lie wholly within the object is an error that
// wraps io.ErrUnexpectedEOF; after any error the contents of all Dst are
// undefined. Spans may be in any order, and empty; what they name may overlap,
// their memory must not. The Info is of the whole object; with no spans the
// call is a Stat with a condition.
//
// Stores without [RangeGetter] answer with a Stat, whose version is the condition
// of one Get per span; a writer in between is ErrConflict. Where objects have no
// versions one Get reads all that lies between the first span and the last.
func GetRanges(ctx context.Context, s Store, key string, c Cond, spans []nd.Span) (Info, error) {
	if rg, ok := s.(RangeGetter); ok {
		info, err := rg.GetRanges(ctx, key, c, spans)
		if !errors.Is(err, errors.ErrUnsupported) {
			return info, err
		}
	}
	fail := func(err error) (Info, error) {
		return Info{}, &Error{Op: "get ranges of", Store: Name(s), Key: key, Err: err}
	}
	if err := c.CheckRead(); err != nil {
		return fail(err)
	}
	info, err := s.Stat(ctx, key)
	if err != nil {
		return Info{}, err
	}
	if err := c.MeetRead(info.Version); err != nil {
		return fail(err)
	}
	at := make([]int64, len(spans))
	for i, span := range spans {
		if at[i], err = SpanIn(span, info.Size); err != nil {
			return fail(err)
		}
	}
	get := func(off, n int64, dst []byte) ([]byte, error) {
		got, now, err := s.Get(ctx, key, GetOptions{Range: Range{Off: off, Len: n}, Cond: Cond{IfMatch: info.Version}}, dst)
		switch {
		case errors.Is(err, io.ErrUnexpectedEOF):
			err = ErrConflict // it had that range before
		case err != nil:
			return nil, err
		case now.Version != info.Version || now.Size != info.Size || int64(len(got)) != n:
			err = ErrConflict
		}
		if err != nil {
			_, err = fail(err)
		}
		return got, err
	}
	if info.Version == "" {
		if err := getHull(spans, at, get); err != nil {
			return Info{}, err
		}
		return info, nil
	}
	for i, span := range spans {
		n := int64(len(span.Dst))
		if n == 0 {
			continue
		}
		got, err := get(at[i], n, span.Dst[:0:n])
		if err != nil {
			return Info{}, err
		}
		if &got[0] != &span.Dst[0] {
			copy(span.Dst, got)
		}
	}
	return info, nil
}

// getHull reads spans, and what lies between them, at once: without versions
// nothing else shows that they are of one.
func getHull(spans []nd.Span, at []int64, get func(off, n int64, dst []byte) ([]byte, error)) error {
	begin, end := int64(math.MaxInt64), int64(0)
	for i, span := range spans {
		if n := int64(len(span.Dst)); n > 0 {
			begin, end = min(begin, at[i]), max(end, at[i]+n)
		}
	}
	if begin >= end {
		return nil
	}
	got, err := get(begin, end-begin, nil)
	if err != nil {
		return err
	}
	for i, span := range spans {
		if len(span.Dst) > 0 {
			copy(span.Dst, got[at[i]-begin:])
		}
	}
	return nil
}
