package codec

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/dosna/dosna/nd"
)

// Source is one version of one stored object. Its methods are safe for
// concurrent use; whoever made it sees to it that all of them read the same
// version, or fail.
type Source interface {
	// ReadAll appends the whole object to dst; an object of more than limit
	// bytes is an error, which is to wrap ErrCorrupt.
	ReadAll(ctx context.Context, dst []byte, limit int) ([]byte, error)
	// ReadSpans fills every span, or fails; a span that reaches outside the
	// object wraps io.ErrUnexpectedEOF. Spans with little between them have
	// been made one already, so far as that pays for a local file; a source
	// whose requests are dearer does well to join more of them.
	ReadSpans(ctx context.Context, spans []nd.Span) error
}

// Bytes is a Source in memory, which is only ever read.
type Bytes []byte

// inMemory returns the bytes of a source that is in memory.
func inMemory(src Source) (Bytes, bool) {
	switch b := src.(type) {
	case Bytes:
		return b, true
	case *Bytes: // which can be given without allocating
		return *b, true
	}
	return nil, false
}

// ReadAll implements Source.
func (b Bytes) ReadAll(_ context.Context, dst []byte, limit int) ([]byte, error) {
	if len(b) > limit {
		return dst, tooLong(int64(len(b)), limit)
	}
	return append(dst, b...), nil
}

// ReadSpans implements Source.
func (b Bytes) ReadSpans(_ context.Context, spans []nd.Span) error {
	for _, s := range spans {
		part, err := b.span(s.Off, int64(len(s.Dst)))
		if err != nil {
			return err
		}
		copy(s.Dst, part)
	}
	return nil
}

// span returns n bytes at off, which counts from the end if it is negative.
func (b Bytes) span(off, n int64) ([]byte, error) {
	at := off
	if at < 0 {
		at += int64(len(b))
	}
	if at < 0 || n < 0 || at > int64(len(b))-n {
		return nil, outside(off, n, int64(len(b)))
	}
	return b[at : at+n : at+n], nil
}

func tooLong(n int64, limit int) error {
	return corrupt("%d bytes where at most %d can be", n, limit)
}

func outside(off, n, size int64) error {
	return fmt.Errorf("%w: %w: %d bytes at %d of %d", ErrCorrupt, io.ErrUnexpectedEOF, n, off, size)
}

// readSpans reads from src what an intact object has: one that ends too early
// is corrupt.
func readSpans(ctx context.Context, src Source, spans []nd.Span) error {
	err := src.ReadSpans(ctx, spans)
	if errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, ErrCorrupt) {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return err
}

// section is the run of a source that holds one inner chunk of a shard.
type section struct {
	src    Source
	off, n int64
}

// ReadAll implements Source.
func (s *section) ReadAll(ctx context.Context, dst []byte, limit int) ([]byte, error) {
	if s.n > int64(limit) {
		return dst, tooLong(s.n, limit)
	}
	at := len(dst)
	dst = grow(dst, int(s.n))
	return dst, readSpans(ctx, s.src, []nd.Span{{Off: s.off, Dst: dst[at:]}})
}

// ReadSpans implements Source.
func (s *section) ReadSpans(ctx context.Context, spans []nd.Span) error {
	inner := make([]nd.Span, len(spans))
	for i, p := range spans {
		at, n := p.Off, int64(len(p.Dst))
		if at < 0 {
			at += s.n
		}
		if at < 0 || at > s.n-n {
			return outside(p.Off, n, s.n)
		}
		inner[i] = nd.Span{Off: s.off + at, Dst: p.Dst}
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
