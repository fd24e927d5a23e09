package store

import (
	"fmt"
	"io"

	"github.com/dosna/dosna/nd"
)

// The functions here are the rules that every backend applies to its
// arguments; they are exported so that all apply the same.

// Check says whether o makes sense.
func (o GetOptions) Check() error {
	if o.Range.Len < 0 {
		return fmt.Errorf("%w: the range's length is %d", ErrInvalid, o.Range.Len)
	}
	if o.Max < 0 {
		return fmt.Errorf("%w: at most %d bytes were asked for", ErrInvalid, o.Max)
	}
	return o.Cond.CheckRead()
}

// CheckRead says whether c makes sense for a read.
func (c Cond) CheckRead() error {
	if c.IfAbsent {
		return fmt.Errorf("%w: a read cannot ask for the object's absence", ErrInvalid)
	}
	if c.IfMatch != "" && c.IfNoneMatch != "" {
		return fmt.Errorf("%w: both IfMatch and IfNoneMatch", ErrInvalid)
	}
	return nil
}

// CheckPut says whether c makes sense for a Put.
func (c Cond) CheckPut() error {
	if c.IfNoneMatch != "" {
		return fmt.Errorf("%w: IfNoneMatch is for reads", ErrInvalid)
	}
	if c.IfAbsent && c.IfMatch != "" {
		return fmt.Errorf("%w: both IfAbsent and IfMatch", ErrInvalid)
	}
	return nil
}

// CheckDelete says whether c makes sense for a Delete.
func (c Cond) CheckDelete() error {
	if c.IfNoneMatch != "" || c.IfAbsent {
		return fmt.Errorf("%w: a delete knows no condition but IfMatch", ErrInvalid)
	}
	return nil
}

// MeetRead says whether a read may return an object of this version.
func (c Cond) MeetRead(v Version) error {
	if c.IfMatch != "" && c.IfMatch != v {
		return ErrConflict
	}
	if c.IfNoneMatch != "" && c.IfNoneMatch == v {
		return ErrNotModified
	}
	return nil
}

// MeetWrite says whether a Put or Delete may go ahead where the key's object
// is absent or of this version.
func (c Cond) MeetWrite(exists bool, v Version) error {
	if c.IfAbsent && exists {
		return ErrExist
	}
	if c.IfMatch != "" && (!exists || v != c.IfMatch) {
		return ErrConflict
	}
	return nil
}

// In returns where r lies in an object of the given size, cut at its end. A
// range that begins beyond the end is an io.ErrUnexpectedEOF.
func (r Range) In(size int64) (off, n int64, err error) {
	off = r.Off
	if off < 0 {
		off = max(size+off, 0)
	}
	if off > size {
		return 0, 0, fmt.Errorf("%w: the range begins at byte %d of an object of %d bytes", io.ErrUnexpectedEOF, off, size)
	}
	n = size - off
	if r.Len > 0 {
		n = min(n, r.Len)
	}
	return off, n, nil
}

// In returns where o's range lies in an object of the given size and version,
// or which of o's conditions forbids reading it.
func (o GetOptions) In(size int64, v Version) (off, n int64, err error) {
	if err := o.Cond.MeetRead(v); err != nil {
		return 0, 0, err
	}
	off, n, err = o.Range.In(size)
	if err == nil && o.Max > 0 && n > o.Max {
		err = fmt.Errorf("%w: %d bytes, where at most %d were asked for", ErrTooLarge, n, o.Max)
	}
	return off, n, err
}

// SpanIn returns the offset of s in an object of the given size. A span that
// does not lie within it wholly is an io.ErrUnexpectedEOF.
func SpanIn(s nd.Span, size int64) (int64, error) {
	off := s.Off
	if off < 0 {
		off += size
	}
	if off < 0 || off > size || int64(len(s.Dst)) > size-off {
		return 0, fmt.Errorf("%w: %d bytes from %d of an object of %d bytes", io.ErrUnexpectedEOF, len(s.Dst), s.Off, size)
	}
	return off, nil
}
