package store

import (
	"context"
	"errors"

	"github.com/dosna/dosna/nd"
)

// GetRanges fills the Dst of every span, exactly, from one version of the
// object. A span that does not lie wholly within the object is an error that
// wraps io.ErrUnexpectedEOF; after any error the contents of all Dst are
// undefined. Spans may be in any order, and empty; what they name may overlap,
// their memory must not. The Info is of the whole object; with no spans the
// call is a Stat with a condition.
//
// Stores without [RangeGetter] answer with one Get per span; the first one's
// version is the condition of the others, so that a writer in between is
// ErrConflict where Guarantees().GetIfMatch.
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
	for _, span := range spans {
		off, err := SpanIn(span, info.Size)
		if err != nil {
			return fail(err)
		}
		if len(span.Dst) == 0 {
			continue
		}
		n := int64(len(span.Dst))
		got, now, err := s.Get(ctx, key, GetOptions{Range: Range{Off: off, Len: n}, Cond: Cond{IfMatch: info.Version}}, span.Dst[:0:n])
		if err != nil {
			return Info{}, err
		}
		if now.Version != info.Version || now.Size != info.Size || int64(len(got)) != n {
			return fail(ErrConflict)
		}
		if n > 0 && &got[0] != &span.Dst[0] {
			copy(span.Dst, got)
		}
	}
	return info, nil
}
