package codec

import (
	"context"

	"github.com/dosna/dosna/nd"
)

// Source is one version of one stored object. Its methods are safe for
// concurrent use; whoever made it sees to it that all of them read the same
// version, or fail.
type Source interface {
	// ReadAll appends the whole object to dst; an object of more than limit
	// bytes is an error.
	ReadAll(ctx context.Context, dst []byte, limit int) ([]byte, error)
	// ReadSpans fills every span, or fails; a span that reaches outside the
	// object wraps io.ErrUnexpectedEOF.
	ReadSpans(ctx context.Context, spans []nd.Span) error
}

// Bytes is a Source in memory.
type Bytes []byte

// ReadAll implements Source.
func (b Bytes) ReadAll(_ context.Context, dst []byte, limit int) ([]byte, error) {
	if len(b) > limit {
		return dst, corrupt("%d bytes where at most %d can be", len(b), limit)
	}
	return append(dst, b...), nil
}

// ReadSpans implements Source.
func (b Bytes) ReadSpans(_ context.Context, spans []nd.Span) error {
	for _, s := range spans {
		part, err := b.span(s.Off, len(s.Dst))
		if err != nil {
			return err
		}
		copy(s.Dst, part)
	}
	return nil
}

func (b Bytes) span(off int64, n int) ([]byte, error) {
	if off < 0 {
		off += int64(len(b))
	}
	if off < 0 || off > int64(len(b))-int64(n) {
		return nil, corrupt("%d bytes at %d reach outside the %d bytes that there are", n, off, len(b))
	}
	return b[off : off+int64(n)], nil
}

// section is the run of a source that holds one inner chunk of a shard.
type section struct {
	src    Source
	off, n int64
}

func (s section) ReadAll(ctx context.Context, dst []byte, limit int) ([]byte, error) {
	if s.n > int64(limit) {
		return dst, corrupt("an inner chunk of %d bytes where at most %d can be", s.n, limit)
	}
	at := len(dst)
	dst = grow(dst, int(s.n))
	err := s.src.ReadSpans(ctx, []nd.Span{{Off: s.off, Dst: dst[at:]}})
	return dst, err
}

func (s section) ReadSpans(ctx context.Context, spans []nd.Span) error {
	inner := make([]nd.Span, len(spans))
	for i, p := range spans {
		if p.Off < 0 {
			p.Off += s.n
		}
		if p.Off < 0 || p.Off > s.n-int64(len(p.Dst)) {
			return corrupt("%d bytes at %d reach outside an inner chunk of %d bytes", len(p.Dst), p.Off, s.n)
		}
		inner[i] = nd.Span{Off: s.off + p.Off, Dst: p.Dst}
	}
	return s.src.ReadSpans(ctx, inner)
}

// grow returns dst with n more bytes of arbitrary content.
func grow(dst []byte, n int) []byte {
	if cap(dst)-len(dst) >= n {
		return dst[:len(dst)+n]
	}
	return append(dst, make([]byte, n)...)
}
