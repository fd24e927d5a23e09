package codectest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"unsafe"

	"github.com/dosna/dosna/codec"
	"github.com/dosna/dosna/nd"
)

// object is a stored object that is not in memory as far as a chain can tell,
// and that looks at how it is read.
type object struct {
	data  []byte
	fault atomic.Pointer[error] // of the reader
}

// ReadAll implements codec.Source.
func (o *object) ReadAll(_ context.Context, dst []byte, limit int) ([]byte, error) {
	if len(o.data) > limit {
		return dst, fmt.Errorf("%w: %d bytes, limit %d", codec.ErrCorrupt, len(o.data), limit)
	}
	return append(dst, o.data...), nil
}

// ReadSpans implements codec.Source.
func (o *object) ReadSpans(_ context.Context, spans []nd.Span) error {
	if len(spans) == 0 {
		o.blame(errors.New("no spans were asked for"))
	}
	for i, s := range spans {
		for _, other := range spans[:min(i, 100)] {
			if overlap(s.Dst, other.Dst) {
				o.blame(fmt.Errorf("the memory of the spans at %d and %d overlaps", s.Off, other.Off))
			}
		}
		off := s.Off
		if off < 0 {
			off += int64(len(o.data))
		}
		if off < 0 || off > int64(len(o.data)-len(s.Dst)) {
			return fmt.Errorf("%d bytes at %d of %d: %w", len(s.Dst), s.Off, len(o.data), io.ErrUnexpectedEOF)
		}
		copy(s.Dst, o.data[off:])
	}
	return nil
}

func (o *object) blame(err error) { o.fault.Store(&err) }

// misread returns what was wrong with how the object was read.
func (o *object) misread() error {
	if err := o.fault.Load(); err != nil {
		return *err
	}
	return nil
}

func overlap(a, b []byte) bool {
	if len(a) == 0 || len(b) == 0 {
		return false
	}
	pa, pb := uintptr(unsafe.Pointer(&a[0])), uintptr(unsafe.Pointer(&b[0]))
	return pa < pb+uintptr(len(b)) && pb < pa+uintptr(len(a))
}

// broken is a source that cannot be read.
type broken struct{ err error }

// ReadAll implements codec.Source.
func (b broken) ReadAll(_ context.Context, dst []byte, _ int) ([]byte, error) { return dst, b.err }

// ReadSpans implements codec.Source.
func (b broken) ReadSpans(context.Context, []nd.Span) error { return b.err }
