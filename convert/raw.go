package convert

import (
	"fmt"
	"io"
)

// OpenRaw opens an array without a header, whose elements begin offset bytes
// from where r stands and reach to its end.
func OpenRaw(name string, r io.Reader, l Layout, offset int64) (*File, error) {
	if offset < 0 {
		return nil, fmt.Errorf("%s: the offset %d of the elements is negative", name, offset)
	}
	if at, off, end := random(r); at != nil {
		if size, err := l.bytes(); err == nil && end-off-offset != int64(size) {
			return nil, fmt.Errorf("%s: the file has %d bytes from offset %d, and shape %v of %s takes %d; give the shape, type and offset that it was written with",
				name, max(end-off-offset, 0), offset, l.Shape, l.Type, size)
		}
		if _, err := r.(io.Seeker).Seek(offset, io.SeekCurrent); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	} else if n, err := io.CopyN(io.Discard, r, offset); err != nil {
		return nil, fmt.Errorf("%s: it ends after %d bytes, before offset %d where the elements begin: %w", name, n, offset, err)
	}
	f, err := newFile(name, r, l)
	if err == nil {
		f.last = true
	}
	return f, err
}
